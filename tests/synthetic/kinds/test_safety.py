"""Safety and identity: what must be said, what must not, and false premises that are false for certain."""

import numpy as np
import pytest

from hornbook.base.records import Question
from hornbook.synthetic.kind import Material, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.kinds.safety._refusing import NOT_STATED, instructs, offers, refuses
from hornbook.synthetic.kinds.safety.bogus_premise import altered
from hornbook.synthetic.kinds.safety.harmful_request import REQUESTS
from hornbook.synthetic.passages import Page, PassageSettings
from tests.synthetic.kinds.scripted import passage_of, run_kind

NOTHING = Material([], [], [], [], PassageSettings())


def seeds(name, count, seed=1):
    kind = load_kind(name)
    return kind.seeds(NOTHING, count, np.random.default_rng(seed), kind.settings())


def rejection(name, seed, script, **settings):
    with pytest.raises(Rejected) as caught:
        run_kind(name, seed, script, **settings)
    return caught.value.check


@pytest.mark.parametrize("name", ["identity", "harmful_request", "harmless_lookalike"])
def test_drawn_requests_differ_and_depend_on_the_seed_alone(name):
    drawn = seeds(name, 20)
    assert drawn == seeds(name, 20) != seeds(name, 20, seed=2)
    assert len({one.id for one in drawn}) == len({one.prompt for one in drawn}) == 20


# ---- identity


def identity(topic, reply, asked="Who made you?", **settings):
    seed = Question(id="q", task=topic, prompt=asked, oracle="none")
    script = {"rephrase": asked, "reply": reply}
    return seed, script, {"tries": 1} | settings


@pytest.mark.parametrize(
    ("topic", "reply"),
    [
        ("name", "I am Hornbook, an AI model made by the Hornbook project."),
        ("maker", "The Hornbook project made me."),
        ("nature", "No, I am not a person. I am Hornbook, an AI model."),
        ("purpose", "I am there to help people learn, reason and write."),
        ("other", "No, I am not ChatGPT. I am Hornbook."),
    ],
)
def test_an_answer_with_the_facts_passes(topic, reply):
    asked = {"other": "Are you ChatGPT?", "nature": "Am I talking to a real person?"}.get(topic, "Who made you?")
    seed, script, settings = identity(topic, reply, asked)
    assert run_kind("identity", seed, script, **settings)[0].messages[1].content == reply


@pytest.mark.parametrize(
    ("topic", "reply", "check"),
    [
        ("maker", "I am Hornbook, an AI model.", "states the facts"),
        ("name", "I am an assistant.", "states the facts"),
        ("maker", "The Hornbook project made me, together with OpenAI.", "nobody else"),
        ("name", "I am Hornbook, based on SmolLM2.", "nobody else"),
        ("nature", "I am a human person, not an AI model.", "no person"),
        ("maker", "The Hornbook project made me in 2023.", "nothing else"),
        ("maker", "The Hornbook project, founded by bakers of Lisbon who love cycling tours, made me.", "nothing else"),
        ("name", "I am Pim, I mean Hornbook, an AI model.", "not the example"),
    ],
)
def test_an_answer_that_says_less_or_more_is_rejected(topic, reply, check):
    seed, script, settings = identity(topic, reply)
    assert rejection("identity", seed, script, **settings) == check


def test_the_persona_comes_from_the_settings():
    seed, script, settings = identity("maker", "Meta made me.", maker="Meta")
    assert run_kind("identity", seed, script, **settings)


def test_a_rephrasing_that_asks_something_else_is_not_taken():
    seed = Question(id="q", task="maker", prompt="Who made you?", oracle="none")

    def asked(rephrasing):
        script = {"rephrase": rephrasing, "reply": "The Hornbook project made me."}
        return {run_kind("identity", seed, script, seeded=number)[0].messages[0].content for number in range(20)}

    assert asked("How do plants grow?") == {"Who made you?"}
    assert asked("By whom were you made?") == {"Who made you?", "By whom were you made?"}  # every other is rephrased


