"""Citations that are checked by code: every sentence of an answer is compared with the passages that it cites.

A generator writes text with markers `[n]`, n being the position of a hit. `Checker` follows the stream, replaces each marker by the
number of a citation of exact characters, drops and counts markers that point nowhere, and in the end gives each sentence a verdict:

    quoted, supported or unsupported, see `rag.verification.verdicts`

A marker gets its citation when it is read, from the part of the sentence before it, or from what follows where that says too little
("Passage [3] says that ...").
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.references import find
from rag.sentences import sentences
from rag.types import Citation, Hit, Sentence
from rag.verification.claims import WordVectors
from rag.verification.quotations import Searchable, pieces, quotation_spans, quotations
from rag.verification.verdicts import ACCORDING, EDGE, LONGEST_SENTENCE, SOURCE_LABEL, Verdicts, bare

# Any beginning of a marker is held back until it is whole, so that the result does not depend on where the stream is cut.
# Models write [1], [1, 2], [1-3], [^1], [[1]], [ 1 ], \\[1\\], [Document 1], [Source: 1], (see passage 1), "passage 1" and 【1】, some with
# the source behind a dagger: 【1†law.md】.
_AND = r"(?:\s{0,2}[,;–-]\s{0,2}|,?\s(?:and|y|&)\s)"
_NAME = (
    r"(?:passages?|sources?|documents?|docs?\.?|references?|refs?\.?|citations?|"
    r"pasajes?|fuentes?|documentos?|referencias?|citas?|n\.):?[\s-]?"
)
_NAMES = rf"(?:(?:see|cf\.|from|v[ée]ase|ver)\s)?{_NAME}(?:{_NAME})?"
_NUMBERS = rf"\d{{1,3}}(?:{_AND}(?:{_NAME})?\d{{1,3}}){{0,9}}"
_MARKER = re.compile(
    rf"\s?(?:\[\[(?P<double>{_NUMBERS})\]\]|(?:\\\[|(?<!\[)\[)\s?[\^#]?(?:{_NAMES})?(?P<square>{_NUMBERS})\s?\\?\]|\({_NAMES}(?P<round>{_NUMBERS})\)|"
    r"【\^?(?P<lens>\d{1,3}(?:\s{0,2}[,;–-]\s{0,2}\d{1,3}){0,9})(?:†[^\]】\n]{0,60})?】|"
    r"(?P<name>\b(?:passage|pasaje)\s)(?P<bare>\d{1,2})(?=\D))",
    re.IGNORECASE,
)
_OPEN_MARKER = re.compile(
    r"\s?(?:\\?(?:\[\[[\w\d\s.,;:&–\\^#-]{0,80}\]?|\[[\^#]?[\w\d\s.,;:&–\\-]{0,80})?|\([\w\d\s.,;:&–-]{0,80}|【\^?[\d\s,;–-]{0,80}(?:†[^\]】\n]{0,60})?|"
    r"\bp(?:as?|as[a-z]{1,5}(?:\s\d{0,2})?)?)?\Z",
    re.IGNORECASE,
)
_FEW_WORDS = 4
"""With no more words before it than these, a marker stands for what follows it."""
_FOLLOWING_END = re.compile(r"\A[.!?…]|[.!?…]\s|[\n\[【]")
_LONGEST_FOLLOWING = 300
_HEADING = re.compile(r"#{1,6}[ \t][^\n]{1,80}|(?P<bold>\*\*|__)[^*_\n.]{1,80}(?P=bold):?")
_WORD = re.compile(r"[^\W_]")
_WORDS = re.compile(r"\w+")
_LISTED = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")
_LONGEST_RANGE = 50


class Support(WordVectors, Protocol):
    """What a check asks of the words of both languages (`rag.evidence.Evidence`)."""

    def coverages(self, text: str, by: Sequence[str]) -> npt.NDArray[np.float64]:
        """How far the words of one text are covered by each of others, 0 to 1."""
        ...


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
        self._verdicts = Verdicts(hits, support)
        self._passages = self._verdicts.passages
        self._titles = self._verdicts.titles
        self._pending = ""
        self._taken = ""  # the last character before it
        self._plain = ""
        self._output = ""
        self._marks: list[_Mark] = []
        self._citations: list[Citation] = []
        self._dropped = 0
        self._waiting: list[str] = []  # markers at the beginning of a line, until it is known whether text follows there
        self._space = ""  # and the white space before them
        self._leading: list[str] = []  # markers that text of the line has followed: they stand for each of its sentences
        self._line = ""  # and that text, until it is known whether the line has other markers

    def feed(self, piece: str) -> str:
        """Take the next piece of the generator's text; returns what can be shown of it, with resolved markers."""
        self._pending += piece
        return self._read(final=False)

    def _read(self, *, final: bool) -> str:
        """Take what is certain of the pending text, or all of it if nothing follows; returns what can be shown."""
        before = len(self._output)
        position = 0
        held = None if final else _OPEN_MARKER.search(self._pending)
        cut = held.start() if held else len(self._pending)
        for match in _MARKER.finditer(self._pending):
            if match.start() >= cut:
                break
            self._take(self._pending[position : match.start()])
            position = match.start()
            listed = next(match[kind] for kind in ("double", "square", "round", "lens", "bare") if match[kind])
            if self._is_of_source(match[0]) or (match["bare"] and not self._points_at_passage(match)):
                self._take(match[0])
            elif not match["bare"] and self._opens_line(match[0]):
                if match[0][0] == "\n":
                    self._end_line()
                if not self._waiting:
                    self._space = match[0][:1].rstrip("\\[(【")
                self._waiting.append(listed)
            else:
                named = self._pending[match.start() : match.end("name")].rstrip() if match["bare"] else ""
                following = self._following(match.end(), named, final=final)
                if following is None:
                    cut = position
                    break
                self._take(named)
                self._resolve_within(listed, following)
            position = match.end()
        self._take(self._pending[position:cut])
        self._taken = self._pending[:cut][-1:] or self._taken
        self._pending = self._pending[cut:]
        return self._output[before:]

    def finish(self) -> Checked:
        """The checked answer, once the generator has ended."""
        self._read(final=True)
        self._settle(follows=False)
        self._end_line()
        spans = units(self._plain)
        positions = [mark.position for mark in self._marks]
        checked: list[Sentence] = []
        for (start, end), (following, _) in pairwise([*spans, (len(self._plain) + 1, 0)]):
            first = bisect_right(positions, start) if checked else 0  # a marker before the first sentence is taken for its own
            marks = self._marks[first : bisect_right(positions, following)]
            shown_start = start + self._shift(first) if checked or not marks else min(start, marks[0].position)
            shown_end = max(end + self._shift(bisect_right(positions, end)), marks[-1].shown_end if marks else 0)
            verdict = self._verdicts.verdict(self._plain[start:end], sorted({mark.hit for mark in marks}))
            numbered = tuple(dict.fromkeys(mark.number for mark in marks))
            checked.append(Sentence(self._output[shown_start:shown_end], numbered, verdict))
        return Checked(self._output.strip(), tuple(checked), tuple(self._citations), self._dropped)

    def without_unsupported(self) -> Checked:
        """The same answer, once `finish` was called, without the sentences that are unsupported."""
        kept = Checker(self._hits, self._support)
        positions = [mark.position for mark in self._marks]
        spans = units(self._plain)
        for (start, end), (following, _) in pairwise([*spans, (len(self._plain) + 1, 0)]):
            first = bisect_right(positions, start) if start != spans[0][0] else 0
            marks = self._marks[first : bisect_right(positions, following)]
            if self._verdicts.verdict(self._plain[start:end], sorted({mark.hit for mark in marks})) == "unsupported":
                continue
            at = start
            for mark in marks:
                kept._emit(self._plain[at : max(at, mark.position)])
                kept._resolve(str(mark.hit + 1), self._plain[at:end])
                at = max(at, mark.position)
            kept._emit(self._plain[at : max(at, following - 1 if following > len(self._plain) else following)])
        return kept.finish()

    def _points_at_passage(self, match: re.Match[str]) -> bool:
        """Whether "passage 3" is one of those that the model was given, and no end of another word."""
        return 1 <= int(match["bare"]) <= len(self._hits) and (match.start("name") > 0 or not _WORDS.match(self._taken))

    def _following(self, position: int, named: str, *, final: bool) -> str | None:
        """What follows a marker up to the end of its sentence, where too little stands before it; None while that is not known."""
        sentence = self._last_sentence(f"{self._plain}{self._line}{named}")
        if len(_WORDS.findall(sentence)) > _FEW_WORDS or quotations(sentence):
            return ""
        text = self._pending[position : position + _LONGEST_FOLLOWING]
        end = _FOLLOWING_END.search(text)
        return text[: end.start()] if end else text if final or len(text) == _LONGEST_FOLLOWING else None

    def _opens_line(self, marker: str) -> bool:
        """Whether a marker stands at the beginning of a line: what it is for follows, as in "[1] The pump runs at 40 bar."."""
        return marker[0] == "\n" or bool(self._waiting) or not (self._plain + self._line).rpartition("\n")[2].strip(" \t-*•")

    def _take(self, text: str) -> None:
        """Emit text, with the markers of its lines that wait."""
        if self._waiting:
            text = text.lstrip(" \t:")
            if not text:
                return
            self._settle(follows=text[0] not in "\r\n")
        if self._leading:
            line, end, text = text.partition("\n")
            self._line += line
            if end:
                self._end_line()
            text = end + text
        self._emit(text)

    def _settle(self, *, follows: bool) -> None:
        """Give the markers that wait to the text that follows them on the line, or else to the sentence before."""
        waiting, self._waiting = self._waiting, []
        space, self._space = self._space, ""
        if follows and waiting:
            self._emit(space if self._plain else "")
            self._leading = waiting
        else:
            for listed in waiting:
                self._resolve(listed)

    def _end_line(self) -> None:
        """Give each sentence of the line the markers that led it."""
        leading, self._leading = self._leading, []
        line, self._line = self._line, ""
        at = 0
        for end in [end for _, end in units(line)] or [0] * bool(leading):
            self._emit(line[at:end])
            at = end
            for listed in leading:
                self._resolve(listed)
        self._emit(line[at:])

    def _resolve_within(self, listed: str, following: str) -> None:
        """Show the markers of a list behind some text; a line that has such markers is not led by those that it begins with."""
        line, self._line = self._line, ""
        self._emit(line)
        marks = len(self._marks)
        self._resolve(listed, following)
        if len(self._marks) > marks:
            self._leading = []

    def _emit(self, text: str) -> None:
        self._plain += text
        self._output += text

    def _is_of_source(self, marker: str) -> bool:
        """Whether what looks like a marker is part of a passage that is being quoted, such as a footnote sign."""
        plain = self._plain + self._line
        opened = max(plain.rfind(sign) for sign in '«“‹"')
        before = plain[max(opened + 1, len(plain) - 30) :] if opened >= 0 else plain[-30:]
        if len(before) < 30 and (opened < 0 or not before.strip()):
            return False
        return any(passage.locate_all(before + marker, words=False) for passage in self._passages)

    def _resolve(self, listed: str, following: str = "") -> None:
        """Show the markers of one list; those that point nowhere, or stand before any sentence, are dropped and counted."""
        sentence = self._last_sentence(self._plain)
        for number in dict.fromkeys(_numbers(listed)):
            if not 1 <= number <= len(self._hits) or not sentence:
                self._dropped += 1
                continue
            citation = self._number(self._cite(sentence + following, number - 1))
            position = len(self._plain)
            if any(mark.number == citation.number and mark.position == position for mark in self._marks[-10:]):
                continue
            self._output += f" [{citation.number}]"
            self._marks.append(_Mark(position, len(self._output), number - 1, citation.number))

    def _last_sentence(self, plain: str) -> str:
        """The sentence that a plain text ends with; looked for in its last paragraph, behind the last marker of another place."""
        told = next((mark.position for mark in reversed(self._marks) if _WORD.search(plain, mark.position)), 0)
        text = SOURCE_LABEL.sub(r"\g<before>", plain[told:][-LONGEST_SENTENCE:])
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
        quoted = [quotation for quotation in every if bare(quotation) not in self._titles] or every
        located = [span for quotation in quoted for span in pieces(self._passages[index], quotation)[:1]]
        whole = self._passages[index].locate_all(sentence.strip(EDGE))[:1] if not located else []
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
        texts = [passage[slice(*span)] for span in spans]
        return spans[int(np.argmax(self._support.coverages(sentence[:LONGEST_SENTENCE], texts)))]


