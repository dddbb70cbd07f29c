"""Kinds that rewrite a passage: good answers are kept in whatever dress, and one defect is enough to be turned away."""

import json

import numpy as np
import pytest

from hornbook.base.rng import rng
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.axes import known_axes, language_codes
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import Material, RecordContext, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.mechanisms.revision import rubric_of
from hornbook.synthetic.passages import Page, PassageSettings
from hornbook.synthetic.seed_sampling import SEEDS
from hornbook.synthetic.words import words
from hornbook.teacher.client import Completion
from tests.synthetic.kinds.good_answers import (
    ANTWORT,
    ARGUMENT,
    BOTH,
    CLAIMS,
    DIFFERS,
    EXPLANATION,
    FAQ,
    GERMAN,
    GLACIER,
    GLOSSARY,
    GOOD,
    JAPANESE,
    JOINED,
    READ,
    RIVER,
    SCORES,
    SUMMARY,
    SUPPOSED,
    TRANSLATED,
    as_json,
    verdicts,
)  # fmt: skip
from tests.synthetic.kinds.scripted import ScriptedTeacher, passage_of, run_kind

FALSE = "It was discovered by Napoleon."  # what the verifier of these tests finds contradicted
PASSAGE = passage_of(GLACIER)
PAIR = Page(
    id="pair", text=f"{GLACIER}\n\n{RIVER}", origin="test", passages=[PASSAGE, passage_of(RIVER)], parents=["page"]
)
DRESSES = {
    "plain": "{}",
    "preamble and fences": "Sure! Here is what you asked for:\n\n```\n{}\n```\n\nLet me know if I should change it.",
    "rules": "Here it is:\n\n---\n\n{}\n\n---\n\nI hope this helps!",
    "thinking": "<think>\nThe reader wants it exact. Draft: {{}}\n</think>\n\n{}",
}


@pytest.fixture(autouse=True)
def verifier(monkeypatch):
    """A verifier that finds what `FALSE` says wrong, and that a text lacks what the seed says if it lacks the end."""

    async def verify(self, checks, text, source, **options):
        checks.require("truth", FALSE not in text and "Unvollständig" not in source, "contradicted")

    monkeypatch.setattr(RecordContext, "verify", verify)


@pytest.fixture
def german(monkeypatch):
    """The language that is drawn is German."""
    monkeypatch.setattr("hornbook.synthetic.engine.draw_axes", draw_german)


def draw_german(axes, *given):
    return {name: "German" if name == "language" else values[0] for name, values in axes.items()}


def run(name, **changed):
    return run_kind(name, PAIR if name == "comparison" else PASSAGE, GOOD[name] | changed)


def rejection(name, **changed):
    with pytest.raises(Rejected) as caught:
        run(name, **changed)
    return str(caught.value)


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_is_kept_in_whatever_dress(name, dress, german):
    (plain,) = run(name)
    dressed = {
        stage: DRESSES[dress].replace("{}", said) if isinstance(said, str) else said
        for stage, said in GOOD[name].items()
    }
    (made,) = run(name, **dressed)
    assert made.written() == plain.written() and [one.content for one in made.messages] == [
        one.content for one in plain.messages
    ]
    assert "form" in made.checks or name in UNFILLED


def without_steps(*names):
    steps = [step | {"rests_on": list(names) or step["rests_on"]} for step in ARGUMENT["steps"]]
    return as_json(ARGUMENT | {"steps": steps})


def claims(place, **changed):
    told = [one | (changed if number == place else {}) for number, one in enumerate(CLAIMS["claims"])]
    return as_json({"claims": told})


def entries(form, *changed):
    return as_json(form | {"entries": [*form["entries"], *changed]})


def low(name, scores):
    return {"critique": as_json({"scores": scores | {name: 1}, "advice": ["Say why."]}), "revise": EXPLANATION}


