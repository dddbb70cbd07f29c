"""The whole stage on a small folder: every reject has its reason, and two runs leave the same bytes."""

import json
import random

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import load_benchmark
from hornbook.data.curate import curate
from hornbook.data.curation.shard import RejectedDocument
from hornbook.data.settings import CurateSettings
from tests.data.test_filters import JUNK, PROSE, SENTENCES

SUBJECTS = [
    "rivers",
    "bridges",
    "clocks",
    "violins",
    "glaciers",
    "markets",
    "lanterns",
    "orchards",
    "comets",
    "harbours",
]


def essay(number):
    """A passable text of its own."""
    chosen = random.Random(number)
    subject = SUBJECTS[number % len(SUBJECTS)]
    parts = [
        f"When {subject} are studied, the first thing to consider is why number {chosen.randrange(10**6)} is so common",
        f"because the {chosen.choice(SUBJECTS)} and the {chosen.choice(SUBJECTS)} depend on each other in many ways",
        f"so we compare {chosen.randrange(100)} of them with {chosen.randrange(100)} others, if there is time for it",
        f"For example, in the year {chosen.randrange(1500, 2000)} there was only one that people could visit at all",
    ]
    chosen.shuffle(parts)
    return ". ".join(parts) + ". " + " ".join(f"It was {chosen.choice(SUBJECTS)} that they had." for _ in range(3))


