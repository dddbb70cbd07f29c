"""Every rule: a reply built to keep to it passes, one built to break it fails; what is drawn goes together."""

from itertools import combinations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.oracles.score import judge_question
from hornbook.synthetic.constraints.drawing import RULES, as_instruction, broken, draw_constraints, holds
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.constraints.parts import paragraphs, worded_sentences, written_words
from hornbook.synthetic.constraints.rule import Constraint, Topic
from tests.synthetic.constraints.replies import BROKEN, KEPT

TOPIC = Topic("Explain how water reaches the city.", ["channel", "tunnel", "arch", "spring"])
SEEDS = st.integers(0, 2**32)


def test_there_are_rules_of_every_sort_and_replies_to_test_each():
    assert len(RULES) >= 25 and RULES.keys() == KEPT.keys() == BROKEN.keys()


@pytest.mark.parametrize("name", sorted(RULES))
@given(seed=SEEDS)
def test_a_reply_that_keeps_to_a_rule_passes_and_one_that_breaks_it_fails(name, seed):
    (constraint,) = draw_constraints(np.random.default_rng(seed), TOPIC, 1, [name])
    assert holds(constraint, KEPT[name](constraint.values))
    assert not holds(constraint, BROKEN[name](constraint.values))


@pytest.mark.parametrize("name", sorted(RULES))
@given(text=st.text(max_size=60), seed=SEEDS)
def test_no_rule_stumbles_over_any_text(name, text, seed):
    (constraint,) = draw_constraints(np.random.default_rng(seed), TOPIC, 1, [name])
    assert holds(constraint, text) in (True, False)


@given(SEEDS)
def test_what_is_drawn_goes_together_and_says_its_numbers_and_words(seed):
    drawn = draw_constraints(np.random.default_rng(seed), TOPIC, 4)
    assert len(drawn) == 4
    for one, other in combinations(drawn, 2):
        assert not RULES[one.rule].conflicts(RULES[other.rule])
    for constraint in drawn:
        sentence = as_instruction(constraint)
        assert sentence[0].isupper() and "{" not in sentence
        for name in ("n", "letter", "phrase", "mark"):
            assert str(constraint.values.get(name, "")) in sentence


def test_conflicts_are_mutual_and_every_rule_conflicts_with_itself():
    for one in RULES.values():
        assert one.conflicts(one)
        for other in RULES.values():
            assert one.conflicts(other) == other.conflicts(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lower_case", "upper_case"),
        ("no_commas", "json_only"),
        ("bullets", "table"),
        ("start_phrase", "in_quotes"),
        ("end_phrase", "sentences_start"),
        ("language", "include_words"),
        ("no_digits", "numbered"),
        ("upper_case", "language"),
    ],
)
def test_what_no_reply_could_keep_to_is_never_drawn_together(one, other):
    for seed in range(8):
        assert len(draw_constraints(np.random.default_rng(seed), TOPIC, 2, [one, other])) == 1


def test_constraints_given_before_are_respected_and_the_same_seed_draws_the_same():
    before = draw_constraints(np.random.default_rng(1), TOPIC, 1, ["bullets"])
    more = draw_constraints(np.random.default_rng(2), TOPIC, 30, given=before)
    assert more == draw_constraints(np.random.default_rng(2), TOPIC, 30, given=before)
    assert not any(RULES[constraint.rule].conflicts(RULES["bullets"]) for constraint in more)
    assert draw_constraints(np.random.default_rng(3), Topic("?", []), 2, ["include_words", "word_frequency"]) == []


def test_parts_of_a_text():
    text = 'Dr No said: "It costs 3.5 kg!" Then he left.\n\n- one\n- two'
    assert worded_sentences(text) == ['Dr No said: "It costs 3.5 kg!"', "Then he left.", "- one", "- two"]
    assert len(paragraphs(text)) == 2
    assert written_words("Don't use well-known 3D _names_.") == ["Don't", "use", "well-known", "3D", "names"]


def test_the_oracle_scores_a_reply_by_the_share_it_keeps():
    constraints = [Constraint("no_commas", {}), Constraint("bullets", {"n": 2})]
    question = constraint_question("writing", "List two things.", "- one\n- two", constraints)
    assert judge_question(question, question.solution).score == 1.0
    assert judge_question(question, "- one, or two\n- three").score == 0.5
    assert broken(constraints, "one, two") == constraints
    assert judge_question(msgspec.structs.replace(question, entry="{}"), "x").failed
