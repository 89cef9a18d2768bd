"""Document to sections: paragraphs under a path of headings.

Headings are those that the reader found, lines that open a numbered provision ("Artículo 4. Objeto"), and questions that are followed by
their answers. It knows lines, blank lines and numbering; how much text goes into one passage is for `rag.split` to say.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rag.references import find, heading_reference
from rag.sentences import sentences, with_line_feeds
from rag.types import Document, Heading, Reference

# Depth of provisions that are no headings of the document: below all of those, and one below the other.
_DEPTHS = {"annex": 10, "title": 11, "chapter": 12, "section": 13}
_ARTICLE_DEPTH = 14
_SECTION_OF_ARTICLE_DEPTH = 15
_QUESTION_DEPTH = 20
_OUTER_KINDS = frozenset(("title", "chapter"))
_LONGEST_TITLE_LINE = 120
_LONGEST_RUN_IN_TITLE = 60
_LONGEST_QUESTION = 300
_WRAPPED_LINE = 60

_LINE = re.compile(r"[^\n]+")
_MARKS = "#*_> \t"
# Characters that a heading may have more than its label.
_MARKS_OF_HEADING = 20
_DOT_LEADERS = re.compile(r"(?:\.\s?){4,}\d{0,4}$")
_GOES_ON = re.compile(
    r"(?:,|[(«“]|\b(?:el|la|los|las|del?|al|y|e|o|u|en|con|por|según|véase|the|of|and|or|in|to|under|with|see|by))$", re.IGNORECASE
)
_ASKED = re.compile(r"(?:P|Pregunta|Q|Question)(?:\s?\d{1,3})?\s?(?::|\.\s?[-–—])\s*")
_SPEAKER = re.compile(r"[*_]{0,2}(?:P|Pregunta|Q|Question|R|Respuesta|A|Answer)(?:\s?\d{1,3})?\s?(?::|\.\s?[-–—])")
_NO_QUESTION = re.compile(r"[-–—•>|#«“\"'(]")


@dataclass(slots=True)
class _Block:
    """A paragraph or heading at `start:end`; `depth` is None for a paragraph."""

    start: int
    end: int
    depth: int | None = None
    label: str = ""
    reference: Reference | None = None
    numbered_line: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between two headings.

    `blocks` are the spans of its headings and paragraphs, `lead_end` where its leading headings end (the start if it has none), `path` the
    labels of the headings above, `provision` the innermost numbered provision that it belongs to. It is `whole` if it should not be cut.
    """

    blocks: tuple[tuple[int, int], ...]
    lead_end: int
    path: tuple[str, ...]
    provision: Reference | None
    whole: bool


def sections(document: Document) -> list[Section]:
    """The sections of `document`, in order; together their blocks hold everything but white space."""
    blocks = _blocks(with_line_feeds(document.text), {heading.start: heading for heading in document.headings})
    _unmark_contents(document.text, blocks)
    _settle_depth_of_sections(blocks)
    _mark_questions(document.text, blocks)
    found: list[Section] = []
    above: list[_Block] = []
    current: list[_Block] = []
    for block in blocks:
        if block.depth is None:
            current.append(block)
            continue
        if current and not _carries_on(current[-1], block):
            found.append(_section(current, above))
            current = []
        while above and (above[-1].depth or 0) >= block.depth:
            above.pop()
        above.append(block)
        current.append(block)
    if current:
        found.append(_section(current, above))
    return found


def _carries_on(last: _Block, heading: _Block) -> bool:
    """Whether `heading` stands right below the heading `last` and within its section: both lead the same text."""
    if last.depth is None or heading.depth is None or not _is_bare(last):
        return False
    return heading.depth > last.depth or heading.depth == last.depth == _QUESTION_DEPTH


def _is_bare(block: _Block) -> bool:
    """Whether a block is a heading and nothing else; a provision may go on in the line that opens it, and an answer below its question."""
    if block.depth is None:
        return False
    may_go_on = block.numbered_line or block.depth == _QUESTION_DEPTH
    return not may_go_on or block.end - block.start <= len(block.label) + _MARKS_OF_HEADING


def _section(blocks: list[_Block], above: list[_Block]) -> Section:
    lead_end = blocks[0].start
    for block in blocks[:-1]:
        if not _is_bare(block):
            break
        lead_end = block.end
    references = [block.reference for block in above if block.reference]
    articles = [reference for reference in references if reference.kind not in _OUTER_KINDS]
    innermost = (articles or references)[-1:]
    return Section(
        blocks=tuple((block.start, block.end) for block in blocks),
        lead_end=lead_end,
        path=tuple(block.label for block in above),
        provision=innermost[0] if innermost else None,
        whole=bool(articles) or (bool(above) and above[-1].depth == _QUESTION_DEPTH),
    )


