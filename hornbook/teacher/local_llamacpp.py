"""GGUF models as a local endpoint, run by llama.cpp (package xllamacpp)."""

import asyncio
import contextlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import fingerprint
from hornbook.base.packages import missing_package
from hornbook.base.platform import cores
from hornbook.teacher.gguf_recode import recoded_for_speed
from hornbook.teacher.llamacpp_server import ServerOptions
from hornbook.teacher.settings import TeacherSettings

# How long an idle thread spins before it sleeps. Between two layers it waits some microseconds, which is less than the
# time to wake a thread; but a spinning thread occupies a core. Tokens per second of SmolLM2 with 16 calls at a time, on
# two idle cores: no spinning (OMP_WAIT_POLICY=passive) 39, this 61 to 65, always spinning 73; with two busy processes:
# no spinning 27, this 35, always spinning 20 times slower. (A single call with busy processes is slower: 2.4, not 11.)
SHORT_SPIN = {"GOMP_SPINCOUNT": "30000"}


def local_name(settings: TeacherSettings) -> str:
    """The name of a local model in the ledger: `model` if given, otherwise the file name with a hash of the content."""
    path = Path(settings.local)
    if settings.model or not path.exists():
        return settings.model or settings.local
    folder = path if (path / "config.json").is_file() else path / "model"  # for a stage's folder
    files = [path] if path.is_file() else sorted([*folder.glob("*.safetensors"), *folder.glob("*.json")])
    return f"{path.name}@{fingerprint(*files)}"


class LocalServer:
    """A llama.cpp server in a child process: started when needed, restarted if it dies, stopped with this process.

    `cache` is the folder for a copy of the model with recoded weights.
    """

    def __init__(self, settings: TeacherSettings, model: Path, cache: Path) -> None:
        packages = ("gguf", "xllamacpp")
        if not all(importlib.util.find_spec(package) for package in packages):
            raise missing_package("teacher.local: a GGUF file", *packages)
        self.settings, self.model, self.cache = settings, model, cache
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._url = ""

    async def address(self) -> str:
        """The server's base URL. Raises HornbookError when it does not start."""
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()
        return self._url

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it has nothing to save
        await process.wait()

    async def _start(self) -> None:
        model = await asyncio.to_thread(recoded_for_speed, self.model, self.cache)
        options = ServerOptions(
            model=str(model),
            parallel=self.settings.concurrency,
            context=self.settings.context,
            threads=self.settings.threads or cores(),
        )
        with tempfile.TemporaryFile() as errors:
            self._process = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "hornbook.teacher.llamacpp_server", msgspec.json.encode(options).decode()],
                stdin=asyncio.subprocess.PIPE,  # never written to; closes, and stops the server, when this process ends
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **SHORT_SPIN},
            )
            assert self._process.stdout
            self._url = (await self._process.stdout.readline()).decode().strip()
            if not self._url:
                await self._process.wait()
                errors.seek(0)
                lines = errors.read().decode("utf-8", "replace").split("\n")
                raise HornbookError(f"{self.model}: llama.cpp cannot load it ({_cause(lines)})")


def _cause(lines: list[str]) -> str:
    """The most informative line of llama.cpp's log: its first error, else the last line."""
    log = [line.strip() for line in lines if line.strip()]
    return next((line for line in log if "error" in line.lower()), log[-1] if log else "no reason given")[:200]
