"""What a document is called: the words of its title and file name, its official number, its acronyms, and the names that it gives itself.

"GDPR" and "RGPD" are found in "General Data Protection Regulation" by its initials, and in each other because both languages put the same
letters in another order; "LO 2/2023" by its number; "the Mexican constitution" by the beginning of "Mexicanos". It has no list of laws:
a name that shares neither letters nor words with what a document calls itself is for `rag.naming.meant` to find by meaning.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag import lexicon

STEM = 5
REMEMBERED = 20_000
HEAD = 4_000  # characters of a document in which it may say what it is called
FIRST_LINES = 600
MAX_NAMES = 6
LONGEST_NAME = 80
SHORTEST_ACRONYM = 3

KINDS_OF_TEXT: dict[str, frozenset[str]] = {
    name: lexicon.words(forms)
    for name, forms in {
        "treaty": "tratado tratados treaty treaties pacto pact",
        "agreement": "acuerdo acuerdos agreement agreements convenio convention convencion protocolo protocol",
        "law": "ley leyes law laws act acts statute lo",
        "regulation": "reglamento regulation regulations rules reglas normas",
        "constitution": "constitucion constitution",
        "code": "codigo code",
        "decree": "decreto decree rd rdl",
        "contract": "contrato contract agreement",
        "charter": "carta charter",
        "bylaws": "estatuto estatutos bylaws statutes",
        "directive": "directiva directive",
        "decision": "decision decisiones decisions",
        "circular": "circular circulares circulars",
        "resolution": "resolucion resoluciones resolution resolutions",
        "ordinance": "ordenanza ordenanzas ordinance ordinances",
        "handbook": "handbook handbooks manual manuales manuals",
        "report": "informe informes report reports",
        "minutes": "acta actas minutes",
        "judgment": "sentencia sentencias judgment judgments",
        "policy": "poliza polizas policy policies",
        "tender": "pliego pliegos tender tenders",
        "terms": "terms conditions condiciones",
    }.items()
}
ALIKE = tuple(
    lexicon.words(forms)
    for forms in (
        "insurance seguro seguros",
        "lease leases tenancy tenancies rental arrendamiento arrendamientos alquiler alquileres",
        "collective colectivo colectivos colectiva",
        "condominium condominiums propietarios vecinos",
        "employment labour labor trabajo laboral",
        "sale purchase compraventa",
        "loan prestamo",
        "mortgage hipoteca hipotecario hipotecaria",
        "shop shops store stores premises local locales comercio comercios",
        "flat flats apartment apartments piso pisos vivienda viviendas",
        "association asociacion",
        "company companies sociedad sociedades empresa empresas",
        "tax taxes impuesto impuestos tributo tributos tributaria",
        "traffic trafico circulacion",
        "building buildings edificio edificios",
    )
)
"""Words in names of texts that say the same in both languages, or nearly so, and that vectors do not always bring together."""
KIND_WORDS = frozenset().union(*KINDS_OF_TEXT.values())
_TEXT_WORDS = {"it", "this", "that", "document", "documento", "text", "texto", "file", "archivo", "fichero", "este", "esto", "ello"}
_SMALL = lexicon.words(
    "the a an of and or for to in on at by with from as el la los las un una de del y e o u para por en con al sobre entre que se su"
)
_MONTHS = frozenset((*lexicon.MONTHS, *lexicon.MONTHS_IN_SPANISH))
_TOKEN = re.compile(r"[^\W\d_]+(?:[.&][A-Z]\b\.?)*")
_WORD = re.compile(r"\w{3,}")
_ACRONYM = re.compile(r"(?<![\w/])[A-ZÑ](?:\.?[A-ZÑ&]){1,9}s?\b")
_NUMBER = re.compile(r"(?<![\w/.,-])(\d{1,4})[/_](\d{2,4})(?:/[A-Z]{2,3})?(?![\w/]|[.,]\d)")
_NUMBER_OF_FILE = re.compile(r"(?<!\d)(\d{1,4})[-_](\d{4}|\d{3})(?!\d)")
_ROMAN = re.compile(r"[IVXLC]+")
_BYLAWS = re.compile(r"\b(?:by-laws?|articles of association)\b", re.IGNORECASE)
_BEFORE_NUMBER = KIND_WORDS | {"reglamento", "orgánica", "código", "real", "auto", "orden", "providencia", "order"}
_KIND_BEFORE_NUMBER = re.compile(
    rf"(?i:\b(?:{'|'.join(sorted(_BEFORE_NUMBER, key=len, reverse=True))})\b)[^.;\n]{{0,30}}?"
    r"(?:(?i:n)(?:\.\s?[ºo°]|úm\.)\s?)?$"
)
_OF_ANOTHER = re.compile(
    r"\b(?:por (?:la|el) que se (?:modific|reform|desarroll|derog|complement)\w+|que (?:modific|reform|desarroll|derog)\w+|"
    r"de (?:modificación|reforma|desarrollo) (?:parcial )?de|(?:amending|repealing|implementing|supplementing)\b)",
    re.IGNORECASE,
)
_CITED = re.compile(r"\b(?:art[íi]culos?|articles?|arts?\.|conforme|según|pursuant|under|virtud)\b[^.;\n]{0,60}$", re.IGNORECASE)
_QUOTED = r"[«“\"'‘]{1,2}\s?(?P<name>[^«»“”\"\n]{2,80}?)\s?[»”\"'’]{1,2}"
_DEFINED = re.compile(
    r"(?:en adelante|en lo sucesivo|hereinafter|hereafter|referred to as|known as|short title|may be cited as|podrá citarse(?: como)?|"
    rf"se denominará|denominad[oa]|conocid[oa] como|this is|\(the|\(el|\(la)[\s,:]*(?:(?:as|the|el|la|called)\s+)*{_QUOTED}",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\(\s?(?P<name>[^()\n]{3,80}?)\s?\)")


@dataclass(frozen=True, slots=True)
class Names:
    """What a document answers to: folded `words`, official `numbers` ("19/2013"), `acronyms` as written, `kinds` of text ("law").

    `kinds_of_file` are those that its file name says, which are less sure: people call every text of a folder "law-1", "law-2".
    `initials` are those of its names, word by word, each with whether the word says what kind of text it is.
    """

    words: frozenset[str]
    numbers: frozenset[str]
    acronyms: frozenset[str]
    kinds: frozenset[str]
    kinds_of_file: frozenset[str]
    initials: tuple[tuple[tuple[str, bool], ...], ...]


@lru_cache(maxsize=REMEMBERED)
def names_of(title: str, source: str, defined: tuple[str, ...] = ()) -> Names:
    """The names of a document with this title and file name, which calls itself `defined`."""
    file = re.sub(r"[^a-zA-Z]+", " ", source)
    texts = (title, *defined)
    numbers = {number for text in texts for number in official_numbers(own_name(text))}
    numbers |= {f"{first}/{second}" for first, second in _NUMBER_OF_FILE.findall(source.rpartition("/")[2])}
    return Names(
        words=folded_words(" ".join((*texts, file))),
        numbers=frozenset(numbers),
        acronyms=frozenset(acronym for text in texts for acronym in acronyms(text)),
        kinds=kinds_of(" ".join(texts)),
        kinds_of_file=kinds_of(file),
        initials=tuple(tuple(initials(text)) for text in texts),
    )


def own_name(text: str) -> str:
    """`text` up to where it names the law that it changes: "Ley 3/2023, por la que se modifica la Ley 7/2019" is not called 7/2019."""
    match = _OF_ANOTHER.search(text)
    return text[: match.start()] if match and _NUMBER.search(text, 0, match.start()) else text


def official_numbers(text: str) -> list[str]:
    """Numbers of laws in `text`: "19/2013" of "Ley 19/2013", "2016/679" of "Regulation (EU) 2016/679"."""
    return [official_number(first, second) for first, second in _NUMBER.findall(text)]


def official_number(first: str, second: str) -> str:
    """The full form: "39/2015" of "39/15", as Spanish laws are called for short; "95/46", a year and a number, is left as it is."""
    if len(second) == 2 and len(first) < 4 and int(first) < 50:
        second = f"{'20' if int(second) < 50 else '19'}{second}"
    return f"{int(first)}/{second}"


def acronyms(text: str) -> list[str]:
    """The acronyms of `text`, of three letters or more, without points; none if all of it is in capitals. "AGREEMENT" is none."""
    if not any(letter.islower() for letter in text) and len(text.split()) > 2:
        return []
    found = (re.sub(r"[.&]|s$", "", match[0]) for match in _ACRONYM.finditer(text))
    found = (acronym for acronym in found if len(acronym) >= SHORTEST_ACRONYM and not _ROMAN.fullmatch(acronym))
    return [acronym for acronym in found if acronym.casefold() not in KIND_WORDS]


def speaks_of_text(phrase: str) -> bool:
    """Whether what is called so is a text by its words ("the law", "this document", "Ley 5/2010"), and not a shop or a box."""
    return bool({*fold(phrase).split()} & _TEXT_WORDS or folded_words(phrase) & KIND_WORDS or acronyms(phrase) or official_numbers(phrase))


def initials(text: str) -> Iterator[tuple[str, bool]]:
    """The first letters of the words of `text` that carry meaning, each with whether the word is a kind of text."""
    for word in _TOKEN.findall(text):
        plain = fold(word)
        if plain not in _SMALL and plain not in _MONTHS and not (len(word) > 1 and word.isupper() and plain not in KIND_WORDS):
            yield plain[0].upper(), plain in KIND_WORDS


def kinds_of(text: str) -> frozenset[str]:
    """The kinds of text that `text` speaks of; the abbreviations count in capitals only."""
    words = {
        fold(word)
        for word in _TOKEN.findall(_BYLAWS.sub("bylaws", text))
        if len(word) > 3 or word.isupper() or fold(word) in ("ley", "law", "act")
    }
    return frozenset(kind for kind, own in KINDS_OF_TEXT.items() if own & words)


def answers_to(names: Names, acronym: str) -> bool:
    """Whether the document is called `acronym`, or what the acronym is in the other language: the same letters in another order."""
    return acronym in names.acronyms or any(_abbreviates(acronym, own, reordered=False) for own in names.initials)


def answers_to_reordered(names: Names, acronym: str) -> bool:
    """Whether the document has the letters of `acronym` in another order: RGPD, GDPR; TFEU, TFUE."""
    alike = any(sorted(acronym) == sorted(own) for own in names.acronyms)
    return alike or any(_abbreviates(acronym, own, reordered=True) for own in names.initials)


def abbreviated_by(names: Names, phrase: str) -> bool:
    """Whether an acronym of the document stands for `phrase`: "LOSU" for "Ley Orgánica del Sistema Universitario"."""
    own = tuple(initials(phrase))
    return any(_abbreviates(acronym, own, reordered=reordered) for acronym in names.acronyms for reordered in (False, True))


def _abbreviates(acronym: str, letters: tuple[tuple[str, bool], ...], *, reordered: bool) -> bool:
    """Whether `acronym` is made of neighbouring initials, the first or last of which is of a kind of text ("Reglamento", "Act")."""
    size = len(acronym)
    for start in range(len(letters) - size + 1):
        run = letters[start : start + size]
        if not (run[0][1] or run[-1][1]):
            continue
        joined = "".join(letter for letter, _ in run)
        if joined == acronym or (reordered and sorted(joined) == sorted(acronym)):
            return True
    return False


def defined_names(text: str) -> list[str]:
    """The names that a document gives itself at its beginning: "en adelante, «LOSU»", "(Data Protection Regulation)", "Ley 19/2013".

    A name says what kind of text it is ("the Data Act"), is an acronym, or an official number; "the Parties" and "the Agreement" are none.
    """
    head = text[:HEAD]
    first = head[:FIRST_LINES]
    names = [match["name"] for match in _DEFINED.finditer(head) if not _is_of_another(head, match.start())]
    names += [match["name"] for match in _IN_BRACKETS.finditer(first)]
    numbers = [
        match
        for match in _NUMBER.finditer(first)
        if _KIND_BEFORE_NUMBER.search(first, max(0, match.start() - 45), match.start()) and not _CITED.search(first[: match.start()])
    ]
    kept = [name for name in (" ".join(name.split()) for name in names) if _is_name(name)]
    return list(dict.fromkeys([*kept, *(match[0] for match in numbers[:1])]))[:MAX_NAMES]


def _is_of_another(head: str, position: int) -> bool:
    """Whether what is named right before `position` is another law, with a number of its own: "la Ley 3/2018 (en adelante, «LOPD»)"."""
    return position > FIRST_LINES and _NUMBER.search(head, max(0, position - 200), position) is not None


def _is_name(name: str) -> bool:
    if len(name) > LONGEST_NAME:
        return False
    if acronyms(name) and len(name.split()) == 1:
        return True
    words = folded_words(name)
    return bool(words & KIND_WORDS) and bool(words - KIND_WORDS - _SMALL) and name[:1].isupper()


def folded_words(text: str) -> frozenset[str]:
    """The words of `text` of three letters or more, in lower case without accents."""
    return frozenset(_WORD.findall(fold(text)))


@lru_cache(maxsize=REMEMBERED)
def stems(words: frozenset[str]) -> frozenset[str]:
    """The beginnings of words, so that "Mexican" is "Mexico" and "chilena" is "Chile"; numbers are whole."""
    return frozenset(word if any(letter.isdigit() for letter in word) else word[:STEM] for word in words)


def alike(word: str) -> frozenset[str]:
    """What says the same as `word`, which is folded, in the name of a text; at least itself."""
    return frozenset((word,)).union(*(words for words in ALIKE if word in words))


def fold(text: str) -> str:
    """`text` in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
