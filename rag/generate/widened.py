"""How much of a passage is quoted for the sentence that answers: what limits or completes it, and nothing that dangles.

A row of a table, a line with a label or an item of minutes says enough alone; of another list, the item or all of it; of a short
provision, paragraph or answer to a question, the whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.asked import WHAT_ONES
from rag.provisions.paragraphs import paragraph_around
from rag.rows.columns import row_at
from rag.rows.lists import item_around, list_around, list_below
from rag.select import MARKUP, Scored, is_heading
from rag.sentences import labelled_lines, sentences
from rag.types import Hit, Passage

MAX_QUOTE = 700
MAX_STEPS = 1500
SHORT_PROVISION = 400
SHORT_PARAGRAPH = 320
SHORTEST_STATEMENT = 40
MARKS_OF_HEADING = 5
_ITEMS = re.compile(rf"\b(?:which|list|what are|{WHAT_ONES}|cuáles|(?<!por )qué)\b", re.IGNORECASE)
_STEPS = re.compile(r"\b(?:how (?:do|to|can|should|must)|steps?|cómo|pasos?)\b", re.IGNORECASE)
_TEXTS = "agreement|act|regulation|law|article|section|treaty|report|acuerdo|ley|reglamento|artículo|sección|tratado|informe|convenio"
_CONNECTIVES = (
    "also|and|but|so|then|thus|still|yet|however|therefore|moreover|besides|instead|otherwise|nevertheless|in addition|for this|"
    "además|también|tampoco|asimismo|y|pero|así|entonces|sin embargo|no obstante|en cambio|por eso|por ello|por esto|por tanto|"
    "por lo tanto|por consiguiente"
)
_POINTERS = (
    r"it(?! is )|he|she|they|its|his|her|their|both|the former|the latter|él|ella|ello|ellos|ellas|sus?|amb[ao]s|dich[ao]s?|"
    rf"(?:this|that|these|those|est[aeo]s?|es[aeo]s?|aquell?[ao]s?)(?! (?:{_TEXTS})\b)"
)
_LEANING = re.compile(rf"[\W_]*(?:{_CONNECTIVES}|{_POINTERS})\b", re.IGNORECASE)
"""How a sentence begins that leans on the one before it; "this Agreement" points to the document itself."""
SENTENCES_BEFORE = 2


@dataclass(frozen=True, slots=True)
class Span:
    """What is quoted: characters `start:end` of the passage of a hit (index in the hits)."""

    hit: int
    start: int
    end: int


def widened(item: Scored, passage: Passage, question: str) -> Span:
    """A sentence with what limits or completes it: all of a short numbered provision, else its paragraph or list if that is short."""
    start = after_heading(passage)
    row = row_at(passage.text, item.start, item.end)
    if row and row.columns:  # the lead-in names them
        return Span(item.hit, row.start, row.end)
    if passage.provisions and item.start >= start and len(passage.text) - start <= SHORT_PROVISION:
        return Span(item.hit, start, len(passage.text))
    if passage.provisions and (around := paragraph_around(passage.text, item.start)) and around[1] - around[0] <= SHORT_PROVISION:
        return Span(item.hit, max(start, around[0]), max(item.end, around[1]))  # an item of a list says little alone
    if _is_asked(passage) and item.start >= start and len(passage.text) - start <= SHORT_PROVISION:
        return Span(item.hit, start, len(passage.text))
    if line := _labelled_line(passage.text, item):
        return Span(item.hit, *line)
    if listed := _listed(passage.text, item, question):
        return Span(item.hit, *listed)
    first = max(
        passage.text.rfind("\n\n", 0, item.start) + 2 if "\n\n" in passage.text[: item.start] else 0, start if item.start >= start else 0
    )
    last = passage.text.find("\n\n", item.end)
    last = len(passage.text) if last < 0 else last
    if last - first <= SHORT_PARAGRAPH and not is_heading(passage.text[first:last].split("\n")[0], passage):
        return Span(item.hit, first, _without_opening(passage.text, first, last, item.end))
    return Span(item.hit, _upright(passage.text, first, item.start, item.end), item.end)


def _is_asked(passage: Passage) -> bool:
    """Whether a passage is the answer to a question that stands above it."""
    return bool(passage.section) and passage.section[-1].endswith("?")


def _labelled_line(text: str, item: Scored) -> tuple[int, int] | None:
    """The line of a list of labels and values that a sentence is in ("Weight: 4.2 kg"), which says enough alone."""
    starts = labelled_lines(text)
    start = next((start for start in reversed(starts) if start <= item.start), None)
    if start is None:
        return None
    stops = (text.find("\n\n", start), next((other for other in starts if other > start), -1))
    line = text[start : min((stop for stop in stops if stop >= 0), default=len(text))].rstrip()
    return (start, start + len(line)) if item.end <= start + len(line) <= start + SHORT_PARAGRAPH else None


def _listed(text: str, item: Scored, question: str) -> tuple[int, int] | None:
    """The list that a sentence is in or introduces, if items or steps are asked for ("which", "how to") or it is short, else its item."""
    if text[item.start : item.end].endswith(":") and (below := list_below(text, item.end)) and below[1] - item.start <= MAX_QUOTE:
        return item.start, below[1]
    wanted = _ITEMS.search(question) is not None
    around = list_around(text, item.start, steps=not wanted) if wanted or _STEPS.search(question) else None
    if around and around[1] - around[0] <= (MAX_QUOTE if wanted else MAX_STEPS):
        return around
    whole, one = list_around(text, item.start), item_around(text, item.start)
    if whole and one and _is_statement(text, whole, one):
        return one
    if one is None or (whole and whole[1] - whole[0] <= SHORT_PARAGRAPH) or one[1] - one[0] > SHORT_PARAGRAPH:
        return whole if whole and whole[1] - whole[0] <= SHORT_PARAGRAPH else None
    return one


def _is_statement(text: str, whole: tuple[int, int], one: tuple[int, int]) -> bool:
    """Whether an item says enough alone, as those of minutes do: a sentence, in a list that no words introduce."""
    introduced = item_around(text, whole[0]) is None
    return not introduced and SHORTEST_STATEMENT <= one[1] - one[0] <= SHORT_PARAGRAPH and text[slice(*one)].rstrip("*_ ").endswith(".")


def _without_opening(text: str, first: int, last: int, least: int) -> int:
    """Where to end a quotation of `first:last`, no earlier than `least`: before a sentence that only opens the list below ("To do so:")."""
    spans = [(first + start, first + end) for start, end in sentences(text[first:last])]
    opens = len(spans) > 1 and text[:last].rstrip().endswith(":") and spans[-2][1] >= least
    return spans[-2][1] if opens else last


def _upright(text: str, first: int, start: int, end: int) -> int:
    """Where to begin a quotation of `start:end`, no earlier than `first`, so that "However" and "It" have what they point back to."""
    before = [span for span in sentences(text) if first <= span[0] < start]
    for earlier, _ in before[: -SENTENCES_BEFORE - 1 : -1]:
        if not _LEANING.match(text[start:end]) or end - earlier > MAX_QUOTE:
            break
        start = earlier
    return start


def joined(chosen: Sequence[Span], hits: Sequence[Hit]) -> list[Span]:
    """Neighbouring sentences of one passage made one quotation."""
    result: list[Span] = []
    for item in chosen:
        last = result[-1] if result else None
        text = hits[item.hit].passage.text
        follows = last and last.hit == item.hit and (item.start <= last.end or not text[last.end : item.start].strip())
        if last and follows and not (_is_row(last, hits) or _is_row(item, hits)):
            result[-1] = Span(item.hit, last.start, max(last.end, item.end))
        else:
            result.append(item)
    return result


def _is_row(item: Span, hits: Sequence[Hit]) -> bool:
    """Whether a quotation is a row of a table or sheet, or a line with a label, which nothing goes on with."""
    text = hits[item.hit].passage.text
    return " | " in text[item.start : item.end] or item.start in labelled_lines(text)


def after_heading(passage: Passage) -> int:
    """Where the text under the heading lines of a provision begins; if they are all there is, where the innermost of them does."""
    position = innermost = 0
    for line in passage.text.splitlines(keepends=True):
        plain = MARKUP.sub("", line).strip(" .:\r\n\t")
        start = position + len(line) - len(line.lstrip())
        if plain and not _leads(plain, passage):
            return start if position else 0
        if plain and passage.section[-1].startswith(plain):
            innermost = start
        position += len(line)
    return innermost


def _leads(line: str, passage: Passage) -> bool:
    """Whether `line` is one of the headings above the passage, give or take a mark."""
    plain = " ".join(line.split())
    return any(
        plain in heading or (plain.startswith(heading) and len(plain) <= len(heading) + MARKS_OF_HEADING) for heading in passage.section
    )
