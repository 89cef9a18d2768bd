"""Dates in words: "2024-07-05" as "5 July 2024" or "5 de julio de 2024"; a month or a year alone stays one."""

from rag.types import Language

_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
}


def written(date: str, language: Language) -> str:
    """An ISO date ("YYYY", "YYYY-MM" or "YYYY-MM-DD") as it is written in `language`; anything else as it is."""
    parts = date.split("-")
    if not all(part.isdigit() for part in parts) or len(parts) > 3 or (len(parts) > 1 and not 1 <= int(parts[1]) <= 12):
        return date
    between = " de " if language == "es" else " "
    year, *rest = parts
    words = [str(int(day)) for day in rest[1:]] + [_MONTHS[language][int(month) - 1] for month in rest[:1]] + [year]
    return between.join(words)
