"""Settings of the stage that lets a teacher write."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self, get_args

import xxhash
from pydantic import SerializeAsAny, model_validator

from hornbook.base.errors import HornbookError
from hornbook.base.settings import Settings, nearest, setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.data.settings import DecontaminateSettings
from hornbook.synthetic.kind import KindSettings
from hornbook.synthetic.kinds import FAMILIES, OWN, Profile, load_kind
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.shipped_recordings import recorded_defaults
from hornbook.teacher.settings import TeacherSettings

COMMON = ("records", "tries", "per_seed")  # settings of all kinds that may be given once


class DiversitySettings(Settings):
    """Where the diversity of a kind's records is too low (report §9, first failure signature): the run warns."""

    max_near_duplicates: float = setting(0.1, "largest share of near-duplicates among what was made", ge=0, le=1)
    min_distinct: float = setting(0.6, "least share of distinct word pairs (2-grams) per thousand words", ge=0, le=1)
    max_compression: float = setting(4.0, "largest compression ratio of a kind's text", gt=1)
    min_last_part: float = setting(
        0.75, "least share of distinct word pairs in the last fifth of a kind's records, in parts of the first's", ge=0
    )
    stop_at: float | None = setting(
        None, "stop a kind when this share of what its last 64 seeds gave are near-duplicates; by default never", gt=0
    )


class SynthSettings(DecontaminateSettings):
    """Synthetic records of several kinds, written by one teacher or several, and checked (report §2.2)."""

    teacher: TeacherSettings | None = setting(None, "the model that writes")
    teachers: list[TeacherSettings] = setting([], "instead of one teacher several, each with its weight")
    verifier: TeacherSettings | None = setting(
        None, "the model that checks what was written; by default the teacher that wrote it"
    )
    kinds: dict[str, SerializeAsAny[KindSettings]] = setting(
        default_factory=lambda: {name: load_kind(name).settings() for name in FAMILIES},
        help="kinds of data set: a list of names (a family's name stands for all of its kinds, a path for a "
        "file of yours), or such names with settings; by default all",
        keys_alone=True,
        min_length=1,
    )
    profile: Profile = setting("full", "prompts and sizes of the kinds: for a strong teacher, or for a small one")
    records: int | None = setting(None, "records of each kind that does not say itself how many", ge=0)
    tries: float | None = setting(None, "`tries` of each kind that does not say itself", gt=0)
    per_seed: int | None = setting(None, "`per_seed` of each kind that does not say itself", ge=1)
    runner: Literal["local", "ray"] = setting(
        "local", "where records are made: here, or on a Ray cluster", in_key=False
    )
    passages: PassageSettings = setting(PassageSettings(), "how documents are cut into seeds")
    diversity: DiversitySettings = setting(DiversitySettings(), "when to warn that the records are too much alike")
    near_duplicate: float = setting(0.7, "Jaccard similarity that makes a near-duplicate; above 1: none is", gt=0)

    @model_validator(mode="before")
    @classmethod
    def _parse_kinds(cls, values: Any) -> Any:
        """Each kind brings its own settings class; `records`, `tries` and `per_seed` are for those that do not say."""
        values = recorded_defaults(values) if isinstance(values, dict) else values
        if not isinstance(values, dict) or not {"kinds", "profile", *COMMON} & {*values}:
            return values
        kinds, profile = values.get("kinds", list(FAMILIES)), values.get("profile", "full")
        if profile not in get_args(Profile):
            return values
        if isinstance(kinds, str):
            kinds = [kinds]
        if isinstance(kinds, list):
            kinds = {name: {} for name in kinds_named(kinds)}
        if not isinstance(kinds, dict):
            return values
        kinds = {one: given for name, given in kinds.items() for one in _members(str(name))}
        common = {name: values[name] for name in COMMON if values.get(name) is not None}
        return values | {"kinds": {name: _parse_kind(name, given, common, profile) for name, given in kinds.items()}}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.teacher is None) == (not self.teachers):
            raise ValueError("give either teacher (one model that writes) or teachers (a list of several)")
        if self.runner == "ray" and any(model.in_rounds for model in self.models):
            raise ValueError("a round of calls is made by one process: with batch or files goes runner: local")
        return self

    def identity(self) -> dict[str, Any]:
        """Also the content of the user's own kinds: another text makes other records."""
        own = {name: xxhash.xxh3_64_hexdigest(Path(name).read_bytes()) for name in self.kinds if name.endswith(OWN)}
        return super().identity() | ({"own_kinds": own} if own else {})

    @property
    def writers(self) -> list[TeacherSettings]:
        """The teachers, one or several."""
        return [self.teacher] if self.teacher else self.teachers

    @property
    def models(self) -> list[TeacherSettings]:
        """The teachers, and the verifier if it is another model."""
        return [*self.writers, self.verifier] if self.verifier else self.writers


class LabelSettings(ColumnSettings):
    """Labels of a sample of documents, for a classifier to learn from (report §2.3)."""

    teacher: TeacherSettings | None = setting(None, "the model that labels")
    teachers: list[TeacherSettings] = setting([], "instead of one teacher several, each with its weight")
    sample: int = setting(500, "documents to label", ge=1)
    shown: int = setting(1000, "characters of a document, from its beginning, that the teacher sees", ge=100)
    clear: float = setting(0.5, "least probability of a document's language; below it has none", ge=0, le=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.teacher is None) == (not self.teachers):
            raise ValueError("give either teacher (one model that labels) or teachers (a list of several)")
        return self

    @property
    def writers(self) -> list[TeacherSettings]:
        """The teachers, one or several."""
        return [self.teacher] if self.teacher else self.teachers


class AuditSettings(Settings):
    """The checks of kept records once more (report §2.2, validation)."""

    teacher: TeacherSettings | None = setting(None, "the model that answers anew, and verifies if there is no verifier")
    verifier: TeacherSettings | None = setting(None, "the model that checks what was written")
    sample: int = setting(300, "records to audit", ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.teacher or self.verifier):
            raise ValueError("give a verifier, or a teacher")
        return self

    @property
    def checker(self) -> TeacherSettings:
        """The model that is asked."""
        checker = self.verifier or self.teacher
        assert checker is not None
        return checker


def kinds_named(names: Iterable[Any]) -> list[str]:
    """Kinds by their own names or by their family's. Raises HornbookError for a name that is neither."""
    families = set(FAMILIES.values())
    found: list[str] = []
    for name in map(str, names):
        if name not in FAMILIES and name not in families and not name.endswith(OWN):
            known = [*FAMILIES, *sorted(families)]
            raise HornbookError(f"kinds: {name}: no such kind of data set, and no family of them{nearest(name, known)}")
        found += _members(name)
    return found


def _members(name: str) -> list[str]:
    """The kinds of the family `name`; else `name` alone."""
    return [kind for kind, family in FAMILIES.items() if family == name] or [name]


def _parse_kind(name: str, values: Any, common: dict[str, Any], profile: Profile) -> KindSettings:
    settings = load_kind(name, profile).settings
    if isinstance(values, KindSettings):
        return values
    if not isinstance(values, dict | None):
        raise HornbookError(f"kinds.{name}: expected settings such as {{records: 20}}, got {values!r}")
    return settings.parse(common | (values or {}), f"kinds.{name}")
