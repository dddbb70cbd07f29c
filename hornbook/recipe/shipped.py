"""Recipes that come with the package: whole ones to run by their name, and small ones to start from."""

from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_text

RECIPES = Path(__file__).parent / "recipes"
STARTERS = {
    "pocket": RECIPES / "pocket.yaml",
    **{name: Path(__file__).parent / "starters" / f"{name}.yaml" for name in ("sft", "synth", "pts")},
}


def find_recipe(recipe: Path) -> Path:
    """The file itself; else, for a name alone such as `pocket`, the recipe of that name that comes with the package."""
    known = shipped()
    return recipe if recipe.is_file() else known.get(str(recipe), recipe)


def shipped() -> dict[str, Path]:
    """The recipes that come with the package, by their names."""
    return {path.stem: path for path in sorted(RECIPES.rglob("*.yaml"))}


def write_starter(name: str, out: Path) -> None:
    """Write the recipe to start from called `name`. Raises HornbookError where `out` is there already."""
    if out.exists():
        raise HornbookError(f"{out}: is there already; choose another --out")
    write_text(out, STARTERS[name].read_text(encoding="utf-8"))