UNFILLED = ("simplification", "textbook", "exercise", "summary", "foreign_question", "comparison")
DEFECTS = [  # kind, answers that differ, the check that turns it away
    ("simplification", {"write": f"{GLACIER} {RIVER} {GLACIER[:200]}"}, "own words"),
    ("simplification", {"write": "A glacier is ice."}, "length"),
    ("simplification", {"write": GOOD["simplification"]["write"] + " " + FALSE}, "truth"),
    ("textbook", {"write": f"{GLACIER} {EXPLANATION[:900]} {GLACIER}"}, "own words"),
    ("textbook", {"write": EXPLANATION[:500]}, "length"),
    ("textbook", {"write": f"{EXPLANATION} {FALSE}"}, "truth"),
    ("exercise", {"judge": DIFFERS}, "second answer"),
    ("exercise", {"write": f"{EXPLANATION} {FALSE}"}, "truth"),
    ("exercise", {"question": f"{FALSE} Why?"}, "truth"),
    ("self_revision", low("evidence", READ) | {"revise": BOTH}, "rubric: evidence 1"),
    ("self_revision", {"write": f"{BOTH} {FALSE}"}, "truth"),
    ("self_revision", {"write": f"{GLACIER} {BOTH[:200]}"}, "own words"),
    ("faq", {"write": entries(FAQ, {"question": "Who found it?", "answer": FALSE})}, "truth"),
    ("faq", {"write": entries(FAQ, FAQ["entries"][0])}, "form: entries 1 and 5 say the same"),
    ("faq", {"write": as_json(FAQ | {"entries": FAQ["entries"][:2]})}, "form"),
    ("faq", {"write": "I cannot write that."}, "form"),
    ("glossary", {"write": entries(GLOSSARY, {"term": "Glacier", "definition": "Ice that moves."})}, "stands twice"),
    ("glossary", {"write": entries(GLOSSARY, {"term": "sliding ice", "definition": "Ice sliding."})}, "only repeated"),
    ("glossary", {"write": entries(GLOSSARY, {"term": "firn", "definition": FALSE})}, "truth"),
    ("structured_reasoning", {"write": without_steps("P9")}, "S1 rests on P9"),
    ("structured_reasoning", {"write": without_steps("S3")}, "S1 rests on S3"),
    ("structured_reasoning", {"write": without_steps("P1")}, "nothing rests on P2"),
    ("structured_reasoning", {"write": as_json(ARGUMENT | {"conclusion": FALSE})}, "truth"),
    ("summary", {"write": f"{GLACIER} {SUMMARY}"}, "length"),
    ("summary", {"write": GLACIER[:320]}, "own words"),
    ("summary", {"write": f"{SUMMARY} {FALSE}"}, "truth"),
    ("explanation", {"write": EXPLANATION[:400]}, "length"),
    ("explanation", {"write": f"{EXPLANATION} {FALSE}"}, "truth"),
    ("explanation", {"question": f"{FALSE} Why?"}, "truth"),
    ("explanation", low("accuracy", SCORES), "rubric: accuracy 1"),
    ("explanation", {"write": f"{GERMAN} {GERMAN.replace('Eis', 'Firn')} {ANTWORT}"}, "language"),
    ("counterfactual", {"judge": DIFFERS}, "second answer"),
    ("counterfactual", {"write": f"{SUPPOSED} {FALSE}"}, "truth"),
    ("counterfactual", low("reasoning", SCORES), "rubric: reasoning 1"),
    ("hypothesis", {"write": claims(0, quote="Glaciers melt in summer.")}, "quotes what the passage does not say"),
    ("hypothesis", {"write": claims(3, claim=CLAIMS["claims"][3]["quote"])}, "the passage's own sentence"),
    ("hypothesis", {"write": claims(0, quote="")}, "without a quotation"),
    ("hypothesis", {"write": claims(2, quote="The glacier slides")}, "with a quotation"),
    ("hypothesis", {"write": claims(1, verdict="supported")}, "second answer"),
    ("hypothesis", {"solve": verdicts("supported", "contradicted")}, "second answer"),
    ("translation", {"write": JAPANESE}, "language"),
    ("translation", {"write": f"{GERMAN} Unvollständig."}, "complete"),
    ("translation", {"write": f"{GERMAN} {FALSE}"}, "truth"),
    ("translation", {"write": GERMAN[:60]}, "length"),
    ("translation", low("idiom", TRANSLATED) | {"revise": GERMAN}, "rubric: idiom 1"),
    ("foreign_question", {"judge": DIFFERS}, "second answer"),
    ("foreign_question", {"write": EXPLANATION}, "language"),
    ("foreign_question", {"question": f"{FALSE} Warum?"}, "truth"),
    ("comparison", {"write": f"{JOINED} {FALSE}"}, "truth"),
    ("comparison", {"judge": DIFFERS}, "second answer"),
    ("comparison", {"judge": lambda prompt, sample: as_json({"why": "same", "same": True})}, "needs both: passage 1"),
    ("comparison", {"judge": lambda prompt, sample: as_json({"why": "so", "same": sample != 1})}, "passage 2 will do"),
]


@pytest.mark.parametrize(("name", "changed", "check"), DEFECTS, ids=[f"{one[0]}-{one[2]}" for one in DEFECTS])
def test_one_defect_turns_a_good_answer_away(name, changed, check, german):
    assert check in rejection(name, **changed)


@pytest.mark.parametrize("name", GOOD)
def test_of_a_thousand_records_of_twenty_seeds_990_prompts_differ(name):
    kind = load_kind(name)
    passages = [passage_of(f"{GLACIER} This is number {number}.") for number in range(20)]
    pages = [Page(id=one.id, text=one.text, origin="o", passages=[one, PASSAGE]) for one in passages]
    settings = kind.settings()
    seeds = kind.seeds(Material(passages, [], [], pages, PassageSettings()), 20, np.random.default_rng(1), settings)
    assert len(seeds) == 20
    sent = set()
    for seed in seeds:
        for draw in range(50):
            seen = drawn_values(RecordJob(kind, settings, seed, draw), 3)
            first = next(iter(kind.prompts.values()))
            sent.add("\n".join(turn.content for turn in first.messages(kind.system, seen)))
    assert len(sent) >= 990
    one = sent.pop()
    assert "<about_the_passage>" in one or '<passage number="2"' in one


