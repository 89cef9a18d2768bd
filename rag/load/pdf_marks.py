"""Where the characters of a document stand on the pages of its PDF: rectangles to mark a citation with.

Nothing is stored for this: the pages that the citation is on are extracted again, which takes some hundredths of a second, and their words
are matched with the stored text. Between the two lie joined lines, dropped hyphens and running lines, so the characters are aligned.
"""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.errors import LoadError
from rag.load.pdf import page_of
from rag.load.pdf_lines import Line, lines_of
from rag.load.pdf_page import Matrix, Word, opened

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be marked on a page (from 1): rectangles as (left, top, width, height), in shares of the page's width and height."""

    page: int
    rectangles: tuple[Rectangle, ...]


@dataclass(frozen=True, slots=True)
class PageText:
    """The stored text of a page (from 1), and which part of it, start to end, is to be marked."""

    page: int
    text: str
    start: int
    end: int


def page_texts(text: str, pages: Sequence[int], start: int, end: int) -> list[PageText]:
    """The pages that the span start:end of a stored text is on; `pages` is where each begins."""
    found = []
    for number, (first, after) in enumerate(itertools.pairwise([*pages, len(text)]), 1):
        if first < end and after > start and after > first:
            found.append(PageText(number, text[first:after], max(start, first) - first, min(end, after) - first))
    return found


def marks(data: bytes, wanted: Sequence[PageText], sha256: str, ocr: str = "") -> list[Mark]:
    """Find the rectangles of what is wanted in the PDF `data`.

    Raises:
        LoadError: it is not the file that was indexed, or cannot be read.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise LoadError("the file has changed since it was indexed; run rag index again")
    found: list[Mark] = []
    with opened(data) as document:
        for page in wanted:
            if page.page > len(document):
                raise LoadError(f"no page {page.page}: it has {len(document)}")
            words = page_of(document, page.page - 1, ocr)
            shown = [_shown(words.shown, each) for each in _rectangles(page, lines_of(words))]
            width, height = words.width, words.height
            shares = tuple(
                (round(x0 / width, 4), round(y0 / height, 4), round((x1 - x0) / width, 4), round((y1 - y0) / height, 4))
                for x0, y0, x1, y1 in shown
            )
            found.append(Mark(page.page, shares))
    return found


def _rectangles(wanted: PageText, lines: list[Line]) -> list[Rectangle]:
    """Left, top, right and bottom of what is to be marked, one rectangle for each line of it."""
    words = [(word, number) for number, line in enumerate(lines) for word in line.words]
    touched: dict[int, list[Word]] = {}
    for index, share in _touched(wanted, [word.text for word, _ in words]).items():
        word, line = words[index]
        low, high = share
        span = (word.right - word.left) / max(1, len(word.text))
        cut = word._replace(left=word.left + low * span, right=word.left + high * span)
        touched.setdefault(line, []).append(cut)
    found: list[Rectangle] = []
    for group in touched.values():
        found += _joined(group)
    return found


def _shown(matrix: Matrix, rectangle: Rectangle) -> Rectangle:
    """A rectangle on the page as it is shown."""
    a, b, c, d, e, f = matrix
    left, top, right, bottom = rectangle
    x = a * left + c * top + e, a * right + c * bottom + e
    y = b * left + d * top + f, b * right + d * bottom + f
    return min(x), min(y), max(x), max(y)


def _touched(wanted: PageText, words: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Index of each word of the page that is marked -> which of its characters are, from and to."""
    page_characters = [(number, place) for number, word in enumerate(words) for place in range(len(word))]
    on_page = "".join(words)
    positions = [position for position, character in enumerate(wanted.text) if not character.isspace()]
    stored = "".join(wanted.text[position] for position in positions)
    found: dict[int, tuple[int, int]] = {}
    for stored_at, page_at, size in _aligned(stored, on_page):
        for offset in range(size):
            if wanted.start <= positions[stored_at + offset] < wanted.end:
                number, place = page_characters[page_at + offset]
                low, high = found.get(number, (place, place + 1))
                found[number] = min(low, place), max(high, place + 1)
    return found


def _aligned(stored: str, on_page: str) -> list[tuple[int, int, int]]:
    """Equal stretches of two texts that are mostly the same: (place in the first, place in the second, length)."""
    # By words first: comparing character by character takes time with the square of the length.
    if stored == on_page:
        return [(0, 0, len(stored))]
    at = on_page.find(stored)
    if at >= 0:
        return [(0, at, len(stored))]
    matcher = SequenceMatcher(None, stored, on_page, autojunk=False)
    return [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size]


def _joined(words: list[Word]) -> list[Rectangle]:
    """The words of a line as one rectangle, or several where they are in cells far apart or on different heights."""
    found: list[Rectangle] = []
    for word in sorted(words, key=lambda word: (round(word.top), word.left)):
        if found:
            left, top, right, bottom = found[-1]
            if abs(word.top - top) < 0.5 * (bottom - top) and -1 < word.left - right < 2 * (bottom - top):
                found[-1] = min(left, word.left), min(top, word.top), max(right, word.right), max(bottom, word.bottom)
                continue
        found.append((word.left, word.top, word.right, word.bottom))
    return found
