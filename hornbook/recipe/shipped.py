"""Recipes in the package: complete ones to run by name, and small ones to start from."""

from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_text

RECIPES = Path(__file__).parent / "recipes"
STARTERS = {
    "pocket": RECIPES / "pocket.yaml",
    **{name: Path(__file__).parent / "starters" / f"{name}.yaml" for name in ("sft", "synth", "pts")},
}


def find_recipe(recipe: Path) -> Path:
    """The file itself; otherwise the packaged recipe of that name, such as `pocket`."""
    known = shipped()
    return recipe if recipe.is_file() else known.get(str(recipe), recipe)


def shipped() -> dict[str, Path]:
    """The packaged recipes by name."""
    return {path.stem: path for path in sorted(RECIPES.rglob("*.yaml"))}


def write_starter(name: str, out: Path) -> None:
    """Write the starter recipe `name` to `out`. Raises HornbookError if `out` exists."""
    if out.exists():
        raise HornbookError(f"{out}: exists already; choose another --out")
    write_text(out, STARTERS[name].read_text(encoding="utf-8"))
