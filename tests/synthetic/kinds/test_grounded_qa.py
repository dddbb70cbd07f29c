"""Questions about passages: kept where independent answers agree, and each check turns away what it is for."""

import re

import pytest

from hornbook.base.records import Question
from hornbook.base.rng import rng
from hornbook.oracles.score import is_right
from hornbook.synthetic.kind import Material, RecordContext, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.mechanisms.grounded_qa import chosen
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.seed_sampling import SEEDS
from tests.synthetic.kinds.forms import FORMS, as_json, in_form, require_diverse
from tests.synthetic.kinds.scripted import passage_of, run_kind

GLACIER = (
    "A glacier is a body of ice that moves slowly under its own weight. Because the lower layers of the ice are under "
    "great pressure, a thin film of water forms at the bottom of the glacier. The glacier slides over this film by "
    "about 20 metres in a year. Stones that are frozen into the ice scratch the rock below."
)
SOLUTION = (
    "What has to be found is the thing that lets so heavy a mass move along the ground at all. The weight of all the "
    "ice above rests on the deepest layers. High pressure lowers the temperature at which ice melts, so some of it "
    "turns liquid there although it is cold. Between rock and ice there is then no dry contact any more, and friction "
    "drops. A check: without such a layer the body could only creep by bending within itself, and would be slower by "
    "far than a few centimetres each day.\n\nAnswer: {answer}"
)
WATER = SOLUTION.format(answer="a thin film of meltwater")
UNAIDED = ["I think of gravel.\n\nAnswer: gravel", "Answer: a film of water", "Answer: mud"]
PLAIN = {"verified": False}


def judge(name, **failed):
    must = load_kind(name).options["judge"]
    assert set(failed) <= set(must)
    return as_json(**{key: {"why": "Because.", "holds": failed.get(key, True)} for key in must})


def compare(prompt, sample, same=("film", "water")):
    """A judge who knows the reference by its words."""
    listed = re.findall(r"^(\d+)\. (.*)$", prompt, re.MULTILINE)
    return as_json(why="By words.", groups=[[int(n) for n, said in listed if any(word in said for word in same)]])


SCIENCE = {
    "question": as_json(
        question="What lies between a glacier and the rock below it, so that the ice can slide?",
        answer="a film of water",
    ),
    "answer": WATER,
    "unaided": UNAIDED,
    "judge": judge("science_question"),
    "compare": compare,
}
DEDUCTION = SCIENCE | {
    "judge": judge("deduction"),
    "chain": as_json(
        steps=[
            {
                "assumption": "The lower layers of a glacier's ice are under great pressure.",
                "conclusion": "A thin film of water forms at the bottom of the glacier.",
                "why": "Pressure lowers the melting point of ice.",
            }
        ]
    ),
}


def choose(words):
    """Whoever answers finds an option by its words."""

    def said(prompt, sample):
        lines = [line for line in prompt.splitlines() if line[1:3] == ". "]
        letter = next(line[0] for line in lines if words in line)
        return f"{WATER.rsplit('Answer', 1)[0]}Answer: {letter}"

    return said


CHOICE = {
    "question": as_json(
        question="What does the ice slide over?",
        answer="a film of liquid water",
        wrong=["a layer of fine gravel", "a sheet of older ice", "a bed of wet clay"],
    ),
    "answer": choose("liquid water"),
    "unaided": choose("fine gravel"),
    "judge": judge("multiple_choice"),
}
SCRIPTS = {"science_question": SCIENCE, "deduction": DEDUCTION, "multiple_choice": CHOICE}


@pytest.fixture
def passage():
    return passage_of(GLACIER)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_good_questions_are_kept_in_every_form_of_answer(passage, name, form):
    (made,) = run_kind(name, passage, in_form(form, SCRIPTS[name]), **PLAIN)
    (plain,) = run_kind(name, passage, SCRIPTS[name], **PLAIN)
    assert made.messages == plain.messages and made.grade > 0
    asked, answered = (message.content for message in made.messages)
    assert answered.startswith("What has to be found") and "Let me know" not in answered
    assert (GLACIER in asked) == (name == "multiple_choice")
    assert {"consistent", "not too easy", "sound"} <= set(made.checks)


