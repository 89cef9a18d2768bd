"""Reasons to doubt that a source says what a sentence claims; none of them is proof that it does.

Compared are numbers and their limits ("at most"), what is denied, allowed and demanded, words of which only one can be true ("before",
"after"), and the company that names and numbers keep (`rag.verification.roles`), all of it in the sentences of the source that carry the
claim.
"""

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np

from rag.references import clause, find
from rag.sentences import sentences
from rag.verification.claims import Claim
from rag.verification.comparison import Comparison
from rag.verification.frames import misplaced, says_the_converse
from rag.verification.polarity import CORE, LIMITS_APART, Denial, exchanged, limit, modality, opposed, polarity, says_no
from rag.verification.roles import Roles

SCOPE_SHARE = 0.4
PROVISION_MARGIN = 0.12
_SAME_ROOT = 0.6
_AFFIRMING = re.compile(r"\b(?:pero|aunque|y) sí\b")
_ONLY = re.compile(r"\b(?:only|solo|solamente|unicamente)\b")
_DENYING_PREFIXES = ("non", "un", "in", "im", "des", "dis")  # "unpublished" says what "sin publicar" does


def doubt(compared: Comparison) -> str | None:
    """Why the source may not say what the claim says, in a few words; None if nothing was found."""
    return (
        _limits(compared) or _denials(compared) or _modality(compared) or _opposites(compared) or _provisions(compared) or _roles(compared)
    )


def _limits(compared: Comparison) -> str | None:
    claim, source = compared.claim, compared.source
    for numeral in claim.numerals:
        said = limit(claim, numeral.start, numeral.end)
        meant = [limit(source, other.start, other.end) for other in source.numerals if numeral.equals(other)]
        if said and meant and all(other is not None and frozenset((said, other)) in LIMITS_APART for other in meant):
            return f"limit: {said}"
    return None


def _denials(compared: Comparison) -> str | None:
    said, meant = polarity(compared.claim), polarity(compared.source)

    def agrees(word: int, counterpart: int) -> bool:
        denies_itself = _is_denied_form(compared.claim.words[word].plain, compared.source.words[counterpart].plain)
        return ((word in said.denied) == (counterpart in meant.denied)) != denies_itself

    fewest = 1 if "may" in modality(compared.claim, frozenset(word.clause for word in compared.claim.words)) else 2
    near = [denial for denial in meant.denials if _is_near(denial, compared)]
    excepted = frozenset(word for denial in near if denial.is_exception for word in denial.scope)
    affirmed = (excepted - meant.denied) | _affirmed(compared.source)
    limits = any(denial.is_exception for denial in said.denials)
    only = _ONLY.search(compared.claim.plain) is not None
    for denial in said.denials:
        if denial.is_sweeping and not (limits or only) and any(_only_in(affirmed, compared.counterparts(word)) for word in denial.scope):
            return f"denies: {compared.claim.text[denial.position :][:30]}"
        pairs = [(word, other) for word in denial.core for other in compared.counterparts(word)]
        excuses = (other for other in near if not (limits and other.is_exception))
        if pairs and not any(agrees(*pair) for pair in pairs) and not any(_excuses(other, denial, compared, agrees) for other in excuses):
            return f"denies: {compared.claim.text[denial.position :][:30]}"
    for denial in near:
        if denial.is_exception and only:
            continue  # "only if" may say what "unless" does
        pairs = [(word, other) for other in denial.core for word in compared.sayings(other)]
        if denial.is_sweeping and (not pairs or (denial.is_verb and len({other for _, other in pairs}) < CORE)):
            around = [(word, other) for other in denial.scope for word in compared.sayings(other)]
            if len({other for _, other in around}) < max(fewest, len(denial.scope) * SCOPE_SHARE):
                continue
            pairs += around
        if denial.is_sweeping and not limits:
            pairs += [(word, other) for other in excepted & denial.scope for word in compared.sayings(other)]
        is_of_others = not limits and any(_only_in(affirmed, compared.counterparts(word)) for word in compared.claim.content)
        if pairs and not is_of_others and not any(agrees(*pair) for pair in pairs):
            return f"denied: {compared.source.text[denial.position :][:30]}"
    return None


def _is_denied_form(one: str, other: str) -> bool:
    """Whether one word denies the other by itself: "unpublished" and "publicar"."""
    for word, root in ((one, other), (other, one)):
        for prefix in _DENYING_PREFIXES:
            if word.startswith(prefix) and not root.startswith(prefix) and len(word) > len(prefix) + 3:
                return SequenceMatcher(None, word[len(prefix) :], root).ratio() >= _SAME_ROOT
    return False


