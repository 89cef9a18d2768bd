"""The text of a mail cut into the messages of its thread: what was answered or forwarded stands below a heading with its sender and time.

Knows how common programs introduce a message, in both languages ("On ..., Ana wrote:", "De: / Enviado el: / Asunto:"), and takes the
marks of quotation from its lines. Answers written between quoted lines are left as they are: there, the marks say who speaks. In a short
thread, sender and time are lines of the text and no headings: it is cut into few passages, and one message explains another.
"""

import re
from dataclasses import dataclass, field

from rag.load.parsed import Parsed
from rag.types import Heading

SHORT = 1500  # characters of a thread
LEVEL = 2  # of the messages' headings: below the subject
MOST_WRAPPED = 3  # lines of an introduction
_QUOTED = re.compile(r"[ \t]?(?:>[ \t]?)+")
_WROTE = re.compile(
    r"(?:On|El)\s(?P<when>[^\n]{6,80}?\d{1,2}[:.h]\d\d(?::\d\d)?(?:\s?[apAP]\.?\s?[mM]\b\.?)?(?:\s[(+-][^,<\n]{1,12})?),?"
    r"\s+(?P<who>[^\n]{2,120}?)\s+(?:wrote|escribió)\s?:|"
    r"(?P<who_first>[^\n:]{2,120}?)\s+(?:wrote|escribió)\s+(?:on|el)\s(?P<when_last>[^\n]{6,80}):"
)
_OPENS = re.compile(r"(?:On|El)\s.{0,40}\d")
_RULE = re.compile(
    r"[-_ ]*(?:(?:begin )?forwarded message|original message|(?:inicio del )?mensaje (?:reenviado|original))[-_: ]*|_{10,}",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"[*_]{0,2}(?P<name>from|de|sent|date|enviado(?: el)?|fecha|to|para|cc|subject|asunto)\s?:[*_]{0,2}\s*(?P<value>.*)", re.IGNORECASE
)
_SENDER, _TIME, _SUBJECT = ("from", "de"), ("sent", "date", "enviado", "enviado el", "fecha"), ("subject", "asunto")
_ANSWERED = re.compile(r"(?:\s*\b(?:re|fwd?|rv|aw|tr)\s?:)+\s*", re.IGNORECASE)


@dataclass(slots=True)
class _Message:
    """A message: its heading (empty for the mail itself) and its lines; `depth` is how often its lines are quoted."""

    heading: str = ""
    depth: int = 0
    lines: list[str] = field(default_factory=list)


def thread(text: str, subject: str | None) -> Parsed:
    """The text of a mail about `subject`, with a heading above each message that it holds beside the sender's own."""
    lines = [_unquoted(line) for line in text.split("\n")]
    messages = [_Message()]
    place = 0
    while place < len(lines):
        depth, line = lines[place]
        introduced = _introduction(lines, place, subject)
        if introduced:
            heading, rest, place = introduced
            messages.append(_Message(heading, depth, rest))
            continue
        own = messages[-1]
        if own.heading and line and depth < own.depth:
            return _as_it_is(text)  # somebody answers below what is quoted
        own.depth = max(own.depth, depth)
        own.lines.append(line)
        place += 1
    return _joined(messages) if len(messages) > 1 else _as_it_is(text)


def _as_it_is(text: str) -> Parsed:
    """A mail without threads that can be told apart; lines that hold nothing but marks are blank."""
    return Parsed(re.sub(r"(?m)^[ \t>]+$", "", text))


def _unquoted(line: str) -> tuple[int, str]:
    """How often a line is quoted, and the line without the marks."""
    marks = _QUOTED.match(line)
    return (marks[0].count(">"), line[marks.end() :].rstrip()) if marks else (0, line.rstrip())


def _introduction(lines: list[tuple[int, str]], place: int, subject: str | None) -> tuple[str, list[str], int] | None:
    """The heading of the message that line `place` introduces, what else it says of it, and where its text begins."""
    while place < len(lines) and _RULE.fullmatch(lines[place][1].strip()):
        place += 1
        while place < len(lines) and not lines[place][1]:
            place += 1
    if place == len(lines):
        return None
    if _OPENS.match(lines[place][1]) or lines[place][1].endswith(":"):
        for count in range(1, MOST_WRAPPED + 1):
            said = " ".join(line.strip() for _, line in lines[place : place + count])
            if found := said.endswith(":") and _WROTE.fullmatch(said.strip()):
                who, when = found["who"] or found["who_first"], found["when"] or found["when_last"]
                return f"{who.strip(', ')}, {when.strip(', ')}", [], place + count
    return _head(lines, place, subject)


def _head(lines: list[tuple[int, str]], place: int, subject: str | None) -> tuple[str, list[str], int] | None:
    """The same for the lines "From: ", "Sent: ", "To: ", "Subject: " that other programs put above a message."""
    fields: dict[str, str] = {}
    while place < len(lines) and (found := _FIELD.fullmatch(lines[place][1].strip())):
        fields[found["name"].casefold()] = found["value"].strip()
        place += 1
    sender = next((fields.pop(name) for name in _SENDER if name in fields), None)
    when = next((fields.pop(name) for name in _TIME if name in fields), None)
    if not (sender and when and fields):
        return None
    rest = [
        f"{name.capitalize()}: {value}"
        for name, value in fields.items()
        if value and not (name in _SUBJECT and _ANSWERED.sub("", f"{value}").casefold() == _ANSWERED.sub("", subject or "").casefold())
    ]
    return f"{sender}, {when}", rest, place


def _joined(messages: list[_Message]) -> Parsed:
    parts: list[str] = []
    headings: list[Heading] = []
    length = 0
    for message in messages:
        body = "\n".join(message.lines).strip()
        for part in (message.heading, body):
            if not part:
                continue
            length += 2 if parts else 0
            if part is message.heading:
                headings.append(Heading(length, length + len(part), LEVEL, part))
            parts.append(part)
            length += len(part)
    return Parsed("\n\n".join(parts), headings=tuple(headings) if length > SHORT else ())
