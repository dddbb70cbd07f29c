"""Algorithm 1 of appendix B: no planted question gets through, and the verdicts are those of plain Python sets."""

import gzip
import random

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Message, Sample
from hornbook.base.workspace import Workspace
from hornbook.data.benchmark_sets import load_sets
from hornbook.data.benchmarks import BenchmarkItem, load_benchmark
from hornbook.data.decontaminate import open_decontaminator
from hornbook.data.decontaminate_files import decontaminate_files
from hornbook.data.decontaminator import Decontaminator
from hornbook.data.settings import DecontaminateSettings


def item(number, text, benchmark="quiz"):
    return BenchmarkItem(id=f"{benchmark}/{number}", benchmark=benchmark, split="test", question=text)


def naive_grams(text, n):
    words = text.split()
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def naive_verdict(text, items, info, contamination):
    """Appendix B with Python sets."""
    mine = set(naive_grams(text, 13))
    shared = [len(mine & set(naive_grams(candidate.text, 13))) for candidate in items]
    if max(shared):
        return "contaminated", items[shared.index(max(shared))].id
    short = set(naive_grams(text, 7))
    best = False, 0.0, ""
    for candidate in items:
        theirs = set(naive_grams(candidate.text, 7))
        ratio = len(short & theirs) / min(len(short), len(theirs)) if short and theirs else 0.0
        enough = ratio >= contamination and (len(theirs) > 6 or ratio == 1)  # a short one must be there whole
        if (enough, ratio) > best[:2]:
            best = enough, ratio, candidate.id
    enough, ratio, name = best
    return ("contaminated", name) if enough else ("partial", name) if ratio > info else ("clean", "")


SENTENCES = st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=40).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=4), st.lists(SENTENCES, max_size=4))
def test_verdicts_equal_those_of_python_sets(questions, texts):
    items = [item(number, text) for number, text in enumerate(questions)]
    made = Decontaminator(items, info=0.3, contamination=0.7, boilerplate=0)
    for text, verdict in zip(texts, made.verdicts(texts), strict=True):
        assert (verdict.label, verdict.item) == naive_verdict(text, items, 0.3, 0.7)
        assert verdict == made.verdict(text)


WORDS = st.lists(st.text("abcdefghij", min_size=3, max_size=8), min_size=13, max_size=30)


@settings(deadline=None)
@given(WORDS, WORDS, st.data())
def test_a_planted_13_gram_is_always_found(question, host, data):
    start = data.draw(st.integers(0, len(question) - 13))
    place = data.draw(st.integers(0, len(host)))
    gram = ", ".join(question[start : start + 13]).upper()
    text = " ".join(host[:place]) + f" <{gram}>! " + " ".join(host[place:])
    verdict = Decontaminator([item(0, " ".join(question))]).verdict(text)
    assert (verdict.label, verdict.item, verdict.rule) == ("contaminated", "quiz/0", "13-gram")


def test_thresholds_are_inclusive_on_the_side_the_report_says():
    question = " ".join(f"w{n}" for n in range(16))  # ten 7-grams
    half = " ".join(f"w{n}" for n in range(11)) + " x" * 6 + " y z q r s t u v"  # five of them
    one = Decontaminator([item(0, question)], info=0.2, contamination=0.5)
    assert one.verdict(half).label == "contaminated" and one.verdict(half).ratio == 0.5
    assert Decontaminator([item(0, question)], info=0.2, contamination=0.51).verdict(half).label == "partial"
    assert Decontaminator([item(0, question)], info=0.5, contamination=0.6).verdict(half).label == "clean"


PHRASE = "one two three four five six seven eight nine ten eleven twelve thirteen"
LONG_ITEM = PHRASE + " " + " ".join(f"unique{n}" for n in range(60))


def test_allow_list_takes_phrases_out_of_the_13_gram_rule_only():
    made = Decontaminator([item(0, LONG_ITEM)])
    host = PHRASE + " " + " ".join(f"other{n}" for n in range(60))
    assert made.verdict(host).label == "contaminated"
    made.allow_texts([PHRASE])
    assert made.verdict(host).label == "clean"
    assert made.verdict(LONG_ITEM).label == "contaminated"
    assert made.verdict(" ".join(f"unique{n}" for n in range(10))).rule == "7-gram"


