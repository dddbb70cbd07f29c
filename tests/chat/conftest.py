"""A model of a few thousand parameters that knows all bytes, and a server of it in this process."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import torch

from hornbook.base.files import write_json
from hornbook.chat.find_model import choose_model
from hornbook.chat.loaded_model import LoadedModel, load
from hornbook.chat.server import Server, serving
from hornbook.inference.settings import Sampling
from hornbook.model.build import build_model
from hornbook.model.load_save import save_model
from hornbook.model.settings import ModelSettings
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe

torch.set_num_threads(1)
TEXTS = ["How many legs do 3 cats have? 12, for 3 * 4 = 12.", "Grüße, 世界! ∑ 🙂 naïve"] * 8
SHAPE = ModelSettings(layers=2, hidden=32, heads=4, kv_heads=2, mlp=48)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a base model and a chat model; the latter is the last."""
    run = tmp_path_factory.mktemp("runs") / "small"
    tokenizer = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=320), TEXTS))
    (run / "artifacts").mkdir(parents=True)
    (run / "recipe.yaml").write_text("stages: {pretrain: {}, sft: {}, pivots: {kind: pts}, dpo: {}}\n")
    for seed, (name, before) in enumerate({"pretrain": [], "sft": ["k-pretrain"]}.items()):
        folder = run / "artifacts" / f"{name}-k"
        save_model(build_model(SHAPE, tokenizer, 128, seed=seed), tokenizer, folder / "model")
        said = {"name": name, "kind": name, "key": f"k-{name}", "inputs": {"model": before}}
        write_json(folder / "stage.json", said)
    return run


@pytest.fixture(scope="session")
def loaded(run_folder: Path) -> LoadedModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HORNBOOK_DTYPE", "float32")  # rounding in bfloat16 would tip a choice now and then
        return load(choose_model(str(run_folder)), 8)


class Client:
    """Asks the server as any program would."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session, self.address = session, address

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(self.address + path, data=data, headers=headers) as response:
            return response.status, await response.json()

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(self.address + path, headers=headers) as response:
            return response.status, await response.text()

    async def stream(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        async with self.session.post(self.address + path, json={**body, "stream": True}) as response:
            assert response.status == 200 and response.content_type == "text/event-stream"
            lines = [line for line in (await response.text()).split("\n\n") if line]
        assert lines[-1] == "data: [DONE]"
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


Talk = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def client_of(loaded: LoadedModel):
    server = Server(loaded, Sampling(max_new_tokens=40))
    async with serving(server, "127.0.0.1", 0) as address, aiohttp.ClientSession() as session:
        yield Client(session, address)


@pytest.fixture
def talk(loaded: LoadedModel) -> Callable[[Talk], None]:
    """Runs a test's coroutine with a client of the server."""

    def run(test: Talk) -> None:
        async def inside() -> None:
            async with client_of(loaded) as client:
                await asyncio.wait_for(test(client), 60)

        asyncio.run(inside())

    return run
