"""MMLU, MMLU-Pro and GPQA in the prompt of simple-evals: the reply reasons and ends with "Answer: LETTER"."""

import re
from collections.abc import Sequence

from hornbook.base.rng import rng
from hornbook.data.benchmarks import load_benchmark
from hornbook.data.harness_data import harness_rows
from hornbook.data.readers.fields import Row
from hornbook.evaluation.chat.items import ChatItem, ChatTask, LocalRows, Verdict, attempt, each, one_by_one

PROMPT = (
    "Answer the following multiple choice question. The last line of your response should be of the following format: "
    "'Answer: $LETTER' (without quotes) where LETTER is one of {letters}. Think step by step before answering.\n\n"
    "{question}\n\n{choices}"
)
LETTERS = "ABCDEFGHIJ"
MARKUP = re.compile(r"\*\*|\$|\\[()]|\\(?:boxed|text|mathrm|mathbf)|[{}]")  # around a letter
WRONG_ANSWERS = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


def choice_item(question: str, choices: Sequence[str], right: int, passage: str = "") -> ChatItem:
    """Raises ValueError if there are more choices than letters, or `right` is none of them."""
    if not 1 < len(choices) <= len(LETTERS) or not 0 <= right < len(choices):
        raise ValueError(f"{len(choices)} choices, and the right one is number {right}")
    letters = LETTERS[: len(choices)]
    listed = "\n".join(f"{letter}) {choice}" for letter, choice in zip(letters, choices, strict=True))
    prompt = PROMPT.format(letters=letters, question=question, choices=listed)
    return ChatItem(prompt=prompt, target=letters[right], reference={"letters": letters}, passage=passage)


def read_letter(reply: str, letters: str) -> str:
    """The letter after the first "Answer:"; "" if there is none."""
    found = re.search(rf"(?i)Answer[ \t]*:[ \t]*([{letters}])", MARKUP.sub("", reply))
    return found.group(1).upper() if found else ""


def judge_letter(item: ChatItem, reply: str) -> Verdict:
    letter = read_letter(reply, item.reference["letters"])
    return Verdict({"acc": float(letter == item.target)}, letter)


def _mmlu_item(row: Row) -> ChatItem:
    return choice_item(row["question"], row["choices"], int(row["answer"]), row["subject"])


def _mmlu_rows() -> LocalRows:
    items = load_benchmark("mmlu", "test")
    rows = [
        {"question": item.question, "choices": item.choices, "answer": item.answer_index, "subject": item.group}
        for item in items
    ]
    return LocalRows(rows)


def _pro_item(row: Row) -> ChatItem:
    return choice_item(row["question"], row["options"], int(row["answer_index"]), row["category"])


def _gpqa_items(rows: list[Row], seed: int) -> list[ChatItem | str]:
    return [attempt(_gpqa_item, row, seed, number) for number, row in enumerate(rows)]


def _gpqa_item(row: Row, seed: int, number: int) -> ChatItem:
    """With its choices in an order that the seed decides."""
    choices = [row["Correct Answer"], *(row[name] for name in WRONG_ANSWERS)]
    order = [int(place) for place in rng(seed, "gpqa", str(number)).permutation(len(choices))]
    return choice_item(row["Question"], [choices[place] for place in order], order.index(0))


def _gpqa_rows() -> LocalRows:
    return LocalRows(harness_rows("Idavidrein/gpqa", "gpqa_diamond")["train"])


MMLU = ChatTask(
    "chat_mmlu",
    ("question", "choices", "answer", "subject"),
    one_by_one(_mmlu_item),
    each(judge_letter),
    local=_mmlu_rows,
)
MMLU_PRO = ChatTask(
    "chat_mmlu_pro",
    ("question", "options", "answer_index", "category"),
    one_by_one(_pro_item),
    each(judge_letter),
)
GPQA = ChatTask(
    "chat_gpqa",
    ("Question", "Correct Answer", *WRONG_ANSWERS),
    _gpqa_items,
    each(judge_letter),
    local=_gpqa_rows,
    sealed=True,
)
