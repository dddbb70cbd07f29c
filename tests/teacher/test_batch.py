"""A provider's batch API: no call is submitted or paid for twice, whatever fails and whenever the run is killed."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.teacher import batch as batches
from hornbook.teacher.accounting import LocalAccounting
from hornbook.teacher.client import Completion, Teacher, open_teacher
from hornbook.teacher.errors import BudgetError, CallFailed, TeacherError
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.mock_batches import MockBatches
from tests.teacher.mock_server import Body, MockServer
from tests.teacher.test_client import ask_all, number_of, say, settings_for, texts


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SECONDS_TO_GATHER", 0.03)


async def in_batches(
    server: MockServer, folder: Path, numbers: range, **changes: Any
) -> tuple[list[Completion | CallFailed], Teacher]:
    return await ask_all(server, folder, numbers, **({"batch": True} | changes))


def test_calls_are_gathered_into_one_batch_and_its_answers_are_those_of_single_calls(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockBatches() as server:
            single, _ = await ask_all(server, tmp_path / "single", range(200))
            server.requests.clear()
            several, teacher = await in_batches(server, tmp_path / "batch", range(200))
            assert several == single and teacher.calls_made == 200
            assert (len(server.batches), server.uploads, len(server.requests)) == (1, 1, 0)
            again, _ = await in_batches(server, tmp_path / "batch", range(200))
            assert again == single and len(server.batches) == 1  # all from the ledger
            assert set(server.worked.values()) == {1}

    asyncio.run(run())


def test_records_of_several_steps_take_a_batch_per_step(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockBatches() as server, open_teacher(settings_for(server, batch=True), tmp_path) as teacher:

            async def worker(number: int) -> str:
                first = await teacher.complete(say(number), purpose="test")
                return (await teacher.complete([Message("user", f"check {first.text}")], purpose="test")).text

            assert all(await map_records(range(30), worker))
            assert len(server.batches) == 2

    asyncio.run(run())


def test_items_that_fail_for_now_go_into_the_next_batch_and_others_fail_alone(tmp_path: Path) -> None:
    def item(key: str, body: Any, before: int) -> Any:
        fates = {3: 400, 5: 500 if before == 0 else None, 7: 429 if before < 2 else None}
        return fates.get(number_of(body))

    async def run() -> None:
        async with MockBatches(item=item) as server:
            for _ in range(2):
                results, _ = await in_batches(server, tmp_path, range(10))
                assert [isinstance(result, CallFailed) for result in results] == [n == 3 for n in range(10)]
                assert "mock says 400" in str(results[3])
                # In the second run, what was refused is known to be: it is not asked again.
                assert sum(server.worked.values()) == 10 + 1 + 2

    asyncio.run(run())


def test_what_a_batch_left_undone_as_it_expired_or_failed_is_asked_again(tmp_path: Path) -> None:
    async def run() -> None:
        fates = ["failed", "expired", None]
        async with MockBatches(whole=lambda number: fates[number]) as server:
            results, _ = await in_batches(server, tmp_path, range(10))
            assert len(texts(results)) == 10 and len(server.batches) == 3
            assert set(server.worked.values()) == {1}

    asyncio.run(run())


def test_batches_that_always_fail_end_the_run_with_their_reason(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockBatches(whole=lambda number: "failed") as server:
            with pytest.raises(TeacherError, match="token limit reached"):
                await in_batches(server, tmp_path, range(10), retries=2)
            assert len(server.batches) == 3

    asyncio.run(run())


@pytest.mark.parametrize("trouble", [500, 429, "cut"])
@pytest.mark.parametrize(
    "place", ["POST /v1/files", "POST /v1/batches", "GET /v1/batches/{id}", "GET /v1/files/{id}/content"]
)
def test_trouble_with_any_request_submits_nothing_twice(tmp_path: Path, place: str, trouble: Any) -> None:
    async def run() -> None:
        fault = lambda method, path, before: trouble if f"{method} {path}" == place and before < 2 else None  # noqa: E731
        async with MockBatches(trouble=fault) as server:
            results, _ = await in_batches(server, tmp_path, range(20))
            assert len(texts(results)) == 20 and set(server.worked.values()) == {1}

    asyncio.run(run())


def test_a_server_without_batches_is_one_clear_error(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            with pytest.raises(TeacherError, match="not found"):
                await in_batches(server, tmp_path, range(3))
        async with MockBatches(trouble=lambda method, path, before: 400 if "batches" in path else None) as refusing:
            with pytest.raises(TeacherError, match=r"takes no batches: .*mock says 400"):
                await in_batches(refusing, tmp_path / "b", range(3))

    asyncio.run(run())
    with pytest.raises(HornbookError, match="batch needs an endpoint"):
        TeacherSettings.parse({"local": "smollm2", "batch": True}, "teacher")


def test_a_parameter_the_endpoint_does_not_take_is_left_out_of_the_next_batch(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockBatches(item=lambda key, body, before: 400 if "seed" in body else None) as server:
            old = server._finish

            def finish(batch: dict[str, Any]) -> str:
                status = old(batch)
                name = batch.get("error_file_id")
                if name:
                    server.files[name] = server.files[name].replace(b"mock says 400", b"unknown parameter: seed")
                return status

            server._finish = finish  # type: ignore[method-assign]
            results, _ = await in_batches(server, tmp_path, range(12))
            assert len(texts(results)) == 12 and len(server.batches) == 2

    asyncio.run(run())


def test_the_budget_is_never_passed_by_batches_either(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockBatches(seconds=0.01) as server:
            for _ in range(2):
                with pytest.raises(BudgetError):
                    await in_batches(server, tmp_path, range(300), budget_tokens=2500)
                assert server.tokens_charged <= 2500
            assert server.tokens_charged > 0.85 * 2500 and set(server.worked.values()) == {1}
            assert len(Ledger(tmp_path)) == len(server.worked)

    asyncio.run(run())


PROGRAM = """
import asyncio, sys
from pathlib import Path
from hornbook.base.files import write_json
from hornbook.base.records import Message
from hornbook.teacher import batch as batches
from hornbook.teacher.client import open_teacher
from hornbook.teacher.settings import TeacherSettings
from hornbook.teacher.map_records import map_records

