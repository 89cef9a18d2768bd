"""Dates in words: "2024-07-05" as "5 July 2024" or "5 de julio de 2024"; a month or a year alone stays one."""

import re

from rag import lexicon
from rag.types import Language

MONTHS = "|".join((*lexicon.MONTHS, *lexicon.MONTHS_IN_SPANISH))
"""Pattern of a month in either language, in lower case."""
_DATE = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?")


def written(date: str, language: Language) -> str:
    """An ISO date ("YYYY", "YYYY-MM" or "YYYY-MM-DD") as it is written in `language`; anything else as it is."""
    match = _DATE.fullmatch(date)
    if match is None or not 1 <= int(match["month"] or 1) <= 12 or not 1 <= int(match["day"] or 1) <= 31:
        return date
    months = lexicon.MONTHS_IN_SPANISH if language == "es" else [name.capitalize() for name in lexicon.MONTHS]
    month = months[int(match["month"]) - 1] if match["month"] else None
    day = str(int(match["day"])) if match["day"] else None
    return (" de " if language == "es" else " ").join(word for word in (day, month, match["year"]) if word)
