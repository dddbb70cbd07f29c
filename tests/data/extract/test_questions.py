"""Questions with their answers, out of documents in Markdown. Add a row for a form that is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.data.extract.questions import find_questions
from hornbook.data.readers.documents import new_document

FORMS = [  # name, text, (task, prompt, answer) of each question
    (
        "Q and A",
        "Q: How long does a tide last?\nA: About six hours.\n\nTwelve for both.\n\nQ: And the neap?\nA: Too.",
        [
            ("faq", "How long does a tide last?", "About six hours.\n\nTwelve for both."),
            ("faq", "And the neap?", "Too."),
        ],
    ),
    (
        "bold Q and A with numbers",
        "**Q1.** What moves the sea?\n\n**A1.** The moon.",
        [("faq", "What moves the sea?", "The moon.")],
    ),
    (
        "words",
        "Question 3: What moves it?\nAnswer: The moon.\n\n# End\n\nNot in it.",
        [("faq", "What moves it?", "The moon.")],
    ),
    (
        "headings of a FAQ",
        "# FAQ\n\n## 1.1 Why are there two?\n\nBecause.\n\n- A list.\n\n## 1.2 What is a neap?\n\nWeak.",
        [("faq", "Why are there two?", "Because.\n\n- A list."), ("faq", "What is a neap?", "Weak.")],
    ),
    (
        "a chapter that asks",
        "# What is a tide?\n\n## Who predicts it?\n\nKelvin did.",
        [("faq", "Who predicts it?", "Kelvin did.")],
    ),
    (
        "bold questions",
        "**Where is the highest tide?**\n\nIn Fundy.\n\n**Who measured it?**\n\nNobody.",
        [("faq", "Where is the highest tide?", "In Fundy."), ("faq", "Who measured it?", "Nobody.")],
    ),
    (
        "code in an answer",
        "## How do I print a heading?\n\n```\n# Is this one?\n```",
        [("faq", "How do I print a heading?", "```\n# Is this one?\n```")],
    ),
    (
        "exercise and solution",
        "**Exercise 3.1** Compute the mean of 2 and 4.\n\n**Solution.** Half the sum.\n\nAnswer: 3",
        [("exercise", "Compute the mean of 2 and 4.", "3")],
    ),
    (
        "solutions later",
        "Exercise 1. Why is it so?\n\nExercise 2. Who says that?\n\n## Solutions\n\nExercise 3. No answer to this.\n\n"
        "Solution to Exercise 2. Newton.",
        [("exercise", "Who says that?", "Newton.")],
    ),
    (
        "headings of exercises",
        "### Problem 4\n\nProve that it is even.\n\n#### Solution\n\nIt is twice two.",
        [("exercise", "Prove that it is even.", "It is twice two.")],
    ),
    (
        "lists",
        "## Exercises\n\n1. What is two plus two?\n2. Name the largest\n   planet of all.\n3. No answer to this.\n\n"
        "## Answers\n\n1. 4\n2. Jupiter",
        [("exercise", "What is two plus two?", "4"), ("exercise", "Name the largest\nplanet of all.", "Jupiter")],
    ),
    (
        "forum",
        "# Reverse a list\n\n**alice** asked on 2020-01-02:\n\nHow is it done?\n\n**bob** replied to **carol**:\n\n"
        "Thanks.\n\n**dave** replied to **alice**:\n\nUse reversed.",
        [("forum", "Reverse a list\n\nHow is it done?", "Use reversed.")],
    ),
    (
        "questions and answers",
        "# Reverse a list\n\nHow is it done?\n\n## 2 Answers\n\n### Answer by bob\n\nNo idea.\n\n"
        "### Accepted answer by eve\n\nUse reversed.",
        [("forum", "Reverse a list\n\nHow is it done?", "Use reversed.")],
    ),
    ("no answer", "## What is missing here?\n\n## What is there?\n\nThis.", [("faq", "What is there?", "This.")]),
    ("prose", "# Tides\n\nWhy do they come? Nobody asked. Solution: none.\n\n## More\n\nText.", []),
]


def found(text):
    return find_questions(new_document(text, "a.md", "web", "prose"))


@pytest.mark.parametrize(("name", "text", "expected"), FORMS, ids=[row[0] for row in FORMS])
def test_questions_of_all_forms(name, text, expected):
    assert [(one.task, one.prompt, one.answer) for one in found(text)] == expected


def test_a_question_names_its_document_and_keeps_the_worked_solution():
    document = new_document(FORMS[7][1], "a.md", "web", "prose")
    (question,) = find_questions(document)
    assert question.parents == [document.id]
    assert question.solution == "Half the sum.\n\nAnswer: 3"


@given(
    st.lists(
        st.sampled_from(["# ", "**", "Q: ", "A: ", "Exercise 1. ", "Solution. ", "1. ", "?", "\n", "word ", "```"])
    )
)
def test_any_text_is_read(pieces):
    for question in found("".join(pieces)):
        assert question.prompt.strip() and question.answer.strip()


@pytest.mark.parametrize(
    "text", ["# a?\n" * 5_000, "Q: a b c d e f g\n" * 5_000, " " * 20_000, "**" * 10_000, "Answer " * 3_000]
)
def test_long_texts_take_little_time(text):
    found(text)


def test_the_stage_writes_each_question_once_with_its_document(tmp_path):
    for number in (1, 2):
        (tmp_path / f"{number}.md").write_text(FORMS[3][1] + f"\n\n# End {number}\n", encoding="utf-8")
    (tmp_path / "prose.md").write_text("Nobody asks anything here.", encoding="utf-8")
    done = hornbook.collect_questions(tmp_path, out=tmp_path / "out")
    assert [(one.task, one.answer) for one in done.questions] == [("faq", "Because.\n\n- A list."), ("faq", "Weak.")]
    assert all(len(one.parents) == 1 for one in done.questions)
    assert done.counts == {"documents_with_questions": 2, "records_in": 3, "records_out": 2}


def test_documents_without_questions_are_an_error_of_one_line(tmp_path):
    (tmp_path / "prose.md").write_text("Nobody asks anything here.", encoding="utf-8")
    with pytest.raises(HornbookError, match="none of 1 documents asks a question"):
        hornbook.collect_questions(tmp_path / "prose.md", out=tmp_path / "out")
