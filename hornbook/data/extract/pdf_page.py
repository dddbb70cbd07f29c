"""A page of a PDF → segments of its lines: runs of characters without a wide gap, with place, size and font."""

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as raw

RAISED, LOWERED = "\ue000", "\ue001"  # around the digits of a superscript, until its meaning is known
MOST_RULES = 1_000  # more of them are a drawing
MOST_SEGMENTS = 3_000  # of a page; the rest is left out
FIRST_WIDE = "\u2e80"  # from here on are the scripts of East Asia, whose characters all have one width
ACCENT_REACH = 300  # characters back from an accent to its letter
WIDE_GAP = 0.75  # of the font's size: from here on two segments
WORD_GAP = 0.16  # of the font's size: from here on two words
BOLD = ("bold", "black", "heavy", "demi", "-bd", "cmbx", "sfbx", "nimbusromno9l-medi", "tib", "ptmb")
ITALIC = ("ital", "obli", "slant", "cmti", "cmsl", "sfti")
MONO = ("mono", "courier", "cmtt", "cmsltt", "cmitt", "ectt", "sltt", "sftt", "consol", "menlo", "typewriter")
_ACCENTS = dict(
    zip("`´¨ˆ˜¯˘˙˚¸ˇ˝", "\u0300\u0301\u0308\u0302\u0303\u0304\u0306\u0307\u030a\u0327\u030c\u030b", strict=True)
)
_SPACING = {combining: spacing for spacing, combining in _ACCENTS.items()}
_UNNAMED = {  # codes in fonts that do not name their characters: of TeX (all else is as in ASCII), and Word's bullets
    **dict(zip(range(0x0B, 0x10), "ﬀﬁﬂﬃﬄ", strict=True)),
    **dict(zip(range(0x1B, 0x20), "ﬀﬁﬂﬃﬄ", strict=True)),
    **dict(zip((0x10, 0x11, 0x12, 0x15, 0x16, 0x88), "“”„–—•", strict=True)),
    **dict(zip((0xF0B7, 0xF0A7, 0xF0D8), "•▪➢", strict=True)),
}
_TEX_SIGNS = dict(zip(map(ord, "PXRZQYpqrs"), "∑∑∫∫∏∏√√√√", strict=True))
HYPHEN = 0x02  # PDFium's code of a hyphen at a line's end
_FROM_LEFT = re.compile(r"[0-9A-Za-z]+(?:[ .,:/-]?[0-9A-Za-z]+)*")  # numbers and words of Latin in such a text
_FIXED_PITCH, _ITALIC, _FORCE_BOLD = 1, 1 << 6, 1 << 18  # flags of a font's descriptor


class Font(NamedTuple):
    bold: bool
    italic: bool
    mono: bool  # of fixed width
    signs: bool  # TeX's font for large signs


PLAIN = Font(False, False, False, False)


class Glyph(NamedTuple):
    """A character: left and right edge, baseline from the page's top, in points; the size is that of its font.

    `spaced`: a space stands before it, in the file or as PDFium sees it (for the edges are those of the ink too, and
    an italic f reaches over the space behind it).
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    font: Font
    spaced: bool


class Rule(NamedTuple):
    """A straight line that is drawn on the page, as the frame of a table; in points from the top left."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass
class Segment:
    """A part of a line: characters that follow each other without a wide gap."""

    text: str
    x0: float
    x1: float
    y: float  # baseline, from the top
    size: float
    bold: bool
    italic: bool
    mono: bool

    @property
    def top(self) -> float:
        return self.y - 0.75 * self.size

    @property
    def bottom(self) -> float:
        return self.y + 0.2 * self.size


@dataclass
class Page:
    width: float
    height: float
    segments: list[Segment] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    unmapped: int = 0  # characters whose font does not say what they mean
    characters: int = 0


