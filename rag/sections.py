"""Document to sections: paragraphs under a path of headings.

Headings are those that the reader found, lines that open a numbered provision ("Artículo 4. Objeto"), and questions that are followed by
their answers. It knows lines, blank lines and numbering; how much text goes into one passage is for `rag.split` to say.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rag.headings.implied import Implied, implied_headings
from rag.headings.misread import misread_headings
from rag.headings.new_wordings import new_wordings
from rag.provisions.words import PROVISIONS
from rag.references import find, heading_reference
from rag.sentences import MARKS, lines, sentences, with_line_feeds
from rag.types import Document, Heading, Reference

# Depth of provisions that are no headings of the document: below all of those, and one below the other.
_DEPTHS = {"annex": 10, "book": 11, "part": 12, "title": 13, "chapter": 14, "section": 15}
_DEPTHS |= dict.fromkeys(PROVISIONS, 11)  # of no title
_ARTICLE_DEPTH = 16
_SECTION_OF_ARTICLE_DEPTH = 17
_QUESTION_DEPTH = 20
_OUTER_KINDS = frozenset(("book", "part", "title", "chapter"))
_DIVIDED = ("title", "chapter", "section")  # what may have parts of its own
_LONGEST_TITLE_LINE = 120
_LONGEST_RUN_IN_TITLE = 60
_LONGEST_QUESTION = 300
_WRAPPED_LINE = 60

_BLANK_BELOW = re.compile(r"[^\S\n]*\n[ \t]*(?:\n|$)")
# Characters that a heading may have more than its label.
_MARKS_OF_HEADING = 20
_DOT_LEADERS = re.compile(r"(?:\.\s?){4,}\d{0,4}$")
_GOES_ON = re.compile(
    r"(?:,|[(«“]|\b(?:el|la|los|las|del?|al|y|e|o|u|en|con|por|según|véase|the|of|and|or|in|to|under|with|see|by))$", re.IGNORECASE
)
_ASKED = re.compile(r"(?:P|Pregunta|Q|Question)(?:\s?\d{1,3})?\s?(?::|\.\s?[-–—])\s*")
_SPEAKER = re.compile(r"[*_]{0,2}(?:P|Pregunta|Q|Question|R|Respuesta|A|Answer)(?:\s?\d{1,3})?\s?(?::|\.\s?[-–—])")
# How the formula begins that ends a contract or a law, and belongs to none of its provisions.
_CLOSING = re.compile(
    r"(?:y )?(?:en (?:prueba|señal) de|para que (?:así )?conste|en fe de lo cual|leído el presente|dad[oa] en |hecho en |por tanto, mando|"
    r"ha(?:ve|s) (?:adopted|agreed|decided) |han? (?:adoptado|convenido|decidido) |"
    r"done (?:at|in) |in witness (?:whereof|of)|signed (?:at|in|by|on) )",
    re.IGNORECASE,
)
# "Artículo 27. 1. Todos tienen ..." and "Clause 3. The rent is 900 euros." have no title: their text begins there.
_FIRST_PARAGRAPH = re.compile(r"[\s.:ºª—–-]*1\s?[.)ºª]")
_STATES = re.compile(
    r"\b(?:is|are|was|were|shall|must|may|will|has|have|es|son|será|serán|se|debe|deben|deberán?|podrán|tendrán|puede|pueden|podrá|tiene|tienen)\b",
    re.IGNORECASE,
)
_NO_QUESTION = re.compile(r"[-–—•>|#«“\"'(]")


@dataclass(slots=True)
class _Block:
    """A paragraph or heading at `start:end`; `depth` is None for a paragraph.

    A heading is `bare` if no text follows in the same block, as it does where a provision goes on in the line that opens it.
    """

    start: int
    end: int
    depth: int | None = None
    label: str = ""
    reference: Reference | None = None
    numbered_line: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between two headings.

    `blocks` are the spans of its headings and paragraphs, `lead_end` where its leading headings end (the start if it has none), `path` the
    labels of the headings above, `provisions` the numbered provisions that it belongs to, first the innermost ("Article 4") and then what
    that is in ("Title II", "Chapter 1"). It is `whole` if it should not be cut.
    """

    blocks: tuple[tuple[int, int], ...]
    lead_end: int
    path: tuple[str, ...]
    provisions: tuple[Reference, ...]
    whole: bool


