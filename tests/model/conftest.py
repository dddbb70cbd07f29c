import pytest
from transformers import PreTrainedTokenizerBase

from hornbook.tokenizer.bytelevel import finish
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerBase:
    return finish(train(TokenizerSettings(vocab_size=300), ["the cat sat on the mat", "a hat for the bat"]))
