"""`hornbook pts` on saved models of many architectures: it ends well, or in one line that says why not."""

import json
import re
import sys
from pathlib import Path

import pytest

from hornbook.cli.main import main
from hornbook.model.load_save import save_model
from tests.architectures import make
from tests.inference.tiny import tiny_tokenizer

DONE = r"Written to|no question has p\(success\)"  # random models may solve none
SLOW = ["gemma3", "llama4_text", "gpt_oss", "bloom", "mamba", "deepseek_v3", "rwkv", "falcon_h1"]
CASES = [  # a configuration, and what the command says
    *[pytest.param(name, DONE, marks=pytest.mark.slow) for name in SLOW],
    ("phi3 with longrope", DONE),
    ("gpt_neo", DONE),
    ("lfm2", DONE),
    ("bert", "bert: .* depends on the tokens after it; only causal language models"),
]
ORACLE = "def right(question, completion):\n    return len(completion) % 2\n"


@pytest.mark.parametrize(("name", "said"), CASES)
def test_pts(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    save_model(make(name), tiny_tokenizer(), tmp_path / "model")
    questions = [{"question": f"What is {number} + 3?", "answer": str(number + 3)} for number in (1, 2)]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, questions)))
    (tmp_path / "checks.py").write_text(ORACLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HORNBOOK_DTYPE", "float32")
    arguments = ["--questions", "q.jsonl", "--oracle", "checks.py:right", "--max-new-tokens", "24", "--out", "o"]
    monkeypatch.setattr(sys, "argv", ["hornbook", "pts", "model", *arguments])
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    told = capsys.readouterr()
    last = (told.out + told.err).strip()
    assert re.search(said, " ".join(last.split()))
    assert code == (0 if "Written to" in last else 2)
    assert "Traceback" not in last
