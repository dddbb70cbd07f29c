"""Wrongly decoded text is put right; nothing else is touched."""

import pytest

from hornbook.data.filters.mojibake import repaired
from tests.data.test_language import PARAGRAPHS

FRENCH = "Le café « Chez Zoé » était fermé à Noël – c’est l’été qu’il ouvre : 5 € l’entrée."
WRONG = ["latin-1", "cp1252", "cp1251"]


def wrongly_decoded(text, encoding):
    """As a program shows UTF-8 that it takes for another encoding; bytes that this lacks stay as they are."""
    return "".join(
        bytes([byte]).decode(encoding) if encoding == "latin-1" or _has(byte, encoding) else chr(byte)
        for byte in text.encode()
    )


def _has(byte, encoding):
    try:
        return bool(bytes([byte]).decode(encoding))
    except UnicodeDecodeError:
        return False


BROKEN = [
    ("CafÃ©", "Café"),
    ("donâ€™t", "don’t"),
    ("Ãœber StraÃŸen", "Über Straßen"),
    ("schÃ¶n\nÃ©tÃ©\nplain", "schön\nété\nplain"),
    ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
    ("РџСЂРёРІРµС‚", "Привет"),
    ("cafÃƒÂ©", "café"),  # twice
]


@pytest.mark.parametrize(("broken", "text"), BROKEN)
def test_wrongly_decoded_words_are_put_right(broken, text):
    assert repaired(broken) == text


@pytest.mark.parametrize("encoding", WRONG[:2])
@pytest.mark.parametrize("language", ["de", "fr", "es", "ru", "el", "ja", "zh", "ko", "hi", "th", "ar"])
def test_whole_paragraphs_are_put_right(encoding, language):
    assert repaired(wrongly_decoded(PARAGRAPHS[language], encoding)) == PARAGRAPHS[language]


@pytest.mark.parametrize("text", [*PARAGRAPHS.values(), FRENCH, "Ã is a letter, Â too", "x² ± 5 µm, 20 °C", "ÅÄÖ åäö"])
def test_clean_text_stays(text):
    assert repaired(text) == text
