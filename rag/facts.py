"""What a sentence claims that code can compare: its numbers, its names, and whether it is negated. English and Spanish.

It knows digits, capitals and lists of words. A number in words is no number to it; "not" anywhere makes a sentence negated.
"""

import difflib
import re

from rag.language import FUNCTION_WORDS

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CAPITALISED = r"[A-ZÁÉÍÓÚÑ][\w’]{2,}"
_NAME = re.compile(rf"(?<![.!?¿¡«“\"]\s)(?<![\w«“\"¿¡])\b{_CAPITALISED}")
_FIRST_WORD = re.compile(r"[\W\d_]*(?P<word>[^\W\d_]\w*)")
_SUBJECT = re.compile(
    rf"[\W\d_]*(?P<name>{_CAPITALISED})(?=\s+(?:[A-ZÁÉÍÓÚÑ]\w|(?:may|can|must|shall|will|would|could|has|had|is|was|does|did|"
    r"no|puede|podrá|debe|deberá|ha|había|es|fue|era|será|tiene)\b))"
)
_CORE = (
    r"not|no(?!\.?\s?\d)(?! (?:obstante|doubt))|never|neither|none|cannot|unable to|excludes?|excluded|excluding|prohibits?|prohibited|"
    r"forbids?|forbidden|refuse[sd]?|den(?:y|ies|ied)|bans?|banned|rejects?|rejected|lack(?:s|ed)?|fails? to|failed to|"
    r"(?:leaves?|left) out|nunca|jamás|tampoco|ningun[oa]?|ningún|nadie|excluye[n]?|excluía[n]?|excluid[oa]s?|prohíbe[n]?|"
    r"prohibid[oa]s?|prohib(?:ía|ió)|niega[n]?|negó|rechaza[n]?|rechazó|carece[n]?|impide[n]?|dej(?:a|an|ó|aba) fuera"
)
_NEGATION = re.compile(rf"\b(?:(?:{_CORE})|nor|without|ni|sin(?! (?:embargo|duda)))\b|n['’]t\b", re.IGNORECASE)
_NEGATION_OF_WHAT_FOLLOWS = re.compile(rf"\b(?:{_CORE})\b|n['’]t\b", re.IGNORECASE)
_CLAUSE_START = re.compile(r"[.;:?!)\n]|,\s+(?:y|e|o|pero|sino|mientras|aunque|and|but|or|while|whereas|though|although)\s", re.IGNORECASE)
_REACH = 80
_WORDS_BEFORE = 8
_LIKENESS = 0.8
_SHORTEST_ALIKE = 5


def numbers(text: str) -> set[str]:
    """The numbers of a text in comparable form: "1.234,5" and "1,234.5" agree, "05" and "5" too, "3.5" and "35" do not."""
    found = set()
    for number in _NUMBER.findall(text):
        without_thousands = re.sub(r"[.,](?=\d{3}(?!\d))", "", number)
        found.add(re.sub(r"(?<!\d)0+(?=\d)", "", without_thousands.replace(",", ".")))
    return found


def names(text: str) -> list[str]:
    """The capitalised words of a text, but for those that begin a sentence."""
    first = _FIRST_WORD.match(text)
    begin = first.end() if first else 0
    return [match[0] for match in _NAME.finditer(text) if match.start() >= begin]


def initial_name(text: str) -> str | None:
    """The name that a sentence begins with ("Japan may ...", "Xi Jinping ..."); None where a capital says nothing ("Boats may ...")."""
    match = _SUBJECT.match(text)
    name = match["name"] if match else ""
    return None if name.casefold() in FUNCTION_WORDS or name.endswith("s") else name or None


def spelled_alike(name: str, text: str) -> bool:
    """Whether `text` has a capitalised word that differs from `name` as spellings do: "Pyongyang", "Pionyang"."""
    if len(name) < _SHORTEST_ALIKE:
        return False
    candidates = {word for word in re.findall(rf"\b{_CAPITALISED}", text) if word[0] == name[0] and len(word) >= _SHORTEST_ALIKE}
    return any(difflib.SequenceMatcher(None, name.casefold(), word.casefold()).ratio() >= _LIKENESS for word in candidates)


def negated(text: str) -> bool:
    """Whether a text denies, excludes or forbids something."""
    return _NEGATION.search(text) is not None


def negation_before(text: str, position: int) -> bool:
    """Whether the words of the same clause before `position` negate what follows: "is not | permitted to terminate"."""
    head = text[max(0, position - _REACH) : position]
    starts = [match.end() for match in _CLAUSE_START.finditer(head)]
    words = head[starts[-1] if starts else 0 :].split()[-_WORDS_BEFORE:]
    return _NEGATION_OF_WHAT_FOLLOWS.search(" ".join(words)) is not None
