"""The filters of report §2.3 that need no other document than the one they judge."""

from collections import Counter
from collections.abc import Callable

from hornbook.base.records import Document
from hornbook.data.classifier.model import Classifier
from hornbook.data.filters.corrupt import bad_characters
from hornbook.data.filters.language import check_languages, set_languages, unwanted_language
from hornbook.data.filters.quality import quality
from hornbook.data.settings import CurateSettings

Judge = Callable[[list[Document]], list[str]]  # a reason for each document to set aside, "" for one to keep


class DocumentFilters:
    """Judges documents one by one: the verdict on each is the same in any batch and in any process.

    `counts` are those of the last batch, to be summed over batches: a note's name → what → number.
    """

    def __init__(self, settings: CurateSettings) -> None:
        """Raises HornbookError for a language that the model does not know, or a file that is no classifier."""
        self.settings = settings
        self.counts: dict[str, Counter[str]] = {}
        if settings.languages:
            check_languages(settings.languages)
        self._classifier = Classifier.load(settings.classifier) if settings.classifier else None
        self._filters: tuple[Judge, ...] = (self._corrupt, self._other_language, self._poor)

    def judge(self, documents: list[Document]) -> list[str]:
        """The reason why each document is set aside, as "reason: details"; "" for those to keep.

        Sets language, language_score, quality, and with a classifier topic, of those that come so far. The texts are
        clean (`filters.clean`) and of the right length.
        """
        self.counts = {"languages_in": Counter()}
        reasons = [""] * len(documents)
        for judge in self._filters:
            left = [number for number, reason in enumerate(reasons) if not reason]
            for number, reason in zip(left, judge([documents[number] for number in left]), strict=True):
                reasons[number] = reason
        return reasons

    def _corrupt(self, documents: list[Document]) -> list[str]:
        return [bad_characters(document.text) for document in documents]

    def _other_language(self, documents: list[Document]) -> list[str]:
        set_languages(documents)
        self.counts["languages_in"].update(document.language for document in documents)
        settings = self.settings
        return [unwanted_language(document, settings.languages, settings.min_language_score) for document in documents]

    def _poor(self, documents: list[Document]) -> list[str]:
        """By rules; prose by the classifier, if there is one: its threshold is known when all shards are graded."""
        if self._classifier:
            self._classifier.grade(documents)
        return [
            "" if self._classifier and document.kind != "code" else self._by_rules(document) for document in documents
        ]

    def _by_rules(self, document: Document) -> str:
        document.quality = round(quality(document), 4)
        return f"low quality: {document.quality:.2f}" if document.quality < self.settings.min_quality else ""
