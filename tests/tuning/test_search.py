"""Both searches for real, as small as they can be: what they leave, and that a kill costs nothing that was finished."""

import json
import socket

import numpy as np
import pytest
import yaml

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows, mixture_info
from hornbook.training.settings import PretrainSettings
from hornbook.tuning.ablation import ablation
from hornbook.tuning.mixture_views import allocation_view, prefix_view
from hornbook.tuning.proxy_runs import ProxyRun, ProxyRunner
from hornbook.tuning.settings import AblationSettings, TuneSettings
from hornbook.tuning.tune import tune
from tests.tuning import run_fixtures as runs


@pytest.fixture(scope="module", params=["tune", "ablation"])
def whole(request, tokens, tokenizer_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    runs.finish(runs.start(request.param, out, tokens, tokenizer_folder))
    return request.param, out


def test_killed_twice_it_ends_with_the_same_bytes_and_runs_nothing_twice(whole, tokens, tokenizer_folder, tmp_path):
    stage, expected = whole
    out = tmp_path / "run"
    finished = {}
    for count in (2, 5):
        process = runs.start(stage, out, tokens, tokenizer_folder)
        runs.kill_when(process, out, count)
        finished |= {file: file.stat().st_mtime_ns for file in out.glob("runs/*/result.json")}
        journals = {file: file.with_name("metrics.jsonl").stat().st_mtime_ns for file in finished}
    runs.finish(runs.start(stage, out, tokens, tokenizer_folder))
    assert len(finished) >= 5
    assert all(file.stat().st_mtime_ns == time for file, time in finished.items())
    assert all(file.with_name("metrics.jsonl").stat().st_mtime_ns == time for file, time in journals.items())
    assert runs.files(out) == runs.files(expected)
    assert not (out / "views").exists() and not list(out.rglob("model"))


def test_what_each_search_leaves(whole):
    stage, out = whole
    said = json.loads((out / f"{stage}.json").read_text())
    assert len(said["runs"]) == len(list((out / "runs").iterdir()))
    assert len({run["name"] for run in said["runs"]}) == len(said["runs"])
    planned = runs.STAGES[stage][1].expected_tokens()
    assert 0.95 * planned < sum(run["tokens"] for run in said["runs"]) < 2 * planned
    if stage == "ablation":
        assert set(said["allocations"]) == {"final", "S", "S+W", "mine"}
        rhos = [(p["figure"], p["what"], tuple(p["between"])) for p in said["agreements"] if p["figure"] == "loss"]
        assert len(rhos) == 2 + 2  # horizons at each size, sizes at each horizon
        loss = [cell for cell in said["cells"] if cell["figure"] == "loss"]
        assert len(loss) == 4
        assert all(cell["differences"]["final"] == 0 and cell["half"] > 0 for cell in loss)
    else:
        settings = PretrainSettings.parse(yaml.safe_load((out / "recommended.yaml").read_text()), "recommended")
        assert settings.learning_rate == said["recommendation"]["learning_rate"]
        assert settings.batch_rows == 4
        assert {limit["warmup"] for limit in said["limits"]} == {1, 3}
        assert (out / "chart.svg").read_text().startswith("<svg")
        losses = {run["name"]: run["losses"] for run in said["runs"]}
        assert set(losses["tokens-1000-batch-4-rate-0.01-seed-0"]) == {"web", "code", "synthetic"}


@pytest.mark.parametrize("whole", ["tune"], indirect=True)  # the ablation's trials are run by the same code
def test_two_processes_recommend_what_one_does(whole, tokens, tokenizer_folder, tmp_path):
    stage, expected = whole
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        together = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    out = tmp_path / "run"
    runs.finish(*[runs.start(stage, out, tokens, tokenizer_folder, RANK=str(r), **together) for r in range(2)])
    one, two = (json.loads((path / "tune.json").read_text()) for path in (expected, out))
    losses = [{run["name"]: run["losses"] for run in said["runs"] if run["rate"] <= 0.01} for said in (one, two)]
    assert losses[0].keys() == losses[1].keys() and losses[0]
    for name, known in losses[0].items():
        assert losses[1][name] == pytest.approx(known, rel=1e-3)
    advice, other = one["recommendation"], two["recommendation"]
    assert other["batch_rows"] == advice["batch_rows"]
    # at the largest rates rounding grows from step to step, and moves the fit
    assert 0.5 < other["learning_rate"] / advice["learning_rate"] < 2


def test_a_run_that_diverges_is_a_result(tokens, tokenizer_folder, tmp_path, monkeypatch):
    import hornbook.tuning.proxy_runs as module
    from hornbook.base.errors import Diverged
    from hornbook.training.distributed import Ranks

    def diverge(settings, work, *, tokens, tokenizer):
        work.path.joinpath("metrics.jsonl").write_text('{"step":1,"loss":7.0,"tokens":10}\n')
        raise Diverged("step 2 of 9: the loss is nan")

    monkeypatch.setattr(module, "pretrain", diverge)
    trials = ProxyRunner(Workspace(tmp_path), tokenizer_folder, Ranks(), 1)
    trial = ProxyRun("wild", tokens, runs.TUNE.model, runs.TRAINING)
    result = trials.run(trial)
    assert result["diverged"] == "step 2 of 9: the loss is nan"
    assert result["losses"] == {} and result["training_loss"] == [7.0]
    monkeypatch.setattr(module, "pretrain", lambda *_, **__: pytest.fail("run again"))
    assert trials.run(trial) == result


def test_the_beginning_of_a_mixture_has_its_first_rows_and_another_number_the_same_in_another_order(tokens, tmp_path):
    whole, first = Rows.open(tokens), Rows.open(prefix_view(tokens, 1000, 3, 0, tmp_path / "a"))
    other = Rows.open(prefix_view(tokens, 1000, 3, 1, tmp_path / "b"))
    assert len(first) == len(other) == round(1000 * len(whole) / whole.about["tokens"])
    count = range(len(first))
    np.testing.assert_array_equal(first.batch(count).tokens_BT, whole.batch(count).tokens_BT)
    assert [other.pieces(i) for i in count] != [first.pieces(i) for i in count]
    assert sorted(other.pieces(i) for i in count) == sorted(first.pieces(i) for i in count)
    assert mixture_info(tmp_path / "a")["tokens"] == sum(piece.length for i in count for piece in first.pieces(i))


def test_an_allocation_has_its_shares_and_nothing_that_is_held_out(tokens, tmp_path):
    shares = {"web": 0.2, "synthetic": 0.8}
    view = Rows.open(allocation_view(tokens, shares, 3000, 3, tmp_path / "view"))
    pieces = [piece for row in range(len(view)) for piece in view.pieces(row)]
    for source, share in shares.items():
        assert sum(p.length for p in pieces if p.source == source) / 3000 == pytest.approx(share, abs=0.02)
    assert {piece.source for piece in pieces} == set(shares)
    held = Rows.open(tmp_path / "view", "validation-web")
    assert not {p.document for p in pieces} & {p.document for row in range(len(held)) for p in held.pieces(row)}
    assert mixture_info(tmp_path / "view")["sources"]["synthetic"]["epochs"] > 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"horizons": [1000]}, "horizons: expected 2 or more"),
        ({"rates": [1e-3]}, "rates: expected 3 or more for a parabola, got 1"),
        ({"rates": [1e-3, 1e-3, 2e-3]}, "rates: one value is given twice"),
        ({"rates": [1e-3, -1e-3, 2e-3]}, "rates must be above 0"),
        ({"training": {"learning_rate": 1e-3}}, "training.learning_rate is decided by rates"),
        ({"warmups": [0]}, "warmups are counted in steps"),
        ({"horizons": [1000, 10**9]}, "horizons: 1,000,000,000 tokens, but"),
        ({"horizons": [100, 1000], "batch_rows": [64]}, "expected more steps"),
        ({"warmups": [4000]}, "expected more steps than the longest warm-up"),
    ],
)
def test_a_search_that_cannot_work_is_refused_before_it_begins(changes, message, tokens, tokenizer_folder, tmp_path):
    with pytest.raises(HornbookError, match=message) as error:
        settings = TuneSettings.parse({"horizons": [1000, 2000], "batch_rows": [4], "warmups": [1], **changes}, "")
        tune(settings, Workspace(tmp_path), tokens=tokens, tokenizer=tokenizer_folder)
    assert "\n" not in str(error.value) and not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"allocations": {"mine": {"wbe": 1.0}}}, r"allocations.mine.wbe: no such source .* \(did you mean 'web'\?\)"),
        ({"allocations": {"mine": {"web": 0.5}}}, "allocations.mine: shares must sum to 1, they sum to 0.5"),
        ({"allocations": {"mine": {"web": 2, "code": -1}}}, "must not be negative"),
        ({"allocations": {"a/b": {"web": 1}}}, "'a/b' cannot name a run"),
        ({"presets": ["final", "unifrom"]}, r"no preset 'unifrom' \(did you mean 'uniform'\?\)"),
        ({"presets": ["final"]}, "leave only 'final'; add `allocations`"),
        ({"baseline": "mine"}, "baseline: 'mine' is not among the allocations"),
        ({"models": {}}, "models: expected at least one shape"),
    ],
)
def test_an_ablation_that_cannot_work_is_refused_too(changes, message, tokens, tokenizer_folder, tmp_path):
    with pytest.raises(HornbookError, match=message) as error:
        settings = AblationSettings.parse({"horizons": [1000], **changes}, "")
        ablation(settings, Workspace(tmp_path), tokens=tokens, tokenizer=tokenizer_folder)
    assert "\n" not in str(error.value) and not (tmp_path / "runs").exists()


def test_a_folder_that_is_no_mixture_is_named(tokenizer_folder, tmp_path):
    for stage, settings in runs.STAGES.values():
        with pytest.raises(HornbookError, match="not a mixture"):
            stage(settings, Workspace(tmp_path / "out"), tokens=tokenizer_folder, tokenizer=tokenizer_folder)
