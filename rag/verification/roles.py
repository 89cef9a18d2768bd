"""Who did what to whom: whether the names and numbers of a claim stand where they stand in its source.

Each name or number is known by the company it keeps: the words around it, on which side, and what links it to them ("to", "of", "by"). If
another name or number of the source fits the company in the claim clearly better, or if two of the claim fit better when they change
places, then they were mixed up. It is a comparison, not a parse: two names in one long sentence with hardly a word around them escape it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rag.lexicon import AGENTS, CALENDAR, TITLES, words
from rag.verification.claims import Claim
from rag.verification.comparison import Scores

SAME_NAME = 0.7
SAME_WORD = 0.6
SAME_DEMONYM = 0.8
SUBSTITUTE_MARGIN = 0.3
NUMBER_MARGIN = 0.15
SWAP_MARGIN = 0.06
OTHER_SIDE = 0.4
_LINKS = {
    "to": "to", "towards": "to", "toward": "to", "for": "to", "a": "to", "al": "to", "hacia": "to", "para": "to",
    "of": "of", "de": "of", "del": "of",
    "by": "by", "por": "by", "from": "from", "desde": "from", "with": "with", "con": "with",
    "in": "in", "en": "in", "on": "in", "against": "against",
    "contra": "against", "frente": "against", "between": "between", "entre": "between",
}  # fmt: skip
_ARTICLES = words("the an el la los las un una its their su sus this that este esta both tanto each cada")
_JOINS = words("and y e or o as como que")
_REGIONS = words("norte sur este oeste")
_AUXILIARIES = words(
    "may can must shall will would could should has had is was does did puede podra debe debera ha habia es fue era sera tiene"
)
_NAME_LINKS = frozenset({"de", "del", "of"})
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|fue|fueron|es|son|ser|sido)\s+(?:\w+\s)?\w+(?:ed|en|t|ado|ada|ados|adas|ido|ida|idos|idas)\s+(?:by|por)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A name or number of a text: the words (indices) that it is made of."""

    words: tuple[int, ...]
    value: float | None = None

    @property
    def first(self) -> int:
        """Its first word."""
        return self.words[0]


@dataclass(frozen=True, slots=True)
class Company:
    """The content words around an anchor, how near each is (0 to 1), on which side (-1, 1), and what links the anchor to them."""

    words: tuple[int, ...]
    nearness: Scores
    sides: Scores
    link: str


def anchors(claim: Claim, capitals: frozenset[str]) -> list[Anchor]:
    """The names and numbers of a text; `capitals` are words (plain) that are names even where they begin a sentence."""
    return [*_names(claim, capitals), *_numbers(claim)]


def _capitals(claim: Claim, source: Claim, likeness: Scores) -> frozenset[str]:
    """Words (plain) that are names: written with a capital inside a sentence, or at its beginning if the other text has such a name."""
    inside = [
        [i for i, word in enumerate(text.words) if word.text[0].isupper() and word.is_content and not _begins(text, i)]
        for text in (claim, source)
    ]
    initial = [
        [i for i, word in enumerate(text.words) if word.text[0].isupper() and word.is_content and _begins(text, i)]
        for text in (claim, source)
    ]
    found = {text.words[i].plain for text, own in zip((claim, source), inside, strict=True) for i in own}
    found |= {claim.words[i].plain for i in initial[0] if any(likeness[i, j] >= SAME_NAME for j in inside[1])}
    found |= {source.words[j].plain for j in initial[1] if any(likeness[i, j] >= SAME_NAME for i in inside[0])}
    lower = {word.plain for word in source.words if word.text[0].islower()}
    found |= {source.words[j].plain for j in initial[1] if source.words[j].plain not in lower and not source.words[j].plain.endswith("s")}
    for text, own in zip((claim, source), initial, strict=True):
        found |= {text.words[i].plain for i in own if _is_name_by_what_follows(text, i)}
    return frozenset(found)


def _by_likeness(claim: Claim, said: Sequence[Anchor], likeness: Scores, known: Sequence[Anchor]) -> list[Anchor]:
    """Words of a claim that are like a name of the source: "rusos" where the source has "Russia"."""
    names = [anchor.first for anchor in known if anchor.value is None and len(anchor.words) == 1]
    taken = {word for anchor in said for word in anchor.words}
    return [Anchor((i,)) for i in claim.content if i not in taken and any(likeness[i, j] >= SAME_DEMONYM for j in names)] if names else []


def _agents(claim: Claim, said: Sequence[Anchor]) -> list[Anchor]:
    """Words for those who act in contracts and rules, in small letters: "the tenant", "la empresa"."""
    taken = {word for anchor in said for word in anchor.words}
    return [Anchor((i,)) for i in claim.content if i not in taken and claim.words[i].plain in AGENTS]


def _begins(claim: Claim, index: int) -> bool:
    """Whether a word begins a sentence."""
    if index == 0:
        return True
    between = claim.text[claim.words[index - 1].end : claim.words[index].start]
    return any(sign in between for sign in ".?!:¿¡\n|") or between.strip(' «“"([*_,;') != ""


