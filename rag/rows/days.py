"""Days that a question names ("12 April 2024", "12/04/2024", "abril de 2024", "on Thursdays"), and whether the row of a table is of them.

Of a date in figures the day comes first, unless another one of the same text shows that there the month does ("04/23/2024"); in a question
it may be either. A row of a span ("Monday to Friday", "April to September", "del 11 al 13 de octubre") is of every day in it. It does not
know days without a month but those of the week.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.lexicon import CALENDAR, MONTH_NUMBERS, MONTHS, MONTHS_IN_SPANISH, WEEK
from rag.verification.claims import plain

_WEEKDAYS = frozenset(WEEK)
_MONTH = rf"(?P<month>{'|'.join(sorted(MONTH_NUMBERS, key=len, reverse=True))})\b\.?"
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
_TO = r"(?:\s*[-–—/]\s*|\s+(?:to|until|till|through|thru|al?|hasta)\s+)(?:(?:the|el|los|de)\s+)?"
_AND = r"\s+(?:and|y)\s+(?:(?:the|el|los|de)\s+)?"
_WEEKDAY = r"(?P<{}>[^\W\d_]{{3,9}})\.?"
_WEEKDAY_SPAN = re.compile(
    rf"(?P<between>\b(?:between|entre)\s+(?:el\s+|los\s+)?)?\b{_WEEKDAY.format('first')}(?:{_TO}|(?P<and>{_AND})){_WEEKDAY.format('last')}"
)
_GROUPS = (
    (WEEK, re.compile(r"\b(?:daily|every day|all week|todos los días|a diario|diariamente|cada día)\b", re.IGNORECASE)),
    (WEEK[:5], re.compile(r"\b(?:weekdays|working days|entre semana|(?:días )?laborables)\b", re.IGNORECASE)),
    (WEEK[5:], re.compile(r"\b(?:weekends?|fin(?:es)? de semana)\b", re.IGNORECASE)),
)
_LITTLE = frozenset(("and", "or", "on", "of", "the", "y", "o", "el", "los", "de"))
_EXCEPT = re.compile(
    r"\b(?:except|excepto|salvo|menos|not|closed|cerrado|cierra)\s+(?:on\s+|for\s+|the\s+|el\s+|los\s+)*(?P<day>[^\W\d_]+)", re.IGNORECASE
)
_BETWEEN_DATES = re.compile(rf"(?:,?\s+(?:19|20)\d\d)?(?:{_TO}|{_AND})", re.IGNORECASE)
_FIRST_DAY = re.compile(
    r"(?<![\d./-])(?P<first>\d{1,2})(?:st|nd|rd|th)?(?:\s*[-–—]\s*|\s+(?:to|until|al?|hasta|and|y)\s+(?:the\s+|el\s+)?)(?:(?P<last>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+|de\s+)?)?$",
    re.IGNORECASE,
)
_FROM = re.compile(r"\b(?:from|since|as of|starting|after|desde|a partir de|después de)l?\s+(?:the\s+|el\s+)?$", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|up to|before|by|hasta|antes de)l?\s+(?:the\s+|el\s+)?$", re.IGNORECASE)


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
    day, month = int(parts.get("day") or 0), MONTH_NUMBERS.get(plain(parts.get("month") or ""), 0) or int(parts.get("figures") or 0)
    if parts.get("first"):
        day, month = int(parts["first"] or 0), int(parts["second"] or 0)
        day, month = (month, day) if month > 12 or (month_first and day <= 12) else (day, month)
    year = parts.get("year")
    if not 1 <= month <= 12 or day > 31:
        return None
    in_figures = not parts.get("month")
    return Day(int(year) + (2000 if len(year) == 2 else 0) if year else None, month, day or None, *match.span(), in_figures)


def _month(match: re.Match[str]) -> Day:
    return Day(None, MONTH_NUMBERS[plain(match["month"])], None, *match.span("month"), in_figures=False)


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
    """Whether a row is of a day that `question` names; None if either names none, or the question no more than a month or a weekday.

    A month or a weekday counts where the row only says from when to when it goes, for there no word is the same, and so does a weekday
    that is a cell of its own.
    """
    asked, weekdays = asked_days(question), _weekdays(question)
    if weekdays and (own := _weekdays(row)):
        if not weekdays & own:
            return False
        if not asked and (not weekdays & _named_weekdays(row) or any(map(weekdays.intersection, _weekday_cells(row)))):
            return True
    held = days_in(row)
    held += [month for month in map(_month, _ALONE.finditer(row)) if not any(day.start <= month.start < day.end for day in held)]
    held.sort(key=lambda day: day.start)
    if not asked or not held:
        return None
    days = [day for readings in asked for day in readings]
    spans = _spans(row, held)
    if any(day.fits(other) for day in days for other in held):
        certain = any(readings[0].day or readings[0].year for readings in asked)
        return True if certain else None
    if any(_within(day, *span) for day in days for span in spans):
        return None if any(None in span for span in spans) else True
    return False


def _spans(row: str, held: Sequence[Day]) -> list[tuple[Day | None, Day | None]]:
    """The spans of days that a row speaks of, by their first and last day; None where one is open."""
    found: list[tuple[Day | None, Day | None]] = []
    for place, day in enumerate(held):
        before, following = row[: day.start], held[place + 1] if place + 1 < len(held) else None
        first = _FIRST_DAY.search(before)
        if first and bool(first["last"]) is (day.day is None):
            opening, last = replace(day, day=int(first["first"])), day if day.day else replace(day, day=int(first["last"]))
            is_span = _joins(first[0], before[: first.start()])
            found += [(opening, last)] if is_span else [(opening, opening), (last, last)]
        elif following and _BETWEEN_DATES.fullmatch(between := row[day.end : following.start]) and _joins(between, before):
            found.append((day, following))
        elif found and found[-1][1] is day:
            continue
        elif _FROM.search(before):
            found.append((day, None))
        elif _UNTIL.search(before):
            found.append((None, day))
    return found


def _joins(between: str, before: str) -> bool:
    """Whether what stands between two days makes a span of them: "and" does so only after "between"."""
    return (
        re.search(r"\b(?:and|y)\b", between) is None
        or re.search(r"\b(?:between|entre)\s+(?:the\s+|el\s+)?$", before, re.IGNORECASE) is not None
    )


def _within(asked: Day, first: Day | None, last: Day | None) -> bool:
    """Whether some day that `asked` may mean lies in a span; one without years that ends before it begins goes over the new year."""
    begin = (first.month, first.day or 1) if first else (1, 1)
    end = (last.month, last.day or 31) if last else (12, 31)
    earliest, latest = (asked.month, asked.day or 1), (asked.month, asked.day or 31)
    to_year = last.year if last else None
    from_year = first.year if first else None
    if asked.year and (from_year or to_year):
        from_year = from_year or (to_year if first is None or begin <= end else (to_year or 0) - 1)
        after = first is None or (asked.year, *latest) >= (from_year or 0, *begin)
        before = last is None or (asked.year, *earliest) <= (to_year or from_year or 0, *end)
        return after and before
    if begin <= end:
        return latest >= begin and earliest <= end
    return latest >= begin or earliest <= end


def _named_weekdays(text: str) -> set[str]:
    return {CALENDAR.get(plain(word), "") for word in _WORD.findall(text)} & _WEEKDAYS


def _weekdays(text: str) -> set[str]:
    """The days of the week that `text` names, those of spans ("Mon-Fri") and groups ("weekends") among them; all, if it excepts one."""
    found = _named_weekdays(text)
    for match in _WEEKDAY_SPAN.finditer(text):
        first, last = (_weekday(match[end]) for end in ("first", "last"))
        if first is not None and last is not None and (match["between"] or not match["and"]):
            found |= {WEEK[place % 7] for place in range(first, last + 1 if last >= first else last + 8)}
    for days, pattern in _GROUPS:
        if pattern.search(text):
            found |= {*days}
    excepts = any(CALENDAR.get(plain(match["day"])) in _WEEKDAYS for match in _EXCEPT.finditer(text))
    return {*_WEEKDAYS} if excepts else found


def _weekday_cells(row: str) -> Iterator[set[str]]:
    """The days of the week of each cell that says nothing else ("Tuesday and Thursday", "Day: Sunday 13 October")."""
    for cell in row.split("|"):
        words = _WORD.findall(cell.rpartition(":")[2])
        if all(plain(word) in CALENDAR or plain(word) in _LITTLE for word in words):
            yield _named_weekdays(" ".join(words))


def _weekday(word: str) -> int | None:
    """The place of a day in the week, from its name or the three letters that are short for it; None of other words."""
    name = plain(word)
    known = CALENDAR.get(name, "")
    if known not in _WEEKDAYS and len(name) <= 5:
        known = next((day for form, day in CALENDAR.items() if day in _WEEKDAYS and form[:3] == name[:3] and form.startswith(name)), "")
    return WEEK.index(known) if known in _WEEKDAYS else None


def as_written(question: str, texts: Sequence[str]) -> str:
    """`question` with its dates as the texts write them, where either is in figures: "12/04/2024" for "12 April 2024"."""
    asked = asked_days(question)
    held = [(day, text) for text in texts for day in days_in(text)] if asked else []
    for readings in reversed(asked):
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
            yield from (MONTHS[day.month - 1], MONTHS_IN_SPANISH[day.month - 1], f"{day.month:02}")
            if day.day:
                yield f"{day.day} {day.day:02}"
            if day.year:
                yield str(day.year)
