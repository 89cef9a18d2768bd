"""The date that a document states about itself, in Spanish or English, as "2024-07-05", "2024-07" or "2024".

Only date lines count: a label ("Fecha: ..."), a short line near the top that is no sentence, or the place and day of a signature ("En
Cádiz, a 3 de mayo de 2023"), also at the end. A date that the text merely tells of is not the document's date, and neither is the day on
which its file was made: a contract that is exported anew is no new contract.
"""

import re
from datetime import date
from itertools import pairwise

from rag.lexicon import MONTH_NUMBERS

HEAD_CHARACTERS = 600
HEAD_LINES = 8
LONGEST_DATE_LINE = 100

_MONTH_NUMBERS = MONTH_NUMBERS | {"mar": 3, "ago": 8}  # which in a text without a day and a year beside them are other words
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTH_NUMBERS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)\b"
_DAY = r"(?P<day>\d{1,2})"
_PART = r"mediados|finales|fines|principios|comienzos|inicios|primavera|verano|otoño|invierno|early|mid|late|spring|summer|autumn|winter"

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"\b{_YEAR}[-/.](?P<digits>\d\d)[-/.]{_DAY}(?!\d)",
        rf"\b{_DAY}(?:\.?º|\.º|st|nd|rd|th)?\s+(?:de\s+|of\s+)?{_MONTH},?\s+(?:del?\s+)?{_YEAR}",
        rf"\b{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"\b{_MONTH},?\s+(?:del?\s+|of\s+)?{_YEAR}",
        rf"\b{_YEAR}-(?P<digits>\d\d)\b",
        rf"\b(?P<first>\d{{1,2}})[/.](?P<second>\d{{1,2}})[/.]{_YEAR}",
        rf"\b(?:{_PART})(?:\s+(?:del?|of|in)\s+|\s*-\s*|\s+){_YEAR}",
    )
)
_ONLY_YEAR = re.compile(rf"^\W*{_YEAR}\W*$")
_LABELS = r"fecha|dated?|publicad[oa]|published|updated|actualizad[oa]|actualizaci[óo]n|revisi[óo]n|revised|posted"
_LABEL = re.compile(rf"^\W*(?:p[áa]gina\s|page\s|[úu]ltima\s|last\s)?(?:{_LABELS})\b[^:\n]{{0,30}}?:?\s(?P<rest>.*)$", re.IGNORECASE)
# What labels a day that is somebody's or something's, and not the document's.
_OTHERS = (
    r"[^:\d]{0,40}\b(?:nacimiento|nac|birth|dob|defunci[óo]n|death|vencimiento|caducidad|validez|expiry|expiration|due|valid|hasta|until|inicio|start|fin|end"
    r"|cita|appointment|entrada|salida|check-?in|check-?out|llegada|arrival|departure|entrega|delivery|ingreso|admission|alta|baja|discharge"
    r"|pr[óo]xim[oa]|next|matriculaci[óo]n|first registration)\b[^:\d]{0,30}"
)
_OTHER_LABEL = re.compile(rf"(?=.*(?:\bfecha\b|\bdate\b|:$)){_OTHERS}:?", re.IGNORECASE)
_OTHER_DAY = re.compile(rf"^{_OTHERS}:|\b(?:born|nacid[oa])\b", re.IGNORECASE)
_ROW = re.compile(r"(?:^|\s)\|(?:\s|$)")
_LABEL_INSIDE = re.compile(rf"(?:^|[.;|]\s)(?:{_LABELS}):\s(?P<rest>.{{6,40}})", re.IGNORECASE)
_SIGNED = re.compile(
    rf"(?:(?:en|at|in)\s)?[^\W\d_][^\d,.;:]{{1,40}},\s(?:a|on|el|this)?\s?(?:día\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s"
    rf"(?:de\s|of\s)?{_MONTH},?\s(?:del?\s)?{_YEAR}\.?",
    re.IGNORECASE,
)


def find_date(text: str) -> str | None:
    """The date that the first lines of `text` state, or its signature, or None."""
    head = text[:HEAD_CHARACTERS]  # whole lines: a sentence that is cut off looks like a date line
    whole = _lines(head if len(text) <= HEAD_CHARACTERS else head.rpartition("\n")[0] or head)
    lines = [line for above, line in pairwise(["", *whole]) if not _OTHER_DAY.search(line) and not _OTHER_LABEL.fullmatch(above)]
    for line in lines:
        label = _LABEL.match(line)
        if label and len(line) <= LONGEST_DATE_LINE and (stated := parse_date(label["rest"])):
            return stated
        inside = _LABEL_INSIDE.search(line)
        if inside and (stated := parse_date(inside["rest"].partition(". ")[0])):
            return stated
    for line in lines[:HEAD_LINES]:
        if len(line) <= LONGEST_DATE_LINE and line[-1] not in "?!,;:" and not _ROW.search(line) and (stated := _of_line(line)):
            return stated
    signed = (_SIGNED.fullmatch(line) for line in (*lines, *_lines(text[-HEAD_CHARACTERS:])))
    return next((stated for match in signed if match and (stated := _iso(match.groupdict()))), None)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_signature(line: str) -> bool:
    """Whether a line says where and when, and nothing else: "En Cádiz, a 3 de mayo de 2023"."""
    return _SIGNED.fullmatch(line.strip()) is not None


def parse_date(value: str) -> str | None:
    """The first date in `value`, a year alone included if nothing else stands there."""
    for form in _FORMS:
        if match := form.search(value):
            return _iso(match.groupdict())
    year = _ONLY_YEAR.match(value)
    return year["year"] if year else None


def _of_line(line: str) -> str | None:
    """The date of a line without a label: one that ends in a full stop is a sentence unless it is nothing but the date."""
    if line.endswith(".") and len(line) > 30:
        return None
    return parse_date(line)


def _iso(parts: dict[str, str | None]) -> str | None:
    """The date in ISO form; None if there is no such day, or if its day and month cannot be told apart ("05/07/2024")."""
    month = _MONTH_NUMBERS[name.casefold()] if (name := parts.get("month")) else int(parts.get("digits") or 0)
    day = int(parts.get("day") or 0)
    if parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second"] or 0)
        if first <= 12 and second <= 12 and first != second:
            return None
        day, month = max(first, second), min(first, second)
    try:
        whole = date(int(parts["year"] or 0), month or 1, day or 1)
    except ValueError:
        return None
    return whole.isoformat()[: 10 if day else 7 if month else 4]
