"""The peers' side: TRL's SFTTrainer and transformers' Trainer, in an environment that has no hornbook.

`settings` of the job go to the trainer's configuration as they are; what it does not name is the trainer's default.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments

from benchmarks.rounds import Rounds, job

ENDLESS = 1_000_000  # steps; the race ends before


class Turns(TrainerCallback):
    """Tells `rounds` after each step how many real tokens were in it."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds, self.tokens = rounds, 0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.rounds.begin()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.rounds.step(self.tokens)
        self.tokens = 0

    def count(self, inputs: dict[str, torch.Tensor]) -> None:
        mask = inputs.get("attention_mask")
        self.tokens += int(inputs["input_ids"].numel() if mask is None else mask.sum())


def main(asked: dict[str, Any]) -> None:
    torch.set_num_threads(asked["threads"])
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=torch.float32)
    turns = Turns(Rounds(asked["round_seconds"]))
    with tempfile.TemporaryDirectory() as folder:
        common = {
            "output_dir": folder,
            "max_steps": ENDLESS,
            "bf16": asked["dtype"] == "bfloat16",
            "use_cpu": not torch.cuda.is_available(),
            "report_to": "none",
            "save_strategy": "no",
            "disable_tqdm": True,
            **asked.get("settings", {}),
        }
        make = {"sft": _sft, "pretrain": _pretrain}[asked["kind"]]
        trainer = make(model, asked, common, turns)
        step = trainer.training_step

        def counted(model: Any, inputs: dict[str, torch.Tensor], *rest: Any) -> torch.Tensor:
            turns.count(inputs)
            return step(model, inputs, *rest)

        trainer.training_step = counted
        trainer.train()


def _sft(model: Any, asked: dict[str, Any], common: dict[str, Any], turns: Turns) -> Trainer:
    """Tokenised conversations, loss on what the assistant says."""
    from trl import SFTConfig, SFTTrainer

    records = json.loads(Path(asked["data"]).read_text())
    data = Dataset.from_dict(
        {"input_ids": [r["tokens"] for r in records], "assistant_masks": [r["learn"] for r in records]}
    )
    return SFTTrainer(
        model,
        args=SFTConfig(**{"max_length": asked["context"], **common}),
        train_dataset=data,
        processing_class=AutoTokenizer.from_pretrained(asked["model"]),
        callbacks=[turns],
    )


def _pretrain(model: Any, asked: dict[str, Any], common: dict[str, Any], turns: Turns) -> Trainer:
    """Documents one after the other, cut into rows of the context without padding, as transformers' examples do."""
    ids = [token for document in json.loads(Path(asked["data"]).read_text()) for token in document]
    context = asked["context"]
    rows = [ids[start : start + context] for start in range(0, len(ids) - context + 1, context)]
    data = Dataset.from_dict({"input_ids": rows, "labels": rows})
    return Trainer(model, TrainingArguments(**common), train_dataset=data, callbacks=[turns])


if __name__ == "__main__":
    main(job())
