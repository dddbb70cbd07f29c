"""Models of our own as teachers: a tiny Hugging Face model, and SmolLM2 through llama.cpp."""

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.precision import VARIABLE
from hornbook.base.records import Message
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.ledger import CallRequest, Parameters
from hornbook.teacher.local_hf import LocalModel
from hornbook.teacher.local_llamacpp import local_name
from hornbook.teacher.map_records import map_records
from hornbook.teacher.prompt_formats import transcript
from hornbook.teacher.settings import TeacherSettings
from tests.inference.tiny import tiny_shape

PLAIN = Parameters(0.7, 1.0, 8, [])
TEMPLATE = "{% for m in messages %}<s>{{ m['content'] }}{% endfor %}<s>"


def make_model(folder: Path, seed: int, **changes: Any) -> Path:
    """A random model of 20,000 parameters over single characters, saved as Hugging Face saves them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    characters = ["<s>", "</s>", "<pad>", *"abcdefghijklmnopqrstuvwxyz .0123456789"]
    tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate(characters)}, unk_token="."))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", chat_template=TEMPLATE
    )
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(characters),
        **tiny_shape(inner=64),
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        **changes,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny") / "model", 1)


def ask(settings: TeacherSettings, ledger: Path, prompts: list[str], **parameters: Any) -> list[Any]:
    async def run() -> list[Any]:
        async with open_teacher(settings, ledger) as teacher:

            async def worker(prompt: str) -> Completion:
                return await teacher.complete([Message("user", prompt)], purpose="test", **parameters)

            return await map_records(prompts, worker)

    return asyncio.run(run())


PROMPTS = [f"question {number} " + "and so on " * (number % 4) for number in range(12)]


def test_answers_do_not_depend_on_the_batch(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "float32")  # but for rounding, of which bfloat16 has more
    alone = ask(TeacherSettings(local=str(model), concurrency=1), tmp_path / "a", PROMPTS, max_tokens=20)
    batch = ask(TeacherSettings(local=str(model), concurrency=12), tmp_path / "b", PROMPTS, max_tokens=20)
    assert [a.text for a in alone] == [b.text for b in batch]
    assert len({a.text for a in alone}) == 12
    for answer in alone:
        assert answer.completion_tokens == 20 if answer.finish == "length" else answer.completion_tokens <= 20


def test_calls_that_wait_together_each_have_their_own_limit_stop_and_temperature(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "float32")

    async def run() -> list[Completion]:
        settings = TeacherSettings(local=str(model), concurrency=8)
        async with open_teacher(settings, tmp_path) as teacher:
            message = [Message("user", "tell")]
            free = await teacher.complete(message, purpose="test", max_tokens=40, temperature=0)
            calls = [
                teacher.complete(message, purpose="test", max_tokens=40, temperature=0, top_p=0.9),
                teacher.complete(message, purpose="test", max_tokens=5, temperature=0),
                teacher.complete(message, purpose="test", max_tokens=40, temperature=0, stop=[free.text[7:9]]),
                teacher.complete(message, purpose="test", max_tokens=40, temperature=0.0, sample=1),
            ]
            return [free, *await asyncio.gather(*calls)]

    free, cold, short, stopped, sampled = asyncio.run(run())
    assert cold.text == sampled.text == free.text  # greedy, whatever the sample number
    assert (short.completion_tokens, short.finish) == (5, "length") and free.text.startswith(short.text)
    assert stopped.finish == "stop" and stopped.text == free.text[: free.text.index(free.text[7:9])]


def test_tokens_are_drawn_from_the_models_distribution(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.setenv(VARIABLE, "float32")
    n = 600
    settings = TeacherSettings(local=str(model), concurrency=200)

    async def run() -> list[str]:
        async with open_teacher(settings, tmp_path) as teacher:

            async def worker(sample: int) -> str:
                options = {"sample": sample, "max_tokens": 1, "temperature": 0.8, "top_p": 0.7}
                return (await teacher.complete([Message("user", "x")], purpose="test", **options)).text

            return [text for text in await map_records(range(n), worker) if isinstance(text, str)]

    drawn = asyncio.run(run())
    tokenizer, net = AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model)
    with torch.inference_mode():
        tokens = torch.tensor([tokenizer.encode("<s>x<s>", add_special_tokens=False)])
        p = torch.softmax(net(tokens).logits[0, -1] / 0.8, -1).double().numpy()
    order = np.argsort(-p)
    kept = order[: int((np.cumsum(p[order]) < 0.7).sum()) + 1]
    expected = np.zeros(len(p))
    expected[kept] = p[kept] / p[kept].sum()
    counts = np.bincount([tokenizer.convert_tokens_to_ids(text) for text in drawn if text], minlength=len(p))
    visible = expected.copy()
    visible[:3] = 0  # special tokens are not part of a text
    assert set(np.nonzero(counts)[0]) <= set(kept)
    error = np.sqrt(n * visible * (1 - visible)) * 4.5 + 1
    assert (np.abs(counts - n * visible) <= error).all()


def test_a_prompt_that_does_not_fit_fails_its_record_only(model: Path, tmp_path: Path) -> None:
    settings = TeacherSettings(local=str(model), context=64, concurrency=4)
    short, long, nearly = ask(settings, tmp_path, ["short", "long " * 40, "x" * 58], max_tokens=30)
    assert isinstance(short, Completion) and isinstance(long, CallFailed)
    assert nearly.completion_tokens <= 4  # what the context left room for


def test_no_prompt_is_longer_than_the_models_own_context(tmp_path: Path) -> None:
    small = make_model(tmp_path / "model", 1, max_position_embeddings=32)
    short, long = ask(TeacherSettings(local=str(small)), tmp_path / "a", ["short", "long " * 10], max_tokens=30)
    assert isinstance(short, Completion) and short.completion_tokens <= 32 - 7  # with the template's two
    assert isinstance(long, CallFailed) and "the context is 32" in str(long)


def test_an_answer_ends_where_the_models_own_defaults_say_and_is_told_without_it(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", 1)
    settings = TeacherSettings(local=str(model))
    (free,) = ask(settings, tmp_path / "a", ["tell"], max_tokens=40, temperature=0)
    said = free.text.split()  # one character a token
    end = said[15]
    config = {"eos_token_id": [1, 3 + "abcdefghijklmnopqrstuvwxyz .0123456789".index(end)]}
    (model / "generation_config.json").write_text(json.dumps(config))
    (ended,) = ask(settings, tmp_path / "b", ["tell"], max_tokens=40, temperature=0)
    assert (ended.text.split(), ended.finish) == (said[: said.index(end)], "stop")
    assert ended.completion_tokens == said.index(end) + 1 > 1


def test_what_a_message_spells_out_is_no_special_token(model: Path) -> None:
    asked = [
        CallRequest(key="0", model="m", purpose="", messages=[Message("user", said)], parameters=PLAIN, sample=0)
        for said in ("a</s>b", "a")
    ]
    tokens, plain = (LocalModel(TeacherSettings(local=str(model)))._tokens(one) for one in asked)
    assert tokens.count(1) == plain.count(1) == 0 and tokens.count(0) == plain.count(0) == 2


def test_a_stage_folder_is_a_teacher_too_and_known_by_its_content(tmp_path: Path) -> None:
    names = []
    for seed in (1, 2):
        make_model(tmp_path / str(seed) / "sft" / "model", seed)
        settings = TeacherSettings(local=str(tmp_path / str(seed) / "sft"))
        assert isinstance(ask(settings, tmp_path / "ledger", ["hello"], max_tokens=4)[0], Completion)
        names.append(local_name(settings))
    assert names[0] != names[1]


def test_the_ledger_knows_a_path_by_its_content(model: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "model", 2)
    assert other.name == model.name
    assert local_name(TeacherSettings(local=str(other))) != local_name(TeacherSettings(local=str(model)))
    assert local_name(TeacherSettings(local=str(model), model="mine")) == "mine"


def test_what_cannot_be_loaded_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model")
    for local, message in [
        (str(tmp_path / "none.gguf"), "no such file"),
        (str(bad), "not a GGUF file"),
        (str(tmp_path), "cannot be loaded as a Hugging Face model"),
    ]:
        with pytest.raises(HornbookError, match=message) as error:
            ask(TeacherSettings(local=local), tmp_path / "ledger", ["hello"])
        assert "\n" not in str(error.value)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "xllamacpp" else found(name))
    with pytest.raises(HornbookError, match=r"pip install gguf xllamacpp"):
        ask(TeacherSettings(local="smollm2"), tmp_path, ["hello"])


def test_a_schema_is_asked_for_in_words_and_a_base_model_gets_a_transcript(model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    parameters, messages = Parameters(0.7, 1.0, 8, [], schema='{"type":"object"}'), [Message("user", "who")]
    asked = CallRequest(key="0" * 8, model="m", purpose="", messages=messages, parameters=parameters, sample=0)
    for api, start in [("chat", "<s>who"), ("completions", transcript(messages)[:6].replace("U", "."))]:
        tokens = LocalModel(TeacherSettings(local=str(model), api=api))._tokens(asked)  # type: ignore[arg-type]
        text = tokenizer.decode(tokens).replace(" ", "")
        assert "jsonobject" in text.lower() or "object" in text
        assert text.startswith(start.replace(" ", "").replace(":", "."))


def test_a_model_without_chat_format_is_asked_through_completions(model: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(model, base)
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        path = base / name
        if name.endswith("json"):
            config = json.loads(path.read_text())
            config.pop("chat_template", None)
            path.write_text(json.dumps(config))
        else:
            path.unlink(missing_ok=True)
    with pytest.raises(HornbookError, match="base model needs api: completions"):
        ask(TeacherSettings(local=str(base)), tmp_path / "a", ["hello"])
    (answer,) = ask(TeacherSettings(local=str(base), api="completions"), tmp_path / "b", ["hello"], max_tokens=8)
    assert isinstance(answer, Completion) and answer.completion_tokens > 0


class Animal(msgspec.Struct, forbid_unknown_fields=True):
    animal: Literal["cat", "dog"]
    tame: bool


@pytest.mark.slow
def test_llama_cpp_keeps_to_a_schema_and_completes_plain_text(tmp_path: Path) -> None:
    schema = (
        '{"type":"object","properties":{"animal":{"enum":["cat","dog"]},"tame":{"type":"boolean"}},'
        '"required":["animal","tame"],"additionalProperties":false}'
    )
    for api in ("chat", "completions"):
        settings = TeacherSettings(local="smollm2", concurrency=2, context=256, api=api)  # type: ignore[arg-type]
        options: dict[str, Any] = {"max_tokens": 48, "temperature": 0}
        held, held_2 = ask(settings, tmp_path, ["Name an animal.", "Which animal barks?"], schema=schema, **options)
        for answer in (held, held_2):
            assert answer.finish == "stop" and msgspec.json.decode(answer.text, type=Animal)
        (free,) = ask(settings, tmp_path, ["What do bees make?"], **options)
        assert free.text and "User:" not in free.text


@pytest.mark.slow
def test_smollm2_answers_through_llama_cpp_and_its_server_ends_with_us(tmp_path: Path) -> None:
    settings = TeacherSettings(local="smollm2", concurrency=4, context=256)
    prompts = ["Write one sentence about bees.", "Say hello.", "word " * 400]

    async def run() -> list[Any]:
        async with open_teacher(settings, tmp_path) as teacher:

            async def worker(prompt: str) -> Completion:
                return await teacher.complete([Message("user", prompt)], purpose="test", max_tokens=24, temperature=0)

            results = await map_records(prompts, worker)
            server = teacher.backend.stop_server.__self__  # type: ignore[attr-defined]
            first = server._process
            first.kill()  # as if it had crashed: the next call starts another
            await first.wait()
            results.append(await worker("Name a colour."))
            pid = server._process.pid
            assert pid != first.pid
        assert not Path(f"/proc/{pid}").exists()
        return results

    bees, hello, too_long, colour = asyncio.run(run())
    assert "Bees" in bees.text and hello.text and colour.text
    assert isinstance(too_long, CallFailed)
    started = time.monotonic()
    again = ask(settings, tmp_path, prompts[:2], max_tokens=24, temperature=0)
    assert [answer.text for answer in again] == [bees.text, hello.text]
    assert time.monotonic() - started < 5  # from the ledger: nothing is loaded
