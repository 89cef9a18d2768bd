"""Document to passages: spans of the text that are searched and cited as one.

A passage stays within a section (see `rag.sections`). A provision, or an answer to a question, is one passage where it fits; other text is
packed by paragraphs to the length that is asked for, and a paragraph that is too long by sentences. Positions are exact: a passage's
text is the document's text at its span, and everything but white space is in exactly one passage.
"""

import bisect
import math
import re
from dataclasses import replace

from rag.language import detect
from rag.naming.aliases import defined_names
from rag.provisions.numbered_acts import find_acts, opens_paragraph
from rag.references import find
from rag.sections import Section, sections
from rag.sentences import sentences
from rag.types import NAME, Document, Language, Passage, Reference

__all__ = ["sentences", "split"]

Span = tuple[int, int]

SHORTEST_PASSAGE = 150
# Fewer letters do not tell the language.
LEAST_LETTERS = 60
LANGUAGE_SAMPLE = 400

_LAST_SPACE = re.compile(r"\s\S*$")
# The last white space that does not stand between a number and its unit ("1.250 kg", "€ 75").
_LAST_SPACE_NOT_AFTER_NUMBER = re.compile(r"(?<![\d€$£])\s(?:\S|(?<=[\d€$£])\s)*$")
_LAST_CLAUSE = re.compile(r"[;,:]\s(?![\s\S]*[;,:]\s)")
_LETTER = re.compile(r"[^\W\d_]")
_NOT_SPACE = re.compile(r"\S")


def split(document: Document, target_characters: int, max_characters: int) -> list[Passage]:
    """The passages of `document`, in order.

    Args:
        document: its text may be empty; then there are none.
        target_characters: the length that paragraphs are packed to.
        max_characters: the length that no passage exceeds; a run of characters without white space that is longer is cut there.
    """
    passages: list[Passage] = []
    names = tuple(Reference(NAME, name.replace(" ", "_")) for name in defined_names(document.text))
    for section in sections(document):
        spans = _units(document.text, section, target_characters, max_characters)
        total = spans[-1][1] - spans[0][0]
        if section.whole and total <= max_characters:
            spans = [(spans[0][0], spans[-1][1])]
        passages.extend(_passage(document, section, span) for span in _pack(document.text, spans, target_characters, max_characters))
    if passages and names:
        passages[0] = replace(passages[0], mentions=(*passages[0].mentions, *names))
    return passages


def _units(text: str, section: Section, target: int, longest: int) -> list[Span]:
    """The spans to pack, none longer than `longest`: paragraphs or pieces of them; the first begins with the section's headings."""
    blocks = list(section.blocks)
    lead_end = section.lead_end
    body = next((number for number, (start, _) in enumerate(blocks) if start >= lead_end), 0)
    joined = [(blocks[0][0], blocks[body][1]), *blocks[body + 1 :]]
    units: list[Span] = []
    for start, end in joined:
        if end - start <= longest:
            units.append((start, end))
        else:
            units.extend(_pack(text, _pieces(text, start, end, lead_end, longest), target, longest))
    return units


def _pieces(text: str, start: int, end: int, lead_end: int, longest: int) -> list[Span]:
    """The sentences of a long paragraph, cut where one is longer than `longest`; what ends before `lead_end` goes with what follows."""
    pieces: list[Span] = []
    begin = start
    for _, stop in sentences(text[start:end]):
        if start + stop > lead_end or start + stop == end:
            pieces.extend(_cut(text, begin, start + stop, lead_end, longest))
            begin = _next_word(text, start + stop)
    return pieces


def _cut(text: str, start: int, end: int, lead_end: int, longest: int) -> list[Span]:
    """`start:end` in spans of at most `longest`: cut after a clause if one ends in the last third, else between words, else anywhere."""
    cuts: list[Span] = []
    while end - start > longest:
        # One more, for the white space that may follow a full piece.
        window = text[start : start + longest + 1]
        least = max(1, lead_end - start + 1)
        clause = _LAST_CLAUSE.search(window, max(least, longest * 2 // 3))
        space = clause or _LAST_SPACE_NOT_AFTER_NUMBER.search(window, least) or _LAST_SPACE.search(window, least)
        cut = start + (longest if space is None else clause.start() + 1 if clause else space.start())
        cuts.append((start, start + len(text[start:cut].rstrip())))
        start = _next_word(text, cut)
    cuts.append((start, end))
    return cuts


def _next_word(text: str, position: int) -> int:
    match = _NOT_SPACE.search(text, position)
    return match.start() if match else len(text)


def _pack(text: str, spans: list[Span], target: int, longest: int) -> list[Span]:
    """Neighbouring spans joined to passages of about equal length near `target`, none longer than `longest` unless a span is."""
    total = spans[-1][1] - spans[0][0]
    ideal = total / max(1, round(total / target), math.ceil(total / longest))
    packed: list[Span] = []
    start, end = spans[0]
    for first, last in spans[1:]:
        nearer = (last - start) - ideal <= ideal - (end - start)
        # What introduces a list stays with its beginning.
        if last - start <= longest and (nearer or text[end - 1] == ":"):
            end = last
        else:
            packed.append((start, end))
            start, end = first, last
    packed.append((start, end))
    return _without_scraps(packed, longest)


def _without_scraps(packed: list[Span], longest: int) -> list[Span]:
    kept = packed[:1]
    for start, end in packed[1:]:
        before = kept[-1]
        short = min(end - start, before[1] - before[0]) < SHORTEST_PASSAGE
        if short and end - before[0] <= longest:
            kept[-1] = (before[0], end)
        else:
            kept.append((start, end))
    return kept


def _passage(document: Document, section: Section, span: Span) -> Passage:
    start, end = span
    text = document.text[start:end]
    body = section.lead_end - start
    acts = [mention for mention in find_acts(text) if mention.start >= body]
    own = dict.fromkeys(mention.reference for mention in acts if opens_paragraph(text, mention))
    provisions = (*section.provisions, *(reference for reference in own if reference not in section.provisions))
    mentions = dict.fromkeys(mention.reference for mention in (*find(text), *acts) if mention.start >= body)
    return Passage(
        source=document.source,
        title=document.title,
        text=text,
        start=start,
        end=end,
        section=section.path,
        page=bisect.bisect_right(document.pages, start) if document.pages else None,
        language=_language(text, document.language),
        date=document.date,
        provisions=provisions,
        mentions=tuple(reference for reference in mentions if reference not in provisions),
        page_breaks=tuple(page for page in document.pages if start < page < end),
    )


def _language(text: str, of_document: Language | None) -> Language | None:
    sample = text[:LANGUAGE_SAMPLE]
    if len(_LETTER.findall(sample)) < LEAST_LETTERS:
        return of_document
    return detect(sample, of_document or "en")
