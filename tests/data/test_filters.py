"""What each filter drops, and what it must not."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Document
from hornbook.data.document_filters import DocumentFilters
from hornbook.data.filters.clean import clean_text
from hornbook.data.filters.corrupt import bad_characters
from hornbook.data.filters.duplicates import drop_exact_duplicates, drop_near_duplicates, signatures, similarities
from hornbook.data.filters.language import identify, set_languages, unwanted_language
from hornbook.data.filters.outliers import Outliers, join_samples, sample_documents
from hornbook.data.filters.quality import quality
from hornbook.data.settings import CurateSettings

PROSE = (
    "A heap is a tree whose parents are never larger than their children. Because the smallest element is always at "
    "the root, it can be found at once; when it is removed, the last leaf takes its place and sinks until the order "
    "holds again. For example, to sort a list we push every item and then pop them one after the other. "
)


def documents(*texts, **fields):
    return [Document(id=f"doc-{n}", text=text, source="web", origin=f"o{n}", **fields) for n, text in enumerate(texts)]


def run(filter_, found, *settings):
    dropped = {}
    kept = filter_(found, *settings, lambda document, reason: dropped.__setitem__(document.origin, reason))
    assert len(kept) + len(dropped) == len(found)
    return [document.origin for document in kept], dropped


def words(count, seed):
    chosen = random.Random(seed)
    return [
        chosen.choice(["alpha", "beta", "gamma", "delta", "omega", "sigma", "kappa", "theta"])
        + str(chosen.randrange(500))
        for _ in range(count)
    ]


def test_exact_duplicates_differ_in_case_and_space_only():
    kept, dropped = run(drop_exact_duplicates, documents("One two", "one\n  TWO", "one, two"))
    assert kept == ["o0", "o2"] and dropped == {"o1": "exact duplicate: of o0"}


def test_near_duplicates_go_and_others_stay():
    text = words(300, 1)
    changed = [*text[:150], "new", *text[151:]]  # 5 of 296 shingles: Jaccard 0.97
    half = text[:150] + words(150, 2)
    found = documents(*(" ".join(t) for t in (text, changed, half, words(300, 3))), "too few", "too few words")
    kept, dropped = run(drop_near_duplicates, found, 0.8)
    assert kept == ["o0", "o2", "o3", "o4", "o5"] and dropped == {"o1": "near duplicate: of o0"}
    assert run(drop_near_duplicates, found, 1.1)[1] == {}


def test_signatures_estimate_the_jaccard_similarity():
    text = words(2000, 1)
    pairs = [" ".join(text), " ".join(text[:1000] + words(1000, 5))]
    bands, _ = signatures(pairs)
    assert similarities(bands[:1], bands[1:])[0] == pytest.approx(1 / 3, abs=0.15)


SENTENCES = {
    "en": "The train leaves the station every morning, and the people of the town know the sound well.",
    "de": "Der Zug verlässt jeden Morgen den Bahnhof, und die Leute in der Stadt kennen das Geräusch gut.",
    "fr": "Le train quitte la gare tous les matins, et les gens de la ville connaissent bien ce bruit.",
    "ja": "電車は毎朝駅を出発し、町の人々はその音をよく知っています。",
    "hi": "ट्रेन हर सुबह स्टेशन से निकलती है और शहर के लोग उस आवाज़ को अच्छी तरह जानते हैं।",
}


def test_languages_are_told_apart_and_chosen():
    assert [name for name, _ in identify(list(SENTENCES.values()))] == list(SENTENCES)
    found = documents(*SENTENCES.values())
    set_languages(found)
    assert [unwanted_language(d, ["de", "ja"], 0.3)[:8] for d in found] == [
        "language", "", "language", "", "language"
    ]  # fmt: skip
    assert not any(unwanted_language(document, [], 0.3) for document in found)
    assert found[2].language == "fr" and found[2].language_score > 0.5
    code = documents("def f(): return 1", kind="code", language="python")
    set_languages(code)
    assert unwanted_language(code[0], ["de"], 0.3) == ""


def test_code_examples_do_not_hide_the_language_of_a_text():
    text = SENTENCES["en"] + "\n\n" + ">>> x = ['für', 'über', 'Straße', 'Mädchen'] * 3\n" * 20
    assert identify([text])[0][0] == "en"


def test_binaries_and_failed_decodings_go():
    texts = [PROSE, PROSE + "\0" * 5, "caf\ufffd " * 20, "tabs\tand\nlines are fine " * 5]
    assert [bool(bad_characters(text)) for text in texts] == [False, True, True, False]


BATCH = [
    PROSE * 3,
    SENTENCES["de"] * 4,
    PROSE + "\0" * 9,
    "buy now " * 100,
    PROSE + PROSE + "Write to anna@firm.de, or call +49 30 901820.",
    PROSE + PROSE + "The cafÃ© is closed.",
]


@given(st.lists(st.integers(0, len(BATCH) - 1), max_size=8), st.integers(0, 8))
def test_a_document_is_judged_alike_in_any_batch(numbers, cut):
    filters = DocumentFilters(CurateSettings())
    texts = [BATCH[number] for number in numbers]
    whole, one, other = documents(*texts), documents(*texts)[:cut], documents(*texts)[cut:]
    assert filters.judge(whole) == filters.judge(one) + filters.judge(other)
    assert whole == one + other


def test_texts_are_repaired_and_masked_and_that_is_counted():
    filters = DocumentFilters(CurateSettings())
    found = documents(*BATCH)
    reasons = [reason.partition(":")[0] for reason in filters.judge(found)]
    assert reasons == ["", "language", "bad characters", "low quality", "", ""]
    assert found[4].text.endswith("Write to email@example.com, or call 555-0100.")
    assert found[5].text.endswith("The café is closed.")
    assert filters.counts == {
        "licences": {"unknown": 6},
        "repaired": {"documents": 1},
        "languages_in": {"en": 4, "de": 1},
        "masked": {"email": 1, "phone": 1},
    }


def test_what_is_put_back_passes_the_other_filters():
    filters = DocumentFilters(CurateSettings(put_back=["language", "low quality"]))
    found = documents(SENTENCES["de"] * 4 + "Post an anna@firm.de.", PROSE + "\0" * 9)
    assert [reason.partition(":")[0] for reason in filters.judge(found)] == ["", "bad characters"]
    assert "anna" not in found[0].text and found[0].language == "de"


def test_only_allowed_licences_are_kept():
    filters = DocumentFilters(CurateSettings(licences=["cc-by-4.0", "mit"]))
    found = [
        documents(PROSE * 3, metadata={"license": licence} if licence else {})[0]
        for licence in ("MIT License", "https://creativecommons.org/licenses/by/4.0/", "GPLv3", "")
    ]
    assert filters.judge(found) == ["", "", "licence: GPL-3.0-only", "licence unknown: none given"]
    assert filters.counts["licences"] == {"MIT": 1, "CC-BY-4.0": 1, "GPL-3.0-only": 1, "unknown": 1}


def ordinary(count):
    chosen = random.Random(7)
    sentences = PROSE.split(". ")
    vocabulary = PROSE.split()
    return [" ".join(chosen.choice(vocabulary) for _ in range(120)) + chosen.choice(sentences) for _ in range(count)]


def test_outliers_of_compression_and_ngrams_go():
    noise = random.Random(1)
    base64 = "".join(
        noise.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") for _ in range(900)
    )
    found = documents(*ordinary(100), base64, "buy now " * 200, language="en")
    reasons = outlier_reasons(found)
    assert reasons[:100] == [""] * 100
    assert reasons[100] and "compression" in reasons[101]


def outlier_reasons(found):
    """Reasons by what is typical of the documents themselves."""
    outliers = Outliers(sample_documents(found, [document.id for document in found]))
    return [outliers.reason(document) for document in found]


def test_a_minority_language_is_not_an_outlier():
    found = documents(*ordinary(100), language="en") + documents(*[SENTENCES["ja"] * 5] * 3, language="ja")
    assert outlier_reasons(found) == [""] * 103


def test_a_few_documents_have_no_typical_values():
    assert outlier_reasons(documents(PROSE, "x = 1\n" * 3, "Zq" * 10)) == [""] * 3


@given(st.integers(0, 2500), st.integers(0, 2500))
def test_a_sample_does_not_depend_on_how_the_documents_are_divided(first, second):
    found = documents(*[""] * 2500, language="en")
    names = [f"{number * 7919 % 2500:04d}" for number in range(2500)]
    bounds = [0, *sorted((first, second)), 2500]
    parts = [sample_documents(found[a:b], names[a:b]) for a, b in pairwise(bounds)]
    assert join_samples(one for part in parts for one in part) == sample_documents(found, names)


CODE = '''
# Heaps: the smallest item is always at the front.
def push(heap, item):
    """Add an item and let it rise to its place."""
    heap.append(item)
    place = len(heap) - 1
    while place > 0:  # stop at the root
        parent = (place - 1) // 2
        if heap[parent] <= heap[place]:
            break
        heap[parent], heap[place] = heap[place], heap[parent]
        place = parent
'''
JUNK = {
    "word list": "\n".join(words(400, 1)),
    "numbers": "\n".join(f"{n}, {n * n}, {n % 7}" for n in range(200)),
    "menu": "Home | Login | Cart\nHome | Login | Cart\nContact\nHome | Login\n" * 20,
    "shouting": "BUY!!! $$$ >>>> CLICK <<<< ==== #1 #2 #3 !!! $$$ " * 30,
}


@pytest.mark.parametrize("name", JUNK)
def test_prose_scores_above_junk(name):
    good, bad = documents(PROSE * 3, JUNK[name], language="en")
    assert quality(good) > 0.75 > 0.5 > quality(bad)


def test_code_scores_above_tables_of_data():
    table = "TABLE = [\n" + "".join(f"    ({n}, {n + 1}, 0x{n:04x}),\n" for n in range(300)) + "]\n"
    good, bad = documents(CODE * 3, table, kind="code", language="python")
    assert quality(good) > 0.75 > 0.5 > quality(bad)


@given(st.text(max_size=300), st.sampled_from(["prose", "code"]), st.sampled_from(["en", "ja", ""]))
def test_any_text_has_a_score_between_0_and_1(text, kind, language):
    assert 0 <= quality(documents(text, kind=kind, language=language)[0]) <= 1


@given(st.text(alphabet="ab \t\r\n\u200be\u0301", max_size=80))
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_text(text)
    assert clean_text(once) == once
    assert "".join(once.split()) == "".join(clean_text(text.replace("\r", "\n")).split())
