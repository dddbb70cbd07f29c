"""A mixture holds what it says: every token traceable, shares kept, the same bytes every time, any batch at once."""

import errno
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Document, Sample
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows, validation_rows
from hornbook.mixture.packing_plan import join
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import mixture
from hornbook.tokenizer.chat import encode_chat, load_tokenizer
from tests.mixture.conftest import SHARES, Corpus, Made, make


def documents_of(rows: Rows) -> Counter[str]:
    return Counter(piece.document for row in range(len(rows)) for piece in rows.pieces(row))


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_every_row_holds_the_tokens_of_the_records_it_names(made: Made) -> None:
    tokenizer = load_tokenizer(made.corpus.folder)
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    rows = Rows.open(made.work.path)
    tokens = {
        id: [*tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True), end]
        for id, text in made.corpus.texts.items()
    }
    batch = rows.batch(range(60))
    for b in range(60):
        pieces = rows.pieces(b)
        for number, (source, document, start, length) in enumerate(pieces):
            here_T = batch.documents_BT[b] == number
            assert document.startswith(source)
            assert batch.tokens_BT[b][here_T].tolist() == tokens[document][start : start + length]
            assert batch.positions_BT[b][here_T].tolist() == list(range(length))
        padding_T = batch.documents_BT[b] == -1
        assert padding_T.sum() == rows.context - sum(piece.length for piece in pieces)
        assert (batch.tokens_BT[b][padding_T] == end).all()


def test_a_document_ends_with_the_one_special_token_it_has(made: Made) -> None:
    rows = Rows.open(made.work.path)
    batch = rows.batch(range(len(rows)))
    inside_BT = batch.documents_BT >= 0
    end = load_tokenizer(made.corpus.folder).eos_token_id
    followed_by_same_BT = inside_BT[:, 1:] & (batch.documents_BT[:, 1:] == batch.documents_BT[:, :-1])
    assert not (batch.tokens_BT[:, :-1][followed_by_same_BT] == end).any()
    assert (batch.tokens_BT[inside_BT] == end).sum() > 100


def test_shares_are_kept_all_along(made: Made) -> None:
    rows = Rows.open(made.work.path)
    tokens: Counter[str] = Counter()
    for row in range(len(rows)):
        for piece in rows.pieces(row):
            tokens[piece.source] += piece.length
    for source, share in SHARES.items():
        assert abs(tokens[source] - share * made.settings.tokens) <= made.settings.context
    about = json.loads((made.work.path / "mixture.json").read_text())
    assert about["tokens"] == sum(tokens.values()) == made.work.counts["tokens"]
    assert about["rows"] == len(rows)
    assert made.work.notes["row_fill"] > 0.97


def test_epochs_are_derived_and_every_document_is_seen_that_often(made: Made) -> None:
    rows = Rows.open(made.work.path)
    pieces = Counter((piece.document, piece.start) for row in range(len(rows)) for piece in rows.pieces(row))
    for source, row in rows.about["sources"].items():
        assert row["epochs"] == pytest.approx(SHARES[source] * 200_000 / row["unique_tokens"])
        seen = {times for (document, _), times in pieces.items() if document.startswith(source)}
        assert seen <= {int(row["epochs"]), int(row["epochs"]) + 1}


def test_validation_documents_are_never_trained_on_and_all_there(made: Made) -> None:
    trained = set(documents_of(Rows.open(made.work.path)))
    held = {source: documents_of(rows) for source, rows in validation_rows(made.work.path).items()}
    assert sorted(held) == sorted(SHARES)
    for source, documents in held.items():
        assert 1 <= len(documents) <= 25
        assert not trained & set(documents)
        unique = {id for id in made.corpus.texts if id.startswith(source)}
        assert unique == set(documents) | {id for id in trained if id.startswith(source)}


def test_another_mixture_holds_out_the_same_documents(made: Made, tmp_path: Path) -> None:
    settings = made.settings.model_copy(update={"context": 512, "tokens": 5000})
    other = make(made.corpus, tmp_path, settings, seed=99)
    for source, rows in validation_rows(made.work.path).items():
        assert set(documents_of(rows)) == set(documents_of(validation_rows(other.path)[source]))


def test_the_same_seed_gives_the_same_bytes_and_another_another_order(made: Made, tmp_path: Path) -> None:
    again = make(made.corpus, tmp_path / "again", made.settings)
    assert files(again.path) == files(made.work.path)
    assert again.statistics() == made.work.statistics()
    other = files(make(made.corpus, tmp_path / "other", made.settings, seed=2).path)
    assert other["rows/train.pieces.npy"] != files(made.work.path)["rows/train.pieces.npy"]
    assert other["tokens/web.bin"] == files(made.work.path)["tokens/web.bin"]