def _excuses(meant: Denial, said: Denial, compared: Comparison, agrees: Callable[[int, int], bool]) -> bool:
    """Whether the source denies in words of its own what the claim denies: the two deny something in the same surroundings."""
    if meant.is_exception and said.is_sweeping:
        return any(_only_in(meant.scope, compared.counterparts(word)) for word in said.scope)
    if meant.is_sweeping != said.is_sweeping:
        return False
    pairs = [(word, other) for other in meant.core for word in compared.sayings(other)]
    if pairs:
        return any(agrees(*pair) for pair in pairs)
    return not said.is_sweeping or any(other in meant.scope for word in said.scope for other in compared.counterparts(word))


def _only_in(words: frozenset[int], others: list[int]) -> bool:
    return bool(others) and words.issuperset(others)


@lru_cache(maxsize=256)
def _affirmed(claim: Claim) -> frozenset[int]:
    """The words (indices) that a text affirms after denying others: "no cubre el robo, pero sí el incendio"."""
    clauses = {claim.clause_of(match.end()) for match in _AFFIRMING.finditer(claim.text)}
    return frozenset(index for index in claim.content if claim.words[index].clause in clauses) if clauses else frozenset()


def _is_near(denial: Denial, compared: Comparison) -> bool:
    return any(word in compared.near for word in denial.core)


def _modality(compared: Comparison) -> str | None:
    claim, source = compared.claim, compared.source
    said_denied, meant_denied = polarity(claim).swept, polarity(source).swept
    for at in {word.clause for word in claim.words}:
        words = [index for index in claim.content if claim.words[index].clause == at]
        said = modality(claim, frozenset({at})) & {"must", "may"}
        if len(said) != 1 or says_no(claim, frozenset({at})) or any(word in said_denied for word in words):
            continue
        weights: dict[int, float] = {}
        for word in words:
            others = compared.counterparts(word)
            if others:
                best = max(others, key=lambda other: float(compared.likeness[word, other]))
                weights[source.words[best].clause] = weights.get(source.words[best].clause, 0.0) + 1.0
        if not weights:
            continue
        aligned = frozenset(found for found, weight in weights.items() if weight >= 0.5 * max(weights.values()))
        if says_no(source, aligned) or any(source.words[i].clause in aligned for i in meant_denied):
            continue
        meant = modality(source, aligned)
        if said == {"must"} and not meant:
            meant = modality(source, frozenset(source.words[index].clause for index in compared.near))
        if said == {"must"} and "may" in meant and not meant & {"must", "will"}:
            return "must for may"
        if said == {"may"} and not meant & {"may", "right"} and meant & {"must", "will"}:
            return "may for must"
    return None


def _provisions(compared: Comparison) -> str | None:
    """Whether the claim puts under one provision ("Article 3") what its source says under another in the same sentence."""
    asked = {mention.reference for mention in find(compared.claim.text)}
    if len(asked) != 1:
        return None
    (own,) = asked
    words = [index for index in compared.claim.content if not compared.claim.words[index].plain[0].isdigit()]
    for start, end in sentences(compared.source.text):
        text = compared.source.text[start:end]
        mentions = find(text)
        if own not in {mention.reference for mention in mentions} or len({mention.reference for mention in mentions}) < 2:
            continue
        fits = {}
        for mention in mentions:
            first, last = clause(text, mention, mentions)
            inside = [i for i in compared.source.content if start + first <= compared.source.words[i].start < start + last]
            fits[mention.reference] = float(compared.likeness[np.ix_(words, inside)].max(axis=1).mean()) if words and inside else 0.0
        if max(fits.values()) > fits[own] + PROVISION_MARGIN:
            return f"provision: {own}"
    return None


def _is_turned(claim: Claim, index: int) -> bool:
    """Whether a word does not say what it says elsewhere: "no later than", "no incluye", "por segundo", or "First, ..."."""
    before = [word.plain for word in claim.words[max(0, index - 2) : index]]
    opens = not before and claim.text[claim.words[index].end : claim.words[index].end + 1] == ","
    return opens or not {"no", "not"}.isdisjoint(before) or before[-1:] in (["por"], ["per"], ["a"])


def _opposites(compared: Comparison) -> str | None:
    claim, source = compared.claim, compared.source
    said = frozenset(word.plain for index, word in enumerate(claim.words) if not _is_turned(claim, index))
    meant = frozenset(source.words[index].plain for index in compared.near if not _is_turned(source, index))
    known = frozenset(source.words[index].plain for index in compared.near)
    return "opposite" if opposed(said, meant, known) or exchanged(said, known) else None


def _roles(compared: Comparison) -> str | None:
    both = (compared.claim, compared.source, compared.likeness, compared.near)
    mixed = Roles(*both).mixed_up()
    if mixed and (mixed[0].isdigit() or not says_the_converse(*both)):
        return f"roles: {mixed}"
    wrong = misplaced(*both)
    return f"frame: {wrong}" if wrong else None
