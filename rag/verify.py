"""Citations that are checked by code: every sentence of an answer is compared with the passages that it cites.

A generator writes text with markers `[n]`, n being the position of a hit. `Checker` follows the stream, replaces each marker by the
number of a citation of exact characters, drops and counts markers that point nowhere, and in the end gives each sentence a verdict:

    quoted       what stands in quotation marks (or the whole sentence) is verbatim in a cited passage, was not cut off a negation, and
                 the words around it agree with the passage
    supported    its numbers and names are in the cited passages, its negation agrees, and enough of its words are covered
    unsupported  none of that, or no citation at all

It knows words, numbers, names and negation; it does not know whether a paraphrase follows logically, nor who did what to whom. A marker
gets its citation when it is read, from the part of the sentence before it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from rag.dates import written
from rag.facts import initial_name, names, negated, negation_before, numbers, spelled_alike
from rag.language import FUNCTION_WORDS
from rag.quotations import Searchable, quotation_spans, quotations, without_quotations
from rag.references import find
from rag.sentences import sentences
from rag.types import Citation, Hit, Sentence, Verdict

SUPPORT_THRESHOLD = 0.55
NAME_THRESHOLD = 0.76
INITIAL_NAME_THRESHOLD = 0.45
FEWEST_VERBATIM_WORDS = 3
LONGEST_SENTENCE = 5_000
# Any beginning of a marker is held back until it is whole, so that the result does not depend on where the stream is cut.
_MARKER = re.compile(r"\s?\[(\d{1,3}(?:\s{0,2}[,;]\s{0,2}\d{1,3}){0,9})\]")
_OPEN_MARKER = re.compile(r"\s?(?:\[[\d\s,;]{0,80})?\Z")
_ACCORDING = re.compile(r"^\W*(?:according to|as stated in|según|de acuerdo con|conforme a)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_EDGE = " \t\r\n.,;:!?"


class Support(Protocol):
    """How far the words of one text are covered by another, 0 to 1, across languages (`rag.evidence.Evidence`)."""

    def coverage(self, text: str, by: str) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check: `text` is the answer with the final citation numbers, `dropped` counts markers that pointed nowhere.

    The text of each sentence is a part of `text`, its markers included.
    """

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A shown marker: where it stands in the plain text (without markers), and where it ends in the shown one."""

    position: int
    shown_end: int
    hit: int
    number: int


class Checker:
    """Follows one answer as it is generated over `hits`."""

    def __init__(self, hits: Sequence[Hit], support: Support) -> None:
        self._hits = hits
        self._support = support
        self._passages = [Searchable(hit.passage.text) for hit in hits]
        self._titles = {_bare(hit.passage.title) for hit in hits}
        self._pending = ""
        self._plain = ""
        self._output = ""
        self._marks: list[_Mark] = []
        self._citations: list[Citation] = []
        self._dropped = 0

    def feed(self, piece: str) -> str:
        """Take the next piece of the generator's text; returns what can be shown of it, with resolved markers."""
        self._pending += piece
        before = len(self._output)
        position = 0
        for match in _MARKER.finditer(self._pending):
            self._emit(self._pending[position : match.start()])
            position = match.end()
            if self._is_of_source(match[0]):
                self._emit(match[0])
            else:
                self._resolve(match[1])
        held = _OPEN_MARKER.search(self._pending, position)
        cut = held.start() if held else len(self._pending)
        self._emit(self._pending[position:cut])
        self._pending = self._pending[cut:]
        return self._output[before:]

    def finish(self) -> Checked:
        """The checked answer, once the generator has ended."""
        self._emit(self._pending)
        self._pending = ""
        spans = units(self._plain)
        positions = [mark.position for mark in self._marks]
        checked: list[Sentence] = []
        for (start, end), (following, _) in pairwise([*spans, (len(self._plain) + 1, 0)]):
            first = bisect_right(positions, start) if checked else 0  # a marker before the first sentence is taken for its own
            marks = self._marks[first : bisect_right(positions, following)]
            shown_start = start + self._shift(first) if checked or not marks else min(start, marks[0].position)
            shown_end = max(end + self._shift(bisect_right(positions, end)), marks[-1].shown_end if marks else 0)
            verdict = self.verdict(self._plain[start:end], sorted({mark.hit for mark in marks}))
            numbered = tuple(dict.fromkeys(mark.number for mark in marks))
            checked.append(Sentence(self._output[shown_start:shown_end], numbered, verdict))
        return Checked(self._output.strip(), tuple(checked), tuple(self._citations), self._dropped)

    def verdict(self, text: str, cited: Sequence[int]) -> Verdict:
        """What the cited passages (indices of hits) say of one sentence without its markers."""
        if not cited or len(text) > LONGEST_SENTENCE:
            return "unsupported"
        every = quotations(text)
        quoted = [quotation for quotation in every if _bare(quotation) not in self._titles]
        if not quoted and not _WORD.search(self._without_attribution(without_quotations(text), cited)):
            quoted = every  # a document's title is all that is said
        if quoted:
            verbatim = all(self._stands(quotation, text, cited) for quotation in quoted)
            return "quoted" if verbatim and self._agrees(text, quoted, cited) else "unsupported"
        if len(text.split()) >= FEWEST_VERBATIM_WORDS and self._stands(text.strip(_EDGE), text, cited):
            return "quoted"
        return "supported" if self._supported(self._without_attribution(text, cited), text, cited) else "unsupported"

    def _stands(self, quotation: str, text: str, cited: Sequence[int]) -> bool:
        """Whether `quotation` is verbatim in a cited passage, at a place where no negation before it is lost in `text`."""
        for index in cited:
            passage = self._hits[index].passage.text
            spans = self._passages[index].locate_all(quotation)
            if any(negated(text) or not negation_before(passage, start) for start, _ in spans):
                return True
        return False

    def _agrees(self, text: str, quoted: Sequence[str], cited: Sequence[int]) -> bool:
        """Whether the words around the quotations go with the passages: all of their claims if they outweigh what is quoted."""
        around = self._without_attribution(without_quotations(text), cited)
        if len(around.split()) > 2 * sum(len(quotation.split()) for quotation in quoted):
            return self._supported(around, text, cited)
        return self._facts_agree(around, text, cited) and (negated(around) <= negated(self._source_sentences(text, cited)))

    def _without_attribution(self, text: str, cited: Sequence[int]) -> str:
        """`text` without "according to", dates and headings of the cited passages."""
        text = _ACCORDING.sub("", text, count=1)
        for index in cited:
            for known in _dates(self._hits[index]) | set(self._hits[index].passage.section):
                text = text.replace(known.rstrip(".: "), " ") if known.strip() else text
        return text

    def _supported(self, claim: str, text: str, cited: Sequence[int]) -> bool:
        return (
            not FUNCTION_WORDS.issuperset(_WORD.findall(claim.casefold()))
            and self._facts_agree(claim, text, cited)
            and negated(text) == negated(self._source_sentences(text, cited))
            and self._support.coverage(claim, self._known(cited)) >= SUPPORT_THRESHOLD
        )

    def _facts_agree(self, claim: str, text: str, cited: Sequence[int]) -> bool:
        """Whether the numbers and names of `claim` are in the cited passages, their titles and headings, or the year of their date."""
        known = self._known(cited)
        years = {(self._hits[index].passage.date or "").partition("-")[0] for index in cited}
        if not numbers(claim) <= numbers(known) | years:
            return False
        first = initial_name(text)
        return all(self._is_known(name, known, NAME_THRESHOLD) for name in names(claim)) and (
            first is None or first not in claim or self._is_known(first, known, INITIAL_NAME_THRESHOLD)
        )

    def _is_known(self, name: str, known: str, threshold: float) -> bool:
        return self._support.coverage(name, known) >= threshold or spelled_alike(name, known)

    def _known(self, cited: Sequence[int]) -> str:
        return "\n".join(_context(self._hits[index]) for index in cited)

    def _source_sentences(self, text: str, cited: Sequence[int]) -> str:
        """The whole sentences of the cited passages that a citation of `text` lies in."""
        found = []
        for index in cited:
            passage = self._hits[index].passage
            citation = self._cite(text, index)
            first, last = citation.start - passage.start, citation.end - passage.start
            found += [passage.text[start:end] for start, end in sentences(passage.text) if start < last and end > first]
        return "\n".join(found)

    def _emit(self, text: str) -> None:
        self._plain += text
        self._output += text

    def _is_of_source(self, marker: str) -> bool:
        """Whether what looks like a marker is part of a passage that is being quoted, such as a footnote sign."""
        before = self._plain[-30:]
        return len(before) == 30 and any(passage.locate_all(before + marker, words=False) for passage in self._passages)

    def _resolve(self, listed: str) -> None:
        """Show the markers of one list; those that point nowhere, or stand before any sentence, are dropped and counted."""
        sentence = self._last_sentence()
        for number in dict.fromkeys(int(value) for value in re.findall(r"\d+", listed)):
            if not 1 <= number <= len(self._hits) or not sentence:
                self._dropped += 1
                continue
            citation = self._number(self._cite(sentence, number - 1))
            position = len(self._plain)
            if any(mark.number == citation.number and mark.position == position for mark in self._marks[-10:]):
                continue
            self._output += f" [{citation.number}]"
            self._marks.append(_Mark(position, len(self._output), number - 1, citation.number))

    def _last_sentence(self) -> str:
        """The sentence that the plain text ends with; looked for in its last paragraph."""
        text = self._plain[-LONGEST_SENTENCE:]
        text = text[text.rstrip().rfind("\n\n") + 1 :]
        spans = units(text)
        return text[slice(*spans[-1])] if spans else ""

    def _shift(self, marks: int) -> int:
        """How far the first `marks` markers push what follows them in the shown text."""
        return self._marks[marks - 1].shown_end - self._marks[marks - 1].position if marks else 0

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
        every = quotations(sentence)
        quoted = [quotation for quotation in every if _bare(quotation) not in self._titles] or every
        located = [span for quotation in quoted for span in self._passages[index].locate_all(quotation)[:1]]
        whole = self._passages[index].locate_all(sentence.strip(_EDGE))[:1] if not located else []
        span = max(located or whole, key=lambda pair: pair[1] - pair[0], default=None)
        start, end = span or self._nearest(sentence, passage.text)
        first = passage.start + start
        return Citation(
            number=0, source=passage.source, title=passage.title, start=first, end=passage.start + end, quote=passage.text[start:end],
            score=hit.score, page=passage.page_at(first), section=passage.section, date=passage.date,
            copies=passage.copies,
        )  # fmt: skip

    def _nearest(self, sentence: str, passage: str) -> tuple[int, int]:
        spans = sentences(passage) or [(0, len(passage))]
        return max(spans, key=lambda span: self._support.coverage(sentence[:LONGEST_SENTENCE], passage[slice(*span)]))


