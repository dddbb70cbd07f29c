"""The models that benchmarks run on, and the stage's own runner around them."""

import atexit
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Question
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine
from hornbook.model.gguf_files import find_gguf
from hornbook.model.gguf_import import import_gguf
from hornbook.model.load_save import load_model
from hornbook.oracles.isolated import Oracles
from hornbook.pts.judged_rollouts import Judge, RolloutJournal, RolloutRunner
from hornbook.pts.stage import make_judge, prompt_tokens
from hornbook.pts.types import SearchCase
from hornbook.tokenizer.chat import load_tokenizer

ENTRY = 1024  # rollouts written to a journal together


class Bench(NamedTuple):
    """A loaded model with the cases it is asked."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    judge: Judge
    cases: list[SearchCase]
    fingerprint: str

    def runner(self, journal: Path, sampling: Sampling, *, seed: int, rows: int = 256) -> RolloutRunner:
        """Fresh runner with random numbers of their own; what `journal` holds of the same kind is not made again."""
        engine = TorchEngine(self.network, self.tokenizer, batch_size=rows, seed=seed)
        journal.parent.mkdir(parents=True, exist_ok=True)
        kept = RolloutJournal(journal, f"{self.fingerprint} {seed}")
        return RolloutRunner(engine, self.judge, self.cases, sampling, kept, ENTRY)


def load(folder: Path, questions: list[Question], threads: int) -> Bench:
    """Model and tokenizer of `folder`, on so many threads, asked by its chat template."""
    torch.set_num_threads(threads)
    tokenizer, network = load_tokenizer(folder), load_model(folder, "float32")
    cases = [SearchCase(question, prompt_tokens(tokenizer, question, True, "")) for question in questions]
    oracles = Oracles()
    atexit.register(oracles.close)
    return Bench(network, tokenizer, make_judge(tokenizer, oracles), cases, TorchEngine(network, tokenizer).fingerprint)


def pocket_model(given: Path | None, artifacts: Path = Path("runs/pocket/artifacts")) -> Path:
    """The SFT model of the pocket run: the folder given, else the newest. Raises HornbookError if there is none."""
    folder = given or max(artifacts.glob("sft-*"), key=lambda path: path.stat().st_mtime, default=None)
    for place in (folder, folder / "model") if folder else ():
        if (place / "config.json").is_file():
            return place
    raise HornbookError(f"{folder or artifacts / 'sft-*'}: no SFT model here; run `make demo` first, or give --model")


def pocket_questions(model: Path) -> list[Question]:
    """The questions of the run that made `model`, from the stage `reasoning` beside it."""
    stage = model if model.name.startswith("sft-") else model.parent
    found = sorted(stage.parent.glob("reasoning-*/questions.parquet"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise HornbookError(f"{stage.parent}: no reasoning-*/questions.parquet; run `make demo` first, or give --model")
    return list(read_records(found[-1], Question))


def smollm2(cache: Path) -> Path:
    """SmolLM2-135M-Instruct as a Hugging Face folder, made once from the GGUF that `make setup` installs."""
    folder = cache / "smollm2"
    if not (folder / "config.json").is_file():
        file = find_gguf("smollm2", "teacher.local")
        assert file
        folder.parent.mkdir(parents=True, exist_ok=True)
        import_gguf(file, folder)
    return folder
