"""Reading, comparing and judging what a teacher wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.agreement import same_meaning, vote
from hornbook.synthetic.catalogue import catalogue
from hornbook.synthetic.code_similarity import code_of, parse_function, similarity
from hornbook.synthetic.diversity import distinct_share, measure
from hornbook.synthetic.kind import Checks, Rejected
from hornbook.synthetic.kinds.code.code_reversal import read_instruction
from hornbook.synthetic.kinds.reading.plurality import agrees_with_itself, check_plurality
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, require_fluent, unlabelled, without_small_talk
from hornbook.synthetic.words import copied, grounded, leaked, repetition

ORIGINAL = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result"
RENAMED = "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s"
OTHER = "def total(items):\n    return open(items[0]).read().splitlines()"


def fidelity(code):
    return similarity(parse_function(ORIGINAL, "total"), parse_function(code, "total"))


def test_fidelity_ignores_names_and_sees_operations():
    assert fidelity(ORIGINAL) == 1.0 and fidelity(RENAMED) == 1.0
    assert fidelity(RENAMED.replace("+=", "*=")) < 1.0
    assert fidelity(OTHER) < 0.4


@pytest.mark.parametrize(
    "answer",
    [
        f"Sure! Here it is:\n\n```python\n{ORIGINAL}\n```\nIt adds the items.",
        f"```\n{ORIGINAL}\n",
        f"Here is the code.\n{ORIGINAL}\nThis function adds the items.",
        f"```python\n{ORIGINAL}\n\ndef unfinished(a, b",
    ],
)
def test_code_is_found_in_whatever_stands_around_it(answer):
    assert similarity(parse_function(ORIGINAL, "total"), parse_function(code_of(answer), "total")) == 1.0


@given(st.text(max_size=200))
def test_any_answer_can_be_looked_at_for_code(text):
    parse_function(code_of(text), "total")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("18", "18 apples", True),
        ("1,000", "1000", True),
        ("x = 3.0", "3", True),
        ("18", "19", False),
        ("At the root.", "the root", True),
        ("The river", "a mountain", False),
        ("3", "the root", False),
        ("Yes, it is.", "yes", True),
        ("No.", "Yes", False),
        ("", "", False),
    ],
)
def test_answers_are_compared_by_meaning(one, other, same):
    assert same_meaning(one, other) is same and same_meaning(other, one) is same


def test_votes_are_counted_over_all_answers():
    found = vote(["Answer: 4", "It is 4.\nAnswer: four", "Answer: 4.0", "5", ""])
    assert found is not None and (found.answer, found.agreeing, found.total, found.tied) == ("4", 2, 5, False)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (["4", "4", "4"], "all answers agree"),
        (["4", "5", "6"], "no two answers agree"),
        (["4", "4", "5", "5"], "two answers are equally frequent"),
        (["", "", ""], "no two answers agree"),
    ],
)
def test_questions_too_easy_too_hard_or_ambiguous_are_dropped(answers, reason):
    with pytest.raises(Rejected, match=reason):
        check_plurality(vote(answers))


def test_an_answer_that_contradicts_its_own_end_is_seen():
    assert agrees_with_itself("Yes, it is, by the passage.\nAnswer: yes")
    assert agrees_with_itself("The root is smaller.\nAnswer: no")
    assert not agrees_with_itself("Yes, it is, by the passage.\nAnswer: No.")


@given(st.lists(st.sampled_from(["3", "three", "7", "the root", "root", ""]), max_size=8))
def test_a_vote_never_claims_more_than_there_is(answers):
    found = vote(answers)
    assert found is None or (1 <= found.agreeing <= found.total == len(answers) and found.answer in answers)


def test_small_talk_around_a_text_is_taken_off():
    text = "A heap is a tree.\n\nIts root is the smallest."
    assert without_small_talk(f"Sure, here is a section:\n\n{text}\n\nI hope this helps!") == text
    with pytest.raises(Rejected, match="no small talk"):
        require_fluent(Checks(), "A tree, and I hope it helps you a lot.", (10, 100), "", "")


@pytest.mark.parametrize("text", ["```python\nx\n```", "", "total total total total total total total total"])
def test_what_is_no_instruction_is_rejected(text):
    passage = Passage(
        id="p", text=ORIGINAL, document="d", origin="o", first_line=1, last_line=5, information="function"
    )
    with pytest.raises(Rejected, match="instruction"):
        read_instruction(text, passage)
    assert read_instruction("Instruction: It adds up all the items and returns the result.", passage).startswith(
        "It adds"
    )


def test_loops_copies_and_the_prompt_s_example_are_recognised():
    source = "A telescope gathers light with a large mirror and shows faint stars."
    assert repetition("the loop goes on and " * 10) > 0.8 > 0.1 > repetition(source)
    assert copied(source, source) == 1.0 and copied("Faint stars are shown by a telescope.", source) == 0.0
    assert grounded("Telescopes gather light.", source) > 0.6 > grounded("Rivers run south.", source)
    assert leaked("In a binary heap the smallest element is light.", SHOWN, source) == 2
    with pytest.raises(Rejected, match="not the example"):
        require_fluent(Checks(), "A binary heap holds the smallest element here.", (10, 100), SHOWN, source)


@pytest.mark.parametrize("text", ["Answer: at the root", "**Answer:** at the root", " answer: at the root\n"])
def test_labels_are_taken_off(text):
    assert unlabelled(text) == "at the root"


def test_figures_of_diversity_do_not_depend_on_the_amount():
    import random

    dice = random.Random(1)
    texts = [" ".join(f"w{dice.randrange(2000)}" for _ in range(100)) for _ in range(80)]
    few, many = measure(texts[:20], 0), measure(texts, 8)
    assert abs(few["distinct_2"] - many["distinct_2"]) < 0.02
    assert many["near_duplicate_rate"] == 0.1 and many["words"]["mean"] == 100
    same = measure(["the same words again"] * 40, 39)
    assert same["distinct_2"] < 0.1 < 4 < same["compression"]
    assert measure([], 0)["records"] == 0


@given(st.lists(st.sampled_from("abc"), max_size=50), st.integers(1, 3))
def test_distinct_is_a_share(tokens, n):
    assert 0.0 <= distinct_share(tokens, n) <= 1.0


def test_the_catalogue_tells_what_a_user_needs_to_choose():
    entries = catalogue()
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names) and {"code_reversal", "plurality", "textbook", "self_revision"} <= set(names)
    for entry in entries:
        assert entry.about.endswith(".") and entry.seeds and entry.stages and entry.checks
        assert entry.calls_per_record >= len(entry.stages) - 1
        assert entry.source in ("web_rewrite", "synthetic", "code")


def test_settings_import_nothing_heavy():
    import subprocess
    import sys

    program = "import sys, hornbook.synthetic.settings; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
