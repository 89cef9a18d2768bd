"""Codes that a question asks the meaning of ("what does E20 mean?", "error 401"), and the entries that open with them.

A code is looked up, not guessed: an entry is a row of a table or a paragraph that begins with the very code ("| E20 | No drain |", "F28.
Ignition fails."), and its neighbour with E10 is none, however alike they read. It does not know codes that stand inside a sentence.
"""

import re
from collections.abc import Sequence

from rag.asked import kinds_asked
from rag.rows.columns import row_at
from rag.types import Hit

_CODE = r"[^\W\d_]{1,4}[-.]?\d{1,5}[^\W\d_]?(?:-\d{1,5})?"
_SIGNAL = r"error|codes?|fault|alarm|status|código|codigo|fallo|avería|averia|alarma"
_AFTER_SIGNAL = re.compile(
    rf"\b(?:{_SIGNAL})\s+(?:(?:{_SIGNAL}|de|number|número)\s+){{0,4}}(?P<code>{_CODE}|\d{{2,5}})(?![\w-])", re.IGNORECASE
)
_ALONE = re.compile(
    rf"[¿\s]*(?:(?:what is|what's|what about|qué es|and|y)\s+)?(?:the\s+|el\s+|la\s+)?(?P<code>{_CODE})[\s?.!]*", re.IGNORECASE
)
_ANY = re.compile(rf"(?<![\w-])(?P<code>{_CODE})(?![\w-])", re.IGNORECASE)
_MEANS = re.compile(
    r"\b(?:means?|meaning|stands? for|signific\w+|quiere decir|(?:do|should) (?:i|we|you) do|"
    r"qué (?:hago|hacemos|hacer|hay que hacer|se hace|debo hacer|debemos hacer))\b",
    re.IGNORECASE,
)
_PARAGRAPH_END = re.compile(r"\n[ \t]*(?:\n|$)|$(?![\s\S])")
LONGEST_ENTRY = 700
MOST_ENTRIES = 3


def asked_code(question: str) -> str | None:
    """The code whose meaning or cure `question` asks for; None if it asks for something else, such as how many or when."""
    found = _ALONE.fullmatch(question) or (_AFTER_SIGNAL.search(question) if not kinds_asked(question) else None)
    if found is None and _MEANS.search(question):
        found = _ANY.search(question)
    return found["code"] if found else None


def coded_entries(question: str, hits: Sequence[Hit]) -> list[tuple[int, int, int]]:
    """The entries of the code that `question` asks for, as (index of the hit, start, end) in the passage's text, best hits first."""
    code = asked_code(question)
    if code is None:
        return []
    this = rf"(?<![\w-]){re.escape(code)}(?![\w-])"
    opening = re.compile(
        rf"^[ \t>#*_`|(\[•-]*(?:(?P<entry>(?:(?:{_SIGNAL})[ \t]+){{0,2}}{this})[*_`)\]]*[ \t]*(?:[.:|=)–—-]|$)|"
        rf"(?P<labelled>[^\W\d_][^\n|:]{{0,40}}:[ \t]{this})[ \t]\|)",
        re.IGNORECASE | re.MULTILINE,
    )
    found = []
    for index, hit in enumerate(hits):
        text = hit.passage.text
        if match := opening.search(text):
            start, end = _entry(text, match, hit.passage.section)
            found.append((index, start, end))
    return found[:MOST_ENTRIES]


def _entry(text: str, match: re.Match[str], headings: Sequence[str]) -> tuple[int, int]:
    """The row or paragraph that opens with the code; with the paragraph below it where the line is one of the headings."""
    start, end = match.span(match.lastgroup or 0)
    row = row_at(text, start, end)
    if row:
        return row.start, row.end
    line_end = text.find("\n", match.end())
    is_heading = line_end >= 0 and (match[0].lstrip().startswith("#") or text[start:line_end].strip() in headings)
    end = _end(text, match.end())
    if is_heading and (below := text[line_end:].lstrip()):
        end = _end(text, len(text) - len(below))
    if end - start > LONGEST_ENTRY:
        end = line_end if line_end >= 0 else len(text)
    return start, start + len(text[start:end].rstrip())


def _end(text: str, position: int) -> int:
    match = _PARAGRAPH_END.search(text, position)
    return match.start() if match else len(text)