def test_what_is_common_in_the_corpus_or_the_form_of_a_benchmark_is_allowed():
    hosts = [f"{PHRASE} " + " ".join(f"host{h}x{n}" for n in range(60)) for h in range(3)]
    made = Decontaminator([item(0, LONG_ITEM)])
    counts = made.count_common(hosts)
    made.allow(counts.common(4))
    assert made.verdict(hosts[0]).label == "contaminated"
    made.allow(counts.common(3))
    assert made.verdict(hosts[0]).label == "clean"
    forms = [item(n, f"{PHRASE} " + " ".join(f"q{n}x{k}" for k in range(60))) for n in range(5)]
    assert Decontaminator(forms, boilerplate=6).verdict(hosts[0]).label == "contaminated"
    assert Decontaminator(forms, boilerplate=5).verdict(hosts[0]).label == "clean"


def test_no_items_and_empty_texts_are_clean():
    assert [v.label for v in Decontaminator([]).verdicts(["", PHRASE])] == ["clean", "clean"]
    assert Decontaminator([item(0, LONG_ITEM)]).verdict("").label == "clean"


def test_a_real_question_is_found_wherever_it_is_hidden():
    made = Decontaminator(load_sets(["gsm8k", "humaneval"]))
    questions = load_benchmark("gsm8k")
    filler = "The weather was fine and nobody in the village thought about numbers at all that day. " * 40
    for question in random.Random(0).sample(questions, 20):
        verdict = made.verdict(filler + question.question + filler)
        assert verdict.label == "contaminated" and verdict.benchmark == "gsm8k"
    assert made.verdict(filler).label == "clean"
    assert (
        made.verdict(f"def f():\n{load_benchmark('humaneval')[2].answer}" + questions[3].answer).item == questions[3].id
    )


def test_allow_file(tmp_path):
    question = load_benchmark("gsm8k")[0]
    words = question.question.split()
    (tmp_path / "allowed.txt").write_text(" ".join(words[:20]))
    text = " ".join(words[:20]) + " " + " ".join(f"w{n}" for n in range(800))
    settings = DecontaminateSettings(against=["gsm8k"], info_threshold=1.0, allow_file=str(tmp_path / "allowed.txt"))
    assert Decontaminator(load_sets("gsm8k")).verdict(text).rule == "13-gram"
    assert open_decontaminator(settings, []).verdict(text).label == "clean"
    with pytest.raises(HornbookError, match="allow-list"):
        open_decontaminator(settings.model_copy(update={"allow_file": str(tmp_path / "missing.txt")}), [])


def sample(name, question, reply="Answer: 4"):
    messages = [Message(role="user", content=question), Message(role="assistant", content=reply)]
    return Sample(id=name, source="synthetic", kind="qa", messages=messages)


def test_a_users_files_come_back_without_the_contaminated_records(tmp_path):
    question = load_benchmark("gsm8k")[0].question
    write_records(
        tmp_path / "in" / "samples.parquet", Sample, [sample("good", "How are you?"), sample("bad", question)]
    )
    lines = [
        b'{"text": "fine", "extra": [1]}',
        b"{broken",
        msgspec.json.encode({"prompt": question, "id": "q7"}),
        b"{}",
    ]
    (tmp_path / "mine.jsonl").write_bytes(b"\n".join(lines))
    work = Workspace(tmp_path / "out")
    decontaminate_files(
        DecontaminateSettings(against=["gsm8k"]), work, records=[tmp_path / "in", tmp_path / "mine.jsonl"]
    )
    assert [kept.id for kept in read_records(tmp_path / "out" / "samples.parquet", Sample)] == ["good"]
    assert (tmp_path / "out" / "mine.jsonl").read_bytes() == lines[0] + b"\n"
    assert pq.read_schema(tmp_path / "out" / "samples.parquet").equals(
        pq.read_schema(tmp_path / "in" / "samples.parquet"), check_metadata=False
    )
    assert work.counts == {"records_in": 6, "records_out": 2}
    assert work.rejected == {"contaminated": 2, "corrupt line": 1, "no text": 1}
    assert work.notes["contamination"] == {"gsm8k": {"contaminated": 2, "partial": 0}}


