"""Token ids in llama.cpp are those of transformers, whatever the text; a tokenizer it cannot follow is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from hornbook.base.errors import HornbookError
from hornbook.model.build import build_model
from hornbook.model.gguf_export import export_gguf
from hornbook.model.gguf_tokenizer import plain_template, tokenizer_from_metadata, tokenizer_metadata
from hornbook.model.load_save import save_model
from hornbook.model.settings import ModelSettings
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.chatml import CHAT_TEMPLATE
from hornbook.tokenizer.cl100k import cl100k
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe
from tests.model.llama_cpp import HARD_TEXTS, LlamaCpp

CORPUS = [Path(__file__).read_text(), *HARD_TEXTS, "1234567890 and 2024 or 3.14159 " * 5, "naïve déjà 日本語 日本 " * 9]


def trained(digits: int) -> PreTrainedTokenizerBase:
    return as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=900, digits_per_token=digits), CORPUS))


def gpt_2(*first: pre_tokenizers.PreTokenizer) -> PreTrainedTokenizerBase:
    """Cut by GPT-2's expression, as SmolLM2's tokenizer is (there with digits apart)."""
    vocabulary = {token: id for id, token in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("1", "2"), ("Ġ", "1"), ("'", "s"), ("Ġ", "Ġ")]
    vocabulary |= {"".join(merge): 256 + number for number, merge in enumerate(merges)}
    made = Tokenizer(models.BPE(vocabulary, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence([*first, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", bos_token="<|im_start|>")


TOKENIZERS = {
    "ours": lambda: trained(1),
    "three-digits": lambda: trained(3),
    "cl100k": lambda: as_fast_tokenizer(cl100k()),
    "gpt-2": gpt_2,
    "smollm": lambda: gpt_2(pre_tokenizers.Digits(individual_digits=True)),
}


SLOW = [pytest.param("cl100k", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=[*(name for name in TOKENIZERS if name != "cl100k"), *SLOW])
def both(request, tmp_path_factory) -> tuple[PreTrainedTokenizerBase, LlamaCpp]:
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer = TOKENIZERS[request.param]()
    shape = ModelSettings(layers=1, hidden=8, heads=1, kv_heads=1, mlp=8)
    save_model(build_model(shape, tokenizer, context=64, seed=0), tokenizer, folder / "model")
    assert export_gguf(folder / "model", folder / "model.gguf") == []
    return tokenizer, LlamaCpp(folder / "model.gguf")


SNIPPETS = st.one_of(
    st.text(max_size=40),
    st.text("aAsSdDtTlLrReEvVmM' \n\t\r\u3000\u00a0123٣½.,!_é日👍<|>", max_size=40),
    st.lists(st.sampled_from(["<|im_end|>", "<|im_start|>", "<|im_", "|>", " ", "\n", "a", "12", "1234"])).map("".join),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(SNIPPETS, min_size=30, max_size=30))
def test_llama_cpp_finds_the_same_ids(both, texts: list[str]) -> None:
    tokenizer, llama = both
    for text in [*HARD_TEXTS, *texts]:
        assert llama.encode(text) == tokenizer.encode(text)


def test_the_way_back_gives_the_same_tokenizer(both) -> None:
    tokenizer, _ = both
    back = tokenizer_from_metadata(tokenizer_metadata(tokenizer, len(tokenizer)))
    for text in [*HARD_TEXTS, *CORPUS]:
        assert back.encode(text) == tokenizer.encode(text)
        assert back.decode(back.encode(text)) == text


def test_ways_of_cutting_that_llama_cpp_lacks_are_refused() -> None:
    for cut in (pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=False)):
        with pytest.raises(HornbookError, match="splits text into words in a way that llama"):
            tokenizer_metadata(gpt_2(cut), 300)
    with pytest.raises(HornbookError, match="splits text"):
        tokenizer_metadata(trained(2), 900)
    # an entry that reaches from one line into the next is found at the end of a text only, and not by llama.cpp
    crossing = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=600), ["x\n    "] * 50))
    with pytest.raises(HornbookError, match="splits text"):
        tokenizer_metadata(crossing, len(crossing))
    words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
    with pytest.raises(HornbookError, match="not a byte-level BPE"):
        tokenizer_metadata(words, 1)
    with pytest.raises(HornbookError, match="has 900 ids, the model 800"):
        tokenizer_metadata(trained(1), 800)


@pytest.mark.parametrize(("before", "after"), [("{%", "%}"), ("\n {%-", "-%} \n"), ("  {%", "-%}\n")])
def test_a_template_without_marks_says_the_same(before: str, after: str) -> None:
    template = CHAT_TEMPLATE
    for word in ("generation", "endgeneration"):
        template = template.replace(f"{{% {word} %}}", f"{before} {word} {after}")
    tokenizer = trained(1)
    turns = [{"role": role, "content": f" {role} \n"} for role in ("system", "user", "assistant", "user")]
    said = []
    for tokenizer.chat_template in (template, plain_template(template)):
        said.append(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    assert said[0] == said[1]
    assert "generation" not in plain_template(template).replace("add_generation_prompt", "")
