"""How facts are put in words: plain statements, questions as a reader would meet them, and the questions we ask."""

from hornbook.synthetic.trivia.facts import Fact
from hornbook.synthetic.trivia.settings import Kind

STATEMENTS: dict[Kind, tuple[str, ...]] = {
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
}

# Only met while reading; what we ask later is met there too, as on a quiz page.
READ: dict[Kind, tuple[str, ...]] = {
    "city_country": ("Where is {subject}?", "To which country does {subject} belong?"),
    "city_continent": ("Name the continent of {subject}.", "In what part of the world is {subject}?"),
    "country_code": ("What does the code {subject} stand for?", "Name the country with the code {subject}."),
    "http_status": ("A server replies {subject}. What is that?", "What is HTTP {subject}?"),
}

ASKED: dict[Kind, tuple[str, ...]] = {
    "city_country": ("Which country is {subject} in?", "In which country is {subject}?"),
    "city_continent": ("Which continent is {subject} on?", "On which continent is {subject}?"),
    "country_code": ("Which country has the code {subject}?", "Which country is {subject} the code of?"),
    "http_status": ("What does HTTP status {subject} mean?", "What is the meaning of HTTP status {subject}?"),
}


def statement(fact: Fact, number: int) -> str:
    """The `number`-th way to state a fact; they repeat after a few."""
    forms = STATEMENTS[fact.kind]
    return forms[number % len(forms)].format(subject=fact.subject, answer=fact.answer)


def read_question(fact: Fact, number: int) -> str:
    """A question with its answer, in the plain form in which pretraining shows conversations."""
    forms = READ[fact.kind] + ASKED[fact.kind]
    return f"Question: {forms[number % len(forms)].format(subject=fact.subject)}\nSolution: {fact.answer}"


def asked(kind: Kind, subject: str, choice: int) -> str:
    forms = ASKED[kind]
    return forms[choice % len(forms)].format(subject=subject)
