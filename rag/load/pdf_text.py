"""The lines of a PDF's pages made into one text: paragraphs, list items, table rows and headings; words cut at line ends are made whole.

A paragraph ends where the distance grows, where a line is indented, or where the next word would still have fitted. A heading is a short
line in a larger or bolder font than most of the text. It knows nothing of where the lines come from.
"""

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field

from rag.load.pdf_lines import Line
from rag.references import heading_reference
from rag.types import Heading

LIST_ITEM = re.compile(r"[-*•·▪‣–—●○■]\s|\(?\d{1,3}[.)]\s|\(?[a-z]\)\s|\(?[ivx]{1,4}\)\s")
NUMBERED_HEADING = re.compile(r"\d{1,2}(?:\.\d{1,2})+\.?\s[^\W\d_a-z]")
BEGINS_ANEW = re.compile(r"\d{1,2}\.\s[^\W\d_a-z]")  # of a heading below a title in the same font: "1. Installation"
BROKEN_WORD = re.compile(r"([^\W\d_]+)[-\u2010]$")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?:;…][»”\"')\]]*$")
# A line is a heading if its font is this much larger than most of the text's, or bold, and if it is short.
LARGER = 1.12
LONGEST_HEADING = 200
LONGEST_BOLD_HEADING = 110
MOST_LEVELS = 6
# A note begins with its number or sign, in a font that has at most this share of the usual size.
NOTE = re.compile(r"\(?\d{1,3}[\s.)]|\(?\d{1,3}[^\W\d_]|[*†‡¹²³⁴-⁹]")
SMALL = 0.9
# Sizes that differ less are one.
SAME_SIZE = 1.04
# Between paragraphs, lines stand this much further apart than usual; headings that go on in a second line at most that much.
LOOSER = 1.2
HEADING_PITCH = 1.9
INDENT = 0.8
# A line that ends before this share of its column could have held another short word.
FULL_LINE = 0.88


@dataclass(slots=True)
class _Block:
    """Lines, each with its page, that are one paragraph, list item, table row or heading; `lead` separates it from the last."""

    lead: str
    level: int
    lines: list[tuple[Line, int]] = field(default_factory=list)


def text_of(pages: list[list[Line]]) -> tuple[str, tuple[int, ...], tuple[Heading, ...]]:
    """The text of the pages, where each of them starts in it, and its headings."""
    every = [line for lines in pages for line in lines]
    words = Counter(word for line in every for word in WORD.findall(line.text.lower()))
    parts: list[str] = []
    starts: dict[int, int] = {}
    headings: list[Heading] = []
    length = 0
    for block in _blocks(pages):
        lead = block.lead if length else ""
        text, turns = _block_text(block, words)
        begin = length + len(lead)
        for page, place in turns:
            starts.setdefault(page, begin + place)
        parts += lead, text
        length = begin + len(text)
        if block.level and len(text) <= LONGEST_HEADING:
            headings.append(Heading(begin, length, block.level, " ".join(text.split())))
    following = length
    for page in reversed(range(len(pages))):
        following = starts.setdefault(page, following)
    return "".join(parts), tuple(starts[page] for page in range(len(pages))), tuple(headings)