TOO_EASY = {"unaided": WATER}
INCONSISTENT = {"answer": [SOLUTION.format(answer=said) for said in ("stones", "rock", "20 metres")]}
COPY = f"{GLACIER} And that is all there is to say about it.\n\nAnswer: a film of water"
GERMAN = (
    "Zwischen Eis und Fels liegt ein Film aus Wasser, auf dem der Gletscher gleitet. Unter dem Druck der Schichten "
    "schmilzt das Eis auch bei Kälte, und die Reibung wird kleiner, sodass die Masse rutschen kann. Ohne ihn wäre sie "
    "viel langsamer, denn sie müsste sich in sich selbst verformen, um voranzukommen. Man sieht es an den Bächen, die "
    "im Sommer unter der Zunge hervorkommen und trüb von Gestein sind.\n\nAnswer: ein Film aus Wasser"
)
DEFECTS = [
    ("science_question", TOO_EASY, "not too easy"),
    ("science_question", INCONSISTENT, "consistent"),
    *(
        (name, {"judge": judge(name, **{key: False})}, "sound")
        for name in SCRIPTS
        for key in load_kind(name).options["judge"]
    ),
    ("science_question", {"judge": "It is a fine question."}, "form"),
    ("science_question", {"question": as_json(question="What lies below it, and why?")}, "form"),
    ("science_question", {"answer": COPY}, "own words"),
    ("science_question", {"answer": "Answer: a film of water"}, "length"),
    ("science_question", {"answer": "<think>What lies there? Water, I believe, or"}, "finished"),
    (
        "science_question",
        {"answer": GERMAN, "compare": lambda prompt, sample: compare(prompt, sample, same=("Wasser", "a film"))},
        "language",
    ),
    ("deduction", {"chain": as_json(steps=[])}, "chain"),
    ("deduction", {"chain": "The passage does not reason."}, "form"),
    ("deduction", TOO_EASY, "not too easy"),
    ("deduction", INCONSISTENT, "consistent"),
    ("multiple_choice", {"unaided": choose("liquid water")}, "not too easy"),
    ("multiple_choice", {"answer": f"{WATER.rsplit('Answer', 1)[0]}Answer: A"}, "consistent"),  # the same place always
    ("multiple_choice", {"answer": f"{WATER.rsplit('Answer', 1)[0]}I like them all."}, "consistent"),
    (
        "multiple_choice",
        {"question": as_json(question="What does it slide over?", answer="water", wrong=["Water.", "clay", "ice"])},
        "question",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "defect", "check"), DEFECTS)
def test_each_check_turns_away_what_it_is_for(passage, name, defect, check):
    with pytest.raises(Rejected) as reason:
        run_kind(name, passage, SCRIPTS[name] | defect, seeded=3, **PLAIN)
    assert reason.value.check == check


def test_what_the_verifier_finds_false_is_rejected(passage, monkeypatch):
    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        assert source == GLACIER and absent == "background" and WATER in text
        checks.require("truth", False, "contradicted")

    monkeypatch.setattr(RecordContext, "verify", verify)
    with pytest.raises(Rejected, match="truth"):
        run_kind("science_question", passage, SCIENCE)


def test_another_question_is_tried_after_a_flawed_one(passage):
    flawed = as_json(question="What is said in the passage above?", answer="a film of water")
    script = SCIENCE | {
        "question": [flawed, SCIENCE["question"]],
        "judge": lambda prompt, sample: judge("science_question", about="above" not in prompt),
    }
    (made,) = run_kind("science_question", passage, script, tries=2, **PLAIN)
    assert made.messages[0].content.startswith("What lies between")


