"""Conversations: turns of two speakers, of the size that is wanted, true where they must be, judged as a whole."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import make_id
from hornbook.synthetic.kind import RecordContext, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.mechanisms.dialogue import Turn, parts_of, talk, turns_of
from hornbook.synthetic.passages import Page
from tests.synthetic.kinds.as_sent import first_prompts
from tests.synthetic.kinds.scripted import passage_of, run_kind

TEXT = (
    "A glacier is a large body of ice that moves slowly under its own weight. Because the ice at its bottom melts "
    "under pressure, the glacier slides over the ground. Rivers of melted water flow out of its lower end in summer. "
    "Stones that the glacier carried remain as moraines when the ice melts."
)
PASSAGE = passage_of(TEXT)
TURNS = [
    "I always took a glacier for a frozen lake on a slope. Why should something so solid wander down a valley at all?",
    "It is heavy enough to push itself. Where the weight presses hardest, at the bed, some of the ice turns to water, "
    "and on that thin film the whole mass can slip.",
    "So without that film it would sit still? I would have thought that cold alone decides whether it moves.",
    "Cold matters, yet pressure comes first: the more ice lies on top, the lower the temperature at which the bottom "
    "melts. A thin sheet on the same rock may well stay where it is.",
    "Suppose, then, that half of the thickness vanished within a few years. What would somebody at its foot notice?",
    "Less load, less melting below, so the sliding slows down. In the warm months streams would still come out at the "
    "end, but the front would no longer be fed as it was.",
    "And the heaps of rubble that I saw in the meadow, far from any ice? My guide said that no river brought them.",
    "She was right. The ice had carried them inside and on its back; when it melted away, they were left lying there, "
    "and such ridges show how far it once reached.",
]
JUDGED = {"why": "It does.", "holds": True}


def passage_saying(text):
    return msgspec.structs.replace(PASSAGE, id=make_id("passage", text), text=text)


SETTINGS = {"verified": False, "tokens": [150, 3000]}


def findings(kind, **failed):
    """The judge's answer: all requirements of the kind hold but those that are named."""
    must = load_kind(kind).options["judge"]
    assert set(failed) <= set(must)
    return json.dumps({name: JUDGED | {"holds": failed.get(name, True)} for name in must})


def names(kind, seed=PASSAGE):
    """The two labels, as the first prompt tells them."""
    if kind in ("follow_up", "long_dialogue"):
        return ["User", "Assistant"]
    if kind == "discussion":
        return ["Student", "Teacher"]
    prompts = []

    def note(prompt, sample):
        prompts.append(prompt)
        return ""

    with pytest.raises(Rejected):
        run_kind(kind, seed, {"plan": note, "write": note}, **SETTINGS)
    drawn = dict(line[2:].split(": ", 1) for line in prompts[0].splitlines() if line.startswith("- ") and ": " in line)
    return [drawn[axis].split(",")[0] for axis in ("Journalist", "Expert")]


def labelled(speakers, turns=TURNS):
    return "\n\n".join(f"{who}: {text}" for who, text in zip(itertools.cycle(speakers), turns, strict=False))


def whole(kind, written, **changed):
    return {"plan": "First what it is, then why.", "write": written, "judge": findings(kind)} | changed


def by_turns(kind, **changed):
    """A script of a conversation that is written turn by turn."""
    said = iter(changed.pop("turns", TURNS))
    return {
        "plan": "Question: why does a glacier move?",
        "review": json.dumps({"review": "It asks for the cause.", "next": "Give the reason.", "finished": False}),
        "scenario": "Suppose that half of its thickness vanished within a few years.",
        "write": lambda prompt, sample: next(said),
        "summary": "They found that pressure at the bed lets it slide, and that rubble marks where it once ended.",
        "judge": findings(kind),
    } | changed


def rejection(kind, script, seed=PASSAGE, **settings):
    with pytest.raises(Rejected) as caught:
        run_kind(kind, seed, script, **SETTINGS | settings)
    return caught.value


