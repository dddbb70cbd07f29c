"""Texts that end a completion are found however they were cut into tokens."""

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from hornbook.inference.sampling import Stops


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte a token, and some pairs."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = [("a", "b"), ("Ċ", "Ċ"), ("b", ":")]
    vocabulary = {token: number for number, token in enumerate([*alphabet, *("".join(pair) for pair in pairs)])}
    backend = Tokenizer(models.BPE(vocabulary, merges=pairs))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=backend)


TOKENIZER = byte_tokenizer()


@given(text=st.text("ab:é\n漢 ", max_size=30), stop=st.text("ab:é\n漢 ", min_size=1, max_size=4))
def test_the_first_token_that_completes_a_text_is_the_one_that_is_told(text: str, stop: str) -> None:
    tokens = TOKENIZER.encode(text)
    stops = Stops(TOKENIZER, [], [stop])
    told = next((i for i in range(len(tokens)) if tokens[i] in stops.last and stops.complete(tokens[: i + 1])), None)
    expected = next((i for i in range(len(tokens)) if stop in TOKENIZER.decode(tokens[: i + 1])), None)
    assert told == expected


def test_without_texts_nothing_is_decoded() -> None:
    assert Stops(TOKENIZER, [3], []).last == Stops(TOKENIZER, [3], [""]).last == []
