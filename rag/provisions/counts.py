"""How many provisions of a kind a document has, counted from its passages; the chapters of each title are counted apart.

Those of annexes, which count anew, are told from those of the text itself. It knows what was indexed: a provision whose heading was not
recognised, or a copy that is not complete, counts for less.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.index import Snapshot
from rag.references import heading_reference
from rag.types import Passage, Reference

ANNEX = "annex"
_Unit = tuple[Reference, Reference | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Count:
    """`title` has `total` provisions of a kind with these `numbers` in the unit `inside`, or outside all annexes if that is None."""

    title: str
    kind: str
    total: int
    numbers: tuple[str, ...]
    inside: Reference | None = None


def counted(snapshot: Snapshot, source: str, kind: str, within: Sequence[Reference]) -> tuple[list[Count], dict[int, Reference]]:
    """How many provisions of a kind a document has `within` some unit, and the passages of the last one -> that one; of annexes last."""
    units: dict[_Unit, list[int]] = {}
    title = source
    for passage in passages_of(snapshot, source):
        title = passage.title or source
        if {*within} <= {*passage.provisions}:
            for unit in _units(passage, kind):
                units.setdefault(unit, []).append(passage.id)
    of_annexes: dict[Reference | None, list[_Unit]] = {}
    for unit in units:
        of_annexes.setdefault(None if within else unit[1], []).append(unit)
    counts = []
    for annex, own in sorted(of_annexes.items(), key=lambda pair: pair[0] is not None):
        numbers = tuple(reference.number for reference, *_ in own)
        counts.append(Count(title, kind, len(own), numbers if len({*numbers}) == len(own) else (), within[0] if within else annex))
    last = next(iter(sorted(of_annexes.items(), key=lambda pair: pair[0] is not None)), None)
    return counts, dict.fromkeys(units[last[1][-1]], last[1][-1][0]) if last else {}


def passages_of(snapshot: Snapshot, source: str) -> Iterator[Passage]:
    """The passages of a document, in order."""
    text = snapshot.document(source).text
    first, last = (snapshot.store.passage_at(source, place) for place in (len(text) - len(text.lstrip()), len(text)))
    if first is not None and last is not None:
        yield from (passage for passage in snapshot.store.passages(range(first, last + 1)) if passage.source == source)


def _units(passage: Passage, kind: str) -> Iterator[_Unit]:
    """The provisions of a kind that a passage is of, each with the annex that it is in and the headings down to its own."""
    annex = next((own for own in passage.provisions if own.kind == ANNEX), None) if kind != ANNEX else None
    for reference in passage.provisions:
        if reference.kind == kind:
            depth = next((place for place, label in enumerate(passage.section, 1) if heading_reference(label) == reference), 0)
            yield reference, annex, passage.section[:depth]