def read_page(document: pdfium.PdfDocument, index: int, most_characters: int) -> Page:
    """The segments and rules of a page, upright: text that is turned otherwise than most of the page is left out.

    Raises pdfium.PdfiumError if the page is damaged.
    """
    page = document[index]
    text_page = page.get_textpage()
    try:
        left, bottom, right, top = page.get_bbox()
        frame = (left, bottom, right, top)
        found, unmapped = _characters(text_page.raw, min(raw.FPDFText_CountChars(text_page), most_characters))
        turns = Counter(turn for turn, _ in found)
        turn = turns.most_common(1)[0][0] if turns else 0
        glyphs = [_upright(glyph, turn, frame) for turned, glyph in found if turned == turn]
        width, height = (right - left, top - bottom) if turn % 2 == 0 else (top - bottom, right - left)
        glyphs = [one for one in glyphs if one.x0 >= -2 and one.x1 <= width + 2 and 0 <= one.y <= height + 2]
        rules = _rules(page, frame) if turn == 0 else []
        return Page(
            width,
            height,
            _segments(_left_to_right(_with_accents(glyphs)), rules)[:MOST_SEGMENTS],
            rules,
            unmapped,
            len(found),
        )
    finally:
        text_page.close()
        page.close()


def _characters(text_page: Any, count: int) -> tuple[list[tuple[int, Glyph]], int]:
    """(quarter turns, character in the page's own coordinates) in the order of drawing, and how many mean nothing."""
    found: list[tuple[int, Glyph]] = []
    fonts: dict[int | None, Font] = {}
    box, x, y, matrix = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double(), raw.FS_MATRIX()
    unmapped, size, turn, font, spaced = 0, 0.0, 0, PLAIN, False
    last_object: int | None = -1
    for index, code in _codes(text_page, count):
        if chr(code).isspace():
            spaced = True
            continue
        text_object = raw.FPDFText_GetTextObject(text_page, index)
        address = ctypes.cast(text_object, ctypes.c_void_p).value
        if address != last_object:
            raw.FPDFText_GetMatrix(text_page, index, matrix)
            size = raw.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d)
            angle = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
            turn = round(angle) % 4 if abs(angle - round(angle)) < 0.05 else -1
            font = _font(raw.FPDFTextObj_GetFont(text_object), fonts) if address else PLAIN
            last_object = address
        if raw.FPDFText_HasUnicodeMapError(text_page, index) == 1 or 0xE000 <= code <= 0xF8FF:
            unmapped += 1
            code = ord((_TEX_SIGNS if font.signs else _UNNAMED).get(code, chr(code)))
        if (code < 0x20 and code != HYPHEN) or 0xE000 <= code <= 0xF8FF:
            continue
        raw.FPDFText_GetLooseCharBox(text_page, index, box)
        raw.FPDFText_GetCharOrigin(text_page, index, x, y)
        numbers = (box.left, box.right, box.bottom, box.top, x.value, y.value, size)
        if turn < 0 or not all(map(math.isfinite, numbers)) or not 0.5 < size < 2_000:
            continue
        edges = (x.value, box.right) if turn == 0 else (box.left, box.right) if turn == 2 else (box.bottom, box.top)
        baseline = y.value if turn % 2 == 0 else x.value
        found.append((turn, Glyph(_character(code), edges[0], max(edges), baseline, size, font, spaced)))
        spaced = False
    return found, unmapped


def _codes(text_page: Any, count: int) -> Iterator[tuple[int, int]]:
    """(index, code point) of the page's characters, with the spaces and line ends that PDFium puts between words."""
    high = 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text_page, index)
        if 0xD800 <= code < 0xDC00:  # the first half of a code point beyond U+FFFF
            high = code
        elif not 0xDC00 <= code < 0xE000:
            if code <= 0x10FFFF:
                yield index, code
            high = 0
        elif high:
            yield index, 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00
            high = 0


def _character(code: int) -> str:
    if code in (HYPHEN, 0xFFFE, 0xAD, 0x2010):
        return "-"
    character = _SPACING.get(chr(code), chr(code))
    if 0xFB00 <= code <= 0xFB06 or 0x1D400 <= code <= 0x1D7FF:  # ligatures; the italic and bold letters of formulas
        return unicodedata.normalize("NFKC", character)
    return "" if unicodedata.category(character) == "Cc" else character


