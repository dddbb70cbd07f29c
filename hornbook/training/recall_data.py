"""Texts from which a small model can learn to recall: lists of keys and values in which keys come again (report §3.3).

The lists look as those by which `recall_eval` measures recall, with other keys. A key comes again after any distance up
to the length of its list, so that a longer context has something to be used for.
"""

import numpy as np

from hornbook.base.files import write_records
from hornbook.base.records import Document, make_id
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.training.recall_eval import made_up_word
from hornbook.training.settings import RecallSettings

AGAIN = 0.5  # chance that a line asks for an earlier key


def recall(settings: RecallSettings, work: Workspace) -> None:
    """Write documents.parquet: `settings.documents` lists of up to `settings.lines` lines, of source "recall"."""
    documents = []
    with work.progress("", settings.documents, "lists") as bar:
        for number in range(settings.documents):
            text = recall_list(settings.lines, rng(work.seed, "recall list", number))
            documents.append(Document(id=make_id("recall", text), text=text, source="recall", origin="made up"))
            bar.advance()
    documents.sort(key=lambda document: document.id)
    write_records(work.path / "documents.parquet", Document, documents)
    work.count(records_out=len(documents))


def recall_list(most_lines: int, random: np.random.Generator) -> str:
    """Between an eighth of `most_lines` and all of them, `key=digit` each; a key that comes again has its digit."""
    values: dict[str, int] = {}
    keys: list[str] = []
    lines = []
    for _ in range(int(random.integers(max(2, most_lines // 8), most_lines + 1))):
        if keys and random.random() < AGAIN:
            key = keys[int(random.integers(len(keys)))]
        else:
            key = made_up_word(random)
            if key not in values:
                values[key] = int(random.integers(10))
                keys.append(key)
        lines.append(f"{key}={values[key]}\n")
    return "".join(lines)
