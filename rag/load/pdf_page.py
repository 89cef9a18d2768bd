"""A page of a PDF as words with their boxes, and as a picture, by PDFium (pypdfium2).

Coordinates are in points from the upper left corner of the page as it is shown, y downwards. What lies outside of the page is left out. It
knows neither lines nor columns.
"""

import ctypes
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import LoadError
from rag.load.characters import clean
from rag.load.layout import TO_RAISED

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

# PDFium has one sign in the place of a hyphen that divides a word and of the line end after it.
TOKEN = re.compile(r"[^\s\x02\ufffe]+[\x02\ufffe]?")
LINE = re.compile(r"[^\n\x02\ufffe]+[\x02\ufffe]?")
DIVIDED = re.compile(r"[\x02\ufffe\xad]$")
# In heights of the font: what a character and the space after a word take at the most in running text, and what a space takes usually.
PROSE_WIDTH = 0.42
PROSE_SPACE = 0.55
SPACE_WIDTH = 0.22
# In heights of the digit before it: how high a raised one is at the most, and how much higher it stands at the least.
RAISED_SIZE, RAISED_BY = 0.85, 0.1
DIGITS = re.compile(r"\d{2,}")
SAMPLE = 40
BOLD_WEIGHT = 600
BOLD_NAME = re.compile(rb"(?i)bold|black|heavy|demi|negrita")
MOST_PAGES = 20_000
MOST_WORDS = 100_000
LARGEST_PICTURE = 4_000


class Word(NamedTuple):
    """A run of characters without white space: its box, the height of its font, and whether all of its line is bold."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False

    @property
    def middle(self) -> float:
        """Half way between top and bottom."""
        return (self.top + self.bottom) / 2


Box = tuple[float, float, float, float]
# a, b, c, d, e, f: the point (x, y) becomes (a x + c y + e, b x + d y + f), as in ISO 32000-1, 8.3.3.
Matrix = tuple[float, float, float, float, float, float]
UNTURNED: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a page in the order of the file, as if it were turned so that its text can be read.

    `shown` turns a point of this page into one of the page as it is shown, `width` and `height` are those of the latter.
    """

    words: tuple[Word, ...]
    width: float
    height: float
    shown: Matrix = UNTURNED


@contextmanager
def opened(data: bytes) -> Iterator["PdfDocument"]:
    """The document in `data`.

    Raises:
        LoadError: no PDF, damaged beyond reading, or encrypted with a password.
    """
    import pypdfium2

    if b"%PDF-" not in data[:1_024]:
        raise LoadError("not a readable PDF: it does not begin with %PDF-")
    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        reason = str(error).lower()
        if "password" in reason or "security" in reason:
            raise LoadError("encrypted") from error
        raise LoadError(f"not a readable PDF: {' '.join(str(error).split())[:120]}") from error
    try:
        if count > MOST_PAGES:
            raise LoadError(f"a PDF of {count:,} pages (at most {MOST_PAGES:,})")
        yield document
    finally:
        document.close()


def read_page(document: "PdfDocument", number: int) -> Page:
    """The words of page `number`, which counts from 0; a page that is damaged has none."""
    import pypdfium2

    try:
        page = document[number]
        try:
            text = page.get_textpage()
            try:
                boxes = _Boxes(page, text)
                width, height = page.get_size()
                return Page(tuple(_words(page, text, boxes)), width, height, boxes.shown)
            finally:
                text.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return Page((), 612.0, 792.0)


def _words(page: "PdfPage", text: "PdfTextPage", boxes: "_Boxes") -> Iterator[Word]:
    width, height = page.get_size() if boxes.is_turned % 2 == 0 else page.get_size()[::-1]
    characters = _characters(text)
    unseen = clean(characters) != characters
    for line in LINE.finditer(characters):
        tokens = [token.span() for token in TOKEN.finditer(characters, *line.span())][:MOST_WORDS]
        if not tokens:
            continue
        bold = boxes.is_bold(tokens[0][0]) and boxes.is_bold(tokens[-1][1] - 1)
        starts = [boxes.of(start) for start, _ in tokens]
        for number, ((start, end), (left, top, right, bottom)) in enumerate(zip(tokens, starts, strict=True)):
            written = characters[start:end]
            if unseen and not (written := clean(DIVIDED.sub("-", written))):
                continue
            if DIGITS.search(written) and len(written) == end - start:
                written = _with_raised(written, start, boxes)
            size = bottom - top
            following = starts[number + 1][0] if number + 1 < len(starts) else -1.0
            if 0 < following - left <= (len(written) * PROSE_WIDTH + PROSE_SPACE) * size:
                # The next word begins where it would after a space; asking less often makes reading a third faster.
                right = following - min(SPACE_WIDTH * size, (following - left) / 2)
            elif end - start > 1:
                last_left, last_top, last_right, last_bottom = boxes.of(end - 1)
                left, top = min(left, last_left), min(top, last_top)
                right, bottom = max(right, last_right), max(bottom, last_bottom)
            if right >= 0 and bottom >= 0 and left <= width and top <= height:
                yield Word(written, left, top, right, bottom, round(size, 1), bold)


def _with_raised(written: str, start: int, boxes: "_Boxes") -> str:
    """`written`, which begins at `start`, with raised digits after a number as such: "250" and the mark of a note are not 2503."""
    for run in DIGITS.finditer(written):
        _, top, _, bottom = boxes.of(start + run.start())
        size, raised = bottom - top, run.end()
        while raised > run.start() + 1:
            _, top, _, low = boxes.of(start + raised - 1)
            if low - top > RAISED_SIZE * size or bottom - low < RAISED_BY * size:
                break
            raised -= 1
        written = written[:raised] + written[raised : run.end()].translate(TO_RAISED) + written[run.end() :]
    return written


