"""Numbers in a text, in digits or words, as values that compare across English and Spanish.

"1.234,5" and "1,234.5" agree, "six per cent", "6 %" and "seis por ciento" too, "nine tenths" and "90 %", "31" and "treinta y uno", "one in
four" and "25 %", "half a year" and "six months", "six and a half" and "6,5", "the seventies" and "1970s", "las seis de la tarde" and
"18.00". Ordinals ("the third crane") are no numbers here; a lone "one" or "uno" is a weak one, more often a pronoun or an article.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.language import detect
from rag.types import Language

_DIGITS = re.compile(r"(?<![^\W\d_])(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d{1,2}:\d\d(?!\d)|\d+(?:[.,]\d+)*)")
NUMERIC_DATE = re.compile(
    r"(?<![\w./-])(?:(?P<day>\d{1,2})(?P<sign>[/.-])(?P<month>\d{1,2})(?P=sign)(?P<year>(?:19|20)\d\d)|"
    r"(?P<year2>(?:19|20)\d\d)-(?P<month2>\d\d)-(?P<day2>\d\d))(?![\w/-])"
)
"""A date in figures, the day first, or the ISO form; its month is no number but the name of one (`rag.verification.facts.days`)."""
_SCALE = re.compile(
    r"\s?(?:(?P<thousand>mil|thousand)\b\s?)?(?P<million>mill[oó]n(?:es)?|millions?|bn|billions?|M(?=\s?€)|(?<=\d)k)\b|\s(?:mil|thousand|hundred)\b",
    re.IGNORECASE,
)
_AMBIGUOUS = re.compile(r"\d{1,3}[.,]\d\d[1-9]|0[.,]\d{3}")  # "1.500" is no fraction, which would be 1.5
_PERCENT = re.compile(r"\s?%|\s(?:per\s?cent|por\s(?:ciento|100))\b", re.IGNORECASE)
_THIRD = 100 / 3
_WEAK = frozenset({"both", "ambos", "ambas", "double", "doble"})


def _counted(words: str, first: int, step: int = 1) -> dict[str, float]:
    return {word: float(first + step * index) for index, word in enumerate(words.split())}


_SMALL: dict[Language, dict[str, float]] = {
    "en": _counted("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen", 1)
    | _counted("eighteen nineteen twenty", 18)
    | _counted("thirty forty fifty sixty seventy eighty ninety", 30, 10)
    | {"twice": 2, "double": 2, "both": 2, "dozen": 12, "hundred": 100, "thousand": 1_000},
    "es": _counted("uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete", 1)
    | _counted("dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete", 18)
    | _counted("treinta cuarenta cincuenta sesenta setenta ochenta noventa", 30, 10)
    | {
        "veintiocho": 28,
        "veintinueve": 29,
        "veintiún": 21,
        "veintiuna": 21,
        "doble": 2,
        "ambos": 2,
        "ambas": 2,
        "docena": 12,
        "cien": 100,
        "ciento": 100,
        "mil": 1_000,
    }
    | _counted("doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos", 200, 100)
    | _counted("doscientas trescientas cuatrocientas quinientas seiscientas setecientas ochocientas novecientas", 200, 100),
}
_SHARES: dict[Language, dict[str, float]] = {
    "en": {"half": 50, "third": _THIRD, "quarter": 25, "fifth": 20, "tenth": 10},
    "es": {"mitad": 50, "medio": 50, "tercio": _THIRD, "tercera": _THIRD, "cuarta": 25, "quinta": 20, "décima": 10},
}
_DECADES = {
    word: 1920.0 + 10 * index
    for words in ("twenties thirties forties fifties sixties seventies eighties nineties",
                  "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa")
    for index, word in enumerate(words.split())
}  # fmt: skip
_PHRASES = (
    dict.fromkeys(("three quarters of an hour", "tres cuartos de hora"), 45.0)
    | dict.fromkeys(("quarter of an hour", "cuarto de hora"), 15.0)
    | dict.fromkeys(("half an hour", "media hora", "half a minute", "medio minuto"), 30.0)
    | dict.fromkeys(("an hour and a half", "hora y media"), 90.0)
    | dict.fromkeys(("half a year", "medio año", "half a dozen", "media docena"), 6.0)
    | dict.fromkeys(("a million", "un millón"), 1e6)
    | dict.fromkeys(("half a million", "medio millón"), 5e5)
    | {f"{lead} {word}": value for lead in ("los años", "the") for word, value in _DECADES.items()}
)
"""Words that say a number together, in the unit in which figures would say it."""

_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted(_PHRASES, key=len, reverse=True))})\b", re.IGNORECASE)
_ONE_IN = re.compile(r"\b(?:one (?:in|out of)(?: every)?|un[oa] de cada)\s$", re.IGNORECASE)
_HALF_PAST = re.compile(r"\bhalf past\s$", re.IGNORECASE)
_O_CLOCK = re.compile(r"\blas?\s$", re.IGNORECASE)
_AND_A_HALF = re.compile(r"\s(?P<thing>\w+\s)?(?:and a half|y medi[oa])\b", re.IGNORECASE)
_AFTER_NOON = re.compile(r"\s?p\.?m\b|\s(?:in the (?:afternoon|evening)|de la (?:tarde|noche))\b", re.IGNORECASE)
_BEFORE = 16


def _pattern(language: Language) -> re.Pattern[str]:
    """Runs of number words, shares after them ("nine tenths") or by themselves ("a quarter", "la tercera parte")."""
    small = "|".join(sorted(_SMALL[language], key=len, reverse=True))
    shares = "|".join(_SHARES[language])
    if language == "en":
        share, lone, joint = (
            rf"[\s-](?P<share>{shares})s?",
            rf"half(?! past)|(?:a|one)\s(?:{shares})(?=\sof\b|[.,;]|$|\sand\b)",
            r"[\s-](?:(?<=hundred\s)and\s)?",
        )
    else:
        share, lone, joint = rf"\s(?P<share>{shares})s?(?:\spartes)?", rf"mitad|medio|tercio|(?:{shares})\sparte", r"\s(?:(?<=nta\s)y\s)?"
    more = small if language == "en" else rf"{small}|(?<=nta\sy\s)un(?=\s)"
    return re.compile(rf"\b(?:(?P<count>(?:{small})(?:{joint}(?:{more}))*)(?:{share})?|(?P<lone>{lone}))\b", re.IGNORECASE)


_PATTERNS: dict[Language, re.Pattern[str]] = {"en": _pattern("en"), "es": _pattern("es")}


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number at `start:end`; `value` is in per cent where `is_share`; `is_weak` where it may be no number at all ("one").

    `otherwise` is what it means where the point is used the other way: "1.716" is 1716 or 1.716.
    """

    start: int
    end: int
    value: float
    is_share: bool = False
    is_weak: bool = False
    otherwise: float | None = None

    def equals(self, other: "Numeral") -> bool:
        """Whether both are the same number; a share may be meant by a number without its sign."""
        return any(_same(own, theirs) for own in (self.value, self.otherwise) for theirs in (other.value, other.otherwise))


