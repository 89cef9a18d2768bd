"""Whole texts by their official number, "Decision 2023/12" and "circular 3/2024", and numbered points of a text that has no articles.

An act has its own text where a paragraph opens with its number, as decisions do in minutes: "**Decisión 2023/12.** Se impone ...". A point
is an item of the one list that counts from 1 through a document. Which document is called by a number is for `rag.naming.aliases` to know.
"""

import itertools
import re

from rag.naming.aliases import KINDS_OF_TEXT, kinds_of, official_number
from rag.references import Mention
from rag.types import Reference

POINT = "point"
_WORDS = sorted(
    {*" ".join(map(" ".join, KINDS_OF_TEXT.values())).split(), "decisión", "resolución"} - {"act", "acts", "carta"}, key=len, reverse=True
)
_ACT = re.compile(
    rf"(?<!\w)(?P<kind>{'|'.join(_WORDS)})(?:[\s-]+(?:orgánica|ley|legislativo|foral|\((?:EU|UE|EC|CE)\)))*"
    r"\s+(?:(?:n\.?[ºo]|núm\.?|no\.|number|número)\s*)?(?:(?P<year>(?:19|20)[0-9]{2})/(?P<serial>[0-9]{1,4})|(?P<first>[0-9]{1,4})/(?P<second>[0-9]{2,4}))(?:/[A-Z]{2,3})?(?![\w/]|[.,][0-9])",
    re.IGNORECASE,
)
_OPENS = re.compile(r"[*_]*\s*(?:[.:—–-]|$)", re.MULTILINE)
_LINE_START = re.compile(r"(?:^|\n)[ \t#>*_-]*$")
_ASKED_POINT = re.compile(
    r"\b(?:points?|puntos?|paragraphs?|párrafos?|parrafos?|apartados?|sub-?apartados?|sub-?sections?|subsecci[oó]n(?:es)?|items?|numeral(?:es)?|ep[ií]grafes?)"
    r"\s+(?:n\.?º\s*)?(?P<number>[0-9]{1,3}(?:\.[0-9]{1,2}){0,3})\b(?![./]?[0-9])"
    r"|\b(?:what does|qu[eé] dice(?: el)?) (?P<alone>[0-9]{1,2}(?:\.[0-9]{1,2}){1,3})(?=\?|\s+(?:says?|of|del?)\b)",
    re.IGNORECASE,
)
_POINT_WORD = re.compile(r"\b(?:points?|puntos?|items?)\b|[0-9]\.[0-9]", re.IGNORECASE)
_ITEM = re.compile(r"(?m)^[ \t#>*_]*(?P<number>[0-9]{1,3})\.?(?:[ºª°]\.?|\)|(?<=\.))-?(?=\s)")
_ENDS = re.compile(r"\n[ \t]*(?=\n|[>*_-]*[ \t]*[0-9]{1,3}(?:\.[0-9]{1,2})+[.)]?\s)")
_FEWEST_ITEMS = 2


def find_acts(text: str) -> list[Mention]:
    """Every act that `text` names by its official number, in order."""
    found = []
    for match in _ACT.finditer(text) if "/" in text else ():
        kind = min(kinds_of(match["kind"].upper()), default="")
        if _is_span_of_years(match):
            continue
        number = f"{match['year']}/{int(match['serial'])}" if match["year"] else official_number(match["first"], match["second"])
        found.append(Mention(Reference(kind, number), match.start(), match.end()))
    return found


def _is_span_of_years(match: re.Match[str]) -> bool:
    """Whether it is two years: "the rules 2023/24", "convenio 2023/2025"."""
    if not match["year"]:
        return False
    year, serial = int(match["year"]), int(match["serial"])
    return (len(match["serial"]) == 4 and 1900 <= serial < 2100) or (len(match["serial"]) == 2 and serial == (year + 1) % 100)


def is_act(reference: Reference) -> bool:
    """Whether the reference is to an act by its official number."""
    return "/" in reference.number


def opens_paragraph(text: str, mention: Mention) -> bool:
    """Whether the text of the act `mention` begins here: it opens a line, and its number is followed by a stop."""
    return _OPENS.match(text, mention.end) is not None and _LINE_START.search(text[max(0, mention.start - 20) : mention.start]) is not None


def act_span(text: str, reference: Reference) -> tuple[int, int] | None:
    """The paragraph that opens with the act, or None."""
    for mention in find_acts(text):
        if mention.reference == reference and opens_paragraph(text, mention):
            start, end = text.rfind("\n", 0, mention.start) + 1, text.find("\n\n", mention.end)
            return start, end if end >= 0 else len(text)
    return None


def numbered_lines(text: str, number: str) -> list[tuple[int, int]]:
    """The spans of the paragraphs of `text` that open with a number of two levels: "3.2 Hotels are paid"; none for another number."""
    if "." not in number:
        return []
    opens = re.compile(rf"(?m)^[ \t>*_-]*(?P<number>{re.escape(number)}[.)]?[*_]*\s)")
    found = [match.start("number") for match in opens.finditer(text)]
    return [(start, end.start() if (end := _ENDS.search(text, start)) else len(text.rstrip())) for start in found]


def asked_points(question: str) -> list[Mention]:
    """The points that a question names: "point 4 of circular 3/2024", "punto 2.2", "what does 2.2 say?"."""
    found = [(match, match["number"] or match["alone"]) for match in _ASKED_POINT.finditer(question)]
    return [Mention(Reference(POINT, number.lstrip("0") or "0"), match.start(), match.end()) for match, number in found]


def calls_it_point(question: str) -> bool:
    """Whether `question` says "point", and not "paragraph", which any text has, or gives a number of two levels."""
    return _POINT_WORD.search(question) is not None


def points(text: str) -> dict[str, tuple[int, int]]:
    """Number -> span of the items of the list that counts from 1 through `text`; none if there are not two."""
    starts: list[int] = []
    first = ""
    for match in _ITEM.finditer(text):
        mark = text[match.end("number") : match.end()]
        if starts and int(match["number"]) == 1 and mark == first:
            return {}  # another list that is written alike: which one is meant?
        if int(match["number"]) == len(starts) + 1:
            first = first or mark
            starts.append(match.start())
    spans = {str(number): span for number, span in enumerate(itertools.pairwise([*starts, len(text)]), 1)}
    return spans if len(spans) >= _FEWEST_ITEMS else {}