def _numbers(listed: str) -> Iterator[int]:
    """The numbers of "1, 3-5"; both ends of what is no range."""
    for match in _LISTED.finditer(listed):
        first, last = int(match[1]), int(match[2] or match[1])
        yield from range(first, last + 1) if first <= last <= first + _LONGEST_RANGE else (first, last)


def units(text: str) -> list[tuple[int, int]]:
    """The sentences of an answer as spans; neither a quotation of several sentences is cut nor a lead-in that names a provision.

    A heading goes with the sentence below it, which says it.
    """
    quoted = quotation_spans(text)
    starts = [start for start, _ in quoted]
    spans: list[tuple[int, int]] = []
    for start, end in sentences(text):
        if not _WORD.search(text, start, end):
            continue  # a rule, a fence, the frame of a table
        before = bisect_left(starts, start) - 1
        inside = before >= 0 and start < quoted[before][1]
        last = text[slice(*spans[-1])] if spans else ""
        if spans and (inside or _is_lead_in(last) or _HEADING.fullmatch(last) or SOURCE_LABEL.fullmatch(text[start:end])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _is_lead_in(sentence: str) -> bool:
    """Whether a full stop only follows the number of a provision: "According to the treaty, Article 12." before its heading."""
    if not ACCORDING.match(sentence) or not sentence.endswith("."):
        return False
    mentions = find(sentence[-60:])
    return bool(mentions) and sentence[-60:][mentions[-1].end :].rstrip(".") == ""


def locate(passage: str, quotation: str) -> tuple[int, int] | None:
    """Where `quotation` first stands word for word in `passage`; None if it does not (see `rag.verification.quotations`)."""
    return next(iter(Searchable(passage).locate_all(quotation)), None)
