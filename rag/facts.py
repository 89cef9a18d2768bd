"""The facts of a claim that code can look up in its source: numbers, months and days, and names. English and Spanish.

A number must be there with its value, in digits or words; a month as that month; a name as a word that is like it, across languages and
spellings ("Pyongyang", "Pionyang"; "EU", "UE"). Whether they stand in the right place is for `rag.roles`. A capital at the beginning of a
sentence tells little, so a name there is looked up only if what follows shows that it is one.
"""

import re
from collections import Counter
from collections.abc import Iterator

from rag.claims import Claim, plain
from rag.comparison import Comparison, alike
from rag.language import detect
from rag.lexicon import CALENDAR, COMMON, TITLES
from rag.numerals import Numeral

SURE_NAME = 0.5
PART_OF_NAME = 0.33
INITIAL_NAME = 0.45
_AMBIGUOUS = frozenset({"may", "march"})  # months only where they look like one
_LOOKS_LIKE_MONTH = re.compile(r"(?:\d|\b(?:in|of|since|until|by|from|to|and|early|late|mid))\s*$")
_CAPITALISED = r"\b[A-ZÁÉÍÓÚÑ][\w’]{2,}"
_NAME = re.compile(rf"(?<![.!?¿¡«“\"]\s)(?<![\w«“\"¿¡]){_CAPITALISED}")
_FIRST_WORD = re.compile(r"[\W\d_]*(?P<word>[^\W\d_]\w*)")
_SUBJECT = re.compile(
    r"(?:[A-ZÁÉÍÓÚÑ]\w|(?:may|can|must|shall|will|would|could|has|had|is|was|does|did|no|puede|podrá|debe|deberá|ha|había|es|fue|era|será|tiene|"
    r"took|takes|says|said|asks|asked|wants|wanted|dice|dijo|pide|pidió|quiere|tomó|toma)\b)"
)


def unknown(compared: Comparison, years: frozenset[float] = frozenset()) -> str | None:
    """The first number, date or name of the claim that the source does not have; None if it has all. `years` are known besides."""
    return _unknown_number(compared, years) or _unknown_day(compared) or _unknown_name(compared)


def _unknown_number(compared: Comparison, years: frozenset[float]) -> str | None:
    for numeral in compared.claim.numerals:
        if not (numeral.is_weak or numeral.value in years or _holds(compared.source, numeral)):
            return f"number: {compared.claim.text[numeral.start : numeral.end]}"
    return None


def _holds(source: Claim, numeral: Numeral) -> bool:
    return any(numeral.equals(other) for other in source.numerals)


def _unknown_day(compared: Comparison) -> str | None:
    known = days(compared.source)
    return next((f"date: {day}" for day in sorted(days(compared.claim) - known)), None)


def days(claim: Claim) -> frozenset[str]:
    """The months, days of the week and seasons of a text, in English."""
    return frozenset(
        CALENDAR[word.plain] for word in claim.words
        if word.plain in CALENDAR and (word.plain not in _AMBIGUOUS or _is_month(claim, word.start, word.text))
    )  # fmt: skip


def _is_month(claim: Claim, start: int, text: str) -> bool:
    return text[0].isupper() and _LOOKS_LIKE_MONTH.search(claim.text[max(0, start - 8) : start]) is not None


def _unknown_name(compared: Comparison) -> str | None:
    for run in _names(compared.claim):
        best = [compared.best(word) for word in run]
        texts = [compared.claim.words[word].text for word in run]
        judged = [(like, text) for like, text in zip(best, texts, strict=True) if not is_translated(text, compared)]
        if judged and (min(judged)[0] < PART_OF_NAME or max(best) < SURE_NAME):
            return f"name: {min(judged)[1]}"
    first = _initial_name(compared.claim)
    return None if first is None or compared.best(first) >= INITIAL_NAME else f"name: {compared.claim.words[first].text}"


def _names(claim: Claim) -> Iterator[list[int]]:
    """Runs of capitalised words, but for those that begin a sentence or a quotation and those that name a month."""
    run: list[int] = []
    for index, word in enumerate(claim.words):
        between = claim.text[claim.words[index - 1].end : word.start] if index else ""
        begins = index == 0 or bool(re.search(r"[.!?:¿¡«“\"|\n]", between))
        is_name = word.text[0].isupper() and word.is_content and not begins and len(word.text) > 1 and plain(word.text) not in CALENDAR
        if run and (not is_name or between.strip()):
            yield run
            run = []
        if is_name and not re.fullmatch(r"[IVXLC]+", word.text):
            run.append(index)
    if run:
        yield run


def named_words(claim: Claim) -> frozenset[int]:
    """The words (indices) of the names in a text."""
    return frozenset(word for run in _names(claim) for word in run)


def _initial_name(claim: Claim) -> int | None:
    """The name that a text begins with ("Japan may ...", "Xi Jinping ..."); None where a capital says nothing ("Boats may ...")."""
    if not claim.words or not claim.words[0].is_content or not claim.words[0].text[0].isupper():
        return None
    word = claim.words[0]
    following = claim.text[word.end :].lstrip()
    is_name = len(word.text) > 2 and not word.text.endswith("s") and _SUBJECT.match(following) is not None
    return 0 if is_name and word.plain not in COMMON | TITLES else None


def _is_acronym(text: str) -> bool:
    return 2 <= len(text) <= 6 and text.isupper()


def is_translated(text: str, compared: Comparison) -> bool:
    """Whether a capitalised word need not be in the source as such: a title, a kind of body or place, an acronym of the other language."""
    if plain(text) in TITLES:
        return True
    if not _is_acronym(text):
        return False
    return _has_letters(compared.source, text) or (
        detect(compared.claim.text) != detect(compared.source.text)
        and any(_is_acronym(word.text) and word.text not in compared.claim.text for word in compared.source.words)
    )


def _has_letters(source: Claim, acronym: str) -> bool:
    """Whether the source has an acronym of nearly the same letters: "EU" and "UE", "NATO" and "OTAN", "UN" and "ONU"."""
    letters = Counter(acronym)
    return any(
        _is_acronym(word.text)
        and abs(len(word.text) - len(acronym)) <= 1
        and sum((letters & Counter(word.text)).values()) >= min(len(acronym), len(word.text))
        for word in source.words
    )


def names(text: str) -> list[str]:
    """The capitalised words of a text, but for those that begin a sentence."""
    first = _FIRST_WORD.match(text)
    begin = first.end() if first else 0
    return [match[0] for match in _NAME.finditer(text) if match.start() >= begin]


def spelled_alike(name: str, text: str) -> bool:
    """Whether `text` has a capitalised word that differs from `name` as spellings do: "Pyongyang", "Pionyang"."""
    return any(alike(plain(name), plain(word)) for word in set(re.findall(_CAPITALISED, text)))
