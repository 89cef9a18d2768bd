"""Numbers of provisions as people write them: "4", "4.º bis", "17-A", "IV", "4.2", "cuarto", "twenty-first", "ciento veintitrés".

`NUMBER` is a pattern of any of them (ignoring case), `normal` gives the normal form: "IV", "cuarto" and "4.º" are "4", "12 bis" is "12bis",
"17-A" is "17a". Words go to 199, Roman numerals to 399. It does not know what a number is a number of.
"""

import re
import unicodedata
from collections.abc import Sequence

_ORDINALS = (
    "first primero primera primer", "second segundo segunda", "third tercero tercera tercer", "fourth cuarto cuarta", "fifth quinto quinta",
    "sixth sexto sexta", "seventh séptimo séptima", "eighth octavo octava", "ninth noveno novena", "tenth décimo décima",
    "eleventh undécimo undécima", "twelfth duodécimo duodécima", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth",
)  # fmt: skip
_CARDINALS = (
    "one sole uno único única", "two dos", "three tres", "four cuatro", "five cinco", "six seis", "seven siete", "eight ocho", "nine nueve",
    "ten diez", "eleven once", "twelve doce", "thirteen trece", "fourteen catorce", "fifteen quince", "sixteen dieciséis",
    "seventeen diecisiete", "eighteen dieciocho", "nineteen diecinueve", "twenty veinte", "veintiuno", "veintidós", "veintitrés",
    "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho", "veintinueve",
)  # fmt: skip
_TENS = (
    "décimo décima", "twenty twentieth vigésimo vigésima", "thirty thirtieth trigésimo trigésima",
    "forty fortieth cuadragésimo cuadragésima", "fifty fiftieth quincuagésimo quincuagésima", "sixty sixtieth sexagésimo sexagésima",
    "seventy seventieth septuagésimo septuagésima", "eighty eightieth octogésimo octogésima", "ninety ninetieth nonagésimo nonagésima",
)  # fmt: skip
_CARDINAL_TENS = ("treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa")
_HUNDRED = ("hundredth centésimo centésima ciento cien",)


