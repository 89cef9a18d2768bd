"""What a question says of the provisions that it names: which, of which document, in which chapter or annex, which paragraph.

"Article 4(2)(b) of the GDPR and article 5 of the LOSU" is Article 4, paragraph 2, letter b, of "the GDPR", and Article 5 of "the LOSU".
"The transitional provisions of the law" are all that it has, where nothing else is asked of them.
It reads words; whether there is such a document is for `rag.lookup` to find out.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rag import lexicon
from rag.naming.aliases import KIND_WORDS, acronyms, fold, folded_words, official_numbers
from rag.provisions.asked_counts import asked_count
from rag.provisions.numbered_acts import asked_points, find_acts
from rag.provisions.numbers import DETAIL, ORDINAL, ROMAN
from rag.provisions.paragraphs import PARA, Part, part_of
from rag.provisions.words import PROVISIONS, any_of, kind_in, plural, singular
from rag.references import Mention, find
from rag.types import Passage, Reference

# From the outside in: an annex has titles, a title chapters, a chapter sections, a section articles.
_OUTER = ("annex", "book", "part", "title", "chapter", "section", "article")
_LINKS = re.compile(
    r"(?:[\s,;&/–—-]|\b(?:y|e|o|u|and|or|both|a|al|to|through|hasta|del?|el|la|los|las|the|desde|from|well|as)\b)*", re.IGNORECASE
)
_INSIDE = re.compile(r"\s*,?\s*(?:(?:of|in|from|under|within|del?|en)\s+)?(?:(?:the|el|la|los|las)\s+)?", re.IGNORECASE)
_IN = re.compile(r"\s*,?\s*(?:of|in|from|under|within|del?|en)\b", re.IGNORECASE)
_OF = re.compile(r"\s*,?\s*(?:of|in|from|under|within|to|del?|en|según|conforme al?|segun)\b\s*(?P<phrase>.*)", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(r"\s*,?\s*\(?(?P<phrase>(?:the|el|la|los|las)?\s*[\w].*)", re.IGNORECASE | re.DOTALL)
_END = re.compile(
    r"[?!;:¿¡]|\.(?:\s|$)|,?\s*\b(?:about|regarding|concerning|sobre|acerca|respecto|relativ[oa] a|"
    r"says?|said|(?-i:states?)|allows?|permits?|provides?|covers?|means?|appl(?:y|ies)|regulates?|requires?|contains?|establish(?:es)?|prohibits?|"
    r"forbids?|grants?|gives?|deals?|guarantees?|defines?|differs?|compares?|mentions?|refers?|sets?|lays?|speaks?|"
    r"dicen?|permiten?|establecen?|prevén?|regulan?|disponen?|contemplan?|tratan?|exigen?|prohíben?|garantizan?|definen?|"
    r"what|which|who|whom|when|where|how|why|does|do|did|is|are|was|were|can|(?-i:may)|must|shall|should|would|"
    r"qué|que|cuál|cuáles|quién|quiénes|cuándo|dónde|cómo|cuánt[oa]s?|puede|pueden|debe|deben|es|son|se|there)\b",
    re.IGNORECASE,
)
_KIND_OF_TEXT = "|".join(sorted({*KIND_WORDS, "convención", "decisión", "resolución"}))
_TITLE = re.compile(  # "la Ley sobre Tráfico", whose name goes on behind a word that would end it
    rf"(?i:(?:the|el|la|los|las)\s+)?(?=[A-Z])(?i:{_KIND_OF_TEXT})(?:\s+[A-ZÁÉÍÓÚÑ]\w+)*\s+"
    r"(?:about|regarding|concerning|sobre|relativ[oa] al?)\s+(?:(?:the|el|la|los|las)\s+)?(?=[A-ZÁÉÍÓÚÑ])"
)
_AND = re.compile(r"\b(?:y|e|and|or|o)\b", re.IGNORECASE)
_TAIL = re.compile(
    rf"(?:\s?\({DETAIL}\)|"
    r"\s?\.\s?\d+(?:\.?ª)?|\.?\s?\b[a-z]\)|\.[a-z]\b|\s*,?\s*(?:"
    r"(?:first|second|third|fourth|fifth|last|primer|segundo|tercer|cuarto|quinto|último)\s+(?:sub)?(?:paragraph|párrafo|apartado)|"
    r"apartados?|párrafos?|numeral(?:es)?|incisos?|letras?|"
    rf"paragraphs?|{PARA}|"
    r"points?|subparagraphs?|letters?|indents?|§)\s*(?:\(?\w{1,10}\)?|[a-z]\)))*",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"\w+")
_ASKING_FOR_ALL = lexicon.words(
    "what which does do is are in say says state states provide provides establish establishes contain contains under the of and to from "
    "que dice dicen establece establecen dispone disponen preve contiene contienen hay en el la los las lo de del al segun cual es "
    "regula regulan regulate regulates trata tratan cover covers deal deals with articles articulos "
    "all list any there has have todas todos lista tiene tienen "
    "cuales son "
    "texto text content contenido paragraph apartado letra point number numero tell me about read show muestra dime article articulo"
)
ALL = "*"
"""Number of a reference that stands for all of its kind."""
LAST = "$"
"""Number of a reference that stands for the last of its kind."""
COUNT = "#"
"""Number of a reference that asks how many of its kind there are."""
_NAME = re.compile(r"(?<!^)(?<![?!.¿¡]\s)\b[A-ZÁÉÍÓÚÑ]\w+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A provision that a question names: `phrase` is what names its document, if anything does, `within` the larger units that it is in.

    `sign` tells "§ 4" from "section 4", for rules that have sections of paragraphs.
    """

    reference: Reference
    phrase: str = ""
    within: tuple[Reference, ...] = ()
    part: Part = ()
    sign: bool = False