@pytest.mark.parametrize("name", GOOD)
def test_prompts_say_enough(name):
    for stage, prompt in load_kind(name).prompts.items():
        size = len(prompt.user.split())
        assert size >= 100 or (stage == "write" and name == "simplification") or "include" in prompt.user
        assert prompt.examples == [] and "heap" not in prompt.user


@pytest.mark.parametrize("name", ["glossary", "explanation", "hypothesis"])
def test_the_small_profile_shows_an_example_and_asks_for_less(name):
    full, small = load_kind(name), load_kind(name, "small")
    assert small.prompts["write"].examples and not full.prompts["write"].examples
    assert small.settings().max_tokens <= 300 and not small.settings().verified


def test_a_text_that_is_not_good_enough_is_revised_with_the_advice():
    prompts = []

    def revise(prompt, sample):
        prompts.append(prompt)
        return EXPLANATION.replace("What counts is", "All that counts is")

    def critique(prompt, sample):
        scores = SCORES if "All that counts" in prompt else SCORES | {"clarity": 3, "reasoning": 3}
        return as_json({"scores": scores, "advice": ["Begin with what counts."]})

    (made,) = run("explanation", critique=critique, revise=revise)
    assert made.written().startswith("All that counts is") and made.grade > 0.9
    assert "Begin with what counts." in prompts[0] and GOOD["explanation"]["question"] in prompts[0]
    (kept,) = run("explanation", critique=critique, revise=EXPLANATION)  # no better: the first version stands
    assert kept.written() == EXPLANATION and kept.grade < 0.9


@pytest.mark.parametrize("name", ["explanation", "counterfactual", "translation", "self_revision"])
def test_a_rubric_has_five_criteria_or_more_with_anchors(name):
    kind = load_kind(name)
    rubric = rubric_of(RecordContext(None, kind, kind.settings(), PassageSettings(), np.random.default_rng()))
    assert len(rubric) >= 5 and all(list(one.anchors) == ["1", "3", "5"] for one in rubric)


def test_an_answer_that_is_cut_off_is_asked_for_again_with_more_room(monkeypatch):
    rooms = []
    plain = ScriptedTeacher.complete

    async def short(self, messages, *, max_tokens=256, **options):
        rooms.append(max_tokens)
        said = await plain(self, messages, max_tokens=max_tokens, **options)
        cut = len(rooms) == 1
        return Completion(said.key, said.text[:900] if cut else said.text, "length" if cut else "stop", 1, 1)

    monkeypatch.setattr(ScriptedTeacher, "complete", short)
    (made,) = run("faq")
    assert rooms == [3000, 9000] and "which is why they tell of a wet bed" in made.written()


def test_no_record_is_made_in_the_language_of_its_seed():
    kind = load_kind("translation")
    seed = passage_of(GERMAN)
    seed.language = "de"
    drawn = [drawn_values(RecordJob(kind, kind.settings(), seed, draw), 1)["axes"]["language"] for draw in range(400)]
    assert "German" not in drawn and "English" in drawn and len(set(drawn)) >= 40


def test_forty_languages_are_known_and_identified():
    languages = known_axes()["language"]
    assert len(languages) >= 40 and all(language_codes(one) for one in languages)
    assert language_codes("Klingon") == []


def test_japanese_texts_pass_where_japanese_is_wanted(monkeypatch):
    monkeypatch.setattr(
        "hornbook.synthetic.engine.draw_axes", lambda *given: draw_german(*given) | {"language": "Japanese"}
    )
    assert run("translation", write=JAPANESE)[0].written() == JAPANESE
    assert "language" in rejection("translation", write=GERMAN)


def test_words_of_scripts_with_signs_stay_whole():
    assert words("हिमनद बर्फ का एक पिंड है। பனியாறு") == ["हिमनद", "बर्फ", "का", "एक", "पिंड", "है", "பனியாறு"]


def test_related_passages_are_two_of_one_page_with_their_document_as_parent():
    page = Page(id="page", text="", origin="o", passages=[PASSAGE, passage_of(RIVER), passage_of(GERMAN)])
    (pair,) = SEEDS["related"](Material([], [], [], [page], PassageSettings()), 3, rng(1, "pairs"), None)
    assert len(pair.passages) == 2 and pair.parents == ["page"] and pair.text.count("\n\n") == 1


def test_records_of_prose_have_the_size_that_their_kind_promises():
    kinds = ("explanation", "counterfactual")
    sizes = {name: sum(estimate_tokens(one.content) for one in run(name)[0].messages) for name in kinds}
    assert all(size >= 350 for size in sizes.values()), sizes
    assert json.loads(GOOD["faq"]["write"])["title"] in run("faq")[0].text
