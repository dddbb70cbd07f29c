"""The tokens after which a reply is finished: those that end a turn by their name, and those the template writes."""

import json
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.tokenizer.pieces import special_names
from hornbook.tokenizer.template import CALL, WORDS, render, template_of
from hornbook.tokenizer.turns import as_turns

NAMES = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eot|>", "<|return|>", "<|endoftext|>")


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids after which a reply is finished: the end of a turn, the end of a text, and the tokenizer's own `eos`."""
    known = tokenizer.get_vocab()
    names = {name for name in NAMES if name in known}
    if tokenizer.eos_token_id is not None:
        names.add(tokenizer.eos_token)
    if tokenizer.chat_template:
        names = _by_template(tokenizer, template_of(tokenizer), frozenset(names))
    return sorted({known[name] for name in names})


@lru_cache(maxsize=16)
def _by_template(tokenizer: PreTrainedTokenizerBase, template: str, names: frozenset[str]) -> set[str]:
    """`names` with what `template` writes behind a reply, without what it writes between thinking and answer."""
    special = special_names(tokenizer)

    def written(reply: Message) -> str:
        turns = as_turns(tokenizer, template, [Message("user", "u"), reply], [])
        return render(tokenizer, template, [turn for turn, _ in turns])

    try:
        answer = written(Message("assistant", WORDS[0]))
        thought = written(Message("assistant", f"<think>{WORDS[1]}</think>{WORDS[0]}"))
        call = written(Message("assistant", "", tool_calls=json.dumps([{"function": CALL}])))
    except HornbookError:
        return set(names)  # whoever renders a conversation is told
    between = thought.partition(WORDS[1])[2].partition(WORDS[0])[0]
    found = {name for name in names if name not in _tokens_in(between, special)}
    behind = answer.partition(WORDS[0])[2]
    if not found.intersection(_tokens_in(behind, special)):
        found.update(_first_run(behind, special)[-1:])
    last = _tokens_in(call.rstrip(), special)[-1:]
    if last and call.rstrip().endswith(last[0]) and (last[0] == "</s>" or not last[0].startswith("</")):
        found.update(last)
    return found


def _tokens_in(text: str, names: set[str]) -> list[str]:
    """The special tokens in a text, in their order."""
    found = []
    while text:
        at, longest = min(((text.find(name), -len(name)) for name in names if name in text), default=(-1, 0))
        if at < 0:
            break
        found.append(text[at : at - longest])
        text = text[at - longest :]
    return found


def _first_run(text: str, names: set[str]) -> list[str]:
    """The first special tokens in a text that stand side by side."""
    run: list[str] = []
    for name in _tokens_in(text, names):
        if run and "".join([*run, name]) not in text:
            break
        run.append(name)
    return run