def asked_provisions(question: str) -> list[Asked]:
    """The provisions that `question` names, in order, each once; else all of a kind (number `ALL`) or its `LAST`, points, or acts.

    Where it asks how many there are of a kind, that one alone, with number `COUNT`.
    """
    if count := asked_count(question):
        kind, phrase = count
        around = _asked(phrase, find(_with_capitals(phrase)))
        if len(around) == 1:  # "Chapter 2 of the treaty"
            return [Asked(Reference(kind, COUNT), around[0].phrase, (around[0].reference, *around[0].within))]
        return [Asked(Reference(kind, COUNT), phrase)]
    mentions = find(_with_capitals(question)) or _single(question)
    if not mentions and (every := _last(question) or _every(question)):
        asked = [replace(item, phrase=item.phrase or _phrase_of_holder(question[every[0].end :])) for item in _asked(question, every)]
        if _asks_nothing_else(question, every, asked):
            return asked
    mentions = mentions or asked_points(question)
    return _asked(question, mentions) if mentions else [Asked(mention.reference) for mention in find_acts(question)]


_SMALL_NOUN = re.compile(
    rf"\b(?:(?:rules?|reglas?|normas?)\s+(?=[0-9])|(?:part|parte|book|libro)\s+(?:[0-9]|{ROMAN}|(?:{ORDINAL})\b|(?:one|two|three|four|five|six|seven|eight|nine|ten)\b"
    r"|[a-h](?=\s*(?:[?,.]|$|(?:of|in|del?)\b)))(?!\w))",
    re.IGNORECASE,
)


def _with_capitals(question: str) -> str:
    """`question` with "Part B" for "part b" and "Libro II" for "libro ii", which in small letters may be prose in a document."""
    return _SMALL_NOUN.sub(lambda match: _capitals(match[0]), question)


def _capitals(noun: str) -> str:
    word, space, number = noun.partition(" ")
    number = number.upper() if re.fullmatch("[a-h]|[ivxlc]+", number.strip()) else number[:1].upper() + number[1:]
    return f"{word[0].upper()}{word[1:]}{space}{number}"


def _asked(question: str, mentions: Sequence[Mention]) -> list[Asked]:
    groups = _groups(question, mentions)
    phrases = [_phrase_after(question, groups, place) for place in range(len(groups))]
    if groups and not any(phrases):
        phrases[0] = _phrase_before(question[: groups[0][0].start])
    later = ""
    for place in reversed(range(len(groups))):  # "Article 4 and Annex II of the GDPR"
        later = phrases[place] = phrases[place] or later
    earlier = ""
    for place, phrase in enumerate(phrases):
        earlier = phrases[place] = phrase or earlier
    asked: dict[Asked, None] = {}
    for group, phrase in zip(groups, phrases, strict=True):
        for mention, within in _nested(question, group):
            before = question[max(0, mention.end - 200) : mention.end].casefold()
            sign = before.rfind("§") > before.rfind("sec")
            asked.setdefault(Asked(mention.reference, phrase, within, part_of(question, mention), sign))
    return list(asked)