def _is_name_by_what_follows(claim: Claim, index: int) -> bool:
    """ "Elvira Sotomonte", "Corea del Norte", "Beijing's", "Moscow has", "Pionyang ha"."""
    word = claim.words[index]
    if claim.text[word.end : word.end + 2] in ("'s", "’s"):
        return True
    following = [other for other in claim.words[index + 1 : index + 3] if claim.text[word.end : other.start].strip() in ("", "del", "de")]
    if not following:
        return False
    return (
        (following[0].text[0].isupper() and following[0].is_content)
        or (following[0].plain in _NAME_LINKS and len(following) > 1 and following[1].plain in _REGIONS)
        or (following[0].plain in _AUXILIARIES and not word.plain.endswith("s"))
    )


def _names(claim: Claim, capitals: frozenset[str]) -> Iterator[Anchor]:
    run: list[int] = []
    for index, word in enumerate(claim.words):
        is_name = (
            word.text[0].isupper()
            and word.is_content
            and len(word.text) > 2
            and word.plain not in CALENDAR
            and (not _begins(claim, index) or word.plain in capitals)
        )
        if is_name:
            if run and claim.words[run[-1]].part != word.part:
                yield Anchor(tuple(run))
                run = []
            run.append(index)
        elif run and not (word.plain in _NAME_LINKS and _goes_on(claim, index)):
            yield Anchor(tuple(run))
            run = []
    if run:
        yield Anchor(tuple(run))


def _goes_on(claim: Claim, index: int) -> bool:
    following = claim.words[index + 1] if index + 1 < len(claim.words) else None
    return following is not None and following.text[0].isupper() and following.is_content and following.plain in _REGIONS


def _numbers(claim: Claim) -> Iterator[Anchor]:
    for numeral in claim.numerals:
        inside = tuple(i for i, word in enumerate(claim.words) if numeral.start <= word.start < numeral.end)
        if inside:
            yield Anchor(inside, numeral.value)


def company(claim: Claim, anchor: Anchor, without: frozenset[int]) -> Company:
    """The company of an anchor, `without` some words (those of the anchors that are compared)."""
    home = claim.words[anchor.first]
    flipped = _is_passive(claim, home.clause)
    words, nearness, sides = [], [], []
    for side in (-1, 1):
        others = [i for i in claim.content if (i < anchor.first if side < 0 else i > anchor.words[-1]) and i not in without]
        others = others[::-1] if side < 0 else others
        for rank, index in enumerate(others[:6]):
            word = claim.words[index]
            share = 1.0 if word.part == home.part else 0.25 if word.clause == home.clause else 0.05
            words.append(index)
            nearness.append(share / (1 + 0.4 * rank))
            sides.append(-side if flipped else side)
    return Company(tuple(words), np.array(nearness), np.array(sides, dtype=float), _link(claim, anchor))


def _is_passive(claim: Claim, clause: int) -> bool:
    return any(claim.clause_of(match.start()) == clause for match in _PASSIVE.finditer(claim.text))


def _link(claim: Claim, anchor: Anchor) -> str:
    """ "to", "of", "by", ...; "" for none, which is a subject or an object."""
    last = claim.words[anchor.words[-1]]
    if claim.text[last.end : last.end + 2] in ("'s", "’s") or claim.text[last.end - 2 : last.end] in ("'s", "’s"):
        return "of"
    for index in range(anchor.first - 1, max(-1, anchor.first - 4), -1):
        word = claim.words[index]
        if word.plain in _LINKS:
            return _LINKS[word.plain]
        if word.plain not in _ARTICLES:
            break
    return ""