def sections(document: Document) -> list[Section]:
    """The sections of `document`, in order; together their blocks hold everything but white space."""
    blocks = _blocks(with_line_feeds(document.text), {heading.start: heading for heading in document.headings})
    _unmark_contents(document.text, blocks)
    _settle_depth_of_sections(blocks)
    _settle_depth_of_parts(blocks)
    _mark_questions(document.text, blocks)
    found: list[Section] = []
    above: list[_Block] = []
    current: list[_Block] = []
    for block in blocks:
        if block.depth is None:
            if above and above[-1].reference and current and _CLOSING.match(document.text, block.start):
                found.append(_section(current, above))
                above, current = [heading for heading in above if not heading.reference], []
            current.append(block)
            continue
        if current and not _carries_on(current[-1], block):
            found.append(_section(current, above))
            current = []
        while above and (above[-1].depth or 0) >= block.depth and not _is_of(block, above[-1]):
            above.pop()
        above.append(block)
        current.append(block)
    if current:
        found.append(_section(current, above))
    return found


def _is_of(block: _Block, above: _Block) -> bool:
    """Whether an article stands under a chapter that the document marks as a heading of the same level."""
    if above.depth != block.depth or not (above.reference and block.reference):
        return False
    return _rank(above.reference) < _rank(block.reference) and above.reference.kind in _OUTER_KINDS


def _rank(reference: Reference) -> int:
    return _DEPTHS.get(reference.kind, _ARTICLE_DEPTH)


def _carries_on(last: _Block, heading: _Block) -> bool:
    """Whether `heading` stands right below the heading `last` and within its section: both lead the same text."""
    if last.depth is None or heading.depth is None or not last.bare:
        return False
    return heading.depth > last.depth or heading.depth == last.depth == _QUESTION_DEPTH


def _section(blocks: list[_Block], above: list[_Block]) -> Section:
    lead_end = blocks[0].start
    for block in blocks[:-1]:
        if not block.bare:
            break
        lead_end = block.end
    references = [block.reference for block in above if block.reference]
    articles = [reference for reference in references if reference.kind not in _OUTER_KINDS]
    smallest = [reference for reference in articles if reference.kind != "annex"]
    innermost = (smallest or references)[-1:]
    around = [reference for reference in references if reference not in innermost]
    return Section(
        blocks=tuple((block.start, block.end) for block in blocks),
        lead_end=lead_end,
        path=tuple(block.label for block in above),
        provisions=tuple(dict.fromkeys((*innermost, *around))),
        whole=bool(articles) or (bool(above) and above[-1].depth == _QUESTION_DEPTH),
    )


def _blocks(text: str, headings: dict[int, Heading]) -> list[_Block]:
    """The paragraphs and headings of `text`, whose line ends are line feeds."""
    blocks: list[_Block] = []
    before = ""
    previous_end = heading_end = 0
    implied = implied_headings(text) | misread_headings(text)
    quoted = new_wordings(text)
    for start, line in lines(text):
        end = start + len(line)
        heading = headings.get(start) if start not in quoted else None
        after_blank = not blocks or text.count("\n", previous_end, start) > 1 or previous_end == heading_end
        if start < heading_end and not heading:
            blocks[-1].end = end
        elif heading:
            reference = implied[start].reference if start in implied else heading_reference(heading.text)
            label = (implied[start].line if start in implied else "") or heading.text
            blocks.append(_Block(start, end, heading.level, label, reference, bare=True))
            heading_end = heading.end
        elif start in quoted:
            if after_blank:
                blocks.append(_Block(start, end))
            else:
                _go_on(blocks[-1], line, end)
        elif start in implied:
            blocks.append(_implied(start, line, implied[start]))
        elif provision := _provision(line, "" if after_blank else before):
            blocks.append(_opening(start, line, provision))
        elif blocks and _is_title_below(blocks[-1], line, text, end):
            blocks[-1].end = end
            blocks[-1].label += f". {line.strip(MARKS)}"
        elif after_blank or _SPEAKER.match(line):
            blocks.append(_Block(start, end))
        else:
            _go_on(blocks[-1], line, end)
        before = line
        previous_end = end
    return blocks