def _same(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) < 1e-6 * max(1.0, abs(one))


def numerals(text: str) -> list[Numeral]:
    """The numbers of a text, in order."""
    found = [(rank, numeral) for rank, some in enumerate((_phrases(text), _in_digits(text), _in_words(text))) for numeral in some]
    kept: list[Numeral] = []
    for _, numeral in sorted(found, key=lambda pair: (pair[1].start, pair[0])):
        if not kept or numeral.start >= kept[-1].end:
            whole = _with_words_around(numeral, text)
            while kept and kept[-1].end > whole.start:  # the "one" of "one in four"
                kept.pop()
            kept.append(whole)
    return kept


def _with_words_around(numeral: Numeral, text: str) -> Numeral:
    """What words before and after make of a number: a share, half more, an hour of the clock (7.3 is half past seven)."""
    before = text[max(0, numeral.start - _BEFORE) : numeral.start]
    start, end, value = numeral.start, numeral.end, numeral.value
    one_in = _ONE_IN.search(before)
    if one_in and value > 1:
        return replace(numeral, start=start - len(one_in[0]), value=100 / value, is_share=True)
    past = _HALF_PAST.search(before)
    if past:
        start, value = start - len(past[0]), value + 0.3
    half = _AND_A_HALF.match(text, end)
    if half:
        end, value = half.end(), value + (0.3 if not half["thing"] and _O_CLOCK.search(before) else 0.5)
    later = value + 12 if value < 12 and _AFTER_NOON.match(text, end) else numeral.otherwise
    return replace(numeral, start=start, end=end, value=value, otherwise=later)