def _characters(text: "PdfTextPage") -> str:
    """One character for each index of PDFium's, so that positions can be looked up."""
    from pypdfium2 import raw

    count = text.count_chars()
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text.raw, 0, count, buffer)
    if written == count + 1:
        units = bytes(buffer)[: 2 * count]
        characters = units.decode("utf-16-le", "surrogatepass")
        if len(characters) == count and not any("\ud800" <= character <= "\udfff" for character in characters):
            return characters
    codes = (raw.FPDFText_GetUnicode(text.raw, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)


class _Boxes:
    """Looks up the boxes of characters, and turns them from the space of the page (y upwards) to the page as it can be read."""

    def __init__(self, page: "PdfPage", text: "PdfTextPage") -> None:
        from pypdfium2 import raw

        self._raw = raw
        self._handle = text.raw
        self._rectangle = raw.FS_RECTF()
        self._at = ctypes.byref(self._rectangle)
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.byref(ctypes.c_int())
        shown = _matrix(page)
        self.is_turned = _quarter_turns(text, shown)
        self._matrix, self.shown = _turned(shown, self.is_turned, *page.get_size())
        self._is_upright = abs(self._matrix[1]) + abs(self._matrix[2]) < 0.01 and abs(self._matrix[0] - 1) < 0.01

    def of(self, index: int) -> Box:
        """Left, top, right and bottom of a character; all zero if PDFium does not know them."""
        self._raw.FPDFText_GetLooseCharBox(self._handle, index, self._at)
        box = self._rectangle
        a, b, c, d, e, f = self._matrix
        if self._is_upright:
            return box.left + e, f - box.top, box.right + e, f - box.bottom
        x = a * box.left + c * box.top + e, a * box.right + c * box.bottom + e
        y = b * box.left + d * box.top + f, b * box.right + d * box.bottom + f
        return min(x), min(y), max(x), max(y)

    def is_bold(self, index: int) -> bool:
        """Whether a character is bold: by the weight of its font or, where that says nothing, by the font's name."""
        if self._raw.FPDFText_GetFontWeight(self._handle, index) >= BOLD_WEIGHT:
            return True
        length = self._raw.FPDFText_GetFontInfo(self._handle, index, self._name, 128, self._flags)
        return 1 < length <= 128 and BOLD_NAME.search(self._name.raw, 0, length) is not None


def _quarter_turns(text: "PdfTextPage", shown: Matrix) -> int:
    """How often the page as it is shown must be turned to the right by 90 degrees for most of its text to be read."""
    from pypdfium2 import raw

    count = text.count_chars()
    turns: dict[int, int] = {0: 0}
    for index in range(0, count, max(1, count // SAMPLE)):
        angle = raw.FPDFText_GetCharAngle(text.raw, index)
        if angle >= 0:
            # Where the text runs to in the space of the page, and then as shown (y downwards).
            along, up = math.cos(angle), math.sin(angle)
            x, y = shown[0] * along + shown[2] * up, shown[1] * along + shown[3] * up
            turn = round(math.atan2(-y, x) / (math.pi / 2)) % 4
            turns[turn] = turns.get(turn, 0) + 1
    return max(turns, key=lambda turn: turns[turn])


def _turned(shown: Matrix, turns: int, width: float, height: float) -> tuple[Matrix, Matrix]:
    """`shown` followed by that many turns to the right, and what takes these turns back."""
    a, b, c, d, e, f = shown
    if turns == 1:
        return (-b, a, -d, c, height - f, e), (0.0, -1.0, 1.0, 0.0, 0.0, height)
    if turns == 2:
        return (-a, -b, -c, -d, width - e, height - f), (-1.0, 0.0, 0.0, -1.0, width, height)
    if turns == 3:
        return (b, -a, d, -c, f, width - e), (0.0, 1.0, -1.0, 0.0, width, 0.0)
    return shown, UNTURNED


def _matrix(page: "PdfPage") -> Matrix:
    """What turns a point of the page's own space into one of the page as it is shown, after rotation and cropping."""
    from pypdfium2 import raw

    width, height = page.get_size()
    scale = 100
    x, y = ctypes.c_int(), ctypes.c_int()

    def shown(right: float, up: float) -> tuple[float, float]:
        raw.FPDF_PageToDevice(page.raw, 0, 0, round(width * scale), round(height * scale), 0, right, up, ctypes.byref(x), ctypes.byref(y))
        return x.value / scale, y.value / scale

    origin, along, above = shown(0, 0), shown(1_000, 0), shown(0, 1_000)
    a, b = (along[0] - origin[0]) / 1_000, (along[1] - origin[1]) / 1_000
    c, d = (above[0] - origin[0]) / 1_000, (above[1] - origin[1]) / 1_000
    return a, b, c, d, *origin


def picture(data: bytes, number: int, width: int) -> bytes:
    """Page `number` (from 0) as a PNG picture, `width` pixels wide.

    Raises:
        LoadError: no such page, or one that cannot be drawn.
    """
    import pypdfium2

    with opened(data) as document:
        if not 0 <= number < len(document):
            raise LoadError(f"no page {number + 1}: it has {len(document)}")
        try:
            page = document[number]
            across, down = page.get_size()
            scale = min(width, LARGEST_PICTURE) / max(across, 1.0)
            scale = min(scale, LARGEST_PICTURE / max(down, 1.0))
            image = page.render(scale=scale, may_draw_forms=False).to_pil()
        except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
            raise LoadError("the page cannot be drawn") from error
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
