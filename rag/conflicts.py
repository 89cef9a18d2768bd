"""Passages that disagree: two documents that say the same thing with another date or number.

Only for questions that ask for a date or an amount, and only between different documents: one document may well give several numbers. Two
sentences speak of the same thing if each covers the words of the other, in either language, and neither has a name or a year of its own
that the other contradicts ("in 2022" and "in 2023" are no conflict). It prefers to miss a conflict: sentences with several values
of a kind are left alone, a number in words is none, and it does not know that 1,000 metres are a kilometre.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.asked import holds, kinds_asked
from rag.evidence import Evidence
from rag.language import FUNCTION_WORDS
from rag.naming.aliases import fold
from rag.select import Scored, SentenceScorer
from rag.types import Hit
from rag.verification.claims import plain
from rag.verification.facts import names, spelled_alike
from rag.verification.numerals import numerals
from rag.verification.polarity import opposed

MARGIN = 6.0  # how far behind the best sentence, in log-odds, the other one may be
ALIKE = 0.7  # share of the words of either sentence that the other has, too
COVERS = 0.35  # how much less of the question the other sentence may cover
_MONTHS = {
    name: number
    for names_of_language in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    )
    for number, name in enumerate(names_of_language.split(), 1)
}
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.?[ºo])?\s+(?:de\s+|of\s+)?(?P<month>{_MONTH})(?:,?\s+(?:del?\s+|of\s+)?(?P<year>\d{{4}}))?\b|"
    rf"\b(?P<month2>{_MONTH})\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year2>\d{{4}}))?\b|"
    r"\b(?P<year3>\d{4})-(?P<month3>\d{2})-(?P<day3>\d{2})\b|"
    r"(?<![\d/.-])(?P<day4>\d{1,2})(?P<sign>[/.-])(?P<month4>1[0-2]|0?[1-9])(?P=sign)(?P<year4>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_AMOUNT = re.compile(
    r"(?P<before>[€$£]\s?)?(?<![\w/.-])(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d{1,2}:\d\d(?!\d)|\d+(?:[.,]\d+)*)"
    r"(?![\w/]|-\d)\s*(?P<unit>%|[€$£]|[^\W\d_]{2,})?"
)
_PLAIN = re.compile(r"[^\W\d_]{2,}")
_UNIT = 4  # letters: "metros" and "metres", "coronas" and "crowns" are for the words around them to tell apart


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sentences that disagree: characters `start:end` of the passage of a hit (index in the hits) each, and the values they give."""

    first: tuple[int, int, int]
    second: tuple[int, int, int]
    values: tuple[str, str]


def find_conflict(question: str, hits: Sequence[Hit], scorer: SentenceScorer) -> Conflict | None:
    """The first disagreement between the best sentence that has what `question` asks for and one of another document; None if all agree."""
    kinds = [kind for kind in kinds_asked(question) if kind in ("date", "amount")]
    if not kinds:
        return None
    scored, by_words = scorer.score(question, hits), scorer.by_words(question, hits)
    for kind in kinds:
        near = [item for item in scored if item.score >= scored[0].score - MARGIN]
        # The best may say it in words, which nothing is compared with: then numbers of others are about something else.
        first = next((item for item in near if _holds(_text(item, hits), kind)), None)
        if first is None or not _values(_text(first, hits), kind):
            continue
        passage = hits[first.hit].passage
        for other in by_words:
            if other.words < by_words[0].words - MARGIN or not _values(_text(other, hits), kind):
                continue
            rival = hits[other.hit].passage
            if rival.source == passage.source or _is_of_another(question, passage.in_context, rival.in_context):
                continue
            values = disagree(question, _text(first, hits), _text(other, hits), kind, scorer.evidence)
            if values:
                return Conflict((first.hit, first.start, first.end), (other.hit, other.start, other.end), values)
    return None


def _text(item: Scored, hits: Sequence[Hit]) -> str:
    return hits[item.hit].passage.text[item.start : item.end]


def _holds(text: str, kind: str) -> bool:
    return holds(text if kind == "date" else _DATE.sub(" ", text), kind)


