"""Bytes to text, and the reader of plain text files.

The text is the file's own: only a byte order mark is taken off; line ends stay as they are. Knows the encodings that English and Spanish
files come in; a file in any other is read as the nearest of them or refused as binary.
"""

import codecs
import itertools
import re
from collections.abc import Collection, Iterator

from rag.errors import LoadError
from rag.load.characters import shown
from rag.load.dates import HEAD_CHARACTERS, find_date, parse_date
from rag.load.parsed import Parsed, first_line
from rag.references import heading_reference
from rag.sentences import with_line_feeds
from rag.types import Heading

# Longer marks first: the UTF-32 one begins with the UTF-16 one.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
EIGHT_BIT_ENCODINGS = ["cp1252", "cp850", "mac_roman"]
EXPECTED = frozenset("áéíóúüñçàèòïÁÉÍÓÚÜÑÇ¿¡ºª«»“”‘’–—…€£©·")
SAMPLE_BYTES = 65_536
# Control characters that no text file holds in number; tab, line feed, form feed, carriage return and escape do occur.
CONTROLS = bytes({*range(32)} - {9, 10, 11, 12, 13, 27})

LONGEST_HEADING = 90
# Bullets, quotations, table rows, code, lines that go on from another, "Label: value", and questions, which `rag.split` takes care of.
NO_HEADING = re.compile(r"[-*•·–—>|«“\"'(\[]|[^\W\d_A-ZÀ-ÖØ-Þ]|(?=.{0,20}[a-zà-ÿ])[\w ]{1,20}: |.*\?$|.*[|_<>={}$@]")

LONGEST_LEADING = 70
LEAST_WIDTH = 40  # lines of a list say nothing of how wide a line may be
LISTED = re.compile(r"[-*+•·–—][ \t]|\d")


def read_text(data: bytes) -> Parsed:
    """Read a plain text file.

    Raises:
        LoadError: the bytes are not text.
    """
    text = shown(decode(data))
    return Parsed(text, first_line(text), find_date(text), headings=plain_headings(text))


def decode(data: bytes, declared: str | None = None) -> str:
    """The text that `data` encodes: by byte order mark, else UTF-8, else `declared`, else the encoding that fits best.

    Raises:
        LoadError: the bytes are not text.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _refuse_nul(data[len(mark) :].decode(encoding, "replace"))
    if b"\0" in data:
        return _decode_wide(data)
    if len(data) - len(data.translate(None, CONTROLS)) > len(data) // 50:
        raise LoadError("binary, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_eight_bit(data, declared)


def _refuse_nul(text: str) -> str:
    if "\0" in text:
        raise LoadError("binary, not text")
    return text


def _decode_wide(data: bytes) -> str:
    """UTF-16 without a mark: in European text every other byte is mostly zero."""
    sample = data[:SAMPLE_BYTES]
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    least = len(sample) // 4
    if len(data) % 2 or max(zeros) <= least or min(zeros) > least // 20:
        raise LoadError("binary, not text")
    return _refuse_nul(data.decode("utf-16-le" if zeros[1] > zeros[0] else "utf-16-be", "replace"))


def _decode_eight_bit(data: bytes, declared: str | None) -> str:
    """Text that is not UTF-8, or UTF-8 with a few damaged bytes."""
    damaged = data.decode("utf-8", "replace")
    wide = sum(1 for character in damaged if character > "\x7f")
    if damaged.count("�") * 5 < wide:
        return damaged
    encoding = declared or _nearest_encoding(data[:SAMPLE_BYTES])
    # Five of the 256 bytes mean nothing in Windows-1252.
    return data.decode(encoding, "replace")


def _nearest_encoding(sample: bytes) -> str:
    """The 8-bit encoding in which most of the bytes beyond ASCII are letters and signs of our languages; Windows' where nothing tells."""
    wide = bytes(byte for byte in sample if byte > 0x7F)
    return max(EIGHT_BIT_ENCODINGS, key=lambda encoding: sum(character in EXPECTED for character in wide.decode(encoding, "replace")))


