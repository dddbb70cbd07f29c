"""The stage `import`: a GGUF file becomes a model that every stage takes."""

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.model.gguf_files import find_gguf
from hornbook.model.gguf_import import import_gguf
from hornbook.model.settings import ImportSettings


def import_model(settings: ImportSettings, work: Workspace) -> None:
    """Write the model in a GGUF file as `model/`, a float32 Hugging Face folder with its tokenizer.

    Raises HornbookError for a file that does not exist or is not GGUF, without the package that ships the model, and
    for an architecture or a tokenizer that is not supported.
    """
    file = find_gguf(settings.gguf, "gguf")
    if file is None:
        raise HornbookError(f"gguf: {settings.gguf}: expected a .gguf file, or smollm2")
    with work.progress("dequantising", 1) as bar:
        import_gguf(file, work.path / "model")
        bar.advance()
