"""Samples with a worse last turn become pairs that DPO takes; fine-tuning reads the better reply only."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Message, Pair, Sample
from hornbook.base.workspace import Workspace
from hornbook.cli.main import hornbook
from hornbook.preference.settings import PairsSettings
from hornbook.preference.synthetic_pairs import pairs
from hornbook.tokenizer.chat import encode_chat, encode_prompt, load_tokenizer
from hornbook.training.dpo import dpo
from hornbook.training.settings import DpoSettings, SftSettings
from hornbook.training.sft import sft

FAST = {"threads": 1, "dtype": "float32", "learning_rate": 1e-3}


def sample(name: str, kind: str, replies: tuple[str, str], checks: tuple[str, ...] = (), turns: int = 1) -> Sample:
    said = [Message(("user", "assistant")[number % 2], f"turn {number}") for number in range(2 * turns - 1)]
    return Sample(
        id=name, parents=["doc-1"], calls=["call"], source="synthetic", kind=kind, checks=list(checks),
        messages=[*said, Message("assistant", replies[0])], rejected=replies[1],
    )  # fmt: skip


GOOD = [
    sample("s1", "checked_math", ("Answer: 4", "Answer: 5")),
    sample("s2", "judged_replies", ("good", "bad"), ("form", "accuracy")),
    sample("s3", "judged_replies", ("nice", "dull"), ("form", "overall")),
    sample("s4", "refusal_pair", ("I do not know.", "It is 7."), turns=2),
]
BAD = [
    sample("s5", "checked_math", ("same", "same")),
    sample("s6", "checked_code", ("fine", "  ")),
    Sample(id="s7", source="synthetic", kind="k", text="a text", rejected="a worse one"),
    sample("s8", "textbook", ("only one", "")),
]


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    write_records(tmp_path / "synthetic" / "samples.parquet", Sample, [*GOOD, *BAD])
    return tmp_path / "synthetic"


def run(out: Path, model: Path, samples: Path, **settings: object) -> tuple[Workspace, list[Pair]]:
    work = Workspace(out, name="pairs")
    pairs(PairsSettings.parse(settings, "pairs"), work, model=model, samples=[samples])
    return work, read_records(out, Pair)


def test_pairs_are_the_two_last_turns_in_the_models_own_template(tiny_model, samples, tmp_path):
    work, made = run(tmp_path / "out", tiny_model, samples)
    assert {pair.parents[0]: pair.kind for pair in made} == {
        "s1": "checked_math",
        "s2": "accuracy",
        "s3": "overall",
        "s4": "refusal",
    }
    tokenizer = load_tokenizer(tiny_model)
    last = next(pair for pair in made if pair.parents[0] == "s4")
    assert last.ends and last.parents == ["s4", "doc-1"] and last.calls == ["call"]
    assert last.prompt_tokens == encode_prompt(tokenizer, GOOD[3].messages[:-1])
    assert last.prompt_tokens + last.chosen_tokens == encode_chat(tokenizer, GOOD[3].messages)[0]
    assert tokenizer.decode(last.rejected_tokens) == "It is 7.<|im_end|>"
    assert work.counts == {"without_rejected": 1, "records_in": 8, "records_out": 4}
    assert work.rejected == {
        "both sides are equal": 1,
        "an empty reply": 1,
        "the last turn is not the assistant's": 1,
    }


def test_first_tokens_are_beginnings(tiny_model, samples, tmp_path):
    _, made = run(tmp_path / "out", tiny_model, samples, first_tokens=3)
    assert made and all(len(pair.chosen_tokens) <= 3 and not pair.ends for pair in made)
    work, made = run(tmp_path / "one", tiny_model, samples, first_tokens=1)
    assert work.rejected["both sides are equal in their first 1 tokens"] >= 1  # "Answer: 4" and "Answer: 5" begin alike
    assert not any(pair.parents[0] == "s1" for pair in made)


def test_dpo_takes_them_and_fine_tuning_learns_the_better_reply_only(tiny_model, samples, tmp_path):
    run(tmp_path / "out", tiny_model, samples)
    trained = Workspace(tmp_path / "dpo", seed=1)
    dpo(DpoSettings(batch_pairs=2, refusal_share=None, **FAST), trained, model=tiny_model, pairs=[tmp_path / "out"])
    assert sum(trained.notes["kinds"].values()) == 4 and not trained.rejected

    learnt = {}
    for name, worse in (("with", True), ("without", False)):
        records = [one if worse else sample(one.id, one.kind, (one.messages[-1].content, "")) for one in GOOD[:3]]
        write_records(tmp_path / name / "samples.parquet", Sample, records)
        tuned = Workspace(tmp_path / f"sft-{name}", seed=1)
        sft(SftSettings(**FAST), tuned, model=tiny_model, samples=[tmp_path / name])
        learnt[name] = tuned.notes["loss_curve"]
    assert learnt["with"] == learnt["without"]


def test_the_command_and_what_it_says_when_there_is_nothing_to_pair(tiny_model, samples, tmp_path):
    arguments = ["pairs", str(tiny_model), "--samples", str(samples), "--out", str(tmp_path / "o")]
    done = CliRunner().invoke(hornbook, arguments)
    assert done.exit_code == 0, done.output
    assert len(read_records(tmp_path / "o", Pair)) == 4
    write_records(tmp_path / "none" / "samples.parquet", Sample, BAD)
    with pytest.raises(HornbookError, match="no preference pair in 4 samples"):
        run(tmp_path / "out", tiny_model, tmp_path / "none")
