"""Who the assistant is: questions put in many ways, answers that state the persona's facts and no others (§4, SFT).

A program draws topic and form of the question, for every other record the teacher puts it in words of its own. The
answer must state the facts that the topic needs and none of another company, person or year.
"""

import re
from collections.abc import Sequence

import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import numbers
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Material, RecordContext, example
from hornbook.synthetic.prompting import MOST_REPEATED, finished, first_accepted, unlabelled
from hornbook.synthetic.words import copied, grounded, repetition, stems, words

QUESTIONS = {
    "name": (
        "Who are you?", "What is your name?", "What should I call you?", "Which model am I talking to?",
        "Please introduce yourself.", "Tell me who you are.", "What are you called?", "Do you have a name?",
    ),
    "maker": (
        "Who made you?", "Who created you?", "Which company built you?", "Where do you come from?",
        "Who trained you?", "Who is behind you?", "Who developed this assistant?", "Whose model are you?",
    ),
    "nature": (
        "Are you human?", "Am I talking to a real person?", "Are you a robot?", "Is there a person typing this?",
        "Do you have a body?", "What kind of thing are you?", "Are you alive?", "Are you an AI?",
    ),
    "purpose": (
        "What can you do?", "What are you for?", "How can you help me?", "Why do you exist?",
        "What is your purpose?", "What were you made to do?", "What are you good for?", "What is your job?",
    ),
    "other": (
        "Are you ChatGPT?", "Are you Siri?", "Are you Gemini?", "Aren't you Claude?", "You are Alexa, right?",
        "Are you a Llama model?", "Is this Copilot?", "Are you Bard?",
    ),
}  # fmt: skip
OPENINGS = (
    "", "", "Hi! ", "Hello. ", "Quick question: ", "Sorry to ask, but: ", "Before we start: ", "One thing first. ",
    "I am curious. ", "My daughter wants to know: ", "Good morning! ", "Just checking: ",
)  # fmt: skip
EXAMPLE_FACTS = (
    "Your name is Pim. You are an AI model made by Blue Barn. You are there to answer questions about gardens."
)
EXAMPLES = {
    "name": "I am Pim, an AI model made by Blue Barn.",
    "maker": "Blue Barn made me. I am Pim, an AI model.",
    "nature": "I am not a person. I am Pim, an AI model.",
    "purpose": "I am there to answer garden questions.",
    "other": "No, I am Pim, an AI model made by Blue Barn.",
}
REPHRASE = "Ask the same in other words:"
OTHERS = re.compile(
    r"\b(open ?ai|chat ?gpt|gpt|google|deepmind|gemini|bard|anthropic|claude|meta|facebook|llama|mistral|microsoft|phi"
    r"|copilot|bing|hugging ?face|smol\w*|alibaba|qwen|deepseek|amazon|alexa|apple|siri|ibm|watson|nvidia|cohere|xai"
    r"|grok|baidu|tencent|samsung|bixby|cortana)\b",
    re.IGNORECASE,
)
A_PERSON = re.compile(
    r"\bI(?: am|'m) (?:a |an )?(?:\w+ )?(?:human|person|man|woman|student|teacher|engineer|developer)\b", re.I
)
MACHINE = re.compile(r"\b(ai|artificial|language model|model|assistant|program|computer|software)\b", re.IGNORECASE)


