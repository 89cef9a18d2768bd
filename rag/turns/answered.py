"""What an answer says of itself to the next question: whom it names, and which documents it is from.

It reads the text of an answer as the program writes it: quotations with a number behind them, titles in quotation marks.
"""

import re

from rag.language import FUNCTION_WORDS
from rag.sentences import sentences
from rag.turns.replaced import NAME, SIGNS

_CITED = re.compile(r"[«“\"](?P<quote>[^»”]+)[»”\"](?=[\s.]*\[)")
_WORD = re.compile(r"\w+")
_TITLE = re.compile(r"[«“\"][^»”\"]*[»”\"]")


def titles(answer: str) -> set[str]:
    """What stands in quotation marks: the titles of its documents, and what is quoted."""
    return {*_TITLE.findall(answer)}


def answered_name(topic: str, answer: str) -> str | None:
    """The one person that the answer to a question for one ("who", "quién") names, if it is short enough to be sure."""
    if not re.match(r"[\s¿]*(?:and\s+|y\s+)?(?:who|whom|quién|quien)\b", topic, re.IGNORECASE):
        return None
    quoted = _CITED.search(answer)
    text = _nearest(quoted["quote"], topic) if quoted else _TITLE.sub("", answer)  # the titles that a refusal names are nobody
    found = [match for match in re.finditer(NAME, text) if match[0] not in topic and match[0].casefold() not in FUNCTION_WORDS]
    found = [match for match in found if " " in match[0] or not _begins(text, match.start()) or match[0] == text.strip(SIGNS)]
    several = found and re.search(r"\b(?:both|ambos|ambas|and|y|e)\b", text[: found[-1].end()], re.IGNORECASE)
    certain = found and not several and (found[0].start() == 0 or len({match[0] for match in found}) == 1)
    return found[0][0] if certain else None


def _nearest(quote: str, question: str) -> str:
    """The one sentence of `quote` that has more words of `question` than each other; all of it if there is none."""
    asked = {word.casefold() for word in _WORD.findall(question)} - FUNCTION_WORDS
    parts = [quote[start:end] for start, end in sentences(quote)]
    shared = [len(asked & {word.casefold() for word in _WORD.findall(part)}) for part in parts]
    best = max(shared, default=0)
    return parts[shared.index(best)] if shared.count(best) == 1 else quote


def _begins(text: str, start: int) -> bool:
    """Whether a sentence or line begins there, whose first word has a capital whatever it is: "Contract", "Fecha"."""
    before = text[:start].rstrip(" ")
    return not before or before[-1] in ".:;!?\n•–—«“"
