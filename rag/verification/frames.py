"""Who does what: whether those who act in a claim act in its source, for common nouns as for names ("the board dismissed the principal").

A frame is a verb with the words on the side of those who do it and on the other side. A passive turns the sides ("was dismissed by"), and
so do verbs that tell the same from the other side ("sold", "bought"). Frames of claim and source are compared if they have the same verb:
if somebody of each side stands on the other side in the source, and nobody who acts in the claim acts there, they changed places.

It is no parser: a verb is known by its ending, by what helps it ("has", "podrá"), or by a noun before it and an article or number after
it. A verb with a pronoun in Spanish ("se", "lo"), or behind "que", is left alone, for its sides may be anything, and so is one whose doer
is not said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.language import detect
from rag.lexicon import CALENDAR, words
from rag.verification.claims import Claim, Word
from rag.verification.comparison import Scores

SAME_VERB = 0.3
SAME_NOUN = 0.5
NEARLY_NOUN = 0.12
MOST_LEFT, MOST_RIGHT = 4, 6
_DETERMINERS = words(
    "the a an its their his her our your this that these those every each no any some el la los las un una unos unas su sus este esta "
    "estos estas ese esa cada ningun ninguna al del"
)
_OPENS = _DETERMINERS - words("al del a no")
_PREPOSITIONS = words("of in on at for with from to into about de en con por para sin sobre entre a al del and or y e o by as como than")
_HELPS = words(
    "has have had will would shall may must can could should did does do not never cannot ha han habia habian podra podran puede pueden "
    "debe deben debera deberan"
)
_BE = words("is are was were be been being es son fue fueron sera seran era eran ser sido siendo sea sean")
_PRONOUNS = words("it they he she we i you who ellos ellas ella usted")
_CLITICS = words("se lo la los las le les me nos te")
_ANTECEDENTS = words("who which that")
_RELATIVES = _ANTECEDENTS | words(
    "whom whose where que quien quienes cuyo cuya cual cuales if when unless until although because while cuando hasta before after "
    "antes despues tras aunque porque mientras si"
)
_FINITE = re.compile(r"\w{2,}(?:ó|aron|ieron|aban?|ará|arán|erá|erán|irá|irán)")
_PAST = re.compile(r"\w{2,}[^e]ed")
_PARTICIPLE = re.compile(r"\w+(?:ed|en|[aeiou][nlr]t|ught|old|ound|ade|ost|[ai]d[oa]s?|ech[oa]s?|t[oa]s?)")
_NO_VERB = re.compile(
    r"\w+(?:ing|[aei]r|[aei]rse|ly|mente|tion|cion|dad|ness|ment|miento|ales?|ic[oa]s|iv[oa]s?|os[oa]s?|ari[oa]s?|bles?|ous|ful)"
)
_CONVERSE = tuple(
    tuple(words(side) for side in pair)
    for pair in (
        ("sell sells sold vende venden vendio vendieron vendera",
         "buy buys bought purchased acquired compra compran compro compraron adquirio"),
        ("lend lends lent presta prestan presto prestaron", "borrow borrows borrowed"),
        ("give gives gave paid pays pay da dan dio dieron entrego entrega delivers delivered pago paga send sends sent envio envia",
         "receive receives received get gets got recibe reciben recibio recibieron cobro cobra"),
        ("beat beats defeated defeats wins won derroto vencio gano gana", "lost loses lose perdio perdieron pierde"),
        ("succeed succeeds succeeded follows followed sucede sucedio siguio", "precede precedes preceded precedio"),
        ("leave left leaves bequeathed lego", "inherit inherits inherited hereda heredo"),
        ("pay pays paid paga pagan pagaran pago pagaron", "cost costs cuesta cuestan costo costara"),
        ("teaches taught teach enseno ensena", "learns learned learnt learn aprendio aprende"),
        ("owns own contains contain tiene", "belongs belong belonged pertenece pertenecen pertenecia"),
    )
)  # fmt: skip
"""Verbs that tell the same from two sides; plain words."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A verb (index) with the words (indices) of those who do it, and of all others around it."""

    verb: int
    doers: tuple[int, ...]
    others: tuple[int, ...]
    is_sure: bool


