"""The text of an answer, as strong models write them: what stands around it goes, what belongs to it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.answers import text_of
from hornbook.synthetic.kind import Rejected

TEXT = "The mill was built in 1842.\n\nIt ground rye until it burned down."
HELP = "Let me know if you need anything else!"
BOOKS = "First we count the books:\n\n5 × 12 = 60.\n\nAnswer: 60"

AROUND = {  # what stands around TEXT in any answer; the text is written {}
    "nothing": "{}",
    "space": "\n\n  {}  \n\n",
    "tags": "<text>\n{}\n</text>",
    "tags on its lines": "<text>{}</text>",
    "tags that were not closed": "<text>\n{}",
    "tags and a preamble": "Sure! Here is the text:\n\n<text>\n{}\n</text>",
    "tags and more": "Here is the text.\n\n<text>\n{}\n</text>\n\n" + HELP,
    "tags of a document": "<document>\n{}\n</document>",
    "tags of an answer": "<answer>\n{}\n</answer>",
    "tags of an answer and a preamble": "Certainly! Here you are.\n\n<answer>\n{}\n</answer>",
    "thinking": "<think>\nThey want a text. First:\n\nthe mill.\n</think>\n\n{}",
    "thinking that the template opened": "They want a text about a mill.\n</think>\n\n{}",
    "thinking, then tags": "<think>\n<text>draft</text>\n</think>\n<text>\n{}\n</text>",
    "a fence": "```\n{}\n```",
    "a fence of tildes": "~~~\n{}\n~~~",
    "a fence with a label": "```markdown\n{}\n```",
    "a fence with any label around all": "```latex\n{}\n```",
    "a preamble and a fence": "Sure! Here it is:\n\n```\n{}\n```",
    "a preamble, a fence, a closing": "Here you are:\n```text\n{}\n```\n" + HELP,
    "a preamble without a colon and a fence": "Certainly, here is the section.\n\n```md\n{}\n```",
    "rules": "---\n\n{}\n\n---",
    "a preamble and a rule": "Here is the section:\n\n---\n\n{}",
    "a preamble, rules, a closing": "Of course!\n\n***\n\n{}\n\n***\n\n" + HELP,
    "a rule of lines below": "Voici le texte.\n\n___\n\n{}\n\n___\n\nN'hésitez pas à demander autre chose.",
}
BEFORE = {  # where a preamble may be
    "English": "Sure! Here's a section about the mill:\n\n{}",
    "bold": "**Here is the section:**\n\n{}",
    "German": "Gerne! Hier ist der Abschnitt über die Mühle:\n\n{}",
    "French": "Bien sûr ! Voici le texte :\n\n{}",
    "Spanish": "¡Claro! Aquí tienes el texto:\n\n{}",
    "Russian": "Конечно! Вот текст:\n\n{}",
    "Chinese": "好的，以下是这段文字：\n\n{}",
    "Japanese": "承知しました。以下が本文です：\n\n{}",
    "Arabic": "بالتأكيد! إليك النص:\n\n{}",
    "Hindi": "ज़रूर! यह रहा पाठ:\n\n{}",
}
KEPT = {  # texts of which nothing is taken off, whether a preamble may be there or not
    "a list after a colon": "A mill needs three things:\n\n- water\n- stones\n- rye",
    "numbers after a colon": "Go on like this:\n\n1. Open the gate.\n2. Fill in the rye.",
    "a formula after a colon": "The power of the water is:\n\n$$P = Q h g$$\n\nIt moves the stone.",
    "a fence inside": "A loop adds them up.\n\nIt is short.\n\n```\nfor x in xs:\n```\n\nIt ends by itself.",
    "code inside": "Use a loop:\n\n```python\nfor x in xs:\n    s += x\n```\n\nIt ends by itself.",
    "two fences": "Before:\n\n```\na\n```\n\nAfter:\n\n```\nb\n```",
    "a heading and a rule": "# The mill\n\n---\n\nIt was built in 1842.",
    "a title and a rule": "The Mill on the Aune\n\n---\n\nIt was built in 1842.",
    "an underlined heading": "The mill.\n---\n\nIt was built in 1842.\n\nIt burned.\n---\n\nIn 1901.",
    "a rule between parts": "It was built in 1842. " * 15 + "\n\n---\n\nIt burned in 1901.",
    "an element of a page": "A label in a drawing is <text>mill</text>, as in a page.",
    "tags far below": "It was built in 1842.\n\nIn a drawing:\n\n<text>mill</text>",
    "an answer in tags": "5 × 12 = 60 books are there.\n<answer>60</answer>",
    "an answer after a colon": "There are:\n5 × 12 = 60\nAnswer: 60",
    "a colon in a sentence": "It ground one thing: rye.\n\nIt burned down.",
    "a long first paragraph": "It was built in 1842. " * 15 + "So this was left:\n\nA wall.",
}
OWN = {  # begins with a paragraph that ends in a colon: the text's own, unless the caller says otherwise
    "a solution": BOOKS,
    "a reply": "Good question, and the answer is yes:\n\nThe mill ground rye.",
    "one in bold": "**Step 1: count the books:**\n\n5 × 12 = 60.\n\nAnswer: 60",
    "one in German": "Zuerst zählen wir die Bücher:\n\n5 × 12 = 60.",
}
LABELLED = [  # of a question
    "What did it grind?",
    "Question: What did it grind?",
    "**Question:** What did it grind?",
    "**Question**: What did it grind?",
    "**Question: What did it grind?**",
    "Question：What did it grind?",
    "### Question\n\nWhat did it grind?",
    "**Question**\nWhat did it grind?",
    "Question:\n\nWhat did it grind?",
    "Sure! Here is one:\n\n**Question:** What did it grind?",
    "<text>\nQuestion: What did it grind?\n</text>",
    "```\nquestion: What did it grind?\n```",
]


@pytest.mark.parametrize("preamble", [True, False])
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_what_stands_around_a_text_is_taken_off(around, preamble):
    assert text_of(around.format(TEXT), preamble=preamble) == TEXT


@pytest.mark.parametrize("around", BEFORE.values(), ids=BEFORE)
def test_a_preamble_is_taken_off_where_there_may_be_one(around):
    assert text_of(around.format(TEXT)) == TEXT
    assert text_of(around.format(TEXT), preamble=False) == around.format(TEXT)


@pytest.mark.parametrize("preamble", [True, False])
@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_belongs_to_a_text_stays(text, preamble):
    assert text_of(text, preamble=preamble) == text.strip()
    assert text_of(f"<text>\n{text}\n</text>", preamble=preamble) == text.strip()


@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_solutions_and_replies_keep_a_first_paragraph_that_ends_in_a_colon(text):
    assert text_of(text, preamble=False) == text
    for around in ("<text>\n{}\n</text>", "Here it is:\n\n```\n{}\n```", "Here it is:\n\n---\n\n{}\n\n---\n\nDone!"):
        assert text_of(around.format(text), preamble=False) == text
    assert text_of(f"<text>{text}</text>") == text


@pytest.mark.parametrize("answer", LABELLED)
def test_a_label_that_was_asked_for_is_taken_off(answer):
    assert text_of(answer, label="Question") == "What did it grind?"


def test_a_text_in_a_labelled_fence_keeps_fences_of_its_own():
    text = "Use a loop:\n\n```python\ns += x\n```\n\nIt ends by itself."
    assert text_of(f"Sure!\n\n```markdown\n{text}\n```\n\n{HELP}") == text
    assert text_of(f"```python\n{text}\n```", fenced=True).startswith("```python")


@pytest.mark.parametrize("answer", ["", " \n", "<think>What is it? Rye, or", "<text>\n</text>", "```\n\n```"])
def test_an_answer_without_a_text_is_rejected(answer):
    with pytest.raises(Rejected) as rejected:
        text_of(answer)
    assert rejected.value.check == "finished"


@given(st.text(alphabet="ab:`\n-<>/text# *", max_size=60), st.booleans())
def test_any_answer_gives_a_part_of_itself_or_is_rejected(answer, preamble):
    try:
        text = text_of(answer, label="a", preamble=preamble)
    except Rejected:
        return
    assert text and text in answer.replace("\r\n", "\n")
