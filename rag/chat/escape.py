"""Text of documents, models and visitors as HTML that is only text: every tag and attribute of the page is written by us.

Also cuts a citation out of its surroundings. Knows no Gradio, no pipeline and no language. Positions are characters, as in `rag.types`.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import RagError
from rag.types import Answer, Citation, Document, Language

CONTEXT_CHARACTERS = 320
"""How much of its surroundings an excerpt shows on each side of the cited characters."""

_BLANK_LINES = re.compile(r"\n\s*\n")
_MARKDOWN_SIGNS = re.compile(r"^#{1,6}\s+|\*\*", re.MULTILINE)

# Control characters, those that turn the direction of text around (CVE-2021-42574), and invisible "tag" letters can make a page show what
# its text does not say.
_DECEPTIVE = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xE0000, 0xE0080)],
    "\ufffd",
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The cited characters (`quote`) between what stands before and after them; `language` is that of the text, if known."""

    before: str
    quote: str
    after: str
    language: Language | None = None


def escape_text(text: str) -> str:
    """Text as HTML text or attribute value.

    Characters that are no text become U+FFFD (a question mark for a lone surrogate), one for one, so that lengths stay.
    """
    return html.escape(text.translate(_DECEPTIVE).encode("utf-8", "replace").decode("utf-8"), quote=True)


def paragraphs(markup: str) -> str:
    """Markup in paragraphs, divided at blank lines; single line ends stay (the style sheet keeps them)."""
    return "".join(f"<p>{part.strip()}</p>" for part in _BLANK_LINES.split(markup) if part.strip())


def without_blank_lines(text: str) -> str:
    """Text whose blank lines are single line ends."""
    return _BLANK_LINES.sub("\n", text)


def surroundings(text: str) -> str:
    """What stands around a quote, as HTML: without the signs of Markdown headings and bold type, and without blank lines."""
    return escape_text(without_blank_lines(_MARKDOWN_SIGNS.sub("", text)))


def find_excerpt(citation: Citation, answer: Answer, read: Callable[[str], Document] | None) -> Excerpt:
    """The citation in its surroundings: from the hit that contains it, else from its document, else the quote alone.

    `read` gives the document of a source, and may raise RagError. A text that does not hold the quote at its span is not shown as its
    surroundings.
    """
    for hit in answer.hits:
        passage = hit.passage
        if passage.source == citation.source:
            found = cut_excerpt(citation, passage.text, passage.start, passage.language)
            if found is not None:
                return found
    try:
        document = read(citation.source) if read is not None else None
    except RagError:
        document = None
    if document is None:
        return Excerpt("", citation.quote, "")
    return cut_excerpt(citation, document.text, 0, document.language) or Excerpt("", citation.quote, "")


def cut_excerpt(citation: Citation, text: str, offset: int, language: Language | None, context: int = CONTEXT_CHARACTERS) -> Excerpt | None:
    """Cut `text`, whose first character is character `offset` of the document, around the citation; None if the quote is not there."""
    start, end = citation.start - offset, citation.end - offset
    if start < 0 or text[start:end] != citation.quote:
        return None
    before, after = text[:start].lstrip(), text[end:].rstrip()
    return Excerpt(_cut_before(before, context), citation.quote, cut_after(after, context), language)


def cut_after(text: str, most: int) -> str:
    """The beginning of a text, cut between two words; a row of a table that would be cut is left out."""
    if len(text) <= most:
        return text
    kept = text[:most].rpartition(" ")[0]
    above, _, line = kept.rpartition("\n")
    return f"{above}\n…" if above and line.startswith("|") else f"{kept} …"


def _cut_before(text: str, most: int) -> str:
    """The end of a text, cut in the same way."""
    if len(text) <= most:
        return text
    line = text[text.rfind("\n", 0, len(text) - most) + 1 :]
    rest, kept = (text[-most:].partition(end)[2] for end in "\n ")
    return f"…\n{rest}" if rest and line.startswith("|") else f"… {kept}"
