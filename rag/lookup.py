"""Provisions that a question names, looked up instead of guessed, and the documents that it means.

"Article 4" is found in every document that has or mentions it; "of the Sarmenor agreement", "del RGPD" and "de la Ley 19/2013" narrow
that: by what documents call themselves (`rag.aliases`), or else by meaning, if what lies nearest to the name is nearly all in one document.
A provision that is not there is said to be absent, with the numbers that are, and so is one of a law that no document is.
"""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.aliases import (
    KIND_WORDS,
    Names,
    abbreviated_by,
    acronyms,
    answers_to,
    answers_to_reordered,
    fold,
    folded_words,
    kinds_of,
    names_of,
    official_numbers,
    stems,
)
from rag.asked_provisions import Asked, asked_provisions, asks_for_all, names_something
from rag.embed import Embedder
from rag.evidence import Evidence, Matrix, counterparts, covered
from rag.facts import spelled_alike
from rag.index import Snapshot
from rag.paragraphs import Part, part_span
from rag.references import heading_reference
from rag.types import NAME, Passage, Reference
from rag.years import is_mentioned_of_year, is_of_year, year_of

MAX_SHOWN = 8
NEAREST = 30
MOST_OPENINGS = 500
MOST_OPENED = 20  # documents whose text is looked at for the year that they are of
FIRST_OF_UNIT = 4  # articles of a chapter that are quoted for it
FEWEST_NEAR = 5  # of the nearest passages to the name of a law, in the document that is meant
SHARE_NEAR = 0.7  # of those that are in documents of the right kind
TRANSLATION = 0.6  # cosine from which a word is another's translation
SHORTEST_SMALL_ACRONYM = 4
KNOWN_WORD = 0.45  # cosine from which a word of a document is a counterpart of one of its name
_COMMON = (
    "the and for and with from what does say about under del los las una por para con sobre segun que dice documento document article "
    "articulo section seccion annex anexo new nuevo nueva said these this that which current actual vigente present "
    "proposed former signed amended revised consolidated consolidado federal national nacional general"
)
_UNMISTAKABLE = frozenset(("constitution", "code"))
_WORD = re.compile(r"\w{3,}")
_GENERIC = KIND_WORDS | frozenset(_COMMON.split())
_Contents = tuple[str, tuple[Reference, ...]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What became of the provisions that a question names.

    `asked` are those named; `absent` those that no document (or not the document that is meant) has; `existing` lists, for the kinds of
    the absent ones, (title of a document, numbers) that do exist there, of the first documents, and `more` counts the others; `within` says
    of the absent ones in which larger unit they were looked for; `found` says
    of a passage which provision it holds, and whether it is that provision's own text. `parts` are the paragraphs asked for,
    `missing_parts` those that their provision has not; `unknown` are names of documents that no document answers to. `openings` are the
    passages that provisions begin with, if the question asks for nothing but what they say: of a chapter, its first articles; `contents` is
    its heading with all of them. It `is_settled` if each is of a document that the question names.
    """

    asked: tuple[Reference, ...] = ()
    absent: tuple[Reference, ...] = ()
    existing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    found: Mapping[int, tuple[Reference, bool]] = field(default_factory=dict)
    more: int = 0
    parts: Mapping[Reference, Part] = field(default_factory=dict)
    missing_parts: tuple[tuple[Reference, Part], ...] = ()
    unknown: tuple[str, ...] = ()
    openings: frozenset[int] = frozenset()
    is_settled: bool = False
    contents: tuple[_Contents, ...] = ()
    within: Mapping[Reference, tuple[Reference, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meant:
    """The documents that a question means: `sources`; whether it names them (`named`), or else what name none of them has (`unknown`).

    With a `year`, none of those that have provisions is of that year: only what others of that year say of them can be meant.
    """

    sources: frozenset[str]
    named: bool = False
    unknown: str = ""
    year: str = ""


class Meaning:
    """What is needed to find a document by the meaning of its name: the embedder of the index, and words in both languages."""

    def __init__(self, embedder: Embedder, evidence: Evidence) -> None:
        self._embedder = embedder
        self._evidence = evidence
        self._known: dict[str, Matrix] = {}

    def nearest(self, snapshot: Snapshot, phrase: str, sources: Collection[str]) -> list[Passage]:
        """The passages of `sources` among those that lie nearest to `phrase`."""
        near = snapshot.vectors.search(self._embedder.encode_queries([phrase])[0], NEAREST)
        return [passage for passage in snapshot.store.passages([identifier for identifier, _ in near]) if passage.source in sources]

    def unfamiliar(self, words: Sequence[str], texts: Sequence[str]) -> list[str]:
        """Those of `words` that have no counterpart in `texts`, in either language or another spelling."""
        if not words:
            return []
        known = "\n".join(texts)
        *asked, given = self._evidence.words([*words, known])
        nearest = [float(covered(word, counterparts(word, [given]))[0]) for word in asked]
        return [
            word
            for word, cosine in zip(words, nearest, strict=True)
            if (word not in known if any(letter.isdigit() for letter in word) else cosine < KNOWN_WORD and not spelled_alike(word, known))
        ]

    def translations(self, words: Sequence[str], vocabulary: Sequence[str]) -> dict[str, set[str]]:
        """For each of `words`, those of `vocabulary` that mean the same: "equality" is "igualdad", "Spanish" is "España"."""
        if not (words and vocabulary):
            return {}
        asked, given = self._vectors(words), self._vectors(vocabulary)
        alike = asked @ given.T >= TRANSLATION
        return {word: {other for other, same in zip(vocabulary, row, strict=True) if same} for word, row in zip(words, alike, strict=True)}

    def _vectors(self, words: Sequence[str]) -> Matrix:
        """One unit vector per word; those of titles are asked for again and again."""
        new = [word for word in words if word not in self._known]
        for word, found in zip(new, self._evidence.words(new), strict=True):
            total = (found.vectors * found.weights[:, None]).sum(axis=0)
            self._known[word] = total / max(float(np.linalg.norm(total)), 1e-9)
        return np.stack([self._known[word] for word in words])


def look_up(snapshot: Snapshot, question: str, meaning: Meaning | None = None) -> Lookup:
    """Find the provisions that `question` names; see `Lookup`."""
    asked = [item for item in asked_provisions(question) if item.reference.kind not in _OPTIONAL or _is_held(snapshot, item.reference.kind)]
    found: dict[int, tuple[Reference, bool]] = {}
    absent: dict[Reference, tuple[Reference, ...]] = {}
    existing: dict[str, tuple[str, ...]] = {}
    unknown: dict[str, None] = {}
    missing: list[tuple[Reference, Part]] = []
    more, settled = 0, bool(asked)
    for item in asked:
        holders = snapshot.store.holders(item.reference.kind, own_text=True)
        titles = snapshot.store.holders(item.reference.kind, own_text=False) | holders
        meant = _meant(snapshot, question, item.phrase, titles, set(holders), meaning)
        settled = settled and meant.named and len(meant.sources) == 1
        matched = _matched(snapshot, item, meant, set(holders), meaning)
        if item.part and any(own for own in matched.values()):
            matched, has_part = _with_part(snapshot, item, matched)
            missing += [] if has_part else [(item.reference, item.part)]
        found |= {identifier: (item.reference, own) for identifier, own in matched.items() if not found.get(identifier, (None, False))[1]}
        if matched:
            continue
        absent[item.reference] = item.within
        name = item.phrase if meant.year else meant.unknown
        unknown |= {name: None} if name else {}
        sources = meant.sources & titles.keys() if meant.named else titles.keys()
        if item.within:
            existing |= _numbers_within(snapshot, item, {source: titles[source] for source in titles if source in sources})
            continue
        own_text = bool(set(sources) & holders.keys())
        shown = [source for source in titles if source in sources and (not own_text or source in holders)]
        kind = item.reference.kind
        existing |= {titles[source]: tuple(snapshot.store.numbers_of(kind, source, own_text=own_text)) for source in shown[:MAX_SHOWN]}
        more = max(more, len(shown) - MAX_SHOWN)
    references = tuple(dict.fromkeys(item.reference for item in asked))
    parts = {item.reference: item.part for item in asked if item.part and (item.reference, item.part) not in missing}
    openings, contents = _openings(snapshot, found) if asks_for_all(question) else (frozenset(), ())
    return Lookup(
        references, tuple(absent), tuple(existing.items()), found, more, parts, tuple(missing), tuple(unknown), openings, settled, contents,
        within={reference: around for reference, around in absent.items() if around},
    )  # fmt: skip


def _numbers_within(snapshot: Snapshot, item: Asked, titles: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Title -> numbers of the kind that is asked for, in the unit that it is asked for in, of the first documents that have some."""
    numbers: dict[str, dict[str, None]] = {}
    inside = [identifier for identifier, own, source in snapshot.store.with_reference(item.within[0]) if own and source in titles]
    for passage in snapshot.store.passages(inside[:MOST_OPENINGS]):
        own = [held.number for held in passage.provisions if held.kind == item.reference.kind]
        if {*item.within} <= {*passage.provisions} and own:
            numbers.setdefault(titles[passage.source], {})[own[0]] = None
    return {title: tuple(own) for title, own in [*numbers.items()][:MAX_SHOWN]}


_OPTIONAL = ("part", "rule")  # words that also mean other things: only where documents are divided so


def _is_held(snapshot: Snapshot, kind: str) -> bool:
    return bool(snapshot.store.holders(kind, own_text=True))


def _matched(snapshot: Snapshot, item: Asked, meant: Meant, holders: set[str], meaning: Meaning | None) -> dict[int, bool]:
    """Passage id -> whether it is the provision's own text, of the documents that are meant.

    Of a document that is named, only the provision itself counts: its other mentions of that number may be of another law's.
    """
    rows = [
        (identifier, own, source) for identifier, own, source in snapshot.store.with_reference(item.reference) if source in meant.sources
    ]
    matched = {identifier: own for identifier, own, source in rows if own or not (meant.named and source in holders)}
    if meant.year:
        passages = snapshot.store.passages(sorted(matched))
        matched = {p.id: matched[p.id] for p in passages if is_mentioned_of_year(meant.year, p, item.reference)}
    if item.reference.kind == "section":
        matched = _written_alike(snapshot, item, matched)
    if item.within:
        inside = {p.id for p in snapshot.store.passages(sorted(matched)) if {*item.within} <= {*p.provisions}}
        matched = {identifier: own for identifier, own in matched.items() if identifier in inside}
    if meant.unknown and meaning:
        words = [word for word in re.findall(r"[\w/]{3,}", meant.unknown) if fold(word) not in _GENERIC]
        passages = snapshot.store.passages(sorted(matched))
        matched = {p.id: matched[p.id] for p in passages if len(meaning.unfamiliar(words, [p.in_context])) < len(words)}
    return matched


def _written_alike(snapshot: Snapshot, item: Asked, matched: Mapping[int, bool]) -> dict[int, bool]:
    """`matched` without sections where "§ 2" is asked for, or the other way round, of each document that has both."""
    signed: dict[str, dict[int, bool]] = {}
    for passage in snapshot.store.passages(sorted(identifier for identifier, own in matched.items() if own)):
        labels = [label for label in passage.section if heading_reference(label) == item.reference]
        signed.setdefault(passage.source, {})[passage.id] = labels[-1].startswith("§") if labels else item.sign
    other = {
        identifier for marks in signed.values() if len({*marks.values()}) > 1 for identifier, mark in marks.items() if mark != item.sign
    }
    return {identifier: own for identifier, own in matched.items() if identifier not in other}


def _openings(snapshot: Snapshot, found: Mapping[int, tuple[Reference, bool]]) -> tuple[frozenset[int], tuple[_Contents, ...]]:
    """The passages that the provisions of each document begin with, and what those are made of that have articles below them."""
    units: dict[tuple[Reference, str, tuple[str, ...]], dict[Reference, Passage]] = {}
    passages = snapshot.store.passages([identifier for identifier, (_, own) in found.items() if own][:MOST_OPENINGS])
    for passage in sorted(passages, key=lambda one: (one.source, one.start)):
        reference = found[passage.id][0]
        depth = next((place for place, label in enumerate(passage.section, 1) if heading_reference(label) == reference), 0)
        innermost = passage.provisions[0] if passage.provisions else reference
        units.setdefault((reference, passage.source, passage.section[:depth]), {}).setdefault(innermost, passage)
    shares = Counter(reference for reference, *_ in units)
    first = {
        passage.id
        for (reference, *_), members in units.items()
        for passage in [*members.values()][: max(1, FIRST_OF_UNIT // shares[reference])]
    }
    contents = tuple((path[-1], tuple(members)) for (_, _, path), members in units.items() if path and len(members) > 1)
    return frozenset(first), contents


def _with_part(snapshot: Snapshot, item: Asked, matched: Mapping[int, bool]) -> tuple[dict[int, bool], bool]:
    """Of each document's own text of the provision, the passage that the paragraph begins in, if any has it; and whether any has."""
    own = snapshot.store.passages(sorted(identifier for identifier, is_own in matched.items() if is_own))
    holding: list[int] = []
    for source in dict.fromkeys(passage.source for passage in own):
        of_source = sorted((passage for passage in own if passage.source == source), key=lambda passage: passage.start)
        span = part_span("\n".join(passage.text for passage in of_source), item.part)
        ends = itertools.accumulate(len(passage.text) + 1 for passage in of_source)
        holding += [passage.id for passage, end in zip(of_source, ends, strict=True) if span and span[0] < end][:1]
    if not holding:
        return dict(matched), False
    return dict.fromkeys(holding, True), True


def _meant(snapshot: Snapshot, question: str, phrase: str, titles: Mapping[str, str], holders: set[str], meaning: Meaning | None) -> Meant:
    """Which documents are meant: by name, and of the year that the name has ("the 2000 treaty"), if any."""
    defined = {source: tuple(name.replace("_", " ") for name in own) for source, own in snapshot.store.mentioned(NAME).items()}
    year, name = year_of(phrase)
    if not year:
        return _called(snapshot, question, phrase, titles, holders, defined, meaning)
    meant = _called(snapshot, question.replace(phrase, name), name, titles, holders, defined, meaning)
    held = meant.sources & holders
    dates = {source: date for source, _, _, date in snapshot.store.documents() if source in held}
    of_year: set[str] = set()
    for source in sorted(held):
        names = (titles[source], source.rpartition("/")[2], *defined.get(source, ()))
        text = snapshot.document(source).text if len(held) <= MOST_OPENED else ""
        of_year |= {source} if is_of_year(year, names, dates[source], text) else set()
    return Meant(frozenset(of_year), named=True) if of_year else Meant(meant.sources - held, unknown=meant.unknown, year=year)


def _called(
    snapshot: Snapshot, question: str, phrase: str, titles: Mapping[str, str], holders: set[str],
    defined: Mapping[str, tuple[str, ...]], meaning: Meaning | None,
) -> Meant:  # fmt: skip
    """Which documents are meant: by name if that settles it, else by what they are about."""
    meant = documents_meant(question, titles, holders, defined, phrase, meaning)
    words = [word for word in _WORD.findall(phrase) if fold(word) not in _GENERIC and not word.isdigit()]
    settled = (meant.named and len(meant.sources) == 1) or meant.unknown
    if meaning is None or settled or not words or not names_something(phrase):
        return meant
    candidates = meant.sources & holders
    near = meaning.nearest(snapshot, phrase, candidates) if candidates else []
    texts = [*(passage.in_context for passage in near), *titles.values()]
    common = [word for word in words if not word[0].isupper()]
    if "constitution" in kinds_of(phrase) and not meant.named:  # what names it is a country, and that would be in its title
        return Meant(meant.sources - holders, unknown=phrase)
    first, count = next(iter(Counter(passage.source for passage in near).most_common(1)), ("", 0))
    if common and count >= max(FEWEST_NEAR, SHARE_NEAR * len(near)):
        return Meant(frozenset((first,)), named=True)
    return Meant(meant.sources - holders, unknown=phrase) if not meant.named and meaning.unfamiliar(words, texts) else meant


def documents_meant(
    question: str, titles: Mapping[str, str], holders: set[str], defined: Mapping[str, tuple[str, ...]] | None = None,
    phrase: str = "", meaning: Meaning | None = None,
) -> Meant:  # fmt: skip
    """Which of the documents (source -> title) the question means; all of them if it says nothing about that.

    Of the `holders`, which have numbered provisions of their own, one is meant if the question has its official number or an acronym of it,
    or the rarest word of its names ("Sarmenor"). What a document is ("the treaty") rules out those that are something else (an agreement).

    Args:
        question: all of it; without a `phrase`, only words of it that no other holder's names have count.
        titles: of all documents that have or mention such provisions.
        holders: those that have some of their own.
        defined: what documents call themselves.
        phrase: the part of the question that names a document.
        meaning: to find names in the other language.
    """
    names = {source: names_of(title, source, (defined or {}).get(source, ())) for source, title in titles.items()}
    held = {source: names[source] for source in sorted(holders)}
    about = phrase or question
    if numbers := official_numbers(about):
        named = {source for source, own in held.items() if own.numbers & {*numbers}}
        return Meant(frozenset(named), named=True) if named else Meant(frozenset(titles.keys() - holders), unknown=" ".join(numbers))
    kinds = kinds_of(about)
    named = _by_acronym(about, phrase, held)
    if not named:
        fitting = {source: own for source, own in held.items() if not _contradict(kinds, own.kinds)}
        named = _by_words(phrase, fitting, 0.0, meaning) or _by_words(question, fitting, 1.0, None)
        named = {source for source in named if kinds & names[source].kinds} or named
    if named:
        return Meant(frozenset(named), named=True)
    left = frozenset(source for source, own in names.items() if not kinds or kinds & own.kinds or not own.kinds)
    strange = acronyms(phrase)
    return Meant(left - holders, unknown=strange[0]) if strange else Meant(left)


def _contradict(asked: frozenset[str], own: frozenset[str]) -> bool:
    """Whether a text of the kinds `own` cannot be meant by one who says `asked`: people mix up laws and regulations."""
    return bool(asked and own) and not asked & own and bool((asked | own) & _UNMISTAKABLE)


def _by_acronym(about: str, phrase: str, held: Mapping[str, Names]) -> set[str]:
    """The documents that an acronym in the question stands for, or whose acronym stands for the name in the question."""
    written = set(acronyms(about)) - {"ART", "ARTS"}
    for test in (answers_to, answers_to_reordered):
        if named := {source for source, own in held.items() if any(test(own, token) for token in written)}:
            return named
    small = {word.upper() for word in _WORD.findall(about) if word.islower() and len(word) >= SHORTEST_SMALL_ACRONYM}
    if named := {source for source, own in held.items() if any(answers_to(own, token) for token in small)}:
        return named
    return {source for source, own in held.items() if phrase and abbreviated_by(own, phrase)}


def _by_words(about: str, held: Mapping[str, Names], least: float, meaning: Meaning | None) -> set[str]:
    """The documents whose names share the rarest words with the question; a word counts the less the more documents have it."""
    asked = folded_words(about) - _GENERIC
    own = {source: names.words - _GENERIC for source, names in held.items()}
    stemmed = {source: stems(words) for source, words in own.items()}
    matching = {word: {source for source, known in stemmed.items() if stems(frozenset((word,))) & known} for word in asked}
    foreign = sorted(word for word, sources in matching.items() if not sources and word.isalpha())
    if meaning and foreign:
        vocabulary = sorted(frozenset().union(*own.values()))
        for word, same in meaning.translations(foreign, vocabulary).items():
            matching[word] = {source for source, words in own.items() if same & words}
    score = {source: sum(1.0 / len(sources) for sources in matching.values() if source in sources) for source in own}
    best = max(score.values(), default=0.0)
    return {source for source, value in score.items() if value >= best - 1e-9} if best > 0.0 and best >= least - 1e-9 else set()
