"""A model under vLLM in this process as a teacher, for one node. Not yet run on a GPU: tested against a fake."""

import asyncio
from typing import TYPE_CHECKING, Any

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.packages import missing_package
from hornbook.base.precision import resolve_precision
from hornbook.teacher.backend import TeacherAnswer
from hornbook.teacher.ledger import CallRequest
from hornbook.teacher.local_hf import prompt_tokens, read_answer, room_for_answer, sampling_stops
from hornbook.teacher.prompt_formats import ending_with_turn
from hornbook.teacher.settings import TeacherSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class VllmModel:
    """vLLM's asynchronous engine (0.10 or later) as a teacher's backend: it batches the calls itself.

    The model is loaded at the first call, over all visible GPUs. Equal seeds need not give equal answers in another
    batch; the ledger keeps the first.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        """Raises HornbookError without the package vllm."""
        try:
            import vllm
        except ImportError:
            raise missing_package("teacher.engine: vllm", "vllm") from None
        self.settings, self.where = settings, "this machine"
        self._vllm: Any = vllm
        self._loaded: tuple[Any, PreTrainedTokenizerBase] | None = None
        self._count = 0  # of requests, for unique names

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Raises CallFailed when the prompt fills the context, HornbookError when the engine fails."""
        chat = self.settings.api == "chat"
        request = request if chat else ending_with_turn(request)
        engine, tokenizer = self._load()
        tokens = prompt_tokens(self.settings, tokenizer, request)
        room = room_for_answer(len(tokens), min(self.settings.context, engine.model_config.max_model_len))
        parameters, self._count = request.parameters, self._count + 1
        sampling = self._vllm.SamplingParams(
            temperature=parameters.temperature,
            top_p=parameters.top_p if parameters.temperature else 1.0,
            seed=request.seed,
            max_tokens=min(parameters.max_tokens, room),
            stop=sampling_stops(self.settings, parameters),
        )
        made: Any = None
        try:
            name = f"{request.key}/{self._count}"
            async for so_far in engine.generate({"prompt_token_ids": tokens}, sampling, request_id=name):
                made = so_far.outputs[0]
        except Exception as error:
            raise HornbookError(f"{self.settings.name}: vLLM failed ({one_line(error)})") from None
        finish = "stop" if made.finish_reason == "stop" else "length"
        return read_answer(request, tokens, list(made.token_ids), finish, tokenizer, chat=chat)

    async def close(self) -> None:
        if self._loaded:
            await asyncio.to_thread(self._loaded[0].shutdown)
        self._loaded = None

    def _load(self) -> "tuple[Any, PreTrainedTokenizerBase]":
        if self._loaded is None:
            import torch

            from hornbook.model.load_save import model_folder
            from hornbook.tokenizer.load_save import load_tokenizer

            folder = model_folder(self.settings.local)
            tokenizer = load_tokenizer(folder)
            try:
                arguments = self._vllm.AsyncEngineArgs(
                    model=folder,
                    dtype=resolve_precision("auto"),
                    enable_prefix_caching=True,
                    tensor_parallel_size=max(1, torch.cuda.device_count()),
                )
                self._loaded = self._vllm.AsyncLLMEngine.from_engine_args(arguments), tokenizer
            except Exception as error:
                raise HornbookError(f"teacher.local: {folder}: vLLM cannot load it ({one_line(error)})") from None
        return self._loaded