def test_a_killed_attempt_leaves_nothing_that_matters(made: Made, tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "web.bin").write_bytes(b"half")
    (tmp_path / "tokens" / "web.bin.tmp").write_bytes(b"half")
    assert files(make(made.corpus, tmp_path, made.settings).path) == files(made.work.path)


@given(st.data())
def test_a_batch_does_not_depend_on_what_was_read_before(made: Made, data: st.DataObject) -> None:
    size = len(Rows.open(made.work.path))
    indices = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5))
    used = Rows.open(made.work.path)
    used.batch(data.draw(st.lists(st.integers(0, size - 1), max_size=5)))
    fresh = Rows.open(made.work.path).batch(indices)
    for mine, theirs in zip(used.batch(indices), fresh, strict=True):
        assert mine.dtype == np.int64 and mine.shape == (len(indices), 128)
        assert (mine == theirs).all()


def test_midtraining_gives_long_documents_their_share(made: Made, tmp_path: Path) -> None:
    over = dict.fromkeys(SHARES, 0.6)
    settings = MixtureSettings(tokens=200_000, context=512, shares=SHARES, long_share=0.3, long_over=over)
    work = make(made.corpus, tmp_path, settings)
    table = work.notes["mixture"]
    assert {name: row["share"] for name, row in table.items()} == pytest.approx(
        {"web": 0.21, "code": 0.14, "synthetic": 0.35, "long": 0.3}
    )
    assert table["long"]["epochs"] == pytest.approx(60_000 / table["long"]["unique_tokens"])
    assert abs(work.counts["tokens"] - 200_000) < 512 * 4


def test_long_documents_are_long_and_very_long_ones_come_twice_as_often(made: Made, tmp_path: Path) -> None:
    settings = MixtureSettings(
        tokens=1_000_000,
        context=400,
        shares=SHARES,
        long_share=1.0,
        long_over={"web": 0.75, "synthetic": 0.25},
        long_upweight_from=1.5,
    )
    rows = Rows.open(make(made.corpus, tmp_path, settings).path)
    pieces = [piece for row in range(len(rows)) for piece in rows.pieces(row)]
    times = Counter(piece.document for piece in pieces if piece.start == 0)
    lengths: Counter[str] = Counter()
    for piece in pieces:
        lengths[piece.document] = max(lengths[piece.document], piece.start + piece.length)
    assert {id.split("-")[0] for id in lengths} == {"web", "synthetic"}
    assert min(length for id, length in lengths.items() if id.startswith("web")) > 300
    assert 100 < min(length for id, length in lengths.items() if id.startswith("synthetic")) <= 300
    once = {times[id] for id in times if lengths[id] < 600}
    twice = {times[id] for id in times if lengths[id] >= 600}
    passes = min(once)
    assert passes >= 4
    assert once <= {passes, passes + 1}
    assert twice <= {2 * passes, 2 * passes + 1, 2 * passes + 2}


def test_what_looks_wrong_is_said(corpus: Corpus, tmp_path: Path) -> None:
    work = make(corpus, tmp_path, MixtureSettings(tokens=900_000, context=128, shares={"web": 1.0}))
    assert any("'web' is seen" in warning for warning in work.warnings)
    assert any("100 records of source 'code' are left out" in warning for warning in work.warnings)
    assert not any("left out" in w for w in make_quiet(corpus, tmp_path / "quiet"))


def make_quiet(corpus: Corpus, path: Path) -> list[str]:
    return make(corpus, path, MixtureSettings(tokens=900, shares={"web": 1.0, "code": 0, "synthetic": 0})).warnings


def test_errors_name_what_is_missing(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match="no text of that source; sources with text: code, synthetic, web"):
        make(corpus, tmp_path / "a", MixtureSettings(tokens=1000, shares={"books": 1.0}))
    with pytest.raises(HornbookError, match=r"no record is long \(web over 40960\); the longest: web \d+$"):
        long = {"long_share": 0.3, "long_over": {"web": 10}}
        make(corpus, tmp_path / "b", MixtureSettings(tokens=1000, shares=SHARES, **long))
    write_records(tmp_path / "one.parquet", Document, [Document(id="d", source="web", origin="x", text="one")])
    with pytest.raises(HornbookError, match="are held out; lower validation_share"):
        settings = MixtureSettings(tokens=1000, shares={"web": 1.0}, validation_share=0.999999)
        mixture(settings, Workspace(tmp_path / "c"), tokenizer=corpus.folder, documents=[tmp_path / "one.parquet"])
    with pytest.raises(HornbookError, match=r"mixture.json: no such file"):
        Rows.open(tmp_path)
    with pytest.raises(HornbookError, match="no split 'test'"):
        Rows.open(make(corpus, tmp_path / "d", MixtureSettings(tokens=1000, shares=SHARES)).path, "test")


