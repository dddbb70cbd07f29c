"""Claims that a passage supports, contradicts or does not speak of, with the sentence that decides (report §2.2).

Which of the three a record will be is drawn, so that they are balanced. Supported is a sentence of the passage in other
words; contradicted the same with a number changed or a negation put in or taken out; not said one of another passage.
"""

import re

from hornbook.base.records import Message, Question, make_id
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import negations, numbers, support
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompting import first_accepted, require_fluent, unlabelled
from hornbook.synthetic.seed_sampling import from_pages
from hornbook.synthetic.words import grounded, words

VERDICTS = ("supported", "contradicted", "not said")
ASKED = "Is the claim supported by the text, contradicted by it, or not said there? Name the sentence that decides."
PARAPHRASE = "Say the same in other words, in one sentence. Change nothing of what it means."
SHOWN = "Since the water is cold at night, the fish stay near the bottom of the lake."
SHOWN_AGAIN = "The fish stay close to the bottom of the lake at night, because the water is cold then."
POINTS_BACK = re.compile(
    r"^(it|this|that|these|those|they|he|she|such|see|note|however|but|then|if so)\b", re.IGNORECASE
)
VERB = re.compile(r"\b(is|are|was|were|can|will|must|should|does)\b( not\b)?")
NUMBER = re.compile(r"(?<![\w.\-])\d+(?![\w\-]|\.\d)")  # none that is part of a name or a version
CLAUSE = re.compile(r"\b(if|when|unless|whether|that|which|who|while|because|since|or)\b", re.IGNORECASE)
LIMITED = re.compile(r"\b(only|also|just|either|neither|both|sometimes|usually|often|always|never)\b", re.IGNORECASE)


class HypothesisSettings(KindSettings):
    """Claims to be judged by a text."""

    temperature: float = setting(0.5, "sampling temperature of the paraphrases", ge=0)
    max_tokens: int = setting(64, "longest claim, in tokens", ge=1)
    tries: int = setting(4, "claims tried, at most", ge=1)
    min_same: float = setting(
        0.65, "least share of words that a paraphrase has in common with its sentence", ge=0, le=1
    )
    max_related: float = setting(
        0.5, "largest share of a foreign claim's words in two sentences of the text", ge=0, le=1
    )


async def make(page: Page, ask: RecordContext, settings: HypothesisSettings) -> list[Made]:
    first, second = ask.rng.permutation(len(page.passages))[:2].tolist()
    passage, foreign = page.passages[first], page.passages[second]
    verdict = VERDICTS[int(ask.rng.integers(len(VERDICTS)))]
    told = claimable(foreign if verdict == "not said" else passage, verdict)
    order = ask.rng.permutation(len(told)).tolist()

    async def claim(number: int) -> Made:
        sentence = told[order[number % len(told)]]
        answer = await ask("paraphrase", paraphrase_prompt(sentence), stop=["\n"], sample=number)
        paraphrase = unlabelled(answer.text)
        checks = check_paraphrase(paraphrase, sentence, settings)
        said = contrary(paraphrase, passage.text) if verdict == "contradicted" else paraphrase
        near = support(said, passage.text)
        foreign_enough = verdict != "not said" or near <= settings.max_related
        checks.require("not said", foreign_enough, f"{near:.2f} of a foreign claim is in the text")
        return record(said, verdict, "" if verdict == "not said" else sentence, passage, checks)

    made = await first_accepted(settings.tries, claim)
    ask.facts |= {name: float(name == verdict) for name in VERDICTS}
    return [made]


def claimable(passage: Passage, verdict: str) -> list[str]:
    """Sentences that can be understood alone, and can be turned into their contrary where that is wanted. Raises
    Rejected ("claim") when there are none."""
    clear = [
        sentence
        for sentence in sentences(passage.text)
        if 6 <= len(words(sentence)) <= 40
        and sentence.endswith(".")
        and not POINTS_BACK.match(sentence)
        and (verdict != "contradicted" or has_contrary(sentence))
    ]
    if not clear:
        raise Rejected("claim", "no sentence that can be understood alone")
    return clear


def has_contrary(sentence: str) -> bool:
    """Whether a program can write its contrary: by a number, or by negating the verb of its first clause (with "only"
    or "also" in it, that could be true as well)."""
    if NUMBER.search(sentence):
        return True
    verb, clause = VERB.search(sentence), CLAUSE.search(sentence)
    return verb is not None and not LIMITED.search(sentence) and (clause is None or verb.start() < clause.start())


def contrary(claim: str, text: str) -> str:
    """The claim with a number that the text does not have, or with its verb negated, or no longer so. Raises Rejected
    ("claim")."""
    if not has_contrary(claim):
        raise Rejected("claim", "has no contrary that a program can write")
    found = NUMBER.search(claim)
    if found:
        value = int(found[0]) + 1
        while str(value) in numbers(text):
            value += 1
        return claim[: found.start()] + str(value) + claim[found.end() :]
    return VERB.sub(lambda verb: verb[1] if verb[2] else f"{verb[1]} not", claim, count=1)


def paraphrase_prompt(sentence: str) -> list[Message]:
    return [*example(f"{SHOWN}\n\n{PARAPHRASE}", SHOWN_AGAIN), Message("user", f"{sentence}\n\n{PARAPHRASE}")]


def check_paraphrase(claim: str, sentence: str, settings: HypothesisSettings) -> Checks:
    """Other words in another order, but the same content, numbers and negations."""
    checks = Checks()
    checks.require("claim", claim.endswith(".") and words(claim) != words(sentence), "no sentence, or the very same")
    require_fluent(checks, claim, (25, 400), f"{SHOWN} {SHOWN_AGAIN}", sentence)
    same = min(grounded(claim, sentence), grounded(sentence, claim))
    checks.require("same content", same >= settings.min_same, f"{same:.2f} of the words in common")
    alike = numbers(claim) == numbers(sentence) and negations(claim) == negations(sentence)
    checks.require("same meaning", alike, "another number, or a negation more or less")
    return checks


def record(claim: str, verdict: str, sentence: str, passage: Passage, checks: Checks) -> Made:
    prompt = f"{passage.text}\n\nClaim: {claim}\n{ASKED}"
    why = f'The sentence that decides: "{sentence}"' if sentence else "No sentence of the text decides it."
    reply = f"{why}\nAnswer: {verdict}"
    asked = Question(
        id=make_id("question", prompt, verdict),
        task="hypothesis",
        prompt=prompt,
        answer=verdict,
        oracle="choice",
        choices=list(VERDICTS),
        solution=reply,
    )
    return Made(checks.passed, messages=[Message("user", prompt), Message("assistant", reply)], question=asked)


KIND = Kind(
    about="A claim that a text supports, contradicts or does not speak of, with the sentence that decides.",
    source="synthetic",
    report="2.2",
    seeded_by="pages with two passages or more",
    seeds=from_pages,
    make=make,
    stages=("paraphrase",),
    checks=(
        "claim",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "same content",
        "same meaning",
        "not said",
    ),
    calls=lambda settings: settings.tries,
    settings=HypothesisSettings,
)
