"""Text of a document as HTML in which a table that is written with bars is a table, and the cited characters are marked.

    | Item | Price |
    |---|---|            Markdown: head, dashes, rows; where an excerpt begins below the head, the rows alone
    | Mooring | 14 |

    Item | Price         as HTML, Word and slides are laid out: two lines or more, one below the other, with as many cells
    Mooring | 14

Bars and dashes are not shown, and each cell marks what is cited of it. Knows no citation and no language.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from rag.chat.escape import Excerpt, escape_text, surroundings
from rag.rows.columns import row_at

_BAR = re.compile(r"(?<!\\)\|")
_BETWEEN = re.compile(r"(?:^|[ \t])\|(?=[ \t]|$)")
_NO_ROW = re.compile(r"\s*[-*•]\s|[^|:\n]{1,80}: [^|\n]*\|")
_RULE_SIGNS = frozenset("|+-=: \t")
_LEAST_BARS = 3
"""A line that begins and ends with a bar is a row of a table if it has two cells or more."""

_Kind = Literal["text", "row", "rule"]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the text, its end included, from character `start` on; a "rule" is the dashes below a head."""

    start: int
    text: str
    kind: _Kind


def marked(excerpt: Excerpt, *, signs: bool = False, name: str = "") -> str:
    """The excerpt with its quote in <mark> elements, the first of which has the id `name`.

    With `signs` the text stands as the document writes it, else as `surroundings` shows it.
    """
    writer = _Writer(excerpt, name, signs=signs)
    pieces = [writer.piece([*lines]) for _, lines in groupby(_lines(writer.whole), lambda line: line.kind != "text")]
    markup = "".join(pieces)
    if excerpt.quote and "<mark" not in markup:  # what is cited is bars alone
        return f"{escape_text(excerpt.before)}<mark>{escape_text(excerpt.quote)}</mark>{escape_text(excerpt.after)}"
    return markup


class _Writer:
    """Turns lines into HTML, and knows which of their characters are marked."""

    def __init__(self, excerpt: Excerpt, name: str, *, signs: bool) -> None:
        self.whole = excerpt.before + excerpt.quote + excerpt.after
        self._begin = len(excerpt.before)
        self._end = self._begin + len(excerpt.quote)
        self._signs = signs
        self._id = f' id="{name}"' if name else ""

    def piece(self, lines: list[_Line]) -> str:
        """Lines of which all are of a table, or none."""
        if lines[0].kind != "text":
            return self._table(lines)
        text = "".join(line.text for line in lines)
        if self._signs:
            return self._span(text, lines[0].start, escape_text)
        markup = self._span(text, lines[0].start, surroundings)
        return markup if len(text) == len(self.whole) else markup.strip("\n")  # a table begins and ends its lines itself

    def _table(self, lines: list[_Line]) -> str:
        kinds = [line.kind for line in lines]
        first = kinds.index("row")
        has_head = kinds[first : first + 2] == ["row", "rule"] or ("rule" not in kinds and self._is_head(lines[0]))
        head, *rows = [line for line in lines if line.kind == "row"]
        top = f"<thead>{self._row(head, 'th')}</thead>" if has_head else f"<tbody>{self._row(head, 'td')}</tbody>"
        body = f"<tbody>{''.join(self._row(row, 'td') for row in rows)}</tbody>" if rows else ""
        return f'<div class="rows"><table>{top}{body}</table></div>'

    def _is_head(self, line: _Line) -> bool:
        """Whether the first of the rows names the columns, as far as its cells tell; what begins and ends with bars says so by dashes."""
        row = row_at(self.whole, line.start, line.start + len(line.text.rstrip()))
        return row is not None and row.is_head and not line.text.lstrip().startswith("|")

    def _row(self, line: _Line, tag: str) -> str:
        opening = '<th scope="col">' if tag == "th" else "<td>"
        return f"<tr>{''.join(f'{opening}{self._span(text, start, self._cell)}</{tag}>' for start, text in _cells(line))}</tr>"

    def _cell(self, text: str) -> str:
        return escape_text(text if self._signs else text.replace("**", ""))

    def _span(self, text: str, start: int, show: Callable[[str], str]) -> str:
        begin, end = (min(max(place - start, 0), len(text)) for place in (self._begin, self._end))
        if begin == end:
            return show(text)
        name, self._id = self._id, ""
        return f"{show(text[:begin])}<mark{name}>{escape_text(text[begin:end])}</mark>{show(text[end:])}"


def _lines(text: str) -> list[_Line]:
    texts = text.splitlines(keepends=True)
    kinds = [_kind(line.strip()) for line in texts]
    for place, kind in enumerate(kinds):
        if kind == "rule" and place > 0 and _is_head(texts[place - 1], texts[place]):
            kinds[place - 1] = "row"
            _extend(kinds, texts, place + 1)
    _join_laid_out(kinds, texts)
    for place, kind in enumerate(kinds):
        if kind == "rule" and "row" not in kinds[max(place - 1, 0) : place + 2]:
            kinds[place] = "text"
    starts = [0]
    for line in texts:
        starts.append(starts[-1] + len(line))
    return [_Line(*each) for each in zip(starts, texts, kinds, strict=False)]


def _kind(line: str) -> _Kind:
    """What a line is by itself; dashes are those of a table only beside a row."""
    if "-" in line and set(line) <= _RULE_SIGNS and ("|" in line or "+" in line):
        return "rule"
    return "row" if line.startswith("|") and line.endswith("|") and line.count("|") >= _LEAST_BARS else "text"


def _is_head(line: str, rule: str) -> bool:
    """Whether a line above dashes has as many cells as these."""
    return "|" in line and len(_cells(_Line(0, line, "row"))) == len(_cells(_Line(0, rule, "rule")))


def _extend(kinds: list[_Kind], texts: list[str], place: int) -> None:
    """Below head and dashes, a row need not begin and end with a bar."""
    while place < len(kinds) and kinds[place] != "rule" and "|" in texts[place]:
        kinds[place] = "row"
        place += 1


def _join_laid_out(kinds: list[_Kind], texts: list[str]) -> None:
    """Lines with bars between their cells are rows if the next one has as many; no items of a list, nor cells that name themselves."""
    bars = [
        len(_BETWEEN.findall(text.strip())) if kind == "text" and not _NO_ROW.match(text) else 0
        for kind, text in zip(kinds, texts, strict=True)
    ]
    for place, (above, below) in enumerate(pairwise(bars)):
        if above and above == below:
            kinds[place] = kinds[place + 1] = "row"


def _cells(line: _Line) -> list[tuple[int, str]]:
    """The cells of a row, without the spaces around them: where each begins in the text, and what it says."""
    row = line.text.strip()
    begin = line.start + len(line.text) - len(line.text.lstrip())
    cells: list[tuple[int, str]] = []
    for cell in _BAR.split(row):
        cells.append((begin + len(cell) - len(cell.lstrip()), cell.strip()))
        begin += len(cell) + 1
    first, last = row.startswith("|"), len(cells) > 1 and not cells[-1][1]
    return cells[first : len(cells) - last]
