"""How many of the true and of the false texts the checks accept, programs and verifier apart, with recorded answers.

    python -m tests.synthetic.truth.measured [TEXTS.jsonl ...]

prints the tables of docs/synthetic.md.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hornbook.synthetic.claims import Claim
from hornbook.synthetic.kind import Absent, Checks, Rejected
from hornbook.synthetic.verification import require_programs, untrue
from hornbook.teacher.errors import CallFailed
from tests.synthetic.truth.recorded import TEXTS, GoldText, RecordedVerifier, checked, gold_texts, recorded_answers

Rule = Callable[[str], Absent]  # what a text of a kind may add to its passage
NOTHING_ADDED = ("summary", "translation")


def background_only(kind: str) -> Absent:
    """The strict rule, for which the aim of 95 % of the true texts was set."""
    return "background" if kind == "background" else "none"


def unless_nothing_is_added(kind: str) -> Absent:
    """True knowledge may be added, except to texts that are to say the same as their passage."""
    return "none" if kind in NOTHING_ADDED else "background"


def anything(kind: str) -> Absent:
    return "any"


RULES: dict[Rule, str] = {
    background_only: "true knowledge in `background` only",
    unless_nothing_is_added: "in all kinds but `summary` and `translation`",
    anything: "anything (contradicted claims alone reject)",
}


class Judged:
    """A text and what the verifier found of it.

    Attributes:
        claims: None where no answer is recorded that can be relied on; the text is then not accepted.
    """

    def __init__(self, gold: GoldText, verifier: RecordedVerifier) -> None:
        self.gold = gold
        self.claims: list[Claim] | None
        try:
            self.claims = checked(gold, verifier)
        except (CallFailed, Rejected):
            self.claims = None

    def by_programs(self, rule: Rule) -> bool:
        try:
            require_programs(Checks(), self.gold.text, self.gold.passage, rule(self.gold.kind))
        except Rejected:
            return False
        return True

    def by_verifier(self, rule: Rule) -> bool:
        return self.claims is not None and not untrue(self.claims, rule(self.gold.kind))

    def by_both(self, rule: Rule) -> bool:
        return self.by_programs(rule) and self.by_verifier(rule)


WHO: dict[str, Callable[[Judged, Rule], bool]] = {
    "programs": Judged.by_programs,
    "verifier": Judged.by_verifier,
    "both": Judged.by_both,
}


def judged_texts(paths: Sequence[Path] = TEXTS) -> list[Judged]:
    verifier = RecordedVerifier(recorded_answers())
    return [Judged(gold, verifier) for gold in gold_texts(paths)]


def accepted(texts: Iterable[Judged], true: bool, who: str, rule: Rule) -> tuple[int, int]:
    """How many of the true (or false) texts are accepted, and how many there are."""
    found = [WHO[who](text, rule) for text in texts if text.gold.true == true]
    return sum(found), len(found)


def rules_table(texts: Sequence[Judged]) -> str:
    lines = [
        "| what a text may add to its passage | checked by | true, accepted | false, accepted |",
        "|" + " --- |" * 4,
    ]
    for rule, name in RULES.items():
        for who in WHO:
            lines.append(f"| {name} | {who} | {_cell(texts, True, who, rule)} | {_cell(texts, False, who, rule)} |")
    return "\n".join(lines)


def groups_table(groups: dict[str, list[Judged]]) -> str:
    """The verifier's figures under both rules, the programs' under the strict one."""
    lines = [
        "| texts | true: programs | verifier, strict | verifier | false: programs | verifier, strict | verifier |",
        "|" + " --- |" * 7,
    ]
    for name, texts in groups.items():
        cells = [
            _cell(texts, true, who, rule)
            for true in (True, False)
            for who, rule in (
                ("programs", background_only),
                ("verifier", background_only),
                ("verifier", unless_nothing_is_added),
            )
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def grouped(paths: Sequence[Path] = TEXTS) -> dict[str, list[Judged]]:
    """The texts by file, by language of the passage, and by kind."""
    groups: dict[str, list[Judged]] = {f"`{path.name}`": judged_texts([path]) for path in paths}
    texts = [text for group in groups.values() for text in group]
    for language in dict.fromkeys(text.gold.language for text in texts):
        groups[language] = [text for text in texts if text.gold.language == language]
    for kind in sorted({text.gold.kind for text in texts}):
        groups[f"`{kind}`"] = [text for text in texts if text.gold.kind == kind]
    return groups


def _cell(texts: Sequence[Judged], true: bool, who: str, rule: Rule) -> str:
    kept, of = accepted(texts, true, who, rule)
    return f"{kept} of {of}" if of else "–"


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:]] or TEXTS
    print(rules_table(judged_texts(files)), groups_table(grouped(files)), sep="\n\n")