def plain_headings(text: str) -> tuple[Heading, ...]:
    """Headings of a text without marks: short lines between blank lines that are no sentence and have one below them.

    Also those with a blank line above only, if there are several ("Ingredients", right above the first of them): the line ends although
    more would have fitted into it, and what follows is a list or a sentence.

    The first line of the text has level 1, a line in capitals 2, others 3. Numbered provisions ("ARTÍCULO IV") and the line right below
    one are left to `rag.split`, which knows their order.
    """
    lines = _lines_alone(text)
    leading = _leading_lines(text)
    headings: list[Heading] = []
    above = ""
    for (start, line, alone), (_, below, _) in itertools.pairwise([*lines, (0, "", False)]):
        if (
            (alone or start in leading)
            and _is_heading(line, above, below, dated=start < HEAD_CHARACTERS, leads=start in leading)
            and not heading_reference(line)
            and not heading_reference(above)
        ):
            headings.append(Heading(start, start + len(line), (2 if line.isupper() else 3) if above else 1, line))
        above = line
    return tuple(headings)


def bold_headings(text: str, styled: tuple[Heading, ...], bold: Collection[str]) -> tuple[Heading, ...]:
    """The headings of a formatted text in which no style makes any but the title: lines that could be some, and are bold or in capitals."""
    if len(styled) > 1 or any(heading.start for heading in styled):
        return ()
    below = max((heading.end for heading in styled), default=0)
    return tuple(line for line in plain_headings(text) if line.start >= below and (line.text in bold or line.text.isupper()))


def _lines_alone(text: str) -> list[tuple[int, str, bool]]:
    """Start and text of each line that is not blank, and whether blank lines are around it."""
    found: list[tuple[int, str, bool]] = []
    position = 0
    blank_above = True
    lines = text.replace("\r\n", " \n").replace("\r", "\n").replace("\f", "\n").split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        stripped = line.strip()
        if stripped:
            found.append((position + line.index(stripped[0]), stripped, blank_above and not below.strip()))
        blank_above = not stripped
        position += len(line) + 1
    return found


def _leading_lines(text: str) -> frozenset[int]:
    """Starts of the short lines that open a paragraph as its heading; none if it is only one, which may be chance."""
    found = []
    for start, (line, *below) in _blocks(text):
        first = below[0].strip() if below and not line[0].isspace() else ""
        widest = max(LEAST_WIDTH, *(len(one.strip()) for one in below)) if below else 0
        fits = bool(first) and len(line.strip()) + 1 + len(first.split()[0]) <= widest
        listed = LISTED.match(first) is not None
        stated = first[:1].isupper() and (first[-1] in ".:;!?…" or len(first) > LONGEST_LEADING)
        if fits and len(line.strip()) <= LONGEST_LEADING and (listed or stated):
            found.append(start)
    return frozenset(found) if len(found) > 1 else frozenset()


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Start and lines of each stretch of lines that are not blank."""
    position = 0
    for blank, group in itertools.groupby(with_line_feeds(text).split("\n"), lambda line: not line.strip()):
        lines = [*group]
        if not blank:
            yield position, lines
        position += sum(len(line) + 1 for line in lines)


def _is_heading(line: str, above: str, below: str, *, dated: bool, leads: bool) -> bool:
    """Whether `line` is a heading: it stands alone or `leads` a paragraph; `dated`: it is where a document states its date."""
    if not below or not 3 <= len(line) <= LONGEST_HEADING or line[-1] in ".,;:!…" or NO_HEADING.match(line):
        return False
    if sum(map(str.isalpha, line)) * 2 < len(line) or (dated and parse_date(line)):
        return False
    return leads or line.isupper() or not above or len(below) > LONGEST_HEADING // 2 or below[-1] in '.:;!?…»”"'
