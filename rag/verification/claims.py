"""A text as words that can be compared with those of another text, across English and Spanish.

Every word knows its clause (what a "not" denies together) and its part of a clause (what "and" and commas divide). Words of two texts are
compared by vectors of the built-in table, by spelling, and, for numbers, by value. There is no grammar here: a clause ends at a stop, a
bracket, or a conjunction that often begins another one.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from rag.evidence import Words
from rag.language import FUNCTION_WORDS
from rag.lexicon import SAY_LITTLE, words
from rag.verification.numerals import Numeral, numerals

_WORD = re.compile(r"[^\W_]+(?:['’](?!s\b)[^\W_]+)*")
_CLAUSE_END = re.compile(
    r"[.;:!?)\]\n—|]+(?!\d)"
    r"|,?\s(?=(?:but|pero|sino|mientras|whereas|while|although|though|aunque)\s)"
    r"|,\s(?=(?:and|or|y|e|o|ni|nor|so)\s(?:[^\s,.;]+\s){5})"
    r"|,\s(?=(?:que|quien|quienes|which|who|whose|where|cuya?s?|cuyos)\s)"
    r"|\s(?=(?:and|y|or|o)\s(?:not?|may|must|shall|can|will|is|are|was|were|has|have|had|left|leaves?|se|podrán?|pueden?|deben?|está|están|"
    r"es|son|fue|fueron|ha|han|tienen?|no)\s)"
    r"|,?\s(?=(?:and|y|or|e)\s(?:(?:the|its|their|an?|el|la|los|las|su|sus|un|una)\s\w+\s)?(?:se\s|l[aeo]s?\s)?"
    r"\w+(?:[^aeo]ed|[^aeiouy]eed|ó|aron|ieron|ará|erá|irá|arán|erán|irán)\s)",
    re.IGNORECASE,
)
# "If nobody objects" is a clause of its own when it comes first, up to its comma.
_CONDITION = re.compile(
    r"(?:^|(?<=[.;:?!]\s))\W*(?:if|si|when|cuando|unless|once|although|though|aunque|while|mientras|after|despues|después|since|as|where)"
    r"\s[^,.;:?!]{4,150}(?=,\s)",
    re.IGNORECASE,
)
_PART_END = re.compile(r",\s|\s(?=(?:and|or|y|e|o|ni|nor|while|mientras)\s)", re.IGNORECASE)


class WordVectors(Protocol):
    """Vectors and weights of single words, in the same space for both languages (`rag.evidence.Evidence`)."""

    def each(self, words: Sequence[str]) -> Words: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: `plain` is without case and accents, `clause` and `part` count from 0, `weight` is 0 for function words."""

    text: str
    plain: str
    start: int
    end: int
    clause: int
    part: int
    is_content: bool


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A text and its words."""

    text: str
    words: tuple[Word, ...]
    numerals: tuple[Numeral, ...]
    content: tuple[int, ...]
    plain: str

    def clause_of(self, position: int) -> int:
        """The clause that the character at `position` lies in."""
        at = bisect_right(self.words, position, key=lambda word: word.start)
        return self.words[max(0, at - 1)].clause if self.words else 0


_WITHOUT_ACCENT = {
    code: unicodedata.normalize("NFKD", chr(code))[0].casefold()
    for code in range(0xC0, 0x250) if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[-1])
} | {ord("’"): "'", ord("ß"): "s", ord("İ"): "i"}  # fmt: skip


def plain(text: str) -> str:
    """`text` without case and accents, every character at its place."""
    lower = text.translate(_WITHOUT_ACCENT).lower()
    return lower if len(lower) == len(text) else "".join(letter.lower()[:1] for letter in text)


_FUNCTION = (frozenset(plain(word) for word in FUNCTION_WORDS) | SAY_LITTLE) - words(
    "article articulo annex agreement acuerdo treaty tratado"
)


@lru_cache(maxsize=256)
def read(text: str) -> Claim:
    """The words of a text; the latest texts are remembered, for passages are compared with one sentence after another."""
    ends = sorted({*(match.start() for match in _CLAUSE_END.finditer(text)), *(match.end() for match in _CONDITION.finditer(text))})
    parts = sorted({*ends, *(match.start() for match in _PART_END.finditer(text))})
    words = []
    clause = part = 0
    for match in _WORD.finditer(text):
        while clause < len(ends) and ends[clause] < match.start():
            clause += 1
        while part < len(parts) and parts[part] < match.start():
            part += 1
        short = plain(match[0])
        is_content = short not in _FUNCTION and (len(short) > 1 or short.isdigit())
        words.append(Word(match[0], short, match.start(), match.end(), clause, part, is_content))
    content = tuple(index for index, word in enumerate(words) if word.is_content)
    return Claim(text, tuple(words), tuple(numerals(text)), content, plain(text))