_SINGLE = re.compile(rf"\b(?:{any_of(PROVISIONS, singular)})\b", re.IGNORECASE)


def _single(question: str) -> list[Mention]:
    """ "The final provision", of which there is one: it is called the first where there are more."""
    return [] if _last(question) else _named(_SINGLE, question, "1")


_LAST_ONE = re.compile(
    r"\b(?:last|[úu]ltim[oa])\s+(?!schedule)"
    rf"(?:{any_of(('article', 'clause', 'section', 'chapter', 'annex', 'recital', *PROVISIONS), singular)})\b",
    re.IGNORECASE,
)


def _last(question: str) -> list[Mention]:
    """ "The last article", whose number the documents know."""
    return _named(_LAST_ONE, question, LAST)


# Schedules may be timetables.
_EVERY = [re.compile(rf"\b(?!schedule)(?:{any_of((kind,), plural)})\b", re.IGNORECASE) for kind in (*PROVISIONS, "annex", "ground", "fact")]


def _every(question: str) -> list[Mention]:
    """ "The transitional provisions", "los anexos", without numbers."""
    return next(filter(None, (_named(pattern, question, ALL) for pattern in _EVERY)), [])


def _named(pattern: re.Pattern[str], question: str, number: str) -> list[Mention]:
    """The first provision that `pattern` finds, with a number."""
    match = pattern.search(question)
    kind = kind_in(match) if match else None
    return [Mention(Reference(kind, number), match.start(), match.end())] if match and kind else []


_HOLDER = re.compile(
    r"\s+(?:does|do|has|have|are(?:\s+there)?\s+in|is\s+in|tienen?|hay\s+en|contienen?|figuran\s+en)\s+(?P<phrase>.*?)(?:\s+(?:have|contain|include))?\s*[?.]*$",
    re.IGNORECASE,
)


def _phrase_of_holder(rest: str) -> str:
    """ "The agreement" behind "what annexes": " does the agreement have?", " tiene el acuerdo"."""
    match = _HOLDER.match(rest)
    return match["phrase"] if match and names_something(match["phrase"]) else ""


def each_of(asked: Sequence[Asked], existing: Callable[[Asked], Iterable[Reference]]) -> list[Asked]:
    """`asked` with those that `existing` says in the place of all of a kind."""
    return [
        replace(item, reference=reference)
        for item in asked
        for reference in (dict.fromkeys(existing(item)) if item.reference.number in (ALL, LAST, COUNT) else (item.reference,))
    ]


def as_paragraph(item: Asked, inside: Sequence[Passage]) -> Asked:
    """ "Section 2 of annex I" as paragraph 2, where the passages of the annex (those `inside` it) are in no sections."""
    if item.reference.kind != "section" or not item.within or item.part or not inside:
        return item
    if any(reference.kind == "section" for passage in inside for reference in passage.provisions):
        return item
    return replace(item, reference=item.within[0], within=item.within[1:], part=(item.reference.number,))


def as_point(item: Asked) -> Asked:
    """ "Clause 4.2" as what stands below the heading or in the line "4.2", for contracts that number nothing else."""
    number = ".".join((item.reference.number, *(value for value in item.part if value.isdigit())))
    return replace(item, reference=Reference("point", number), part=tuple(value for value in item.part if not value.isdigit()))


def names_something(phrase: str) -> bool:
    """Whether `phrase` names a document: by kind, capitals, an acronym or a number; "in practice" does not."""
    words = folded_words(phrase)
    return bool(words & KIND_WORDS or _NAME.search(f"x {phrase}") or acronyms(phrase) or official_numbers(phrase))


def asks_for_all(question: str) -> bool:
    """Whether `question` asks for nothing but what provisions say: "¿Qué dice el artículo 4 del RGPD?", "Article 4"."""
    mentions = find(_with_capitals(question)) or _single(question) or _last(question) or _every(question)
    return bool(mentions) and _asks_nothing_else(question, mentions, asked_provisions(question))


def _asks_nothing_else(question: str, mentions: Sequence[Mention], asked: Sequence[Asked]) -> bool:
    rest = question
    for mention in mentions:
        rest = rest[: mention.start] + " " * (mention.end - mention.start) + rest[mention.end :]
    for phrase in {item.phrase for item in asked}:
        rest = rest.replace(phrase, " ") if phrase else rest
    words = [word for word in _LETTERS.findall(fold(rest)) if len(word) > 1 and word.isalpha()]
    return _ASKING_FOR_ALL.issuperset(words)


