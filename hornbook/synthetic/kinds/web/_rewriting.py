"""What the rewrites of a passage share: their settings, and the checks that hold a rewrite to its passage (§2.2)."""

from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, KindSettings
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, require_fluent
from hornbook.synthetic.words import STEM, copied, stems

CHECKS = ("form", "length", "no repetition", "not the example", "no small talk", "not a copy", "key terms", "language")


class RewriteSettings(KindSettings):
    """Rewrites of passages."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(144, "longest rewrite, in tokens", ge=1)
    max_copied: float = setting(0.6, "largest share of 5-grams taken over from the passage", ge=0, le=1)
    min_terms: float = setting(0.5, "least share of the passage's key terms that must be kept", ge=0, le=1)


def check_rewrite(text: str, shown: str, passage: Passage, settings: RewriteSettings) -> Checks:
    """The checks of `CHECKS`, `shown` being the solved example of the prompt. Raises Rejected."""
    checks = Checks()
    checks.require("form", "the passage" not in text.lower(), "speaks of the passage")
    require_fluent(checks, text, (120, 3000), f"{SHOWN} {shown}", passage.text)
    share = copied(text, passage.text)
    checks.require("not a copy", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the passage's")
    kept = kept_terms(text, passage)
    checks.require("key terms", kept >= settings.min_terms, f"keeps {kept:.2f} of them")
    checks.require("language", same_language(text, passage.language))
    return checks


def kept_terms(text: str, passage: Passage) -> float:
    """Share of the passage's key terms that the text has, in whatever form."""
    terms = [term[:STEM] for term in key_terms(passage.text)]
    return sum(term in stems(text) for term in terms) / max(1, len(terms))


def same_language(text: str, language: str) -> bool:
    from hornbook.data.filters.language import identify

    return identify([text])[0][0] == language
