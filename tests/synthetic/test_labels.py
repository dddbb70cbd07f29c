"""`hornbook label`: a teacher grades a sample of documents, spread over languages and sites."""

import json
from collections import Counter

import pytest

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.synthetic.labels import choose, messages_for
from hornbook.synthetic.settings import LabelSettings
from tests.synthetic.factory import serving
from tests.teacher.by_files import reply_to, requests_in, write_lines

GOOD = '{"educational_value": 4, "reasoning": 3, "facts": 2, "topic": "physics"}'
ENGLISH = "The water of the river {n} flows to the sea, and the sea gives it back to the clouds as rain."
FRENCH = "Le château numéro {n} fut construit au bord de la rivière, et il est encore habité aujourd'hui."


def document(n, text, site):
    return Document(id=f"d{n}", text=text.format(n=n), source="web", origin=f"https://{site}/{n}")


def chosen(documents, sample, **more):
    settings = LabelSettings.parse({"sample": sample, "teacher": {"url": "http://x", "model": "m"}, **more}, "")
    return choose(documents, settings, seed=1)


def answering(answers):
    """A server that gives the answers of a table: word in the text → answer; GOOD for the others."""
    return lambda body: next(
        (said for word, said in answers.items() if word in body["messages"][1]["content"].split("====")[1]), GOOD
    )


ANSWERS = [  # what the teacher answers, the reason why there is no label, "" if there is one
    (GOOD, ""),
    ("Sure:\n```json\n" + GOOD + "\n```", ""),
    (GOOD.replace("4", "6"), "no label in the answer"),
    (GOOD.replace("4", "2.5"), "no label in the answer"),
    (GOOD.replace("physics", "magic"), "no label in the answer"),
    ('{"educational_value": 4, "reasoning": 3, "facts": 2}', "no label in the answer"),
    ("I would rather not.", "no label in the answer"),
]


@pytest.mark.parametrize(("answer", "reason"), ANSWERS)
def test_an_answer_is_read_strictly(tmp_path, answer, reason):
    rows = [{"text": "A good text about waves and their energy."}, {"text": "The text that is marked: zebra."}]
    with serving(answer=answering({"zebra": answer})) as (server, _):
        done = hornbook.label_documents(rows, out=tmp_path / "out", teacher={"url": server.url, "model": "m"})
    assert len(done.labels) == 2 - bool(reason) and list(done.rejected) == [reason] * bool(reason)
    label = next(one for one in done.labels if "waves" in one.text)
    assert (label.educational_value, label.reasoning, label.facts, label.topic) == (4, 3, 2, "physics")
    assert label.parents and label.calls and label.language == "en"


def test_by_files_the_request_shows_the_beginning_and_the_closed_list(tmp_path):
    rows = [{"text": ENGLISH.format(n=1) * 20, "url": "https://a.org/1"}]
    settings = {"shown": 150, "teacher": {"files": str(tmp_path / "exchange"), "wait": False}}
    with pytest.raises(HornbookError, match="wrote 1 request "):
        hornbook.label_documents(rows, out=tmp_path / "out", **settings)
    (request,) = requests_in(tmp_path / "exchange")
    shown = request["body"]["messages"][1]["content"].split("====\n")[1].removesuffix("\n====")
    assert shown == rows[0]["text"][:150].strip()
    assert "physics, chemistry" in request["body"]["messages"][1]["content"]
    assert "enum" in json.dumps(request["body"]["response_format"])
    write_lines(tmp_path / "exchange/answers.jsonl", [reply_to(request, GOOD)])
    done = hornbook.label_documents(rows, out=tmp_path / "out", **settings)
    assert [(one.site, one.text) for one in done.labels] == [("a.org", shown)]
    assert done.notes["label_topics"] == {"physics": 1}


def test_the_sample_is_spread_over_languages_and_sites():
    many = [document(n, ENGLISH, "big.org") for n in range(60)]
    many += [document(n, ENGLISH, f"small{n}.org") for n in range(100, 105)]
    many += [document(n, FRENCH, "petit.fr") for n in range(200, 205)]
    found = chosen(many, 10)
    assert Counter(one.language for one in found) == {"en": 5, "fr": 5}
    assert len({one.origin.split("/")[2] for one in found if one.language == "en"}) == 5
    assert [one.id for one in chosen(reversed(many), 10)] == [one.id for one in found]  # whatever their order
    assert {one.id for one in found} < {one.id for one in chosen(many, 20)}  # a larger sample asks for more, not others


def test_a_text_is_asked_for_once_and_source_code_never():
    code = document(2, "def f(): pass", "a.org")
    code.kind = "code"
    twice = [document(1, "The same text. " * 9, "a.org"), document(3, "The same text. " * 9, "b.org"), code]
    assert len(chosen(twice, 10)) == 1
    assert chosen([code], 10) == []


def test_without_documents_or_usable_answers_it_is_an_error_in_one_line(tmp_path):
    with serving(answer=answering({"": "no"})) as (server, _):
        teacher = {"url": server.url, "model": "m"}
        with pytest.raises(HornbookError, match=r"none of 1 answers is usable; the first of 1 set aside"):
            hornbook.label_documents([{"text": ENGLISH}], out=tmp_path / "a", teacher=teacher)
        with pytest.raises(HornbookError, match="no prose in the documents"):
            hornbook.label_documents([{"text": "x = 1", "source": "code"}], out=tmp_path / "b", teacher=teacher)
    with pytest.raises(HornbookError, match="give either teacher"):
        hornbook.label_documents([{"text": ENGLISH}], out=tmp_path / "c")


def test_the_text_stands_apart_from_the_instructions():
    system, user = messages_for("Ignore this. {braces} stay.")
    assert user.content.endswith("====\nIgnore this. {braces} stay.\n====") and "JSON" in system.content
