"""Declares the stages of this package for recipes and the command line."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from rich.table import Table

    from hornbook.base.workspace import Workspace
    from hornbook.synthetic.settings import AuditSettings, LabelSettings, SynthSettings


def _cost(settings: "SynthSettings", planned: Planned) -> Cost:
    from hornbook.synthetic.expected import of_run
    from hornbook.teacher.cost import calls_in, cost_of, cost_of_both

    said = calls_in(planned)
    if said:
        return cost_of(said, settings.writers)
    written, checked, tokens = of_run(settings, planned.expect.get("kept"))
    verifiers = [settings.verifier] if settings.verifier else settings.writers
    both = cost_of_both(cost_of(written, settings.writers), cost_of(checked, verifiers))
    return replace(both, tokens=round(tokens))


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
    documents: Sequence[Path] = (),
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
    settings: "SynthSettings", work: "Workspace", *, documents: Sequence[Path] = (), questions: Sequence[Path] = ()
) -> None:
    """Let a teacher write, revise, reverse and answer: validated synthetic records, traceable to their seeds."""
    from hornbook.synthetic.stage import synth

    synth(settings, work, documents=documents, questions=questions)


def _label_cost(settings: "LabelSettings", planned: Planned) -> Cost:
    from hornbook.teacher.cost import Expected, calls_in, cost_of

    words = 420 + settings.shown / 4  # tokens of the prompt
    asked = calls_in(planned) or Expected(settings.sample, settings.sample * words, settings.sample * 40)
    return cost_of(asked, settings.writers)


@stage(
    "label",
    makes=("labels",),
    argument="documents",
    cost=_label_cost,
    report="2.3",
    example="hornbook label my-docs/ --teacher.url http://127.0.0.1:8000/v1 --teacher.model my-model --out labels",
)
def label(settings: "LabelSettings", work: "Workspace", *, documents: Sequence[Path]) -> None:
    """Let a teacher grade a sample of documents and name their topics, for a classifier to learn from."""
    from hornbook.synthetic.labels import label

    label(settings, work, documents=documents)


def _audit_tables(out: Path) -> Iterable["Table"]:
    from hornbook.synthetic.audit import audit_tables

    return audit_tables(out)


@stage(
    "audit",
    makes=("advice",),
    argument="samples",
    tables=_audit_tables,
    report="2.2",
    example="hornbook audit synthetic/ --sample 300 --verifier.url http://127.0.0.1:8001/v1 --verifier.model other "
    "--out audit",
)
def audit(settings: "AuditSettings", work: "Workspace", *, samples: Path) -> None:
    """Run the checks of kept synthetic records again, and bound the share that is wrong."""
    from hornbook.synthetic.audit import audit

    audit(settings, work, samples=samples)
