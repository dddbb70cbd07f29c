"""Rewrites of web text: what is kept, and what each check turns away."""

import json

import pytest

from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.web.discussion import discussion_of
from tests.synthetic.kinds.scripted import passage_of, run_kind

AQUEDUCT = (
    "An aqueduct is a channel that carries water from a distant spring to a city. Because water only flows "
    "downhill, the "
    "channel must fall steadily along its whole length. The engineers of the old aqueducts let the channel fall "
    "by about "
    "30 centimetres in each kilometre. Arches carried the channel over valleys, and tunnels led it through mountains."
)
SUMMARY = (
    "Aqueducts carry water from distant springs to a city. The channel must fall steadily, as water flows downhill."
)
TEXTBOOK = (
    "Water cannot climb, so engineers who bring it to a city give their channel a steady fall. An aqueduct starts at a "
    "distant spring; where there are valleys it stands on arches, and tunnels take it through the mountains."
)
SIMPLE = (
    "An aqueduct is a channel for water. It starts at a spring. It ends in a city. The water flows downhill. So the "
    "channel has to fall all the way. It has arches over valleys. It has tunnels through mountains."
)


@pytest.fixture
def passage():
    return passage_of(AQUEDUCT)


def test_a_section_of_a_textbook_says_it_in_other_words(passage):
    (made,) = run_kind("textbook", passage, {"rewrite": f"Here is a section:\n\n{TEXTBOOK}"})
    assert made.text == TEXTBOOK
    with pytest.raises(Rejected, match="not a copy"):
        run_kind("textbook", passage, {"rewrite": AQUEDUCT})
    with pytest.raises(Rejected, match="key terms"):
        run_kind("textbook", passage, {"rewrite": TEXTBOOK}, min_terms=0.99)


def test_an_exercise_has_a_solution(passage):
    question = "Why must the channel of an aqueduct fall steadily?"
    solution = "Water flows downhill only, and the channel carries it from a spring to the city by that fall alone."
    script = {"question": f"Question: {question}", "solve": f"Answer: {solution}"}
    (made,) = run_kind("exercise", passage, script)
    assert [message.content for message in made.messages] == [question, solution]
    with pytest.raises(Rejected, match="question"):
        run_kind("exercise", passage, script | {"question": "Question: Who painted the ceiling of the chapel?"})


def test_a_discussion_ends_where_it_turns_in_circles():
    good = ["Student: What is a heap?", "Teacher: A tree.", "Student: And the root?", "Teacher: The smallest."]
    text = "\n\n".join(good)
    assert discussion_of(text) == "\n".join(good)
    assert discussion_of(text + "\nTeacher: Twice in a row.") == discussion_of(text + "\nStudent: What is a heap?")
    assert discussion_of(text + "\nThis was a dialogue.") == "\n".join(good)
    with pytest.raises(Rejected, match="3 turns"):
        discussion_of("\n".join([*good[:3], good[1]]))


def test_a_summary_is_shorter_and_adds_nothing(passage):
    script = {"summary": [SUMMARY], "headline": "Headline: How aqueducts carry water to a city"}
    (made,) = run_kind("summary", passage, script)
    assert made.messages[1].content == f"How aqueducts carry water to a city\n\n{SUMMARY}"


@pytest.mark.parametrize(
    ("summary", "check"),
    [
        (f"{SUMMARY.split('. ')[0]}. The channel must fall by 40 centimetres in each kilometre.", "numbers"),
        ("The aqueduct carries water. " + "The channel must fall steadily along its whole length, from spring to city, "
         "over valleys and through mountains, on arches and in tunnels, since water flows downhill only, and "
         "engineers of "
         "old aqueducts let it fall in each kilometre by some centimetres, about thirty.", "shorter"),
        ("Aqueducts carry water to a city. Emperors loved marble palaces and expensive wine.", "groundedness"),
        ("Aqueducts carry water, which flows downhill in a channel.", "form"),
    ],
)  # fmt: skip
def test_summaries_that_invent_or_go_on_are_rejected(passage, summary, check):
    with pytest.raises(Rejected, match=check):
        run_kind("summary", passage, {"summary": summary, "headline": "Aqueducts carry water"})


def test_a_bad_summary_is_tried_again(passage):
    script = {"summary": ["Water.", SUMMARY], "headline": ["Marble palaces of emperors", "Water for a city"]}
    (made,) = run_kind("summary", passage, script, tries=2)
    assert made.messages[1].content.startswith("Water for a city")
    with pytest.raises(Rejected, match="form"):
        run_kind("summary", passage, script, tries=1)


LONG_SIMPLE = f"{SIMPLE} Stone by stone, people built it so that it always leans a little to the city."
FENCED = f"<think>Water.</think>\n\n```\n{LONG_SIMPLE}\n```"


