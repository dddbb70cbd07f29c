"""Quality and topic: labels, a small classifier that learns them, and thresholds by the share to keep."""

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hornbook
from hornbook.base.agreement import clustered, quadratic_kappa
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.base.records import Document
from hornbook.data.classifier import features
from hornbook.data.classifier.model import FILE, SHIPPED, Classifier
from hornbook.data.classifier.selection import (
    Graded,
    histogram,
    read_selection,
    threshold,
    thresholds,
    topic_balance,
    topic_tables,
)
from hornbook.data.classifier.topics import TOPICS
from hornbook.data.readers.labels import read_label
from hornbook.data.sites import site_of

WORDS = {
    "physics": "energy force mass momentum field quantum velocity because equation charge".split(),
    "history": "king empire war century dynasty treaty battle reign revolution throne".split(),
    "other": "unpacking setting selecting preparing status half installed configure trigger upgrade".split(),
}
GRADES = {"physics": (4, 4, 3), "history": (3, 1, 4), "other": (0, 0, 0)}
JOINTS = "the of and in to was that is by which".split()


def text_on(topic, seed):
    dice = random.Random(f"{topic} {seed}")
    joints = JOINTS if topic != "other" else ["amd64", "3.1", "..."]
    return " ".join(dice.choice(dice.choice((WORDS[topic], joints))) for _ in range(60))


def label_row(topic, number, **more):
    names = ("educational_value", "reasoning", "facts")
    grades = dict(zip(names, GRADES[topic], strict=True))
    text = text_on(topic, number)
    return {**grades, "topic": topic, "text": text, "url": f"https://site{number % 20}.org/{number}", **more}


def label_rows(count=180):
    return [label_row(list(WORDS)[number % 3], number, language="en") for number in range(count)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return hornbook.train_classifier(label_rows(), out=tmp_path_factory.mktemp("classifier") / "out")


def test_the_classifier_learns_grades_and_topics_and_says_how_well(trained):
    row = trained.agreement[0]
    assert row["split"] == "new sites" and row["sites"] == 20 and row["labels"] == 180
    assert row["spearman"]["low"] > 0.7 and row["topic"]["mean"] > 0.95
    assert row["spearman"]["low"] <= row["spearman"]["mean"] <= row["spearman"]["high"]
    assert {(one["split"], one["language"]) for one in trained.agreement} == {
        (split, language) for split in ("new sites", "new pages of known sites") for language in ("all", "en")
    }
    scores = trained.classifier.score([text_on("physics", "new"), text_on("other", "new"), ""])
    assert scores.quality[0] > 0.5 > 0.2 > scores.quality[1]
    assert trained.classifier.topics[scores.topics[0].argmax()] == "physics"
    assert np.allclose(scores.topics.sum(axis=1), 1)
    assert (trained.path / FILE).stat().st_size < 1_000_000


def test_grades_that_hang_on_nothing_agree_no_better_than_chance(tmp_path):
    rows = label_rows(90)
    dice = random.Random(1)
    for row in rows:
        row.update({name: dice.randrange(6) for name in ("educational_value", "reasoning", "facts")})
    done = hornbook.train_classifier(rows, out=tmp_path / "out")
    assert any("no better than chance" in warning for warning in done.warnings)


def test_labels_of_one_site_say_nothing_of_others(tmp_path):
    rows = [{**row, "url": "https://one.org/"} for row in label_rows(60)]
    done = hornbook.train_classifier(rows, out=tmp_path / "out")
    assert {row["split"] for row in done.agreement} == {"new pages of known sites"}
    assert any("of one site" in warning for warning in done.warnings)


def test_labels_without_texts_take_those_of_their_documents(tmp_path):
    rows = label_rows(60)
    texts = [{"id": f"d{number}", "text": row["text"], "url": row["url"]} for number, row in enumerate(rows)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    ids = [document.id for document in hornbook.load_records(tmp_path / "texts.jsonl", "documents")]
    bare = [
        {**row, "text": None, "parents": [name], "id": f"l{n}"}
        for n, (row, name) in enumerate(zip(rows, ids, strict=True))
    ]
    done = hornbook.train_classifier(bare[:59], documents=tmp_path / "texts.jsonl", out=tmp_path / "out")
    assert done.counts["records_in"] == 59
    with pytest.raises(HornbookError, match=r"0 labels with a text; expected at least 50.*not among the documents"):
        hornbook.train_classifier(bare, out=tmp_path / "none")


WRONG_LABELS = [  # a change of a good row, what is said of it
    ({"facts": 6}, "facts: expected a whole number from 0 to 5, got 6"),
    ({"facts": 2.5}, "facts: expected a whole number"),
    ({"facts": None}, "facts: expected a whole number"),
    ({"facts": True}, "facts: expected a whole number"),
    ({"topic": "astrology"}, "topic: expected one of mathematics, physics"),
    ({"text": ""}, "no text: expected a text, or parents"),
    ({"text": 5}, "text: expected a text, got int"),
]


@pytest.mark.parametrize(("change", "reason"), WRONG_LABELS)
def test_a_label_that_is_wrong_is_set_aside_with_the_reason(change, reason):
    with pytest.raises(ValueError, match=reason):
        read_label({**label_row("physics", 1), **change})


SITES = [
    ("https://www.example.org/a/b.html", "example.org"),
    ("http://user@News.example.org:8080/x?y", "news.example.org"),
    ("numpy.linalg:solve", "numpy"),
    ("notes/2024/may.md", "notes/2024"),
    ("may.md", "may.md"),
    ("dump.jsonl:17", "dump.jsonl"),
]


@pytest.mark.parametrize(("origin", "site"), SITES)
def test_the_site_of_a_document(origin, site):
    assert site_of(origin) == site


def test_every_ngram_is_counted_once():
    """Against a count without arrays: the same runs of bytes fall into the same buckets, as often."""
    text = "Ab 12 ab — がく"
    data = text.lower().replace("2", "0").replace("1", "0").encode() + b"\0"  # the end is seen too
    runs = [data[i : i + n] for n in features.RUNS for i in range(len(data) - n + 1)]
    words = "ab 00 ab — がく".encode().split()
    _, rows = features._hashed([text])
    assert len(rows) == len(runs) + len(words)
    values, _ = features.embed([text])
    squares = np.round((values / features.STEPS) ** 2)
    assert squares.sum() == pytest.approx(len(rows), abs=2)
    assert np.count_nonzero(values) == len({*runs} | {b"w" + word for word in words})


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=300), max_size=40), cut=st.integers(0, 40))
def test_scores_do_not_depend_on_the_batch(trained, texts, cut):
    whole = trained.classifier.score(texts)
    parts = [trained.classifier.score(part) for part in (texts[:cut], texts[cut:])]
    assert np.array_equal(whole.grades, np.concatenate([part.grades for part in parts]))
    assert np.array_equal(whole.topics, np.concatenate([part.topics for part in parts]))


