"""Documents that a question calls by their file name: "the García contract" is `contrato_garcia.docx`, whatever its text says.

The whole name of a file means that one. A word of a path tells its documents from all others if few have it there and the text of no other
one has it. Where it begins with a small letter, or the question with it, no other that was found may say the like, in either language:
`holidays.xlsx` is not all that there is about holidays. It knows words of letters, not "the second file", and no question about two
documents of which only one is so called.
"""

import re
from collections.abc import Callable, Mapping

from rag.index import Snapshot
from rag.language import FUNCTION_WORDS
from rag.naming.aliases import fold
from rag.naming.siblings import FIRST_WORD, MOST_MEANT, Named, meant_by_all, names_in_texts, without_names
from rag.provisions.counts import passages_of

MOST_PASSAGES = 2_000
_WORD = re.compile(r"[^\W\d_]{3,}")
_PART = re.compile(r"[A-ZÁÉÍÓÚÑ]?[a-zà-ÿ]{2,}|[^\W\d_]{3,}")  # "ContratoGarcia" is two
_FILE = re.compile(r"[^\s/«»“”\"'¿?¡!(),;]*\w\.\w{1,5}(?!\w)")
_SUFFIX = re.compile(r"\.\w{1,5}$")

_OWNED = (
    r"(?:contracts?|leases?|tenanc(?:y|ies)|agreements?|polic(?:y|ies)|invoices?|payslips?|mortgages?|wills?|estimates?|cv|résumés?|"
    r"contratos?|arrendamientos?|alquiler(?:es)?|pólizas?|polizas?|facturas?|nóminas?|nominas?|hipotecas?|testamentos?|presupuestos?|"
    r"currículums?|curriculums?|expedientes?)"
)
_OWNER = r"(?P<name>(?!(?:Spanish|English|French|German|Italian|Portuguese|Catalan)\b)[A-ZÁÉÍÓÚÑ][^\W\d_]{2,})"
_OF_OWNER = (
    re.compile(rf"(?<=[a-z] ){_OWNER}(?:['’]s?)? {_OWNED}\b"),
    re.compile(rf"\b{_OWNED} (?:del?|con) (?:(?:el|la|los|las|doña|don|señora?|Sra?\.|D\.|Dª) ){{0,2}}{_OWNER}"),
)

Strange = Callable[[str, frozenset[str]], bool]
"""Whether nothing that was found for a question says the like of a word, apart from some documents."""

Files = Mapping[str, frozenset[str]]
"""The documents by the words of their paths, which are folded, and by their whole names; of those only that tell documents apart."""


class FileNames:
    """The words in the paths of one index, remembered until it changes."""

    def __init__(self) -> None:
        self._generation = -1
        self._files: Files = {}

    def of(self, snapshot: Snapshot) -> Files:
        """The documents by the words of their paths and by their names."""
        if snapshot.generation != self._generation:
            found: dict[str, set[str]] = {}
            for source, *_ in snapshot.store.documents():
                words = {fold(part) for part in _PART.findall(_SUFFIX.sub("", source))}
                for word in words | {source.rpartition("/")[2].casefold()}:
                    found.setdefault(word, set()).add(source)
            self._files = {word: frozenset(sources) for word, sources in found.items() if len(sources) <= MOST_MEANT}
            self._generation = snapshot.generation
        return self._files


def named_by_file(snapshot: Snapshot, question: str, files: Files, is_strange: Strange) -> Named:
    """The few documents whose paths have words of `question` that stand in the text of no other; none if there are none.

    Args:
        snapshot: the index.
        question: as it is asked.
        files: what `FileNames` knows of the index.
        is_strange: tells whether what was found for the question apart from those documents knows a word.
    """
    found: dict[str, frozenset[str]] = {}
    for match in _FILE.finditer(question):
        sources = files.get(match[0].casefold(), frozenset())
        found |= {match[0]: sources} if sources else {}
    for match in () if found else _WORD.finditer(question):
        word, sources = match[0], files.get(fold(match[0]), frozenset())
        if not sources or fold(word) in FUNCTION_WORDS or word.casefold() in FUNCTION_WORDS:
            continue
        having = names_in_texts(snapshot, word)
        if having is None or not having <= sources:
            continue
        if (word[0].isupper() and match.start() > FIRST_WORD) or is_strange(word, sources):
            found[word] = sources
    meant = meant_by_all([*found.values()])
    names = tuple(word for word, sources in found.items() if sources & meant)
    passages = frozenset(passage.id for source in meant for passage in passages_of(snapshot, source))
    if not 0 < len(passages) <= MOST_PASSAGES or len(meant) > MOST_MEANT:
        return Named()
    return Named(meant, names, without_names(question, names), passages, alone=True)


def unknown_owner(snapshot: Snapshot, question: str, is_strange: Strange) -> str:
    """Whose paper `question` asks for, if nothing in the index has that name: "the Martínez contract"; "" otherwise."""
    for form in _OF_OWNER:
        for match in form.finditer(question):
            if names_in_texts(snapshot, match["name"]) == frozenset() and is_strange(match["name"], frozenset()):
                return match["name"]
    return ""