def units(text: str) -> list[tuple[int, int]]:
    """The sentences of an answer as spans; neither a quotation of several sentences is cut nor a lead-in that names a provision."""
    quoted = quotation_spans(text)
    starts = [start for start, _ in quoted]
    spans: list[tuple[int, int]] = []
    for start, end in sentences(text):
        before = bisect_left(starts, start) - 1
        inside = before >= 0 and start < quoted[before][1]
        if spans and (inside or _is_lead_in(text[slice(*spans[-1])])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _is_lead_in(sentence: str) -> bool:
    """Whether a full stop only follows the number of a provision: "According to the treaty, Article 12." before its heading."""
    if not _ACCORDING.match(sentence) or not sentence.endswith("."):
        return False
    mentions = find(sentence[-60:])
    return bool(mentions) and sentence[-60:][mentions[-1].end :].rstrip(".") == ""


def locate(passage: str, quotation: str) -> tuple[int, int] | None:
    """Where `quotation` first stands word for word in `passage`; None if it does not (see `rag.quotations`)."""
    return next(iter(Searchable(passage).locate_all(quotation)), None)


def _bare(title: str) -> str:
    return Searchable(title).without_quotes().strip(_EDGE)


def _dates(hit: Hit) -> set[str]:
    date = hit.passage.date
    return {written(date, "en"), written(date, "es"), date} if date else set()


def _context(hit: Hit) -> str:
    passage = hit.passage
    return "\n".join((passage.title, *passage.section, passage.text))
