"""`hornbook.decontaminate`: texts → clean, partial or contaminated, by which item and where (report B).

>>> hornbook.decontaminate(["..."], against="gsm8k")[0].label
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.data.benchmark_sets import ALL, load_sets, missing_of_report, sets_identity
from hornbook.data.common_grams import CommonGrams
from hornbook.data.decontaminator import (
    CONTAMINATED,
    PARTIAL,
    ContaminationVerdict,
    Decontaminator,
    count_verdicts,
)
from hornbook.data.settings import DecontaminateSettings


def decontaminate(
    texts: Iterable[str], against: str | Sequence[str] = ALL, **settings: object
) -> list[ContaminationVerdict]:
    """For each text: whether it is clean, partial or contaminated, by which item, and where (`spans`).

    Args:
        texts: of any kind; each verdict depends on its own text only.
        against: sets of benchmarks: `all` that are installed, their names, files of records, `hub:NAME:CONFIG:SPLIT`.
        settings: thresholds and allow-list, as for the command `hornbook decontaminate`; common 13-grams of the texts
            themselves are allowed only if `common_share` is given.

    The index of the benchmarks (15 seconds for all) is kept for the next call. Raises HornbookError for an unknown set
    or setting.
    """
    named = [against] if isinstance(against, str) else list(against)
    texts = [texts] if isinstance(texts, str) else list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise HornbookError(f"decontaminate: expected texts, got a {type(text).__name__}")
    checked = DecontaminateSettings.parse({"common_share": 0.0, **settings, "against": named}, "decontaminate")
    if checked.common_share:
        return open_decontaminator(checked, [texts]).verdicts(texts)
    return _kept(checked.model_dump_json(), tuple(sets_identity(named))).verdicts(texts)


@lru_cache(maxsize=1)
def _kept(settings: str, sets: tuple[str, ...]) -> Decontaminator:
    """That of the last call, if the sets have not changed."""
    return make_decontaminator(DecontaminateSettings.model_validate_json(settings))


def open_decontaminator(settings: DecontaminateSettings, parts: Iterable[Sequence[str]]) -> Decontaminator:
    """By the settings, with an allow-list of what is common in the corpus, whose texts are given in parts."""
    made = make_decontaminator(settings)
    if settings.common_share:
        counts = CommonGrams()
        for texts in parts:
            counts.merge(made.count_common(texts))
        allow_common(made, counts, settings)
    return made


def make_decontaminator(settings: DecontaminateSettings) -> Decontaminator:
    """By the settings, without what is common in a corpus. To learn that in several processes, `count_common` in each,
    `merge` the counts, and give them to `allow_common`."""
    made = Decontaminator(
        load_sets(settings.against),
        info=settings.info_threshold,
        contamination=settings.contamination_threshold,
        boilerplate=settings.boilerplate,
    )
    if settings.allow_file:
        made.allow_texts([_read_allowed(Path(settings.allow_file))])
    return made


def allow_common(made: Decontaminator, counts: CommonGrams, settings: DecontaminateSettings) -> None:
    """Allow the 13-grams that are common in the counted documents."""
    made.allow(counts.common(max(settings.common_documents, settings.common_share * counts.documents)))


def unwanted_labels(settings: DecontaminateSettings) -> set[str]:
    return {CONTAMINATED, PARTIAL} if settings.drop_partial else {CONTAMINATED}


def note_contamination(
    work: Workspace,
    settings: DecontaminateSettings,
    decontaminator: Decontaminator,
    verdicts: Iterable[ContaminationVerdict],
) -> None:
    """Record the counts by benchmark, how many items are too short to be found, and what `all` does not have."""
    work.note("contamination", count_verdicts(verdicts))
    if decontaminator.too_short:
        work.note("items_too_short", decontaminator.too_short)
    if ALL in settings.against:
        work.note("not_compared", missing_of_report())


def _read_allowed(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise HornbookError(f"{path}: not a readable UTF-8 text file (allow-list)") from None