def test_a_full_disk_is_one_clear_line(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hornbook.mixture.tokenize.TokenFile.add", full)
    with pytest.raises(HornbookError, match="the disk is full"):
        make(corpus, tmp_path, MixtureSettings(tokens=1000, shares=SHARES))
    assert not list((tmp_path / "tokens").iterdir())


@pytest.mark.parametrize(("conversations", "chats"), [("plain", (0, 0)), ("chat", (1, 1)), ("both", (0.3, 0.7))])
def test_conversations_can_have_the_chat_template(
    conversations: str, chats: tuple[float, float], made: Made, tmp_path: Path
) -> None:
    settings = MixtureSettings(tokens=50_000, context=1024, shares=SHARES, conversations=conversations)
    rows = Rows.open(make(made.corpus, tmp_path, settings).path)
    tokenizer = load_tokenizer(made.corpus.folder)
    samples = {sample.id: sample for sample in read_records(made.corpus.folder / "samples.parquet", Sample)}
    rendered: dict[str, bool] = {}
    for row in range(len(rows)):
        tokens_T = rows.batch([row]).tokens_BT[0]
        at = 0
        for piece in rows.pieces(row):
            if piece.document in samples and piece.start == 0:
                chat = [*encode_chat(tokenizer, samples[piece.document].messages)[0], tokenizer.eos_token_id]
                text = made.corpus.texts[piece.document]
                plain = [*tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True), chat[-1]]
                found = tokens_T[at : at + piece.length].tolist()
                assert found in (chat[: piece.length], plain[: piece.length])
                rendered[piece.document] = found == chat[: piece.length]
            at += piece.length
    assert len(rendered) > 20
    assert chats[0] <= sum(rendered.values()) / len(rendered) <= chats[1]


def test_a_conversation_that_the_template_refuses_is_set_aside(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(tokenizer: object, messages: object, tools: str) -> object:
        if len(refused) < 3:
            refused.append(messages)
            raise HornbookError("roles must alternate")
        return encode_chat(tokenizer, messages, tools)  # type: ignore[arg-type]

    refused: list[object] = []
    monkeypatch.setattr("hornbook.mixture.tokenize.encode_chat", refusing)
    work = make(made.corpus, tmp_path, MixtureSettings(tokens=20_000, context=256, shares=SHARES, conversations="chat"))
    assert dict(work.rejected) == {"roles must alternate": 3}
    assert work.counts["records_out"] == 297


def test_rows_outside_are_an_error(made: Made) -> None:
    rows = Rows.open(made.work.path)
    for row in (-1, len(rows)):
        with pytest.raises(IndexError):
            rows.batch([row])


def test_short_documents_can_be_joined_to_compare_with_long_ones(made: Made, tmp_path: Path) -> None:
    over = dict.fromkeys(SHARES, 0.6)
    settings = MixtureSettings(
        tokens=50_000, context=256, shares=SHARES, long_share=1.0, long_made_of="joined", long_over=over
    )
    rows = Rows.open(make(made.corpus, tmp_path, settings).path)
    batch = rows.batch(range(len(rows)))
    whole_B = (batch.documents_BT == 0).all(axis=1)
    assert whole_B.mean() > 0.95  # only the ends of stretches are shorter
    assert (batch.positions_BT[whole_B] == np.arange(256)).all()
    lengths: Counter[str] = Counter()
    for row in range(len(rows)):
        pieces = rows.pieces(row)
        assert sum(piece.length for piece in pieces) <= 256
        for piece in pieces:
            lengths[piece.document] = max(lengths[piece.document], piece.start + piece.length)
    assert max(lengths.values()) <= 0.6 * 256
    assert len(lengths) > 30


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50), st.integers(1, 40)), max_size=20), st.integers(1, 30))
def test_joining_keeps_every_token_in_order(pieces: list[tuple[int, int, int]], context: int) -> None:
    def tokens(table: np.ndarray) -> list[tuple[int, int]]:
        return [(document, start + k) for document, start, length, *_ in table.tolist() for k in range(length)]

    given_P3 = np.array(pieces, np.int64).reshape(-1, 3)
    joined_P4 = join(given_P3, context)
    assert tokens(joined_P4) == tokens(given_P3)
    stretches = np.split(joined_P4[:, 2], np.flatnonzero(joined_P4[:, 3] == 0)[1:])
    assert [int(lengths.sum()) for lengths in stretches[:-1]] == [context] * (len(stretches) - 1)


def test_nothing_to_join_is_one_clear_line(corpus: Corpus, tmp_path: Path) -> None:
    over = dict.fromkeys(SHARES, 0.0)
    settings = MixtureSettings(
        tokens=9000, context=64, shares=SHARES, long_share=0.3, long_made_of="joined", long_over=over
    )
    with pytest.raises(HornbookError, match="every record is long, so there are none to join"):
        make(corpus, tmp_path, settings)
