"""Documents that are all alike (leases from one template, minutes by month), and which of them a question names.

In such a folder the name stands once ("Carmen Ortega", "12 de marzo"), far from the clause that answers, and that clause reads the same in
each document. So a name is looked up for itself: the documents that have it are meant, and what others of the same form say is not.
Only words that documents write with a capital within a line, months, years and numbers with a stroke are names here; a misspelt name is
known by its spelling. It does not know whom "the oldest tenant" means.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import combinations, islice

from rag.index import Snapshot
from rag.language import FUNCTION_WORDS, asked_in
from rag.lexicon import CALENDAR, MONTH_NUMBERS, MONTHS, MONTHS_IN_SPANISH
from rag.naming.aliases import fold
from rag.provisions.counts import passages_of
from rag.types import Language, Passage
from rag.verification.claims import plain

SEARCHED = 100  # passages with a name; one that more have tells no document from another
HEAD = 600  # characters of a document that say whose it is
FORM = 20_000  # characters that show what form it has
MOST_MEANT = 5
MOST_PASSAGES = 200
FIRST_LOOK = 3  # passages
MOST_FORMS = 10_000  # remembered
MOST_LOOKED_AT = 200  # documents for a name that is misspelt
MOST_WORDS = 60  # of a question, and of these
MOST_MISSPELT = 5
FIRST_WORD = 1  # characters before the first word of a question, whose capital says nothing
SAME_FORM = 0.5  # share of the lines of the shorter document that begin as lines of the other one do
FEWEST_LINES = 4
FEWEST_ALIKE = 3
ALIKE = 0.8  # of letters, from which a word is a name misspelt
SHORTEST_MISSPELT = 5
MOST_LETTERS = 3  # more or fewer than the name
_WORD = re.compile(r"(?<![\w/])\d{1,6}/\d{1,6}(?![\w/])|(?<![\w/])(?:19|20)\d\d(?![\w/])|[^\W\d_]{3,}")
_CAPITALISED = re.compile(r"[A-ZÁÉÍÓÚÑÇ][^\W\d_]{2,}")
_WITHIN_LINE = re.compile(r"(?:[\w,:)ªº]|\b(?:Dr|Dra|Sr|Sra|D|Mr|Mrs)\.|[ªº]\.)[^\S\n]$")
_DAY_OR_YEAR = r"(?=,?\s+(?:de\s+|of\s+)?\d)"
_OF_MONTH = re.compile(rf"(?:{'|'.join(MONTH_NUMBERS)})\s+(?:del?\s+|of\s+)?$", re.IGNORECASE)
_ACCENTS = {"a": "[aáàâä]", "e": "[eéèêë]", "i": "[iíìîï]", "o": "[oóòôö]", "u": "[uúùûü]", "n": "[nñ]", "c": "[cç]"}
_NOUN = rf"(?!(?:{'|'.join(sorted(word for word in FUNCTION_WORDS if word.isalpha()))})\\b)[^\\W\\d_]{{2,}}"
_FIELDS: tuple[Language, Language] = ("en", "es")
_LINE_BEGINS = 2  # words
_MONTHS = frozenset(form for form, name in CALENDAR.items() if name in MONTHS)
_PERSON = re.compile(rf"(?:{'|'.join(name.title() for name in MONTHS_IN_SPANISH)})\s+[A-ZÁÉÍÓÚÑ][a-záéíóúñ]")  # "Julio Arana"
_POSSESSIVE = r"(?:['’]s?)?"
_BEFORE_NAME = r"(?:\b(?:of|in|for|at|by|del?|en|para|por|Mrs?|Ms|Dr|Dra)\b\.?\s+(?:(?:the|el|la)\s+)?)?"
_BEFORE_NOUN = r"(?<=\bthe )(?:(?:Mrs?|Ms|Dr)\.?\s+)?"  # "in the Ortega lease", and not "in Ortega"


@dataclass(frozen=True, slots=True)
class Named:
    """The documents (`sources`) that a question names by `names`, which are words of it; `question` is what it asks without these.

    `passages` (ids) are what is looked at of these documents. `unknown` is a month or a year that none of them is of, nor any other.
    `alone`: no other document is meant, of whatever form; else only those of the same form are not.
    """

    sources: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    question: str = ""
    passages: frozenset[int] = frozenset()
    unknown: str = ""
    alone: bool = False


def named_documents(snapshot: Snapshot, question: str, forms: "Forms") -> Named:
    """The few documents that have the names in `question`; none if it has no name that tells documents apart.

    Of a month or a year that documents only mention (none is of it by its first lines), the passages that do so are meant.
    """
    found: dict[str, list[Passage]] = {}
    unknown, misspelt = "", 0
    for word, match in islice({match[0]: match for match in _WORD.finditer(question)}.items(), MOST_WORDS):
        inside = match.start() > FIRST_WORD
        if plain(word) in FUNCTION_WORDS and not (word[0].isupper() and inside and _is_time(word)):  # "May"
            continue
        if _PERSON.match(question, match.start()):
            continue
        having = _having(snapshot, word)
        if having is None and inside and word[0].isupper() and misspelt < MOST_MISSPELT:
            misspelt += 1
            known = forms.spelled_like(snapshot, word)
            having = _having(snapshot, known) if known else None
        if having:
            found[word] = having
        elif _is_time(word) and (not found or _OF_MONTH.search(question, 0, match.start())):
            unknown = unknown or word
    sources = {word: frozenset(passage.source for passage in having) for word, having in found.items()}
    meant = meant_by_all([*sources.values()])
    if unknown or not 0 < len(meant) <= MOST_MEANT:
        return Named(unknown=unknown)
    names = tuple(word for word, own in sources.items() if own & meant)
    if all(_is_time(word) and not any(_is_first(passage, word) for passage in found[word]) for word in names):
        return Named(meant, (), question, frozenset(passage.id for word in names for passage in found[word]))
    passages = frozenset(passage.id for source in meant for passage in passages_of(snapshot, source))
    return Named(meant, names, without_names(question, names), passages) if len(passages) <= MOST_PASSAGES else Named()


def meant_by_all(sources: Sequence[frozenset[str]]) -> frozenset[str]:
    """The documents that several names mean: those that all mean, or else those of each."""
    meant: frozenset[str] = frozenset()
    for own in sorted(sources, key=len):
        meant = meant & own or meant | own
    return meant


def names_in_texts(snapshot: Snapshot, word: str) -> frozenset[str] | None:
    """The documents whose titles, headings or texts have `word`, with whatever accents and capitals; None if they are too many to tell."""
    ids = {identifier for field in _FIELDS for identifier, _ in snapshot.words.search(word, field, SEARCHED)}
    if len(ids) >= SEARCHED:
        return None
    pattern = _written(word)
    return frozenset(passage.source for passage in snapshot.store.passages(sorted(ids)) if pattern.search(passage.in_context))


def _having(snapshot: Snapshot, word: str) -> list[Passage] | None:
    """The passages that have `word` as a name; of documents that have it in their first lines, if there are any. None if nothing has it."""
    ranked = [pair for form in _forms(word) for field in _FIELDS for pair in snapshot.words.search(form, field, SEARCHED)]
    ids = dict.fromkeys(identifier for identifier, _ in sorted(ranked, key=lambda pair: -pair[1]))
    if len(ids) >= SEARCHED:
        return []
    for looked_at in (FIRST_LOOK, SEARCHED):  # most words are no names, which few passages tell
        having = [passage for passage in snapshot.store.passages([*ids][:looked_at]) if _place(passage, word) is not None]
        if having and word[0].isalpha() and not _is_time(word) and not _is_name(word, having):
            return []
    return [passage for passage in having if _is_first(passage, word)] or having or None


def _forms(word: str) -> tuple[str, ...]:
    """How documents write a word: a month in both languages, anything else as it is."""
    month = CALENDAR.get(plain(word), "")
    return tuple(form for form, name in CALENDAR.items() if name == month) if month in MONTHS else (word,)


def _is_time(word: str) -> bool:
    return CALENDAR.get(plain(word)) in MONTHS or re.fullmatch(r"(?:19|20)\d\d", word) is not None


def _likeness(word: str, name: str) -> float:
    return SequenceMatcher(None, word, name, autojunk=False).ratio() if abs(len(word) - len(name)) <= MOST_LETTERS else 0.0


def _place(passage: Passage, word: str) -> int | None:
    """Where the document of `passage` has `word` as a name; 0 if in its title or the name of its file, None if the passage has it not."""
    pattern = _written(word)
    if any(pattern.search(re.sub("_", " ", text)) for text in (passage.title, passage.source)):
        return 0
    match = pattern.search(passage.text)
    return None if match is None else passage.start + match.start()


@lru_cache(maxsize=256)
def _written(word: str) -> re.Pattern[str]:
    """`word` with whatever accents and capitals; of a month, the names in both languages, and no people ("Julio Arana")."""
    if word[0].isalpha() and _is_time(word):
        forms = [f"{form}|{form.upper()}|{form.title()}{_DAY_OR_YEAR}|(?<=\\d ){form.title()}" for form in _forms(word)]
        return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)")
    letters = (_ACCENTS.get(letter, re.escape(letter)) for letter in fold(word))
    return re.compile(rf"(?<![^\W_]){''.join(letters)}(?![^\W_])", re.IGNORECASE)


def _is_first(passage: Passage, word: str) -> bool:
    place = _place(passage, word)
    return place is not None and place < HEAD


def _is_name(word: str, passages: Iterable[Passage]) -> bool:
    """Whether some of `passages` write `word` with a capital within a line, and none without one."""
    found = [(match, passage) for passage in passages for match in _written(word).finditer(passage.text)]
    if any(match[0][0].islower() for match, _ in found):
        return False
    return not found or any(_WITHIN_LINE.search(passage.text, 0, match.start()) for match, passage in found)


def without_names(question: str, names: Sequence[str]) -> str:
    """`question` without `names` and what leads to them; as it is if little is left. The name of a file becomes "the document"."""
    rest = question
    for name in names:
        if not name.isalpha() and "." in name:
            rest = re.sub(re.escape(name), "the document" if asked_in(question) == "en" else "el documento", rest, flags=re.IGNORECASE)
            continue
        written = rf"(?<!\w){re.escape(name)}(?!\w){_POSSESSIVE}"
        rest = re.sub(rf"{_BEFORE_NOUN}{written}\s+(?={_NOUN})", "", rest, flags=re.IGNORECASE)
        rest = re.sub(rf"{_BEFORE_NAME}{written}", "", rest, flags=re.IGNORECASE)
    rest = re.sub(r"\s+([?.,:;])", r"\1", " ".join(rest.split()))
    return rest if any(plain(word) not in FUNCTION_WORDS for word in re.findall(r"[^\W\d_]{3,}", rest)) else question


class Forms:
    """The forms of the documents of one index, and the names in their first lines, remembered until it changes."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}
        self._generation = -1
        self._names: tuple[int, dict[str, str]] = (-1, {})

    def spelled_like(self, snapshot: Snapshot, word: str) -> str:
        """The name in the first lines of a document, or the month, that is spelled most like `word`; "" if none is."""
        generation, names = self._names
        if generation != snapshot.generation:
            names = dict(sorted((name, fold(name)) for name in {*_MONTHS, *_first_names(snapshot)}))
            self._names = (snapshot.generation, names)
        folded = fold(word)
        likeness = {name: _likeness(folded, plain) for name, plain in names.items()} if len(word) >= SHORTEST_MISSPELT else {}
        best = max(likeness, key=likeness.__getitem__, default="")
        return best if best and likeness[best] >= ALIKE else ""

    def of(self, snapshot: Snapshot, source: str) -> frozenset[str]:
        """The form of a document."""
        if snapshot.generation != self._generation or len(self._known) > MOST_FORMS:
            self._known, self._generation = {}, snapshot.generation
        known = self._known
        if source not in known:
            known[source] = form_of(snapshot.document(source).text[:FORM])
        return known[source]

    def any_alike(self, snapshot: Snapshot, passages: Iterable[Passage]) -> bool:
        """Whether two documents of `passages` are of the same form."""
        forms = [self.of(snapshot, source) for source in dict.fromkeys(passage.source for passage in passages)]
        return any(same_form(one, other) for one, other in combinations(forms, 2))

    def others_alike(self, snapshot: Snapshot, sources: frozenset[str], passages: Iterable[Passage]) -> set[str]:
        """The documents of `passages` that are of the same form as some of `sources`, and not among these."""
        own = [self.of(snapshot, source) for source in sorted(sources)]
        others = {passage.source for passage in passages} - sources
        return {source for source in others if any(same_form(self.of(snapshot, source), form) for form in own)}

    def are_told_by_time(self, snapshot: Snapshot, passages: Sequence[Passage], unknown: str) -> bool:
        """Whether the documents of the first `passages` are alike, and each begins with a month or a year, whichever `unknown` is."""
        sources = [*dict.fromkeys(passage.source for passage in passages)][:MOST_MEANT]
        if len(sources) < FEWEST_ALIKE or not self.others_alike(snapshot, frozenset(sources[:1]), passages) >= {*sources[1:]}:
            return False
        times = tuple(form for form in MONTH_NUMBERS if len(form) > 3) if unknown[0].isalpha() else (r"(?:19|20)\d\d",)
        heads = (f"{source.replace('_', ' ')}\n{snapshot.document(source).text[:HEAD].casefold()}" for source in sources)
        return all(re.search(rf"(?<!\w)(?:{'|'.join(times)})(?!\w)", head) for head in heads)

    def not_quoted(self, snapshot: Snapshot, cited: Collection[str], passages: Sequence[Passage]) -> tuple[str, ...]:
        """The documents of the `passages` found that are alike to one of those `cited`, and are not cited.

        Only those are looked at of which some passage reads like one of a document that is cited: most questions have none.
        """
        quoted = [passage for passage in passages if passage.source in cited]
        others = {other.source: own.source for other in passages if other.source not in cited for own in quoted if _is_twin(own, other)}
        return tuple(other for other, own in others.items() if same_form(self.of(snapshot, own), self.of(snapshot, other)))