def _font(font: Any, known: dict[int | None, Font]) -> Font:
    """Its style by name and flags."""
    address = ctypes.cast(font, ctypes.c_void_p).value
    if address not in known:
        buffer = ctypes.create_string_buffer(128)
        raw.FPDFFont_GetBaseFontName(font, buffer, 128)
        name = buffer.value.decode("latin-1").lower()
        flags = max(0, raw.FPDFFont_GetFlags(font))
        known[address] = Font(
            bold=any(part in name for part in BOLD) or bool(flags & _FORCE_BOLD),
            italic=any(part in name for part in ITALIC) or bool(flags & _ITALIC),
            mono=any(part in name for part in MONO) or bool(flags & _FIXED_PITCH),
            signs="cmex" in name or "lmex" in name,
        )
    return known[address]


def _upright(glyph: Glyph, turn: int, frame: tuple[float, float, float, float]) -> Glyph:
    """The character in points from the top left of the page as it is read."""
    left, bottom, right, top = frame
    if turn == 0:
        return glyph._replace(x0=glyph.x0 - left, x1=glyph.x1 - left, y=top - glyph.y)
    if turn == 1:
        return glyph._replace(x0=glyph.x0 - bottom, x1=glyph.x1 - bottom, y=glyph.y - left)
    if turn == 2:
        return glyph._replace(x0=right - glyph.x1, x1=right - glyph.x0, y=glyph.y - bottom)
    return glyph._replace(x0=top - glyph.x1, x1=top - glyph.x0, y=right - glyph.y)


def _rules(page: pdfium.PdfPage, frame: tuple[float, float, float, float]) -> list[Rule]:
    """Thin paths: lines, and the edges of rectangles."""
    found = []
    for one in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=3):
        try:
            x0, y0, x1, y1 = one.get_bounds()
        except pdfium.PdfiumError:
            continue
        rule = Rule(x0 - frame[0], frame[3] - y1, x1 - frame[0], frame[3] - y0)
        width, height = rule.x1 - rule.x0, rule.y1 - rule.y0
        if min(width, height) < 3 and max(width, height) > 6:
            found.append(rule)
        elif raw.FPDFPath_CountSegments(one) <= 6 and 6 < height < 400 and width > 6:
            found += [rule._replace(x1=rule.x0 + 1), rule._replace(x0=rule.x1 - 1)]
            found += [rule._replace(y1=rule.y0 + 1), rule._replace(y0=rule.y1 - 1)]
        if len(found) > MOST_RULES:
            return []
    return found


def _segments(glyphs: list[Glyph], rules: list[Rule]) -> list[Segment]:
    """The characters in runs, as they are drawn one after the other on a line."""
    upright_rules = sorted((rule for rule in rules if rule.y1 - rule.y0 > rule.x1 - rule.x0), key=lambda rule: rule.x0)
    found: list[Segment] = []
    run: list[Glyph] = []
    for glyph in glyphs:
        if run and not _follows(run, glyph, upright_rules):
            found.append(_segment(run))
            run = []
        run.append(glyph)
    return [*found, _segment(run)] if run else found


def _follows(run: list[Glyph], glyph: Glyph, upright_rules: list[Rule]) -> bool:
    last, size = run[-1], max(run[-1].size, glyph.size)
    gap = glyph.x0 - last.x1
    if abs(glyph.x0 - last.x0) < 0.05 * size and glyph.y == last.y:
        return True  # letters of a ligature, which PDFium gives the same place
    if abs(glyph.y - last.y) > 0.5 * size or not -0.6 * size < gap < WIDE_GAP * size:
        return False
    if min(last.size, glyph.size) > 0.95 * size and abs(glyph.y - last.y) > 0.35 * size:
        return False  # another line
    return gap < 1 or not any(
        last.x1 - 1 <= rule.x0 <= glyph.x0 + 1 and rule.y0 < glyph.y and rule.y1 > glyph.y - size / 2
        for rule in upright_rules
    )