def _in_digits(text: str) -> Iterator[Numeral]:
    for match in NUMERIC_DATE.finditer(text):
        for part in ("day", "year", "day2", "year2"):
            if match[part]:
                yield Numeral(match.start(part), match.end(part), float(match[part]))
    blank = NUMERIC_DATE.sub(lambda match: " " * len(match[0]), text)
    for match in _DIGITS.finditer(blank):
        digits = re.sub(r"\s", "", match[0]).replace(":", ".")
        pieces = re.sub(r"[.,](?=\d{3}(?!\d))", "", digits).replace(",", ".").split(".")
        value = float(".".join(pieces) if len(pieces) <= 2 else "".join(pieces))
        scale, end = _scale(text, match.end())
        sign = _PERCENT.match(text, end)
        otherwise = float(digits.replace(",", ".")) * scale if _AMBIGUOUS.fullmatch(digits) else None
        yield Numeral(match.start(), sign.end() if sign else end, value * scale, sign is not None, otherwise=otherwise)


def _scale(text: str, position: int) -> tuple[float, int]:
    """What a word after a number makes of it ("2.2 million", "3.500 millones", "40 mil"), and where that word ends."""
    match = _SCALE.match(text, position)
    if match is None:
        return 1.0, position
    if match["million"] is None:
        return (100.0 if "hundred" in match[0].casefold() else 1_000.0), match.end()
    return (1e9 if match["million"][0] in "bB" else 1e6) * (1_000.0 if match["thousand"] else 1.0), match.end()


def _phrases(text: str) -> Iterator[Numeral]:
    for match in _PHRASE.finditer(text):
        yield Numeral(match.start(), match.end(), _PHRASES[_key(match[0])])


def _in_words(text: str) -> Iterator[Numeral]:
    language = detect(text, detect(text, "es"))
    if language == "es" and detect(text) == "en":  # without evidence: "Tarifa general: cien euros"
        language = "es" if _PATTERNS["es"].search(text) and not _PATTERNS["en"].search(text) else "en"
    shares = _SHARES[language]
    for match in _PATTERNS[language].finditer(text):
        counted = re.sub(r"(?<=nta y )un\b", "uno", " ".join(_key(match["count"] or "").split()))
        value = _sum([_SMALL[language][word] for word in re.split(r"[ -]+(?:y |and )?", counted) if word])
        named = next(
            (shares[word] for word in re.findall(r"\w+", (match["share"] or match["lone"] or "").casefold()) if word in shares), None
        )
        if named is not None:
            yield Numeral(match.start(), match.end(), (value or 1.0) * named, is_share=True)
        else:
            scale, end = _scale(text, match.end())
            sign = _PERCENT.match(text, end)
            yield Numeral(
                match.start(),
                sign.end() if sign else end,
                value * scale,
                sign is not None,
                (value * scale == 1 and sign is None) or counted in _WEAK,
            )


def _key(words: str) -> str:
    """In small letters; without regard to case, a pattern takes a dotless or a dotted capital i for i, and a table does not."""
    return words.casefold().replace("i\u0307", "i").replace("ı", "i")


def _sum(values: list[float]) -> float:
    """Two hundred five (2, 100, 5) is 205."""
    total = current = 0.0
    for value in values:
        if value >= 100 and current:
            current *= value
        else:
            current += value
        if value >= 1_000:
            total, current = total + current, 0.0
    return total + current
