"""Evaluation, judged pairs and refusal data take their replies from any engine: the settings say which."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records, write_records
from hornbook.base.records import Pair, Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.evaluation import multiple_choice as likelihood
from hornbook.evaluation.multiple_choice import encode_choice
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.evaluation.stage import evaluation
from hornbook.model.load_save import load_model
from hornbook.oracles.trivia import refuses
from hornbook.preference.generate import Encoder
from hornbook.preference.judged_pairs import judged_pairs
from hornbook.preference.records import JudgedReply
from hornbook.preference.refusal import refusal
from hornbook.preference.settings import JudgedPairsSettings, RefusalSettings, Style
from hornbook.tokenizer.chat import load_tokenizer, stop_ids
from hornbook.tokenizer.load_save import save_tokenizer
from tests.inference.fake_server import FakeServer, Model, Network, Phrases
from tests.inference.fake_vllm import FakeLLM, fake_vllm
from tests.preference.tiny import sum_question, trivia

ROOM = 256
SUMS = [sum_question(a, 5) for a in range(1, 5)]
OSLO = trivia("What is the capital of Norway?", "Oslo", "The capital of Norway is Oslo.")
LILONGWE = trivia("What is the capital of Malawi?", "Lilongwe")
NOWHERE = trivia("What is the capital of Zandoria?")
REPLIES = {  # all equally likely
    **{question.id: [f"Answer: {question.answer}"] for question in SUMS},
    OSLO.id: ["It is Oslo."],
    LILONGWE.id: ["It is Paris."],
    NOWHERE.id: ["I do not know."],
}
ASKED = [*SUMS, OSLO, LILONGWE, NOWHERE]
ITEMS = [
    BenchmarkItem(
        id=f"toy/{n}", benchmark="toy", split="test", question=f"{n}?", choices=["ab", "c", "a"], answer_index=n % 3
    )
    for n in range(6)
]
KINDS = pytest.mark.parametrize("kind", ["llama server", "vllm server", "vllm"])


@pytest.fixture(autouse=True)
def toy_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood, "load_benchmark", lambda name: list(ITEMS))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    write_records(tmp_path / "q" / "questions.parquet", Question, ASKED)
    return tmp_path / "q"


@pytest.fixture
def tokenizer_alone(tiny_model: Path, tmp_path: Path) -> Path:
    """All that is here of a model that a server computes."""
    save_tokenizer(load_tokenizer(tiny_model), tmp_path / "served")
    return tmp_path / "served"


def phrases(folder: Path, style: Style, replies: dict[str, list[str]] = REPLIES) -> Phrases:
    """A model that knows the questions, and the right choice of every item of the benchmark."""
    encoder = Encoder(load_tokenizer(folder), style)
    tokenizer = encoder.tokenizer
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    said = {
        tuple(encoder.prompt(question.prompt)): [[*tokenizer.encode(text), end] for text in replies[question.id]]
        for question in ASKED
    }
    for item in ITEMS:
        prefix, choice = encode_choice(encoder, item.question, item.choices[item.answer_index])
        said[tuple(prefix)] = [choice]
    return Phrases(len(tokenizer), said)


@contextmanager
def serving(kind: str, model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The engine's settings, as a recipe has them, with which `model` is asked."""
    if kind == "vllm":
        monkeypatch.setitem(sys.modules, "vllm", fake_vllm())
        monkeypatch.setattr(FakeLLM, "table", model)
        monkeypatch.setattr(FakeLLM, "room", ROOM)
        yield {"backend": "vllm"}
        return
    stops = tuple(stop_ids(load_tokenizer(folder)))
    # started as most are: it tells no probabilities after the temperature, and replies need none
    with FakeServer(kind.removesuffix(" server"), table=model, room=ROOM, stops=stops, processed=False) as server:
        yield {"backend": "server", "url": server.url}


