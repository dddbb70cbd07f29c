import pytest
from transformers import PreTrainedTokenizerBase

from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerBase:
    return as_fast_tokenizer(
        train_bpe(TokenizerSettings(vocab_size=300), ["the cat sat on the mat", "a hat for the bat"])
    )
