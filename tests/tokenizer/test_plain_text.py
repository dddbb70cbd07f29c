"""Plain prompts: the begin token as the tokenizer sets it, in search, evaluation and pairs alike."""

from types import SimpleNamespace

import pytest
from tokenizers import processors

from hornbook.base.records import Message, Question
from hornbook.preference.generate import Encoder
from hornbook.pts.stage import prompt_tokens
from hornbook.tokenizer.chat import encode_plain, encode_prompt, plain_prompt
from tests.tokenizer.tokenizers import byte_level, sentencepiece

CHAT = "{% for m in messages %}{{ m['content'] + eos_token }}{% endfor %}"
ASKED = Question(id="q", task="t", prompt="What is 2 + 2?", before=[Message("system", "Be short.")])
NAMES = {"bos_token": "<s>", "eos_token": "</s>"}


@pytest.mark.parametrize("make", [byte_level, sentencepiece])
@pytest.mark.parametrize("adds_bos", [True, False])
def test_search_and_evaluation_ask_alike(make, adds_bos: bool) -> None:
    tokenizer = make(None, ["<s>", "</s>"], adds_bos=adds_bos, **NAMES)
    alone = Question(id="q", task="t", prompt="What is 2 + 2?")
    asked = prompt_tokens(tokenizer, alone, False, "")
    assert (
        asked == Encoder(tokenizer, "plain").prompt(alone.prompt) == tokenizer(plain_prompt(alone.prompt))["input_ids"]
    )
    assert asked.count(tokenizer.bos_token_id) == adds_bos
    assert "Be short.\n\nQuestion: What is" in tokenizer.decode(prompt_tokens(tokenizer, ASKED, False, ""))


def test_an_end_token_that_the_tokenizer_sets_is_left_out() -> None:
    tokenizer = byte_level(None, ["<s>", "</s>"], **NAMES)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    assert tokenizer("you")["input_ids"][-1] == 1
    assert encode_plain(tokenizer, "you") == tokenizer("you")["input_ids"][:-1]


@pytest.mark.parametrize("template", ["{{ bos_token }}" + CHAT, CHAT])
def test_in_a_chat_the_template_alone_writes_the_begin_token(template: str) -> None:
    tokenizer = byte_level(template, ["<s>", "</s>"], adds_bos=True, **NAMES)
    tokens = encode_prompt(tokenizer, [Message("user", "Hello")])
    assert tokens.count(tokenizer.bos_token_id) == template.count("bos_token")


def test_turns_before_a_question_are_asked_with_it() -> None:
    tokenizer = byte_level("{% for m in messages %}{{ m['role'] + m['content'] }}{% endfor %}", ["</s>"])
    shot = SimpleNamespace(prompt="2?", before=[Message("user", "1?"), Message("assistant", "1.")])
    texts = [prompt_tokens(tokenizer, shot, True, system) for system in ("", "Count.")]
    assert [tokenizer.decode(text) for text in texts] == [
        "user1?assistant1.user2?",
        "systemCount.user1?assistant1.user2?",
    ]
    assert Encoder(tokenizer, "chat").prompt("2?", shot.before) == texts[0]
    own = prompt_tokens(tokenizer, ASKED, True, "Count.")
    assert tokenizer.decode(own) == "systemBe short.userWhat is 2 + 2?"
