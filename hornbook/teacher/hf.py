"""A Hugging Face model as a teacher, in this process: calls that wait at the same time are answered in batches."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.seeds import rng
from hornbook.teacher.backend import Answer
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.ledger import Ask
from hornbook.teacher.prompts import ending_with_turn, transcript, with_schema
from hornbook.teacher.settings import TeacherSettings

SECONDS_TO_GATHER = 0.02  # waited after the first call of a batch for others to join it


class _Waiting(msgspec.Struct):
    ask: Ask
    tokens: list[int]
    answer: asyncio.Future


class LocalModel:
    """`model.generate` behind the teacher's interface. Loaded when first asked.

    Up to `concurrency` waiting calls form a batch, those with the most alike prompts and limits together. Every call
    draws from its own random stream, so its answer depends on its batch only through rounding.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.where = "this machine"
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "teacher")
        self._loaded: tuple[Any, Any] | None = None  # model, tokenizer

    async def answer(self, ask: Ask) -> Answer:
        """Raises CallFailed when the prompt leaves no room for an answer, HornbookError when the model cannot load."""
        loop = asyncio.get_running_loop()
        ask = ask if self.settings.api == "chat" else ending_with_turn(ask)
        tokens = await loop.run_in_executor(self._thread, self._tokens, ask)
        if len(tokens) >= self.settings.context:
            raise CallFailed(f"the prompt has {len(tokens)} tokens, the context is {self.settings.context}")
        waiting = _Waiting(ask, tokens, loop.create_future())
        self._waiting.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        answer = await waiting.answer
        return answer if self.settings.api == "chat" else msgspec.structs.replace(answer, text=answer.text.strip())

    async def close(self) -> None:
        if self._worker:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._thread.shutdown(wait=True)
        self._loaded = None

    async def _work(self) -> None:
        """Answer batches until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(SECONDS_TO_GATHER)
            first = self._waiting[0]  # never passed over: the batch is what resembles it most
            self._waiting.sort(key=lambda other: _unlike(first, other))
            batch, self._waiting = (
                self._waiting[: self.settings.concurrency],
                self._waiting[self.settings.concurrency :],
            )
            try:
                answers = await loop.run_in_executor(self._thread, self._generate, batch)
            except Exception as error:
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(HornbookError(f"{self.settings.name}: {one_line(error)}"))
                continue
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    def _load(self) -> tuple[Any, Any]:
        """The model and its tokenizer; runs in the thread, once."""
        if self._loaded is None:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()
            if self.settings.threads:
                torch.set_num_threads(self.settings.threads)
            device = "cuda" if torch.cuda.is_available() else "cpu"
            try:
                tokenizer = AutoTokenizer.from_pretrained(self.settings.local, padding_side="left")
                dtype = "auto" if device == "cuda" else torch.float32
                model = AutoModelForCausalLM.from_pretrained(self.settings.local, dtype=dtype).to(device).eval()
            except (OSError, ValueError, ImportError) as error:
                raise HornbookError(
                    f"teacher.local: {self.settings.local}: cannot be loaded as a Hugging Face model "
                    f"({one_line(error)[:200]})"
                ) from None
            if tokenizer.pad_token_id is None:
                tokenizer.pad_token = tokenizer.eos_token
            self._loaded = model, tokenizer
        return self._loaded

    def _tokens(self, ask: Ask) -> list[int]:
        _, tokenizer = self._load()
        schema = ask.parameters.schema
        messages = with_schema(ask.messages, schema) if schema else ask.messages  # nothing holds the model to it
        if self.settings.api == "completions":
            return tokenizer.encode(transcript(messages))
        if not tokenizer.chat_template:
            raise HornbookError(
                f"teacher.local: {self.settings.local} has no chat template; a base model needs api: completions"
            )
        turns = [msgspec.to_builtins(message) for message in messages]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return tokenizer.encode(text, add_special_tokens=False)

    def _generate(self, batch: list[_Waiting]) -> list[Answer]:
        import torch
        from transformers import GenerationConfig

        model, tokenizer = self._load()
        inputs = tokenizer.pad({"input_ids": [waiting.tokens for waiting in batch]}, return_tensors="pt")
        limits = [
            min(waiting.ask.parameters.max_tokens, self.settings.context - len(waiting.tokens)) for waiting in batch
        ]
        width = inputs["input_ids"].shape[1]
        endings = _end_ids(model, tokenizer)
        config = GenerationConfig(
            max_new_tokens=max(limits), do_sample=False, eos_token_id=endings, pad_token_id=tokenizer.pad_token_id
        )
        with torch.inference_mode():
            output_BT = model.generate(
                **inputs.to(model.device),
                generation_config=config,
                logits_processor=[_Draw(batch)],
                stopping_criteria=[_Done(batch, limits, width, tokenizer)],
            )
        rows = output_BT[:, width:].tolist()
        return [
            _finish(waiting, row[:limit], set(endings), tokenizer)
            for waiting, row, limit in zip(batch, rows, limits, strict=True)
        ]


class _Draw:
    """Draws every row's next token from its own stream and leaves `generate` (greedy) no other choice."""

    def __init__(self, batch: list[_Waiting]) -> None:
        self.parameters = [waiting.ask.parameters for waiting in batch]
        self.streams = [rng(waiting.ask.seed, "local teacher") for waiting in batch]

    def __call__(self, tokens_BT: Any, logits_BV: Any) -> Any:
        import torch

        best_B = logits_BV.argmax(-1)
        warmth_B = torch.tensor([max(p.temperature, 1e-6) for p in self.parameters], device=logits_BV.device)
        top_p_B = torch.tensor([p.top_p for p in self.parameters], device=logits_BV.device)
        probabilities_BV = torch.softmax(logits_BV.float() / warmth_B[:, None], -1)
        # Most probable first, so that top_p is a prefix and one uniform number picks a token by inverting the sum.
        sorted_BV, ids_BV = torch.sort(probabilities_BV, dim=-1, descending=True, stable=True)
        sums_BV = sorted_BV.cumsum(-1)
        mass_B = torch.where(top_p_B < 1, top_p_B, sums_BV[:, -1])
        uniform_B = torch.tensor(np.array([stream.random() for stream in self.streams]), device=logits_BV.device)
        kept_B = (sums_BV < mass_B[:, None]).sum(-1, keepdim=True).clamp(max=sums_BV.shape[1] - 1)
        target_B = uniform_B.float() * sums_BV.gather(1, kept_B)[:, 0]
        place_B = torch.minimum((sums_BV <= target_B[:, None]).sum(-1, keepdim=True), kept_B)
        drawn_B = ids_BV.gather(1, place_B)[:, 0]
        cold_B = torch.tensor([p.temperature == 0 for p in self.parameters], device=logits_BV.device)
        chosen_B = torch.where(cold_B, best_B, drawn_B)
        return torch.full_like(logits_BV, float("-inf")).scatter(1, chosen_B[:, None], 0.0)


