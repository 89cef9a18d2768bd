"""The year that names a document: "the 2000 treaty" is not that of 2024.

A year counts if it belongs to what kind of document is meant ("tratado firmado en 2000"); one that tells when something happened
("article 4 in 2023") does not. It knows titles, dates and words, not when a document came into force.
"""

import re
from collections.abc import Sequence

from rag.naming.aliases import FIRST_LINES, KIND_WORDS, folded_words, kinds_of, official_numbers
from rag.references import find
from rag.types import Passage, Reference

_ACCENTED = {"convención", "constitución", "código", "decisión", "resolución"}
_KIND = rf"(?:{'|'.join(sorted((KIND_WORDS | _ACCENTED) - {'lo', 'rd'}, key=len, reverse=True))})"
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})(?![\w/-]|[.,][0-9])"
_YEAR_BEFORE = re.compile(
    rf"(?<![\w/-])(?<!\bin )(?<!\ben )(?<!since )(?<!desde ){_YEAR}(?=(?:\s+[^\W\d_][\w-]*){{0,5}}?\s+{_KIND}\b)", re.IGNORECASE
)
_YEAR_AFTER = re.compile(
    r"(?:\s*,?\s+(?:of|from|del?|del\s+año|dated|(?:signed|adopted|made|firmad[oa]|adoptad[oa]|hech[oa]|suscrit[oa])"
    r"(?:\s+(?:in|en|at)\s+[A-ZÁÉÍÓÚ]\w+)?(?:\s+(?:in|en))?)\s+(?:[0-9]{1,2}\s+(?:de\s+)?[^\W\d_]+\s+(?:del?\s+)?)?|\s*\("
    rf"|(?<!\bin)(?<!\ben)(?<!for)(?<!para)(?<!desde)(?<!since)(?<!until)(?<!hasta)(?<!durante)(?<!during)(?<!by)\s+){_YEAR}\)?",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:after|before|since|until|as\s+of|over|in\s+the\s+year|en\s+el\s+año|from\s+[0-9]|reform\w*|amend\w*|tras|antes|después|desde|hasta|a\s+partir|"
    r"con|multas?|fines?|modific\w*)(?!\w)",
    re.IGNORECASE,
)
"""Between a kind of document and a year, what makes it the year of something else."""
_COUNTED = re.compile(
    r"\s+(?:euros?|dollars?|dólares|pounds?|pesos|people|personas|workers?|trabajadores|hours?|horas|metros|met(?:er|re)s)\b", re.IGNORECASE
)
_TO_YEAR = re.compile(r"(?:[\s,]*(?:\(|\b(?:of|from|del?|año|dated|in|en)\b))*\s*$", re.IGNORECASE)
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FILE = re.compile(r"\.\w{2,5}$")
_DONE = r"\b(?:done|made|signed|dated|hecho|hecha|firmad[oa]|suscrit[oa]|fech[ao])\b[^\n]{{0,120}}?\b{0}\b"


def year_of(phrase: str) -> tuple[str, str]:
    """The year of the document that `phrase` names, and the phrase without it: "the 2000 treaty", "tratado firmado en Pionyang en 2000".

    The year is empty if the phrase has none, or has an official number, or does not say what kind of document it means.
    """
    if official_numbers(phrase) or not folded_words(phrase) & KIND_WORDS:
        return "", phrase
    after = (
        match for match in _YEAR_AFTER.finditer(phrase) if kinds_of(phrase[: match.start()]) and not _is_of_something_else(phrase, match)
    )
    match = _YEAR_BEFORE.search(phrase) or next(after, None)
    if match is None:
        return "", phrase
    before = _TO_YEAR.sub("", phrase[: match.start("year")])
    return match["year"], " ".join(f"{before} {phrase[match.end() :]}".split())


def _is_of_something_else(phrase: str, match: re.Match[str]) -> bool:
    """Whether the year tells when something happened, or is an amount: "the Constitution after the reform of 2011", "2000 euros"."""
    kinds = [kind.end() for kind in re.finditer(rf"\b{_KIND}\b", phrase[: match.start("year")], re.IGNORECASE)]
    between = phrase[kinds[-1] if kinds else 0 : match.start("year")]
    return _WHEN.search(between) is not None or _COUNTED.match(phrase, match.end("year")) is not None


def is_of_year(year: str, names: Sequence[str], date: str | None, text: str) -> bool:
    """Whether a document is of `year`: by its title, if that has one, else by its date or file name, or else by where it was signed.

    Args:
        year: four figures.
        names: its title, its file name, and what it calls itself.
        date: the date that it states about itself, in ISO form.
        text: all of it; its beginning and its end may tell the year.
    """
    titled = {found for name in names if not _FILE.search(name) for found in _ANY_YEAR.findall(name)}
    filed = {found for name in names if _FILE.search(name) for found in _ANY_YEAR.findall(name)}
    if titled or (date or "").startswith(year):
        return year in titled or not titled
    if filed:
        return year in filed
    if date:
        return re.search(_DONE.format(year), text[-FIRST_LINES:], re.IGNORECASE) is not None
    return year in _ANY_YEAR.findall(text[:FIRST_LINES] + " " + text[-FIRST_LINES:])


def is_mentioned_of_year(year: str, passage: Passage, reference: Reference) -> bool:
    """Whether what `passage` says of `reference` is of `year`: what stands nearest to the mention and has any year tells."""
    own = next((mention for mention in find(passage.text) if mention.reference == reference), None)
    position = own.start if own else 0
    start, end = passage.text.rfind("\n\n", 0, position), passage.text.find("\n\n", position)
    paragraph = passage.text[max(start, 0) : end if end >= 0 else len(passage.text)]
    around = (paragraph, *reversed(passage.section), f"{passage.source} {passage.title} {passage.date}", passage.text)
    years = (set(_ANY_YEAR.findall(text)) for text in around)
    return year in next(filter(None, years), set())
