"""TRL's DPO losses of given pairs under given models, as JSON on standard output: `PYTHON -m ... JOB.json`.

The job names `model`, `reference` and `data` as for `dpo_peer`, and `variants` {name: settings of DPOConfig}. The
answer is {name: [loss of each pair]}.
"""

import json
import os
import tempfile

from benchmarks.dpo_peer import make_trainer
from benchmarks.rounds import job


def main() -> None:
    asked = job()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what anything else prints
    losses = {}
    for name, settings in asked["variants"].items():
        with tempfile.TemporaryDirectory() as folder:
            alone = {"bf16": False, "per_device_train_batch_size": 1, "gradient_checkpointing": False}
            trainer = make_trainer(asked, folder, {**alone, **settings})
            trainer.model.eval()
            rows = [trainer.data_collator([row]) for row in trainer.train_dataset]
            losses[name] = [trainer.compute_loss(trainer.model, row).item() for row in rows]
    print(json.dumps(losses), file=answers, flush=True)


if __name__ == "__main__":
    main()