def _opening(start: int, line: str, provision: Reference) -> _Block:
    """The block that begins with `line`, which opens a provision."""
    # The sign numbers the smallest provisions, also below sections that are called so.
    smallest = line.lstrip(MARKS).startswith("§")
    depth = _ARTICLE_DEPTH if smallest else _DEPTHS.get(provision.kind, _ARTICLE_DEPTH)
    label = _label(line)
    return _Block(start, start + len(line), depth, label, provision, numbered_line=True, bare=len(line) <= len(label) + _MARKS_OF_HEADING)


def _implied(start: int, line: str, implied: Implied) -> _Block:
    """The block that begins with `line`, which opens a provision without saying of which kind."""
    if implied.line:
        block = _opening(start, implied.line, implied.reference)
        block.end = start + len(line)
        return block
    label = implied.label or _label(line)
    plain = line.lstrip(MARKS)
    if not implied.label and len(label) > _LONGEST_RUN_IN_TITLE:
        label = plain[: implied.number_end - start]
    bare = len(plain) <= (implied.number_end - start if implied.label else len(label) + _MARKS_OF_HEADING)
    return _Block(start, start + len(line), _ARTICLE_DEPTH, label, implied.reference, numbered_line=True, bare=bare)


def _go_on(block: _Block, line: str, end: int) -> None:
    """Add a line to a paragraph, or text to the provision that the block opens."""
    block.end = end
    if block.numbered_line and block.bare and line[0].islower() and (numbers := find(block.label)):
        # What looked like a title was the beginning of a sentence.
        block.label = block.label[: numbers[0].end]
    block.bare = False


def _is_title_below(block: _Block, line: str, text: str, line_end: int) -> bool:
    """Whether `line` is the title of a provision whose own line has only its number: "CAPÍTULO I" / "DISPOSICIONES GENERALES"."""
    if not (block.numbered_line and block.bare) or len(line) > _LONGEST_TITLE_LINE or line[-1] in ".,;:?!" or _SPEAKER.match(line):
        return False
    if not (line.isupper() or (line.lstrip(MARKS)[:1].isupper() and _BLANK_BELOW.match(text, line_end))):
        return False
    mentions = find(block.label)
    return bool(mentions) and mentions[-1].end >= len(block.label.rstrip(".")) and block.end - block.start <= _LONGEST_RUN_IN_TITLE


def _provision(line: str, before: str) -> Reference | None:
    """The provision that `line` opens; `before` is the line right above it, which may go on in it ("according to the" / "Article 4.")."""
    provision = heading_reference(line)
    if provision is None or _DOT_LEADERS.search(line[-60:]):
        return None
    wrapped = len(before) >= _WRAPPED_LINE and before[-1].islower()
    return None if before and (wrapped or _GOES_ON.search(before[-20:])) else provision


def _label(line: str) -> str:
    """What a section is called by: the line that opens it, or where text follows in that line, its title or else its number."""
    label = re.sub(r"(?<!\w)[*_](?=\w)|(?<=[\w.:])[*_](?!\w)", "", line.strip(MARKS).replace("**", "").replace("__", ""))
    numbers = find(label[:_LONGEST_TITLE_LINE])
    if numbers and (_FIRST_PARAGRAPH.match(label, numbers[0].end) or (label[-1] in ".:" and _STATES.search(label))):
        return label[: numbers[0].end]
    if len(label) > _LONGEST_TITLE_LINE or (label[-1] == "." and len(label) > _LONGEST_RUN_IN_TITLE):
        label = label[: sentences(label[:400])[0][1]]
        numbers = find(label[:_LONGEST_TITLE_LINE])
        if len(label) > _LONGEST_RUN_IN_TITLE and numbers:
            label = label[: numbers[0].end]
    return label.rstrip(". ") or line


