"""HumanEval and HumanEval+ as a chat asks for them; programs run in our sandbox."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from hornbook.data.harness_data import harness_rows
from hornbook.data.readers.fields import Row
from hornbook.evaluation.chat.items import ChatItem, ChatTask, LocalRows, Verdict, one_by_one
from hornbook.evaluation.harness.code_eval import passes
from hornbook.evaluation.judges import Judges
from hornbook.oracles.extract_code import assembled, code_in

REQUEST = (
    "Read the following function signature and docstring, and fully implement the function described. Your response "
    "should only contain the code for this function.\n"
)


def _item(row: Row) -> ChatItem:
    header, name = str(row["prompt"]), str(row["entry_point"])
    tests = f"{row['test']}\ncheck({name})"
    return ChatItem(
        prompt=REQUEST + header,
        target=str(row.get("canonical_solution", "")),
        reference={"header": header, "name": name, "tests": tests},
    )


def _judge(items: Sequence[ChatItem], replies: Sequence[str], _: Judges) -> list[Verdict]:
    """Whether the reply's code, put after the header where it needs that, passes the tests.

    Raises HornbookError where there is no sandbox.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(_run, items, replies))


def _run(item: ChatItem, reply: str) -> Verdict:
    names = [item.reference["name"]]
    program = assembled(item.reference["header"], code_in(reply, names), names)
    return Verdict({"pass@1": float(passes(program, item.reference["tests"]))}, program)


def _humaneval_rows() -> LocalRows:
    return LocalRows(harness_rows("openai/openai_humaneval", "")["test"])


COLUMNS = ("prompt", "entry_point", "test")
HUMANEVAL = ChatTask("chat_humaneval", COLUMNS, one_by_one(_item), _judge, local=_humaneval_rows)
HUMANEVAL_PLUS = ChatTask("chat_humaneval_plus", COLUMNS, one_by_one(_item), _judge)
