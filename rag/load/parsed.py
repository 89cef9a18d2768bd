"""What a reader makes of the bytes of one file, before the file's name, hash and language are added.

Knows no format. `title` and `date` are None when the file does not state them.
"""

from dataclasses import dataclass

from rag.types import Heading

LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of a file and the positions in it that a reader knows; fields as in `rag.types.Document`."""

    text: str
    title: str | None = None
    date: str | None = None
    pages: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()


def first_line(text: str) -> str | None:
    """The first line that is not blank, without Markdown marks, if it is short enough to be a title."""
    line = text.lstrip()[: 2 * LONGEST_TITLE].partition("\n")[0].strip(" \t\r\f#*_=-")
    return line if 0 < len(line) <= LONGEST_TITLE else None


def one_line(text: str) -> str | None:
    """`text` with its runs of white space made single spaces; None if nothing is left."""
    return " ".join(text.split()) or None


def without_surrogates(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced: what can be stored and printed as UTF-8."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