# ---- what is kept

WHOLE = ("follow_up", "interview", "discussion")
BY_TURNS = ("multi_agent", "tutoring")
FORMS = {
    "plain": "{}",
    "preamble": "Here is the conversation:\n\n<text>\n{}\n</text>",
    "fence": "Sure!\n\n```text\n{}\n```",
    "rules": "Of course.\n\n---\n\n{}\n\n---\n\nI can change it if you like.",
    "thinking": "<think>User: who? Assistant: me.</think>\n\n{}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", WHOLE)
def test_a_conversation_written_whole_is_kept_in_any_form(kind, form):
    speakers = names(kind)
    (made,) = run_kind(kind, PASSAGE, whole(kind, FORMS[form].format(labelled(speakers))), **SETTINGS)
    if kind == "follow_up":
        assert [message.role for message in made.messages] == ["user", "assistant"] * 4
        assert [message.content for message in made.messages] == [f"{TEXT}\n\n{TURNS[0]}", *TURNS[1:]]
    else:
        assert made.text == labelled(speakers)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", BY_TURNS)
def test_a_conversation_written_turn_by_turn_is_kept_in_any_form(kind, form):
    script = by_turns(kind, turns=[FORMS[form].format(text) for text in TURNS])
    (made,) = run_kind(kind, PASSAGE, script, turns=[6, 8], **SETTINGS)
    if kind == "tutoring":
        assert [message.content for message in made.messages] == TURNS
        assert [message.role for message in made.messages] == ["user", "assistant"] * 4
    else:
        *turns, summary = made.text.split("\n\n")
        assert [turn.split(": ", 1)[1] for turn in turns] == TURNS
        assert len({turn.split(": ")[0] for turn in turns}) == 2 and summary == by_turns(kind)["summary"]


def test_a_speaker_who_goes_on_with_the_other_s_turn_is_cut_short():
    turns = [f"Student: {TURNS[0]}\n\nTutor: That is a long story.", *TURNS[1:]]
    (made,) = run_kind("tutoring", PASSAGE, by_turns("tutoring", turns=turns), turns=[6, 8], **SETTINGS)
    assert made.messages[0].content == TURNS[0]


def test_a_last_word_of_thanks_is_left_out():
    written = labelled(["User", "Assistant"], [*TURNS, "Thank you!"])
    (made,) = run_kind("follow_up", PASSAGE, whole("follow_up", written), **SETTINGS)
    assert made.messages[-1].content == TURNS[-1]


# ---- how it is made


def test_each_turn_follows_the_plan_and_the_situation_comes_midway():
    prompts, plans = [], iter(f"Plan {number}." for number in range(20))

    def write(prompt, sample):
        prompts.append(prompt)
        return TURNS[len(prompts) - 1]

    def review(prompt, sample):
        return json.dumps({"review": "It asks.", "next": next(plans)})

    script = by_turns("multi_agent", write=write, review=review)
    run_kind("multi_agent", PASSAGE, script, turns=[6, 8], **SETTINGS)
    assert "Begin the conversation" in prompts[0]
    assert all(f"Plan {number}." in prompt for number, prompt in enumerate(prompts[1:]))
    assert [script["scenario"] in prompt for prompt in prompts] == [number == 4 for number in range(8)]


def test_it_ends_when_the_review_finds_that_all_is_said():
    done = json.dumps({"review": "All is said.", "next": "Nothing.", "finished": True})
    (made,) = run_kind(
        "tutoring", PASSAGE, by_turns("tutoring", review=done), turns=[4, 20], **SETTINGS | {"tokens": [80, 900]}
    )
    assert len(made.messages) == 4


