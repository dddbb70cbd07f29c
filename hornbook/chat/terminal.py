"""A conversation in the terminal, or the questions of a pipe."""

import contextlib
import math
import secrets
import sys
from collections.abc import Callable, Iterator

import click

from hornbook.base.errors import HornbookError
from hornbook.base.progress import answers, console
from hornbook.base.records import Message
from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.marks import SURE, alternatives, by_probability, solution_line, with_pivot
from hornbook.chat.reply_text import ReplyPiece
from hornbook.inference.settings import Sampling
from hornbook.inference.streaming import SampledToken

TOP = 5  # likeliest tokens that are kept of each token
LISTED = 12  # searched questions


class Quit(Exception):
    """The session is over."""


class Session:
    """One after another, lines are answered: questions by the model, and commands (`/help` lists them).

    `seed` makes replies the same again; without it (None) each is another one. `probabilities` marks tokens by them.
    """

    def __init__(
        self, loaded: LoadedModel, sampling: Sampling, *, seed: int | None, system: str, probabilities: bool
    ) -> None:
        self.loaded, self.sampling, self.seed = loaded, sampling, seed
        self.probabilities = probabilities
        self.beginning = [Message("system", system)] if system else []
        self.turns: list[Message] = [*self.beginning]
        self.told: list[SampledToken] = []  # the last reply
        self.colour = answers.is_terminal and not answers.no_color
        self.commands: dict[str, tuple[Callable[[str], None], str]] = {
            "new": (self._new, "begin a new conversation"),
            "again": (self._again, "another reply to the last question"),
            "temperature": (self._temperature, "X: sample from now on at this temperature"),
            "probabilities": (self._probabilities, "mark tokens by their probability, or no longer"),
            "alternatives": (self._alternatives, "[N]: what else the N-th token of the reply might have been"),
            "pivots": (self._pivots, "[N]: questions that a pivotal token search was made of; ask the N-th"),
            "help": (self._help, "this list"),
            "quit": (self._quit, "end, as Ctrl-D does"),
        }

    def run(self, lines: Iterator[str], *, apart: bool) -> None:
        """Answer all lines; `apart`: each is a conversation of its own. What cannot be done is said in one line."""
        for line in lines:
            line = line.strip()
            try:
                if line.startswith("/"):
                    self._command(line)
                elif line:
                    if apart:
                        self._new()
                    self._ask(line)
            except HornbookError as error:
                console.print(str(error), style="red", markup=False, soft_wrap=True)
            except Quit:
                return

    def _command(self, line: str) -> None:
        word, _, rest = line[1:].partition(" ")
        matching = [name for name in self.commands if name.startswith(word)]
        if word in self.commands:
            matching = [word]
        if not word or len(matching) != 1:
            raise HornbookError(f"/{word}: no such command; /help lists them")
        self.commands[matching[0]][0](rest.strip())

    def _ask(self, text: str) -> None:
        """The next turn of the conversation. A searched question that opens one is put as in the search."""
        question = self.loaded.searched.find(text) if self.loaded.searched and self.turns == self.beginning else None
        self.turns.append(Message("user", text))
        prompt = question.prompt if question else self.loaded.prompt(self.turns)
        said: list[str] = []
        self.told = []

        def show(piece: ReplyPiece) -> None:
            said.append(piece.text)
            self.told += piece.tokens
            pivot = question.passed([told.token for told in self.told]) if question else None
            if pivot:
                click.echo(with_pivot(piece.text or "(end)", pivot, self.colour), nl=False)
            else:
                click.echo(by_probability(piece, self.colour) if self.probabilities else piece.text, nl=False)

        seed = secrets.randbits(32) if self.seed is None else self.seed + len(self.turns) // 2
        try:
            finish = self.loaded.reply(prompt, self.sampling, seed, TOP, show)
        except KeyboardInterrupt:
            finish = "interrupted"
        except HornbookError:
            self.turns.pop()
            raise
        click.echo()
        self.turns.append(Message("assistant", "".join(said)))
        if finish != "stop":
            why = "interrupted" if finish == "interrupted" else f"cut at {len(self.told)} tokens"
            console.print(f"({why})", style="dim")
        if question and self.loaded.searched:
            tokens = [told.token for told in self.told]
            for line in self.loaded.searched.compare(question, tokens, self.loaded.tokenizer):
                click.echo(f"  {line}")

    def _new(self, _: str = "") -> None:
        self.turns = [*self.beginning]

    def _again(self, _: str) -> None:
        if not self.turns or self.turns[-1].role != "assistant":
            raise HornbookError("/again: nothing was asked yet")
        text = self.turns[-2].content
        self.turns = self.turns[:-2]
        seed, self.seed = self.seed, None
        try:
            self._ask(text)
        finally:
            self.seed = seed

    def _temperature(self, value: str) -> None:
        try:
            number = float(value)
        except ValueError:
            raise HornbookError(f"/temperature: expected a number, got {value!r}") from None
        self.sampling = Sampling.parse({**self.sampling.model_dump(), "temperature": number}, "")

    def _probabilities(self, _: str) -> None:
        self.probabilities = not self.probabilities
        console.print(f"tokens below {SURE:.0%} are {'marked' if self.probabilities else 'no longer marked'}")

    def _alternatives(self, number: str) -> None:
        """Of one token, or of all that the model was not sure of."""
        if not self.told:
            raise HornbookError("/alternatives: there is no reply yet")
        if number and not (number.isdecimal() and 1 <= int(number) <= len(self.told)):
            raise HornbookError(f"/alternatives: expected a number from 1 to {len(self.told)}, got {number}")
        for place, told in enumerate(self.told, 1):
            if place == int(number or place) and (number or math.exp(told.logprob) < SURE):
                click.echo(alternatives(self.loaded.tokenizer, place, told))

    def _pivots(self, number: str) -> None:
        searched = self.loaded.searched
        if searched is None or not searched.questions:
            raise HornbookError("/pivots: no pivotal token search of this model is known; --pivots FOLDER names one")
        if not number:
            for place, question in enumerate(searched.questions[:LISTED], 1):
                text = " ".join(question.text.split())
                click.echo(f"{place:4}  {len(question.pivots)} pivots  {text[:90]}{'…' if len(text) > 90 else ''}")
            return
        if not (number.isdecimal() and 1 <= int(number) <= len(searched.questions)):
            raise HornbookError(f"/pivots: expected a number from 1 to {len(searched.questions)}, got {number}")
        question = searched.questions[int(number) - 1]
        click.echo(question.text)
        self._new()
        self._ask(question.text)
        for solution in question.solutions:
            if question.along(solution):
                click.echo(f"  {solution_line(question, solution, self.colour)}")

    def _help(self, _: str) -> None:
        for name, (_action, about) in self.commands.items():
            click.echo(f"  /{name:<14} {about}")

    def _quit(self, _: str) -> None:
        raise Quit


def talk(session: Session) -> None:
    """Answer what is typed, until Ctrl-D or /quit; Ctrl-C ends a reply. Of a pipe each line is a question by itself."""
    if not sys.stdin.isatty():
        session.run(iter(sys.stdin), apart=True)
        return
    name = session.loaded.name
    console.print(f"[bold]{name}[/bold]. /help lists commands, Ctrl-C ends a reply, Ctrl-D the conversation.")
    session.run(_typed(), apart=False)


def _typed() -> Iterator[str]:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  so that the line can be edited, and earlier ones come back
    while True:
        try:
            yield input("\n> ")
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo()
