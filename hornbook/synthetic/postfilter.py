"""Filter the generated records: duplicates, near-duplicates, benchmark contamination."""

from hornbook.base.record_parts import RecordParts
from hornbook.base.records import Sample
from hornbook.base.workspace import Workspace
from hornbook.data.decontaminate import note_contamination, open_decontaminator, unwanted_labels
from hornbook.data.filters.duplicates import NearDuplicates, exact_key, signed
from hornbook.synthetic.settings import SynthSettings


class Duplicates:
    """The texts of all records so far, to find those that come again. Only the teacher's text is compared: several
    prompts may quote one passage. Memory grows by about 4 kB for each text."""

    def __init__(self, near_duplicate: float) -> None:
        """`near_duplicate`: the Jaccard similarity of two texts that are the same; above 1 only equal ones are."""
        self._first: dict[bytes, str] = {}
        self._near = NearDuplicates(near_duplicate)

    def reason(self, sample: Sample) -> str:
        """Why the sample is left out; "" if it is new, and then it counts from now on."""
        text = sample.written()
        key = exact_key(text)
        if key in self._first:
            return f"exact duplicate: of {self._first[key]}"
        self._first[key] = sample.id
        if self._near.threshold <= 1:
            (signature,) = signed([text])
            if like := self._near.like(signature):
                return f"near duplicate: of {like}"
            self._near.add(sample.id, signature)
        return ""


def contaminated(samples: RecordParts[Sample], settings: SynthSettings, work: Workspace) -> dict[str, str]:
    """The samples that repeat a benchmark: id → kind. They are set aside with their reason; the whole sample is
    compared."""
    if not settings.against or not any(samples):
        return {}
    found: dict[str, str] = {}
    verdicts = []
    decontaminator = open_decontaminator(settings, ([whole_text(sample) for sample in part] for part in samples))
    unwanted = unwanted_labels(settings)
    for part in samples:
        labelled = decontaminator.verdicts([whole_text(sample) for sample in part])
        for sample, verdict in zip(part, labelled, strict=True):
            if verdict.benchmark:
                verdicts.append(verdict)
            if verdict.label in unwanted:
                work.reject(sample.id, f"{sample.kind}, {verdict.reason()}")
                found[sample.id] = sample.kind
    note_contamination(work, settings, decontaminator, verdicts)
    return found


def whole_text(sample: Sample) -> str:
    return "\n".join(message.content for message in sample.messages) if sample.messages else sample.text