@pytest.mark.parametrize(
    ("kind", "script"),
    [
        ("follow_up", whole("follow_up", labelled(["User", "Assistant"]))),
        ("tutoring", by_turns("tutoring")),
    ],
)
def test_the_verifier_reads_those_who_must_be_right(kind, script, monkeypatch):
    seen = []

    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        seen.append((text, source, absent))
        checks.require("truth", "frozen lake" not in text, "a frozen lake")

    monkeypatch.setattr(RecordContext, "verify", verify)
    settings = {"tokens": [150, 3000]} | ({"turns": [6, 8]} if kind == "tutoring" else {})
    if kind == "tutoring":  # the student may be wrong
        assert "truth" in run_kind(kind, PASSAGE, script, **settings)[0].checks
        assert TURNS[1] in seen[0][0] and script["scenario"] in seen[0][1]
    else:
        assert rejection(kind, script, **settings | {"verified": True}).check == "truth"
    assert seen[0][1].startswith(TEXT) and seen[0][2] == "background"


# ---- what is rejected

SPEAKERS = ["User", "Assistant"]
GERMAN = [
    "Ich hielt einen Gletscher immer für einen gefrorenen See am Hang. Warum wandert so etwas Festes überhaupt?",
    "Er ist schwer genug, um sich selbst zu schieben: Am Grund wird ein Teil des Eises unter dem Druck zu Wasser.",
    "Ohne diesen Wasserfilm bliebe er also liegen? Ich dachte, allein die Kälte entscheide darüber.",
    "Die Kälte zählt, doch der Druck kommt zuerst; eine dünne Decke auf demselben Fels bleibt vielleicht stehen.",
    "Angenommen, in wenigen Jahren verschwände die halbe Dicke. Was fiele jemandem unten im Tal auf?",
    "Weniger Last, weniger Schmelze am Boden: Das Gleiten würde langsamer, und vorn käme kaum noch Eis nach.",
    "Und die Schutthaufen auf der Wiese, weit weg vom Eis? Kein Fluss hat sie gebracht, sagte man mir.",
    "Das stimmt. Das Eis trug die Steine; als es schmolz, blieben sie liegen und zeigen, wie weit es einst reichte.",
]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"write": labelled(SPEAKERS, TURNS[:6])}, "turns"),
        ({"write": labelled(SPEAKERS, [*TURNS[:4], TURNS[1] + " Really.", *TURNS[4:]])}, "turns"),  # said before
        ({"write": labelled(SPEAKERS[::-1])}, "turns"),  # the assistant begins
        ({"write": labelled(SPEAKERS, [*TURNS[:3], "", *TURNS[4:]])}, "turns"),
        ({"write": "\n\n".join(TURNS)}, "turns"),  # nobody is named
        ({"write": labelled(SPEAKERS, [f"What is meant by part {number}?" for number in range(8)])}, "length"),
        ({"write": labelled(SPEAKERS, [*TURNS[:7], "It slides, it slides, and " * 40])}, "no repetition"),
        ({"write": labelled(SPEAKERS, [TURNS[0], TEXT, *(f"{text[:60]}?" for text in TURNS[2:])])}, "own words"),
        ({"write": labelled(SPEAKERS, GERMAN)}, "language"),
        ({"write": "<think>What do they say"}, "finished"),
        ({"judge": "They talk well."}, "form"),
        *(({"judge": findings("follow_up", **{name: False})}, "judged") for name in ("refers_back", "new", "answers")),
    ],
)
def test_a_conversation_with_one_defect_is_rejected(changed, check):
    caught = rejection("follow_up", whole("follow_up", labelled(SPEAKERS), **changed), max_copied=0.2)
    assert caught.check == check


@pytest.mark.parametrize("kind", ["multi_agent", "tutoring", "interview"])
def test_each_requirement_of_the_judge_counts(kind):
    for name in load_kind(kind).options["judge"]:
        made = by_turns if kind in BY_TURNS else whole
        script = made(kind, judge=findings(kind, **{name: False}), **({} if kind in BY_TURNS else {"written": ""}))
        if kind not in BY_TURNS:
            script["write"] = labelled(names(kind))
        settings = {"turns": [6, 8]} if kind in BY_TURNS else {}
        assert name in str(rejection(kind, script, **settings))


# ---- reading turns

NAMED = ["Amara", "Björn"]


