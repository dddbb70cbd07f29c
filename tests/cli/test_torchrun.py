"""A training command under torchrun: two processes, one output."""

import os
import subprocess
import sys

import pytest
from transformers import AutoModelForCausalLM

from hornbook.base.files import read_json, write_text


@pytest.mark.slow
def test_two_processes_train_one_model_and_book_it_once(tmp_path):
    text = '{"id": "d%d", "text": "The heron number %d waits by the river.", "source": "web", "origin": "o"}\n'
    write_text(tmp_path / "docs.jsonl", "".join(text % (i, i) for i in range(80)))
    chat = '{"id": "s%d", "source": "synthetic", "kind": "k", "messages": [{"role": "user", "content": "Count %d."}, '
    chat += '{"role": "assistant", "content": "%d herons"}]}\n'
    write_text(tmp_path / "chats.jsonl", "".join(chat % (i, i, i) for i in range(40)))
    shape = ["--model.layers", "2", "--model.hidden", "32", "--model.heads", "2", "--model.kv-heads", "1"]
    mixed = ["--tokens", "2000", "--context", "64", "--shares", "{web: 1.0}"]
    rows = ["--batch-rows", "4", "--microbatch-rows", "2"]
    hornbook = [sys.executable, "-m", "hornbook"]
    two = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "hornbook"]
    steps = [
        [*hornbook, "tokenizer", "--documents", "docs.jsonl", "--vocab-size", "300", "--out", "tok"],
        [*hornbook, "mixture", "--tokenizer", "tok", "--documents", "docs.jsonl", *mixed, "--out", "mix"],
        [*two, "train", "pretrain", "--tokens", "mix", "--tokenizer", "tok", *shape, *rows, "--out", "base"],
        [*two, "train", "sft", "base", "--samples", "chats.jsonl", *rows, "--out", "sft"],
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    for step in steps:
        done = subprocess.run(step, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-2000:]
    assert read_json(tmp_path / "sft" / "stage.json")["counts"]["records_out"] == 1
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "sft" / "model").config.num_hidden_layers == 2
