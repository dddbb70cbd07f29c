"""Load and save a tokenizer in Hugging Face's format."""

from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from hornbook.base import hub
from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import read_json, write_json
from hornbook.tokenizer.end_tokens import model_ends
from hornbook.tokenizer.template_dates import fix_date


def load_tokenizer(path: Path | str, run: Path | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer in a stage's folder (`tokenizer/` or `model/` inside it), a model's folder, or of a hub name.

    `end_tokens.stop_ids` then includes the end tokens of a model in the same folder. A chat template that writes the
    date uses the start date of the run in the folder `run`.
    Raises HornbookError when there is none.
    """
    place = _place(Path(path), str(path))
    tokenizer = _load(place)
    tokenizer.model_ends = [id for id in model_ends(place) if id < len(tokenizer)]
    if run:
        fix_date(tokenizer, run)
    return tokenizer


def _place(here: Path, name: str) -> str:
    for folder in (here / "tokenizer", here / "model", here):
        if (folder / "tokenizer_config.json").exists() or (folder / "tokenizer.json").exists():
            return str(folder)
    if here.exists() or not hub.is_name(name):
        raise HornbookError(f"{here}: no tokenizer here; expected a folder with tokenizer.json")
    return hub.locate(name)


def _load(name: str) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(name)
    except Exception as error:  # transformers raises many kinds: OSError, ValueError, KeyError, ImportError ...
        raise HornbookError(f"{name}: not a tokenizer that transformers can load ({one_line(error)[:200]})") from None


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write `tokenizer` as a Hugging Face folder that older versions of transformers, and vLLM, can read too."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(str(folder))
    config = read_json(folder / "tokenizer_config.json")
    if config.get("tokenizer_class") == "TokenizersBackend":  # only transformers 5 has this class
        write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": "PreTrainedTokenizerFast"})
