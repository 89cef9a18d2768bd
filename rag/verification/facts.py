"""The facts of a claim that code can look up in its source: numbers, months and days, and names. English and Spanish.

A number must be there with its value, in digits or words; a month as that month; a name as a word that is like it, across languages and
spellings ("Pyongyang", "Pionyang"; "EU", "UE"). Whether they stand in the right place is for `rag.verification.roles`. A capital at the
beginning of a sentence tells little, so a name there is looked up only if what follows shows that it is one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import permutations

from rag.language import detect
from rag.lexicon import CALENDAR, COMMON, MONTHS, TITLES
from rag.verification.claims import Claim, plain
from rag.verification.comparison import Comparison, alike
from rag.verification.numerals import NUMERIC_DATE, Numeral

_MEASURES: Mapping[str, Mapping[str, str]] = {
    "time": {
        "minute": "minutes?|minutos?|min", "hour": "hours?|horas?|h", "day": "days?|d[ií]as?", "week": "weeks?|semanas?",
        "month": "months?|mes(?:es)?", "year": "years?|años?",
    },
    "money": {"€": "€|euros?|EUR", "$": r"(?:US)?\$|dollars?|d[oó]lar(?:es)?|USD", "£": "£|pounds?|libras?|GBP", "%": "%"},
    "size": {
        "m2": "m²|m2|sq m|square met(?:er|re)s?|metros? cuadrados?", "m3": "m³|m3|cubic met(?:er|re)s?|metros? c[uú]bicos?",
        "m": "m|met(?:er|re)s?|metros?", "km": "km|kilomet(?:er|re)s?|kil[oó]metros?", "mile": "miles?|mph|millas?",
    },
    "amount": {
        "mg": "mg|milligrams?|miligramos?", "g": "g|grams?|gramos?", "kg": "kg|kilos?|kilograms?|kilogramos?",
        "t": "t|tonn?es?|tons|toneladas?", "ml": "ml|millilit(?:er|re)s?|mililitros?", "l": "l|lit(?:er|re)s?|litros?",
    },
}  # fmt: skip
"""What is measured, and the words of each unit; two of them are told apart only where they measure the same."""

_UNITS = {unit: re.compile(rf"(?:{words})(?!\w)") for units in _MEASURES.values() for unit, words in units.items()}
_MEASURED = {unit: measured for measured, units in _MEASURES.items() for unit in units}
_CONVERTED = {
    "year": ("month", 12.0), "hour": ("minute", 60.0), "day": ("minute", 1_440.0), "week": ("minute", 10_080.0), "km": ("m", 1_000.0),
    "kg": ("g", 1_000.0), "mg": ("g", 0.001), "t": ("g", 1e6), "l": ("ml", 1_000.0),
}  # fmt: skip
_CURRENCY_BEFORE = re.compile(r"(?:(€|EUR)|(\$|USD)|(£|GBP))\s?$")
_HALF = 50.0  # per cent
_MOST_RECKONED = 8
_YEAR, _YEARS = "of the calendar", range(1_000, 2_100)
_OF = re.compile(r"[\s-](?:de |of )?")
_UP_TO = re.compile(r"\s?(?:-|–|to|and|or|a|y|o)\s?$", re.IGNORECASE)

SURE_NAME = 0.5
PART_OF_NAME = 0.33
INITIAL_NAME = 0.45
_COMMON_NOUN = re.compile(r"\w{4,}(?:[ts]ion|ment|[ae]nce|ship|ness|ity|ing|al|age)")  # "Registration is free", not "France is"
_AMBIGUOUS = frozenset({"may", "march"})  # months only where they look like one
_LOOKS_LIKE_MONTH = re.compile(r"(?:\d|\b(?:in|of|since|until|by|from|to|and|early|late|mid|before|after|during|on|next|last|this))\s*$")
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
        written = compared.claim.text[numeral.start : numeral.end]
        said = unit(compared.claim, numeral)
        equal = [other for other in compared.source.numerals if numeral.equals(other)]
        known = equal or numeral.is_weak or numeral.value in years or _is_converted(numeral, said, compared.source)
        if not (known or _is_reckoned(numeral, compared)):
            return f"number: {written}"
        meant = [unit(compared.source, other) for other in equal]
        if said and meant and all(meant) and said not in meant and _MEASURED[said] in {_MEASURED[other] for other in meant if other}:
            return f"unit: {said} of {written}"
    return None


def _is_converted(numeral: Numeral, said: str | None, source: Claim) -> bool:
    """Whether the source has the same in another unit: "24 months" and "dos años"."""
    base, factor = _CONVERTED.get(said or "", (said, 1.0))
    for other in source.numerals if base else ():
        name = unit(source, other)
        theirs, times = _CONVERTED.get(name or "", (name, 1.0))
        if theirs == base and abs(numeral.value * factor - other.value * times) < 1e-6 * abs(numeral.value * factor):
            return True
    return False


def _is_reckoned(numeral: Numeral, compared: Comparison) -> bool:
    """Whether it is the sum, the difference or the half of what the sentences that carry the claim have: years, or two of one unit."""
    starts = {compared.source.words[index].start for index in compared.near}
    near = [(other.value, _reckons_with(compared.source, other)) for other in compared.source.numerals if other.start in starts]
    if len(near) > _MOST_RECKONED:
        return False  # the rows of a table: nearly every number is the difference of two
    pairs = [(one, other) for (one, kind), (other, its) in permutations(near, 2) if kind and kind == its]
    if numeral.is_share:
        return numeral.value == _HALF and any(2 * one == other for one, other in pairs)
    return any(numeral.value in (one + other, one - other) for one, other in pairs) or any(
        2 * numeral.value == other for other, kind in near if kind and kind != _YEAR
    )


def _reckons_with(source: Claim, numeral: Numeral) -> str | None:
    return unit(source, numeral) or (_YEAR if numeral.value in _YEARS else None)


def unit(claim: Claim, numeral: Numeral) -> str | None:
    """What a number counts or measures, if it is one of the units known here; the first of "4 to 6 weeks" has that of the second."""
    if numeral.is_share:
        return "%"
    before = _CURRENCY_BEFORE.search(claim.text[: numeral.start])
    if before:
        return "€$£"[(before.lastindex or 1) - 1]
    following = next((other for other in claim.numerals if other.start > numeral.start), None)
    if following and _UP_TO.fullmatch(claim.text[numeral.end : following.start]):
        return unit(claim, following)
    joint = _OF.match(claim.text, numeral.end)
    at = joint.end() if joint else numeral.end
    after_adjective = (word.end + 1 for word in claim.words if word.start == at and word.is_content)  # "30 working days"
    found = (name for position in (at, *after_adjective) for name, pattern in _UNITS.items() if pattern.match(claim.text, position))
    return next(found, None)


def _unknown_day(compared: Comparison) -> str | None:
    known = days(compared.source)
    return next((f"date: {day}" for day in sorted(days(compared.claim) - known)), None)


def days(claim: Claim) -> frozenset[str]:
    """The months, days of the week and seasons of a text, in English."""
    in_figures = (int(match["month"] or match["month2"]) for match in NUMERIC_DATE.finditer(claim.text))
    return frozenset(
        CALENDAR[word.plain] for word in claim.words
        if word.plain in CALENDAR and (word.plain not in _AMBIGUOUS or _is_month(claim, word.start, word.text))
    ) | {MONTHS[number - 1] for number in in_figures if 1 <= number <= 12}  # fmt: skip


def _is_month(claim: Claim, start: int, text: str) -> bool:
    after = claim.text[start + len(text) : start + len(text) + 4]
    return text[0].isupper() and (
        _LOOKS_LIKE_MONTH.search(claim.text[max(0, start - 8) : start]) is not None or re.match(r"\s\d", after) is not None
    )


def _unknown_name(compared: Comparison) -> str | None:
    for run in _names(compared.claim):
        best = [compared.best(word) for word in run]
        texts = [compared.claim.words[word].text for word in run]
        judged = [(like, text) for like, text in zip(best, texts, strict=True) if not is_translated(text, compared)]
        if judged and (min(judged)[0] < PART_OF_NAME or max(best) < SURE_NAME):
            return f"name: {min(judged)[1]}"
    first = _initial_name(compared)
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


def _initial_name(compared: Comparison) -> int | None:
    """The name that a text begins with ("Japan may ...", "Xi Jinping ..."); None where a capital says nothing ("Boats may ...")."""
    claim = compared.claim
    if not claim.words or not claim.words[0].is_content or not claim.words[0].text[0].isupper():
        return None
    word = claim.words[0]
    following = claim.text[word.end :].lstrip()
    is_subject = _SUBJECT.match(following) is not None or _stands_for_another(compared)
    is_name = len(word.text) > 2 and not word.text.endswith("s") and is_subject
    return 0 if is_name and word.plain not in COMMON | TITLES and not _COMMON_NOUN.fullmatch(word.plain) else None


def _stands_for_another(compared: Comparison) -> bool:
    """Whether what the first word does is done by a name in the source: "Japan represents", and there "China represents"."""
    claim, source = compared.claim, compared.source
    if len(claim.words) < 2 or claim.text[claim.words[0].end : claim.words[1].start] != " " or not claim.words[1].is_content:
        return False
    known = {source.words[name].plain for name in named_words(source)}  # capitals within a sentence
    before = [at - 1 for at in compared.counterparts(1) if at]
    return any(
        source.words[at].plain in known
        and source.words[at].text[0].isupper()
        and source.text[source.words[at].end : source.words[at + 1].start] == " "
        for at in before
    )


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