async def main(url, folder):
    batches.SECONDS_TO_GATHER = 0.05
    settings = TeacherSettings(url=url, model="mock", batch=True, backoff=0.02, budget_tokens=10**6)
    async with open_teacher(settings, folder) as teacher:
        async def worker(number):
            draft = await teacher.complete([Message("user", f"question {number}")], purpose="draft", max_tokens=20)
            return draft.text
        write_json(folder / "results.json", await map_records(range(40), worker))

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


MOMENTS = [
    pytest.param(f"{method} /v1/{path}", after, id=f"{'after' if after else 'before'} {method} {path}", marks=marks)
    for method, path, after, marks in [
        ("POST", "files", False, pytest.mark.slow),
        ("POST", "files", True, pytest.mark.slow),
        ("POST", "batches", False, pytest.mark.slow),
        ("POST", "batches", True, ()),  # created, and its id never learnt
        ("GET", "batches/{id}", False, pytest.mark.slow),
        ("GET", "files/{id}/content", True, pytest.mark.slow),
    ]
]


@pytest.mark.parametrize(("moment", "after"), MOMENTS)
def test_a_killed_run_finds_its_batch_again_and_submits_and_pays_nothing_twice(
    tmp_path: Path, moment: str, after: bool
) -> None:
    """Killed as the server receives a request, or once it has done what the request asks but before it says so."""

    class Deadly(MockBatches):
        def _troubled(self, method: str, path: str, handler: Any) -> Any:
            usual = super()._troubled(method, path, handler)

            async def handle(request: Any) -> Any:
                fatal = f"{method} {path}" == moment and processes[0].returncode is None
                if fatal and after:
                    await handler(request)
                if fatal:
                    processes[0].send_signal(signal.SIGKILL)
                    await processes[0].wait()
                    raise ConnectionResetError
                return await usual(request)

            return handle

    processes: list[asyncio.subprocess.Process] = []

    async def start(url: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, url, str(tmp_path))

    async def run() -> None:
        async with MockBatches() as other, Deadly() as server:
            for _ in range(4):  # somebody else's batches, on more pages than one
                server.batches.append({"id": f"b{len(server.batches)}", "status": "completed", "metadata": None})
            processes.append(await start(server.url))
            assert await asyncio.wait_for(processes[0].wait(), 60) == -signal.SIGKILL
            processes.append(await start(server.url))
            assert await asyncio.wait_for(processes[1].wait(), 60) == 0
            ours = server.batches[4:]
            assert len(ours) == 1 and len(server.worked) == 40 and set(server.worked.values()) == {1}
            expected, _ = await ask_all(other, tmp_path / "single", range(40))
            assert json.loads((tmp_path / "results.json").read_text()) == texts(expected)

    asyncio.run(run())
    bank = LocalAccounting(
        TeacherSettings(url="http://x", model="mock", batch=True, budget_tokens=10**6), tmp_path, "mock"
    )
    assert len(bank.ledger) == 40
    paid = bank.ledger.prompt_tokens["mock"] + bank.ledger.completion_tokens["mock"]
    assert sum(bank.budget._taken()) == paid  # nothing lost in the kill is charged on top


def test_only_what_a_torn_note_lost_is_at_stake(tmp_path: Path) -> None:
    """A note cut off by a crash of the machine is passed over; the batch is found by its name or asked anew."""

    async def run() -> None:
        async with MockBatches() as server:
            await in_batches(server, tmp_path, range(5))
            log = tmp_path / "batches.jsonl"
            log.write_bytes(log.read_bytes()[:-10])
            (tmp_path / "calls.jsonl").unlink()
            for file in (tmp_path / "batches").iterdir():
                file.unlink()
            results, _ = await in_batches(server, tmp_path, range(5))
            assert len(texts(results)) == 5 and len(server.batches) == 1

    asyncio.run(run())


def test_what_is_refused_in_a_batch_is_left_out_of_the_next(tmp_path: Path) -> None:
    def choosy(key: str, body: Body, before: int) -> Any:
        refused = next((name for name in ("seed", "temperature") if name in body), None)
        return refused and (400, f"Unsupported parameter: '{refused}' is not supported with this model.")

    async def run() -> None:
        async with MockBatches(item=choosy) as server:
            results, _ = await in_batches(server, tmp_path, range(12))
            assert len(texts(results)) == 12 and len(server.batches) == 3
            results, _ = await in_batches(server, tmp_path, range(12))
            assert len(server.batches) == 3

    asyncio.run(run())


def test_an_empty_answer_in_a_batch_is_paid_once_and_asked_again_in_another(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockBatches(item=lambda key, body, before: "empty" if before == 0 else None) as server:
            for _ in range(2):  # it fails, and goes on another time
                results, _ = await in_batches(server, tmp_path, range(6), retries=0)
            assert len(texts(results)) == 6 and len(server.batches) == 2
            ledger = Ledger(tmp_path)
            assert ledger.prompt_tokens["mock"] + ledger.completion_tokens["mock"] == server.tokens_charged
            assert (tmp_path / "empty.jsonl").read_bytes().count(b"\n") == 6

    asyncio.run(run())
