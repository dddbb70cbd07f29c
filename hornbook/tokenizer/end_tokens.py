"""The tokens that end a reply: by their names, by the chat template, and by the model's own files."""

import contextlib
import json
from functools import lru_cache

from transformers import AutoConfig, GenerationConfig, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.tokenizer.chat_template import CALL, WORDS, render_template, template_of
from hornbook.tokenizer.token_spans import special_names
from hornbook.tokenizer.turns import as_turns

NAMES = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eot|>", "<|return|>", "<|endoftext|>")


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids that end a reply: the end of a turn, the end of a text, the tokenizer's own `eos`, and those named by the
    model that `tokenizer` was loaded with."""
    names = {name for name in NAMES if _known(tokenizer, name)}
    if tokenizer.eos_token_id is not None:
        names.add(tokenizer.eos_token)
    if tokenizer.chat_template:
        names = _by_template(tokenizer, template_of(tokenizer), frozenset(names))
    return sorted({*tokenizer.convert_tokens_to_ids(list(names)), *getattr(tokenizer, "model_ends", ())})


def end_ids(tokenizer: PreTrainedTokenizerBase, config: GenerationConfig | None) -> list[int]:
    """Ids that end a reply: the tokenizer's, and those of the model's generation config.

    Some models end a turn with the token that begins the next one, which is only in their generation_config.json.
    Defaults that transformers derives from the architecture are ignored.
    """
    own = None if config is None or config._from_model_config else config.eos_token_id
    return sorted({*stop_ids(tokenizer), *_ids(own)})


def model_ends(model: str) -> list[int]:
    """The end tokens in a model's own files: generation_config.json, and config.json where it differs from the
    architecture's default. Empty for a folder without a model."""
    found: list[int] = []
    try:
        config = AutoConfig.from_pretrained(model)
        own, usual = (getattr(each, "eos_token_id", None) for each in (config, type(config)()))
        found += _ids(own if own != usual else None)
    except Exception:  # models with code of their own may raise anything
        pass
    with contextlib.suppress(OSError, ValueError):
        found += _ids(GenerationConfig.from_pretrained(model).eos_token_id)
    return sorted(set(found))


def _ids(named: int | list[int] | None) -> list[int]:
    return [named] if isinstance(named, int) else [id for id in named or [] if isinstance(id, int)]


def _known(tokenizer: PreTrainedTokenizerBase, name: str) -> bool:
    id = tokenizer.convert_tokens_to_ids(name)  # of the unknown token, or None, for unknown names
    return id is not None and tokenizer.convert_ids_to_tokens(id) == name


@lru_cache(maxsize=16)
def _by_template(tokenizer: PreTrainedTokenizerBase, template: str, names: frozenset[str]) -> set[str]:
    """`names` with the tokens that `template` writes after a reply, without those between thinking and answer."""
    special = special_names(tokenizer)

    def written(*replies: Message, prompt: bool = False) -> str:
        turns = as_turns(tokenizer, template, [Message("user", "u"), *replies], [])
        return render_template(tokenizer, template, [turn for turn, _ in turns], prompt=prompt)

    try:
        asked = written(prompt=True)
        answer = written(Message("assistant", WORDS[0]))
        thought = written(Message("assistant", f"<think>{WORDS[1]}</think>{WORDS[0]}"))
        call = written(Message("assistant", "", tool_calls=json.dumps([{"function": CALL}])))
    except HornbookError:
        return set(names)  # the caller that renders a conversation warns
    between, answered, _ = thought.partition(WORDS[1])[2].partition(WORDS[0])
    inside = _tokens_in(between, special) if answered else []
    found = {name for name in names if name not in inside}
    behind = answer.partition(WORDS[0])[2]
    if not found.intersection(_tokens_in(behind, special)):
        found.update(_first_run(behind, special)[-1:])
    last = _tokens_in(call.rstrip(), special)[-1:]
    if last and call.rstrip().endswith(last[0]) and last[0] not in asked and not last[0].startswith("</"):
        found.update(last)
    return found


def _tokens_in(text: str, names: set[str]) -> list[str]:
    """The special tokens in a text, in order."""
    found = []
    while text:
        at, longest = min(((text.find(name), -len(name)) for name in names if name in text), default=(-1, 0))
        if at < 0:
            break
        found.append(text[at : at - longest])
        text = text[at - longest :]
    return found


def _first_run(text: str, names: set[str]) -> list[str]:
    """The first run of adjacent special tokens in a text."""
    run: list[str] = []
    for name in _tokens_in(text, names):
        if run and "".join([*run, name]) not in text:
            break
        run.append(name)
    return run
