"""A few questions of our own in the columns of each chat task, with a right and a wrong reply to the first of them."""

from typing import Any, NamedTuple

PLUS = {
    "prompt": 'def plus(a: int, b: int) -> int:\n    """The sum."""\n',
    "entry_point": "plus",
    "test": "def check(candidate):\n    assert candidate(2, 3) == 5\n    assert candidate(-1, 1) == 0\n",
}
BOAT = "The boat left in 1901 with 40 men. It came back in 1903 with 38."
GOLD = {"Correct Answer": "two", **{f"Incorrect Answer {n}": f"wrong {n}" for n in (1, 2, 3)}}
AMC = {"problem": "1 + 1?", "choices": ["0", "1", "2", "3", "4"], "answer": "C"}


class Example(NamedTuple):
    """Rows of a task, and (reply to the first question, metric, value) for some replies."""

    rows: list[dict[str, Any]]
    replies: list[tuple[str, str, float]]


EXAMPLES = {
    "chat_mmlu": Example(
        [{"question": "1 + 1?", "choices": ["1", "2", "3", "4"], "answer": 1, "subject": "sums"}],
        [
            ("It is two.\nAnswer: B", "acc", 1.0),
            ("**Answer: $B$**", "acc", 1.0),
            ("answer: \\boxed{B}", "acc", 1.0),
            ("Answer: A", "acc", 0.0),
            ("Answer: A\nNo, wait.\nAnswer: B", "acc", 0.0),  # the first one counts
            ("It is B.", "acc", 0.0),
            ("", "acc", 0.0),
        ],
    ),
    "chat_mmlu_pro": Example(
        [{"question": "1 + 1?", "options": [str(n) for n in range(10)], "answer_index": 2, "category": "sums"}],
        [("Answer: C", "acc", 1.0), ("Answer: J", "acc", 0.0)],
    ),
    "chat_math": Example(
        [{"problem": "What is a half of three?", "answer": "\\frac{3}{2}"}],
        [
            ("So,\nAnswer: $\\frac{3}{2}$", "acc", 1.0),
            ("Answer: 1.5", "acc", 1.0),
            ("Answer: 3/2", "acc", 1.0),
            ("Answer: 2", "acc", 0.0),
            ("\\boxed{3/2}", "acc", 0.0),  # the form was asked for
        ],
    ),
    "chat_mgsm": Example(
        [
            {"question": "Wie viel ist 20 + 22?", "answer": 42, "language": "de"},
            {"question": "20 + 22 = ?", "answer": 42, "language": "en"},
            {"question": "1 + 1 = ?", "answer": "2", "language": "en"},
        ],
        [
            ("Also\nAntwort: 42", "acc", 1.0),
            ("Antwort: 42.0", "acc_de", 1.0),
            ("Antwort: 1,042", "acc", 0.0),
            ("Answer: 42", "acc", 0.0),  # asked in German
        ],
    ),
    "chat_simpleqa": Example(
        [{"problem": "Who wrote Faust?", "answer": "Goethe"}],
        [
            ("It was Goethe.", "correct", 1.0),
            ("It was Schiller.", "incorrect", 1.0),
            ("I do not know.", "not_attempted", 1.0),
        ],
    ),
    "chat_drop": Example(
        [
            {"passage": BOAT, "question": "How many men came back?", "answers": ["38", ["38 men"]]},
            {"passage": "A cow ate grass.", "question": "What ate grass?", "answers": [["A cow"]]},
        ],
        [
            ("Answer: 38", "em", 1.0),
            ("Answer: 38 men", "f1", 1.0),
            ("Answer: 40", "f1", 0.0),
            ("38", "em", 1.0),
        ],
    ),
    "chat_humaneval": Example(
        [{"task_id": "HumanEval/0", **PLUS}],
        [
            ("```python\ndef plus(a: int, b: int) -> int:\n    return a + b\n```", "pass@1", 1.0),
            ("    return a + b\n", "pass@1", 1.0),
            ("```python\ndef plus(a, b):\n    return a - b\n```", "pass@1", 0.0),
            ("```python\nimport os\nos._exit(0)\n```", "pass@1", 0.0),
        ],
    ),
    "chat_ifeval": Example(
        [
            {
                "key": 1,
                "prompt": "Say hello, without commas, in at least five words.",
                "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
                "kwargs": [{}, {"relation": "at least", "num_words": 5}],
            }
        ],
        [
            ("hello my dear old friend", "prompt_level_strict_acc", 1.0),
            ("hello, my dear old friend", "prompt_level_strict_acc", 0.0),
            ("hello, my dear old friend", "inst_level_strict_acc", 0.5),
            ("hello, my dear old friend\nHello my dear old friend", "prompt_level_loose_acc", 1.0),
        ],
    ),
    "chat_livebench": Example(
        [{"turns": ["What is 6 × 7?"], "ground_truth": "42", "category": "math", "task": "sums"}],
        [("That makes **42**", "acc", 1.0), ("\\boxed{42}", "acc_math", 1.0), ("41", "acc", 0.0)],
    ),
    "chat_amc": Example(
        [AMC],
        [
            ("Answer: C", "points", 1.0),
            ("Answer: blank", "points", 0.25),
            ("**Answer: (C)**", "points", 1.0),
            ("Answer: All of them", "points", 0.25),
            ("I cannot say.", "points", 0.25),
            ("Answer: A", "points", 0.0),
        ],
    ),
    "chat_gpqa": Example([{"Question": "1 + 1?", **GOLD}], []),
    "chat_aime25": Example([{"problem": "1 + 1?", "answer": "2"}], [("Answer: 2", "acc", 1.0)]),
    "chat_humaneval_plus": Example([PLUS], []),
    "chat_arena": Example([{"prompt": "Say hello.", "baseline": "Hello."}], []),
}
