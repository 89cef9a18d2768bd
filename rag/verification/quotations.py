"""Quotations in a text, and the place where one stands in a source, word for word.

Word for word means: but for white space, Markdown's signs (the source says "**bold** words", the quotation "bold words"; the line below
the head of a table), and the shape of quotation marks and apostrophes. It does not know single quotation marks: in English they are
apostrophes more often than not.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from rag.rows.columns import DELIMITER, FENCE

_CLOSING = {"«": "»", "“": "”", "‹": "›"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
_MARK = re.compile(r'[«»“”‹›"]')
_SHAPES = {ord(sign): '"' for sign in "«»“”„‟‹›"} | {ord(sign): "'" for sign in "’‘‛"} | {ord(sign): "-" for sign in "‐‑"}
_MARKUP = frozenset("*_`\u00ad\u200b")
_LINE_MARKUP = frozenset("#>")
_RUN = re.compile(r"(?P<space>\s+)|(?P<marks>[*_`\u00ad\u200b#>]+)|[^\s*_`\u00ad\u200b#>]+")
_MOST_PLACES = 20
_REMEMBERED = 256  # texts: each sentence of an answer is looked up in the same passages
LONGEST_GAP = 400
ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|\.\.\.+|…)\s*")
# What may not be left out of a quotation.
_TELLING = re.compile(
    r"\b(?:not|no|never|nor|neither|none|nobody|nothing|cannot|without|unless|except|excluding|excluded|only|if|provided|hardly|forbidden|"
    r"prohibited|permi\w+|allow\w*|may|must|shall|can|might|could|should|would|denies|rejects?|refuses?|nunca|ni|nadie|ning[uú]n[oa]?|sin|salvo|excepto|"
    r"solo|sólo|si|siempre que|apenas|difícilmente|prohib\w+|exclu\w+|pued\w+|pod[ríe]\w+|deb\w+|"
    r"niega|rechaza|a menos que|tampoco)\b|n['’]t\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Searchable:
    """A text that quotations are looked up in."""

    text: str
    _plain: str = field(init=False)
    _positions: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        plain, positions = _plain(self.text)
        object.__setattr__(self, "_plain", plain)
        object.__setattr__(self, "_positions", positions)

    def locate_all(self, quotation: str, *, words: bool = True) -> list[tuple[int, int]]:
        """The spans of the text (at most 20) that are `quotation`; with `words`, none that begins or ends inside a word."""
        wanted = _plain(quotation)[0].strip()
        spans: list[tuple[int, int]] = []
        start = self._plain.find(wanted) if wanted else -1
        while start >= 0 and len(spans) < _MOST_PLACES:
            end = start + len(wanted)
            if not words or not (_inside_word(self._plain, start) or _inside_word(self._plain, end)):
                spans.append(self._with_markup(self._positions[start], self._positions[end - 1] + 1))
            start = self._plain.find(wanted, start + 1)
        return spans

    def without_quotes(self) -> str:
        """The text in comparable form, without quotation marks."""
        return " ".join(self._plain.replace('"', "").split())

    def _with_markup(self, start: int, end: int) -> tuple[int, int]:
        while start > 0 and self.text[start - 1] in _MARKUP:
            start -= 1
        while end < len(self.text) and self.text[end] in _MARKUP:
            end += 1
        return start, end


def quotation_spans(text: str) -> list[tuple[int, int]]:
    """The outermost quotations of `text` with their marks, in order; one within another is part of it, a lone mark is none."""
    spans: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    waiting = dict.fromkeys([*_CLOSING, '"'], 0)
    for match in _MARK.finditer(text):
        position, sign = match.start(), match[0]
        opening = sign if sign == '"' else _OPENING.get(sign)
        if opening is not None and waiting[opening]:
            start = position
            while True:
                other, start = opened.pop()
                waiting[other] -= 1
                if other == opening:
                    break
            if position - start > 2:
                while spans and spans[-1][0] > start:
                    spans.pop()
                spans.append((start, position + 1))
        elif sign in _CLOSING or (sign == '"' and not text[position - 1 : position].isalnum()):
            opened.append((sign, position))
            waiting[sign] += 1
    return spans


def quotations(text: str) -> list[str]:
    """What stands in the quotation marks of `text`."""
    return [text[start + 1 : end - 1] for start, end in quotation_spans(text)]


def without_quotations(text: str) -> str:
    """`text` with a space in the place of each quotation."""
    pieces: list[str] = []
    position = 0
    for start, end in quotation_spans(text):
        pieces.append(text[position:start])
        position = end
    return " ".join([*pieces, text[position:]])


def without_quotation_marks(text: str) -> str:
    """`text` with its quotations as if they were its own words."""
    letters = list(text)
    for start, end in quotation_spans(text):
        letters[start] = letters[end - 1] = " "
    return "".join(letters)


def pieces(source: Searchable, quotation: str) -> list[tuple[int, int]]:
    """The spans of `source` that `quotation` stands for: itself, or from its first to its last piece where "..." stands between them.

    What was left out may not change the meaning: no denial, exception, condition or permission, and no jump into another sentence.
    """
    parts = [part.strip() for part in ELLIPSIS.split(quotation)]
    parts = [part for part in parts if any(letter.isalnum() for letter in part)]
    if len(parts) < 2:
        return source.locate_all(parts[0] if parts and ELLIPSIS.search(quotation) else quotation)
    found = source.locate_all(parts[0])
    for part in parts[1:]:
        nexts = source.locate_all(part.lstrip(",;"))
        found = [
            (start, later_end)
            for start, end in found
            for later, later_end in nexts
            if end <= later <= end + LONGEST_GAP and _may_be_left_out(source.text, end, later)
        ]
    return found


def _may_be_left_out(text: str, start: int, end: int) -> bool:
    gap = text[start:end]
    if _TELLING.search(gap):
        return False
    stops = [match.end() for match in re.finditer(r"[.!?;]\s+|\n\s*\n", gap)]
    return not stops or not gap[stops[-1] :].strip()


@lru_cache(maxsize=_REMEMBERED)
def _plain(text: str) -> tuple[str, tuple[int, ...]]:
    """`text` without markup, with single spaces and plain marks, and the position in `text` of each character that is left."""
    letters: list[str] = []
    positions: list[int] = []
    line_start = True
    for marks in (DELIMITER, FENCE):
        text = marks.sub(lambda match: " " * len(match[0]), text)
    for run in _RUN.finditer(text.translate(_SHAPES)):
        kept: Iterable[int] = range(*run.span())
        if run.lastgroup == "space":
            line_start = line_start or "\n" in run[0] or "\r" in run[0]
            if letters[-1:] != [" "]:
                letters.append(" ")
                positions.append(run.start())
        elif run.lastgroup == "marks":
            kept = [] if line_start else [place for place in kept if text[place] in _LINE_MARKUP]
            letters += [text[place] for place in kept]
            positions += kept
        else:
            line_start = False
            letters.append(run[0])
            positions += kept
    return "".join(letters), tuple(positions)


def _inside_word(text: str, position: int) -> bool:
    return 0 < position < len(text) and text[position - 1].isalnum() and text[position].isalnum()
