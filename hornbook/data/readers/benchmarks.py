"""Rows of benchmarks with field names of their own → question, choices, answer, tests."""

from collections.abc import Callable
from typing import Any

from hornbook.data.readers.fields import Row, loaded, present
from hornbook.data.readers.programs import apps, codecontests, livecodebench

# names of choices in separate fields: (prefix, letters or numbers)
NUMBERED = [
    ("option_", "abcdefghij"), ("choice_", "abcdefghij"), ("answer_", "abcdefghij"), ("answer", "0123456789"),
    ("ending", "0123456789"), ("ans", "0123456789"), ("", "abcdefghij"),
]  # fmt: skip
ASKED = ("question", "query", "problem", "prompt", "startphrase", "sent1")
HIDDEN = "no answer: a split whose answers are not published"


def known_form(row: Row) -> Row:
    """The row with the field names that `questions` reads; a row of no known form is returned unchanged.

    Raises ValueError if the answer is not published or is none of the choices.
    """
    row = numbered_choices(row)
    for names, read in FORMS:
        if present(row, *names):
            return read(row)
    return row


def numbered_choices(row: Row) -> Row:
    """Collect choices from separate fields: C-Eval's A to D, CosmosQA's answer0 to answer3, SWAG's endings, …"""
    if row.get("choices") is not None or row.get("options") is not None:
        return row
    for prefix, counted in NUMBERED:
        names = [f"{prefix}{mark}" for mark in counted]
        names = names[: next((place for place, name in enumerate(names) if row.get(name) is None), len(names))]
        if len(names) > 1 and any(row.get(name) is not None for name in ASKED):
            right = {"answer_index": _index(row["label"])} if row.get("label") is not None and prefix else {}
            return row | {"choices": [row[name] for name in names]} | right
    return row


def hellaswag(row: Row) -> Row:
    context = row.get("ctx") or f"{row.get('ctx_a') or ''} {row.get('ctx_b') or ''}".strip()
    activity = row.get("activity_label")
    question = f"{activity}: {context}" if activity else context
    return _chosen(row, question, loaded(row["endings"]), _index(row.get("label")))


def piqa(row: Row) -> Row:
    return _chosen(row, row["goal"], [row["sol1"], row["sol2"]], _index(row.get("label")))


def winogrande(row: Row) -> Row:
    return _chosen(row, row["sentence"], [row["option1"], row["option2"]], _index(row.get("answer"), first=1))


def sciq(row: Row) -> Row:
    """The choices are sorted alphabetically, so that the position does not reveal the right one."""
    right = row["correct_answer"]
    choices = sorted([right, *(row[f"distractor{number}"] for number in (1, 2, 3))])
    return _chosen(row, row["question"], choices, choices.index(right))


def gpqa(row: Row) -> Row:
    """The choices are sorted alphabetically, as in SciQ."""
    right = row["correct_answer"]
    choices = sorted([right, *(row[f"incorrect_answer_{n}"] for n in (1, 2, 3) if row.get(f"incorrect_answer_{n}"))])
    if len(choices) < 2:
        raise ValueError("no choices: a correct answer without an incorrect one")
    return _chosen(row, row["question"], choices, choices.index(right))


def boolq(row: Row) -> Row:
    question = str(row["question"]).strip()
    question = question if question.endswith("?") or not row.get("passage") else f"{question}?"
    return _chosen(row, question, ["yes", "no"], 0 if row["answer"] else 1)


def social_iqa(row: Row) -> Row:
    choices = [row["answera"], row["answerb"], row["answerc"]]
    return _chosen(row, row["question"], choices, _index(row.get("label"), first=1))


def copa(row: Row) -> Row:
    asked = "What was the cause?" if row["question"] == "cause" else "What happened as a result?"
    choices = [row["choice1"], row["choice2"]]
    return _chosen(row, f"{row['premise']} {asked}", choices, _index(row.get("label")))


def medmcqa(row: Row) -> Row:
    return _chosen(row, row["question"], [row[name] for name in ("opa", "opb", "opc", "opd")], _index(row.get("cop")))


def stem(row: Row) -> Row:
    """ARC and OpenBookQA as they were published: {"stem": ..., "choices": [...]}."""
    question = row["question"]
    return row | {"question": question["stem"], "choices": question["choices"]}


def question_stem(row: Row) -> Row:
    return row | {"question": row["question_stem"]}


def truthfulqa(row: Row) -> Row:
    targets = loaded(row["mc1_targets"])
    return _chosen(row, row["question"], targets["choices"], targets["labels"].index(1))


def truthfulqa_open(row: Row) -> Row:
    right = [row["best_answer"], *(loaded(row.get("correct_answers")) or [])]
    return row | {"answer": list(dict.fromkeys(right)), "oracle": "trivia"}


def reclor(row: Row) -> Row:
    return row | {"choices": row["answers"], "answers": None, "answer_index": _index(row["label"])}


def swag(row: Row) -> Row:
    return row | {"question": row.get("startphrase") or f"{row['sent1']} {row.get('sent2') or ''}".strip()}


def logiqa2(row: Row) -> Row:
    return row | {"passage": row["text"]}


def livebench(row: Row) -> Row:
    turns = loaded(row["turns"])
    if not isinstance(turns, list) or len(turns) != 1 or not isinstance(turns[0], str):
        raise ValueError("turns: expected one question, with one answer")
    return row | {"question": turns[0], "answer": row["ground_truth"]}


def bigcodebench(row: Row) -> Row:
    return row | {"question": row["complete_prompt"]}


def triviaqa(row: Row) -> Row:
    answer = row["answer"]
    aliases = [alias for name in ("aliases", "normalized_aliases") for alias in answer.get(name) or []]
    right = list(dict.fromkeys([answer["value"], *aliases]))
    return row | {"answer": right, "oracle": row.get("oracle") or "trivia"}


