"""Settings of the training stages. Defaults are the report's; pocket recipes say otherwise."""

import os
from typing import Literal

from pydantic import field_validator

from hornbook.base.device import device_setting
from hornbook.base.precision import Precision
from hornbook.base.settings import Settings, setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.model.settings import LoraSettings, ModelSettings


class TrackerSettings(Settings):
    """Where metrics go besides `metrics.jsonl`, which has them always."""

    wandb: str = setting("", "project on Weights & Biases; empty for none (extra: wandb)", in_key=False)
    tensorboard: str = setting(
        "", "folder for TensorBoard's event files; empty for none (extra: tensorboard)", in_key=False
    )


class LoopSettings(Settings):
    """What every training stage has: optimiser, schedule, precision and checkpoints."""

    learning_rate: float = setting(3e-4, "peak learning rate", gt=0)
    warmup_share: float = setting(
        0.02, "share of the steps over which the rate rises; from then on it falls", ge=0, le=1
    )
    weight_decay: float = setting(0.1, "constant weight decay on matrices; norms have none", ge=0)
    beta2: float = setting(0.95, "AdamW's memory of squared gradients", gt=0, lt=1)
    clip: float = setting(1.0, "largest norm of the gradient; longer ones are scaled down", gt=0)
    dtype: Precision = setting(
        "auto",
        "precision of the arithmetic; auto: what HORNBOOK_DTYPE says, else bfloat16 where the hardware is fast at it. "
        "Weights stay float32",
    )
    device: str = device_setting()
    sharding: Literal["none", "fsdp"] = setting(
        "none",
        "over several processes: the whole model in each, or shards of weights, gradients and optimiser state (FSDP2)",
        in_key=False,
    )
    compile: bool = setting(False, "compile the decoder layers (torch.compile)", in_key=False)
    activation_checkpointing: bool = setting(
        False,
        "compute the activations of decoder layers again instead of keeping them: less memory, a third slower",
        in_key=False,
    )
    checkpoint_every: int = setting(200, "steps between checkpoints", ge=1, in_key=False)
    keep_checkpoints: int = setting(2, "how many of the last checkpoints to keep", ge=1, in_key=False)
    threads: int = setting(
        help="CPU threads of one process", default_factory=lambda: os.cpu_count() or 1, ge=1, in_key=False
    )
    trackers: TrackerSettings = setting(
        help="Weights & Biases, TensorBoard", default_factory=TrackerSettings, in_key=False
    )

    def tokens_of_a_pass(self, context: int) -> int:
        """Tokens in one forward and backward pass, of rows of `context` tokens."""
        return context


class RowsSettings(LoopSettings):
    """Training on rows of packed documents."""

    batch_rows: int = setting(32, "rows in a step, over all processes (phi-4: 5760)", ge=1)
    microbatch_rows: int = setting(32, "rows in one forward pass; less needs less memory", ge=1)
    evaluate_every: int = setting(200, "steps between measurements of the validation loss", ge=1)

    def tokens_of_a_pass(self, context: int) -> int:
        return self.microbatch_rows * context


class PretrainSettings(RowsSettings):
    """Pretraining from scratch (report §3.1-3.2)."""

    model: ModelSettings = setting(help="shape of the model", default_factory=ModelSettings)


class MidtrainSettings(RowsSettings):
    """Midtraining to a longer context (report §3.3). The context is that of the rows."""

    learning_rate: float = setting(3e-5, "peak learning rate: a tenth of pretraining's", gt=0)
    batch_rows: int = setting(8, "rows in a step, over all processes", ge=1)
    microbatch_rows: int = setting(8, "rows in one forward pass; less needs less memory", ge=1)
    rope_base: float | None = setting(
        None,
        "base of the rotary position embedding from here on; by default fitted to the context: 10,000 up to 4,096 "
        "tokens, 250,000 at 16,384 (report), and never below the model's own",
        gt=1,
    )
    recall_trials: int = setting(40, "key-value lists asked about per distance, before and after", ge=1)


class RecallSettings(Settings):
    """Lists of keys and values to learn recall from (report §3.3)."""

    documents: int = setting(400, "lists to write", ge=1)
    lines: int = setting(120, "most lines of a list; a line takes about eight tokens of a small tokenizer", ge=2)


class SftSettings(ColumnSettings, LoopSettings):
    """Supervised fine-tuning on conversations (report §4.1)."""

    learning_rate: float = setting(1e-6, "peak learning rate", gt=0)
    batch_rows: int = setting(16, "packed rows in a step, over all processes", ge=1)
    microbatch_rows: int = setting(16, "rows in one forward pass; less needs less memory", ge=1)
    epochs: int = setting(2, "passes over the samples", ge=1)
    template: Literal["own", "chatml"] = setting(
        "own", "chat template: the model's own, or phi-4's ChatML in its place, with the tokens it takes"
    )
    append_end: bool = setting(
        False, "let a chat template that writes no end token write the tokenizer's eos_token behind the last reply"
    )
    too_long: Literal["set-aside", "cut"] = setting(
        "set-aside", "conversations longer than the context: leave them out, or keep their beginning"
    )
    lora: LoraSettings = setting(help="adapters instead of all weights", default_factory=LoraSettings)
    maximum: dict[str, int] = setting(
        help="most samples of a kind to use, by kind; others are all used", default_factory=dict
    )
    repeats: dict[str, int] = setting(
        help="how often a pass uses each sample of a kind, by kind; others once", default_factory=dict
    )

    @field_validator("repeats")
    @classmethod
    def _at_least_once(cls, repeats: dict[str, int]) -> dict[str, int]:
        for kind, times in repeats.items():
            if times < 1:
                raise ValueError(f"'{kind}' must be used at least once in a pass, not {times} times")
        return repeats

    def tokens_of_a_pass(self, context: int) -> int:
        return self.microbatch_rows * context


class DpoSettings(ColumnSettings, LoopSettings):
    """Direct preference optimisation on pairs of token ids (report §4.2-4.4)."""

    learning_rate: float = setting(5e-7, "peak learning rate", gt=0)
    warmup_share: float = setting(
        0.1, "share of the steps over which the rate rises; from then on it falls", ge=0, le=1
    )
    weight_decay: float = setting(0.0, "constant weight decay on matrices; norms have none", ge=0)
    batch_pairs: int = setting(32, "pairs in a step, over all processes", ge=1)
    microbatch_tokens: int = setting(4096, "most tokens in one forward pass; less needs less memory", ge=1)
    epochs: int = setting(1, "passes over the pairs", ge=1)
    beta: float = setting(0.1, "how firmly the model is held to the reference", gt=0)
    label_smoothing: float = setting(0.0, "assumed share of pairs that are the wrong way round", ge=0, lt=0.5)
    length_normalise: bool = setting(False, "divide the log-probability of a reply by its number of tokens")
    lora: LoraSettings = setting(help="adapters instead of all weights", default_factory=LoraSettings)
    too_long: Literal["set-aside", "cut"] = setting(
        "set-aside", "pairs longer than the context: leave them out, or cut the beginning of their prompt"
    )
    refusal_share: float | None = setting(
        0.05, "share of the round that refusal pairs may make up (report: 0.01 to 0.05); null for no limit", ge=0, lt=1
    )
    maximum: dict[str, int] = setting(
        help="most pairs of a kind to use, by kind; others are all used", default_factory=dict
    )

    def tokens_of_a_pass(self, context: int) -> int:
        return self.microbatch_tokens
