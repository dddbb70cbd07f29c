"""What a search relies on: whatever an oracle does, every other judgement is made, and every failure is counted."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.judgement import RIGHT, not_judged
from hornbook.oracles.score import judge_question
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.worker import GRACE

HOSTILE = f"{Path(__file__).parent / 'hostile.py'}:act"


def question(oracle: str, answer: str = "", entry: object = None, **fields: object) -> Question:
    encoded = msgspec.json.encode(entry).decode() if entry else ""
    return Question(id="question-1", task="test", prompt="?", answer=answer, oracle=oracle, entry=encoded, **fields)


MINE = question(HOSTILE, "7", {"unit": "m"})


@pytest.fixture(scope="module")
def oracles() -> Iterator[Oracles]:
    with Oracles(OracleSettings(seconds=10)) as opened:
        yield opened


@pytest.fixture
def hasty() -> Iterator[Oracles]:
    with Oracles(OracleSettings(seconds=1, memory_mb=256)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("raise", "KeyError"),
        ("hang", "Timeout"),
        ("ignore signals, hang", "Timeout"),
        ("eat", "MemoryError"),
        ("segfault", "Crash"),
        ("kill", "Crash"),
        ("end", "Crash"),
        ("exit", "SystemExit"),
        ("yes", "ValueError"),
        ("nan", "ValueError"),
    ],
)
def test_a_fault_costs_one_judgement_and_is_counted(hasty: Oracles, fault: str, kind: str) -> None:
    judged = hasty.judge_many([(MINE, "7"), (MINE, "8"), (MINE, fault), (MINE, "7"), (MINE, "8")])
    assert [judgement.score for judgement in judged] == [1, 0, 0, 1, 0]
    assert [judgement.failed for judgement in judged] == [False, False, True, False, False]
    assert judged[2].reason.startswith(kind)
    assert hasty.failures == {f"{HOSTILE}: {kind}": 1}


def test_fault_upon_fault(hasty: Oracles) -> None:
    faults = ["kill", "kill", "7", "eat", "7", "hang", "end"]
    judged = hasty.judge_many([(MINE, fault) for fault in faults])
    assert [judgement.failed for judgement in judged] == [fault != "7" for fault in faults]
    assert sum(hasty.failures.values()) == 5 and hasty.judge_many([(MINE, "7")])[0].score == 1


def test_what_an_oracle_prints_is_not_taken_for_judgements(oracles: Oracles) -> None:
    judged = oracles.judge_many([(MINE, "print"), (MINE, "7"), (MINE, "8"), (MINE, "half")])
    assert [judgement.score for judgement in judged] == [1, 1, 0, 0.5]


def test_a_worker_that_died_between_two_calls_is_replaced_without_a_failure(hasty: Oracles) -> None:
    hasty.judge_many([(MINE, "7")])
    process = hasty._workers[0]._process
    assert process
    process.kill()
    process.wait()
    assert hasty.judge_many([(MINE, "7")])[0].score == 1 and not hasty.failures


@pytest.mark.slow
def test_a_worker_that_hangs_ends_itself_when_nobody_watches_it_any_more() -> None:
    code = f"""
from hornbook.base.records import Question
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.settings import OracleSettings
oracles = Oracles(OracleSettings(seconds=1.5))
asked = Question(id="q", task="t", prompt="?", oracle={HOSTILE!r})
oracles.judge_many([(asked, "7")])
print(oracles._workers[0]._process.pid, flush=True)
oracles.judge_many([(asked, "hang")])
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout
    worker = Path(f"/proc/{int(parent.stdout.readline())}/cmdline")
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert worker.read_bytes()
    time.sleep(1.5 + GRACE + 1)
    assert not worker.exists() or not worker.read_bytes()  # gone, or waiting to be buried