def answer_list(row: Row) -> Row:
    """Natural Questions, PopQA: a list of names, all of them right."""
    right = loaded(row.get("possible_answers") or row["answer"])
    return row | {"answer": right, "oracle": row.get("oracle") or "trivia"}


def squad(row: Row) -> Row:
    answers = row["answers"]
    right = answers["text"] if isinstance(answers, dict) else answers
    right = list(dict.fromkeys(one.get("text") if isinstance(one, dict) else one for one in right))
    if not right:
        raise ValueError("no answer: the question is marked as unanswerable")
    return row | {"answer": right, "oracle": row.get("oracle") or "trivia"}


def drop(row: Row) -> Row:
    right = list(dict.fromkeys(row["answers_spans"]["spans"]))
    if len(right) != 1:
        raise ValueError(f"the answer has {len(right)} spans; expected one")
    return row | {"answer": right[0]}


def simpleqa(row: Row) -> Row:
    metadata = loaded(row["metadata"])
    if not isinstance(metadata, dict) or "answer_type" not in metadata:
        return row
    return row | {"question": row["problem"], "oracle": row.get("oracle") or "trivia"}


def mgsm(row: Row) -> Row:
    worked = row.get("answer") if isinstance(row.get("answer"), str) else ""
    return row | {"answer": row["answer_number"], "solution": worked or ""}


def svamp(row: Row) -> Row:
    return row | {"question": f"{str(row['body']).rstrip()} {row['question']}"}


def ifeval(row: Row) -> Row:
    """Judged by the checks that are listed in `entry`; there is no reference answer."""
    entry = {"instruction_id_list": row["instruction_id_list"], "kwargs": loaded(row.get("kwargs")) or []}
    return row | {"question": row["prompt"], "entry": entry}


def verl(row: Row) -> Row:
    reward = loaded(row["reward_model"])
    truth = loaded(reward["ground_truth"]) if isinstance(reward["ground_truth"], str) else reward["ground_truth"]
    form: Row = {"answer": reward["ground_truth"]}
    if isinstance(truth, dict) and ("inputs" in truth or "assert_case" in truth or "functional" in truth):
        form = {"answer": "", **_programs(truth)}
    kept = {name: value for name, value in row.items() if name not in ("reward_model", "answer")}
    return kept | form


def numina(row: Row) -> Row:
    """A problem with its solution, and the same as a conversation, which is dropped."""
    return {name: value for name, value in row.items() if name != "messages"}


def _programs(truth: Row) -> Row:
    if "inputs" in truth:
        return {"tests": [{"input": i, "output": o} for i, o in zip(truth["inputs"], truth["outputs"], strict=False)]}
    return {"tests": loaded(truth.get("assert_case") or truth.get("functional"))}


def _chosen(row: Row, question: str, choices: list[str], right: int) -> Row:
    taken = {"question": question, "choices": choices, "answer_index": right}
    dropped = ("options", "answer", "label", "answerkey", "correct_answer", "cop", "input", "messages")
    return {name: value for name, value in row.items() if name not in dropped} | taken


def _index(label: Any, first: int = 0) -> int:
    """The index of the right choice, from a number or its text; `first` is the number of the first choice."""
    try:
        place = int(str(label)) - first
    except ValueError:
        raise ValueError(HIDDEN) from None
    if place < 0:
        raise ValueError(HIDDEN)
    return place


def _is_stem(row: Row) -> Row:
    return stem(row) if isinstance(row["question"], dict) and "stem" in row["question"] else _by_answer(row)


def _by_answer(row: Row) -> Row:
    answer = row.get("answer")
    if row.get("choices") is not None or row.get("options") is not None:
        return row
    if isinstance(answer, bool):
        return boolq(row)
    if isinstance(answer, dict) and "value" in answer:
        return triviaqa(row)
    if isinstance(answer, list) and len(answer) > 1 and not row.get("oracle"):
        return answer_list(row)
    return row


# (fields that only rows of this form have, reader); the first match is used
FORMS: list[tuple[tuple[str, ...], Callable[[Row], Row]]] = [
    (("endings",), hellaswag),
    (("goal", "sol1", "sol2"), piqa),
    (("sentence", "option1", "option2"), winogrande),
    (("question", "correct_answer", "distractor1", "distractor2", "distractor3"), sciq),
    (("question", "correct_answer", "incorrect_answer_1"), gpqa),
    (("context", "question", "answera", "answerb", "answerc"), social_iqa),
    (("premise", "choice1", "choice2", "question"), copa),
    (("question", "opa", "opb", "opc", "opd"), medmcqa),
    (("question_stem", "choices"), question_stem),
    (("question", "mc1_targets"), truthfulqa),
    (("question", "best_answer"), truthfulqa_open),
    (("question", "possible_answers"), answer_list),
    (("passage", "question", "answers_spans"), drop),
    (("context", "question", "answers", "label"), reclor),
    (("question", "answers"), squad),
    (("choices", "sent1", "startphrase"), swag),
    (("text", "question", "options"), logiqa2),
    (("turns", "ground_truth"), livebench),
    (("complete_prompt", "test"), bigcodebench),
    (("description", "public_tests"), codecontests),
    (("problem", "answer", "metadata"), simpleqa),
    (("question", "answer_number"), mgsm),
    (("body", "question", "answer"), svamp),
    (("prompt", "instruction_id_list"), ifeval),
    (("reward_model", "prompt"), verl),
    (("question_content", "public_test_cases"), livecodebench),
    (("question", "input_output"), apps),
    (("problem", "solution", "messages"), numina),
    (("question",), _is_stem),
]