def test_the_shipped_classifier_prefers_an_explanation_to_a_log():
    good = "Water boils at a lower temperature on mountains, because the pressure of the air is lower there. " * 3
    log = "2025-06-24 14:37:45 status half-installed adwaita-icon-theme:all 43-1\n" * 6
    art = (
        "L'impressionnisme est un mouvement pictural né en France au XIXe siècle, en réaction à la peinture académique."
    )
    shipped = Classifier.load(SHIPPED)
    scores = shipped.score([good, log, art])
    assert scores.quality[0] > scores.quality[1] + 0.2 and scores.quality[2] > scores.quality[1] + 0.2
    assert [shipped.topics[number] for number in scores.topics[1:].argmax(axis=1)] == ["other", "arts"]
    assert set(shipped.topics) <= set(TOPICS)


@pytest.mark.parametrize("content", [None, b"", b"not a classifier", b"\x10\0\0\0\0\0\0\0{}              "])
def test_what_is_no_classifier_is_said_in_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(HornbookError, match=r"^classifier: .*(no such file|not a classifier|another version)"):
        Classifier.load(tmp_path)


KAPPAS = [  # two raters' grades, kappa with quadratic weights
    ([1, 2, 3], [1, 2, 3], 1.0),
    ([0, 0, 5, 5], [0, 5, 0, 5], 0.0),
    ([0, 5], [5, 0], -1.0),
    ([2, 2], [2, 2], 1.0),
]


@pytest.mark.parametrize(("x", "y", "kappa"), KAPPAS)
def test_kappa(x, y, kappa):
    assert quadratic_kappa(x, y) == pytest.approx(kappa)


