"""The peer's side of the DPO benchmark: TRL's DPOTrainer, in an environment that has no hornbook.

`settings` of the job go to DPOConfig as they are; what it does not name is TRL's default. Pairs are token ids: TRL
would tokenise texts and put an end token after each, so its preparation of the data is left out.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import DPOConfig, DPOTrainer

from benchmarks.rounds import Rounds, job

ENDLESS = 1_000_000  # steps; the race ends before


class Trainer(DPOTrainer):
    """Takes data that is tokenised already, and with `precompute_ref_log_probs` zeros for the reference's side.

    The precomputation would take many times as long as the race, in which it does not count.
    """

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset

    def _precompute_ref_logps(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        zeros = [0.0] * len(dataset)
        return dataset.add_column("ref_chosen_logps", zeros).add_column("ref_rejected_logps", zeros)


class Turns(TrainerCallback):
    """Tells `rounds` after each step how many pairs were in it."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.rounds.begin()

    def on_step_end(self, arguments: DPOConfig, *_: Any, **__: Any) -> None:
        self.rounds.step(arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps)


def main(asked: dict[str, Any]) -> None:
    torch.set_flush_denormal(True)  # as our side: see there
    torch.set_num_threads(asked["threads"])
    turns = Turns(Rounds(asked["round_seconds"]))
    with tempfile.TemporaryDirectory() as folder:
        settings = {"max_steps": ENDLESS, "dataloader_drop_last": True, **asked.get("settings", {})}
        trainer = make_trainer(asked, folder, {"bf16": asked["dtype"] == "bfloat16", **settings})
        trainer.add_callback(turns)
        trainer.train()


def make_trainer(asked: dict[str, Any], folder: str, settings: dict[str, Any]) -> Trainer:
    """A trainer on `data` of the policy `model`; `reference` is the reference model, by default the same."""
    config = DPOConfig(
        output_dir=folder,
        use_cpu=not torch.cuda.is_available(),
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **settings,
    )
    reference = asked.get("reference")
    return Trainer(
        _model(asked["model"]),
        ref_model=_model(reference) if reference else None,
        args=config,
        train_dataset=Dataset.from_list(json.loads(Path(asked["data"]).read_text())),
        processing_class=AutoTokenizer.from_pretrained(asked["model"]),
    )


def _model(folder: str) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


if __name__ == "__main__":
    main(job())
