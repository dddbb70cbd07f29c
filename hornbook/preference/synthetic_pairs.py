"""Preference pairs in a model's tokens from synthetic samples with a rejected reply (report §4.2, §4.4)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Message, Pair, Sample, make_id
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import load_records
from hornbook.preference.settings import PairsSettings
from hornbook.tokenizer.chat import encode_prompt, load_tokenizer
from hornbook.tokenizer.preference_pairs import reply_tokens

BY_JUDGE = ("accuracy", "overall")  # checks of samples that a judge decided
KINDS = {"refusal_pair": "refusal"}  # DPO limits the share of pairs of kind "refusal"


def pairs(settings: PairsSettings, work: Workspace, *, model: Path, samples: Sequence[Path]) -> None:
    """Write pairs.parquet: the last turn of each sample is chosen over its `rejected`, in `model`'s chat template.

    The replies are complete (`ends=True`), or with `first_tokens` their first tokens. A pair's kind is "accuracy" or
    "overall" where a judge decided, "refusal" for refusals, else the sample's kind. Samples without `rejected` are
    counted; bad ones are set aside with the reason. Raises HornbookError when no pair is left, or without a tokenizer.
    """
    records = load_records(samples, "samples", columns=settings.columns, reject=work.reject)
    found = {sample.id: sample for sample in records}
    tokenizer = load_tokenizer(model, work.path)
    made = []
    for sample in (found[name] for name in sorted(found)):
        if not sample.rejected:
            work.count(without_rejected=1)
            continue
        try:
            made.append(pair_of(sample, tokenizer, settings.first_tokens))
        except HornbookError as error:
            work.reject(sample.id, str(error))
    if not made:
        raise HornbookError(
            f"{work.name}: no preference pair in {len(found)} samples; expected samples with `rejected`"
        )
    write_records(work.path / "pairs.parquet", Pair, sorted(made, key=lambda pair: pair.id))
    work.note("kinds", dict(sorted(Counter(pair.kind for pair in made).items())))
    work.count(records_in=len(found), records_out=len(made))


def pair_of(sample: Sample, tokenizer: PreTrainedTokenizerBase, first_tokens: int = 0) -> Pair:
    """The sample as a pair; with `first_tokens`, only that many tokens of each side.

    Raises HornbookError where it does not end with a reply, where the sides are equal, and as `encode_chat` does.
    """
    if len(sample.messages) < 2 or sample.messages[-1].role != "assistant":
        raise HornbookError("the last turn is not the assistant's")
    before, preferred = sample.messages[:-1], sample.messages[-1].content
    sides = [reply_tokens(tokenizer, before, Message("assistant", text)) for text in (preferred, sample.rejected)]
    chosen, rejected = [side[:first_tokens] if first_tokens else side for side in sides]
    if chosen == rejected:
        raise HornbookError("both sides are equal" + (f" in their first {first_tokens} tokens" * bool(first_tokens)))
    kind = next((check for check in sample.checks if check in BY_JUDGE), KINDS.get(sample.kind, sample.kind))
    return Pair(
        id=make_id("pair", kind, sample.id, str(chosen), str(rejected)),
        parents=[sample.id, *sample.parents],
        calls=sample.calls,
        kind=kind,
        prompt_tokens=encode_prompt(tokenizer, before),
        chosen_tokens=chosen,
        rejected_tokens=rejected,
        ends=not first_tokens,
    )
