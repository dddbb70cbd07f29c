"""The parent's side of a worker process: started when first needed, monitored, and replaced when it fails."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Sequence

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.oracles.judgement import Judgement
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.worker import JudgeRequest, JudgeResponse

BATCH = 256  # judgements per request; after a failure the rest are sent again
LOADING = 300.0  # seconds for imports: reasoning-gym takes ten on a busy machine

# A new process, not a fork: the parent may hold torch, threads and a GPU.
_START = "import sys; sys.path[:] = sys.argv[1:]; from hornbook.oracles.worker import main; main()"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


class Worker:
    """Judges in another process. A judgement that hangs or kills that process fails; all others are made."""

    def __init__(self, settings: OracleSettings) -> None:
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""  # an incomplete line
        self._lines: deque[bytes] = deque()

    def judge_many(self, pairs: Sequence[tuple[Question, str]]) -> list[Judgement]:
        """One judgement a pair, in order. Raises HornbookError for an oracle that cannot be loaded."""
        done: list[Judgement] = []
        try:
            while len(done) < len(pairs):
                done += self._judge_some(pairs[len(done) : len(done) + BATCH])
        except BaseException:
            self.close()  # or its late responses would be read as those to the next request
            raise
        return done

    def load(self, questions: Sequence[Question]) -> None:
        """Load what these questions' oracles need. Raises HornbookError when it cannot be loaded."""
        self._send(JudgeRequest(list(questions), []))

    def close(self) -> None:
        """End the process and all that it started."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe
                with contextlib.suppress(BrokenPipeError):  # what is still unsent
                    pipe.close()
        self._process, self._rest = None, b""
        self._lines.clear()

    def _judge_some(self, pairs: Sequence[tuple[Question, str]]) -> list[Judgement]:
        """The judgements up to and including the first that kills the process; at least one."""
        questions = {id(question): question for question, _ in pairs}
        places = {name: place for place, name in enumerate(questions)}
        self._send(JudgeRequest(list(questions.values()), [(places[id(question)], text) for question, text in pairs]))
        done: list[Judgement] = []
        for _ in pairs:
            reply = self._reply(self.settings.seconds)
            done.append(reply.judgement())
            if reply.outcome == "not judged" and reply.reason.startswith("MemoryError"):
                self.close()  # what it still holds may fail the next one
            if not self._process:
                break
        return done

    def _send(self, batch: JudgeRequest) -> None:
        """Send a request and wait until its oracles are loaded. A process that died while idle is started again."""
        message = msgspec.json.encode(batch) + b"\n"
        for _ in range(2):
            if self._process is None:
                self._start()
            assert self._process and self._process.stdin
            try:
                self._process.stdin.write(message)
                self._process.stdin.flush()
            except BrokenPipeError:
                self.close()
                continue
            reply = self._reply(LOADING)
            if reply.loaded:
                return
        raise HornbookError(f"oracle '{batch.questions[0].oracle}': cannot be loaded: {reply.reason}")

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | _ONE_THREAD,
            start_new_session=True,
        )
        assert self._process.stdin
        self._process.stdin.write(self.settings.model_dump_json().encode() + b"\n")

    def _reply(self, seconds: float) -> JudgeResponse:
        """The next response. If there is none in time, or the process died, it is closed and the response says so.

        Raises HornbookError for an error that the user must fix.
        """
        assert self._process and self._process.stdout
        pipe = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while not self._lines:
            if not poll.poll(seconds * 1000):
                self.close()
                return JudgeResponse(reason=f"Timeout: no judgement within {seconds:g} s", outcome="not judged")
            got = os.read(pipe, 1 << 16)
            if not got:
                code = self._process.wait()
                self.close()
                return JudgeResponse(reason=f"Crash: the judging process died ({_cause(code)})", outcome="not judged")
            *lines, self._rest = (self._rest + got).split(b"\n")
            self._lines.extend(lines)
        reply = msgspec.json.decode(self._lines.popleft(), type=JudgeResponse)
        if reply.error:
            raise HornbookError(reply.error)
        return reply


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
