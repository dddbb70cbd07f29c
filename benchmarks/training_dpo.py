"""DPO beside TRL's trainer: pivotal pairs at 5 and at 1 a trajectory, whole replies, and the losses themselves.

TRL computes the reference terms in each step unless told to do so before training. So ours run in both ways too: beside
TRL's defaults they pay for the reference in each step, beside `precompute_ref_log_probs` neither side does.
"""

import json
import subprocess
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import torch

from benchmarks import dpo_data
from benchmarks.harness import Claim
from benchmarks.race import PEERS, Racer, Result, compare, show_results
from benchmarks.training_data import Material
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.model.load_save import load_model
from hornbook.model.packed_attention import packed
from hornbook.training.dpo_data import group_pairs, pair_batch
from hornbook.training.dpo_loss import Dpo, log_ratios

OURS, PEER = "benchmarks.dpo_ours", "benchmarks.dpo_peer"
TRL_DEFAULTS = "TRL, defaults"
# TRL's own options; the fastest of them here is "its best". Its padding_free is switched off in 1.16, and larger
# batches are slower on a CPU: 32 pairs a forward pass reached 0.64 of the speed of 8.
TRL_TUNED = {"precompute_ref_log_probs": True, "gradient_checkpointing": False}
TRL_BEST: dict[str, dict[str, Any]] = {
    "TRL, 2 pairs a forward pass": {
        **TRL_TUNED,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
    },
    "TRL, reference before, no checkpointing": TRL_TUNED,
}
BETA, SMOOTHING = 0.1, 0.1
CLOSE = 1e-5


class Bench(Protocol):
    """What of `training.Bench` is used here."""

    quick: bool
    cache: Path
    material: Material

    def race(self, name: str, racers: list[Racer]) -> dict[str, Result]: ...


def dpo(bench: Bench) -> list[Claim]:
    """The losses, then each kind of pairs beside TRL."""
    folder, material = bench.cache / "material", bench.material
    claims = [losses(material, bench.cache / "dpo-losses")]
    kinds = (
        ("Pivotal DPO, 5 pivots a trajectory", dpo_data.pivotal(material, 5, folder), 20.0),
        ("Pivotal DPO, 1 pivot a trajectory", dpo_data.pivotal(material, 1, folder), 3.0),
        ("DPO on whole replies", dpo_data.replies(material, folder), 1.8),
    )
    for name, file, goal in kinds[: 2 if bench.quick else 3]:
        claims += _beside_trl(bench, name, file, goal)
    return claims


def losses(material: Material, folder: Path) -> Claim:
    """The largest difference between TRL's loss of a pair and ours: sigmoid, cDPO, and normalised by length.

    TRL has no cDPO: its loss is made of TRL's sigmoid losses of the pair and of the pair turned round. Replies are cut
    to their beginnings: float32 rounds the sum of 200 log-probabilities, on either side, by more than is asked here.
    """
    rows = [
        {**row, "chosen_ids": row["chosen_ids"][:32], "rejected_ids": row["rejected_ids"][:24]}
        for file in (dpo_data.pivotal(material, 5, folder), dpo_data.replies(material, folder))
        for row in json.loads(file.read_text())[:4]
    ]
    turned = [{**row, "chosen_ids": row["rejected_ids"], "rejected_ids": row["chosen_ids"]} for row in rows]
    policy, reference = load_model(material.model, "float32"), load_model(material.model, "float32")
    with torch.no_grad():
        for number, weight in enumerate(policy.parameters()):  # a policy that has learnt something
            weight.add_(0.01 * torch.sin(torch.arange(weight.numel()) + number).view_as(weight))
    policy.save_pretrained(folder / "policy")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "policy" / file).write_bytes((material.model / file).read_bytes())
    files = {"as they are": rows, "turned": turned}
    theirs = {name: trl_losses(folder, folder / "policy", material.model, data) for name, data in files.items()}
    sigmoid, opposite = theirs["as they are"]["sigmoid"], theirs["turned"]["sigmoid"]
    smoothed = [(1 - SMOOTHING) * one + SMOOTHING * other for one, other in zip(sigmoid, opposite, strict=True)]
    write_json(folder / "pairs.json", rows)
    pairs = dpo_data.read_pairs(folder / "pairs.json")
    worst = 0.0
    for expected, smoothing, normalise in (
        (sigmoid, 0.0, False),
        (smoothed, SMOOTHING, False),
        (theirs["as they are"]["sigmoid_norm"], 0.0, True),
    ):
        for index, pair in enumerate(pairs):
            batch = pair_batch(group_pairs([pair]), [pair], policy.device)
            with torch.no_grad(), packed(policy), packed(reference):
                objective = Dpo(log_ratios(reference, batch, normalise), BETA, smoothing, normalise)
                worst = max(worst, abs(objective(policy, batch).total.item() - expected[index]))
    goal = f"at most {CLOSE:g}"
    return Claim("DPO loss, difference to TRL's", worst, None, "nats", None, None, None, goal, worst <= CLOSE)


def trl_losses(folder: Path, policy: Path, reference: Path, rows: list[dict[str, list[int]]]) -> dict[str, list[float]]:
    """TRL's loss of each pair by `loss_type`.

    Raises HornbookError when the peers' environment is missing or TRL fails.
    """
    if not PEERS.exists():
        raise HornbookError(f"{PEERS}: the peers' environment is missing; run `make peers`")
    write_json(folder / "rows.json", rows)
    variants = {name: {"loss_type": [name], "beta": BETA} for name in ("sigmoid", "sigmoid_norm")}
    job = {"model": str(policy), "reference": str(reference), "data": str(folder / "rows.json"), "variants": variants}
    write_json(folder / "job.json", job)
    command = [str(PEERS), "-m", "benchmarks.dpo_losses_peer", str(folder / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise HornbookError(f"TRL's losses: {(done.stderr.strip().splitlines() or ['no message'])[-1][:200]}")
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _beside_trl(bench: Bench, name: str, file: Path, goal: float) -> list[Claim]:
    job = {"model": str(bench.material.model), "data": str(file), "dtype": "float32"}
    ours = {**job, "settings": {"microbatch_tokens": 2048}}  # as fast as more here, in less memory
    tuned_ways = list(TRL_BEST.items())[: 1 if bench.quick else None]
    racers = [
        Racer("hornbook, reference in each step", OURS, {**ours, "precomputed": False}),
        Racer("hornbook, reference before", OURS, {**ours, "precomputed": True}),
        Racer(TRL_DEFAULTS, PEER, job, peer=True),
        *(Racer(title, PEER, {**job, "settings": settings}, peer=True) for title, settings in tuned_ways),
    ]
    results = bench.race(f"dpo-{file.stem}", racers)
    show_results(name, results, "pairs")
    in_step, before, defaults, *tuned = results.values()
    best = max(tuned, key=lambda result: median(result.rates))
    memory = best.peak_mb / before.peak_mb
    return [
        compare(f"{name}, beside TRL at its defaults", in_step, defaults, "pairs/s", goal),
        compare(f"{name}, beside TRL at its best", before, best, "pairs/s", goal),
        Claim(f"{name}, peak memory", before.peak_mb, best.peak_mb, "MB", memory, None, None, "less", memory > 1),
    ]