@KINDS
def test_evaluation_scores_what_the_engine_says(
    kind: str, tiny_model: Path, tokenizer_alone: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model if kind == "vllm" else tokenizer_alone
    with serving(kind, phrases(model, "chat"), model, monkeypatch) as engine:
        settings = EvaluationSettings.parse({"benchmarks": ["toy"], "samples": 2, "engine": engine}, "evaluation")
        work = Workspace(tmp_path / "out", name="evaluation")
        evaluation(settings, work, model=model, questions=[questions])
    scores = {score["name"]: score["mean"] for score in read_json(work.path / "scores.json")["scores"]}
    assert scores == {
        "reasoning": 1.0,
        "reasoning:sums": 1.0,
        "trivia correct": 0.5,
        "trivia wrong": 0.5,
        "trivia not attempted": 0.0,
        "bogus refused": 1.0,
        "benchmark:toy": 1.0,
    }
    assert work.notes["replies"] == {"finished": 2 * len(ASKED), "cut_off": 0, "no_room": 0}


@KINDS
@pytest.mark.parametrize("style", ["plain", "chat"])
def test_the_likeliest_replies_and_choices_are_the_same_whatever_computes_the_model(
    kind: str, style: Style, tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    with serving(kind, Network(load_model(tiny_model, "float32")), tiny_model, monkeypatch) as engine:
        for settings in ({"backend": "torch", "dtype": "float32"}, engine):
            values = {"style": style, "temperature": 0, "max_new_tokens": 16, "benchmarks": ["toy"], "engine": settings}
            work = Workspace(tmp_path / settings["backend"], name="evaluation")
            parsed = EvaluationSettings.parse(values, "evaluation")
            evaluation(parsed, work, model=tiny_model, questions=[questions])
            made.append([(work.path / name).read_bytes() for name in ("answers.parquet", "scores.json")])
    assert made[0] == made[1]


@KINDS
def test_judged_pairs_have_the_tokens_that_the_engine_sampled(
    kind: str, tiny_model: Path, tokenizer_alone: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model if kind == "vllm" else tokenizer_alone
    said = {question.id: [f"Answer: {question.answer}", "Answer: 99"] for question in SUMS}
    sampled = phrases(model, "chat", REPLIES | said)
    with serving(kind, sampled, model, monkeypatch) as engine:
        settings = JudgedPairsSettings.parse({"responses": 8, "engine": engine}, "judge")
        work = Workspace(tmp_path / "out", name="judge")
        judged_pairs(settings, work, model=model, questions=[questions])
    encoder = Encoder(load_tokenizer(model), "chat")
    pairs = {pair.parents[0]: pair for pair in read_records(work.path, Pair)}
    assert pairs.keys() == {question.id for question in SUMS}  # to the others there is but one reply each
    for question in SUMS:
        pair, prompt = pairs[question.id], tuple(encoder.chat_prompt(question))
        assert pair.prompt_tokens == [*prompt] and pair.ends
        assert [pair.chosen_tokens, pair.rejected_tokens] == sampled.replies[prompt]
    authors = {reply.author for reply in read_records(work.path / "judgements.parquet", JudgedReply)}
    assert authors == {"model"}


@KINDS
def test_refusal_data_declines_what_the_engine_gets_wrong(
    kind: str, tiny_model: Path, tokenizer_alone: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model if kind == "vllm" else tokenizer_alone
    with serving(kind, phrases(model, "plain"), model, monkeypatch) as engine:
        settings = RefusalSettings.parse({"samples": 3, "bogus_share": 0.0, "engine": engine}, "refusal")
        work = Workspace(tmp_path / "out", name="refusal")
        refusal(settings, work, model=model, questions=[questions])
    taught = {sample.parents[0]: sample.messages[1].content for sample in read_records(work.path, Sample)}
    assert taught[OSLO.id] == OSLO.solution
    assert refuses(taught[LILONGWE.id]) and refuses(taught[NOWHERE.id])
    assert OSLO.id not in {pair.parents[0] for pair in read_records(work.path, Pair)}  # always right
    (wrong,) = [pair for pair in read_records(work.path, Pair) if pair.parents[0] == LILONGWE.id]
    encoder = Encoder(load_tokenizer(model), "plain")
    assert wrong.chosen_tokens == encoder.chat_reply(LILONGWE, taught[LILONGWE.id])[:5]
    assert work.notes["p_correct"][-1] == {"p": 1.0, "questions": 1}


def run_evaluation(engine: dict[str, str], work: Workspace, model: Path, questions: Path) -> None:
    settings = EvaluationSettings.parse({"benchmarks": ["toy"], "engine": engine}, "evaluation")
    evaluation(settings, work, model=model, questions=[questions])


def run_judge(engine: dict[str, str], work: Workspace, model: Path, questions: Path) -> None:
    judged_pairs(JudgedPairsSettings.parse({"engine": engine}, "judge"), work, model=model, questions=[questions])


def run_refusal(engine: dict[str, str], work: Workspace, model: Path, questions: Path) -> None:
    refusal(RefusalSettings.parse({"engine": engine}, "refusal"), work, model=model, questions=[questions])


Stage = Callable[[dict[str, str], Workspace, Path, Path], None]
STAGES = pytest.mark.parametrize("stage", [run_evaluation, run_judge, run_refusal])


@STAGES
@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"backend": "vllm"}, r"pip install vllm"),
        ({"backend": "server", "url": "http://127.0.0.1:9", "retries": 0}, "no answer after 1 tries"),
        ({"backend": "server"}, "engine: backend server goes with url"),
        ({"backend": "tensorrt"}, "engine.backend: input should be 'torch', 'vllm' or 'server'"),
    ],
)
def test_an_engine_that_is_not_there_is_one_clear_line(
    stage: Stage,
    engine: dict[str, str],
    message: str,
    tiny_model: Path,
    questions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(HornbookError, match=message) as error:
        stage(engine, Workspace(tmp_path / "out"), tiny_model, questions)
    assert "\n" not in str(error.value)


@STAGES
def test_a_server_with_another_model_is_one_clear_line(
    stage: Stage, tiny_model: Path, questions: Path, tmp_path: Path
) -> None:
    with (
        FakeServer("llama", decode=lambda tokens: "something else") as server,
        pytest.raises(HornbookError, match="another tokenizer"),
    ):
        stage({"backend": "server", "url": server.url}, Workspace(tmp_path / "out"), tiny_model, questions)


def test_a_server_samples_no_other_models(tiny_model: Path, questions: Path, tmp_path: Path) -> None:
    settings = JudgedPairsSettings.parse({"engine": {"backend": "server", "url": "http://127.0.0.1:9"}}, "judge")
    with pytest.raises(HornbookError, match=r"others: engine\.backend server samples only from the model it serves"):
        judged_pairs(settings, Workspace(tmp_path), model=tiny_model, questions=[questions], others=[tiny_model])