def disagree(question: str, first: str, second: str, kind: str, evidence: Evidence) -> tuple[str, str] | None:
    """The values of a kind ("date" or "amount") in which two sentences contradict each other, or None.

    Args:
        question: which of several values is asked for is not known, but both sentences must be about it.
        first: a sentence.
        second: a sentence of another document.
        kind: what is asked for.
        evidence: compares words across languages.
    """
    ours, theirs = _values(first, kind), _values(second, kind)
    pairs = [(one, other) for one in ours for other in theirs if _comparable(one, other)]
    if len(pairs) != 1 or _agree(*pairs[0]):
        return None
    if kind == "amount" and _years(first) and _years(second) and _years(first) != _years(second):
        return None
    said, told = (frozenset(map(plain, _PLAIN.findall(_DATE.sub(" ", text)))) for text in (first, second))
    if opposed(said, told) or opposed(told, said):
        return None
    if _has_own_name(first, second) and _has_own_name(second, first):
        return None
    bare = [_bare(first), _bare(second)]
    alike = min(evidence.coverage(bare[0], bare[1]), evidence.coverage(bare[1], bare[0]))
    about = evidence.coverages(question, [first, second])
    if alike < ALIKE or about[1] < about[0] - COVERS:
        return None
    return pairs[0][0].written, pairs[0][1].written


def _is_of_another(question: str, first: str, second: str) -> bool:
    """Whether the question names something that only the first of two passages knows: "the Sarmenor"."""
    known = [name for name in names(question) if name in first or spelled_alike(name, first)]
    return bool(known) and not any(name in second or spelled_alike(name, second) for name in known)


def _bare(text: str) -> str:
    """The words of `text` that carry meaning, without its dates."""
    return " ".join(word for word in _PLAIN.findall(_DATE.sub(" ", text)) if word.casefold() not in FUNCTION_WORDS)


@dataclass(frozen=True, slots=True)
class _Value:
    """A date ("2019-04-24", "04-24", "2019") or a number, with its unit, and as it is written."""

    value: str
    unit: str
    written: str


def _values(text: str, kind: str) -> list[_Value]:
    if kind == "date":
        dates = [_date(match) for match in _DATE.finditer(text)]
        return dates or [_Value(match[0], "year", match[0]) for match in _YEAR.finditer(text)]
    rest = _DATE.sub(" ", text)
    found = []
    for match in _AMOUNT.finditer(rest):
        unit = fold(match["unit"] or (match["before"] or "").strip())
        value = next((f"{numeral.value:.12g}" for numeral in numerals(match["number"])), match["number"])
        if not (_YEAR.fullmatch(match["number"]) and unit not in ("%", "€", "$", "£")) and unit:
            found.append(_Value(value, unit, f"{match['number']} {match['unit'] or ''}".strip()))
    return found


def _date(match: re.Match[str]) -> _Value:
    year, month, day = (next((match[f"{part}{form}"] for form in ("", "2", "3", "4") if match[f"{part}{form}"]), None) for part in _PARTS)
    number = _MONTHS.get(fold(month or ""), int(month) if month and month.isdigit() else 0)
    parts = ([year] if year else []) + [f"{number:02}", f"{int(day or 0):02}"]
    return _Value("-".join(parts), "date", match[0])


_PARTS = ("year", "month", "day")


def _comparable(one: _Value, other: _Value) -> bool:
    return {one.unit, other.unit} <= {"date", "year"} or one.unit[:_UNIT] == other.unit[:_UNIT]


def _agree(one: _Value, other: _Value) -> bool:
    """Whether two values are the same, or one is less exact: "2019" and "24 April 2019"."""
    return one.value == other.value or (one.unit in ("date", "year") and (one.value in other.value or other.value in one.value))


def _years(text: str) -> set[str]:
    return set(_YEAR.findall(text))


def _has_own_name(text: str, other: str) -> bool:
    return any(name not in other and not spelled_alike(name, other) and fold(name) not in _MONTHS for name in names(text))
