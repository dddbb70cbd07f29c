"""A trained tokenizer loses nothing, is the same everywhere, and is read by plain transformers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer
from transformers import PreTrainedTokenizerBase as Tokenizer

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Document, Message, Sample
from hornbook.base.workspace import Workspace
from hornbook.tokenizer.chat import load_tokenizer
from hornbook.tokenizer.chatml import SPECIAL_TOKENS
from hornbook.tokenizer.read_texts import count_texts, read_texts
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import tokenizer

HARD = [
    "",
    " ",
    "\n\n  ",
    "def f(x):\n\treturn x ** 2  # 1234567\n\n\n",
    "don't DON'T I'VE 'ſ",
    "héllo 你好世界 مرحبا हिन्दी 👩‍👩‍👧‍👦\u0085\u00a0\u2028\x00",
    " " * 70 + "x" + "\r\n",
    "<|im_end|> and <|endoftext|>",
    "à la mode: a\u0301",
]


@pytest.fixture(scope="module")
def made(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    work = Workspace(tmp_path_factory.mktemp("tokenizer"))
    tokenizer(TokenizerSettings(vocab_size=600), work, documents=[corpus], samples=[corpus])
    return work


@pytest.fixture(scope="module")
def loaded(made: Workspace) -> Tokenizer:
    return load_tokenizer(made.path)


def ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False)


def test_it_has_the_size_asked_for_and_the_special_tokens(loaded: Tokenizer) -> None:
    assert len(loaded) == 600
    assert loaded.convert_tokens_to_ids(SPECIAL_TOKENS) == [0, 1, 2, 3]
    assert loaded.eos_token == loaded.pad_token == "<|endoftext|>"


@given(st.text())
def test_decoding_gives_back_any_text(loaded: Tokenizer, text: str) -> None:
    assert loaded.decode(ids(loaded, text)) == text


@pytest.mark.parametrize("text", HARD)
def test_decoding_gives_back_hard_text(loaded: Tokenizer, text: str) -> None:
    assert loaded.decode(ids(loaded, text)) == text


def test_digits_stand_alone_unless_asked_otherwise(loaded: Tokenizer, corpus: Path, tmp_path: Path) -> None:
    assert len(ids(loaded, "20242024")) == 8
    work = Workspace(tmp_path)
    tokenizer(TokenizerSettings(vocab_size=600, digits_per_token=3), work, documents=[corpus])
    assert len(ids(load_tokenizer(work.path), "20242024")) == 3  # 202 420 24


def test_plain_transformers_reads_it_also_beside_a_model(made: Workspace, loaded: Tokenizer, tmp_path: Path) -> None:
    folder = made.path / "tokenizer"
    beside = tmp_path / "model"
    beside.mkdir()
    for file in folder.iterdir():
        (beside / file.name).write_bytes(file.read_bytes())
    (beside / "config.json").write_text(json.dumps({"model_type": "phi3", "architectures": ["Phi3ForCausalLM"]}))
    for path in (folder, beside):
        plain = AutoTokenizer.from_pretrained(str(path))
        assert [ids(plain, text) for text in HARD] == [ids(loaded, text) for text in HARD]
    assert ids(load_tokenizer(tmp_path), HARD[3]) == ids(loaded, HARD[3])  # finds model/ in a stage's folder


def test_another_process_makes_the_same_bytes(made: Workspace, corpus: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hornbook.base.workspace import Workspace;"
        "from hornbook.tokenizer.train import tokenizer; from hornbook.tokenizer.settings import TokenizerSettings;"
        "corpus, work = Path(sys.argv[1]), Workspace(Path(sys.argv[2]));"
        "tokenizer(TokenizerSettings(vocab_size=600), work, documents=[corpus], samples=[corpus])"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "RAYON_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, str(corpus), str(tmp_path)], check=True, env=environment)
    for file in (made.path / "tokenizer").iterdir():
        assert (tmp_path / "tokenizer" / file.name).read_bytes() == file.read_bytes()


def test_it_says_how_many_tokens_each_source_takes(made: Workspace, loaded: Tokenizer, corpus: Path) -> None:
    table = made.notes["compression"]
    assert sorted(table) == ["code", "synthetic", "web"]
    texts = [text.text for text in read_texts([corpus], [], made.reject) if text.source == "code"]
    assert table["code"]["tokens"] == sum(len(ids(loaded, text)) for text in texts)
    assert table["code"]["tokens_per_byte"] == table["code"]["tokens"] / sum(len(text.encode()) for text in texts)


def test_texts_too_poor_for_the_vocabulary_are_warned_of(corpus: Path, tmp_path: Path) -> None:
    work = Workspace(tmp_path)
    tokenizer(TokenizerSettings(vocab_size=50_000), work, documents=[corpus])
    assert work.warnings and f"only {work.notes['vocab_size']} of the 50000" in work.warnings[0]


def test_training_reads_no_more_characters_than_allowed(corpus: Path, tmp_path: Path) -> None:
    work = Workspace(tmp_path)
    tokenizer(TokenizerSettings(vocab_size=300, train_characters=2000), work, documents=[corpus])
    assert 0 < sum(row["characters"] for row in work.notes["compression"].values()) <= 2000


def test_an_existing_tokenizer_is_taken_as_it_is(made: Workspace, loaded: Tokenizer, tmp_path: Path) -> None:
    work = Workspace(tmp_path)
    tokenizer(TokenizerSettings(type=str(made.path)), work)
    assert [ids(load_tokenizer(tmp_path), text) for text in HARD] == [ids(loaded, text) for text in HARD]


def test_errors_are_one_line_for_the_user(tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    write_records(empty, Document, [])
    with pytest.raises(HornbookError, match="nothing to train a tokenizer on"):
        tokenizer(TokenizerSettings(), Workspace(tmp_path / "a"), documents=[empty])
    with pytest.raises(HornbookError, match="no tokenizer here"):
        load_tokenizer(tmp_path)
    with pytest.raises(HornbookError, match="no/such/folder: no tokenizer here"):
        load_tokenizer(Path("no/such/folder"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tokenizer.json").write_text("{")
    with pytest.raises(HornbookError, match="not a tokenizer that transformers can load"):
        load_tokenizer(tmp_path / "broken")
    (tmp_path / "bad.parquet").write_bytes(b"not parquet")
    with pytest.raises(HornbookError, match="unreadable file: it is not Parquet"):
        tokenizer(TokenizerSettings(), Workspace(tmp_path / "b"), documents=[tmp_path / "bad.parquet"])


def test_records_without_text_and_corrupt_lines_are_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "documents.jsonl"
    blank = '{"text": " ", "source": "web", "origin": "a", "id": "blank"}'
    good = '{"text": "ok", "source": "web", "origin": "b"}'
    file.write_text(f'{blank}\n{good}\n{{"te')
    chat = Sample(
        id="c", source="synthetic", kind="chat", messages=[Message("user", "Why?"), Message("assistant", "So.")]
    )
    write_records(tmp_path / "samples.parquet", Sample, [chat])
    rejected: list[str] = []
    texts = list(read_texts([file], [tmp_path], lambda where, reason: rejected.append(where)))
    assert [text.text for text in texts] == ["ok", "Question: Why?\nSolution: So."]
    assert rejected == [f"{file}:1", f"{file}:3"]
    assert count_texts([file], [tmp_path]) == 4
