"""A hard budget: no attempt is sent that could exceed it, whatever the answer costs, even if a process is killed."""

import asyncio
import os
from pathlib import Path

import msgspec

from hornbook.base.append_log import AppendLog
from hornbook.teacher.errors import BudgetError
from hornbook.teacher.ledger import CallRequest, Ledger
from hornbook.teacher.settings import TeacherSettings

IN_ROUND = "/batch"  # end of the name of a reservation that is the same attempt in every run
TOKENS_AROUND_PROMPT = 128  # allowance for a system prompt and tokens that the endpoint's chat template adds
TOKENS_AROUND_MESSAGE = 16
TOKENS_AROUND_SCHEMA = 128


class Reservation(msgspec.Struct):
    """The worst-case cost of an attempt, written before it is sent. `hold` is its name."""

    hold: str
    model: str
    prompt_tokens: int
    completion_tokens: int

    @property
    def key(self) -> str:
        """Key of the call that is attempted."""
        return self.hold.partition("/")[0]


class _Line(msgspec.Struct):
    hold: str = ""
    release: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Budget:
    """What a model may still cost: the limits minus the ledger's answers minus reservations.

    An attempt reserves its worst case before it is sent until its answer is in the ledger or the endpoint has refused
    it. Attempts with an unknown end (time-out, lost connection, killed process) stay reserved, since they may be
    charged.
    """

    def __init__(self, settings: TeacherSettings, ledger: Ledger, folder: Path, model: str) -> None:
        self.settings, self.ledger, self.model = settings, ledger, model
        self.limited = settings.limited
        self._holds: dict[str, Reservation] = {}
        self._held_prompt = self._held_completion = 0  # tokens reserved for this model
        self._in_flight: set[str] = set()  # reservations of this process that are not settled
        self._landed = asyncio.Event()  # pulsed when one is settled
        if self.limited:
            self._log = AppendLog(folder / "holds.jsonl")
            self._count = 0  # reservations written so far, for unique names
            self._catch_up()
            self._release_answered()

    async def reserve(self, request: CallRequest) -> Reservation:
        """Reserve the worst case of `request`; near the limit, first wait for calls in flight to be settled.

        Raises BudgetError when it does not fit.
        """
        reservation = Reservation(request.key, self.model, worst_prompt(request), request.parameters.max_tokens)
        if not self.limited:
            return reservation
        self._catch_up()
        # A call in a round is the same attempt in every run that waits for its answer, so it has one name.
        name = f"{request.key}{IN_ROUND}" if self.settings.in_rounds else f"{request.key}/{os.getpid()}/{self._count}"
        reservation.hold = name
        if name in self._holds:
            self._in_flight.add(name)
            return reservation
        while not self._fits(reservation):
            if not self._in_flight:
                raise BudgetError(self._spent_message())
            await self._landed.wait()
        self._in_flight.add(name)
        self._log.append(msgspec.json.encode(reservation))
        self._catch_up()
        return reservation

    def settle(self, reservation: Reservation, *, settled: bool) -> None:
        """The attempt is over. `settled`: it cost nothing, or its cost is in the ledger."""
        if not self.limited:
            return
        if settled:
            self._log.append(msgspec.json.encode({"release": reservation.hold}))
            self._catch_up()
        self._in_flight.discard(reservation.hold)
        self._landed.set()  # wakes current waiters
        self._landed.clear()

    def close(self) -> None:
        if self.limited:
            self._log.close()

    def _fits(self, reservation: Reservation) -> bool:
        prompt, completion = self._taken()
        prompt, completion = prompt + reservation.prompt_tokens, completion + reservation.completion_tokens
        money, tokens = self.settings.budget, self.settings.budget_tokens
        return (money is None or self.settings.money(prompt, completion) <= money) and (
            tokens is None or prompt + completion <= tokens
        )

    def _taken(self) -> tuple[int, int]:
        """Prompt and answer tokens that were or may still be charged."""
        prompt = self.ledger.prompt_tokens[self.model] + self._held_prompt
        completion = self.ledger.completion_tokens[self.model] + self._held_completion
        return prompt, completion

    def _spent_message(self) -> str:
        prompt, completion = self._taken()
        limits = []
        if self.settings.budget is not None:
            limits.append(f"{self.settings.money(prompt, completion):.4f} of {self.settings.budget:.4f} in money")
        if self.settings.budget_tokens is not None:
            limits.append(f"{prompt + completion:,} of {self.settings.budget_tokens:,} tokens")
        return (
            f"the teacher's budget is spent ({', '.join(limits)}; the next call might exceed it); raise it and run the "
            "same command again to continue: answered calls are not repeated"
        )

    def _catch_up(self) -> None:
        for _, line in self._log.new_lines():
            try:
                entry = msgspec.json.decode(line, type=_Line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if entry.hold:
                self._count += 1
                tokens = (entry.prompt_tokens, entry.completion_tokens)
                self._holds[entry.hold] = Reservation(entry.hold, entry.model, *tokens)
                self._add(self._holds[entry.hold], 1)
            elif entry.release in self._holds:
                self._add(self._holds.pop(entry.release), -1)

    def _release_answered(self) -> None:
        """A process killed between a round's answer and its release leaves the reservation: the answer is charged."""
        for hold, reservation in list(self._holds.items()):
            if hold.endswith(IN_ROUND) and self.ledger.get(reservation.key) is not None:
                self._log.append(msgspec.json.encode({"release": hold}))
        self._catch_up()

    def _add(self, reservation: Reservation, sign: int) -> None:
        if reservation.model == self.model:
            self._held_prompt += sign * reservation.prompt_tokens
            self._held_completion += sign * reservation.completion_tokens


def worst_prompt(request: CallRequest) -> int:
    """An upper bound of the prompt's tokens: no byte-level tokenizer makes more tokens than bytes."""
    size = sum(len(message.content.encode()) + TOKENS_AROUND_MESSAGE for message in request.messages)
    schema = request.parameters.schema
    return size + TOKENS_AROUND_PROMPT + (len(schema.encode()) + TOKENS_AROUND_SCHEMA if schema else 0)
