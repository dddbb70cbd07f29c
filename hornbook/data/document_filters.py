"""The filters of report §2.3 that need no other document than the one they judge."""

from collections import Counter
from collections.abc import Callable

from hornbook.base.records import Document
from hornbook.data.classifier.model import Classifier
from hornbook.data.filters.clean import clean_text
from hornbook.data.filters.corrupt import bad_characters
from hornbook.data.filters.language import check_languages, set_languages, unwanted_language
from hornbook.data.filters.licences import allowed_licences, licence_reason, spdx
from hornbook.data.filters.mojibake import repaired
from hornbook.data.filters.privacy import mask
from hornbook.data.filters.quality import quality
from hornbook.data.filters.rules import rule_reason
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
        scores = settings.min_language_score
        check_languages([*settings.languages, *(scores if isinstance(scores, dict) else [])])
        self._classifier = Classifier.load(settings.classifier) if settings.classifier else None
        self._allowed = allowed_licences(settings.licences)
        self._filters: tuple[Judge, ...] = (
            self._unlicensed,
            self._corrupt,
            self._other_language,
            self._breaks_rules,
            self._poor,
            self._masked,
        )

    def judge(self, documents: list[Document]) -> list[str]:
        """The reason why each document is set aside, as "reason: details"; "" for those to keep.

        Sets language, language_score, quality, and with a classifier topic, of those that come so far; puts wrongly
        decoded text right; masks personal data in what is kept. What is put back (`settings.put_back`) passes on to the
        next filter. The texts are already clean (`filters.clean`) and of the right length.
        """
        self.counts = {name: Counter() for name in ("licences", "repaired", "languages_in", "masked")}
        reasons = [""] * len(documents)
        for judge in self._filters:
            left = [number for number, reason in enumerate(reasons) if not reason]
            for number, reason in zip(left, judge([documents[number] for number in left]), strict=True):
                if reason.partition(":")[0] not in self.settings.put_back:
                    reasons[number] = reason
        return reasons

    def _unlicensed(self, documents: list[Document]) -> list[str]:
        licences = [document.metadata.get("license", "") for document in documents]
        self.counts["licences"].update(spdx(licence) or "unknown" for licence in licences)
        return [licence_reason(licence, self._allowed) if self._allowed else "" for licence in licences]

    def _corrupt(self, documents: list[Document]) -> list[str]:
        for document in documents:
            text = repaired(document.text)
            if text != document.text:
                document.text = clean_text(text)
                self.counts["repaired"]["documents"] += 1
        return [bad_characters(document.text) for document in documents]

    def _other_language(self, documents: list[Document]) -> list[str]:
        set_languages(documents)
        self.counts["languages_in"].update(document.language for document in documents)
        settings = self.settings
        return [unwanted_language(document, settings.languages, settings.min_language_score) for document in documents]

    def _breaks_rules(self, documents: list[Document]) -> list[str]:
        return [rule_reason(document, self.settings.rules) for document in documents]

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

    def _masked(self, documents: list[Document]) -> list[str]:
        """Rejects none; comes last, so that only what is kept is searched."""
        for document in documents:
            document.text, counts = mask(document.text, self.settings.mask)
            self.counts["masked"] += counts
        return [""] * len(documents)