def test_rows_of_other_tools_are_compared_by_all_their_texts(tmp_path):
    question = load_benchmark("gsm8k")[0].question
    asked = [{"conversations": [{"from": "human", "value": text}]} for text in ("How are you?", question)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in asked))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    (tmp_path / "c.csv").write_text(f'instruction,output\nHow are you?,Fine.\n"{question}",5\n')
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl.gz", "c.csv")]
    decontaminate_files(DecontaminateSettings(against=["gsm8k"]), Workspace(tmp_path / "out"), records=files)
    kept = msgspec.json.encode(asked[0]) + b"\n"
    assert (tmp_path / "out" / "a.jsonl").read_bytes() == (tmp_path / "out" / "b.jsonl").read_bytes() == kept
    assert (tmp_path / "out" / "c.jsonl").read_bytes() == b'{"instruction":"How are you?","output":"Fine."}\n'


def test_files_that_cannot_be_compared_are_named(tmp_path):
    run = lambda *paths: decontaminate_files(  # noqa: E731
        DecontaminateSettings(against=["gsm8k"]), Workspace(tmp_path / "out"), records=list(paths)
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in "ab":
        (tmp_path / folder / "x.jsonl").write_text('{"text": "t"}\n')
    (tmp_path / "notes.docx").write_text("x")
    (tmp_path / "bad.parquet").write_text("x")
    for paths, message in (
        ([tmp_path / "none.jsonl"], "no such file"),
        ([tmp_path / "a"], "no records in this folder"),
        ([tmp_path / "notes.docx"], "expected a file of records"),
        ([tmp_path / "bad.parquet"], "unreadable file: it is not Parquet"),
        ([tmp_path / "a" / "x.jsonl", tmp_path / "b" / "x.jsonl"], "one would overwrite the other"),
    ):
        with pytest.raises(HornbookError, match=message):
            run(*paths)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, True),  # partial: 0.2 to 0.5 of the shorter text's 7-grams
        ({"drop_partial": True}, False),
        ({"drop_partial": True, "info_threshold": 0.5}, True),
        ({"contamination_threshold": 0.3}, False),
        ({"contamination_threshold": 0.3, "allow_file": "allowed.txt"}, False),  # allows 13-grams, not 7-grams
    ],
)
def test_the_thresholds_are_settings(tmp_path, settings, kept):
    words = load_benchmark("gsm8k")[0].question.split()
    pieces = [words[start : start + 11] for start in range(0, len(words), 11)][::2]
    text = " ".join(" ".join(piece) + f" and then {n} others came along" for n, piece in enumerate(pieces))
    verdict = Decontaminator(load_sets("gsm8k")).verdict(text)
    assert verdict.label == "partial" and 0.3 <= verdict.ratio < 0.5
    (tmp_path / "allowed.txt").write_text(text)
    (tmp_path / "in.jsonl").write_bytes(msgspec.json.encode({"text": text}) + b'\n{"text": "fine"}\n')
    if "allow_file" in settings:
        settings = settings | {"allow_file": str(tmp_path / "allowed.txt")}
    chosen = DecontaminateSettings(against=["gsm8k"], **settings)
    decontaminate_files(chosen, Workspace(tmp_path / "out"), records=[tmp_path / "in.jsonl"])
    assert len((tmp_path / "out" / "in.jsonl").read_bytes().splitlines()) == 1 + kept


def test_a_saved_decontaminator_gives_the_same_verdicts(tmp_path):
    made = Decontaminator(load_sets(["gsm8k", "humaneval"]))
    made.save(tmp_path / "saved")
    loaded = Decontaminator.load(tmp_path / "saved")
    question = made.items[7].question
    texts = [question, f"{' '.join(f'q{n}' for n in range(99))} {question}", question[: len(question) // 3], PHRASE, ""]
    assert loaded.verdicts(texts) == made.verdicts(texts)
    one, other = made.count_common(texts), loaded.count_common(texts)
    one.save(tmp_path / "one.npz"), other.save(tmp_path / "other.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    assert loaded.too_short == made.too_short
