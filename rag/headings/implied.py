"""Lines that open a provision without saying of which kind: "PRIMERA.- Objeto" of a contract, "(12) Whereas ..." of a preamble.

Neither is read alone. Ordinals open clauses where two or more follow each other at line starts, and the provisions that the line above them
names ("DISPOSICIONES TRANSITORIAS"). Numbers in brackets open recitals where a preamble says "whereas" before the first article.
It knows lines; masculine ordinals ("PRIMERO.-") number whatever a ruling likes to number, so they count only below such a line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.naming.aliases import fold
from rag.provisions.numbers import ORDINAL, spelled
from rag.provisions.words import PROVISIONS, any_of, kind_in, plural
from rag.references import heading_reference
from rag.sentences import MARKS, lines
from rag.types import Reference

_ORDINAL_LINE = re.compile(rf"(?P<ordinal>(?i:{ORDINAL}|única|unica))[*_]*\s?(?:\.\s?[-–—]+|[.:)]|[-–—]\s)(?=[\s*_]|$)")
_GROUP = re.compile(
    rf"{any_of(PROVISIONS, plural)}|(?:disposiciones\s+)?transitori[oa]s|art[ií]culos\s+transitorios|"
    r"(?P<ground>fundamentos\s+(?:de\s+derecho|jurídicos)|(?-i:FUNDAMENTOS))|(?P<fact>antecedentes\s+de\s+hecho|hechos\s+probados)",
    re.IGNORECASE,
)
_RECITAL = re.compile(r"\((?P<number>[0-9]{1,3})\)(?=\s|$)")
_WHEREAS = re.compile(r"\b(?:whereas|considerando)\b", re.IGNORECASE)
_CLAUSE = "clause"
_FEWEST = 2
_LONGEST_GROUP = 60


@dataclass(frozen=True, slots=True)
class Implied:
    """A provision that the line at `start` opens; `label` is what it is called by, `number_end` where its number ends.

    `line` is how a line that was misread should read.
    """

    reference: Reference
    start: int
    number_end: int
    label: str = ""
    line: str = ""


def implied_headings(text: str) -> dict[int, Implied]:
    """The lines of `text`, whose line ends are line feeds, that open a clause or a recital without saying so, by where they start."""
    found = [*_ordinals(text), *_recitals(text)]
    return {item.start: item for item in found}


def _ordinals(text: str) -> Iterator[Implied]:
    """Runs of lines that begin with rising ordinals, from the first on."""
    run: list[Implied] = []
    kind = _CLAUSE
    for start, line in _plain_lines(text):
        match = _ORDINAL_LINE.match(line)
        value = _value(match["ordinal"]) if match else None
        if match is None or value is None or not (kind != _CLAUSE or _is_of_clause(match["ordinal"])):
            group = _GROUP.fullmatch(line.rstrip(" .:*_")) if len(line) <= _LONGEST_GROUP else None
            if group or ((run or kind != _CLAUSE) and heading_reference(line)):
                yield from _kept(run, kind)
                run, kind = [], (kind_in(group) or "transitional provision") if group else _CLAUSE
            continue
        if not (run and value > int(run[-1].reference.number)):
            yield from _kept(run, kind)
            if run and kind != _CLAUSE:  # counted anew, as orders are behind the grounds: of no kind that the line above says
                run, kind = [], _CLAUSE
                if not _is_of_clause(match["ordinal"]):
                    continue
            run = []
        if run or value == 1:
            run.append(Implied(Reference(kind, str(value)), start, start + match.end("ordinal")))
    yield from _kept(run, kind)


def _kept(run: list[Implied], kind: str) -> list[Implied]:
    return run if kind != _CLAUSE or len(run) >= _FEWEST else []


def _value(ordinal: str) -> int | None:
    return 1 if fold(ordinal) == "unica" else spelled(ordinal)


def _is_of_clause(ordinal: str) -> bool:
    """Whether an ordinal agrees with "cláusula" or, in English, is written like a heading."""
    return ordinal[-1] in "aA" if not re.search(r"(?i:st|nd|rd|th)$", ordinal) else ordinal.isupper()


def _recitals(text: str) -> Iterator[Implied]:
    """The numbered paragraphs, in rising order, of a preamble that says "whereas", up to the first article."""
    found: list[tuple[int, re.Match[str]]] = []
    if not _WHEREAS.search(text):
        return
    for start, line in _plain_lines(text):
        if match := _RECITAL.match(line):
            if not found or int(match["number"]) > int(found[-1][1]["number"]):
                found.append((start, match))
        elif (opened := heading_reference(line)) and opened.kind == "article":
            whereas = _WHEREAS.search(text, 0, start)
            if whereas:
                word = "Considerando" if whereas[0][0] in "cC" else "Recital"
                for place, one in found:
                    number = str(int(one["number"]))
                    yield Implied(Reference("recital", number), place, place + one.end(), f"{word} {number}")
            return


def _plain_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of `text`, each without the marks before it."""
    return ((start, line.lstrip(MARKS)) for start, line in lines(text))
