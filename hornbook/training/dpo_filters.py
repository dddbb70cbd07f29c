"""Filter preference pairs that cannot be trained on, and append end tokens to complete replies."""

import math
from collections.abc import Iterable
from typing import Literal

import msgspec
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.records import Pair
from hornbook.base.workspace import Workspace
from hornbook.model.context_lengths import context_of
from hornbook.tokenizer.chat import end_of_reply
from hornbook.training.subsample import limit_kinds

REFUSAL = "refusal"


def usable_pairs(
    pairs: Iterable[Pair],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    too_long: Literal["set-aside", "cut"],
    work: Workspace,
) -> list[Pair]:
    """The usable pairs; complete replies (`ends`) get the end token on both sides.

    Set aside are pairs without a prompt or a side, with equal sides, with ids outside the vocabulary, and those longer
    than the context, unless `too_long` is "cut": then the beginning of their prompt is removed (counted as `cut`).
    """
    config = model.config.get_text_config()
    known, context = min(config.vocab_size, len(tokenizer)), context_of(config) or 1 << 62
    end = end_token(tokenizer)
    kept = []
    for pair in pairs:
        pair = _ended(pair, end)
        reason = _fault(pair, known)
        longest = max(len(pair.chosen_tokens), len(pair.rejected_tokens))
        excess = len(pair.prompt_tokens) + longest - context
        if not reason and excess > 0:
            if too_long == "cut" and longest < context:
                pair = msgspec.structs.replace(pair, prompt_tokens=pair.prompt_tokens[excess:])
                work.count(cut=1)
            else:
                reason = f"longer than the context: {context + excess} tokens, the model has {context}"
        if reason:
            work.reject(pair.id, reason)
        else:
            kept.append(pair)
    return kept


def limit_refusals(pairs: list[Pair], share: float | None, work: Workspace) -> list[Pair]:
    """Limit refusal pairs to `share` of all pairs; without other pairs all are kept."""
    others = sum(pair.kind != REFUSAL for pair in pairs)
    if share is not None and others:
        pairs = limit_kinds(pairs, {REFUSAL: math.floor(others * share / (1 - share))}, work.seed)
    work.note("refusal_share", 1 - others / len(pairs) if pairs else 0.0)
    return pairs


def end_token(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token at the end of a reply: that of the chat template, else `eos`, if there is one."""
    end = end_of_reply(tokenizer) if tokenizer.chat_template else None
    return tokenizer.eos_token_id if end is None else end


def _fault(pair: Pair, known: int) -> str:
    if not (pair.prompt_tokens and pair.chosen_tokens and pair.rejected_tokens):
        return "empty prompt or side"
    if pair.chosen_tokens == pair.rejected_tokens:
        return "both sides are equal"
    for ids in (pair.prompt_tokens, pair.chosen_tokens, pair.rejected_tokens):
        if min(ids) < 0 or max(ids) >= known:
            bad = next(token for token in ids if not 0 <= token < known)
            return f"ids outside the vocabulary: {bad}, the model has {known}; are the pairs for another tokenizer?"
    return ""


def _ended(pair: Pair, end: int | None) -> Pair:
    """A pair of complete replies with the end token on both sides; other pairs unchanged."""
    if not pair.ends or end is None:
        return pair
    sides = [side if side[-1:] == [end] else [*side, end] for side in (pair.chosen_tokens, pair.rejected_tokens)]
    return msgspec.structs.replace(pair, chosen_tokens=sides[0], rejected_tokens=sides[1])