def folded(word: str) -> str:
    """`word` in lower case without accents, spaces and hyphens: the key of a spelled-out number."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def any_accent(pattern: str) -> str:
    """`pattern` with every accent optional, and matching its decomposed form too (a letter followed by U+0301)."""
    return re.sub("[áéíóú]", lambda vowel: f"(?:{vowel[0]}|{unicodedata.normalize('NFD', vowel[0])[0]}\u0301?)", pattern)


def _alternatives(words: Sequence[str]) -> str:
    return "|".join(any_accent(word) for word in sorted(words, key=len, reverse=True))


def _words(*tables: Sequence[str]) -> list[str]:
    return [word for table in tables for forms in table for word in forms.split()]


def _values(table: Sequence[str], first: int = 1, step: int = 1) -> dict[str, int]:
    return {folded(word): first + step * place for place, forms in enumerate(table) for word in forms.split()}


_TENS_VALUES = _values(_TENS, 10, 10)
ORDINAL_VALUES = _values(_ORDINALS) | _TENS_VALUES
ORDINAL_VALUES |= {
    tens + unit: value + number for tens, value in _TENS_VALUES.items() for unit, number in [*ORDINAL_VALUES.items()] if number < 10
}
CARDINAL_VALUES = _values(_CARDINALS)
_PARTS = CARDINAL_VALUES | ORDINAL_VALUES | _values(_CARDINAL_TENS, 30, 10) | _values(_HUNDRED, 100)
_JOINTS = frozenset(("y", "and"))

DETAIL = r"(?:[0-9]{1,3}|[a-zñ]|[ivx]{1,5}|bis|ter)"
"""What names a paragraph or letter in brackets; "(LAU)" names a law."""

LATIN = r"(?:bis|ter|qu[aá]ter|quinquies|sexies|septies|octies|n[oó]nies|dec?ies|(?:un|duo|ter)decies)\b"
_CAPITAL = r"(?-i:-[A-Z](?!\w)|\s[A-H](?=\s*(?:[.,;:?!)\]]|$|(?:del?|of)\b)))"  # "17-A", "17 A de la Ley", not "4 A Member"
_DIGITS = (
    r"[0-9]{1,4}(?![0-9])(?:(?<![0-9]{3}),[0-9]{3}(?![0-9]))?(?:\.[0-9]{1,3}(?![0-9]))*(?:\s?\.?\s?[ºª°]|\.o\b)?"
    rf"(?:[\s-]?{LATIN}|(?a:[a-z])\b|{_CAPITAL})?(?!\w)"
)
_ROMAN_NUMERAL = (
    r"(?-i:(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC])\b"
    r"|(?=[ivxl]{2}|[vx]\b)(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3})(?<=[ivxl])\b)"
)
_LATIN_AFTER = rf"(?:[\s-]{LATIN})?"
ORDINAL = (
    rf"(?:(?:{_alternatives(_words(_HUNDRED))})[\s-])?(?:(?:(?:{_alternatives(_words(_TENS))})[\s-]?)?"
    rf"(?:{_alternatives(_words(_ORDINALS))})|{_alternatives(_words(_TENS))})|{_alternatives(['hundredth', 'centésimo', 'centésima'])}"
)
_COMPOUND = rf"(?:{_alternatives(_words(_TENS[1:]))})[\s-](?:{_alternatives(_words(_CARDINALS[:9]))})"  # "twenty-two"
_CARDINAL = (
    rf"(?:(?:ciento|one\s+hundred(?:\s+and)?)\s+)?(?:(?:{_alternatives(_CARDINAL_TENS)})(?:\s+y\s+(?:{_alternatives(_words(_CARDINALS[:9]))}))?"
    rf"|{_COMPOUND}|{_alternatives(_words(_CARDINALS))})"
    rf"|cien\b|one\s+hundred"
)
_SPELLED = rf"(?:{_COMPOUND}\b|{ORDINAL}|(?:(?<=[oa]\s)|(?<=[oa]s\s)|(?<=ón\s)|(?!once))(?:{_CARDINAL}))\b"
_LETTER = r"(?-i:[A-Z]|[b-df-hj-np-tv-z])\b(?!['’.]\w)"

DIGITS = _DIGITS
ROMAN = _ROMAN_NUMERAL + _LATIN_AFTER
STYLES = (DIGITS, ROMAN, _SPELLED + _LATIN_AFTER, _LETTER)
NUMBER = "|".join(STYLES)


def spelled(text: str) -> int | None:
    """The value of a number in words, or None: "vigésimo primero", "twenty-first" and "veintiuno" are 21."""
    whole = _PARTS.get(folded(text))
    if whole is not None:
        return whole
    words = [word for word in re.split(r"[\s-]+", re.sub(r"(?i)\bone\s+hundred", "ciento", text.strip())) if word.casefold() not in _JOINTS]
    values = [_PARTS.get(folded(word)) for word in words]
    return sum(value for value in values if value is not None) if values and None not in values else None


def normal(number: str, *, lettered: bool = False, decimal: bool = False) -> str | None:
    """The normal form of one written number, or None if it is none.

    Args:
        number: what `NUMBER` matched.
        lettered: whether a single letter counts (annexes).
        decimal: whether "2.3" is a number of its own (sections); else ".3" is a paragraph of 2, and "1.902" of a civil code is 1902.
    """
    text = number.strip()
    if text[0].isdigit():
        return _normal_digits(text.casefold(), decimal=decimal)
    words = re.fullmatch(rf"(.+?)(?:[\s-]({LATIN}))?", text, re.IGNORECASE | re.DOTALL)
    assert words is not None
    latin = folded(words[2] or "")
    if (value := spelled(words[1])) is not None:
        return f"{value}{latin}"
    if len(text) == 1 and text not in "IVXvx":
        return text.casefold() if lettered else None
    return f"{_roman(words[1].casefold())}{latin}" if re.fullmatch("[ivxlcIVXLC]+", words[1]) else None


def _normal_digits(text: str, *, decimal: bool) -> str:
    parts = re.fullmatch(r"(?P<digits>[0-9.,]*[0-9])[\s.]*[ºª°o]?[\s-]*(?P<suffix>[a-záó]*)", text)
    assert parts is not None
    digits, suffix = parts["digits"], folded(parts["suffix"])
    thousands = re.fullmatch(r"([0-9]{1,3})[.,]([0-9]{3})", digits)
    if not decimal:
        digits = "".join(thousands.groups()) if thousands else re.split("[.,]", digits)[0]
    return digits + suffix


def _roman(text: str) -> str:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in text]
    return str(sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True)))