def _unmark_contents(text: str, blocks: list[_Block]) -> None:
    """Take the entries of a table of contents for text: provisions without text in a row that all come again further down."""
    later = Counter(block.reference for block in blocks if block.numbered_line)
    for run in _runs_of_numbered_lines(blocks):
        # The first heading of the text itself may stand right below the last entry.
        entries = list(itertools.takewhile(lambda block: _is_entry(text, block, later), run))
        later.subtract(block.reference for block in run[len(entries) + 1 :])
        kinds = [block.reference.kind for block in entries if block.reference]
        if len(entries) > 2 and any(kind == after for kind, after in itertools.pairwise(kinds)):
            for block in entries:
                block.depth, block.label, block.reference, block.numbered_line, block.bare = None, "", None, False, False


def _is_entry(text: str, block: _Block, later: Counter[Reference | None]) -> bool:
    """Whether `block` can be in a table of contents; counts it off from the references that come later."""
    later[block.reference] -= 1
    return later[block.reference] > 0 and block.bare and text[block.end - 1] not in ".;:"


def _settle_depth_of_sections(blocks: list[_Block]) -> None:
    """Put sections below articles where they are divisions of those, as in American contracts; else they stand above."""
    kinds = [block.reference.kind for block in blocks if block.numbered_line and block.reference]
    if kinds[:1] != ["section"] and kinds.count("section") > kinds.count("article") > 0:
        for block in blocks:
            if block.numbered_line and block.reference and block.reference.kind == "section":
                block.depth = _SECTION_OF_ARTICLE_DEPTH


def _settle_depth_of_parts(blocks: list[_Block]) -> None:
    """Put parts below the chapters or sections that come before them, where they are counted anew in those."""
    units = [block for block in blocks if block.numbered_line and block.reference and block.reference.kind in ("part", *_DIVIDED)]
    parts = [block for block in units if block.reference and block.reference.kind == "part"]
    if units and units[0] not in parts and len({block.reference for block in parts}) < len(parts):
        for block in parts:
            block.depth = (units[0].depth or 0) + 1


def _runs_of_numbered_lines(blocks: list[_Block]) -> Iterator[list[_Block]]:
    run: list[_Block] = []
    for block in blocks:
        if block.numbered_line:
            run.append(block)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _mark_questions(text: str, blocks: list[_Block]) -> None:
    """Make headings of the questions that have an answer below them, if there are several."""
    found: list[tuple[_Block, str, bool]] = []
    answered = 0
    for block, after in itertools.zip_longest(blocks, blocks[1:]):
        asked = _question(text, block) if block.depth is None else None
        if asked is None:
            continue
        question, end = asked
        bare = not text[end : block.end].strip()
        found.append((block, question, bare))
        answered += not bare or (after is not None and after.depth is None and _question(text, after) is None)
    if answered > 1:
        for block, question, bare in found:
            block.depth, block.label, block.bare = _QUESTION_DEPTH, question, bare


def _question(text: str, block: _Block) -> tuple[str, int] | None:
    """The question that a paragraph is, or whose first line it is, without marks, and where it ends."""
    head = text[block.start : min(block.end, block.start + _LONGEST_QUESTION + 1)]
    if "?" not in head and not _SPEAKER.match(head):
        return None
    for candidate in (head, with_line_feeds(head).partition("\n")[0]):
        asked = _ASKED.match(candidate.lstrip("*_"))
        ends = candidate.rstrip(' \t\r\n*_»”"').endswith("?")
        if len(candidate) <= _LONGEST_QUESTION and (ends or asked) and not _NO_QUESTION.match(candidate):
            question = candidate.lstrip("*_")[asked.end() if asked else 0 :]
            return " ".join(question.replace("**", "").replace("__", "").split()), block.start + len(candidate)
    return None
