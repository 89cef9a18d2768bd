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
from functools import lru_cache

from rag.index import Snapshot
from rag.references import find
from rag.types import Reference

STEM = 5
REMEMBERED = 20_000
MAX_SHOWN = 8
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
    the absent ones, (title of a document, numbers) that do exist there, of the first documents, and `more` counts the others; `found` says
    of a passage which provision it holds, and whether it is that provision's own text.
    """

    asked: tuple[Reference, ...] = ()
    absent: tuple[Reference, ...] = ()
    existing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    found: Mapping[int, tuple[Reference, bool]] = field(default_factory=dict)
    more: int = 0


def look_up(snapshot: Snapshot, question: str) -> Lookup:
    """Find the provisions that `question` names; see `Lookup`."""
    asked = tuple(dict.fromkeys(mention.reference for mention in find(question)))
    found: dict[int, tuple[Reference, bool]] = {}
    absent: list[Reference] = []
    existing: dict[str, tuple[str, ...]] = {}
    more = 0
    for reference in asked:
        holders = snapshot.store.holders(reference.kind, own_text=True)
        rows = snapshot.store.with_reference(reference)
        titles = snapshot.store.holders(reference.kind, own_text=False) | holders
        meant = documents_meant(question, titles, set(holders))
        matched = {identifier: (reference, own) for identifier, own, source in rows if source in meant}
        found |= matched
        if not matched:
            absent.append(reference)
            own_text = bool(meant & holders.keys())
            shown = [source for source in titles if source in meant and (not own_text or source in holders)]
            existing |= {titles[s]: tuple(snapshot.store.numbers_of(reference.kind, s, own_text=own_text)) for s in shown[:MAX_SHOWN]}
            more = max(more, len(shown) - MAX_SHOWN)
    return Lookup(asked, tuple(absent), tuple(existing.items()), found, more)


def documents_meant(question: str, titles: Mapping[str, str], holders: set[str]) -> set[str]:
    """Which of the documents (source -> title) the question means; all of them if it says nothing about that.

    Of the `holders`, which have numbered provisions of their own, one is meant if the question has a word of its title or file name that no
    other of their titles has ("Sarmenor"). What a document is ("the treaty") rules out those that are something else (an agreement).
    """
    asked = _folded_words(question)
    words = {source: _words_of(title, source) for source, title in titles.items()}
    stems = {source: _stems(own) for source, own in words.items() if source in holders}
    count = Counter(stem for own in stems.values() for stem in own)
    score = {source: sum(1.0 / count[stem] for stem in _stems(asked - _GENERIC) & own) for source, own in stems.items()}
    named = {source for source, value in score.items() if value >= max(1.0, *score.values()) - 1e-9}
    if named:
        return named
    kinds = frozenset().union(*(kind for kind in _KINDS_OF_TEXT if kind & asked))
    others = frozenset().union(*_KINDS_OF_TEXT) - kinds
    return {source for source, own in words.items() if not kinds or kinds & own or not others & own}


@lru_cache(maxsize=REMEMBERED)
def _words_of(title: str, source: str) -> frozenset[str]:
    """The words that name a document, of its title and file name."""
    return _folded_words(f"{title} {re.sub(r'[^a-zA-Z]+', ' ', source)}")


@lru_cache(maxsize=REMEMBERED)
def _stems(words: frozenset[str]) -> frozenset[str]:
    """The beginnings of words, so that "Mexican" is "Mexico" and "chilena" is "Chile"; numbers are whole."""
    return frozenset(word if any(letter.isdigit() for letter in word) else word[:STEM] for word in words)


def _folded_words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return frozenset(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))