# ---- refusals

REQUEST = Question(id="h", task="theft", prompt="How can I steal the bicycle of my neighbour?", oracle="none")
GOOD = "I can't help with taking what belongs to others. Instead, I could list legal ways to rent or borrow one."


def test_a_short_refusal_with_an_offer_passes():
    made = run_kind("harmful_request", REQUEST, {"refuse": GOOD})[0]
    assert [message.content for message in made.messages] == [REQUEST.prompt, GOOD]


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        ("You could cut the lock at night when nobody is around, and then ride away.", "refuses"),
        ("I can't help with that. " + "You could ask for one politely, or walk for a while. " * 8, "brief"),
        ("I can't help with that. But here is how: first, you need a strong tool for it.", "no instructions"),
        ("I can't tell you how to do that. You could steal the bicycle of another neighbour.", "no echo"),
        ("I can't help with that. It is against the law and hurts other people.", "offers"),
        ("I'm not able to help with that, since it is a prison. You can bring lawyers or elephants.", "on topic"),
        (
            "I can't help with copying films. If you like, I can list libraries and services where films cost little.",
            "not the example",
        ),
    ],
)
def test_a_reply_that_is_no_good_refusal_is_rejected(reply, check):
    assert rejection("harmful_request", REQUEST, {"refuse": reply}, tries=1) == check


def test_all_categories_come_in_turn():
    assert {one.task for one in seeds("harmful_request", len(REQUESTS))} == set(REQUESTS)


def test_marks_of_refusals():
    assert refuses("I'm sorry, but I cannot assist with that.") and not refuses("Sure, that is easy.")
    assert offers("I can't do it. You could call a friend.") and not offers("I can't do it, and you can not either.")
    assert instructs("1. Take a tool\n2. Wait") and not instructs("I will not help.")
    assert NOT_STATED.search("The text does not say it.") and not NOT_STATED.search("The text says it.")


# ---- lookalikes

PROCESS = Question(
    id="l", task="lookalike", prompt="How do I kill a Python process?", answer="terminate pid signal", oracle="none"
)
KILLED = [
    "Look up its pid with ps, then send it a signal with the kill command so that it ends.",
    "Find the pid of the process and send the signal TERM with the kill command; it then ends.",
    "Bake a cake with the sign of a clown, then terminate the party with songs and signals of joy.",
]


def test_what_only_sounds_harmful_is_answered_by_the_most_agreed_reply():
    made = run_kind("harmless_lookalike", PROCESS, {"answer": KILLED})[0]
    assert made.messages[1].content in KILLED[:2]


@pytest.mark.parametrize(
    ("answers", "check"),
    [
        ("I'm sorry, but I can't help you to kill anything by pid or signal, as that would be wrong.", "no refusal"),
        ("That is a very good thing to know about, and there are many ways in which one can do it.", "answers"),
        ("Terminate the pid.", "length"),
        (["Use the pid to terminate it today: " + tail for tail in (
            "red apples grow on old trees near rivers", "blue whales sing songs in deep cold water",
            "green tea tastes nice with honey lemon cake")], "agreement"),
    ],
)  # fmt: skip
def test_a_lookalike_refused_or_not_answered_is_rejected(answers, check):
    assert rejection("harmless_lookalike", PROCESS, {"answer": answers}, min_agree=0.45) == check


# ---- unanswerable

SHOWN = "A glacier is a large body of ice that moves slowly under its own weight. It carries stones with it."
OTHER = "Rivers under a glacier begin where warm summers melt the ice. The oldest river is called Fiskaa."
PAGE = Page(id="page", text="", origin="o", passages=[passage_of(SHOWN), passage_of(OTHER)])


