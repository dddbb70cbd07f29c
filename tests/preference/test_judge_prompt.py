import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.preference.judge_prompt import LONGEST_REPLY, Grades, grading_messages, parse_grades
from hornbook.preference.pairing import best_against_worst, rank_agreement

grades = st.lists(st.integers(1, 5).map(float), max_size=12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Faults: too short.\nAccuracy: 4\nStyle: 3\nDetail: 2", Grades("too short.", 4, 3, 2)),
        ("**Accuracy**: 4/5, **style** - 3 / 5, **detail** = 2 out of 5", Grades("", 4, 3, 2)),
        ("None. I give the accuracy a grade of 5. Style: 4.5. Detail: 1", Grades("None. I give the", 5, 4.5, 1)),
        ("The sum is wrong. Grades: accuracy 1, style 4, detail 2.", Grades("The sum is wrong", 1, 4, 2)),
        ("Accuracy (1-5): 4\nStyle (1-5): 3\nDetail (1-5): 5", Grades("", 4, 3, 5)),
        ("Accuracy on a scale of 1 to 5: 4, style: 3, detail: 5", Grades("", 4, 3, 5)),
        ("accuracy, style and detail: 4, 3, 5", Grades("", 4, 3, 5)),
        ("Accuracy: four. Style: three. Detail: five.", Grades("", 4, 3, 5)),
        ("| accuracy | 4 |\n| style | 3 |\n| detail | 5 |", Grades("", 4, 3, 5)),
        ('{"accuracy": 4, "style": 3, "detail": 5}', Grades("", 4, 3, 5)),
        ("Accuracy seems 2, but no: accuracy 5, style 4, detail 4", Grades("", 5, 4, 4)),
        ("<think>accuracy 1, style 1, detail 1</think>accuracy 5, style 5, detail 5", Grades("", 5, 5, 5)),
        ("<think>accuracy 1, style 1, detail 1", None),  # no answer
        ("Accuracy 5/5, in detail 3 steps are shown, style 4, detail 2", Grades("", 5, 4, 2)),
        ("accuracy 3\nstyle 3\n", None),  # no detail
        ("Accuracy: 9\nStyle: 3\nDetail: 2", None),  # not on the scale
        ("Accuracy: 4/10\nStyle: 3\nDetail: 2", None),  # another scale
        ("The reply is accurate and has style and detail.", None),
        ("", None),
    ],
)
def test_a_judgement_is_read_however_it_is_put(text: str, expected: Grades | None) -> None:
    assert parse_grades(text) == expected


@given(st.text())
def test_parsing_never_raises_and_stays_on_the_scale(text: str) -> None:
    found = parse_grades(text)
    assert found is None or all(1 <= grade <= 5 for grade in (found.accuracy, found.style, found.detail))


@given(st.tuples(*[st.integers(1, 5)] * 3), st.sampled_from([": ", " is ", " - ", "=", ": **"]))
def test_grades_are_read_back(given_grades: tuple[int, int, int], mark: str) -> None:
    text = "\n".join(
        f"{name}{mark}{grade}" for name, grade in zip(("Accuracy", "Style", "Detail"), given_grades, strict=True)
    )
    found = parse_grades(f"Faults: 3 wrong steps\n{text}")
    assert found == Grades("3 wrong steps", *given_grades)


def test_the_judge_sees_question_and_reply_last() -> None:
    messages = grading_messages("What is 1 + 1?", "Two")
    assert [message.role for message in messages] == ["user", "assistant"] * 3 + ["user"]
    assert "What is 1 + 1?" in messages[-1].content and "Two" in messages[-1].content


@given(grades, st.integers(1, 6), st.data())
def test_pairs_are_strict_disjoint_and_won_by_who_can(values: list[float], most: int, data: st.DataObject) -> None:
    can_win = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    tokens = data.draw(st.lists(st.lists(st.integers(0, 2)), min_size=len(values), max_size=len(values)))
    pairs = best_against_worst(values, can_win, most, tokens)
    used = [index for pair in pairs for index in pair]
    assert len(pairs) <= most and len(set(used)) == len(used)
    assert all(values[better] > values[worst] and can_win[better] for better, worst in pairs)
    best = max((value for value, can in zip(values, can_win, strict=True) if can), default=None)
    if best is not None and best > min(values):
        assert pairs and values[pairs[0][0]] == best and values[pairs[0][1]] == min(values)


def test_of_equal_replies_those_are_paired_that_differ_last() -> None:
    tokens = [[1, 2, 3], [1, 2, 4, 5], [7], [1, 2, 4, 6], [1, 9]]
    assert best_against_worst([5, 5, 5, 1, 1], [True] * 5, 2, tokens) == [(1, 3), (0, 4)]
    assert best_against_worst([5, 5, 5, 1, 0], [True] * 5, 1, tokens) == [(0, 4)]  # the worst is wanted, however far


@given(grades)
def test_agreement_with_itself_its_opposite_and_with_nothing(values: list[float]) -> None:
    assert all(agreed == 1 for agreed in rank_agreement(values, values))
    assert all(agreed == 0 for agreed in rank_agreement(values, [-value for value in values]))
    assert all(agreed == 0.5 for agreed in rank_agreement(values, [3.0] * len(values)))


def test_of_a_long_reply_the_judge_sees_the_end_and_is_told_of_the_cut() -> None:
    reply = "We compute step by step. " * 90 + "\nAnswer: 42"
    shown = grading_messages("What is 6 * 7?", reply)[-1].content
    assert shown.endswith("Answer: 42") and "Reply: We compute" in shown
    assert f"[... {len(reply) - LONGEST_REPLY} characters cut ...]" in shown
