"""Citations that are checked by code: every sentence of an answer is compared with the passages that it cites.

A generator writes text with markers `[n]`, n being the position of a hit. `Checker` follows the stream, replaces each marker by the number of
a citation of exact characters, drops and counts markers that point nowhere, and in the end gives each sentence a verdict:

    quoted       what stands in quotation marks (or the whole sentence) is verbatim in a cited passage
    supported    its numbers and names are in the cited passages, its negation agrees, and enough of its words are covered
    unsupported  none of that, or no citation at all

It knows words, numbers, names and negation; it does not know whether a paraphrase follows logically.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rag.sentences import sentences
from rag.types import Citation, Hit, Sentence, Verdict

SUPPORT_THRESHOLD = 0.55
NAME_THRESHOLD = 0.6
_MARKER = re.compile(r"\s?\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_OPEN_MARKER = re.compile(r"\s?(?:\[[\d\s,;]{0,30})?$")
_QUOTATION = re.compile(r"«([^«»]{2,})»|“([^“”]{2,})”|\"([^\"]{2,})\"")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<![.!?¿¡«“\"]\s)(?<!^)(?<![«“\"¿¡(])\b[A-ZÁÉÍÓÚÑ][\wáéíóúñü]{2,}")
_NEGATION = re.compile(
    r"\b(?:not|no|never|nor|neither|none|without|cannot|n't|excludes?|excluded|prohibits?|prohibited|forbids?|forbidden|refuses?|denies|"
    r"nunca|jamás|ni|sin|tampoco|ningun[oa]?|ningún|nadie|excluye[n]?|excluid[oa]s?|prohíbe[n]?|prohibid[oa]s?|queda[n]? excluid[oa]s?|niega)\b|n['’]t\b",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_EDGE = " \t\r\n.,;:!?"


class Support(Protocol):
    """How far the words of one text are covered by another, 0 to 1, across languages (`rag.evidence.Evidence`)."""

    def coverage(self, text: str, by: str) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check: `text` is the answer with the final citation numbers, `dropped` counts markers that pointed nowhere."""

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    dropped: int


@dataclass(slots=True)
class _Mark:
    """A citation marker at a position of the plain text."""

    position: int
    hit: int
    number: int


