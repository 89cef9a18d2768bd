"""Days that a question names ("12 April 2024", "12/04/2024", "abril de 2024", "on Thursdays"), and whether the row of a table is of them.

Of a date in figures the day comes first, unless another one of the same text shows that there the month does ("04/23/2024"); in a question
it may be either. It does not know days without a month but those of the week, nor spans of days.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.claims import plain
from rag.lexicon import CALENDAR, MONTHS

_SHORT = re.compile(r"jan|ene|feb|apr|abr|jun|jul|aug|sept?|setiembre|oct|nov|dec|dic")
_WEEKDAYS = frozenset(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
_NUMBERS = {word: MONTHS.index(name) + 1 for word, name in CALENDAR.items() if name in MONTHS}
_MONTH = rf"(?P<month>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)(?!\d)"
_DAY = r"(?<![\d./-])(?P<day>\d{1,2})"
_OF = r"(?:\s+(?:de\s+|del\s+|of\s+)?|-)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_DAY}(?:\.?º|st|nd|rd|th)?{_OF}{_MONTH}(?:,?{_OF}{_YEAR})?",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.,]\d)\b(?:,?\s+{_YEAR})?",
        rf"\b{_MONTH},?{_OF}{_YEAR}",
        r"(?<![\w/-])(?P<year>(?:19|20)\d\d)-(?P<figures>0[1-9]|1[0-2])-(?P<day>\d\d)(?![\w/-])",
        r"(?:(?<=\ben )|(?<=\bin )|(?<=\bde ))(?P<figures>0[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d)(?![\w/-])",
        r"(?<![\w./-])(?P<first>\d{1,2})(?P<sign>[/.-])(?P<second>\d{1,2})(?P=sign)(?P<year>(?:19|20)?\d\d)(?![\w/-]|\.\d)",
    )
)
_ALONE = re.compile(rf"\b(?!may\b|march\b)(?i:{_MONTH})")
_ASKED_ALONE = re.compile(rf"\b(?i:in|for|since|during|of|en|durante|desde|de)\s+(?!may\b|march\b)(?i:{_MONTH})")
_BEHIND_DAY = re.compile(r"\d+[/.-](\d+[/.-]\d+)")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Day:
    """A month, with its day and year where they are said, at `start:end` of a text; `in_figures` if that is how it is written."""

    year: int | None
    month: int
    day: int | None
    start: int
    end: int
    in_figures: bool

    def fits(self, other: "Day") -> bool:
        """Whether nothing that both say differs."""
        return self.month == other.month and all(
            None in pair or pair[0] == pair[1] for pair in ((self.year, other.year), (self.day, other.day))
        )


def days_in(text: str, *, month_first: bool | None = None) -> list[Day]:
    """The dates of `text` that have a day or a year, in order."""
    found: dict[int, re.Match[str]] = {}
    for form in _FORMS:
        for match in form.finditer(text):
            if not any(match.start() < other.end() and other.start() < match.end() for other in found.values()):
                found[match.start()] = match
    figures = [match.groupdict() for match in found.values()]
    if month_first is None:
        month_first = any(int(parts.get("second") or 0) > 12 for parts in figures)
    return [day for start in sorted(found) if (day := _day(found[start], month_first=month_first))]


def _day(match: re.Match[str], *, month_first: bool) -> Day | None:
    parts = match.groupdict()
    day, month = int(parts.get("day") or 0), _NUMBERS.get(plain(parts.get("month") or ""), 0) or int(parts.get("figures") or 0)
    if parts.get("first"):
        day, month = int(parts["first"] or 0), int(parts["second"] or 0)
        day, month = (month, day) if month > 12 or (month_first and day <= 12) else (day, month)
    year = parts.get("year")
    if not 1 <= month <= 12 or day > 31:
        return None
    in_figures = not parts.get("month")
    return Day(int(year) + (2000 if len(year) == 2 else 0) if year else None, month, day or None, *match.span(), in_figures)


def _month(match: re.Match[str]) -> Day:
    return Day(None, _NUMBERS[plain(match["month"])], None, *match.span("month"), in_figures=False)


def asked_days(question: str) -> list[list[Day]]:
    """Each date that `question` names, as it may be read: "04/12/2024" is the fourth of December or the twelfth of April."""
    either = zip(days_in(question, month_first=False), days_in(question, month_first=True), strict=False)
    days = [list({(day.month, day.day): day for day in pair}.values()) for pair in either]
    months = [_month(match) for match in _ASKED_ALONE.finditer(question)]
    return days or [[month] for month in months]


def names_day(question: str) -> bool:
    """Whether `question` names a date, a month or a day of the week."""
    return bool(_weekdays(question) or asked_days(question))


def of_day(question: str, row: str) -> bool | None:
    """Whether a row is of a day that `question` names; None if either names none, or the question no more than a month or a weekday."""
    asked, weekdays = asked_days(question), _weekdays(question)
    if weekdays and (own := _weekdays(row)) and not weekdays & own:
        return False
    held = days_in(row)
    held += [month for month in map(_month, _ALONE.finditer(row)) if not any(day.start <= month.start < day.end for day in held)]
    if not asked or not held:
        return None
    fits = any(day.fits(other) for readings in asked for day in readings for other in held)
    return (True if any(readings[0].day or readings[0].year for readings in asked) else None) if fits else False


def _weekdays(text: str) -> set[str]:
    return {CALENDAR.get(plain(word), "") for word in _WORD.findall(text)} & _WEEKDAYS


def as_written(question: str, texts: Sequence[str]) -> str:
    """`question` with its dates as the texts write them, where either is in figures: "12/04/2024" for "12 April 2024"."""
    held = [(day, text) for text in texts for day in days_in(text)]
    for readings in reversed(asked_days(question)):
        fitting = (_like(own, text, day) for day in readings for own, text in held if day.fits(own) and own.in_figures | day.in_figures)
        if form := next(filter(None, fitting), ""):
            question = question[: readings[0].start] + form + question[readings[0].end :]
    return question


def _like(own: Day, text: str, asked: Day) -> str:
    """What stands in a text for a date that is asked for; of a month and year the end of a day in figures ("04/2024")."""
    written = text[own.start : own.end]
    if asked.day or own.day is None:
        return written
    behind = _BEHIND_DAY.fullmatch(written) if own.in_figures and asked.year else None
    return behind[1] if behind and len(behind[1]) > 4 else ""


def with_other_forms(question: str) -> str:
    """`question`, and behind it how else its dates may be written, to search by."""
    return " ".join((question, *(form for readings in asked_days(question) for form in _other_forms(readings))))


def _other_forms(readings: Sequence[Day]) -> Iterator[str]:
    for day in readings:
        if day.year or day.day:
            yield from (word for word, number in _NUMBERS.items() if number == day.month and not _SHORT.fullmatch(word))
            yield f"{day.month:02}"
            if day.day:
                yield f"{day.day} {day.day:02}"
            if day.year:
                yield str(day.year)
