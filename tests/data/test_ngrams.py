"""Words and n-grams as hashes: equal exactly where the words are, whatever else is in the batch."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.ngrams import hash_ngrams, hash_words, unique_per_text

TEXTS = st.lists(st.text(alphabet="abcAB12 .,-_\n'", max_size=60), max_size=6)


@given(TEXTS)
def test_words_are_runs_of_letters_and_digits(texts):
    expected = [(word, number) for number, text in enumerate(texts) for word in re.findall("[a-z0-9]+", text.lower())]
    found = hash_words(texts)
    assert found.texts.tolist() == [number for _, number in expected]
    pairs = {(word, hash_) for (word, _), hash_ in zip(expected, found.hashes.tolist(), strict=True)}
    assert len(pairs) == len({word for word, _ in pairs}) == len({hash_ for _, hash_ in pairs})


@given(TEXTS, st.integers(1, 4))
def test_ngrams_stay_inside_a_text_and_do_not_depend_on_the_batch(texts, n):
    together = hash_ngrams(hash_words(texts), n)
    for number, text in enumerate(texts):
        alone = hash_ngrams(hash_words([text]), n)
        assert together.hashes[together.texts == number].tolist() == alone.hashes.tolist()
        assert len(alone.hashes) == max(0, len(re.findall("[a-z0-9]+", text.lower())) - n + 1)


def test_scripts_without_spaces_are_cut_into_characters():
    assert len(hash_words(["質問に答える"]).hashes) == 6
    assert len(hash_words(["naïve déjà हिन्दी"]).hashes) == 3
    assert hash_words(["Ünder"]).hashes.tolist() == hash_words(["ünder"]).hashes.tolist()


def test_different_words_of_a_large_vocabulary_do_not_collide():
    vocabulary = [f"{a}{b}" for a in "abcdefghijklmnopqrstuvwxyz" for b in range(20_000)]
    assert len(np.unique(hash_words([" ".join(vocabulary)]).hashes)) == len(vocabulary)


def test_distinct_counts_each_ngram_once_a_text():
    grams = unique_per_text(hash_words(["b a b a", "", "a"]))
    assert grams.texts.tolist() == [0, 0, 2]
