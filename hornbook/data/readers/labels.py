"""A row → a label: grades and a topic of a document (or of its text)."""

from hornbook.base.records import Label, make_id
from hornbook.data.classifier.topics import GRADES, HIGHEST, TOPICS
from hornbook.data.readers.fields import Row, loaded, number_field, text_field
from hornbook.data.sites import site_of


def read_label(row: Row) -> Label:
    """The label in a row with the three grades, a topic, and a text or the id of its document (`parents`).

    Raises ValueError if a grade is no whole number from 0 to 5, the topic is unknown, or it says of nothing.
    """
    grades = {}
    for name in GRADES:
        value = number_field(row, name)
        if value is None or not 0 <= value <= HIGHEST or value != int(value):
            raise ValueError(f"{name}: expected a whole number from 0 to {HIGHEST}, got {row.get(name)!r}")
        grades[name] = int(value)
    topic = text_field(row, ("topic",))
    if topic not in TOPICS:
        raise ValueError(f"topic: expected one of {', '.join(TOPICS)}; got '{topic}'")
    text, parents = text_field(row, ("text",)), loaded(row.get("parents") or [])
    if not text and not parents:
        raise ValueError("no text: expected a text, or parents with the id of the document")
    origin = text_field(row, ("site",)) or site_of(text_field(row, ("origin", "url")))
    return Label(
        id=text_field(row, ("id",)) or make_id("label", text),
        parents=parents,
        calls=row.get("calls") or [],
        text=text,
        site=origin,
        language=text_field(row, ("language",)),
        topic=topic,
        **grades,
    )