def test_an_interrupted_batch_leaves_nothing_for_the_next(hasty: Oracles, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = hasty._workers[0]._reply

    def interrupted(seconds: float) -> None:
        replies(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(hasty._workers[0], "_reply", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hasty.judge_many([(MINE, "7")] * 3)
    monkeypatch.setattr(hasty._workers[0], "_reply", replies)
    assert [judgement.score for judgement in hasty.judge_many([(MINE, "8")] * 4)] == [0] * 4


def test_mixed_oracles_keep_their_places_and_agree_with_judging_here(oracles: Oracles) -> None:
    gym = {"question": "3 + 4 =", "answer": "7", "metadata": {"source_dataset": "chain_sum"}}
    asked = [
        question("number", "7"),
        question("reasoning-gym", "7", gym),
        question("math", "14/2"),
        question("fuzzy", "seven 7"),
        question("choice", "7", choices=["6", "7"]),
        question("code", entry={"tests": ["assert seven() == 7"]}),
        question("number", "many"),
        MINE,
    ]
    pairs = [(each, text) for text in ("Answer: 7", "Answer: 8", "", "7") for each in asked]
    judged = oracles.judge_many(pairs)
    assert judged == [judge_question(*pair) for pair in pairs]
    assert {judgement.score for judgement in judged} == {0, 1}


@pytest.mark.parametrize(
    ("oracle", "message"),
    [
        ("fuzy", "did you mean 'fuzzy'"),
        ("no/such/file.py:f", "no such file"),
        (HOSTILE.replace(":act", ":cat"), "has no function 'cat'"),
        (HOSTILE.replace(":act", ":not_a_function"), "is not a function"),
        ("no.such.module:f", "No module named"),
        ("judge", "needs a judge model"),
    ],
)
def test_what_the_user_must_mend_is_one_line(oracles: Oracles, oracle: str, message: str) -> None:
    for ask in (lambda asked: oracles.judge_many([(asked, "7")]), lambda asked: oracles.check_many([asked])):
        with pytest.raises(HornbookError, match=message) as caught:
            ask(question(oracle, "7"))
        assert "\n" not in str(caught.value)
    assert oracles.judge_many([(MINE, "7")])[0].score == 1


def test_a_function_file_that_breaks_or_dies_when_loaded(tmp_path: Path, hasty: Oracles) -> None:
    for source, message in (("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "cannot be loaded")):
        file = tmp_path / f"{len(source)}.py"
        file.write_text(source)
        with pytest.raises(HornbookError, match=message):
            hasty.judge_many([(question(f"{file}:f", "7"), "7")])


def test_a_function_may_live_in_a_module_and_import_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hasty: Oracles
) -> None:
    (tmp_path / "helper_of_mine.py").write_text("def same(a, b): return a == b")
    (tmp_path / "checks_of_mine.py").write_text(
        "from helper_of_mine import same\ndef f(question, completion): return same(question['answer'], completion)"
    )
    monkeypatch.chdir(tmp_path)
    for oracle in ("checks_of_mine:f", "checks_of_mine.py:f"):
        judged = hasty.judge_many([(question(oracle, "7"), text) for text in ("7", "8")])
        assert [judgement.score for judgement in judged] == [1, 0]


def test_thousands_of_judgements_a_second(oracles: Oracles) -> None:
    gym = question("reasoning-gym", "7", {"question": "?", "answer": "7", "metadata": {"source_dataset": "chain_sum"}})
    oracles.judge_many([(gym, "Answer: 7")])
    begin = time.monotonic()
    judged = oracles.judge_many([(gym, f"words {number}\nAnswer: {number % 9}") for number in range(5000)])
    assert sum(judgement.score >= RIGHT for judgement in judged) == 555
    assert time.monotonic() - begin < 5


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["7", "8", "half"]), max_size=600))
def test_judgements_come_in_order(oracles: Oracles, completions: list[str]) -> None:
    scores = [judgement.score for judgement in oracles.judge_many([(MINE, text) for text in completions])]
    assert scores == [{"7": 1, "8": 0, "half": 0.5}[text] for text in completions]


@settings(deadline=None, max_examples=10)
@given(st.lists(st.text(max_size=60), min_size=20, max_size=20))
def test_no_text_breaks_mathematics(oracles: Oracles, texts: list[str]) -> None:
    asked = question("math", r"\frac{1}{2}")
    assert not any(judgement.failed for judgement in oracles.judge_many([(asked, text) for text in texts]))


def test_mathematics_that_takes_too_long_is_wrong_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with Oracles(OracleSettings(seconds=1)) as oracles:
        late = not_judged("Timeout: no judgement within 1 s")
        monkeypatch.setattr(oracles, "_judge_group", lambda oracle, pairs: [late for _ in pairs])
        (judged,) = oracles.judge_many([(question("math", "1"), "\\boxed{2}")])
        assert judged.outcome == "wrong" and "Timeout" in judged.reason and not oracles.failures
        (other,) = oracles.judge_many([(MINE, "7")])
        assert other.failed and oracles.failures