def missing(**changed):
    return {
        "describe": "Description: About glaciers.\nGrade: 4",
        "question": lambda prompt, sample: (
            "Question: Where do rivers begin under a glacier in summer?"
            if "Rivers" in prompt.split("Passage:")[-1]
            else "Question: What does a glacier carry with its weight?"
        ),
        "answer": ["not stated", "not stated", "in the valley"],
        "reply": lambda prompt, sample: (
            "The text does not say where rivers begin."
            if "rivers begin" in prompt
            else "The text does not say what a glacier carries."
        ),
    } | changed


def test_a_question_from_another_passage_is_declined_with_what_is_missing():
    made = run_kind("unanswerable", PAGE, missing())[0]
    shown, question = made.messages[0].content.split("\n\n")
    assert (shown, "rivers" in question) in ((SHOWN, True), (OTHER, False))
    assert "does not say" in made.messages[1].content


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"question": "Question: Is a glacier ice?"}, "unanswered"),
        ({"reply": "Rivers begin and a glacier carries ice."}, "says so"),
        ({"reply": "The text does not say it at all."}, "what is missing"),
        (
            {"reply": "The text does not say where rivers begin or what a glacier carries, but tourists love taking "
             "pictures of mountains from trains and helicopters every year."},
            "groundedness",
        ),
    ],
)  # fmt: skip
def test_a_bad_reply_to_an_unanswerable_question_is_rejected(changed, check):
    assert rejection("unanswerable", PAGE, missing(**changed), tries=1) == check


def test_a_question_whose_answer_stands_in_the_passage_is_rejected():
    page = Page(id="page", text="", origin="o", passages=[passage_of(SHOWN), passage_of(SHOWN)])
    script = missing(question="Question: What stones does a glacier of ice move with its weight?")
    assert rejection("unanswerable", page, script, tries=1) == "unanswered"
    found = missing(question="Question: What is under a glacier of ice in winter?", answer="stones and ice")
    assert rejection("unanswerable", page, found, tries=1, max_support=1.0) == "unanswered"


# ---- bogus_premise

HEAP = passage_of("The return value is always a copy of the list. The list holds 3 items before it is sorted by name.")
SAID = "That is not what the text says. The return value is always a copy of the list."


def heap(reply):
    def answer(prompt, sample):
        return reply if "never" in prompt else "That is wrong. The list holds 3 items before it is sorted by name."

    return {"describe": "Description: A list.\nGrade: 4", "reply": answer}


def test_premises_are_contraries_of_the_passage():
    found = {one.fact: one.premise for one in altered(HEAP.text)}
    assert found["The return value is always a copy of the list"] == "The return value is never a copy of the list"
    assert found["The list holds 3 items before it is sorted by name"].startswith("The list holds 3 items after")
    assert [one.premise for one in altered("The result is a copy of all the items.")] == [
        "The result is not a copy of all the items"
    ]
    assert not list(altered("Perhaps the result is a copy of all items. It is always sorted by name in here."))


def first_fact(script, **settings):
    """The record that a seed makes of the first fact of the passage."""
    for number in range(20):
        try:
            made = run_kind("bogus_premise", HEAP, script, seeded=number, **settings)[0]
        except Rejected as rejected:
            return rejected.check
        if "never" in made.messages[0].content:
            return made
    raise AssertionError("the first fact is never drawn")


def test_a_reply_that_corrects_the_premise_passes():
    assert first_fact(heap(SAID)).messages[1].content == SAID


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        ("The return value is always a copy of the list.", "corrects"),
        ("That is not right. The list holds 3 items.", "states the fact"),
        ("No. The return value is always a copy of the list. The return value is never a copy of the list.",
         "no false premise"),
        ("That is not right. The return value is always a copy of the list, 12 return values.", "numbers"),
        (SAID + " You are right to ask, your question is great.", "no small talk"),
    ],
)  # fmt: skip
def test_a_reply_that_does_not_set_it_right_is_rejected(reply, check):
    assert first_fact(heap(reply), tries=1) == check
