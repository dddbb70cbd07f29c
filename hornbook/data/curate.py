"""The stage that turns raw documents into clean ones (report §2.3), shard by shard: memory does not grow with them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.base.progress import console
from hornbook.base.workspace import Workspace
from hornbook.data.classifier.model import Classifier, classifier_file
from hornbook.data.classifier.selection import THRESHOLDS, read_selection, topic_balance
from hornbook.data.curation.compare_documents import compare_documents
from hornbook.data.curation.compare_shard import BENCHMARKS, compare_shard, load_tools
from hornbook.data.curation.corpus_counts import CorpusCounts
from hornbook.data.curation.filter_shard import filter_shard, load_filters
from hornbook.data.curation.read_shards import read_shards
from hornbook.data.curation.run_shards import run_shards
from hornbook.data.curation.shard import FOLDER, ShardFiles, remove_shards, shard_files
from hornbook.data.curation.write_corpus import write_corpus
from hornbook.data.decontaminate import make_decontaminator
from hornbook.data.decontaminator import Decontaminator
from hornbook.data.diagnostics import check_health
from hornbook.data.readers.documents import SOURCES
from hornbook.data.readers.load import count_rows
from hornbook.data.settings import CurateSettings


def curate(settings: CurateSettings, work: Workspace, *, documents: Sequence[Path] = ()) -> None:
    """Write documents.parquet: the documents of the user's files and of installed packages that pass every filter.

    `documents` are files or folders (.txt .md .rst .html, source code, .jsonl and .parquet with a "text"). The others
    are in rejected.parquet, whole, each with its reason. Counts by source, language and benchmark are recorded; an
    unhealthy mix is warned of. Raises HornbookError for missing files or packages, and when nothing is left.
    """
    if settings.prose_source not in SOURCES:
        raise HornbookError(f"prose_source: expected one of {', '.join(SOURCES)}, got '{settings.prose_source}'")
    if not settings.packages and not settings.wikipedia and not documents:
        raise HornbookError("curate: no input; name folders or files (documents) or installed packages (packages)")
    settings = _with_classifier(settings, work)
    load_filters.cache_clear()  # of an earlier run in this process, whose files may have had the same names
    shards = _filtered(settings, work, documents)
    counts = CorpusCounts(_found(shards, work))
    compare_documents(shards, settings, work)
    decontaminator = make_decontaminator(settings) if settings.against else None
    _compared(shards, settings, work, decontaminator)
    write_corpus(shards, settings, work, counts, decontaminator)
    found = counts.found.total()
    if not counts.documents:
        (work.path / "documents.parquet").unlink()
        raise HornbookError(f"curate: none of {found} documents is left; see {work.path / 'rejected.parquet'}")
    work.count(records_in=found, records_out=counts.documents, characters=counts.characters)
    for name, value in counts.notes().items():
        work.note(name, value)
    if settings.classifier:
        _note_selection(counts, work)
    check_health(counts, work, by_rules=not settings.classifier)
    remove_shards(work.path / FOLDER)


def _with_classifier(settings: CurateSettings, work: Workspace) -> CurateSettings:
    """Say what grades the documents, and name its file as any process finds it. Raises HornbookError if it is none."""
    if not settings.classifier:
        rules = "".join(f", {name}'s" for name in settings.rules)
        console.print(
            f"{work.name}: no classifier is given: quality is judged by rules (our own{rules}) without a teacher's "
            "labels, and topics are not known"
        )
        work.note("quality_by", "rules")
        return settings
    work.note("quality_by", "classifier")
    classifier = Classifier.load(settings.classifier)
    work.note("classifier_agreement", classifier.facts["agreement"])
    return settings.model_copy(update={"classifier": str(classifier_file(settings.classifier).resolve())})


def _note_selection(counts: CorpusCounts, work: Workspace) -> None:
    """Keep the thresholds for other corpora, and show the balance of topics before and after."""
    selection = read_selection(work.path / FOLDER / THRESHOLDS)
    write_json(work.path / THRESHOLDS, selection)
    work.note("thresholds", selection.thresholds)
    work.note("topics", topic_balance(selection.topics, counts.topics))


def _filtered(settings: CurateSettings, work: Workspace, documents: Sequence[Path]) -> list[ShardFiles]:
    """Read the sources and judge each document by itself; returns the shards."""
    folder = work.path / FOLDER
    numbers = read_shards(folder, settings, work.seed, documents)
    count = 0
    with work.progress("reading and filtering", count_rows(documents, "documents"), "documents") as bar:
        for number in run_shards(
            filter_shard, folder, numbers, settings.model_dump_json(), settings.runner, settings.workers
        ):
            bar.advance(sum(shard_files(folder, number).filter_figures().found.values()))
            count = max(count, number + 1)
    return [shard_files(folder, number) for number in range(count)]


def _found(shards: Sequence[ShardFiles], work: Workspace) -> Counter[str]:
    """Documents by source. Records what could not be read, and what the filters counted."""
    found: Counter[str] = Counter()
    notes: dict[str, Counter[str]] = {}
    for shard in shards:
        for where, reason in shard.reading().set_aside:
            work.reject(where, reason)
        figures = shard.filter_figures()
        found.update(figures.found)
        for name, counts in figures.notes.items():
            notes.setdefault(name, Counter()).update(counts)
    for name, total in notes.items():
        work.note(name, dict(total.most_common()))
    if not found:
        raise HornbookError(f"curate: the sources hold no readable document{work.first_set_aside()}")
    return found


def _compared(
    shards: Sequence[ShardFiles], settings: CurateSettings, work: Workspace, decontaminator: Decontaminator | None
) -> None:
    """Apply to each shard what the comparison of all documents found. The tables of the benchmarks take many seconds to
    make: the processes read them from the folder of the shards."""
    load_tools.cache_clear()
    if decontaminator:
        decontaminator.save(work.path / FOLDER / BENCHMARKS)
    with work.progress("cutting and decontaminating", len(shards), "shards") as bar:
        for _ in run_shards(
            compare_shard,
            work.path / FOLDER,
            range(len(shards)),
            settings.model_dump_json(),
            settings.runner,
            settings.workers,
        ):
            bar.advance()
    load_tools.cache_clear()  # tables that are mapped into memory stay on the disk after they are removed
