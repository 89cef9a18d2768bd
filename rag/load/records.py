"""The readers of JSON and JSON Lines: records with a text, each a section under its title; records without one become rows.

A file may hold one record, a list of them, or an object with such a list in it. Numbers and names beside the text are not read.
"""

import json
from collections.abc import Iterator
from typing import Any

from rag.errors import LoadError
from rag.load.characters import clean
from rag.load.dates import parse_date
from rag.load.layout import Layout
from rag.load.parsed import Parsed, one_line
from rag.load.rows import MOST_ROWS
from rag.load.text import decode

TEXT_KEYS = ("text", "texto", "content", "contenido", "body", "cuerpo", "passage", "paragraph", "abstract", "description", "descripción")
TITLE_KEYS = ("title", "título", "titulo", "headline", "name", "nombre", "heading", "subject")
AUTHOR_KEYS = ("author", "autor", "autora", "creator")
DATE_KEYS = ("date", "fecha", "published", "created")


def read_json(data: bytes) -> Parsed:
    """Read a JSON file.

    Raises:
        LoadError: not JSON, or without any text.
    """
    return _parsed(_records(_value(decode(data))))


def read_json_lines(data: bytes) -> Parsed:
    """Read a file of one JSON value in each line; see `read_json`."""
    lines = (line for line in decode(data).split("\n") if line.strip())
    return _parsed([_value(line, f" in line {number}") for number, line in enumerate(lines, 1)])


def _value(text: str, place: str = "") -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except ValueError as error:
        raise LoadError(f"not valid JSON{place} ({str(error)[:80]})") from error


def _records(value: Any) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    """The records of a file: a list, the longest list of objects in an object, or the value alone."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and _pick(value, TEXT_KEYS) is None:
        lists = [held for held in value.values() if isinstance(held, list) and any(isinstance(item, dict) for item in held)]
        if lists:
            return max(lists, key=len)
    return [value]


def _parsed(records: list[Any]) -> Parsed:
    if len(records) > MOST_ROWS:
        raise LoadError(f"{len(records):,} records (at most {MOST_ROWS:,})")
    layout = Layout()
    for record in records:
        text = record if isinstance(record, str) else _pick(record, TEXT_KEYS) if isinstance(record, dict) else None
        if text is None:
            layout.paragraph(" | ".join(_fields(record)))
            continue
        title = _pick(record, TITLE_KEYS) if isinstance(record, dict) else None
        if title:
            layout.heading(2 if len(records) > 1 else 1, title)
        for paragraph in clean(text).replace("\r\n", "\n").split("\n\n"):
            layout.gap(2)
            layout.write(paragraph.strip("\n"), verbatim=True)
            layout.gap(2)
    only = records[0] if len(records) == 1 and isinstance(records[0], dict) else {}
    return Parsed(
        layout.end().text(),
        one_line(_pick(only, TITLE_KEYS)),
        parse_date(_pick(only, DATE_KEYS) or ""),
        headings=tuple(layout.headings),
        author=one_line(_pick(only, AUTHOR_KEYS)),
    )


def _pick(record: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of these fields that is a text, whatever the case of its name."""
    folded = {key.casefold(): value for key, value in record.items() if isinstance(value, str) and value.strip()}
    return next((folded[key] for key in keys if key in folded), None)


def _fields(record: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    """ "name: value" of every text and number in a record; names of nested ones are joined by dots."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from _fields(value, f"{name}.{key}" if name else key)
    elif isinstance(record, list):
        for value in record:
            yield from _fields(value, name)
    elif record not in (None, ""):
        yield f"{name}: {record}" if name else str(record)
