"""Superlatives over a table: "which programme uses the least energy?" is answered by the row with the smallest figure of that column.

A question is taken so only if one of its words names a column of figures, or says what the column measures ("longest", "Length"), and
another names what the rows are: the head of the first column, or the heading above. It knows no table that goes on in another passage.
"""

import re
from collections.abc import Iterator, Sequence

from rag.evidence import Evidence, counterparts
from rag.language import FUNCTION_WORDS
from rag.rows.columns import Row, row_at
from rag.sentences import sentences
from rag.types import Hit

SAME = 0.5  # cosine from which a word of the question names a column, or what the rows are
FEWEST_ROWS = 3
_ASKS = re.compile(r"^[\W_]*(?:(?:in|on|at|en|a|de|con)\s+)?(?:which|what|who|whose|when|cuál|qué|quién|cuándo)\b", re.IGNORECASE)
_HIGH = r"most|highest|largest|longest|biggest|greatest|fastest|heaviest|dearest|deepest|hottest|warmest|wettest|loudest|más|mayor"
_LOW = r"least|fewest|lowest|smallest|shortest|lightest|cheapest|coldest|driest|quietest|menos|menor"
_LOW_OF_MORE = r"más\s+(?:barat|cort|baj|pequeñ|fr[íi]|sec|liger|silencios|estrech)\w*"
_DIRECTIONS = (
    ("low", re.compile(rf"\b(?:{_LOW}|{_LOW_OF_MORE})\b", re.IGNORECASE)),
    ("high", re.compile(rf"\b(?:{_HIGH})\b", re.IGNORECASE)),
)
_MEASURES = (
    (r"longest|shortest|larg[oa]s?|cort[oa]s?", "length|longitud|duration|duración|distance|distancia"),
    (r"heaviest|lightest|pesad[oa]s?|liger[oa]s?", "weight|peso"),
    (r"cheapest|dearest|expensive|barat[oa]s?|car[oa]s?", "price|precio|cost|coste|fee|tarifa"),
    (r"hottest|warmest|coldest|calientes?|calur[oa]s[oa]s?|cálid[oa]s?|frí[oa]s?", "temperature|temperatura"),
    (r"wettest|driest|lluvios[oa]s?|sec[oa]s?", "rain|rainfall|lluvia|precipitación"),
    (r"quietest|loudest|silencios[oa]s?|ruidos[oa]s?", "noise|ruido"),
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_FIGURE = re.compile(r"[-+]?\d[\d.,]*")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")


def extreme_row(question: str, hits: Sequence[Hit], evidence: Evidence) -> tuple[int, int, int] | None:
    """The row that a superlative means, as (index of the hit, start, end) in its passage; None if it means none."""
    direction = next((name for name, pattern in _DIRECTIONS if pattern.search(question)), None)
    if direction is None or not _ASKS.match(question):
        return None
    for index, hit in enumerate(hits):
        for rows in _tables(hit.passage.text):
            heads = [cell.strip() for cell in rows[0].columns.split(", ")]
            above = " ".join(hit.passage.section[-1:])
            column = _column(question, heads, above, evidence)
            figures = [_figure(hit.passage.text[row.start : row.end], column) for row in rows] if column else []
            known = [(value, row) for value, row in zip(figures, rows, strict=False) if value is not None]
            if len(known) == len(rows) >= FEWEST_ROWS:
                best = (min if direction == "low" else max)(value for value, _ in known)
                first, *others = [row for value, row in known if value == best]
                return None if others else (index, first.start, first.end)
    return None


def _tables(text: str) -> Iterator[list[Row]]:
    """The rows of each table of several whose head is there."""
    rows: list[Row] = []
    for start, end in sentences(text):
        row = row_at(text, start, end)
        if row is None or not row.columns or row.is_head or not text[row.start : row.end].strip("|:- \t"):
            continue
        if rows and (rows[-1].columns != row.columns):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _column(question: str, heads: Sequence[str], above: str, evidence: Evidence) -> int:
    """Which column the superlative is about; 0, that of the names, if none is."""
    said = {word for word in _WORD.findall(question) if word.casefold() not in FUNCTION_WORDS}
    said -= {word for _, pattern in _DIRECTIONS for word in said if pattern.fullmatch(word)}
    if not said or max(_likeness(said, part, evidence) for part in (heads[0], above)) < SAME:
        return 0
    for asked, named in _MEASURES:
        if re.search(rf"\b(?:{asked})\b", question, re.IGNORECASE):
            return next((place for place, head in enumerate(heads) if re.match(rf"(?:{named})\b", head, re.IGNORECASE)), 0)
    likeness = [0.0, *(_likeness(said, head, evidence) for head in heads[1:])]
    best = max(range(len(heads)), key=likeness.__getitem__)
    return best if likeness[best] >= SAME else 0


def _likeness(said: set[str], text: str, evidence: Evidence) -> float:
    """The cosine of the two words of a question and a text that are most alike."""
    asked, given = evidence.words([" ".join(sorted(said)), text])
    best = counterparts(asked, [given])
    return float(best.max()) if best.size else 0.0


def _figure(row: str, column: int) -> float | None:
    """The number that a cell begins with; None where it begins with none."""
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    match = _FIGURE.match(cells[column]) if column < len(cells) else None
    return float(_THOUSANDS.sub("", match[0].rstrip(".,")).replace(",", ".")) if match else None
