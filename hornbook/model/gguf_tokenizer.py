"""Convert byte-level BPE tokenizers to and from GGUF.

A GGUF file does not contain the pre-tokenizer, which splits text into words before bytes are merged; it names one that
is built into llama.cpp. So a tokenizer can be exported only if it splits like one of those in `SPLITS`.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from hornbook.base.errors import HornbookError
from hornbook.tokenizer.bytelevel import word_pattern
from hornbook.tokenizer.chat import end_of_reply
from hornbook.tokenizer.chat_template import template_of
from hornbook.tokenizer.chatml import END

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5  # in `tokenizer.ggml.token_type`
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
PUBLISHED = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT_2 = "gpt-2's"
SINGLE_DIGITS = "gpt-2's, digits apart"


@dataclass(frozen=True)
class Split:
    """A pre-tokenizer: a regular expression (or a name for GPT-2's), and whether words that are entries of the
    vocabulary are used without merging."""

    pattern: str
    whole_words: bool = False


# By llama.cpp's names. The patterns of cl100k, of Llama 3 and (except for digits) of Qwen 2 differ only in white space
# at the end of a text; see `_same_tokens`.
SPLITS = {
    "llama-bpe": Split(PUBLISHED.replace("DIGITS", r"\p{N}{1,3}"), whole_words=True),
    "dbrx": Split(PUBLISHED.replace("DIGITS", r"\p{N}{1,3}")),
    "qwen2": Split(PUBLISHED.replace("DIGITS", r"\p{N}")),
    "smollm": Split(SINGLE_DIGITS),
    "gpt-2": Split(GPT_2),
}
OURS = {
    word_pattern(3): PUBLISHED.replace("DIGITS", r"\p{N}{1,3}"),
    word_pattern(1): PUBLISHED.replace("DIGITS", r"\p{N}"),
}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False}
GENERATION = re.compile(r"{%(-?)\s*(end)?generation\s*(-?)%}")


def tokenizer_metadata(tokenizer: PreTrainedTokenizerBase, size: int) -> dict[str, Any]:
    """GGUF metadata of a tokenizer, padded to the `size` of the model's vocabulary: key -> value.

    Raises HornbookError for a tokenizer that is not a byte-level BPE, or whose pre-tokenizer llama.cpp does not have.
    """
    made = json.loads(tokenizer.backend_tokenizer.to_str()) if tokenizer.is_fast else {}
    model = made.get("model", {})
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise HornbookError("the tokenizer is not a byte-level BPE, which GGUF export needs")
    vocabulary = tokenizer.get_vocab()
    if max(vocabulary.values()) >= size:
        raise HornbookError(f"the tokenizer has {max(vocabulary.values()) + 1} ids, the model {size}")
    tokens = [f"[PAD{id}]" for id in range(size)]
    types = [UNUSED] * size
    for token, id in vocabulary.items():
        tokens[id], types[id] = token, NORMAL
    for id, token in tokenizer.added_tokens_decoder.items():
        types[id] = CONTROL if token.special else USER_DEFINED
    begins, ends = _added_around(tokenizer)
    about = {
        "model": "gpt2",
        "pre": _split_name(made),
        "tokens": tokens,
        "token_type": types,
        "merges": [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]],
        "add_bos_token": begins,
        "add_eos_token": ends,
        "eos_token_id": tokenizer.eos_token_id,
        # without one, llama.cpp uses id 11
        "bos_token_id": tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id,
        "padding_token_id": tokenizer.pad_token_id,
        "unknown_token_id": tokenizer.unk_token_id,
        "eot_token_id": end_of_reply(tokenizer) if tokenizer.chat_template else vocabulary.get(END),
    }
    metadata = {f"tokenizer.ggml.{key}": value for key, value in about.items() if value is not None}
    if tokenizer.chat_template:
        metadata["tokenizer.chat_template"] = plain_template(template_of(tokenizer))
    return metadata


def plain_template(template: str) -> str:
    """The template without `generation` tags, which only transformers understands."""
    return GENERATION.sub(lambda mark: f"{{%{mark[1]} {'endif' if mark[2] else 'if true'} {mark[3]}%}}", template)


def tokenizer_from_metadata(about: dict[str, Any]) -> PreTrainedTokenizerFast:
    """The tokenizer described by GGUF metadata.

    Raises HornbookError for one that is not a byte-level BPE, or whose pre-tokenizer is not in `SPLITS`.
    """
    kind, name = about["tokenizer.ggml.model"], about.get("tokenizer.ggml.pre", "gpt-2")
    if kind != "gpt2" or name not in SPLITS:
        raise HornbookError(f"tokenizer {kind}/{name}; expected gpt2 with {' or '.join(SPLITS)}")
    tokens = about["tokenizer.ggml.tokens"]
    types = about["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in about["tokenizer.ggml.merges"]]
    vocabulary = {token: id for id, token in enumerate(tokens) if types[id] != UNUSED}
    made = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=SPLITS[name].whole_words))
    made.pre_tokenizer = _pre_tokenizer(SPLITS[name])
    made.decoder = decoders.ByteLevel()
    for id, type in enumerate(types):  # in order, since `tokenizers` numbers unknown tokens after the last id
        if type in (CONTROL, USER_DEFINED):
            made.add_tokens([AddedToken(tokens[id], special=type == CONTROL, normalized=False)])

    def named(role: str) -> str | None:
        id = about.get(f"tokenizer.ggml.{role}_token_id")
        return None if id is None else tokens[id]

    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=named("bos"),
        eos_token=named("eos"),
        pad_token=named("padding") or named("eos"),
        unk_token=named("unknown"),
        chat_template=about.get("tokenizer.chat_template"),
        clean_up_tokenization_spaces=False,
    )


def _pre_tokenizer(split: Split) -> pre_tokenizers.PreTokenizer:
    if split.pattern == GPT_2:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    first = (
        pre_tokenizers.Digits(individual_digits=True)
        if split.pattern == SINGLE_DIGITS
        else pre_tokenizers.Split(Regex(split.pattern), behavior="isolated")
    )
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split.pattern == SINGLE_DIGITS)
    return pre_tokenizers.Sequence([first, spell])


def _split_name(made: dict[str, Any]) -> str:
    """llama.cpp's name of a tokenizer's pre-tokenizer; `made` is the content of tokenizer.json."""
    pattern = _pattern(made["pre_tokenizer"] or {})
    if pattern in OURS and not _same_tokens(made["model"]["vocab"]):
        pattern = None
    wanted = Split(OURS.get(pattern or "", pattern or ""), whole_words=bool(made["model"].get("ignore_merges")))
    for name, split in SPLITS.items():
        if split == wanted:
            return name
    raise HornbookError("the tokenizer splits text into words in a way that llama.cpp does not support")


def _pattern(pre_tokenizer: dict[str, Any]) -> str | None:
    steps = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    last = {**BYTE_LEVEL, **steps[-1]}
    if {key: last[key] for key in BYTE_LEVEL} != BYTE_LEVEL:
        return None
    if len(steps) == 1:
        return GPT_2 if last.get("use_regex", True) else None
    if len(steps) > 2:
        return None
    if steps[0]["type"] == "Digits" and steps[0]["individual_digits"] and last.get("use_regex", True):
        return SINGLE_DIGITS
    if steps[0]["type"] == "Split" and steps[0]["behavior"] == "Isolated" and not last.get("use_regex", True):
        return None if steps[0]["invert"] else steps[0]["pattern"].get("Regex")
    return None


def _same_tokens(vocabulary: dict[str, int]) -> bool:
    """Whether cl100k's pattern and llama.cpp's give the same tokens.

    White space at the end of a text is one word for cl100k, and two for llama.cpp if it contains a line break. This
    makes no difference as long as no entry contains a line break before its last character; cl100k itself has none.
    """
    newline, carriage_return = "\u010a", "\u010d"  # in byte-level BPE's alphabet
    return not any(
        token[-1] not in (newline, carriage_return) and (newline in token or carriage_return in token)
        for token in vocabulary
        if token
    )


def _added_around(tokenizer: PreTrainedTokenizerBase) -> tuple[bool, bool]:
    """Whether texts are encoded with a token before them, and with one after them."""
    alone, whole = tokenizer.encode("a", add_special_tokens=False), tokenizer.encode("a")
    begins = bool(whole) and whole[0] == tokenizer.bos_token_id and whole[: len(alone)] != alone
    return begins, len(whole) > len(alone) + begins
