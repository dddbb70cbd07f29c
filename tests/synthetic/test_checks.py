"""Reading, comparing and judging what a teacher wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.oracles.extract_code import code_in
from hornbook.synthetic.catalogue import catalogue
from hornbook.synthetic.code_similarity import parse_function, similarity
from hornbook.synthetic.diversity import distinct_share, measure
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
    assert similarity(parse_function(ORIGINAL, "total"), parse_function(code_in(answer, ["total"]), "total")) == 1.0


@given(st.text(max_size=200))
def test_any_answer_can_be_looked_at_for_code(text):
    parse_function(code_in(text, ["total"]), "total")


def test_loops_copies_and_the_prompt_s_example_are_recognised():
    source = "A telescope gathers light with a large mirror and shows faint stars."
    assert repetition("the loop goes on and " * 10) > 0.8 > 0.1 > repetition(source)
    assert copied(source, source) == 1.0 and copied("Faint stars are shown by a telescope.", source) == 0.0
    assert grounded("Telescopes gather light.", source) > 0.6 > grounded("Rivers run south.", source)
    shown = "In a binary heap the smallest element is at the root."
    assert leaked("In a binary heap the smallest element is light.", shown, source) == 3


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
