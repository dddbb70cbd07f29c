"""A GGUF file as the first stage of a recipe."""

from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.model.export import export_model
from hornbook.model.import_model import import_model
from hornbook.model.load_save import load_model
from hornbook.model.settings import ImportSettings
from tests.preference.tiny import save_tiny_model


def test_a_file_becomes_a_model_and_the_key_follows_its_content(tmp_path: Path) -> None:
    identities = []
    for seed in (0, 1):
        export_model(str(save_tiny_model(tmp_path / f"tiny-{seed}", seed=seed)), tmp_path / "x.gguf", "gguf", "f32")
        identities.append(ImportSettings(gguf=str(tmp_path / "x.gguf")).identity())
    assert identities[0] != identities[1]
    import_model(ImportSettings(gguf=str(tmp_path / "x.gguf")), Workspace(tmp_path / "out"))
    before, after = (load_model(tmp_path / name, "float32").state_dict() for name in ("tiny-1", "out"))
    assert all((weight == after[name]).all() for name, weight in before.items())


@pytest.mark.parametrize(("name", "line"), [("none.gguf", "no such file"), ("phi-4", "expected a .gguf file, or smol")])
def test_what_is_no_gguf_file_is_one_clear_line(name: str, line: str, tmp_path: Path) -> None:
    assert ImportSettings(gguf=name).identity()["content"] == "missing"
    with pytest.raises(HornbookError, match=f"^gguf: {name}: {line}"):
        import_model(ImportSettings(gguf=name), Workspace(tmp_path))