class Roles:
    """The names and numbers of a claim against those of its source.

    Args:
        claim: what is said.
        source: what it is said of.
        likeness: how like each word of the claim is each word of the source (words x words, 0 to 1).
        near: the words of the source (indices) in the sentences that carry the claim.
    """

    def __init__(self, claim: Claim, source: Claim, likeness: Scores, near: frozenset[int]) -> None:
        self._claim, self._source, self._likeness = claim, source, likeness
        capitals = _capitals(claim, source, likeness)
        known = anchors(source, capitals)
        said = anchors(claim, capitals)
        self._said = [*said, *_by_likeness(claim, said, likeness, known), *_agents(claim, said)]
        self._known = [anchor for anchor in (*known, *_agents(source, known)) if anchor.first in near]
        self._near = near

    def mixed_up(self) -> str | None:
        """The first two that were mixed up, as "A for B"; None if all stand where they should."""
        places = {anchor: self._places(anchor) for anchor in self._said}
        for first, second in combinations([anchor for anchor in self._said if places[anchor]], 2):
            if (first.value is None) == (second.value is None) and not self._joined(first, second) and self._swapped(first, second, places):
                return f"{self._text(first)} for {self._text(second)}"
        for anchor in self._said:
            if all(self._claim.words[word].plain in TITLES for word in anchor.words):
                continue  # "House" may well be "Cámara"
            rival = self._rival(anchor, places[anchor]) if places[anchor] or self._is_elsewhere(anchor) else None
            if rival is not None:
                there = self._source.text[self._source.words[rival.first].start : self._source.words[rival.words[-1]].end]
                return f"{self._text(anchor)} for {there}"
        return None

    def _text(self, anchor: Anchor) -> str:
        return self._claim.text[self._claim.words[anchor.first].start : self._claim.words[anchor.words[-1]].end]

    def _places(self, anchor: Anchor) -> list[Anchor]:
        """Where the source has the same name or number, among the sentences that carry the claim."""
        if anchor.value is not None:
            return [
                known for known in self._known if known.value is not None and abs(known.value - anchor.value) < 1e-6 * max(1, anchor.value)
            ]
        found = [known for known in self._known if known.value is None and self._same_name(anchor, known)]
        taken = {word for known in found for word in known.words}
        singles = [j for j in self._source.content if j in self._near and j not in taken and self._like(anchor, (j,)) >= SAME_WORD]
        return found + [Anchor((j,)) for j in singles]

    def _is_elsewhere(self, anchor: Anchor) -> bool:
        """Whether the source has it in a sentence that does not carry the claim."""
        if anchor.value is not None:
            return any(abs(numeral.value - anchor.value) < 1e-6 * max(1, anchor.value) for numeral in self._source.numerals)
        return all(any(self._likeness[word, other] >= SAME_NAME for other in self._source.content) for word in anchor.words)

    def _like(self, anchor: Anchor, words: Sequence[int]) -> float:
        return float(self._likeness[np.ix_(list(anchor.words), list(words))].max(axis=1).mean())

    def _same_name(self, anchor: Anchor, known: Anchor) -> bool:
        back = float(self._likeness[np.ix_(list(anchor.words), list(known.words))].max(axis=0).mean())
        return (
            max(self._like(anchor, known.words), back if len(anchor.words) > 1 else 0) >= SAME_NAME
            and min(self._like(anchor, known.words), back) >= 0.45
        )

    def _fit(self, anchor: Anchor, places: Sequence[Anchor], without: frozenset[int], without_source: frozenset[int]) -> float:
        """How well the company of `anchor` in the claim is that of the best of `places` in the source."""
        said = company(self._claim, anchor, without)
        if not len(said.words):
            return 0.0
        best = 0.0
        for place in places:
            meant = company(self._source, place, without_source)
            if not len(meant.words):
                continue
            like = self._likeness[np.ix_(list(said.words), list(meant.words))]
            like = np.where(like >= 0.4, like, 0.0)
            sides = np.where(said.sides[:, None] == meant.sides[None, :], 1.0, OTHER_SIDE if anchor.value is None else 0.9)
            score = float(((like * sides * meant.nearness[None, :] ** 0.5).max(axis=1) * said.nearness).sum() / said.nearness.sum())
            if said.link and meant.link:
                score += 0.15 if said.link == meant.link else -0.05
            best = max(best, score)
        return best

    def _swapped(self, first: Anchor, second: Anchor, places: dict[Anchor, list[Anchor]]) -> bool:
        without = frozenset((*first.words, *second.words))
        there = frozenset(word for anchor in (*places[first], *places[second]) for word in anchor.words)
        straight = self._fit(first, places[first], without, there) + self._fit(second, places[second], without, there)
        crossed = self._fit(first, places[second], without, there) + self._fit(second, places[first], without, there)
        return crossed > straight + SWAP_MARGIN

    def _rival(self, anchor: Anchor, places: Sequence[Anchor]) -> Anchor | None:
        """Another name or number of the source that fits the company of `anchor` clearly better."""
        own = {word for place in places for word in place.words}
        margin = SUBSTITUTE_MARGIN if anchor.value is None else NUMBER_MARGIN
        for known in self._known:
            if (known.value is None) != (anchor.value is None) or own & set(known.words):
                continue
            said = self._said_as(known)
            if said is not None and places:
                continue  # a swap would have been found
            without = frozenset(anchor.words if said is None else (*anchor.words, *said.words))
            there = frozenset(own | set(known.words))
            expected = self._fit(anchor, places, without, there) if said is None else self._fit(said, [known], without, there)
            if self._fit(anchor, [known], without, there) > expected + margin:
                return known
        return None

    def _said_as(self, known: Anchor) -> Anchor | None:
        """The name or number of the claim that is `known`."""
        for other in self._said:
            if other.value is not None and known.value is not None and abs(other.value - known.value) < 1e-6:
                return other
            if other.value is None and known.value is None and self._same_name(other, known):
                return other
        return None

    def _joined(self, first: Anchor, second: Anchor) -> bool:
        """Whether two names stand side by side as "A and B", "A, B"."""
        between = self._claim.words[first.words[-1] + 1 : second.first]
        return (
            first.value is None
            and _link(self._claim, first) in ("", _link(self._claim, second))
            and all(word.plain in _JOINS | _ARTICLES or word.text[0].isupper() for word in between)
        )
