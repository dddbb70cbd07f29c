"""An item of a benchmark is found however it is written, and what is common to many texts is no reason."""

import random

import pytest

from hornbook.data.benchmark_sets import load_sets
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.common_grams import CommonGrams
from hornbook.data.decontaminate import open_decontaminator
from hornbook.data.decontaminator import Decontaminator
from hornbook.data.settings import DecontaminateSettings


def item(question, *choices, right=0, answer="", tests="", number=0):
    fields = {"choices": list(choices), "answer_index": right if choices else -1, "answer": answer, "tests": tests}
    return BenchmarkItem(id=f"quiz/{number}", benchmark="quiz", split="test", question=question, **fields)


SUN = item(
    "The sun is responsible for", "puppies learning new tricks", "children growing up", "plants sprouting", "wind"
)
SURGEON = item("Sarah was a much better surgeon than Maria so _ got the easier cases.", "Sarah", "Maria", right=1)
SORT = item(
    "Sort a matrix by its rows.",
    answer="def sort_matrix(M):\n    return sorted(M, key=sum)",
    tests="assert sort_matrix([[4, 2], [1, 1]]) == [[1, 1], [4, 2]]\nassert sort_matrix([]) == []",
)
TAX = item(
    "The county levies a tax on land and on houses.\nQuestion: Who has to pay it?", answer="the owner of the land"
)
PAINT = item("How to dry paint", "Leave it in front of an open window overnight", "Put it into the freezer for a week")

WRITTEN = [  # an item, and a text that has it
    (SUN, "The sun is responsible for puppies learning new tricks, children growing up, plants sprouting, wind"),
    (SUN, "The sun is responsible for: (A) puppies learning new tricks (B) children growing up (C) plants sprouting"),
    (SUN, "The sun is responsible for\n1. puppies learning new tricks\n2. children growing up\n3. plants sprouting"),
    (SUN, "The sun is responsible for\ni) puppies learning new tricks\nii) children growing up\niii) plants sprouting"),
    (SUN, "The sun is responsible for\nA. wind\nB. children growing up\nC. plants sprouting\nD. puppies learning"),
    (SUN, "The sun is responsible for puppies learning new tricks."),
    (SURGEON, SURGEON.question),
    (SURGEON, "Sarah was a much better surgeon than Maria so Maria got the easier cases."),
    (SORT, f"{SORT.question} {SORT.tests}"),
    (SORT, SORT.answer + "\n" + SORT.tests),
    (TAX, "a tax on land and on houses.\nQuestion: Who has to pay it? The owner of the land"),
    (TAX, "Who has to pay it? The owner of the land"),
    (PAINT, "Leave it in front of an open window overnight"),
]  # fmt: skip


@pytest.mark.parametrize(("planted", "text"), WRITTEN)
def test_an_item_is_found_however_it_is_written(planted, text):
    made = Decontaminator([planted])
    around = " ".join(f"w{n}" for n in range(2000))
    for whole in (text, f"{around}\n{text}\n{around}"):
        verdict = made.verdict(whole)
        assert (verdict.label, verdict.item) == ("contaminated", "quiz/0")
        assert "".join(whole[start:end] for start, end in verdict.spans) in whole.replace(around, "")


CLEAN = [  # an item, and a text that has words of it but not the item
    (TAX, "The county levies a tax on land and on houses."),  # the passage is public
    (item("Who was the seventh president of the United States of America?"), "the president of the United States of"),
    (item("Fill in.", answer=" ".join(map(str, range(1, 40)))), " ".join(map(str, range(1, 40)))),
    (item("a, b, c, a, b, c, a, b, c?", "a", "b"), "a b c a b c a b c a b c"),
    (item("The sun.", "1", "2"), "The sun. 1 2"),  # less than seven words
]


@pytest.mark.parametrize(("known", "text"), CLEAN)
def test_what_is_not_the_item_is_not_contaminated(known, text):
    around = " ".join(f"w{n}" for n in range(2000))
    assert Decontaminator([known]).verdict(f"{around} {text} {around}").label != "contaminated"


def test_items_that_are_too_short_are_counted():
    items = [item("Who?", answer="Ann"), item("Why?", "Yes", "No"), SUN]
    assert Decontaminator(items).too_short == {"quiz": 2}


def test_what_many_items_ask_is_no_reason():
    asked = "Which of the following statements is true?"
    items = [item(asked, *(f"fact {n} x{c} of the matter" for c in range(4)), number=n) for n in range(5)]
    text = f"{asked} {' '.join(f'w{n}' for n in range(100))}"
    assert Decontaminator(items, boilerplate=5).verdict(text).label == "clean"
    assert Decontaminator(items, boilerplate=6).verdict(text).label == "contaminated"
    copied = "\n".join([items[3].question, *items[3].choices])
    assert Decontaminator(items, boilerplate=5).verdict(copied).item == "quiz/3"


def test_a_question_that_is_common_in_the_corpus_is_still_found():
    draw = random.Random(0)
    questions = [question.question for question in load_sets("gsm8k")[:40]]
    filler = [f"word{n}" for n in range(3000)]
    texts = [" ".join(draw.choices(filler, k=300)) + "\n" + question for question in questions for _ in range(21)]
    settings = DecontaminateSettings(against=["gsm8k"])
    verdicts = open_decontaminator(settings, [texts[:400], texts[400:]]).verdicts(texts)
    assert sum(verdict.label == "contaminated" for verdict in verdicts) == 840


def test_counts_of_parts_of_a_corpus_are_those_of_the_whole(tmp_path):
    phrase = " ".join(f"p{n}" for n in range(13))
    made = Decontaminator([item(f"{phrase} {' '.join(f'q{n}' for n in range(40))}")])
    texts = [f"{phrase} {phrase} x{n}" if n % 4 == 0 else f"x{n}" for n in range(100)]
    whole, merged = made.count_common(texts), CommonGrams()
    for part, start in enumerate(range(0, 100, 30)):
        made.count_common(texts[start : start + 30]).save(tmp_path / f"{part}.npz")
        merged.merge(CommonGrams.load(tmp_path / f"{part}.npz"))
    assert whole.documents == merged.documents == 100
    for documents, found in ((25, 1), (26, 0)):
        assert len(whole.common(documents)) == len(merged.common(documents)) == found


SHARES = [  # setting, whether the phrase in 25 of 100 texts is allowed
    ({"common_share": 0.25}, True),
    ({"common_share": 0.26}, False),
    ({"common_share": 0.0}, False),
    ({"common_share": 0.01, "common_documents": 26}, False),
]


@pytest.mark.parametrize(("shares", "allowed"), SHARES)
def test_what_is_common_is_a_share_of_the_corpus(shares, allowed, tmp_path):
    phrase = " ".join(f"p{n}" for n in range(13))
    (tmp_path / "quiz.jsonl").write_text(f'{{"text": "{phrase} {" ".join(f"q{n}" for n in range(90))}"}}')
    texts = [" ".join([phrase, *(f"w{n}x{k}" for k in range(90))]) if n % 4 == 0 else "none" for n in range(100)]
    settings = DecontaminateSettings(against=[str(tmp_path / "quiz.jsonl")], **shares)
    assert (open_decontaminator(settings, [texts]).verdict(texts[0]).label == "clean") == allowed
