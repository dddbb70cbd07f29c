"""Settings of the mathematics stage."""

from pydantic import field_validator

from hornbook.base.settings import Settings, setting
from hornbook.synthetic.reasoning.settings import QuestionSetSettings

DEFAULT = ("arithmetic__add_or_sub", "arithmetic__mul", "comparison__closest", "numbers__gcd", "measurement__time")


class ModuleSettings(Settings):
    """One module of mathematics-dataset."""

    train: int = setting(1000, "questions to train on", ge=0)
    difficulty: tuple[float, float] = setting(
        (0.0, 1.0), "part of the module's range of difficulty; the published easy questions are 0 to a third"
    )

    @field_validator("difficulty")
    @classmethod
    def _is_part(cls, difficulty: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= difficulty[0] < difficulty[1] <= 1:
            raise ValueError("expected two numbers from 0 to 1, the smaller first")
        return difficulty


class MathematicsSettings(QuestionSetSettings):
    """Questions of mathematics-dataset with their answers."""

    modules: dict[str, ModuleSettings] = setting(
        default_factory=lambda: {name: ModuleSettings() for name in DEFAULT},
        help="modules by their published names, each with its number of questions and difficulty",
        min_length=1,
    )
