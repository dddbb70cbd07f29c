"""Joined, the pieces of a reply are its text: whole characters, and nothing from a stop text on."""

from hypothesis import given
from hypothesis import strategies as st

from hornbook.chat.reply_text import ReplyPiece, ReplyText
from hornbook.chat.token_names import printable_token, token_bytes
from hornbook.inference.streaming import SampledToken
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe

TOKENIZER = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), ["How many legs?", "Grüße"] * 9))
END = TOKENIZER.eos_token_id


def pieces_of(tokens: list[int], stop: list[str], finish: str = "length") -> tuple[list[ReplyPiece], ReplyText]:
    reply = ReplyText(TOKENIZER, stop)
    found = []
    for place, token in enumerate(tokens):
        last = place == len(tokens) - 1
        found += reply.add(SampledToken(token, -0.1, [], finish if last else ""))
        if reply.finish:
            break
    return found, reply


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_characters_are_whole(text: str) -> None:
    tokens = TOKENIZER.encode(text, add_special_tokens=False)
    pieces, reply = pieces_of([*tokens, END], [], "stop")
    assert "".join(piece.text for piece in pieces) == text and reply.finish == "stop"
    if "\N{REPLACEMENT CHARACTER}" not in text:
        assert not any("\N{REPLACEMENT CHARACTER}" in piece.text for piece in pieces)
    assert [told.token for piece in pieces for told in piece.tokens] == [*tokens, END]
    assert bytes(byte for token in tokens for byte in token_bytes(TOKENIZER, token)).decode() == text


@given(st.lists(st.integers(0, 299), min_size=1))
def test_any_tokens_give_their_text(tokens: list[int]) -> None:
    tokens = [token for token in tokens if token != END and token < len(TOKENIZER)] or [5]
    pieces, _ = pieces_of(tokens, [])
    expected = TOKENIZER.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert "".join(piece.text for piece in pieces) == expected


@given(st.text("abc", max_size=30), st.lists(st.text("abc", min_size=1, max_size=4), max_size=3))
def test_a_reply_ends_before_the_first_stop_text(text: str, stop: list[str]) -> None:
    tokens = [TOKENIZER.convert_tokens_to_ids(character) for character in text] or [5]
    text = TOKENIZER.decode(tokens)
    pieces, reply = pieces_of(tokens, stop)
    ends = [at for word in stop if (at := text.find(word)) >= 0]
    said = "".join(piece.text for piece in pieces)
    if not ends:
        assert (said, reply.finish) == (text, "length")
        return
    first = min(at + len(word) for word in stop if (at := text.find(word)) >= 0)  # the one that is complete first
    assert reply.finish == "stop" and text.startswith(said) and len(said) < first
    assert not any(word in said for word in stop)


def test_a_token_is_shown_on_one_line() -> None:
    assert (printable_token(" a\n"), printable_token("")) == ("·a⏎", "∅")


def test_the_end_token_is_no_text() -> None:
    pieces, reply = pieces_of([END], [], "stop")
    assert [piece.text for piece in pieces] == [""] and reply.finish == "stop"
