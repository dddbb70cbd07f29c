"""`hornbook audit CORPUS`: the checks of a sample of kept records once more, and a bound of the share that is wrong.

Programs run again, and the verifier answers anew, in samples of its own; where its settings name another model than the
one that wrote, the audit does not rest on that one's judgement (report §2.2, validation).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table

from hornbook.base import asynchronous
from hornbook.base.confidence_intervals import exact_upper
from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import read_json, read_records, write_json
from hornbook.base.records import Question, Sample
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import count_rows, stream_records
from hornbook.synthetic.axes import brief
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import Kind, KindSettings, NotAudited, RecordContext, Rejected, Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import Passage, PassageSettings
from hornbook.synthetic.settings import AuditSettings
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import Teachers, open_teachers

FILE = "audit.json"
CONFIDENCE = 0.95
FRESH = 1000  # number of the first sample that the verifier gives


class Finding(msgspec.Struct):
    """What came of the checks of one record: `failed` and `not_audited` are reasons, "" where it passed."""

    id: str
    kind: str
    failed: str = ""
    not_audited: str = ""


class Corpus:
    """What is known of a corpus: its kinds with their settings, and its seeds by id."""

    def __init__(self, folder: Path) -> None:
        """Raises HornbookError if `folder` is no output folder of `hornbook synth`."""
        stage = read_json(folder / "stage.json") if (folder / "stage.json").exists() else {}
        if stage.get("kind") != "synth":
            raise HornbookError(f"{folder}: not a synthesis; expected the output folder of `hornbook synth`")
        self.folder, self.seed = folder, int(stage["seed"])
        said = stage["settings"]
        self.cutting = PassageSettings.parse(said["passages"], f"{folder}: passages")
        self.kinds: dict[str, tuple[Kind, KindSettings]] = {}
        for name, values in said["kinds"].items():
            kind = load_kind(name, said["profile"])
            self.kinds[kind.name] = kind, kind.settings.parse(values, f"{folder}: kinds.{name}")
        found: list[Seed] = [*read_records(folder / "passages.parquet", Passage)]
        found += read_records(folder / "tasks.parquet", Question)
        self.seeds = {seed.id: seed for seed in found}

    def chosen(self, count: int, seed: int) -> Iterator[Sample]:
        """`count` different records, each as likely as any other; all where there are no more."""
        total = count_rows(self.folder, "samples")
        wanted = drawn(total, count, seed)
        for number, sample in enumerate(stream_records(self.folder, "samples", _no_rejects)):
            if number in wanted:
                yield sample


def drawn(total: int, count: int, seed: int) -> set[int]:
    """The numbers of the records to audit."""
    return set(rng(seed, "audit").choice(total, min(total, count), replace=False).tolist())


def audit(settings: AuditSettings, work: Workspace, *, samples: Path) -> None:
    """Write audit.json: how many of the sampled records fail their checks, an upper bound of the share of all, and what
    failed. Raises HornbookError for a folder that is no corpus, and TeacherError as the teacher does."""
    corpus = Corpus(samples)
    chosen = list(corpus.chosen(settings.sample, work.seed))
    if not chosen:
        raise HornbookError(f"{samples}: there are no samples to audit")

    async def ask() -> list[Finding | CallFailed]:
        async with open_teachers([settings.checker], work.ledger) as teachers:

            async def one(sample: Sample) -> Finding:
                finding = await checked(sample, corpus, teachers)
                bar.advance()
                return finding

            return await map_records(chosen, one, limit=teachers.records_at_once)

    with work.progress("", len(chosen), "records") as bar:
        found = asynchronous.run_coroutine(ask())
    findings = [one for one in found if isinstance(one, Finding)]
    result = summed(findings)
    write_json(work.path / FILE, result)
    work.count(records_in=len(chosen), records_out=result["audited"] - result["failed"])
    for finding in findings:
        if finding.failed:
            work.reject(finding.id, f"{finding.kind}, {finding.failed}")
    for reason, count in result["not_audited"].items():
        work.warn(f"{count} of {len(chosen)} records were not audited: {reason}")
    if result["audited"]:
        work.conclude(
            f"{result['failed']} of {result['audited']} records fail; with {CONFIDENCE:.0%} confidence at most "
            f"{result['upper']:.1%} of the corpus do"
        )


async def checked(sample: Sample, corpus: Corpus, teachers: Teachers) -> Finding:
    """The checks of one record once more."""
    finding = Finding(sample.id, sample.kind)
    kind, settings = corpus.kinds.get(sample.kind, (None, None))
    seed = next((corpus.seeds[name] for name in sample.parents if name in corpus.seeds), None)
    if kind is None or settings is None or kind.recheck is None:
        finding.not_audited = f"{sample.kind}: its checks cannot be run again"
    elif seed is None:
        finding.not_audited = "the seed is not in the corpus"
    else:
        values = drawn_values(RecordJob(kind, settings, seed), corpus.seed)
        values |= {"axes": sample.axes, "brief": brief(sample.axes)}
        dice = rng(corpus.seed, "audit", sample.id)
        teacher = teachers.choose(kind.name, seed.id)
        ask = RecordContext(teacher, kind, settings, corpus.cutting, dice, values, fresh=FRESH)
        try:
            await kind.recheck(sample, seed, ask, settings)
        except Rejected as reason:
            finding.failed = str(reason)
        except NotAudited as reason:
            finding.not_audited = f"{sample.kind}: {reason}"
        except CallFailed as failure:
            finding.not_audited = f"teacher call failed: {failure}"
        except HornbookError:
            raise
        except Exception as error:  # a bug in the kind must not stop the other records
            finding.not_audited = f"{sample.kind}: fault: {one_line(error)}"
    return finding


def summed(findings: list[Finding]) -> dict[str, Any]:
    """The figures of an audit: of all records, and of each kind."""
    reasons: dict[str, int] = {}
    for finding in findings:
        if finding.not_audited:
            reasons[finding.not_audited] = reasons.get(finding.not_audited, 0) + 1
    kinds = sorted({finding.kind for finding in findings})
    return {
        "sampled": len(findings),
        **_figures(findings),
        "confidence": CONFIDENCE,
        "kinds": {name: _figures([one for one in findings if one.kind == name]) for name in kinds},
        "not_audited": reasons,
        "failures": [{"id": one.id, "kind": one.kind, "reason": one.failed} for one in findings if one.failed],
    }


def _figures(findings: list[Finding]) -> dict[str, Any]:
    audited = sum(not one.not_audited for one in findings)
    failed = sum(bool(one.failed) for one in findings)
    return {
        "audited": audited,
        "failed": failed,
        "share": failed / audited if audited else 0.0,
        "upper": exact_upper(failed, audited, CONFIDENCE),
    }


def audit_tables(out: Path) -> Iterator[Table]:
    """The table of a finished audit: a row for each kind, and one for all."""
    result = read_json(out / FILE)
    table = Table(title=f"Audit (upper bound with {result['confidence']:.0%} confidence)")
    for name in ("kind", "audited", "failed", "share", "at most"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for name, row in result["kinds"].items():
        _add_row(table, name, row)
    table.add_section()
    _add_row(table, "all", result)
    yield table
    if result["failures"]:
        failures = Table("record", "kind", "what failed", title="Failures")
        for one in result["failures"]:
            failures.add_row(one["id"], one["kind"], one["reason"])
        yield failures


def _add_row(table: Table, name: str, row: Mapping[str, Any]) -> None:
    share = f"{row['share']:.1%}" if row["audited"] else "–"
    table.add_row(name, f"{row['audited']:,}", f"{row['failed']:,}", share, f"{row['upper']:.1%}")


def _no_rejects(where: str, reason: str) -> None:
    raise HornbookError(f"{where}: {reason}")
