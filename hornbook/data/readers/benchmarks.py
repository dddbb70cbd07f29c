"""Rows of benchmarks that name their fields in a way of their own → question, choices, answer, tests."""

from collections.abc import Callable
from typing import Any

from hornbook.data.readers.fields import Row, loaded, present
from hornbook.data.readers.programs import apps, livecodebench

HIDDEN = "no answer: a split whose answers are not published"


def known_form(row: Row) -> Row:
    """The row under the names that `questions` reads; a row of no form that is known stays as it is.

    Raises ValueError where an answer is hidden or no choice.
    """
    for names, read in FORMS:
        if present(row, *names):
            return read(row)
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
    """The right answer is put among the others in alphabetical order, so that its place gives nothing away."""
    right = row["correct_answer"]
    choices = sorted([right, *(row[f"distractor{number}"] for number in (1, 2, 3))])
    question = "\n\n".join(filter(None, [row.get("support"), row["question"]]))
    return _chosen(row, question, choices, choices.index(right))


def gpqa(row: Row) -> Row:
    """As for SciQ, in alphabetical order."""
    right = row["correct_answer"]
    choices = sorted([right, *(row[f"incorrect_answer_{n}"] for n in (1, 2, 3) if row.get(f"incorrect_answer_{n}"))])
    if len(choices) < 2:
        raise ValueError("no choices: a correct answer without an incorrect one")
    return _chosen(row, row["question"], choices, choices.index(right))


def boolq(row: Row) -> Row:
    passage = row.get("passage") or row.get("context")
    question = str(row["question"]).strip()
    question = question if question.endswith("?") or not passage else f"{question}?"
    return _chosen(row, "\n\n".join(filter(None, [passage, question])), ["yes", "no"], 0 if row["answer"] else 1)


def social_iqa(row: Row) -> Row:
    choices = [row["answera"], row["answerb"], row["answerc"]]
    return _chosen(row, f"{row['context']} {row['question']}", choices, _index(row.get("label"), first=1))


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


def race(row: Row) -> Row:
    return row | {"question": f"{row['article']}\n\n{row['question']}"}


def logiqa(row: Row) -> Row:
    question = row.get("question") or row.get("query")
    return row | {"question": f"{row['context']}\n\n{question}"}


def truthfulqa(row: Row) -> Row:
    targets = loaded(row["mc1_targets"])
    return _chosen(row, row["question"], targets["choices"], targets["labels"].index(1))


def truthfulqa_open(row: Row) -> Row:
    right = [row["best_answer"], *(loaded(row.get("correct_answers")) or [])]
    return row | {"answer": list(dict.fromkeys(right)), "oracle": "trivia"}


def triviaqa(row: Row) -> Row:
    answer = row["answer"]
    aliases = [alias for name in ("aliases", "normalized_aliases") for alias in answer.get(name) or []]
    right = list(dict.fromkeys([answer["value"], *aliases]))
    return row | {"answer": right, "oracle": row.get("oracle") or "trivia"}


def answer_list(row: Row) -> Row:
    """Natural Questions, PopQA: a list of names, each of which is right."""
    right = loaded(row.get("possible_answers") or row["answer"])
    return row | {"answer": right, "oracle": row.get("oracle") or "trivia"}


def squad(row: Row) -> Row:
    answers = row["answers"]
    right = answers["text"] if isinstance(answers, dict) else answers
    right = list(dict.fromkeys(one.get("text") if isinstance(one, dict) else one for one in right))
    question = "\n\n".join(filter(None, [row.get("context"), row["question"]]))
    if not right:
        raise ValueError("no answer: the question is marked as one that cannot be answered")
    return row | {"question": question, "answer": right, "oracle": row.get("oracle") or "trivia"}


def drop(row: Row) -> Row:
    right = list(dict.fromkeys(row["answers_spans"]["spans"]))
    question = f"{row['passage']}\n\n{row['question']}"
    if len(right) != 1:
        raise ValueError(f"{len(right)} spans are the answer; expected one")
    return row | {"question": question, "answer": right[0]}


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
    """Judged by checks of its own, which `entry` names: no reference answer."""
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
    """A problem with its solution, and a conversation of the same: the problem is the question."""
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
    """The place of the right choice, from a number or the text of one; `first` is that of the first choice."""
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


# the fields that only rows of this form have, and how it is read; the first that fits counts
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
    (("article", "question", "options"), race),
    (("context", "options", "query"), logiqa),
    (("context", "options", "question"), logiqa),
    (("question", "mc1_targets"), truthfulqa),
    (("question", "best_answer"), truthfulqa_open),
    (("question", "possible_answers"), answer_list),
    (("passage", "question", "answers_spans"), drop),
    (("question", "answers"), squad),
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
