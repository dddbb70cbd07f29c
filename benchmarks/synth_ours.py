"""Our side of `benchmarks/synth.py`: the whole factory, from documents on the disk to samples on the disk."""

from pathlib import Path
from typing import Any

from benchmarks import synth_kind
from benchmarks.synth_work import MODEL, run
from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.base.workspace import Workspace
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.stage import synth


def work(asked: dict[str, Any]) -> list[str]:
    synth_kind.register()
    retell = {
        "records": asked["records"],
        "titled": asked["titled"],
        "title_tokens": asked["title_tokens"],
        "max_tokens": asked["retell_tokens"],
    }
    settings = SynthSettings.parse(
        {
            "teacher": {"url": asked["url"], "model": MODEL, "concurrency": asked["concurrency"], "timeout": 60},
            "kinds": {"retell": retell},
            "against": [],  # the peers do not decontaminate
        },
        "synthetic",
    )
    place = Workspace(Path(asked["folder"]), name="synthetic")
    synth(settings, place, documents=[Path(asked["documents"])])
    place.close()
    texts = {passage.id: passage.text for passage in read_records(place.path / "passages.parquet", Passage)}
    samples = read_records(place.path / "samples.parquet", Sample)
    return [f"{texts[sample.parents[0]]}\n{sample.text}" for sample in samples]


if __name__ == "__main__":
    run(work)
