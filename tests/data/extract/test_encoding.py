"""Texts in the encodings that files have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.encoding import decode

FRENCH = "L’été dernier, nous sommes allés à la plage où il faisait très chaud. Ça alors, déjà vu : un cœur naïf."
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему."
JAPANESE = "吾輩は猫である。名前はまだ無い。\nどこで生れたか とんと見当がつかぬ。\n"
ENCODED = [  # text, encoding
    (FRENCH, "cp1252"),
    ("café", "cp1252"),
    ("He said “hello” – and left…", "cp1252"),
    ("Die Straße führt über die Brücke; schöne Grüße aus Köln.", "cp1252"),
    (FRENCH, "mac_roman"),
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8_r"),
    ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.", "cp1253"),
    (JAPANESE, "cp932"),
    (JAPANESE * 5, "euc_jp"),
    ("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。", "gb18030"),
    ("人人生而自由,在尊嚴和權利上一律平等。他們賦有理性和良心,並應以兄弟關係的精神相對待。", "big5"),
    ("모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", "cp949"),
    ("Plain text in two bytes a letter.\nAnother line", "utf-16-le"),
    ("Plain text in two bytes a letter.\nAnother line", "utf-16-be"),
    (RUSSIAN + "\n", "utf-16-le"),
    (FRENCH, "utf-16"),
    (FRENCH, "utf-32"),
    (FRENCH, "utf-8-sig"),
    (FRENCH, "utf-8"),
]
DECLARED = [  # bytes, declared by HTTP, text
    ('<meta charset="shift_jis"><p>日本'.encode("cp932"), "", '<meta charset="shift_jis"><p>日本'),
    ("<?xml encoding='koi8-r'?><a>да".encode("koi8_r"), "", "<?xml encoding='koi8-r'?><a>да"),
    ("# -*- coding: iso-8859-2 -*-\n# ąę\n".encode("iso8859_2"), "", "# -*- coding: iso-8859-2 -*-\n# ąę\n"),
    ("ąę".encode("cp1250"), "windows-1250", "ąę"),
    ("“quoted” é".encode("cp1252"), "iso-8859-1", "“quoted” é"),
    ("日本語".encode("iso2022_jp"), "ISO-2022-JP", "日本語"),
    ("naïve".encode(), "iso-8859-1", "naïve"),  # declared wrongly, and valid UTF-8
    ("naïve".encode("cp1252"), "no-such-encoding", "naïve"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "encoding"), ENCODED, ids=[row[1] + ": " + row[0][:10] for row in ENCODED])
def test_the_encoding_is_found(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(("data", "declared", "text"), DECLARED)
def test_a_declared_encoding_is_used(data: bytes, declared: str, text: str) -> None:
    assert decode(data, declared) == text


def test_line_ends_and_a_few_wrong_bytes() -> None:
    assert decode(b"a\r\nb\rc\n") == "a\nb\nc\n"
    text = "naïve café, déjà vu, Zoë, señor, jalapeño, crème brûlée. " * 3
    assert decode(text.encode()[:-1] + b"\xff ") == text[:-1] + "\ufffd "


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\x00\x01\x02" * 99, b"text\x01\x02\x03\x04" * 20])
def test_binary_data_is_no_text(data: bytes) -> None:
    with pytest.raises(NotExtractable):
        decode(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_set_aside(data: bytes) -> None:
    try:
        decode(data)
    except NotExtractable as reason:
        assert "\n" not in str(reason)


@given(st.text(max_size=200))
def test_utf_8_is_read_as_it_is(text: str) -> None:
    try:
        found = decode(text.encode("utf-8", "ignore"))
    except NotExtractable as reason:
        assert "binary" in str(reason)
        return
    assert "\0" in text or found == text.encode("utf-8", "ignore").decode().removeprefix("\ufeff").replace(
        "\r\n", "\n"
    ).replace("\r", "\n")
