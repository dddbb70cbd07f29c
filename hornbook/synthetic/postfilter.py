"""Filter the generated records: duplicates, near-duplicates, benchmark contamination."""

from collections.abc import Sequence

from hornbook.base.records import Document, Sample
from hornbook.base.workspace import Workspace
from hornbook.data.decontaminate import CONTAMINATED, PARTIAL, count_verdicts, open_decontaminator
from hornbook.data.filters.duplicates import drop_exact_duplicates, drop_near_duplicates
from hornbook.synthetic.settings import SynthSettings


def filter_samples(samples: Sequence[Sample], settings: SynthSettings, work: Workspace) -> list[Sample]:
    """The samples that remain, in order; the others are set aside with their reason.

    Only the teacher's text is compared for duplicates (several prompts may quote one passage); the whole sample is
    compared with benchmarks.
    """

    def drop(document: Document, reason: str) -> None:
        work.reject(document.id, f"{document.kind}, {reason}")

    written = [_as_document(sample, written_by_teacher(sample)) for sample in samples]
    left = drop_near_duplicates(drop_exact_duplicates(written, drop), settings.near_duplicate, drop)
    ids = {document.id for document in left}
    return _clean([sample for sample in samples if sample.id in ids], settings, work)


def _clean(samples: list[Sample], settings: SynthSettings, work: Workspace) -> list[Sample]:
    if not settings.benchmarks or not samples:
        return samples
    texts = [whole_text(sample) for sample in samples]
    verdicts = open_decontaminator(settings, texts).verdicts(texts)
    work.note("contamination", count_verdicts(verdicts))
    unwanted = {CONTAMINATED, PARTIAL} if settings.drop_partial else {CONTAMINATED}
    kept = []
    for sample, verdict in zip(samples, verdicts, strict=True):
        if verdict.label in unwanted:
            reason = f"{verdict.label}: {verdict.item} by {verdict.rule}, ratio {verdict.ratio:.2f}"
            work.reject(sample.id, f"{sample.kind}, {reason}")
        else:
            kept.append(sample)
    return kept


def written_by_teacher(sample: Sample) -> str:
    """The text, or the last turn."""
    return sample.messages[-1].content if sample.messages else sample.text


def whole_text(sample: Sample) -> str:
    return "\n".join(message.content for message in sample.messages) if sample.messages else sample.text


def _as_document(sample: Sample, text: str) -> Document:
    return Document(id=sample.id, text=text, source=sample.source, origin=sample.id, kind=sample.kind)