def _block_text(block: _Block, words: Counter[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text of a block, and where in it each page begins."""
    pieces: list[str] = []
    turns: list[tuple[int, int]] = []
    page_above = -1
    for line, page in block.lines:
        text = line.text
        joint = "" if not pieces else "\n" if page != page_above else " "
        broken = BROKEN_WORD.search(pieces[-1]) if pieces else None
        if broken and text[:1].isalnum():
            joint = ""
            if text[0].islower():
                pieces[-1] = _unhyphenated(pieces[-1], broken, text, words)
        pieces.append(joint)
        if page != page_above:
            turns.append((page, sum(map(len, pieces))))
        pieces.append(text)
        page_above = page
    return "".join(pieces), turns


def _unhyphenated(line: str, broken: re.Match[str], below: str, words: Counter[str]) -> str:
    """`line` ready to be followed by `below`: its hyphen stays if the document writes the word with one, or both halves as words."""
    first = broken[1]
    found = WORD.match(below)
    second = found[0] if found else ""
    whole = (first + second).lower()
    hyphenated = f"{first}-{second}".lower()
    # Each half was counted once where it stands.
    apart = words[hyphenated] or (words[first.lower()] > 1 and words[second.lower()] > 1)
    return line[:-1] + "-" if apart and not words[whole] else line[:-1]


def _blocks(pages: list[list[Line]]) -> list[_Block]:
    """The lines of all pages, in order, put together to blocks."""
    fonts = _Fonts(pages)
    blocks: list[_Block] = []
    notes: list[tuple[Line, int]] = []
    for page, lines in enumerate(pages):
        for line in lines:
            if blocks and fonts.is_small(line) and (notes[-1][1] == page if notes else NOTE.match(line.text)):
                notes.append((line, page))
                continue
            _add(blocks, line, page, fonts, apart=_set_notes(blocks, notes, line, page, fonts))
            notes = []
    for line, page in notes:
        _add(blocks, line, page, fonts)
    return blocks


def _add(blocks: list[_Block], line: Line, page: int, fonts: "_Fonts", *, apart: bool = False) -> None:
    """Put a line behind the blocks: into the last one if it goes on with it and is not to stand `apart`."""
    level = fonts.level(line)
    lead = _lead(blocks[-1], line, level, page, fonts) if blocks else ""
    if lead or apart or not blocks:
        blocks.append(_Block(lead or "\n\n", level))
    blocks[-1].lines.append((line, page))


def _set_notes(blocks: list[_Block], notes: list[tuple[Line, int]], line: Line, page: int, fonts: "_Fonts") -> bool:
    """Put the notes at the foot of a page or column where they cut no sentence: before the block that `line` goes on with, if it does.

    Returns whether `line` is to stand apart from what is the last block now.
    """
    turned = bool(notes) and (page != notes[0][1] or line.middle < notes[0][0].middle)
    goes_on = (
        turned and len(blocks) > 1 and blocks[-1].lines[0][1] == notes[0][1] and not _lead(blocks[-1], line, fonts.level(line), page, fonts)
    )
    last = blocks.pop() if goes_on else None
    for number, (note, place) in enumerate(notes):
        _add(blocks, note, place, fonts, apart=turned and not number)
    if last:
        last.lead = "\n\n"
        blocks.append(last)
    return turned and not goes_on


class _Fonts:
    """What is usual in a document: size of the font, distance of lines; and which other sizes are those of headings."""

    def __init__(self, pages: list[list[Line]]) -> None:
        characters: Counter[float] = Counter()
        bold = 0
        distances: Counter[float] = Counter()
        for lines in pages:
            for line in lines:
                size = _half(line.size)
                count = sum(len(word.text) for word in line.words)
                characters[size] += count
                bold += count * line.bold
            for before, after in itertools.pairwise(lines):
                distance = (after.middle - before.middle) / max(after.size, 1.0)
                if 0.7 < distance < 2.5 and before.cells is None and after.cells is None:
                    distances[round(distance, 1)] += 1
        self.body = max(characters, key=lambda size: characters[size], default=1.0)
        self.pitch = min((d for d in distances if distances[d] * 2 >= max(distances.values())), default=1.2)
        # Where most of the text is bold, that marks nothing.
        self._bold = bold * 2 < sum(characters.values())
        self._levels: dict[float, int] = {}
        larger = sorted((size for size in characters if size >= self.body * LARGER), reverse=True)
        for larger_one, size in zip([float("inf"), *larger], larger, strict=False):
            one_more = larger_one > size * SAME_SIZE
            self._levels[size] = min(max(self._levels.values(), default=0) + one_more, MOST_LEVELS)
        self._bold_level = min(max(self._levels.values(), default=0) + 1, MOST_LEVELS)

    def is_small(self, line: Line) -> bool:
        """Whether a line is in a smaller font than most of the text, as notes are."""
        return line.cells is None and _half(line.size) <= SMALL * self.body

    def level(self, line: Line) -> int:
        """The level of a heading, 0 for other text."""
        text = line.text
        if line.cells is not None or len(text) > LONGEST_HEADING or sum(map(str.isalpha, text)) < max(3, len(text) * 0.4):
            return 0
        if LIST_ITEM.match(text) and not text[0].isdigit():
            return 0
        if level := self._levels.get(_half(line.size), 0):
            return level
        is_short = len(text) <= LONGEST_BOLD_HEADING and (text[-1] not in ".,;:" or heading_reference(text) is not None)
        return self._bold_level if self._bold and line.bold and is_short else 0


def _half(size: float) -> float:
    return round(size * 2) / 2


def _lead(block: _Block, line: Line, level: int, page: int, fonts: _Fonts) -> str:
    """What separates `line` from the block above: nothing if it goes on with it."""
    above, page_above = block.lines[-1]
    text = line.text
    distance = (line.middle - above.middle) / max(line.size, 1.0)
    turned = page != page_above or distance < -0.5
    if level or block.level:
        wrapped = level == block.level and not turned and distance < HEADING_PITCH
        anew = heading_reference(text) or NUMBERED_HEADING.match(text) or BEGINS_ANEW.match(text)
        return "" if wrapped and not anew else "\n\n"
    if line.cells is not None or above.cells is not None:
        return "\n" if line.cells is not None and above.cells is not None else "\n\n"
    ended = SENTENCE_END.search(above.text[-5:]) is not None
    is_full = _is_full(above, line)
    if heading_reference(text) and not above.text.endswith(",") and (ended or not is_full):
        return "\n\n"
    if turned:
        if LIST_ITEM.match(text):
            return "\n"
        return "" if not ended and (text[0].islower() or (is_full and not NUMBERED_HEADING.match(text))) else "\n\n"
    if distance > fonts.pitch * LOOSER:
        return "\n\n"
    if LIST_ITEM.match(text) and not (text[0].isdigit() and above.text[-1].isalnum() and is_full):
        return "\n"
    if NUMBERED_HEADING.match(text):
        return "\n\n" if ended else ""
    in_item = LIST_ITEM.match(block.lines[0][0].text) is not None
    if ended and not in_item and line.left - above.left > INDENT * line.size:
        return "\n\n"
    return "\n\n" if not is_full and (ended or not text[0].islower()) else ""


def _is_full(above: Line, line: Line) -> bool:
    """Whether the first word of `line` would not have fitted at the end of the line above."""
    first = line.words[0]
    needed = first.right - first.left + 0.3 * above.size
    return above.right + needed > above.left + FULL_LINE * (above.limit - above.left)
