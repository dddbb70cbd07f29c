"""How a row of each benchmark's file is read: row → the fields of a BenchmarkItem (`key` names the item)."""

import re
from typing import Any

Row = dict[str, Any]
LABEL = re.compile(r"^(Question|Goal): ")


def lettered(row: Row) -> Row:
    """ARC, CommonsenseQA, OpenBookQA: choices with letters, the answer is a letter."""
    return {
        "key": row["id"],
        "question": row.get("question") or row["question_stem"],
        "choices": row["choices"]["text"],
        "answer_index": row["choices"]["label"].index(row["answerKey"]),
    }


def ranked(row: Row) -> Row:
    """An evaluation request whose choices are ranked by likelihood."""
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


def hellaswag(row: Row) -> Row:
    question = f"{row['activity_label']}: {row['ctx']}"
    return {"question": question, "choices": row["endings"], "answer_index": int(row["label"])}


def winogrande(row: Row) -> Row:
    choices = [row["option1"], row["option2"]]
    return {"question": row["sentence"], "choices": choices, "answer_index": int(row["answer"]) - 1}


def piqa(row: Row) -> Row:
    return {"question": row["goal"], "choices": [row["sol1"], row["sol2"]], "answer_index": row["label"]}


def social_iqa(row: Row) -> Row:
    choices = [row["answerA"], row["answerB"], row["answerC"]]
    return {
        "question": f"{row['context']} {row['question']}",
        "choices": choices,
        "answer_index": int(row["label"]) - 1,
    }


def sciq(row: Row) -> Row:
    """The right answer is put among the others in alphabetical order, so that its place gives nothing away."""
    right = row["correct_answer"]
    choices = sorted([right, row["distractor1"], row["distractor2"], row["distractor3"]])
    return {"question": row["question"], "choices": choices, "answer_index": choices.index(right)}


def boolq(row: Row) -> Row:
    question = f"{row['passage']}\nQuestion: {row['question']}?"
    return {"question": question, "choices": ["yes", "no"], "answer_index": 0 if row["answer"] else 1}


def copa(row: Row) -> Row:
    asked = "What was the cause?" if row["question"] == "cause" else "What happened as a result?"
    choices = [row["choice1"], row["choice2"]]
    return {"question": f"{row['premise']} {asked}", "choices": choices, "answer_index": row["label"]}


def natural_question(row: Row) -> Row:
    return {"question": row["question"], "answer": row["answer"][0]}


def triviaqa(row: Row) -> Row:
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