def _segment(run: list[Glyph]) -> Segment:
    sizes = Counter(round(glyph.size, 1) for glyph in run)
    size = max(sizes, key=lambda one: (sizes[one], one))
    if all(glyph.text.isupper() for glyph in run if glyph.text.isalpha()):
        size = max(sizes)  # small capitals after a large one
    baselines = Counter(round(glyph.y, 1) for glyph in run if round(glyph.size, 1) == size)
    y = baselines.most_common(1)[0][0]
    letters = [glyph for glyph in run if glyph.text.isalnum()] or run
    return Segment(
        _text(run, size, y),
        run[0].x0,
        max(glyph.x1 for glyph in run),
        y,
        size,
        all(glyph.font.bold for glyph in letters),
        all(glyph.font.italic for glyph in letters),
        _even_steps(run) or all(glyph.font.mono and glyph.text < FIRST_WIDE for glyph in letters),
    )


def _even_steps(run: list[Glyph]) -> bool:
    """Whether the letters are of one width, as in a font of fixed width that does not say so."""
    if len(run) < 8 or max(glyph.text for glyph in run) >= FIRST_WIDE:
        return False
    steps = [after.x0 - before.x0 for before, after in pairwise(run)]
    step = min(steps)
    return step > 0.3 * run[0].size and all(abs(one / step - round(one / step)) < 0.03 for one in steps)


def _left_to_right(glyphs: list[Glyph]) -> list[Glyph]:
    """Lines of Arabic or Hebrew, whose characters come in any order, sorted as they stand on the page."""
    found: list[Glyph] = []
    for _, line in groupby(glyphs, key=lambda glyph: round(glyph.y)):
        several = list(line)
        if any(is_from_right(glyph.text) for glyph in several):
            several = [one._replace(spaced=False) for one in sorted(several, key=lambda one: one.x0)]
        found += several
    return found


def is_from_right(text: str) -> bool:
    """Whether it has letters of Arabic or Hebrew."""
    return not text.isascii() and any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


def _text(run: list[Glyph], size: float, y: float) -> str:
    """The text with spaces between words, and raised digits marked."""
    text = _as_it_stands(run, size, y)
    if not is_from_right(text):
        return text
    return _FROM_LEFT.sub(lambda found: found[0][::-1], text[::-1])


def _as_it_stands(run: list[Glyph], size: float, y: float) -> str:
    parts: list[str] = []
    last: Glyph | None = None
    raised = False
    for glyph in run:
        gap = glyph.x0 - last.x1 if last else 0.0
        space = last is not None and (glyph.spaced or gap > WORD_GAP * min(size, max(last.size, glyph.size)))
        up = glyph.size < 0.85 * size and y - glyph.y > 0.2 * size and glyph.text.isdigit()
        if raised and (space or not up):
            parts.append(LOWERED)
        parts.append(" " if space else "")
        if up and (space or not raised):
            parts.append(RAISED)
        parts.append(glyph.text)
        raised, last = up, glyph
    return "".join([*parts, LOWERED if raised else ""])


def _with_accents(glyphs: list[Glyph]) -> list[Glyph]:
    """Accents that are drawn over or under a letter put together with it; PDFium may tell one late in the line."""
    found: list[Glyph] = []
    waiting: Glyph | None = None  # an accent that has no letter yet
    for glyph in glyphs:
        if waiting and _is_at(waiting, glyph):
            glyph, waiting = _accented(glyph, waiting), None
        elif waiting:
            found.append(waiting)
            waiting = None
        if glyph.text not in _ACCENTS:
            found.append(glyph)
            continue
        first = max(0, len(found) - ACCENT_REACH)
        place = next((at for at in range(len(found) - 1, first - 1, -1) if _is_at(glyph, found[at])), None)
        if place is None:
            waiting = glyph
        else:
            found[place] = _accented(found[place], glyph)
    return [*found, waiting] if waiting else found


def _is_at(accent: Glyph, letter: Glyph) -> bool:
    middle = (accent.x0 + accent.x1) / 2
    return letter.text.isalpha() and letter.x0 <= middle <= letter.x1 and abs(accent.y - letter.y) < 0.6 * letter.size


def _accented(letter: Glyph, accent: Glyph) -> Glyph:
    """The letter with its accent; what Unicode has not as one character is a quotation mark before the letter."""
    bare = {"ı": "i", "ȷ": "j"}.get(letter.text, letter.text)
    one = unicodedata.normalize("NFC", bare + _ACCENTS[accent.text])
    return letter._replace(text=one if len(one) == 1 else accent.text + letter.text)
