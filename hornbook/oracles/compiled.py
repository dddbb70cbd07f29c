"""Compile a program in the sandbox once, and run it there."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hornbook.oracles.languages import BUILD, LANGUAGES, toolchain
from hornbook.sandbox.process import ProcessLimits, ProcessOutcome, start_sandboxed

COMPILE_SECONDS = 30.0
_COMPILING = ProcessLimits(COMPILE_SECONDS, 0, file_mb=256, files=1024, one_process=False)
_VARIABLES = {"PATH": "/usr/bin:/bin", "GOCACHE": "/scratch/go", "GOPATH": BUILD, "GO111MODULE": "off",
              "CGO_ENABLED": "0", "GOPROXY": "off", "GOTOOLCHAIN": "local", "LC_ALL": "C.UTF-8"}  # fmt: skip


class Compiled(NamedTuple):
    """A compiled program: its folder, and the name of its main class or file."""

    language: str
    folder: str
    main: str

    def run(self, stdin: str, limits: ProcessLimits) -> ProcessOutcome:
        """Run it with `stdin`. Raises HornbookError where there is no sandbox."""
        language, tools = LANGUAGES[self.language], toolchain(self.language)
        reserved = language.reserved_mb
        memory = 0 if reserved < 0 else limits.memory_mb + reserved
        variables = {
            **_VARIABLES,
            "LD_LIBRARY_PATH": tools.libraries,
            "GOMEMLIMIT": f"{limits.memory_mb}MiB",
            "GOMAXPROCS": "2",
        }
        with start_sandboxed(
            language.run(tools.programs, self.main, limits.memory_mb),
            limits._replace(memory_mb=memory),
            stdin=stdin,
            folders={**tools.folders, BUILD: self.folder},
            environment=variables,
        ) as running:
            return running.wait()


@contextlib.contextmanager
def compiled(language: str, files: Mapping[str, str], main: str) -> Iterator[Compiled | str]:
    """The program compiled from `files`, or why it cannot be compiled. `main` names its main class or file.

    Raises HornbookError where there is no sandbox or no compiler.
    """
    tools = toolchain(language)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hornbook-"))
        for name, text in files.items():
            place = Path(folder, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode("utf-8", "replace"))
        for place in (Path(folder), *(place for place in Path(folder).rglob("*") if place.is_dir())):
            place.chmod(0o777)
        command = LANGUAGES[language].compile(tools.programs)
        self = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hornbook-")), "self")
        self.mkdir()
        (self / "exe").symlink_to(command[0])  # rustc reads /proc/self/exe; the sandbox has no other /proc
        self.parent.chmod(0o755)
        with start_sandboxed(
            command,
            _COMPILING,
            folders={**tools.folders, "/proc": str(self.parent)},
            writable={BUILD: folder},
            environment={**_VARIABLES, "LD_LIBRARY_PATH": tools.libraries},
        ) as running:
            outcome = running.wait()
        if outcome.exit_code:
            yield _complaint(outcome)
        else:
            yield Compiled(language, folder, main)


def _complaint(outcome: ProcessOutcome) -> str:
    if outcome.reason == "timeout":
        return f"not compiled within {COMPILE_SECONDS:g} s"
    lines = [line.strip() for line in (outcome.stderr + "\n" + outcome.stdout).split("\n") if line.strip()]
    errors = [line for line in lines if "rror" in line or line.startswith("./")]
    said = (errors or lines or [f"exit code {outcome.exit_code}"])[0].replace(f"{BUILD}/", "")
    return f"does not compile: {said[:200]}"
