"""What is said around a quotation: of which document it is, of which day, below which heading, in the language of the question."""

import re
from collections.abc import Collection

from rag.dates import written
from rag.language import asked_in
from rag.lookup import HEADED
from rag.references import heading_reference
from rag.rows.columns import DELIMITER, FENCE
from rag.select import MARKUP
from rag.types import Language, Passage, Reference

_PAIRS = (("«", "»"), ("“", "”"), ('"', '"'), ("‹", "›"))
_SPACE = re.compile(r"\s+")
_FRAGMENT = re.compile(r"\s*(?:[-*+•·▪‣–][ \t]|\d{1,2}[.)][ \t]|(?:yes|no|sí)\b[,.;])", re.IGNORECASE)
_DENYING = re.compile(r"\b(?:not?|never|without|except\w*|exclu\w+|forbidden|prohib\w+|sin|nunca|salvo)\b", re.IGNORECASE)
# Who wrote a message, and when, as `rag.load.thread` puts it above its text.
_MESSAGE = re.compile(r"(?:\A|(?<=\n\n))[^\n]{2,120}, [^\n]*\b\d{1,2}[:.h]\d\d\b[^\n!?]{0,12}(?=\n\n|\Z)")
LONGEST_HEADING = 120


def lead_in(passage: Passage, language: Language, heading: str = "", *, by_file: bool = False) -> str:
    """The document that a quotation is of, `by_file` if others have its title, with its date and the heading above, ending in a colon."""
    opening, closing = ("“", "”") if language == "en" else ("«", "»")
    title = re.sub(r"[«»“”\"]", "", passage.title or passage.source)
    parts = [f"{opening}{title}{closing} ({passage.source})" if by_file else f"{opening}{title}{closing}"]
    if passage.date:
        parts.append(written(passage.date, language))
    if heading:
        parts.append(re.sub(r"(?<!\b[Aa]rt)(?<!\b[Ss]ec)[.:—–-]+\s+", ", ", heading.rstrip(".: ")))
    return f"{'According to' if language == 'en' else 'Según'} {', '.join(parts)}: "


def columns(names: str, language: Language) -> str:
    """What stands in the place of a heading above a row of a table."""
    return f"{'columns' if language == 'en' else 'columnas'} {names}"


def heading_of(passage: Passage, asked: Collection[Reference]) -> str:
    """The heading that an answer about the provisions `asked` names: that of the chapter, if it was asked for, else the innermost one."""
    if passage.section and any(reference.kind in HEADED and is_headed(passage, reference.number) for reference in asked):
        return passage.section[-1]
    if not (asked and passage.provisions and passage.section):
        return ""
    own = passage.provisions[0] in asked
    around = [label for label in passage.section if heading_reference(label) in asked]
    return around[0] if around and not own else passage.section[-1]


def needed_heading(passage: Passage, text: str, question: str) -> str:
    """The heading above a quotation that says little, or the opposite, without it.

    That is: the question that it answers ("Yes, within 28 days."), what its items are a list of, or a heading that denies ("Not included").
    Not the very question that was asked.
    """
    label = passage.section[-1] if passage.section and not passage.provisions else ""
    if label in ("", passage.title) or len(label) > LONGEST_HEADING or label.strip("¿? ").casefold() == question.strip("¿? ").casefold():
        return ""
    return label if label.endswith("?") or _FRAGMENT.match(text) or _DENYING.search(label) else ""


def message_head(passage: Passage, start: int) -> str:
    """Who wrote the message of a mail's thread that `start` of the passage is in, and when; nothing for the mail itself."""
    if not passage.source.endswith(".eml"):
        return ""
    above = [*passage.section[-1:], *(match[0] for match in _MESSAGE.finditer(passage.text[:start]))]
    return next((head for head in reversed(above) if _MESSAGE.fullmatch(head)), "")


def is_headed(passage: Passage, number: str) -> bool:
    """Whether the heading above a passage begins with a number: the passage is what has it, and not a line in it."""
    return bool(passage.section) and re.match(rf"{re.escape(number)}[.)]?(?:-|\s|$)", passage.section[-1]) is not None


def opens_with(text: str, heading: str) -> bool:
    """Whether a quotation begins with the heading above it, which then is not said twice."""
    start, whole = (" ".join(MARKUP.sub("", part).split()).casefold() for part in (heading, text))
    return whole.startswith(start.rstrip(" .:"))


def other_side(passage: Passage, start: int, end: int, question: str) -> str:
    """A quotation that contradicts what was quoted before, with its source and date, as a paragraph of its own without a marker."""
    language = asked_in(question)
    told = lead_in(passage, language)
    opening = "En cambio, " if language == "es" else "But "
    return f"\n\n{opening}{told[0].lower()}{told[1:]}{quoted(passage.text[start:end])}"


def quoted(text: str) -> str:
    """`text` without markup in quotation marks that it does not hold itself."""
    plain = _SPACE.sub(" ", DELIMITER.sub("", MARKUP.sub("", FENCE.sub("", text)))).strip()
    opening, closing = next((pair for pair in _PAIRS if not set(pair) & set(plain)), _PAIRS[-1])
    return f"{opening}{plain}{closing}"
