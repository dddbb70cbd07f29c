"""What README and docs show: commands, code in other languages, and names in the text."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = {"hornbook", "torchrun", "python", "make", "pip", "sbatch", "srun", "ray"}
SHELL = {"sh", "bash", "shell", "console", "indented"}
FENCE = re.compile(r"^(\s*)(`{3,})(\S*)\s*$")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*=\S*")


class Block(NamedTuple):
    """A fenced block, or one indented by four spaces (language "indented"); `line` is that of its first line."""

    page: str
    line: int
    language: str
    text: str

    @property
    def first(self) -> str:
        return self.text.strip().splitlines()[0].strip() if self.text.strip() else ""


class Command(NamedTuple):
    """A command as a reader would type it: lines joined, comments left out."""

    page: str
    line: int
    text: str


def blocks() -> Iterator[Block]:
    """Every block of every page, in order."""
    for page in PAGES:
        yield from _blocks(_name(page), page.read_text())


def commands() -> Iterator[Command]:
    """Every command, in a block of its own or within a sentence. Any line of a block of commands is one."""
    for block in blocks():
        if is_shell(block):
            yield from block_commands(block)
    for page, span in spans():
        words = [word for word in span.split() if not VARIABLE.fullmatch(word)]
        if len(words) > 1 and words[0] in PROGRAMS:
            yield Command(page, 0, span)


def is_shell(block: Block) -> bool:
    """Whether the block holds commands: by its language, or, where it is only indented, by its first line."""
    if block.language == "indented":
        words = [word for word in block.first.split() if not VARIABLE.fullmatch(word)]
        return bool(words) and words[0] in PROGRAMS
    return block.language in SHELL


def block_commands(block: Block) -> Iterator[Command]:
    """The commands of a block. What stands behind ` #` is a comment."""
    line = block.line
    for text in re.sub(r"\s*\\\n\s*", "\0", block.text).splitlines():
        command = re.split(r"(?:^|\s+)#\s", text.replace("\0", " ").strip())[0]
        if command:
            yield Command(block.page, line, command)
        line += 1 + text.count("\0")


def spans() -> Iterator[tuple[str, str]]:
    """(page, text) of everything between backticks within sentences."""
    for page in PAGES:
        text = page.read_text()
        for block in _blocks(_name(page), text):
            text = text.replace(block.text, "")
        text = re.sub(r"^\s*`{3,}.*$", "", text, flags=re.MULTILINE)
        for paragraph in re.split(r"\n\s*\n", text):
            for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", paragraph):
                yield _name(page), " ".join(span.split())


def _blocks(page: str, text: str) -> Iterator[Block]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        begin = number + 1 if fence else number
        if fence:
            indent, ticks, language = fence.groups()
            end = next(i for i in range(begin, len(lines)) if lines[i].strip() == ticks)
            held = [line.removeprefix(indent) for line in lines[begin:end]]
            yield Block(page, begin + 1, language, "\n".join(held) + "\n")
            number = end + 1
        elif lines[number].startswith("    ") and (number == 0 or not lines[number - 1].strip()):
            end = next((i for i in range(begin, len(lines)) if not lines[i].startswith("    ")), len(lines))
            yield Block(page, begin + 1, "indented", "\n".join(line[4:] for line in lines[begin:end]) + "\n")
            number = end
        else:
            number += 1


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))
