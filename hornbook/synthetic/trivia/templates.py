"""Templates for facts: statements, questions of the samples, and questions that are asked later."""

from hornbook.synthetic.trivia.facts import Fact
from hornbook.synthetic.trivia.settings import FactKind

STATEMENTS: dict[FactKind, tuple[str, ...]] = {
    "city_country": ("{subject} is in {answer}.", "{subject} lies in {answer}.", "{subject} belongs to {answer}."),
    "city_continent": (
        "The continent of {subject} is {answer}.",
        "On the map {subject} is found in {answer}.",
        "{subject} uses a time zone of {answer}.",
    ),
    "country_code": (
        "{subject} is the code of {answer}.",
        "{subject} stands for {answer}.",
        "The code {subject} means {answer}.",
    ),
    "http_status": (
        "HTTP status {subject} means {answer}.",
        "The server replied {subject} {answer}.",
        "{subject}: {answer}.",
    ),
    "error_name": (
        "The error {subject} means {answer}.",
        "The system call failed with {subject}, {answer}.",
        "{subject} is the error {answer}.",
    ),
}

# Of the samples; those of ASKED are asked later, and occur in the samples only where they are not held out.
READ: dict[FactKind, tuple[str, ...]] = {
    "city_country": ("Where is {subject}?", "To which country does {subject} belong?"),
    "city_continent": ("Name the continent of {subject}.", "In what part of the world is {subject}?"),
    "country_code": ("What does the code {subject} stand for?", "Name the country with the code {subject}."),
    "http_status": ("A server replies {subject}. What is that?", "What is HTTP {subject}?"),
    "error_name": ("A call fails with {subject}. Why?", "What is {subject}?"),
}

ASKED: dict[FactKind, tuple[str, ...]] = {
    "city_country": ("Which country is {subject} in?", "In which country is {subject}?"),
    "city_continent": ("Which continent is {subject} on?", "On which continent is {subject}?"),
    "country_code": ("Which country has the code {subject}?", "Which country is {subject} the code of?"),
    "http_status": ("What does HTTP status {subject} mean?", "What is the meaning of HTTP status {subject}?"),
    "error_name": ("What does the error {subject} mean?", "What is the meaning of the error {subject}?"),
}


def statement(fact: Fact, number: int) -> str:
    """A fact as a statement, by template `number` (they are used in turn)."""
    forms = STATEMENTS[fact.kind]
    return forms[number % len(forms)].format(subject=fact.subject, answer=fact.answer)


def asked(kind: FactKind, subject: str, choice: int) -> str:
    forms = ASKED[kind]
    return forms[choice % len(forms)].format(subject=subject)


def in_all_forms(kind: FactKind, subject: str) -> list[str]:
    return [form.format(subject=subject) for form in READ[kind] + ASKED[kind]]
