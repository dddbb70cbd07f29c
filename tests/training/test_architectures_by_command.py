"""`hornbook train sft` and `hornbook train dpo` on models of many architectures, and what they say of those."""

import json
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from hornbook.cli.main import main
from tests.architectures import VOCABULARY, make
from tests.inference.tiny import tiny_tokenizer

SAID = {  # what the commands say about a model; nothing where all is as fast as with Llama
    "llama": "",
    "gemma2": "",
    "gpt_oss": "",
    "granite": "",
    "gemma3": "",
    "phi3 with longrope": "phi3: texts of more than 56 tokens have other rotary factors",
    "gptj": "gptj: texts are computed in padded rows, one text a row",
    "bloom": "bloom: texts are computed in padded rows, one text a row",
    "llama4_text": "llama4_text: texts are computed in padded rows, one text a row",
    "mamba": "mamba: texts are computed in padded rows, one text a row",
}
QUICK = ["--threads", "1", "--learning-rate", "1e-3", "--dtype", "float32"]


def lines(path: Path, records: list[dict]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def chat(number: int) -> dict:
    messages = [
        {"role": "user", "content": "tell me " * (1 + number)},
        {"role": "assistant", "content": "well now " * (1 + 3 * number)},
    ]
    return {"id": str(number), "messages": messages}


def pair(number: int) -> dict:
    prompt = [5 + (3 * number + i) % 60 for i in range(8 + 12 * number)]
    return {
        "id": str(number),
        "parents": [],
        "kind": "reply",
        "prompt_tokens": prompt,
        "chosen_tokens": [7, 8, 9, 10][: 1 + number % 4],
        "rejected_tokens": [11, 12],
        "ends": False,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_both_commands_train_and_say_once_what_is_slower(name: str, tmp_path: Path, monkeypatch, capsys) -> None:
    tokenizer = tiny_tokenizer()
    assert len(tokenizer) <= VOCABULARY
    make(name).save_pretrained(tmp_path / "m")
    tokenizer.save_pretrained(tmp_path / "m")
    before = AutoModelForCausalLM.from_pretrained(tmp_path / "m", dtype=torch.float32).state_dict()
    given = {
        "sft": ["--samples", lines(tmp_path / "chats.jsonl", [chat(i) for i in range(4)])],
        "dpo": ["--pairs", lines(tmp_path / "pairs.jsonl", [pair(i) for i in range(5)])],
    }
    for stage, data in given.items():
        out = tmp_path / stage
        monkeypatch.setattr(
            sys, "argv", ["hornbook", "train", stage, str(tmp_path / "m"), *data, "--out", str(out), *QUICK]
        )
        capsys.readouterr()
        main()
        said = capsys.readouterr()
        said = " ".join((said.out + said.err).split())
        assert said.count(SAID[name]) == 1 if SAID[name] else "slower, but correct" not in said
        after = AutoModelForCausalLM.from_pretrained(out / "model", dtype=torch.float32).state_dict()
        assert after.keys() == before.keys()
        assert any(not torch.equal(after[weight], before[weight]) for weight in before)
