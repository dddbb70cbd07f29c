"""MATH and MGSM as in simple-evals, AIME, and a contest in the manner of the AMC (report §5)."""

import re
from collections import Counter
from collections.abc import Sequence

from hornbook.data.benchmarks import load_benchmark
from hornbook.data.harness_data import harness_rows
from hornbook.data.readers.fields import Row
from hornbook.evaluation.chat.items import ChatItem, ChatTask, LocalRows, Verdict, attempt, each, one_by_one
from hornbook.evaluation.chat.mgsm_requests import MGSM_ANSWERS, MGSM_REQUESTS
from hornbook.evaluation.judges import Case, Judge, Judges
from hornbook.oracles.extract_answer import find_answer

PROMPT = (
    "Solve the following math problem step by step. The last line of your response should be of the form "
    "Answer: $ANSWER (without quotes) where $ANSWER is the answer to the problem.\n\n{question}\n\n"
    'Remember to put your answer on its own line after "Answer:", and you do not need to use a \\boxed command.'
)
AFTER_ANSWER = re.compile(r"(?i)Answer\s*:\s*([^\n]+)")
NUMBER = re.compile(r"\d+\.?\d*")


def read_answer(reply: str) -> str:
    """The line after the first "Answer:"; "" if there is none."""
    found = AFTER_ANSWER.search(reply)
    return found.group(1).strip() if found else ""


def problem_item(row: Row) -> ChatItem:
    return ChatItem(prompt=PROMPT.format(question=row["problem"]), target=str(row["answer"]))


def judge_problems(items: Sequence[ChatItem], replies: Sequence[str], judges: Judges) -> list[Verdict]:
    """The answer that was found is compared by the oracle `math`, where simple-evals asks a model."""
    answers = [read_answer(reply) for reply in replies]
    cases = [Case(item.prompt, item.target, f"Answer: {one}") for item, one in zip(items, answers, strict=True)]
    verdicts = _math_judge(judges).verdicts(cases)
    return [
        Verdict({"acc": float(bool(answer) and verdict == "correct")}, answer)
        for answer, verdict in zip(answers, verdicts, strict=True)
    ]


def _math_judge(judges: Judges) -> Judge:
    return judges.named("math")


def _math_rows() -> LocalRows:
    """MATH's problems with the final answer of the worked solution."""
    rows = [{"problem": item.question, "answer": find_answer(item.answer).text} for item in load_benchmark("math")]
    return LocalRows(rows)


def _aime_rows() -> LocalRows:
    return LocalRows(harness_rows("math-ai/aime25", "")["test"])


def _mgsm_items(rows: list[Row], _: int) -> list[ChatItem | str]:
    """The same problem in several languages is one observation: the n-th row of each language."""
    seen = Counter[str]()
    items = []
    for row in rows:
        seen[str(row["language"])] += 1
        items.append(attempt(_mgsm_item, row, seen[str(row["language"])]))
    return items


def _mgsm_item(row: Row, number: int) -> ChatItem:
    language = row["language"]
    if language not in MGSM_REQUESTS:
        raise ValueError(f"language '{language}'; expected one of {', '.join(MGSM_REQUESTS)}")
    return ChatItem(
        prompt=f"{MGSM_REQUESTS[language]}\n\n{row['question']}",
        target=str(row["answer"]).replace(",", ""),
        reference={"language": language},
        passage=f"problem {number}",
    )


def _judge_mgsm(item: ChatItem, reply: str) -> Verdict:
    """The last number after the last "Answer" in the reply's language; ".0" at its end does not matter."""
    language = item.reference["language"]
    _, found, after = reply.rpartition(MGSM_ANSWERS[language])
    numbers = NUMBER.findall(after.replace(",", "")) if found else []
    number = numbers[-1].rstrip(".") if numbers else ""
    number = number.rstrip("0").rstrip(".") if "." in number else number
    right = float(number == item.target)
    return Verdict({"acc": right, f"acc_{language}": right}, number)


MATH = ChatTask(
    "chat_math", ("problem", "answer"), one_by_one(problem_item), judge_problems, local=_math_rows, judge_of=_math_judge
)
AIME = ChatTask(
    "chat_aime25",
    ("problem", "answer"),
    one_by_one(problem_item),
    judge_problems,
    local=_aime_rows,
    judge_of=_math_judge,
    sealed=True,
)
MGSM = ChatTask("chat_mgsm", ("question", "answer", "language"), _mgsm_items, each(_judge_mgsm))
