"""Lines of data files, read strictly: what does not fit is refused with the file's name, the line and what is wrong there.

Knows JSONL and plain lines; what the fields mean is not known here.
"""

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import InputError

T = TypeVar("T")
ALIKE = 0.85
"""How alike a name must be to a field's to be taken for a misspelling of it (difflib's ratio)."""


def read_jsonl(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSONL file, each with its place "file:line".

    Raises:
        InputError: while iterating: a file that cannot be read, or a line that is no JSON object.
    """
    for place, line in read_lines(file):
        try:
            record = json.loads(line.rstrip("\r\n"))
        except (json.JSONDecodeError, RecursionError) as error:
            reason = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "nested too deep"
            raise InputError(f"{place} is not JSON ({reason}); write one JSON object per line.") from error
        if not isinstance(record, dict):
            raise InputError(f"{place} is a JSON {type(record).__name__}, not an object; write one JSON object per line.")
        yield place, record


def read_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Lines that are not blank, each with its place "file:line"."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield f"{file}:{number}", line
    except OSError as error:
        raise unreadable(file, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 (byte {error.start}); convert it.") from error


def read_text(file: Path) -> str:
    """The whole of a UTF-8 file."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(file, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 (byte {error.start}); convert it.") from error


def unreadable(file: Path, error: OSError) -> InputError:
    """What to tell about a file that the system does not open."""
    return InputError(f"{file} cannot be read ({error.strerror}); check the path.")


def field(record: Mapping[str, Any], name: str, kind: type[T], place: str) -> T:
    """A field that must be there and of this type."""
    if name not in record:
        raise InputError(f"{place} has no {name!r}; it needs one of type {kind.__name__}.")
    value = record[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{place}: {name!r} is {value!r}; it must be of type {kind.__name__}.")
    return value


def text(record: Mapping[str, Any], name: str, place: str) -> str:
    """A field of text that is not blank."""
    value = field(record, name, str, place)
    if not value.strip():
        raise InputError(f"{place}: {name!r} is empty.")
    return value


def check_spelling(record: Mapping[str, Any], optional: Sequence[str], place: str) -> None:
    """Refuse a field that is nearly called like one of those that may be missing: "reveiwed" would count as none.

    Raises:
        InputError: there is one.
    """
    for name in record:
        near = difflib.get_close_matches(name, [known for known in optional if known not in record], n=1, cutoff=ALIKE)
        if near:
            raise InputError(f"{place} has the field {name!r}; write {near[0]!r}, or give it a name of its own.")


def identifier(record: Mapping[str, Any], name: str, place: str) -> str:
    """An id as text; some data sets write numbers."""
    return str(record[name]) if type(record.get(name)) is int else text(record, name, place)


def judge(gains: dict[str, float], document: str, grade: str, place: str) -> None:
    """Add a judgement; the same one twice does no harm.

    Raises:
        ValueError: the grade is no finite number.
        InputError: the document has another grade already.
    """
    gain = float(grade)
    if not math.isfinite(gain):
        raise ValueError(f"{grade} is not finite")
    if gains.setdefault(document, gain) != gain:
        raise InputError(f"{place} judges {document!r} as {gain:g}, an earlier line as {gains[document]:g}; keep one of them.")


def objects(record: Mapping[str, Any], name: str, place: str, *, required: bool) -> list[dict[str, Any]]:
    """A list of objects; an empty one if it may be missing and is."""
    if record.get(name) is None and not required:
        return []
    items = field(record, name, list, place)
    for item in items:
        if not isinstance(item, dict):
            raise InputError(f"{place}: {name!r} holds {item!r}; each item must be an object.")
    return items
