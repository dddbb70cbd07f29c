"""Rows of the packaged benchmark files → the fields of a BenchmarkItem (`key` names the item).

Rows in a benchmark's public form are read by `readers.benchmarks`.
"""

import re
from collections.abc import Callable
from typing import Any

from hornbook.data.readers.fields import Row

LABEL = re.compile(r"^(Question|Goal): ")


def choice_item(read: Callable[[Row], Row]) -> Callable[[Row], Row]:
    """Use a reader of multiple-choice rows for packaged rows."""

    def item(row: Row) -> Row:
        found = read(row)
        return {name: found[name] for name in ("question", "choices", "answer_index")}

    return item


def lettered(row: Row) -> Row:
    """ARC, CommonsenseQA, OpenBookQA: choices with letters, the answer is a letter."""
    return {
        "key": row["id"],
        "question": row.get("question") or row["question_stem"],
        "choices": row["choices"]["text"],
        "answer_index": row["choices"]["label"].index(row["answerKey"]),
    }


def ranked(row: Row) -> Row:
    """An evaluation request with choices to be ranked by likelihood."""
    question = LABEL.sub("", row.get("query") or row["question"]).removesuffix("Answer:").strip()
    if row.get("protocol"):
        question = f"{row['protocol']}\n\n{question}"
    key = row.get("id", row.get("index"))
    return {"question": question, "choices": row["choices"], "answer_index": row["gold"]} | _key(key)


def open_question(row: Row) -> Row:
    """A question answered in free text."""
    question = (row.get("query") or row["question"]).removesuffix("Answer:").strip()
    key = row.get("query_id", row.get("id", row.get("index")))
    return {"question": question, "answer": _first(row.get("answer") or row["choices"])} | _key(key)


def math(row: Row) -> Row:
    group = re.sub(r"\W+", "_", row["type"] or "").lower()
    return {"question": row["problem"], "answer": row["solution"], "group": group}


def mmlu(row: Row) -> Row:
    return {"question": row["question"], "choices": row["choices"], "answer_index": row["answer"]}


def social_iqa_item(row: Row) -> Row:
    choices = [row["answerA"], row["answerB"], row["answerC"]]
    return {
        "question": f"{row['context']} {row['question']}",
        "choices": choices,
        "answer_index": int(row["label"]) - 1,
    }


def boolq_item(row: Row) -> Row:
    question = f"{row['passage']}\nQuestion: {row['question']}?"
    return {"question": question, "choices": ["yes", "no"], "answer_index": 0 if row["answer"] else 1}


def natural_question(row: Row) -> Row:
    return {"question": row["question"], "answer": row["answer"][0]}


def triviaqa_item(row: Row) -> Row:
    return {"key": row["question_id"], "question": row["question"], "answer": row["answer"]["value"]}


def humaneval(row: Row) -> Row:
    return {
        "key": row["task_id"].removeprefix("HumanEval/"),
        "question": row["prompt"],
        "answer": row["canonical_solution"],
        "tests": f"{row['test']}\ncheck({row['entry_point']})\n",
    }


def mbpp(row: Row) -> Row:
    tests = "\n".join([row.get("test_setup_code", ""), *row.get("test_list", [])]).strip()
    return {
        "key": row["task_id"],
        "question": row["text"],
        "answer": row["code"].replace("\r\n", "\n"),
        "tests": tests,
    }


def _first(answer: Any) -> str:
    """The first of nested lists of accepted answers."""
    while isinstance(answer, list):
        answer = answer[0]
    return str(answer)


def _key(key: Any) -> Row:
    return {} if key is None else {"key": key}