@pytest.fixture
def corpus(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    texts = {f"essay{n}": essay(n) for n in range(12)}
    texts |= {"copy": essay(3).replace(" and ", "  and\n"), "near": essay(4) + " End.", "german": SENTENCES["de"] * 4}
    texts |= {"short": "Too short.", "binary": PROSE + "\0" * 9, "junk": JUNK["word list"]}
    texts["leak"] = PROSE + load_benchmark("gsm8k")[5].question + " " + PROSE
    lines = [json.dumps({"text": text, "origin": name}) for name, text in texts.items()]
    (root / "all.jsonl").write_text("\n".join([*lines, "{broken"]))
    return root


SETTINGS = CurateSettings(against=["gsm8k", "arc_easy"])


def run(path, settings=SETTINGS, **inputs):
    work = Workspace(path, name="documents")
    curate(settings, work, **inputs)
    work.close()
    return work


def test_every_document_is_kept_or_rejected_for_its_reason(tmp_path, corpus):
    work = run(tmp_path / "out", documents=[corpus])
    kept = read_records(tmp_path / "out", Document)
    essays = [f"essay{n}" for n in range(12) if n != 4]
    assert [document.origin for document in kept] == [*essays, "near"]  # in the order of the input
    assert all(d.language == "en" and d.quality >= 0.5 and d.source == "web" for d in kept)
    reasons = {
        row["where"]: row["reason"].split(":")[0]
        for row in map(json.loads, (tmp_path / "out" / "rejects.jsonl").read_text().splitlines())
    }
    assert reasons.pop(f"{corpus}/all.jsonl:20") == "corrupt line"
    assert reasons == {
        "copy": "exact duplicate",
        "essay4": "near duplicate",  # of a longer one
        "german": "language",
        "short": "too short",
        "binary": "bad characters",
        "junk": "low quality",
        "leak": "contaminated",
    }
    assert work.counts["records_in"] == 19 and work.counts["records_out"] == 12
    assert work.notes["contamination"] == {"gsm8k": {"contaminated": 1, "partial": 0}}
    assert work.notes["languages"] == {"en": 12}
    web = work.notes["sources"]["web"]
    assert (web["found"], web["documents"], sum(web["quality_histogram"])) == (19, 12, 12)
    assert work.notes["rejected_by_source"]["near duplicate"] == {"web": 1}


def test_a_rejected_document_is_whole_and_names_its_twin_and_can_be_put_back(tmp_path, corpus):
    run(tmp_path / "out", documents=[corpus])
    out = {row.origin: row for row in read_records(tmp_path / "out" / "rejected.parquet", RejectedDocument)}
    kept = {row.origin: row for row in read_records(tmp_path / "out", Document)}
    assert len(out) + len(kept) == 19
    assert out["essay4"].text == essay(4) and out["essay4"].twin == kept["near"].id
    assert 0.8 <= out["essay4"].similarity < 1
    assert out["copy"].twin == kept["essay3"].id and out["copy"].similarity == 1
    assert out["leak"].twin.startswith("gsm8k")
    reasons = ["near duplicate", "too short", "contaminated"]
    run(tmp_path / "back", SETTINGS.model_copy(update={"put_back": reasons}), documents=[corpus])
    back = {row.origin for row in read_records(tmp_path / "back", Document)}
    assert back - {*kept} == {"essay4", "leak"}  # "short" is of low quality too
    run(tmp_path / "again", documents=[tmp_path / "out" / "rejected.parquet"])  # it is a file of documents
    assert "essay4" in {row.origin for row in read_records(tmp_path / "again", Document)}


def test_a_second_run_in_the_same_folder_knows_nothing_of_the_first(tmp_path):
    """The first has a notice in all of its documents, which is cut; in the second it is in one."""
    notice = "All rights reserved by the society of essays."
    settings = SETTINGS.model_copy(update={"repeated_lines": 3, "against": []})
    for count in (5, 1):
        texts = [essay(number) + (f"\n{notice}" if number < count else "") for number in range(5)]
        (tmp_path / "in.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
        run(tmp_path / "out", settings, documents=[tmp_path / "in.jsonl"])
        assert sum(notice in document.text for document in read_records(tmp_path / "out", Document)) == count % 5


def test_two_runs_leave_the_same_bytes(tmp_path, corpus):
    settings = CurateSettings(against=[], packages=["heapq", "json"], package_chars=20_000)
    for name in "ab":
        run(tmp_path / name, settings, documents=[corpus])
    for file in ("documents.parquet", "rejected.parquet", "book.json", "rejects.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert {d.source for d in read_records(tmp_path / "a", Document)} == {"web", "code", "acquired"}


def test_nothing_to_read_and_nothing_left_are_errors(tmp_path, corpus):
    with pytest.raises(HornbookError, match="no input"):
        run(tmp_path / "a")
    (tmp_path / "empty.jsonl").write_text("\n{}\n")
    with pytest.raises(HornbookError, match="no readable document"):
        run(tmp_path / "b", documents=[tmp_path / "empty.jsonl"])
    with pytest.raises(HornbookError, match="none of 19 documents is left"):
        run(tmp_path / "c", CurateSettings(min_chars=10**6, max_chars=10**7, against=[]), documents=[corpus])
    with pytest.raises(HornbookError, match="prose_source"):
        run(tmp_path / "d", CurateSettings(prose_source="books"), documents=[corpus])


def test_an_unhealthy_corpus_is_noticed(tmp_path):
    """Report §9: badly filtered organic data. Mostly junk, one folder of it all, benchmark questions inside."""
    questions = load_benchmark("gsm8k")
    texts = [essay(n) for n in range(4)] + [f"{PROSE}{q.question} {q.answer}" for q in questions[:4]]
    texts += ["\n".join(f"{n * k}, {n}, {k}" for n in range(90)) for k in range(3, 23)]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    warnings = " ".join(
        run(
            tmp_path / "out",
            SETTINGS.model_copy(update={"languages": [], "min_language_score": 0.0}),
            documents=[tmp_path / "x.jsonl"],
        ).warnings
    )
    assert "low quality or corrupt" in warnings
    assert "contain benchmark questions" in warnings
    assert "100% of the web text comes from one origin" in warnings


def test_a_healthy_corpus_is_not_warned_of(tmp_path):
    for name in "abc":
        (tmp_path / "in" / name).mkdir(parents=True)
        for number in range(8):
            (tmp_path / "in" / name / f"{number}.txt").write_text(essay(number * 3 + ord(name)))
    paths = [tmp_path / "in" / name for name in "abc"]
    assert run(tmp_path / "out", documents=paths).warnings == []


def test_a_short_document_that_is_put_back_passes_the_other_filters(tmp_path):
    texts = {
        "masked": "Write to ann@acme.de about the rivers and the bridges.",
        "german": "Schreibt uns über die Flüsse.",
    }
    lines = [json.dumps({"text": text, "origin": name}) for name, text in texts.items()]
    (tmp_path / "in.jsonl").write_text("\n".join([*lines, json.dumps({"text": essay(1), "origin": "essay"})]))
    settings = SETTINGS.model_copy(update={"put_back": ["too short"], "against": [], "min_quality": 0.0})
    run(tmp_path / "out", settings, documents=[tmp_path / "in.jsonl"])
    kept = {document.origin: document for document in read_records(tmp_path / "out", Document)}
    assert [*kept] == ["masked", "essay"]
    assert "email@example.com" in kept["masked"].text and kept["masked"].language == "en"
