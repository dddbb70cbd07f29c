"""Stages on other people's chat models: a prompt that opens thinking, a template without an end, one with a date."""

import shutil
from pathlib import Path

import pytest

from hornbook.base.records import Message, Sample
from hornbook.base.workspace import Workspace
from hornbook.preference.synthetic_pairs import pair_of
from hornbook.tokenizer.chat import encode_prompt, end_of_reply, load_tokenizer
from hornbook.training.dpo import dpo
from hornbook.training.settings import DpoSettings, SftSettings
from hornbook.training.sft import sft
from hornbook.training.sft_data import encode_samples
from tests.training.conftest import write_lines

LOOP = "{% for m in messages %}"
SPLIT = "{% set said = m['content'].split('</think>')[-1] %}"
TEMPLATES = {
    "opens thinking": LOOP + SPLIT + "{{ '<|im_start|>' + m['role'] + said + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<think>\n' }}{% endif %}",
    "no end": LOOP + "{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
    "date": "{{ strftime_now('%d %B %Y %H:%M:%S') }}" + LOOP + "{{ m['content'] + '<|im_end|>' }}{% endfor %}",
}  # fmt: skip
SAMPLES = [
    Sample(
        id=f"s{number}",
        source="synthetic",
        kind="sum",
        messages=[Message("user", f"{number}+1?"), Message("assistant", str(number + 1))],
        rejected="none",
    )
    for number in range(8)
]
FAST = {"threads": 1, "dtype": "float32", "learning_rate": 1e-3}
NO_END = "writes no end token after a reply, so the model will not learn to stop"


@pytest.fixture(params=TEMPLATES)
def model(request: pytest.FixtureRequest, model_folder: Path, tmp_path: Path) -> tuple[str, Path]:
    folder = Path(shutil.copytree(model_folder, tmp_path / "model"))
    (config,) = folder.rglob("tokenizer_config.json")
    config.with_name("chat_template.jinja").write_text(TEMPLATES[request.param])
    assert load_tokenizer(folder).chat_template == TEMPLATES[request.param]
    return request.param, folder


def test_sft_and_dpo_train_it(model: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = model
    samples = write_lines(tmp_path / "samples.jsonl", SAMPLES)
    work = Workspace(tmp_path / "sft")
    sft(SftSettings(epochs=1, batch_rows=2, microbatch_rows=2, **FAST), work, model=folder, samples=[samples])
    assert not work.rejected and work.notes["kinds"] == {"sum": 8}
    assert any(NO_END in warning for warning in work.warnings) == (name == "no end")
    tokenizer = load_tokenizer(folder, tmp_path / "dpo")
    pairs = [pair_of(sample, tokenizer) for sample in SAMPLES]
    for pair, sample in zip(pairs, SAMPLES, strict=True):
        assert pair.prompt_tokens == encode_prompt(tokenizer, sample.messages[:1])
        reply = "\n</think>\n\n" * (name == "opens thinking") + sample.messages[1].content
        assert tokenizer.decode(pair.chosen_tokens).startswith(reply)
    work = Workspace(tmp_path / "dpo")
    file = write_lines(tmp_path / "pairs.jsonl", pairs)
    dpo(DpoSettings(batch_pairs=4, **FAST), work, model=folder, pairs=[file])
    assert not work.rejected and work.notes["kinds"] == {"sum": 8}
    assert (work.path / "date.json").exists() == (name == "date")


def test_an_end_is_appended_in_the_saved_template_too(model: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = model
    work = Workspace(tmp_path / "sft")
    chosen = SftSettings(epochs=1, batch_rows=2, microbatch_rows=2, append_end=True, **FAST)
    sft(chosen, work, model=folder, samples=[write_lines(tmp_path / "samples.jsonl", SAMPLES)])
    assert not work.warnings
    saved = load_tokenizer(work.path)
    assert saved.convert_ids_to_tokens(end_of_reply(saved)) == (saved.eos_token if name == "no end" else "<|im_end|>")


def test_what_cannot_be_learnt_is_set_aside(model_folder: Path, tmp_path: Path) -> None:
    work = Workspace(tmp_path / "work")
    alone = [Message("user", "a"), Message("assistant", "b", weight=0)]
    greeting = [Message("assistant", "a"), Message("user", "b")]
    samples = [
        Sample(id=str(number), source="s", kind="k", messages=turns) for number, turns in enumerate([alone, greeting])
    ]
    assert not encode_samples(samples, load_tokenizer(model_folder), 99, "set-aside", work)
    assert dict(work.rejected) == {"no assistant's reply to train on": 2}
