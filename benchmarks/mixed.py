"""A model that half the time answers at once: what DPO has to teach it is to work the answer out.

A pocket model that always works its answer out fails where it cannot calculate, and no preference between two digits
teaches it to. Instruction data as people write it mixes both, worked and bare; a model taught so has something to
learn that holds for all questions, as the models that the report searched had.
"""

from pathlib import Path

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Message, Sample, make_id
from hornbook.base.rng import rng
from hornbook.base.settings import Settings, setting
from hornbook.base.stage import stage
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import load_records

ANSWER = "Answer:"  # where the working ends


class MixedSettings(Settings):
    """Worked solutions, some of them cut down to their answer."""

    samples: int = setting(12000, "worked solutions to take", ge=1)
    bare: float = setting(0.5, "share of them of which only the answer is left", ge=0, le=1)


@stage("mixed", makes=("samples",))
def mixed(settings: MixedSettings, work: Workspace, *, samples: list[Path]) -> None:
    """Write samples.parquet: a seeded choice of worked solutions, `bare` of them without their working.

    Raises HornbookError when no sample ends in "Answer: ...".
    """
    found = load_records(samples, "samples", reject=work.reject)
    worked = [sample for sample in found if sample.messages and ANSWER in sample.messages[-1].content]
    if not worked:
        raise HornbookError(f"no worked solutions in {', '.join(map(str, samples))}; expected some with '{ANSWER}'")
    random = rng(work.seed, "mixed")
    chosen = [worked[index] for index in random.permutation(len(worked))[: settings.samples]]
    bare = random.random(len(chosen)) < settings.bare
    made = [_answer_alone(sample) if cut else sample for sample, cut in zip(chosen, bare, strict=True)]
    write_records(work.path / "samples.parquet", Sample, made)
    work.count(records_in=len(found), records_out=len(made))


def _answer_alone(sample: Sample) -> Sample:
    *turns, last = sample.messages
    answer = last.content[last.content.rindex(ANSWER) :]
    messages = [*turns, Message(last.role, answer)]
    return msgspec.structs.replace(
        sample, id=make_id("sample", sample.id, answer), parents=[sample.id], messages=messages
    )
