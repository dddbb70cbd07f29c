"""Declares the stage of this package for recipes and the command line."""

from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.model.settings import ImportSettings


@stage("import", makes=("model",), report="3", example="hornbook import --gguf my-model.gguf --out my-model")
def import_model(settings: "ImportSettings", work: "Workspace") -> None:
    """Turn a GGUF file into a model that can be trained."""
    from hornbook.model.import_model import import_model

    import_model(settings, work)
