"""Follow-ups made into questions that stand alone, by rules, when no language model is configured.

"And Article 8?" after "what does Article 4 permit" becomes "what does Article 8 permit"; "why?" becomes the question before with its
"why". A question that stands alone is returned as it is. It reads the questions of the conversation, not its answers: "who said
that?" gets the question before, not the name in its answer.
"""

import re
from collections.abc import Sequence

from rag.references import Mention, find
from rag.types import Turn

_OPENING = re.compile(
    r"^[¿¡\s]*(?:and|but|so|or|then|also|what about|how about|y|pero|o|entonces|también|qué hay de|que hay de|qué pasa con|que pasa con)\b[\s,]*",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(
    r"^(?:(?:the|number|no\.|el|la|los|las|del|de la|en el|in|of|under|número|n\.?º)\s+)*(?P<number>\d{1,4}|[IVXL]{1,6})(?P<suffix>\s?(?:bis|ter|\.?[ºª]))?(?:\s+one)?[\s?.!]*$",
    re.IGNORECASE,
)
_WHY = re.compile(r"^[¿¡\s]*(?:(?:and|but|y|pero)\s+)?(?:why|por qué|porqué|por que|how so|how come)(?:\s+(?:is|was|not|so|no|is that|es eso|es así|eso))*[\s?.!]*$", re.IGNORECASE)
_ASKING = re.compile(
    r"^[¿¡\s]*(?:what|which|who|whom|whose|when|where|how|does|do|did|is|are|was|were|can|may|must|qué|que|cuál|cuáles|quién|quiénes|quien|cuándo|cuando|"
    r"dónde|donde|cómo|como|cuánto|cuánta|cuántos|cuántas|puede|pueden|debe|deben|hay|es|son)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:it|its|they|them|their|he|she|him|her|his|this|that|these|those|there|one|ello|eso|esto|ese|esa|esos|esas|aquello|ellos|ellas|él|ella|"
    r"lo|la|los|las|su|sus|allí|ahí|dicho|dicha)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
SHORT_WORDS = 8


def condense(question: str, history: Sequence[Turn]) -> str:
    """`question` with what it leaves unsaid taken from the last question of `history`; unchanged if it stands alone."""
    if not history:
        return question
    before = condense(history[-1].question, history[:-1])
    opened = _OPENING.match(question)
    rest = question[opened.end() :] if opened else question
    if _WHY.match(question):
        return f"{_closed(before)} {_opened(question, question)}"
    if replaced := _with_reference(rest, before, has_opening=opened is not None):
        return replaced
    words = _WORD.findall(rest)
    fragment = opened is not None and not _ASKING.match(rest)
    if fragment or (len(words) <= SHORT_WORDS and _points_back(rest)):
        return f"{_closed(before)} {_opened(rest, question)}"
    return question


def _with_reference(rest: str, before: str, *, has_opening: bool) -> str | None:
    """The earlier question with its provision replaced by the one that the follow-up names, if the follow-up is no more than that."""
    earlier = find(before)
    if not earlier:
        return None
    now = find(rest)
    number = _BARE_NUMBER.match(rest.lstrip("¿¡ "))
    if number and (has_opening or not now):
        kind = before[earlier[0].start : earlier[0].end].split()[0] if " " in before[earlier[0].start : earlier[0].end] else earlier[0].reference.kind
        return _replace(before, earlier, f"{kind} {number['number']}{number['suffix'] or ''}")
    if now and len(_WORD.findall(rest)) <= len(_WORD.findall(rest[now[0].start : now[-1].end])) + 3 and not _ASKING.match(rest):
        return _replace(before, earlier, rest[now[0].start : now[-1].end])
    return None


def _replace(before: str, mentions: Sequence[Mention], text: str) -> str:
    return before[: mentions[0].start] + text + before[mentions[-1].end :]


def _points_back(text: str) -> bool:
    """Whether a short question leans on the one before: a pronoun, and no name or number of its own."""
    own = re.search(r"(?<!^)(?<![¿¡])\b(?:[A-ZÁÉÍÓÚÑ]\w+|\d+)", text)
    return _POINTING.search(text) is not None and own is None


def _closed(question: str) -> str:
    text = question.strip()
    return text if text[-1:] in "?!." else text + "?"


def _opened(text: str, question: str) -> str:
    """`text` as the beginning of a question: a capital, and the opening mark if `question` had one."""
    mark = "¿" if question.lstrip().startswith("¿") else ""
    text = text.strip().lstrip("¿")
    return mark + text[:1].upper() + text[1:]