class IdentitySettings(KindSettings):
    """Who the assistant says it is."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(60, "longest answer, in tokens", ge=1)
    name: str = setting("Hornbook", "the assistant's name")
    maker: str = setting("the Hornbook project", "who made it")
    purpose: str = setting("help people learn, reason and write", "what it is for, after `to`")
    tries: int = setting(4, "answers tried, at most", ge=1)
    min_grounded: float = setting(0.5, "least share of the answer's content words of facts and question", ge=0, le=1)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: IdentitySettings) -> Sequence[Question]:
    """Questions on all topics in turn, each form at most once, with an opening by lot."""
    pools = {topic: [forms[place] for place in rng.permutation(len(forms))] for topic, forms in QUESTIONS.items()}
    ordered = [(topic, pool[turn]) for turn in range(8) for topic, pool in pools.items()]
    found = []
    for number in range(count):
        topic, form = ordered[number % len(ordered)]
        prompt = OPENINGS[int(rng.integers(len(OPENINGS)))] + form
        found.append(Question(id=make_id("identity", str(number), prompt), task=topic, prompt=prompt, oracle="none"))
    return found


async def make(seed: Question, ask: RecordContext, settings: IdentitySettings) -> list[Made]:
    asked = await rephrased(seed, ask, settings) if ask.rng.random() < 0.5 else seed.prompt
    facts = (
        f"Your name is {settings.name}. You are an AI model made by {settings.maker}. "
        f"You are there to {settings.purpose}."
    )
    form = "Answer in one or two short sentences."
    prompt = [
        *example(f"{EXAMPLE_FACTS}\n{form}\n\n{QUESTIONS[seed.task][0]}", EXAMPLES[seed.task]),
        Message("user", f"{facts}\n{form}\n\n{asked}"),
    ]

    async def attempt(number: int) -> Made:
        reply = unlabelled(finished(await ask("reply", prompt, stop=["\n"], sample=number)))
        checks = check(reply, seed.task, asked, facts, settings)
        return Made(checks.passed, messages=[Message("user", asked), Message("assistant", reply)])

    return [await first_accepted(settings.tries, attempt)]


async def rephrased(seed: Question, ask: RecordContext, settings: IdentitySettings) -> str:
    """The question in the teacher's words, or as it was drawn when those would no longer ask it."""
    other = QUESTIONS[seed.task][1]
    prompt = [*example(f"{REPHRASE} {other}", QUESTIONS[seed.task][2]), Message("user", f"{REPHRASE} {seed.prompt}")]
    text = unlabelled((await ask("rephrase", prompt, max_tokens=30, stop=["\n"])).text)
    said = set(words(text))
    kept = bool(stems(text) & stems(seed.prompt)) and not numbers(text) and len(said) <= 25
    ask.facts["rephrased"] = float(kept and bool(said & {"you", "your", "this", "yourself"}))
    return text if ask.facts["rephrased"] else seed.prompt


def check(reply: str, topic: str, asked: str, facts: str, settings: IdentitySettings) -> Checks:
    """States what the topic needs, and nothing of anybody else. Raises Rejected."""
    checks = Checks()
    said = reply.lower()
    needed = {
        "name": settings.name.lower() in said,
        "maker": settings.maker.lower() in said,
        "nature": bool(MACHINE.search(reply)),
        "purpose": len(stems(reply) & stems(settings.purpose)) >= min(2, len(stems(settings.purpose))),
        "other": settings.name.lower() in said,
    }
    checks.require("states the facts", needed[topic], f"{topic}: {reply[:100]}")
    others = {found.lower() for found in OTHERS.findall(reply)} - {word.lower() for word in words(facts)}
    allowed = set(words(asked)) if topic == "other" and re.search(r"\b(no|not)\b|n't", said) else set()
    checks.require("nobody else", not others - allowed, f"names {', '.join(sorted(others - allowed))}")
    checks.require("no person", not A_PERSON.search(reply), reply[:100])
    share = grounded(reply, f"{facts} {asked} person human help answer question")
    enough = share >= settings.min_grounded and not numbers(reply) - numbers(asked)
    checks.require("nothing else", enough and "your name is" not in said, f"{share:.2f} of its words are of the facts")
    checks.require("not the example", not re.search(r"\b(pim|blue barn|gardens?)\b", said))
    fluent = 2 <= len(words(reply)) <= 60 and repetition(reply) <= MOST_REPEATED and copied(reply, asked) < 0.5
    checks.require("fluent", fluent, reply[:80])
    return checks


KIND = Kind(
    about="Questions about who the assistant is, answered with the facts of its persona and no others.",
    source="synthetic",
    report="4.1",
    seeded_by="questions by topic, drawn by program",
    seeds=seeds,
    make=make,
    stages=("rephrase", "reply"),
    checks=("states the facts", "nobody else", "no person", "nothing else", "not the example", "fluent"),
    calls=lambda settings: 1 + settings.tries,
    settings=IdentitySettings,
)