def test_a_simplification_is_written_in_other_words_and_whole(passage):
    settings = {"verified": False, "tokens": [40, 400]}
    for said in (
        LONG_SIMPLE,
        f"Sure! Here it is:\n\n{LONG_SIMPLE}",
        f"<think>Water.</think>\n\n```\n{LONG_SIMPLE}\n```",
    ):
        (made,) = run_kind("simplification", passage, {"write": said}, **settings)
        assert made.text == LONG_SIMPLE
    with pytest.raises(Rejected, match="own words"):
        run_kind("simplification", passage, {"write": AQUEDUCT}, **settings)
    with pytest.raises(Rejected, match="length"):
        run_kind("simplification", passage, {"write": "Water falls."}, **settings)


def reasoning(*premises, steps=("The water has to flow downhill all the way to the city.",)):
    return json.dumps({"premises": premises, "steps": steps})


def test_reasoning_is_laid_out_from_premises_to_the_conclusion_of_the_passage(passage):
    answer = reasoning("An aqueduct carries water from a distant spring to a city.")
    (made,) = run_kind("structured_reasoning", passage, {"reason": answer})
    assert made.messages[1].content == (
        "Premises:\n- Water only flows downhill.\n- An aqueduct carries water from a distant spring to a city.\n\n"
        "Steps:\n1. The water has to flow downhill all the way to the city.\n\n"
        "Conclusion: The channel must fall steadily along its whole length."
    )


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (reasoning("Emperors loved marble and built palaces."), "premises"),
        (reasoning("Water flows only downhill, it does."), "steps: 1 premises"),
        (reasoning("An aqueduct carries water to a city.", steps=["Palaces of marble shine in sunlight."]), "grounded"),
        (reasoning("The channel fell by 55 centimetres in each kilometre."), "premises"),
        (reasoning("An aqueduct carries water to a city.", steps=["Water flows 55 centimetres downhill."]), "numbers"),
        ("I see no reasoning here.", "form"),
    ],
)
def test_reasoning_from_elsewhere_is_rejected(passage, answer, check):
    with pytest.raises(Rejected, match=check):
        run_kind("structured_reasoning", passage, {"reason": answer})


def test_where_the_text_states_no_step_the_teacher_names_one_that_is_verified():
    plain = passage_of(AQUEDUCT.replace("Because water only flows downhill, the", "Water only flows downhill. The"))
    assert not plain.has_chain
    found = {"assumption": "water only flows downhill", "conclusion": "the channel must fall steadily"}
    answer = reasoning("An aqueduct carries water from a distant spring to a city.")
    (made,) = run_kind("structured_reasoning", plain, {"chain": json.dumps(found), "reason": answer})
    assert "Conclusion: The channel must fall steadily." in made.messages[1].content
    assert plain.has_chain and plain.chain[0].assumption == "water only flows downhill"
    for wrong in ({"conclusion": "the emperor must pay for it"}, {"conclusion": "the channel must not fall steadily"}):
        with pytest.raises(Rejected, match="chain"):
            run_kind("structured_reasoning", plain, {"chain": json.dumps(found | wrong), "reason": answer})


QUESTIONS = {
    "What": ("What carried the channel over valleys?", "Arches carried the channel of an aqueduct over valleys."),
    "How": (
        "How far did the old channels fall?",
        "They let the channel fall by about 30 centimetres in each kilometre.",
    ),
    "Why": ("Why must the channel fall?", "Water only flows downhill, along the whole length."),
}


def faq_script(**changes):
    entries = QUESTIONS | changes
    opening = dict(entries.values())
    return {
        "question": lambda prompt, sample: next(
            (q for word, (q, _) in entries.items() if f'"{word}"' in prompt), "No."
        ),
        "answer": lambda prompt, sample: next(answer for question, answer in opening.items() if question in prompt),
    }


def test_questions_often_asked_are_distinct_and_answered_from_the_passage(passage):
    (made,) = run_kind("faq", passage, faq_script())
    assert made.text.split("\n\n") == [f"Q: {question}\nA: {answer}" for question, answer in QUESTIONS.values()]
    invented = faq_script(Why=("Why must the channel fall?", "Emperors loved to look at falling water in gardens."))
    with pytest.raises(Rejected, match="2 of 3"):
        run_kind("faq", passage, invented)
    beside = faq_script(How=("How far did the channel fall?", "Tunnels led the water through mountains."))
    with pytest.raises(Rejected, match="2 of 3"):
        run_kind("faq", passage, beside)
    with pytest.raises(Rejected, match="2 of 3"):
        run_kind("faq", passage, faq_script(How=QUESTIONS["What"]))


DEFINITIONS = {
    "channel": "what must fall steadily along its whole length, because water only flows downhill",
    "aqueduct": "a channel that carries water from a distant spring to a city.",
    "arches": "what carried the channel over valleys",
}


def test_a_glossary_keeps_the_definitions_that_the_passage_bears_out(passage):
    def define(prompt, sample):
        return next((text for term, text in DEFINITIONS.items() if f'"{term}"' in prompt), "a thing made of marble")

    (made,) = run_kind("glossary", passage, {"define": define}, terms=24, entries=2)
    assert "aqueduct: a channel that carries water from a distant spring to a city." in made.text.split("\n")
    assert "marble" not in made.text
    with pytest.raises(Rejected, match="entries: 0 of 2"):
        run_kind("glossary", passage, {"define": "a thing made of marble by emperors"}, entries=2)
