"""Lists in a text: the item that a sentence is in, and the whole list with the line that introduces it.

An item begins a line with a bullet, a number, a letter in brackets or "Step 3.", and goes on to the next item or to a blank line with no
indented text below. It knows lines; a list whose items are lines without any mark is none.
"""

import re

from rag.sentences import sentences

_MARK = r"[ \t>]*(?:[-*+•·▪‣–—]|(?P<step>\d{1,3}[.)]|(?:step|paso)[ \t]\d{1,2}[ \t]?[.:)])|\(?[a-zñ]\)|\([ivx\d]{1,4}\))[ \t]+"
_ITEM = re.compile(rf"(?im)^{_MARK}(?=\S)")
_BLANK = re.compile(r"\n(?:[ \t]*\n)+(?=[ \t]?\S|\Z)")


def item_around(text: str, position: int) -> tuple[int, int] | None:
    """The item that holds `position`, with its mark; None if that is in no list."""
    items = _items(text)
    return next(((start, end) for start, end, _ in items if start <= position < end), None)


def list_around(text: str, position: int, *, steps: bool = False) -> tuple[int, int] | None:
    """The list that holds `position`, from the sentence with a colon that introduces it on; None if there is none.

    A list has two items at least. With `steps` only a numbered list counts.
    """
    items = _items(text)
    first = last = next((index for index, (start, end, _) in enumerate(items) if start <= position < end), None)
    if first is None or last is None:
        return None
    while first > 0 and not text[items[first - 1][1] : items[first][0]].strip():
        first -= 1
    while last + 1 < len(items) and not text[items[last][1] : items[last + 1][0]].strip():
        last += 1
    if first == last or (steps and not all(numbered for _, _, numbered in items[first : last + 1])):
        return None
    return _introduced(text, items[first][0]), items[last][1]


def list_below(text: str, end: int) -> tuple[int, int] | None:
    """The list that begins right below `end`, with a blank line between them or none."""
    below = next(((start, stop) for start, stop, _ in _items(text) if start >= end), None)
    if below is None or text[end : below[0]].strip():
        return None
    around = list_around(text, below[0])
    return (below[0], around[1]) if around else None


def _items(text: str) -> list[tuple[int, int, bool]]:
    """Start, end and whether it is numbered of each item; an indented item is part of the one above, numbered or not."""
    found: list[tuple[int, bool]] = []
    for match in _ITEM.finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip(" \t>"))
        part = bool(found) and found[-1][1] and text[match.start() : start].isspace()
        found.append((start, match["step"] is not None or part))
    result = []
    for place, (start, numbered) in enumerate(found):
        blank = _BLANK.search(text, start)
        stop = min(found[place + 1][0] if place + 1 < len(found) else len(text), blank.start() if blank else len(text))
        result.append((start, start + len(text[start:stop].rstrip()), numbered))
    return result


def _introduced(text: str, start: int) -> int:
    """Where the sentence begins that ends in a colon above the list at `start`; `start` itself if there is none."""
    above = text[:start].rstrip()
    if not above.endswith(":"):
        return start
    line = above.rfind("\n") + 1
    return line + next((first for first, _ in reversed(sentences(above[line:]))), 0)