class _Done:
    """Ends every row at its own limit or stop string; `generate` itself knows the end tokens."""

    def __init__(self, batch: list[_Waiting], limits: list[int], width: int, tokenizer: Any) -> None:
        self.stops = [waiting.ask.parameters.stop for waiting in batch]
        self.limits, self.width, self.tokenizer = limits, width, tokenizer

    def __call__(self, tokens_BT: Any, scores: Any, **_: Any) -> Any:
        import torch

        written = tokens_BT.shape[1] - self.width
        done = [written >= limit for limit in self.limits]
        for row, stops in enumerate(self.stops):
            if stops and not done[row]:
                text = self.tokenizer.decode(tokens_BT[row, self.width :], skip_special_tokens=True)
                done[row] = any(stop in text for stop in stops)
        return torch.tensor(done, device=tokens_BT.device)


def _finish(waiting: _Waiting, row: list[int], endings: set[int], tokenizer: Any) -> Answer:
    """Cut a row at its end token or stop string, and off the padding behind it."""
    end = next((index for index, token in enumerate(row) if token in endings), None)
    text = tokenizer.decode(row[:end], skip_special_tokens=True)
    cuts = [text.find(stop) for stop in waiting.ask.parameters.stop if stop in text]
    stopped = end is not None or bool(cuts)
    while end is None and cuts and row[-1] == tokenizer.pad_token_id:
        row.pop()
    return Answer(
        text=text[: min(cuts)] if cuts else text,
        finish="stop" if stopped else "length",
        prompt_tokens=len(waiting.tokens),
        completion_tokens=len(row) if end is None else end + 1,
    )


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end a reply: the model's own, and the tokenizer's end of turn."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    end_of_turn = tokenizer.get_vocab().get("<|im_end|>")
    return sorted({token for token in [*ends, tokenizer.eos_token_id, end_of_turn] if token is not None})


def _unlike(first: _Waiting, other: _Waiting) -> tuple[int, int]:
    """How badly `other` would fit into the batch of `first`: steps, then padding, wasted."""
    steps = abs(first.ask.parameters.max_tokens - other.ask.parameters.max_tokens)
    return steps, abs(len(first.tokens) - len(other.tokens))
