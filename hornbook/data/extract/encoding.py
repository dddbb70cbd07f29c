"""Bytes of a text → characters: by byte-order mark, declaration, validity as UTF-8 or UTF-16, and frequency."""

import codecs
import re

from hornbook.data.extract.document import NotExtractable

HEAD = 2048  # bytes in which an encoding is declared
PROBE = 1 << 16  # bytes from which an undeclared encoding is guessed
MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
DECLARED = re.compile(  # HTML's meta element, XML's declaration, the comment of Python and Emacs
    rb"""(?:<meta[^>]{0,300}?charset\s*=\s*["']?|<\?xml[^>]{0,200}?encoding\s*=\s*["']"""
    rb"""|^[ \t\f]*\#.{0,80}?coding[:=]\s*)"""
    rb"([A-Za-z][A-Za-z0-9_.:-]{1,40})",
    re.IGNORECASE | re.MULTILINE,
)
AS_BROWSERS_READ = {  # declared name → its superset, which is what such pages are really written in
    "ascii": "cp1252", "iso8859-1": "cp1252", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030",
    "euc_kr": "cp949", "big5": "big5hkscs", "iso8859-9": "cp1254", "iso8859-11": "cp874",
}  # fmt: skip
ESCAPED = ("iso2022", "hz", "utf-7")  # encodings whose bytes are all ASCII
GUESSED = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "mac_roman",
    "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
WESTERN = "àâäáãåæçèéêëìíîïñòóôõöøœùúûüýÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜÝŸ‘’“”‚„–—…•·°§©®™€£«»×½¼¿¡\xa0"
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # escape and form feed occur in texts


def decode(data: bytes, declared: str = "") -> str:
    """The text, without its byte-order mark and with "\\n" as the only line end.

    `declared` is the encoding that the transport names (HTTP's charset), which precedes one declared in the text.
    Bytes that are valid UTF-8 are read as UTF-8 whatever is declared, since other encodings hardly ever are by chance.
    Raises NotExtractable for binary data and for bytes that fit no encoding.
    """
    text = _decode(data, declared)
    if len(CONTROLS.findall(text[:PROBE])) > len(text[:PROBE]) // 100:
        raise NotExtractable("binary file: it has control characters where a text has none")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, declared: str) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _lenient(data, encoding)
    found = DECLARED.search(data[:HEAD])
    names = [_codec(name) for name in (declared, found[1].decode("ascii") if found else "")]
    for name in names:
        if name.startswith(ESCAPED) and (text := _strict(data, name)) is not None:
            return text
    for name in ["" if b"\0" not in data else _utf16(data), "utf-8", *names]:
        if name and (text := _strict(data, name)) is not None:
            return text
    if (text := _mostly_utf8(data)) is not None:
        return text
    if b"\0" in data:
        raise NotExtractable("binary file: it has zero bytes, and is no UTF-16 or UTF-32")
    return _lenient(data, _guess(data))


def _codec(name: str) -> str:
    """Python's name of an encoding, as browsers understand it; "" if unknown."""
    try:
        known = codecs.lookup(name.strip("\"' ").removeprefix("x-").lower())
    except (LookupError, ValueError):
        return ""
    return AS_BROWSERS_READ.get(known.name, known.name) if getattr(known, "_is_text_encoding", True) else ""


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, ValueError):
        return None


def _lenient(data: bytes, encoding: str) -> str:
    """The text, where a few bytes may be wrong. Raises NotExtractable where more than one character in 100 is."""
    text = data.decode(encoding, "replace")
    wrong = text.count("\ufffd")
    if wrong > max(1, len(text) // 100):
        raise NotExtractable(f"unknown encoding: {wrong:,} of {len(text):,} characters are invalid as {encoding}")
    return text


def _utf16(data: bytes) -> str:
    """The byte order of UTF-16 without a mark, in which ASCII characters have a zero byte; "" if it is not that."""
    probe = data[: PROBE & ~1]
    for encoding, high in (("utf-16-le", probe[1::2]), ("utf-16-be", probe[0::2])):
        low = probe[0::2] if encoding == "utf-16-le" else probe[1::2]
        if high.count(0) > 20 * low.count(0) and (text := _strict(probe[: len(probe) & ~1], encoding)) is not None:
            common = sum(text.count(letter) for letter in " \n\u3000\u3001\u3002")
            if common * 100 >= len(text) and not CONTROLS.search(text):
                return encoding
    return ""


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 in which a few bytes are wrong: at least ten valid sequences of several bytes for each wrong one."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    valid = len(text) - wrong - len(re.sub(r"[^\x00-\x7f]+", "", text[:PROBE])) if wrong else 0
    return text if valid >= 10 * wrong and wrong <= len(text) // 100 else None


def _guess(data: bytes) -> str:
    """The most likely encoding of a text that is not UTF-8 and declares none."""
    from charset_normalizer import from_bytes

    probe = _around_first_high_byte(data)
    western = _strict(probe, "cp1252")
    if western is not None and _looks_western(western):
        return "cp1252"
    best = from_bytes(probe, cp_isolation=GUESSED, threshold=0.4, steps=10, chunk_size=1024).best()
    if best is None:
        raise NotExtractable("unknown encoding: neither UTF-8, UTF-16 nor a common older one")
    return best.encoding


def _around_first_high_byte(data: bytes) -> bytes:
    """A part from which the encoding can be seen; it begins and ends with a whole line where there are lines."""
    high = re.search(rb"[\x80-\xff]", data)
    begin = max(0, (high.start() if high else 0) - PROBE // 4)
    part = data[begin : begin + PROBE]
    if begin:
        part = part[part.find(b"\n") + 1 :]
    return part[: part.rfind(b"\n") + 1] or part if begin + PROBE < len(data) else part


def _looks_western(text: str) -> bool:
    """Whether the characters beyond ASCII are those of western European texts, and mostly stand alone in words."""
    beyond = re.findall(r"[^\x00-\x7f]+", text)
    letters = "".join(beyond)
    return sum(letter in WESTERN for letter in letters) >= 0.98 * len(letters) and len(letters) < 1.3 * len(beyond)
