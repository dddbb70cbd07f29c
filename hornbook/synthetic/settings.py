"""Settings of the stage that lets a teacher write."""

from typing import Any

from pydantic import Field, SerializeAsAny, field_validator

from hornbook.base.errors import HornbookError
from hornbook.base.settings import Settings, setting
from hornbook.data.settings import DecontaminateSettings
from hornbook.synthetic.kind import KindSettings
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.passages import PassageSettings
from hornbook.teacher.settings import TeacherSettings


class DiversitySettings(Settings):
    """Where the diversity of a kind's records is too low (report §9, first failure signature): the run warns."""

    max_near_duplicates: float = setting(0.1, "largest share of near-duplicates among what was made", ge=0, le=1)
    min_distinct: float = setting(0.6, "least share of distinct word pairs (2-grams) per thousand words", ge=0, le=1)
    max_compression: float = setting(4.0, "largest compression ratio of a kind's text", gt=1)
    least_records: int = setting(8, "kinds with fewer records are measured, but not warned about", ge=2)


class SynthSettings(DecontaminateSettings):
    """Synthetic records of several kinds, written by a teacher and checked (report §2.2)."""

    teacher: TeacherSettings = setting(help="the model that writes")
    kinds: dict[str, SerializeAsAny[KindSettings]] = Field(
        default_factory=lambda: {name: load_kind(name).settings() for name in FAMILIES},
        description="kinds of data set by name, each with its number of records and settings",
        min_length=1,
    )
    passages: PassageSettings = setting(PassageSettings(), "how documents are cut into seeds")
    diversity: DiversitySettings = setting(DiversitySettings(), "when to warn that the records are too much alike")
    near_duplicate: float = setting(0.7, "Jaccard similarity that makes a near-duplicate; above 1: none is", gt=0)

    @field_validator("kinds", mode="before")
    @classmethod
    def _parse_kinds(cls, kinds: Any) -> Any:
        """Each kind brings its own settings class."""
        if not isinstance(kinds, dict):
            return kinds
        return {name: _parse_kind(str(name), values) for name, values in kinds.items()}


def _parse_kind(name: str, values: Any) -> KindSettings:
    settings = load_kind(name).settings
    if isinstance(values, KindSettings):
        return values
    if not isinstance(values, dict | None):
        raise HornbookError(f"kinds.{name}: expected settings such as {{records: 20}}, got {values!r}")
    return settings.parse(values or {}, f"kinds.{name}")
