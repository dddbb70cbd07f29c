"""Loading and saving a tokenizer in Hugging Face's format."""

import re
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import read_json, write_json

HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")  # a name without a slash is rather a folder misspelt


def load_tokenizer(path: Path | str) -> PreTrainedTokenizerBase:
    """The tokenizer in a stage's folder (`tokenizer/` or `model/` inside it), a model's folder, or of a hub name.

    Raises HornbookError when there is none.
    """
    here = Path(path)
    for folder in (here / "tokenizer", here / "model", here):
        if (folder / "tokenizer_config.json").exists() or (folder / "tokenizer.json").exists():
            return _load(str(folder))
    if here.exists() or not HUB_NAME.fullmatch(str(path)):
        raise HornbookError(f"{here}: no tokenizer here; expected a folder with tokenizer.json")
    return _load(str(path))


def _load(name: str) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(name)
    except Exception as error:  # transformers raises many kinds: OSError, ValueError, KeyError, ImportError ...
        raise HornbookError(f"{name}: not a tokenizer that transformers can load ({one_line(error)[:200]})") from None


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write `tokenizer` as a Hugging Face folder that older versions of transformers, and vLLM, read as well."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(str(folder))
    config = read_json(folder / "tokenizer_config.json")
    if config.get("tokenizer_class") == "TokenizersBackend":  # a name that only transformers 5 knows
        write_json(folder / "tokenizer_config.json", config | {"tokenizer_class": "PreTrainedTokenizerFast"})