def test_clusters_are_drawn_whole():
    """Twenty copies of a site say no more than one: the interval does not shrink with them."""
    values = np.random.default_rng(0).normal(size=12)
    few = clustered(lambda i: values[i].mean(), [str(n) for n in range(12)], 400, np.random.default_rng(1))
    many = np.repeat(values, 20)
    names = [str(n // 20) for n in range(240)]
    copied = clustered(lambda i: many[i].mean(), names, 400, np.random.default_rng(1))
    assert copied.n == 12 and copied.high - copied.low == pytest.approx(few.high - few.low, rel=0.01)
    assert clustered(lambda i: 0.5, ["one"] * 3, 10, np.random.default_rng(1))[1:] == (-1.0, 1.0, 1)


SHARES = [  # scores, share to keep, least score
    ([0.1, 0.2, 0.3, 0.4], 0.5, 0.3),
    ([0.1, 0.2, 0.3, 0.4], 1.0, 0.0),
    ([0.5, 0.5, 0.5, 0.9], 0.25, 0.9),
    ([0.5] * 4, 0.9, 0.5),
    ([0.5] * 4, 0.1, 1.001),
    ([], 0.5, 0.0),
]


@pytest.mark.parametrize(("scores", "share", "least"), SHARES)
def test_the_threshold_of_a_share(scores, share, least):
    counts = histogram([Graded("prose", score, "physics") for score in scores])
    assert threshold(counts[0], share) == pytest.approx(least)


def test_paths_with_few_documents_take_the_threshold_of_the_labels():
    graded = [Graded("prose", number / 200, "physics") for number in range(200)]
    graded += [Graded("prose", 0.9, "arts"), Graded("code", 0.0, "")]
    table = {"stem": {"0.5": 0.1}, "others": {"0.2": 0.7, "0.5": 0.6}}
    least = thresholds(histogram(graded[:90]) + histogram(graded[90:]), {"stem": 0.5, "others": 0.3}, table)
    assert least == {"stem": pytest.approx(0.5, abs=0.01), "others": 0.7}


def test_the_balance_of_topics():
    rows = topic_balance({"physics": 6, "arts": 2}, {"physics": 1, "arts": 1})
    assert [(row["topic"], row["path"], row["share_before"], row["share_after"]) for row in rows] == [
        ("physics", "stem", 0.75, 0.5), ("arts", "others", 0.25, 0.5)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def corpus():
    return [
        {
            "text": f"{text_on(topic, number)}. {text_on(topic, -number)}.",
            "source": "web",
            "url": f"https://s.org/{number}",
        }
        for number, topic in enumerate(["physics", "history", "other"] * 100)
    ]


def curated(trained, corpus, out, **settings):
    return hornbook.curate(
        corpus, out=out, classifier=str(trained.path), languages=[], min_language_score=0.0, near_duplicate=2.0,
        repeated_lines=0, put_back=["compression", "n-grams"], against=[], **settings,
    )  # fmt: skip


def test_curate_keeps_the_best_of_each_path(trained, corpus, tmp_path):
    done = curated(trained, corpus, tmp_path / "out", keep_share=0.4, keep_share_others=0.5)
    topics = [document.topic for document in done.documents]
    assert topics.count("physics") == pytest.approx(40, abs=8)  # of 100; a thousandth has several
    assert topics.count("history") == pytest.approx(100, abs=8)  # the better half of what is not STEM
    assert "other" not in topics and done.notes["quality_by"] == "classifier"
    before = {row["topic"]: row["before"] for row in done.notes["topics"]}
    assert before == {"physics": 100, "history": 100, "other": 100}
    (table,) = topic_tables(done.path)
    assert table.row_count == 3
    assert not done.warnings or not any("low quality" in warning for warning in done.warnings)
    again = curated(trained, corpus[:30], tmp_path / "again", thresholds=str(done.path))
    least = read_selection(done.path).thresholds
    assert read_selection(again.path).thresholds == least
    assert all(document.quality >= least["stem"] for document in again.documents if document.topic == "physics")


def test_without_a_classifier_the_log_says_that_rules_judge(corpus, tmp_path, capfd):
    done = hornbook.curate(corpus[:30], out=tmp_path / "out", languages=[], min_quality=0.0, put_back=["n-grams"])
    assert done.notes["quality_by"] == "rules"
    assert "quality is judged by rules" in " ".join("".join(capfd.readouterr()).split())


def test_thresholds_need_their_classifier_and_both_paths(tmp_path):
    with pytest.raises(HornbookError, match="give the classifier too"):
        hornbook.curate([{"text": "a"}], out=tmp_path / "out", thresholds="x")
    write_json(tmp_path / "thresholds.json", {"thresholds": {"stem": 0.5}})
    for path, reason in ((tmp_path, "none for the path others"), (tmp_path / "no", "expected thresholds.json")):
        with pytest.raises(HornbookError, match=reason):
            read_selection(path)


def test_source_code_is_not_graded(trained):
    code = Document(id="c", text="def f(): pass", source="code", origin="o", kind="code", quality=0.25)
    trained.classifier.grade([code])
    assert (code.quality, code.topic) == (0.25, "")