def misplaced(claim: Claim, source: Claim, likeness: Scores, near: frozenset[int]) -> str | None:
    """The first word of a claim that stands on the wrong side of its verb, as "A with does"; None if none was found."""
    for own, pairs, matches in _pairs(claim, source, likeness, near):
        shared = [matches.shared(*pair) for pair in pairs]
        best = [pair for pair, count in zip(pairs, shared, strict=True) if count == max(shared)]
        wrong = [matches.wrong(*pair) for pair in best]
        if all(word is not None for word in wrong) and wrong[0] is not None:
            return f"{claim.words[wrong[0]].text} with {claim.words[own.verb].text}"
    return None


def says_the_converse(claim: Claim, source: Claim, likeness: Scores, near: frozenset[int]) -> bool:
    """Whether a claim tells from the other side what its source tells: "B lost to A" of "A beat B"."""
    return any(
        ours is not own and matches.shared(ours, frame)[0] and matches.wrong(ours, frame) is None
        for own, pairs, matches in _pairs(claim, source, likeness, near)
        for ours, frame in pairs
    )


def _pairs(
    claim: Claim, source: Claim, likeness: Scores, near: frozenset[int]
) -> Iterator[tuple[Frame, list[tuple[Frame, Frame]], "_Matches"]]:
    """Each frame of the claim, beside those of the source with the same verb (itself turned, where they have the converse)."""
    theirs = [frame for frame in frames(source) if frame.verb in near]
    matches = _Matches(likeness, near)
    same_language = detect(claim.text) == detect(source.text)
    for own in frames(claim) if theirs else ():
        said = claim.words[own.verb].plain
        pairs = []
        for frame in theirs:
            meant = source.words[frame.verb].plain
            is_verb = own.is_sure or frame.is_sure or (same_language and said == meant)
            if is_verb and _is_converse(said, meant):
                pairs.append((replace(own, doers=own.others, others=own.doers), frame))
            elif is_verb and likeness[own.verb, frame.verb] >= SAME_VERB:
                pairs.append((own, frame))
        if pairs:
            yield own, pairs, matches


class _Matches:
    """Which words of the source a word of the claim may be."""

    def __init__(self, likeness: Scores, near: frozenset[int]) -> None:
        self._likeness = likeness
        self._near = sorted(near)

    def of(self, word: int) -> frozenset[int]:
        row = self._likeness[word]
        best = max((float(row[other]) for other in self._near), default=0.0)
        return frozenset(other for other in self._near if row[other] >= max(SAME_NOUN, best - NEARLY_NOUN))

    def shared(self, own: Frame, frame: Frame) -> tuple[bool, int]:
        """How much of a frame of the claim another one has: whether something of both sides, and how many words."""
        around = {*frame.doers, *frame.others}
        here, there = (sum(bool(self.of(word) & around) for word in side) for side in (own.doers, own.others))
        return bool(here and there), here + there

    def wrong(self, own: Frame, frame: Frame) -> int | None:
        """A word of the other side that acts in the source, if who acts in the claim is on the other side there and nobody acts in both."""
        does, other = frozenset(frame.doers), frozenset(frame.others)
        doers, others = [self.of(word) for word in own.doers], [self.of(word) for word in own.others]
        if any(one & two for one in doers for two in others) or any(found & does for found in doers):
            return None
        if not any(found & other for found in doers):
            return None
        return next((word for word, found in zip(own.others, others, strict=True) if found & does and not found & other), None)


def _is_converse(one: str, other: str) -> bool:
    return any((one in left and other in right) or (one in right and other in left) for left, right in _CONVERSE)


@lru_cache(maxsize=256)
def frames(claim: Claim) -> tuple[Frame, ...]:
    """The frames of a text; the latest texts are remembered."""
    counted = {i for numeral in claim.numerals for i, word in enumerate(claim.words) if numeral.start <= word.start < numeral.end}
    kinds: dict[int, str] = {}
    for index in claim.content:
        kinds[index] = _verb(claim, index, counted) if index not in counted and kinds.get(index - 1) != "sure" else ""
    sure = frozenset(index for index, kind in kinds.items() if kind == "sure")
    found: list[Frame] = []
    for index, kind in kinds.items():
        if not kind:
            continue
        frame = _frame(claim, index, sure)
        if not frame.doers and found and claim.words[index - 1].plain in ("and", "y", "e"):
            frame = replace(frame, doers=found[-1].doers)  # "A sold the mill and left the town"
        if frame.doers:
            found.append(frame)
    return tuple(found)


