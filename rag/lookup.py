"""Provisions that a question names, looked up instead of guessed, and the documents that it means.

"Article 4" is found in every document that has or mentions it; "of the Sarmenor agreement" and "del tratado" narrow that. A provision that
is not there is said to be absent, with the numbers that are. It knows titles and file names; it does not know other names of a document
(GDPR for "Regulation 2016/679") unless they stand in its title.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.index import Snapshot
from rag.references import find
from rag.types import Reference

STEM = 5
_WORD = re.compile(r"\w{3,}")
_KINDS_OF_TEXT = (
    {"tratado", "treaty", "pacto", "pact"},
    {"acuerdo", "agreement", "convenio", "convention", "convencion"},
    {"ley", "law", "act", "statute"},
    {"reglamento", "regulation", "regulations", "rules", "reglas", "normas"},
    {"constitucion", "constitution"},
    {"codigo", "code"},
    {"decreto", "decree"},
    {"contrato", "contract"},
    {"carta", "charter"},
    {"estatuto", "estatutos", "bylaws"},
    {"directiva", "directive"},
)
_COMMON = (
    "the and for with from what does say about under del los las una por para con sobre segun que dice documento document article articulo "
    "section seccion annex anexo new nuevo nueva"
)
_GENERIC = frozenset().union(*_KINDS_OF_TEXT) | frozenset(_COMMON.split())


@dataclass(frozen=True, slots=True)
class Lookup:
    """What became of the provisions that a question names.

    `asked` are those named; `absent` those that no document (or not the document that is meant) has; `existing` lists, for the kinds of
    the absent ones, (title of a document, numbers) that do exist there; `found` says of a passage which provision it holds, and whether it
    is that provision's own text.
    """

    asked: tuple[Reference, ...] = ()
    absent: tuple[Reference, ...] = ()
    existing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    found: Mapping[int, tuple[Reference, bool]] = field(default_factory=dict)


def look_up(snapshot: Snapshot, question: str) -> Lookup:
    """Find the provisions that `question` names; see `Lookup`."""
    asked = tuple(dict.fromkeys(mention.reference for mention in find(question)))
    found: dict[int, tuple[Reference, bool]] = {}
    absent: list[Reference] = []
    existing: dict[str, tuple[str, ...]] = {}
    for reference in asked:
        holders = _numbers_by_source(snapshot, reference.kind, own_text=True)
        rows = snapshot.store.with_reference(reference)
        passages = snapshot.store.passages([identifier for identifier, _ in rows])
        mentioning = _numbers_by_source(snapshot, reference.kind, own_text=False)
        titles = {source: title for source, title, *_ in snapshot.store.documents() if source in holders or source in mentioning}
        meant = documents_meant(question, titles, set(holders))
        matched = {passage.id: (reference, own) for passage, (_, own) in zip(passages, rows, strict=True) if passage.source in meant}
        found |= matched
        if not matched:
            absent.append(reference)
            numbers = {source: held for source, held in holders.items() if source in meant} or mentioning
            existing |= {titles[source]: held for source, held in numbers.items() if source in meant}
    return Lookup(asked, tuple(absent), tuple(existing.items()), found)


def documents_meant(question: str, titles: Mapping[str, str], holders: set[str]) -> set[str]:
    """Which of the documents (source -> title) the question means; all of them if it says nothing about that.

    Of the `holders`, which have numbered provisions of their own, one is meant if the question has a word of its title or file name that no
    other of their titles has ("Sarmenor"). What a document is ("the treaty") rules out those that are something else (an agreement).
    """
    asked = _folded_words(question)
    words = {source: _folded_words(f"{title} {re.sub(r'[^a-zA-Z]+', ' ', source)}") for source, title in titles.items()}
    stems = {source: _stems(own) for source, own in words.items() if source in holders}
    count = Counter(stem for own in stems.values() for stem in own)
    score = {source: sum(1.0 / count[stem] for stem in _stems(asked - _GENERIC) & own) for source, own in stems.items()}
    named = {source for source, value in score.items() if value >= max(1.0, *score.values()) - 1e-9}
    if named:
        return named
    kinds = frozenset().union(*(kind for kind in _KINDS_OF_TEXT if kind & asked))
    others = frozenset().union(*_KINDS_OF_TEXT) - kinds
    return {source for source, own in words.items() if not kinds or kinds & own or not others & own}


def _numbers_by_source(snapshot: Snapshot, kind: str, *, own_text: bool) -> dict[str, tuple[str, ...]]:
    numbers: dict[str, tuple[str, ...]] = {}
    for source, number in snapshot.store.numbers_of(kind, own_text=own_text):
        numbers[source] = (*numbers.get(source, ()), number)
    return numbers


def _stems(words: frozenset[str]) -> frozenset[str]:
    """The beginnings of words, so that "Mexican" is "Mexico" and "chilena" is "Chile"."""
    return frozenset(word[:STEM] for word in words)


def _folded_words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return frozenset(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))
