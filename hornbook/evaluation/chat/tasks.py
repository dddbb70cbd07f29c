"""The chat tasks by name, and the groups of them."""

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest
from hornbook.evaluation.chat.arena import ARENA
from hornbook.evaluation.chat.contest import AMC
from hornbook.evaluation.chat.instructions import IFEVAL, LIVEBENCH
from hornbook.evaluation.chat.items import ChatTask
from hornbook.evaluation.chat.mathematics import AIME, MATH, MGSM
from hornbook.evaluation.chat.multiple_choice import GPQA, MMLU, MMLU_PRO
from hornbook.evaluation.chat.programs import HUMANEVAL, HUMANEVAL_PLUS
from hornbook.evaluation.chat.reading import DROP, SIMPLEQA
from hornbook.evaluation.settings import GROUPS

SIMPLE_EVALS = (MMLU, GPQA, MATH, HUMANEVAL, MGSM, SIMPLEQA, DROP)
CHAT_TASKS = {
    task.name: task for task in (*SIMPLE_EVALS, MMLU_PRO, HUMANEVAL_PLUS, ARENA, LIVEBENCH, IFEVAL, AMC, AIME)
}


def chat_tasks(names: list[str]) -> list[ChatTask]:
    """The tasks of these names and groups, each once. Raises HornbookError for an unknown name."""
    single = [one for name in names for one in GROUPS.get(name, [name])]
    for name in single:
        if name not in CHAT_TASKS:
            raise HornbookError(f"task '{name}': unknown{nearest(name, [*CHAT_TASKS, *GROUPS])}")
    return [CHAT_TASKS[name] for name in dict.fromkeys(single)]
