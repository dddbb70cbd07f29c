"""Languages other than Python in which programs are judged, with their compilers."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hornbook.base.errors import HornbookError

BUILD = "/build"  # the program's folder inside the sandbox, when it is compiled and when it runs


class Language(NamedTuple):
    """How programs in a language are compiled and run.

    Attributes:
        title: its name in messages.
        source: the file name of a program.
        needs: programs that must be installed.
        package: the Debian package that has them.
        compile: the command that compiles the program, given the paths of `needs`.
        run: the command that runs it, given also the name of the main class or file and the memory in MB.
        reserved_mb: address space that its runtime reserves without using it; -1 for no limit on address space.
    """

    title: str
    source: str
    needs: tuple[str, ...]
    package: str
    compile: Callable[[dict[str, str]], list[str]]
    run: Callable[[dict[str, str], str, int], list[str]]
    reserved_mb: int = 0


class Toolchain(NamedTuple):
    """Paths of a language's programs, the folders outside /usr that they need, and their library path."""

    programs: dict[str, str]
    folders: dict[str, str]
    libraries: str = ""


def _binary(programs: dict[str, str], name: str, memory_mb: int) -> list[str]:
    return [f"{BUILD}/program"]


def _gcc(compiler: str, standard: str, source: str) -> Callable[[dict[str, str]], list[str]]:
    flags = [f"-std={standard}", "-O1", "-w", "-pthread", "-fmax-errors=3", "-o", f"{BUILD}/program"]
    return lambda at: [at[compiler], *flags, f"{BUILD}/{source}", "-lm"]


def _javac(at: dict[str, str]) -> list[str]:
    machine = ["-J-Xmx512m", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"]
    return [at["javac"], *machine, "-nowarn", "-proc:none", "-encoding", "UTF-8", "-d", BUILD, f"{BUILD}/Program.java"]


def _java(at: dict[str, str], name: str, memory_mb: int) -> list[str]:
    memory = [f"-Xmx{memory_mb}m", "-Xss64m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1"]
    return [at["java"], *memory, "-ea", "-cp", BUILD, name]


def _node_check(at: dict[str, str]) -> list[str]:
    return [at["node"], "--check", f"{BUILD}/program.js"]


def _node(at: dict[str, str], name: str, memory_mb: int) -> list[str]:
    return [at["node"], f"--max-old-space-size={memory_mb}", "--stack-size=4000", f"{BUILD}/{name}"]


def _go(at: dict[str, str]) -> list[str]:
    return [at["go"], "build", "-o", f"{BUILD}/program", f"{BUILD}/program.go"]


def _rustc(at: dict[str, str]) -> list[str]:
    home = str(Path(at["rustc"]).parents[1])
    code = ["--edition", "2021", "-C", "opt-level=1", "-C", "debuginfo=0", "-C", "linker=gcc", "--cap-lints", "allow"]
    return [at["rustc"], "--sysroot", home, *code, "-o", f"{BUILD}/program", f"{BUILD}/program.rs"]


LANGUAGES = {
    "cpp": Language("C++", "program.cpp", ("g++",), "g++", _gcc("g++", "c++20", "program.cpp"), _binary),
    "c": Language("C", "program.c", ("gcc",), "gcc", _gcc("gcc", "gnu17", "program.c"), _binary),
    "java": Language("Java", "Program.java", ("javac", "java"), "default-jdk-headless", _javac, _java, -1),
    "javascript": Language("JavaScript", "program.js", ("node",), "nodejs", _node_check, _node, -1),
    "go": Language("Go", "program.go", ("go",), "golang-go", _go, _binary, 1024),
    "rust": Language("Rust", "program.rs", ("rustc",), "rustc", _rustc, _binary),
}
# Other names that rows and data sets use.
_ALIASES = {
    "c++": "cpp", "cxx": "cpp", "cc": "cpp", "js": "javascript", "node": "javascript", "nodejs": "javascript",
    "golang": "go", "rs": "rust", "py": "python", "python3": "python", "": "python",
}  # fmt: skip


def language_named(name: str) -> str:
    """The language's key in LANGUAGES, or "python". Raises ValueError for an unknown language."""
    plain = _ALIASES.get(name.strip().lower(), name.strip().lower())
    if plain != "python" and plain not in LANGUAGES:
        raise ValueError(f"language {name!r}: unknown; expected one of python, {', '.join(LANGUAGES)}")
    return plain


def toolchain(name: str) -> Toolchain:
    """Where the compiler of a language is. Raises HornbookError when it is missing."""
    return _toolchain(name, os.environ.get("PATH", ""))


@cache
def _toolchain(name: str, path: str) -> Toolchain:
    language = LANGUAGES[name]
    programs = {need: _place(need, language, path) for need in language.needs}
    folders: dict[str, str] = {}
    libraries: list[str] = []
    for program in programs.values():
        home = Path(program).resolve().parents[1]
        if home != Path("/usr"):
            libraries.append(str(home / "lib"))  # without /proc, a program cannot find its own libraries
        if not home.is_relative_to("/usr"):
            folders[str(home)] = str(home)
        for link in (home / "lib" / "jvm.cfg", home / "conf"):  # Debian keeps Java's settings in /etc
            if link.is_symlink() and not (kept := link.resolve().parent).is_relative_to(home):
                folders[str(kept)] = str(kept)
    return Toolchain(programs, folders, ":".join(dict.fromkeys(libraries)))


def _place(program: str, language: Language, path: str) -> str:
    found = shutil.which(program, path=path)
    if found is None:
        raise HornbookError(
            f"{language.title}: {program} is not installed, and programs in {language.title} are judged with it: "
            f"install your system's package {language.package} (Debian's name)"
        )
    place = Path(found).resolve()
    if program == "rustc":  # rustup's rustc is a launcher for the real one
        asked = subprocess.run([found, "--print", "sysroot"], capture_output=True, text=True)
        inside = Path(asked.stdout.strip(), "bin", "rustc")
        if asked.returncode == 0 and inside.exists():
            place = inside
    return str(place)