def _groups(question: str, mentions: Sequence[Mention]) -> list[list[Mention]]:
    """The mentions by lists ("arts. 3, 4 y 6"); "Article 4 of Annex II" is one group, too."""
    groups: list[list[Mention]] = []
    for mention in mentions:
        between = question[end_of(question, groups[-1]) : mention.start] if groups else None
        if between is not None and (not between.strip() or _LINKS.fullmatch(between) or _INSIDE.fullmatch(between)):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _nested(question: str, group: Sequence[Mention]) -> list[tuple[Mention, tuple[Reference, ...]]]:
    """The mentions of a group with the larger units that each is in: "section 2 of Annex II", "Annex II, section 2"."""
    nested: list[tuple[Mention, tuple[Reference, ...]]] = []
    for chain in _chains(question, group):
        kinds = list(dict.fromkeys(mention.reference.kind for mention in chain))
        inner = kinds[0] if _is_inside(question, chain, kinds) else max(kinds, key=_depth)
        if inner == "section" and "article" in kinds and question[chain[0].start] == "§":  # "§ 2 of article 4" is a paragraph of it
            inner = "article"
        around = tuple(mention.reference for mention in chain if mention.reference.kind != inner)
        if inner == "article":
            around = tuple(reference for reference in around if reference.kind != "section" or question[chain[0].start] != "§")
        nested += [(mention, around) for mention in chain if mention.reference.kind == inner]
    return nested


def _chains(question: str, group: Sequence[Mention]) -> list[list[Mention]]:
    """The mentions of a group, cut before what is no longer in the same unit: "section 6 of annex IV | and section 2 of annex V"."""
    chains = [[group[0]]]
    kinds = {group[0].reference.kind}
    for before, after in itertools.pairwise(group):
        kind = after.reference.kind
        if kind != before.reference.kind and (kind in kinds or _AND.search(question, before.end, after.start)):
            chains.append([])
            kinds = set()
        chains[-1].append(after)
        kinds.add(kind)
    return chains


def _is_inside(question: str, chain: Sequence[Mention], kinds: Sequence[str]) -> bool:
    """Whether the first kind of a chain is said to be in the next: "section 2 of Annex II"."""
    pairs = itertools.pairwise(chain)
    link = next((question[end_of(question, [a]) : b.start] for a, b in pairs if [a.reference.kind, b.reference.kind] == [*kinds[:2]]), "")
    return _IN.match(link) is not None


def _depth(kind: str) -> int:
    return _OUTER.index(kind) if kind in _OUTER else len(_OUTER)


def end_of(question: str, group: Sequence[Mention]) -> int:
    """Where the last mention of a list ends, with its paragraph and letter."""
    match = _TAIL.match(question, max(mention.end for mention in group))
    return match.end() if match else len(question)


def _phrase_after(question: str, groups: Sequence[Sequence[Mention]], place: int) -> str:
    end = groups[place + 1][0].start if place + 1 < len(groups) else len(question)
    rest = question[end_of(question, groups[place]) : end]
    of = _OF.match(rest)
    match = of or _BARE.match(rest)
    if match is None:
        return ""
    phrase = match["phrase"]
    stop = _END.search(phrase, title.end() if (title := _TITLE.match(phrase)) else 0)
    phrase = phrase[: stop.start()] if stop else phrase
    phrase = re.sub(r"^(?:tienen?|contienen?|hay en|has|have)\s+", "", phrase, flags=re.IGNORECASE)
    phrase = re.sub(r"[\s,]*(?:\b(?:and|or|y|o|e|to|from|with)\b[\s,]*)*$", "", phrase).strip(" ,.()")
    return phrase if names_something(phrase) or (of and phrase) else ""


def _phrase_before(text: str) -> str:
    """What names the document in front of the provision: "Under the GDPR, what does Article 4 say?", "RGPD, artículo 4"."""
    kept = re.sub(r"^[\s¿¡]*(?:under|in|by|according to|per|según|segun|en|conforme al?|de acuerdo con)\s+", "", text, flags=re.IGNORECASE)
    pieces = [piece.strip(" ,.") for piece in _END.split(kept) if piece and piece.strip(" ,.")]
    named = [piece for piece in pieces if names_something(piece)]
    return named[0] if named else ""
