"""What a reader makes of the bytes of one file, before the file's name, hash and language are added.

Knows no format. `title`, `author` and `date` are None when the file does not state them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.load.dates import is_signature
from rag.sentences import TURN
from rag.types import Heading

LONGEST_TITLE = 120
_ISSUER = re.compile(
    r"(?:excm[oa]\W*\s)?(?:ayuntamiento|diputación|universidad|ministerio|consejería|gobierno|junta|comunidad|asociación|federación|fundación|"
    r"club|instituto|colegio|hospital|(?:the )?(?:city|town|parish|borough|county|university|ministry|department|council|association|"
    r"federation)|(?:\w+ ){1,3}(?:council|university|association|federation))\b",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"(?:ordenanza|reglamento|normas|bases|estatutos|acta|circular|informe|convenio|contrato|acuerdo|manual|memoria|bando|pliego|"
    r"ordinance|regulations?|rules|bye-?laws?|statutes|minutes|circular|report|agreement|contract|handbook|policy|notice|terms)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"(?:asunto|subject|re)\s?:\s*(\S.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of a file and the positions in it that a reader knows; fields as in `rag.types.Document`."""

    text: str
    title: str | None = None
    date: str | None = None
    pages: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    author: str | None = None


def first_line(text: str) -> str | None:
    """The first line that is not blank, without Markdown marks, if it is short enough to be a title.

    A letter is called by its subject, and no text by where and when it was written. The name of who issued the text goes behind what the
    text is called in the line below: "Ordenanza de ruidos (Ayuntamiento de Vega)". What somebody says first is no title of a conversation.
    """
    plain = (line.strip(" \t\r\f#*_=-") for line in text.lstrip()[: 4 * LONGEST_TITLE].split("\n"))
    lines = [line for line in plain if line and not is_signature(line)]
    subject = next(filter(None, map(_SUBJECT.fullmatch, lines)), None)
    if subject and len(subject[1]) <= LONGEST_TITLE:
        return subject[1][0].upper() + subject[1][1:]
    line, below = [*lines[:2], "", ""][:2]
    if _ISSUER.match(line) and _DOCUMENT.match(below) and len(line) + len(below) + 3 <= LONGEST_TITLE:
        return f"{below} ({line})"
    return line if 0 < len(line) <= LONGEST_TITLE and not TURN.match(f"{line} .") else None


def outermost(headings: tuple[Heading, ...]) -> str | None:
    """The text of the heading that is the likeliest title: the first of level 1, or else the first."""
    found = min(headings, key=lambda heading: (heading.level > 1, heading.start), default=None)
    return found.text if found else None


def one_line(text: str | None) -> str | None:
    """`text` with its runs of white space made single spaces; None if nothing is left."""
    return " ".join(text.split()) or None if text else None


def without_surrogates(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced: what can be stored and printed as UTF-8."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def joined(parts: Sequence[Parsed]) -> Parsed:
    """Several texts as one, with blank lines between them; title, author and date are those of the first that states them."""
    texts: list[str] = []
    headings: list[Heading] = []
    length = 0
    for part in parts:
        length += 2 if texts else 0
        headings += [replace(heading, start=heading.start + length, end=heading.end + length) for heading in part.headings]
        texts.append(part.text)
        length += len(part.text)
    return Parsed(
        "\n\n".join(texts),
        next((part.title for part in parts if part.title), None),
        next((part.date for part in parts if part.date), None),
        headings=tuple(headings),
        author=next((part.author for part in parts if part.author), None),
    )
