"""Which documents a question means: by what they call themselves (`rag.naming.aliases`), by a year in that name, or else by meaning.

"of the Sarmenor agreement", "del RGPD" and "de la Ley 19/2013" narrow; without a match by name, so does what lies nearest to the name if
nearly all of it is in one document. A name that no document answers to is said to be unknown.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag import lexicon
from rag.embed import Embedder
from rag.evidence import Evidence, Matrix, counterparts, covered
from rag.index import Snapshot
from rag.naming.aliases import (
    KIND_WORDS,
    Names,
    abbreviated_by,
    acronyms,
    alike,
    answers_to,
    answers_to_reordered,
    fold,
    folded_words,
    kinds_of,
    names_of,
    official_numbers,
    own_name,
    stems,
)
from rag.naming.years import is_of_year, year_of
from rag.provisions.asked import Asked, names_something
from rag.provisions.numbered_acts import is_act
from rag.types import NAME, Passage
from rag.verification.facts import spelled_alike

NEAREST = 30
HEAD = 600  # characters of a document that say what it is
FEWEST_NEAR = 5  # of the nearest passages to the name of a law, in the document that is meant
SHARE_NEAR = 0.7  # of those that are in documents of the right kind
TRANSLATION = 0.6  # cosine from which a word is another's translation
SHORTEST_SMALL_ACRONYM = 4
HEARD_WORD = 0.3  # cosine under which a document has nothing of the kind
KNOWN_WORD = 0.45  # cosine from which a word of a document is a counterpart of one of its name
MOST_OPENED = 20  # documents whose text is looked at, for the year that they are of or for what they call themselves
GENERIC = KIND_WORDS | lexicon.words(
    "the and for and with from what does say about under del los las una por para con sobre segun que dice documento document article "
    "paper study estudio articulo section seccion annex anexo new nuevo nueva said these this that which current actual vigente present "
    "proposed former signed amended revised consolidated consolidado federal national nacional general"
)
_RANKS = lexicon.words("organic organica royal real legislative legislativo foral basic basica municipal collective colectivo")
_UNMISTAKABLE = frozenset(("constitution", "code"))
_WORD = re.compile(r"\w{3,}")


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

    def unfamiliar(self, words: Sequence[str], texts: Sequence[str], least: float = KNOWN_WORD) -> list[str]:
        """Those of `words` that have no counterpart in `texts`, in either language or another spelling."""
        if not words:
            return []
        known = "\n".join(texts)
        *asked, given = self._evidence.words([*words, known])
        nearest = [float(covered(word, counterparts(word, [given]))[0]) for word in asked]
        return [
            word
            for word, cosine in zip(words, nearest, strict=True)
            if (word not in known if any(letter.isdigit() for letter in word) else cosine < least and not spelled_alike(word, known))
            and not (others := alike(fold(word)) - {fold(word)}) & folded_words(known if others else "")
        ]

    def translations(self, words: Sequence[str], vocabulary: Sequence[str]) -> dict[str, set[str]]:
        """For each of `words`, those of `vocabulary` that mean the same: "equality" is "igualdad", "Spanish" is "España"."""
        if not (words and vocabulary):
            return {}
        asked, given = self._vectors(words), self._vectors(vocabulary)
        near = asked @ given.T >= TRANSLATION
        return {
            word: {other for other, same in zip(vocabulary, row, strict=True) if same or other in alike(word)}
            for word, row in zip(words, near, strict=True)
        }

    def _vectors(self, words: Sequence[str]) -> Matrix:
        """One unit vector per word; those of titles are asked for again and again."""
        new = [word for word in words if word not in self._known]
        for word, found in zip(new, self._evidence.words(new), strict=True):
            total = (found.vectors * found.weights[:, None]).sum(axis=0)
            self._known[word] = total / max(float(np.linalg.norm(total)), 1e-9)
        return np.stack([self._known[word] for word in words])


def meant_by(
    snapshot: Snapshot, question: str, phrase: str, titles: Mapping[str, str], holders: set[str], meaning: Meaning | None
) -> Meant:
    """Which documents are meant: by name, and of the year that the name has ("the 2000 treaty"), if any."""
    defined = {source: tuple(name.replace("_", " ") for name in own) for source, own in snapshot.store.mentioned(NAME).items()}
    year, name = year_of(phrase)
    if not year:
        found = _called(snapshot, question, phrase, titles, holders, defined, meaning)
        return found if found.named or found.unknown else _only_of_kind(phrase, found, titles, holders, defined)
    by_name = _called(snapshot, question.replace(phrase, name), name, titles, holders, defined, meaning)
    held = by_name.sources & holders
    dates = {source: date for source, _, _, date in snapshot.store.documents() if source in held}
    of_year: set[str] = set()
    for source in sorted(held):
        names = (titles[source], source.rpartition("/")[2], *defined.get(source, ()))
        text = snapshot.document(source).text if len(held) <= MOST_OPENED else ""
        of_year |= {source} if is_of_year(year, names, dates[source], text) else set()
    return Meant(frozenset(of_year), named=True) if of_year else Meant(by_name.sources - held, unknown=by_name.unknown, year=year)


def meant_documents(
    snapshot: Snapshot, question: str, item: Asked, every: Mapping[str, str],
    having: tuple[Mapping[str, str], Mapping[str, str]], meaning: Meaning | None,
) -> Meant:  # fmt: skip
    """The documents that are meant, of those that have or mention such provisions, or of `every` one that is named and has none."""
    titles, holders = having
    if is_act(item.reference):
        return Meant(frozenset(titles))
    by_name = meant_by(snapshot, question, item.phrase, titles, set(holders), None)
    if by_name.named and item.phrase and not (official_numbers(item.phrase) or acronyms(item.phrase)):
        # by a word or two, as another one may be by more
        overall = meant_by(snapshot, question, item.phrase, every, {*every}, meaning)
        if overall.named and overall.sources.isdisjoint(titles):
            return overall
    if not (by_name.named or by_name.year) and (elsewhere := named_elsewhere(snapshot, item.phrase, every, titles, meaning)):
        return Meant(elsewhere, named=True)
    return meant_by(snapshot, question, item.phrase, titles, set(holders), meaning)


def _only_of_kind(phrase: str, found: Meant, titles: Mapping[str, str], holders: set[str], defined: Mapping[str, tuple[str, ...]]) -> Meant:
    """The one text of all that is of the kind which a name without other words says ("the bylaws"); else what was `found`."""
    kinds = kinds_of(phrase) if phrase and not folded_words(phrase) - GENERIC else frozenset()
    alone = {source for source, title in titles.items() if kinds & names_of(title, source, defined.get(source, ())).kinds}
    return Meant(frozenset(alone), named=True) if len(alone) == 1 and alone <= holders else found


def _called(
    snapshot: Snapshot, question: str, phrase: str, titles: Mapping[str, str], holders: set[str],
    defined: Mapping[str, tuple[str, ...]], meaning: Meaning | None,
) -> Meant:  # fmt: skip
    """Which documents are meant: by name if that settles it, else by what they are about."""
    meant = documents_meant(question, titles, holders, defined, phrase, meaning)
    words = [word for word in _WORD.findall(phrase) if fold(word) not in GENERIC and not word.isdigit()]
    if meaning is None or meant.unknown or not words or not names_something(phrase):
        return meant
    by_some = meant.named and _by_some_words(phrase, meant, titles, defined)
    if by_some and _is_strange(snapshot, words, meant.sources, titles, defined, meaning):
        return Meant(meant.sources - holders, unknown=phrase)
    if meant.named and len(meant.sources) == 1:
        return meant
    candidates = meant.sources & holders
    near = meaning.nearest(snapshot, phrase, candidates) if candidates else []
    texts = [*(passage.in_context for passage in near), *titles.values()]
    common = [word for word in words if not word[0].isupper()]
    if "constitution" in kinds_of(phrase) and not meant.named:  # what names it is a country, and that would be in its title
        return Meant(meant.sources - holders, unknown=phrase)
    if not meant.named and _is_strange(snapshot, words, candidates, titles, defined, meaning):
        return Meant(meant.sources - holders, unknown=phrase)
    first, count = next(iter(Counter(passage.source for passage in near).most_common(1)), ("", 0))
    if common and count >= max(FEWEST_NEAR, SHARE_NEAR * len(near)):
        return Meant(frozenset((first,)), named=True)
    return Meant(meant.sources - holders, unknown=phrase) if not meant.named and meaning.unfamiliar(words, texts) else meant


def _is_strange(
    snapshot: Snapshot, words: Sequence[str], sources: Collection[str],
    titles: Mapping[str, str], defined: Mapping[str, tuple[str, ...]], meaning: Meaning,
) -> bool:  # fmt: skip
    """Whether too many `words` of a name (half, in a title) stand neither in what any of `sources` is called nor in its text.

    "The Urban Leases Act" is not the act on urban trees. A name in capitals ("Ley de Aguas") is only looked for where documents say what
    they are called: a law may well speak of water. Else a capital says whose law it is ("the Spanish universities act"), not which.
    """
    if len(sources) > MOST_OPENED:
        return False
    words = [word for word in words if fold(word) not in _RANKS]
    is_title = all(word[0].isupper() for word in words)
    for source in sources:
        names = (titles[source], re.sub(r"[^\w]+|_", " ", source), *defined.get(source, ()))
        left = meaning.unfamiliar(words, ["\n".join((*names, snapshot.document(source).text[:HEAD]))], HEARD_WORD)
        known = len(words) - len(left)
        if not is_title:
            left = [word for word in left if not word[0].isupper()]
            near = {word: [passage.in_context for passage in meaning.nearest(snapshot, word, [source])] for word in left}
            left = [word for word in left if meaning.unfamiliar([word], near[word], HEARD_WORD)]
        if not left or len(left) < known + (not is_title):
            return False
    return bool(words and sources)


def _by_some_words(phrase: str, meant: Meant, titles: Mapping[str, str], defined: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether no document that is meant is called by a number or an acronym of `phrase`, or by what one stands for."""
    names = [names_of(titles[source], source, defined.get(source, ())) for source in meant.sources]
    numbered = official_numbers(phrase) or acronyms(phrase)
    return not (numbered or any(abbreviated_by(own, phrase) for own in names))