def test_options_are_shuffled_and_the_oracle_knows_the_right_one(passage):
    letters = set()
    for seeded in range(12):
        (made,) = run_kind("multiple_choice", passage, CHOICE, seeded=seeded, **PLAIN)
        question = made.question
        assert question.choices[ord(question.answer) - ord("A")] == "a film of liquid water"
        assert is_right(question, made.messages[1].content) and not is_right(question, "Answer: a bed of wet clay")
        letters.add(question.answer)
    assert letters == set("ABCD")


def test_a_science_question_can_be_judged_by_its_oracle_and_is_graded_by_its_difficulty(passage):
    (made,) = run_kind("science_question", passage, SCIENCE, **PLAIN)
    assert made.question.answer == "a film of water" and is_right(made.question, "Answer: A film of water.")
    assert made.grade == pytest.approx(2 / 3, abs=1e-3)


@pytest.mark.parametrize(("reply", "option"), [("Answer: B", "clay"), ("Answer: mud", "mud"), ("I cannot tell.", "")])
def test_an_option_is_named_by_its_letter_or_its_words(reply, option):
    assert chosen(reply, ["mud", "clay"]) == option


@pytest.mark.parametrize("name", [*SCRIPTS, "plurality"])
def test_records_of_few_seeds_have_different_prompts(name):
    require_diverse(name, [passage_of(f"{GLACIER} It was the glacier of valley {number}.") for number in range(20)])


def solution(answer):
    return SOLUTION.format(answer=answer)


PLURALITY = {
    "question": "Over what does the ice slide?",
    "solve": [
        solution("a film of water"),
        solution("gravel"),
        solution("The film of water."),
        solution("a film of water"),
    ],
    "compare": as_json(why="One thing in other words.", groups=[[1, 3], [2]]),
    "review": as_json(why="All is right.", wrong_step="", sound=True),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_of_the_plurality_is_the_reference(passage, form):
    (made,) = run_kind("plurality", passage, in_form(form, PLURALITY), solutions=4)
    assert made.messages[0].content == f"{GLACIER}\n\n{PLURALITY['question']}"
    assert made.messages[1].content == solution("a film of water") and made.grade == 0.75
    assert made.question.answer == "a film of water" and is_right(made.question, "Answer: A film of water.")


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        ({"solve": WATER}, "plurality: all agree"),
        ({"solve": [solution(said) for said in ("mud", "ice", "gravel", "water")],
          "compare": as_json(why="", groups=[[1], [2], [3], [4]])}, "plurality: 1 of 4"),
        ({"review": as_json(why="It melts for another reason.", wrong_step="High pressure", sound=False)}, "review"),
        ({"question": GLACIER[:140]}, "question"),
        ({"solve": "<think>Over what"}, "finished"),
    ],
)  # fmt: skip
def test_what_the_plurality_filter_and_the_review_turn_away(passage, defect, check):
    with pytest.raises(Rejected, match=check):
        run_kind("plurality", passage, PLURALITY | defect, solutions=4)


def test_a_question_that_is_given_is_held_to_its_answer(passage):
    given = Question(id="q", task="sum", prompt="How much is 3 + 4?", answer="7", oracle="number")
    texts = [solution("7"), solution("8")]
    (made,) = run_kind("plurality", given, {"solve": texts, "review": PLURALITY["review"]}, solutions=4)
    assert made.messages[0].content == given.prompt and made.messages[1].content.endswith("Answer: 7")
    assert made.question is None and made.grade == 0.5


def test_given_questions_and_passages_are_mixed_as_the_settings_say(passage):
    given = [Question(id=str(n), task="sum", prompt=str(n), answer="7", oracle="number") for n in range(9)]
    material = Material([passage], [], given, [], PassageSettings())
    for asked, questions in ((0.5, 4), (0, 0), (1, 8)):
        seeds = SEEDS["questions and passages"](material, 8, rng(1, "s"), load_kind("plurality").settings(asked=asked))
        assert sum(isinstance(seed, Question) for seed in seeds) == questions