def _blocks(text: str, headings: dict[int, Heading]) -> list[_Block]:
    """The paragraphs and headings of `text`, whose line ends are line feeds."""
    blocks: list[_Block] = []
    before = ""
    previous_end = heading_end = 0
    for match in _LINE.finditer(text):
        line = match[0].strip()
        if not line:
            continue
        start = match.start() + match[0].index(line[0])
        end = start + len(line)
        heading = headings.get(start)
        if start < heading_end and not heading:
            blocks[-1].end = end
        elif heading:
            blocks.append(_Block(start, end, heading.level, heading.text, heading_reference(heading.text)))
            heading_end = heading.end
        else:
            after_blank = not blocks or text.count("\n", previous_end, start) > 1 or previous_end == heading_end
            provision = _provision(line, "" if after_blank else before)
            if provision:
                blocks.append(_Block(start, end, _depth(provision, line), _label(line), provision, numbered_line=True))
            elif after_blank or _SPEAKER.match(line):
                blocks.append(_Block(start, end))
            else:
                blocks[-1].end = end
        before = line
        previous_end = end
    return blocks


def _provision(line: str, before: str) -> Reference | None:
    """The provision that `line` opens; `before` is the line right above it, which may go on in it ("according to the" / "Article 4.")."""
    provision = heading_reference(line)
    if provision is None or _DOT_LEADERS.search(line[-60:]):
        return None
    wrapped = len(before) >= _WRAPPED_LINE and before[-1].islower()
    return None if before and (wrapped or _GOES_ON.search(before[-20:])) else provision


def _depth(provision: Reference, line: str) -> int:
    # The sign numbers the smallest provisions, also below sections that are called so.
    return _ARTICLE_DEPTH if line.lstrip(_MARKS).startswith("§") else _DEPTHS.get(provision.kind, _ARTICLE_DEPTH)


def _label(line: str) -> str:
    """What a section is called by: the line that opens it, or where text follows in that line, its title or else its number."""
    label = line.strip(_MARKS).replace("**", "").replace("__", "")
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
        later.subtract(block.reference for block in run)
        kinds = [block.reference.kind for block in run if block.reference]
        one_after_another = any(kind == after for kind, after in itertools.pairwise(kinds))
        bare = all(block.end - block.start <= _LONGEST_TITLE_LINE and text[block.end - 1] not in ".;:" for block in run)
        if len(run) > 2 and one_after_another and bare and all(later[block.reference] > 0 for block in run):
            for block in run:
                block.depth, block.label, block.reference, block.numbered_line = None, "", None, False


def _settle_depth_of_sections(blocks: list[_Block]) -> None:
    """Put sections below articles where they are divisions of those, as in American contracts; else they stand above."""
    kinds = [block.reference.kind for block in blocks if block.numbered_line and block.reference]
    if kinds[:1] != ["section"] and kinds.count("section") > kinds.count("article") > 0:
        for block in blocks:
            if block.numbered_line and block.reference and block.reference.kind == "section":
                block.depth = _SECTION_OF_ARTICLE_DEPTH


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
    found: list[tuple[_Block, str]] = []
    answered = 0
    for block, after in itertools.zip_longest(blocks, blocks[1:]):
        question = _question(text, block) if block.depth is None else None
        if question is None:
            continue
        found.append((block, question))
        answers_itself = "\n" in text[block.start : block.end].strip() and block.end - block.start > len(question) + 10
        answered += answers_itself or (after is not None and after.depth is None and _question(text, after) is None)
    if answered > 1:
        for block, question in found:
            block.depth, block.label = _QUESTION_DEPTH, question


def _question(text: str, block: _Block) -> str | None:
    """The question that a paragraph is, or whose first line it is, without marks."""
    if text[block.start] in ".,;":
        return None
    head = text[block.start : min(block.end, block.start + _LONGEST_QUESTION + 1)]
    if "?" not in head and not _SPEAKER.match(head):
        return None
    lines = with_line_feeds(head).split("\n")
    for candidate in (head, lines[0]):
        plain = candidate.strip(' \t\r\n*_»”"')
        asked = _ASKED.match(candidate.lstrip("*_"))
        if len(candidate) <= _LONGEST_QUESTION and (plain.endswith("?") or asked) and not _NO_QUESTION.match(candidate):
            question = " ".join(candidate.replace("**", "").replace("__", "").split())
            return question[asked.end() :] if asked and question.startswith(asked[0].strip()) else question
    return None