def named_elsewhere(
    snapshot: Snapshot, phrase: str, titles: Mapping[str, str], inside: Collection[str], meaning: Meaning | None
) -> frozenset[str]:
    """Of all documents (source -> title), those that `phrase` names although they are not `inside`, among those that could be meant.

    A document is named by what kind of text it is and by all other words of the phrase, in either language; by its kind alone if every
    other document is of another kind. None if a document `inside` fits as well.
    """
    kinds, words = kinds_of(phrase), sorted(folded_words(phrase) - GENERIC)
    if not kinds and not words:
        return frozenset()
    defined = snapshot.store.mentioned(NAME)
    names = {source: names_of(title, source, tuple(defined.get(source, ()))) for source, title in titles.items()}
    vocabulary = sorted(frozenset().union(*(own.words for own in names.values())) - GENERIC)
    same = meaning.translations(words, vocabulary) if meaning and words else {}

    def fits(own: Names, least: int) -> bool:
        known = stems(own.words)
        found = sum(bool(stems(frozenset((word,))) & known or same.get(word, set()) & own.words) for word in words)
        return bool(not kinds or kinds & (own.kinds or own.kinds_of_file)) and found >= least

    fitting = {source for source, own in names.items() if words and fits(own, len(words))}
    if (
        not fitting
        and kinds
        and not (meaning and words)
        and all(own.kinds or own.kinds_of_file for source, own in names.items() if source in inside)
    ):
        fitting = {source for source, own in names.items() if fits(own, 0)}
    return frozenset() if fitting & {*inside} else frozenset(fitting)


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
    if numbers := official_numbers(own_name(about)):
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
    asked = folded_words(about) - GENERIC
    own = {source: names.words - GENERIC for source, names in held.items()}
    stemmed = {source: stems(words) for source, words in own.items()}
    matching = {word: {source for source, known in stemmed.items() if stems(frozenset((word,))) & known} for word in asked}
    direct = dict(matching)
    if meaning:
        vocabulary = sorted(frozenset().union(*own.values()))
        for word, same in meaning.translations(sorted(word for word in asked if word.isalpha()), vocabulary).items():
            matching[word] = matching[word] | {source for source, words in own.items() if same & words}
    score = {source: sum(1.0 / len(sources) for sources in matching.values() if source in sources) for source in own}
    best = max(score.values(), default=0.0)
    first = {source for source, value in score.items() if value >= best - 1e-9} if best > 0.0 and best >= least - 1e-9 else set()
    return {source for source in first if not any(_says_more(other, source, matching, direct) for other in first)}


def _says_more(other: str, source: str, matching: Mapping[str, set[str]], direct: Mapping[str, set[str]]) -> bool:
    """Whether `other` has the same words of a name as `source`, and more of them in the language of that name."""
    both = [{word for word, sources in matching.items() if one in sources} for one in (other, source)]
    said = [{word for word, sources in direct.items() if one in sources} for one in (other, source)]
    return both[0] == both[1] and said[0] > said[1]
