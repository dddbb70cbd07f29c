"""Declares the stage of this package for recipes and the command line."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.synthetic.settings import SynthSettings


def _cost(settings: "SynthSettings", planned: Planned) -> Cost:
    from hornbook.synthetic.catalogue import expected_calls, expected_verify_calls
    from hornbook.teacher.cost import cost_of_both, cost_of_calls

    calls = planned.number("teacher_calls")
    if calls is not None or settings.verifier is None:
        return cost_of_calls(expected_calls(settings) if calls is None else calls, settings.writers, planned)
    checking = expected_verify_calls(settings)
    written = cost_of_calls(expected_calls(settings) - checking, settings.writers, planned)
    return cost_of_both(written, cost_of_calls(checking, [settings.verifier], planned))


def _kinds(name: str) -> Iterable[str]:
    from hornbook.synthetic.catalogue import listing

    return listing(name)


def _prompts(name: str) -> Iterable[str]:
    from hornbook.synthetic.show_kind import shown

    return shown(name)


def _preview(
    settings: "SynthSettings",
    work: "Workspace",
    count: int,
    *,
    documents: Sequence[Path],
    questions: Sequence[Path] = (),
) -> Sequence[Any]:
    from hornbook.synthetic.preview import preview

    return preview(settings, work, count, documents=documents, questions=questions)


@stage(
    "synth",
    version=4,
    makes=("samples",),
    argument="documents",
    cost=_cost,
    listing=_kinds,
    shows=_prompts,
    previews=_preview,
    report="2.2, D",
    example="hornbook synth clean/ --teacher.url http://127.0.0.1:8000/v1 --teacher.model my-model --out synthetic",
)
def synth(
    settings: "SynthSettings", work: "Workspace", *, documents: Sequence[Path], questions: Sequence[Path] = ()
) -> None:
    """Let a teacher write, revise, reverse and answer: validated synthetic records, traceable to their seeds."""
    from hornbook.synthetic.stage import synth

    synth(settings, work, documents=documents, questions=questions)