def _beside(claim: Claim, index: int, step: int) -> int | None:
    """The word next to another one, if nothing but space is between them."""
    other = index + step
    if not 0 <= other < len(claim.words):
        return None
    first, second = sorted((index, other))
    return other if not claim.text[claim.words[first].end : claim.words[second].start].strip() else None


def _verb(claim: Claim, index: int, counted: set[int]) -> str:
    """ "sure" or "possible" for what is or may be a finite verb or a participle that makes a passive, "" for what is none."""
    word = claim.words[index]
    if not word.text[0].islower() or not word.plain.isalpha() or word.plain in _RELATIVES:
        return ""
    before, after = _beside(claim, index, -1), _beside(claim, index, 1)
    left = _helper(claim, index) if before is not None else ""
    right = claim.words[after].plain if after is not None else ""
    if left == "se" or (left in _CLITICS and _FINITE.fullmatch(word.text)):
        return ""
    if _FINITE.fullmatch(word.text) and left not in _DETERMINERS:
        return "sure"
    if left in _BE:
        return "sure" if _PARTICIPLE.fullmatch(word.plain) or word.plain.endswith("ing") else ""
    if left in _HELPS:
        return "sure"
    if left in _DETERMINERS | _PREPOSITIONS or _NO_VERB.fullmatch(word.plain) or not left:
        return ""
    is_after_noun = before is not None and ((claim.words[before].is_content and before not in counted) or left in _ANTECEDENTS)
    if is_after_noun and (_PAST.fullmatch(word.text) or after in counted or right in _OPENS or right in ("by", "por")):
        return "sure"
    return "possible" if is_after_noun or left in _PRONOUNS else ""


def _frame(claim: Claim, verb: int, sure: frozenset[int]) -> Frame:
    left, right = tuple(_left(claim, verb, sure)), tuple(_right(claim, verb, sure))
    word, helper = claim.words[verb], _helper(claim, verb)
    after = enumerate(claim.words[verb + 1 : verb + 8], verb + 1)
    agent = next((at for at, other in after if other.plain in ("by", "por") and other.clause == word.clause), None)
    is_participle = agent == verb + 1 and helper not in _HELPS and not _FINITE.fullmatch(word.text)  # "the mill sold by the town"
    if is_participle or (helper in _BE and not word.plain.endswith("ing")):
        doers = tuple(index for index in right if agent is not None and index > agent)[:3]
        return Frame(verb, doers, left + tuple(index for index in right if index not in doers), verb in sure)
    return Frame(verb, left, right, verb in sure)


def _helper(claim: Claim, verb: int) -> str:
    """The word that helps a verb, before a "not" or an adverb: "was (not)"."""
    for index in range(verb - 1, max(-1, verb - 4), -1):
        word = claim.words[index]
        if not (word.plain in ("not", "also", "never", "often", "sometimes", "always", "already") or word.plain.endswith(("ly", "mente"))):
            return word.plain
    return ""


def _left(claim: Claim, verb: int, sure: frozenset[int]) -> Iterator[int]:
    """The words before a verb that may do it, nearest first; a relative ("the firm which bought") is passed if it stands at the verb."""
    own, found = claim.words[verb], 0
    for index in range(verb - 1, -1, -1):
        word, at_verb = claim.words[index], found == 0
        relates = at_verb and word.plain in _ANTECEDENTS
        if word.clause != own.clause and not (at_verb and claim.words[index + 1].plain in _ANTECEDENTS):
            return
        if index in sure or found >= MOST_LEFT or (word.plain in _RELATIVES and not relates):
            return
        if at_verb and word.plain in _PRONOUNS and not relates:
            return
        if found and word.part != own.part and claim.text[word.end : word.end + 1] == ",":
            return
        if _is_somebody(word) and word.plain not in _HELPS | _BE:
            found += 1
            yield index


def _right(claim: Claim, verb: int, sure: frozenset[int]) -> Iterator[int]:
    found = 0
    for index in range(verb + 1, len(claim.words)):
        word = claim.words[index]
        if word.clause != claim.words[verb].clause or index in sure or found >= MOST_RIGHT or word.plain in _RELATIVES:
            return
        if _is_somebody(word):
            found += 1
            yield index


def _is_somebody(word: Word) -> bool:
    is_word = word.is_content and word.plain.isalpha() and word.plain not in CALENDAR and word.plain not in _RELATIVES
    return is_word and not word.plain.endswith(("ly", "mente"))
