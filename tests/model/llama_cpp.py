"""llama.cpp in process, asked over its own HTTP server."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

HARD_TEXTS = [
    "def f(x):\n\treturn x**2  # naïve 👍 日本語\r\n   three   spaces 12345",
    "Hello world's don't  \n\n\n x 3.14159,26 I'LL ١٢٣ abc123def  ",
    "if x:\n        pass\n    ",
    "<|im_start|>user<|im_sep|>  hi \n<|im_end|>\n<|im_sep|> <|im_",
    "\t\t\n \n\r\n\r\u3000\u00a0x\u2003 \u200b \ufeff zero-width",
    "👩‍👩‍👧 ﷽ é é ㎏ ½ Ⅳ ²³ 한국어 हिन्दी ไทย עברית",
    "[PAD] </s> <s> <0x0A> <unk> [INST] Ġ Ċ ▁",
    "x" * 300 + " " * 50 + "\n" * 5 + "9" * 40,
]


class LlamaCpp:
    """A GGUF file loaded by llama.cpp, its arithmetic as exact as it can be made."""

    def __init__(self, file: Path, context: int = 512) -> None:
        llama_cpp = pytest.importorskip("xllamacpp")
        parameters = llama_cpp.CommonParams()
        parameters.model.path = str(file)
        parameters.n_ctx, parameters.n_parallel, parameters.warmup = context, 1, False
        parameters.cpuparams.n_threads, parameters.verbosity = 1, 0
        parameters.cache_type_k = parameters.cache_type_v = llama_cpp.ggml_type.GGML_TYPE_F32
        parameters.flash_attn_type = llama_cpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED  # rounds to float16
        self.server = llama_cpp.Server(parameters)

    def ask(self, what: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.server.listening_address}/{what}", json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def encode(self, text: str, special: bool = True) -> list[int]:
        return self.ask("tokenize", content=text, parse_special=special)["tokens"]

    def greedy(self, prompt: list[int], tokens: int) -> tuple[list[int], str]:
        answer = self.ask("completion", prompt=prompt, n_predict=tokens, temperature=0, return_tokens=True)
        return answer["tokens"], answer["content"]

    def log_probabilities(self, prompt: list[int], count: int) -> dict[int, float]:
        """Of the `count` likeliest next tokens; nothing where the likeliest ends the text."""
        answer = self.ask("completion", prompt=prompt, n_predict=1, n_probs=count, temperature=0, cache_prompt=False)
        found = answer.get("completion_probabilities") or [{"top_logprobs": []}]
        return {entry["id"]: entry["logprob"] for entry in found[0]["top_logprobs"]}