def _first_names(snapshot: Snapshot) -> set[str]:
    """Words with a capital in the first lines of documents."""
    found = set()
    for source, *_ in snapshot.store.documents()[:MOST_LOOKED_AT]:
        first, last = snapshot.store.passage_at(source, 0), snapshot.store.passage_at(source, HEAD)
        passages = snapshot.store.passages(range(first, last + 1)) if first is not None and last is not None else []
        found |= {name for passage in passages for name in _CAPITALISED.findall(passage.text)}
    return found


def called(passage: Passage, meant: Named) -> Passage:
    """`passage` with the names by which the question means its document."""
    return replace(passage, named=meant.names) if passage.source in meant.sources else passage


def _is_twin(one: Passage, other: Passage) -> bool:
    """Whether two passages stand below the same heading, or have most words in common."""
    if one.section and one.section[-1:] == other.section[-1:]:
        return True
    said, told = ({*re.findall(r"[^\W\d_]+", passage.text.casefold())} for passage in (one, other))
    return len(said & told) >= SAME_FORM * len(said | told)


def same_form(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two documents are made alike, by their forms."""
    common = len(one & other)
    return common >= FEWEST_LINES and common >= SAME_FORM * min(len(one), len(other))


def form_of(text: str) -> frozenset[str]:
    """How the lines of a document begin, numbers apart."""
    begins = (re.findall(r"[^\W\d_]+", line.split(":")[0])[:_LINE_BEGINS] for line in text.splitlines())
    return frozenset(fold(" ".join(words)) for words in begins if words)