@pytest.mark.parametrize(
    "text",
    [
        "Amara: Why?\n\nBjörn: So.",
        "**Amara:** Why?\n\n**Björn**: So.",
        "*Amara (smiling):* Why?\nbjörn: So.",
        "Amara：Why?\n\nBjörn： So.",
        "A talk about ice.\n\nAmara: Why?\n\nBjörn: So.",
        "# Amara:\nWhy?\n\n# Björn:\nSo.",
    ],
)
def test_turns_are_found_however_they_are_set(text):
    assert [(turn.speaker, turn.text) for turn in turns_of(text, NAMED)] == [("Amara", "Why?"), ("Björn", "So.")]


def test_a_speaker_s_next_paragraphs_are_one_turn():
    assert turns_of("Amara: One.\n\nTwo: three.\n\nAmara: Four.", NAMED) == [
        Turn("Amara", "One.\n\nTwo: three.\n\nFour.")
    ]


TEXTS = st.text(st.characters(whitelist_categories=["L", "N", "Zs"]), min_size=1).map(str.strip).filter(bool)


@given(st.lists(TEXTS, max_size=6))
def test_what_is_labelled_is_read_again(texts):
    turns = [Turn(NAMED[number % 2], text) for number, text in enumerate(texts)]
    assert turns_of(talk(turns), NAMED) == turns


# ---- long conversations


def page(count=12):
    cities = [f"City{number}" for number in range(count)]
    return Page(
        id="page", text="", origin="o", language="en",
        passages=[passage_saying(f"The harbour of {city} was built in stone. " + TEXT) for city in cities],
    )  # fmt: skip


def long_script(**changed):
    seen = []

    def write(prompt, sample):
        place = 4 * len(seen)
        seen.append(prompt)
        return labelled(SPEAKERS, [f"{text} ({place + number})" for number, text in enumerate(LONG[place : place + 4])])

    recall = labelled(SPEAKERS, ["What was it at first?", "Pressure, as we said at the start; the end showed why."])
    return {"write": write, "recall": recall, "judge": findings("long_dialogue")} | changed


THINGS = ["ice", "water", "stone", "river", "pressure", "weight", "summer", "winter", "valley", "moraine", "film"]
THINGS += ["slope", "rock", "bed", "front", "snow"]
LONG = [
    f"{one.capitalize()} is what I ask about now, and {one} has its own {n} reasons." for n, one in enumerate(THINGS)
]


def test_a_page_is_talked_about_in_parts_and_recalled_at_the_end():
    (made,) = run_kind("long_dialogue", page(), long_script(), verified=False, tokens=[100, 4000], min_tokens=500)
    contents = [message.content for message in made.messages]
    assert len(contents) == 18
    shown = [number for number, text in enumerate(contents) if "harbour of City" in text]
    assert shown == [0, 4, 8, 12]
    assert all(one.text in "\n".join(contents) for one in page().passages)
    assert "long" in made.checks


def test_a_page_that_gives_too_little_is_rejected():
    caught = rejection("long_dialogue", long_script(), page(), tokens=[100, 4000], min_tokens=9000)
    assert caught.check == "long"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 6))
def test_parts_keep_all_passages_in_order(sizes, most):
    passages = [passage_saying("word " * size + str(number)) for number, size in enumerate(sizes)]
    parts = parts_of(Page(id="p", text="", origin="o", passages=passages), most)
    assert [one for part in parts for one in part] == passages
    assert 1 <= len(parts) <= most and all(parts)


# ---- what is sent


NAMES = [*(name for name, family in FAMILIES.items() if family == "conversation"), "long_dialogue"]


@pytest.mark.parametrize("name", NAMES)
def test_records_of_a_kind_are_asked_for_in_different_words(name):
    passages = [passage_saying(f"City {number}. {TEXT}") for number in range(20)]
    pages = [Page(id=one.id, text="", origin="o", passages=[passage_saying(one.text * 60)]) for one in passages]
    assert len(set(first_prompts(name, passages, pages))) >= 990
