"""The reader of Markdown: the text is the file's own, unchanged; headings come from markdown-it's tokens.

Knows YAML front matter only as far as lines of "key: value" with a title and a date. What a heading numbers is for `rag.split` to say.
"""

import functools
import itertools
import re
from typing import TYPE_CHECKING

from rag.load.characters import shown
from rag.load.dates import find_date, parse_date
from rag.load.parsed import Parsed, first_line, one_line, outermost
from rag.load.text import decode
from rag.types import Heading

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

# markdown-it counts lines by these ends; `str.splitlines` knows more of them.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
FENCE = re.compile(r"---[ \t]*$")
FRONT_MATTER_END = re.compile(r"(?m)^(?:---|\.\.\.)[ \t]*\r?$")
ENTRY = re.compile(r"(?m)^(?P<key>[A-Za-zÀ-ÿ_]+):[ \t]*(?P<value>[^\r\n]+)")
TITLE_KEYS = ("title", "título", "titulo")
AUTHOR_KEYS = ("author", "autor", "autora")
DATE_KEYS = ("date", "fecha", "published")
LONGEST_FRONT_MATTER = 20_000
LONGEST_HEADING = 1_000


def read_markdown(data: bytes) -> Parsed:
    """Read a Markdown file.

    Raises:
        LoadError: the bytes are not text.
    """
    text = shown(decode(data))
    body, entries = _front_matter(text)
    headings = _headings(text, body)
    title = _value(entries, TITLE_KEYS) or outermost(headings) or first_line(text[body:])
    stated = _value(entries, DATE_KEYS)
    date = (parse_date(stated) if stated else None) or find_date(text[body:])
    return Parsed(text, title, date, headings=headings, author=_value(entries, AUTHOR_KEYS))


def _front_matter(text: str) -> tuple[int, dict[str, str]]:
    """Where the text after the front matter starts (0 if there is none), and the entries of the front matter."""
    first = LINE.match(text)
    if first is None or not FENCE.match(first[0].rstrip("\r\n")):
        return 0, {}
    end = FRONT_MATTER_END.search(text, first.end(), first.end() + LONGEST_FRONT_MATTER)
    inside = text[first.end() : end.start()] if end else ""
    entries = {entry["key"].lower(): entry["value"].strip().strip("\"'") for entry in ENTRY.finditer(inside)}
    return (end.end(), entries) if end and entries else (0, {})


def _value(entries: dict[str, str], keys: tuple[str, ...]) -> str | None:
    return next((one_line(entries[key]) for key in keys if key in entries), None)


def _headings(text: str, body: int) -> tuple[Heading, ...]:
    tokens = _parser("normalize", "block").parse(text[body:])
    starts = [line.start() for line in LINE.finditer(text, body)]
    headings = []
    for token, content in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map and content.content.strip():
            first, after = token.map
            start, end = starts[first], starts[after] if after < len(starts) else len(text)
            line = text[start:end]
            start += len(line) - len(line.lstrip())
            headings.append(Heading(start, start + len(line.strip()), int(token.tag[1]), _plain(content.content)))
    return tuple(headings)


def _plain(content: str) -> str:
    """The text of a heading without its marks."""
    if len(content) > LONGEST_HEADING:
        return " ".join(content[:LONGEST_HEADING].split())
    tokens = _parser("normalize", "block", "inline", "text_join").parseInline(content)[0].children or ()
    pieces = [" " if token.type in ("softbreak", "hardbreak") else token.content for token in tokens]
    return " ".join("".join(pieces).split()) or content


@functools.cache
def _parser(*stages: str) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(stages)
    return parser
