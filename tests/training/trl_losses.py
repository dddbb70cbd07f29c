"""TRL's DPO losses on made-up models: `python -m tests.training.trl_losses` records `fixtures/trl_dpo.json` anew.

That needs the peers' environment (`make peers`: TRL 1.16.0, PyTorch 2.13.0, transformers 5.23.0). The weights are a
formula, not random numbers, so that they are the same on any machine.
"""

import tempfile
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from hornbook.base.files import write_json
from hornbook.base.rng import rng
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.load_save import save_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe
from tests.inference.tiny import tiny_shape

FIXTURE = Path(__file__).parent / "fixtures" / "trl_dpo.json"
VOCABULARY = 300
SEED = 0


def formula_model(phase: float) -> LlamaForCausalLM:
    """A small Llama whose weights are sines; another `phase`, another model."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        **tiny_shape(),
        max_position_embeddings=64,
        pad_token_id=None,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for number, weight in enumerate(model.parameters()):
            wave = torch.sin(torch.arange(weight.numel(), dtype=torch.float64) * (0.7 + 0.01 * number) + phase)
            weight.copy_((0.3 * wave + (weight.dim() == 1)).view_as(weight))
    return model


def example_pairs() -> list[dict[str, list[int]]]:
    """Single tokens, first five tokens, and replies of different length, with prompts of their own and in common."""
    choose = rng(SEED, "pairs for TRL")
    pairs = []
    for chosen, rejected in ((1, 1), (1, 1), (5, 5), (5, 3), (12, 7), (9, 16)):
        prompt = choose.integers(0, VOCABULARY, int(choose.integers(3, 20))).tolist()
        sides = (choose.integers(0, VOCABULARY, size).tolist() for size in (chosen, rejected))
        pairs.append(dict(zip(("prompt_ids", "chosen_ids", "rejected_ids"), (prompt, *sides), strict=True)))
    return [*pairs, {**pairs[4], "rejected_ids": pairs[5]["rejected_ids"]}]


def main() -> None:
    from benchmarks.training_dpo import BETA, trl_losses

    tokenizer = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=VOCABULARY), ["any text will do"]))
    rows = example_pairs()
    turned = [{**row, "chosen_ids": row["rejected_ids"], "rejected_ids": row["chosen_ids"]} for row in rows]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model, phase in (("policy", 0.0), ("reference", 0.3)):
            formula_model(phase).save_pretrained(folder / model)
            save_tokenizer(tokenizer, folder / model)
        straight, opposite = (trl_losses(folder, folder / "policy", folder / "reference", r) for r in (rows, turned))
    losses = {**straight, "sigmoid_turned": opposite["sigmoid"]}
    write_json(FIXTURE, {"trl": "1.16.0", "beta": BETA, "seed": SEED, "losses": losses})


if __name__ == "__main__":
    main()