class Checker:
    """Follows one answer as it is generated over `hits`."""

    def __init__(self, hits: Sequence[Hit], support: Support) -> None:
        self._hits = hits
        self._support = support
        self._pending = ""
        self._plain = ""
        self._output = ""
        self._marks: list[_Mark] = []
        self._citations: list[Citation] = []
        self._dropped = 0

    def feed(self, piece: str) -> str:
        """Take the next piece of the generator's text; returns what can be shown of it, with resolved markers."""
        self._pending += piece
        shown = ""
        while match := _MARKER.search(self._pending):
            shown += self._emit(self._pending[: match.start()])
            shown += self._resolve(match[1])
            self._pending = self._pending[match.end() :]
        held = _OPEN_MARKER.search(self._pending)
        cut = held.start() if held else len(self._pending)
        shown += self._emit(self._pending[:cut])
        self._pending = self._pending[cut:]
        self._output += shown
        return shown

    def finish(self) -> Checked:
        """The checked answer, once the generator has ended."""
        self._output += self._emit(self._pending)
        self._pending = ""
        spans = units(self._plain)
        checked = []
        for (start, end), (following, _) in zip(spans, [*spans[1:], (len(self._plain) + 1, 0)], strict=True):
            marks = [mark for mark in self._marks if start < mark.position <= following - 1]
            text = self._plain[start:end]
            verdict = self.verdict(text, sorted({mark.hit for mark in marks}))
            numbers = tuple(dict.fromkeys(mark.number for mark in marks))
            shown = text + "".join(f" [{number}]" for number in numbers)
            checked.append(Sentence(shown, numbers, verdict))
        return Checked(self._output.strip(), tuple(checked), tuple(self._citations), self._dropped)

    def verdict(self, text: str, cited: Sequence[int]) -> Verdict:
        """What the cited passages (indices of hits) say of one sentence without its markers."""
        if not cited:
            return "unsupported"
        passages = [self._hits[index].passage.text for index in cited]
        titles = {self._hits[index].passage.title for index in cited}
        quotations = [quotation for quotation in _quotations(text) if quotation not in titles]
        verbatim = [any(locate(passage, quotation) for passage in passages) for quotation in quotations]
        if quotations and all(verbatim):
            known = "\n".join(_context(self._hits[index]) for index in cited)
            lead_in = _QUOTATION.sub(" ", text)
            return "quoted" if _numbers(lead_in) <= _numbers(known) else "unsupported"
        if not quotations and any(locate(passage, text.strip(_EDGE)) for passage in passages):
            return "quoted"
        if quotations and not all(verbatim):
            return "unsupported"
        return "supported" if self._supported(text, cited) else "unsupported"

    def _supported(self, text: str, cited: Sequence[int]) -> bool:
        known = "\n".join(_context(self._hits[index]) for index in cited)
        nearest = "\n".join(self._cite(text, index).quote for index in cited)
        return (
            _numbers(text) <= _numbers(known)
            and all(self._support.coverage(name, known) >= NAME_THRESHOLD for name in _NAME.findall(text))
            and _negated(text) == _negated(nearest)
            and self._support.coverage(text, known) >= SUPPORT_THRESHOLD
        )

    def _emit(self, text: str) -> str:
        self._plain += text
        return text

    def _resolve(self, numbers: str) -> str:
        shown = ""
        spans = units(self._plain)
        sentence = self._plain[slice(*spans[-1])] if spans else ""
        for number in dict.fromkeys(int(value) for value in re.findall(r"\d+", numbers)):
            if not 1 <= number <= len(self._hits) or not sentence:
                self._dropped += 1
                continue
            citation = self._number(self._cite(sentence, number - 1))
            self._marks.append(_Mark(len(self._plain), number - 1, citation.number))
            shown += f" [{citation.number}]"
        return shown

    def _number(self, citation: Citation) -> Citation:
        for known in self._citations:
            if (known.source, known.start, known.end) == (citation.source, citation.start, citation.end):
                return known
        numbered = replace(citation, number=len(self._citations) + 1)
        self._citations.append(numbered)
        return numbered

    def _cite(self, sentence: str, index: int) -> Citation:
        """The characters of hit `index` that carry `sentence`: its quotation if there is one, else the sentence nearest to it."""
        hit = self._hits[index]
        passage = hit.passage
        located = [span for quotation in _quotations(sentence) if (span := locate(passage.text, quotation))]
        span = max(located, key=lambda pair: pair[1] - pair[0]) if located else None
        if span is None:
            span = locate(passage.text, sentence.strip(_EDGE)) or self._nearest(sentence, passage.text)
        start, end = span
        return Citation(
            number=0, source=passage.source, title=passage.title, start=passage.start + start, end=passage.start + end,
            quote=passage.text[start:end], score=hit.score, page=passage.page, section=passage.section, date=passage.date,
        )  # fmt: skip

    def _nearest(self, sentence: str, passage: str) -> tuple[int, int]:
        spans = sentences(passage) or [(0, len(passage))]
        return max(spans, key=lambda span: self._support.coverage(sentence, passage[slice(*span)]))


def units(text: str) -> list[tuple[int, int]]:
    """The sentences of an answer as spans; a quotation of several sentences is not cut."""
    quoted = [match.span() for match in _QUOTATION.finditer(text)]
    spans: list[tuple[int, int]] = []
    for start, end in sentences(text):
        if spans and any(first < start < last for first, last in quoted):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def locate(passage: str, quotation: str) -> tuple[int, int] | None:
    """Where `quotation` stands verbatim in `passage`, but for white space and Markdown's signs between words; None if it does not."""
    words = quotation.split()
    if not words:
        return None
    match = re.search(r"[\s*_#>`]+".join(map(re.escape, words)), passage)
    return match.span() if match else None


def _quotations(text: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _QUOTATION.findall(text)]


def _context(hit: Hit) -> str:
    passage = hit.passage
    return "\n".join((passage.title, *passage.section, passage.date or "", passage.text))


def _numbers(text: str) -> set[str]:
    """The numbers of a text in comparable form: "1.234,5" and "1,234.5" agree, and so do "05" and "5"."""
    return {re.sub(r"[.,]", "", number).lstrip("0") for number in _NUMBER.findall(text)}


def _negated(text: str) -> bool:
    return _NEGATION.search(text) is not None
