"""Which sentence of the passages answers the question: word coverage first, the reader's second opinion on top.

A score is a log-odds: a softmax over the sentences of the first passages picks the one with the answer. It is a weighted sum of how well
the sentence and its surroundings cover the question, how well its passage ranked, whether it has the kind of thing that is asked for,
and what the reader says. It does not know whether any sentence answers at all: that is for `rag.abstain`.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from weakref import WeakMethod

import numpy as np
import numpy.typing as npt

from rag.asked import asks_for_sum, holds, is_sum, kinds_asked, measure_asked, measures
from rag.evidence import Evidence, builtin_evidence, comparable, counterparts, covered, crossing
from rag.language import asked_in
from rag.naming.siblings import without_names
from rag.provisions.which import which_provision
from rag.read import Reader
from rag.rows.columns import in_row, is_head, labelled_cells, row_at
from rag.rows.days import as_written, names_day, of_day
from rag.rows.named import rows_of_codes, rows_of_numbers
from rag.sentences import sentences
from rag.topic import topic_of
from rag.types import Hit, Passage
from rag.verification.claims import plain

Features = npt.NDArray[np.float64]

READ = 4  # hits whose sentences are looked at, at the most
TOGETHER = 2  # hits that are read side by side
REMEMBERED = 16  # questions
READING_LIMIT = 12.0  # the reader's log-odds count up to here, either way
_ROW_END = re.compile(r"(?m)(?<=\S)\n(?=\n[^|\n]{1,80}: [^|\n]+ \| )")
_LABEL = re.compile(r"[ *_•-]*(?:[A-Z]?\.?\d[\d.]*[.)]?[ \t]+)?[^\W\d_][^:.\n]{0,40}:\s")
_STATED = re.compile(r"[.!?;:…][\"»”)*_ ]*$")
_WORD = re.compile(r"\w{2,}")
MARKUP = re.compile(r"(?<!\w)[*_`]+|[*_`]+(?!\w)|(?m:^\s*[#>]+\s*)")


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence of a hit (index in the hits) at `start:end` of its passage.

    `words` is its score by words alone, `reading` the reader's log-odds that the answer lies in it, `score` both together, `covered` the
    share of the question that it covers with the sentences around it and the headings above. `amiss` says that it has nothing of the
    measure that is asked for ("how much does it weigh", and only centimetres), or is one row of many where their sum is asked for, or a
    row of another day, code or number than the one asked for; `dated`, that it is a row of that very day or number. `answers` are the
    log-odds that it answers against that none of the best does (`rag.sufficiency`), of the best only.
    """

    hit: int
    start: int
    end: int
    words: float
    reading: float
    score: float
    covered: float
    amiss: bool = False
    dated: bool = False
    answers: float = -math.inf


Score = Callable[[str, tuple[Hit, ...]], tuple[Scored, ...]]

WORDS: Mapping[str, float] = {
    "sentence": 2.4, "surroundings": 2.3, "passage": 1.3, "date": 0.9, "amount": 1.6, "person": 1.1, "place": 0.3, "reason": 1.7,
    "length": -0.24, "heading": -9.0,
}  # fmt: skip
"""Weights of what words alone say; fitted by `training.fit_answers`, as is READING, but for that of headings."""

READING = 0.35
"""Weight of the reader's log-odds."""

AMISS = 4.0
"""What a sentence loses, in log-odds, that is amiss; set by hand."""

DATED = 2.0
"""What a row of the day or the number that is asked for gains, in log-odds; set by hand."""

LINES = 8  # lines of two passages that are read alone, at the most
LONGEST_LINE = 200

BOTH = {"reading": 0.7, "line": 1.5}
"""Weights of the reading of a line within its passage and of the one alone, set on the held-out documents that fit (docs/decisions.md)."""

OF_ROW = {"reading": 0.2, "line": 1.5}
"""The same of a row of a table, in whose passage the reader cannot see what its cells are."""

JUDGED = 10  # sentences of a question, at the most, that are weighed against "none of them"

SURE = 0.0
"""The reader reads on, two passages at a time, until a sentence has these log-odds."""


class SentenceScorer:
    """Scores sentences with the words of the built-in table and, if it `reads`, with the reader; without, `reading` is 0 everywhere."""

    def __init__(self, evidence: Evidence, reader: Reader, *, reads: bool = True) -> None:
        self.evidence = evidence
        self.reader = reader
        self.reads = reads
        self._remembered = _remembering(self._score)
        self._by_words = _remembering(self._score_by_words)

    def score(self, question: str, hits: Sequence[Hit]) -> list[Scored]:
        """Every sentence of the first hits, best first; the latest are remembered, for refusal and quotation ask for the same ones.

        Hits beyond those in which the reader is sure to have found the answer are left out.
        """
        return _of_first(self._remembered, question, hits)

    def by_words(self, question: str, hits: Sequence[Hit]) -> list[Scored]:
        """Every sentence of the first hits by words alone, best first; remembered, too."""
        return _of_first(self._by_words, question, hits)

    def _score(self, question: str, hits: tuple[Hit, ...]) -> tuple[Scored, ...]:
        if not self.reads:
            return self._by_words(question, hits)
        ranked = self.ranked(question, hits)
        best = ranked[:JUDGED]
        odds = self.reader.sufficiency(question, [read_at(item, hits) for item in best], known_of(best))
        return *(replace(item, answers=value) for item, value in zip(best, odds.tolist(), strict=True)), *ranked[JUDGED:]

    def ranked(self, question: str, hits: tuple[Hit, ...]) -> tuple[Scored, ...]:
        """Every sentence of the hits that are read, best first, before it is weighed whether any of them answers; not remembered."""
        by_words = self._by_words(question, hits)
        scored: list[Scored] = []
        for first in range(0, len(hits), TOGETHER):
            read = [*self._read(question, hits[first : first + TOGETHER], first, by_words)]
            scored += self._read_lines(question, hits, read)
            if any(item.reading >= SURE and not item.amiss for item in scored):
                break
        return _best_first(scored)

    def _score_by_words(self, question: str, hits: tuple[Hit, ...]) -> tuple[Scored, ...]:
        spans = [(index, span) for index, hit in enumerate(hits) for span in sentences(hit.passage.text)]
        features = self.word_features(question, hits, spans)
        dated = _dated(question, hits, spans)
        dated = np.where(dated == 0, rows_of_numbers(question, hits, spans), dated)
        amiss = _amiss(question, hits, spans) | (dated < 0)
        words = features @ np.array(list(WORDS.values())) - AMISS * amiss + DATED * (dated > 0)
        covering = features[:, list(WORDS).index("surroundings")]
        scored = (
            Scored(index, start, end, score, 0.0, score, share, odd, day > 0)
            for (index, (start, end)), score, share, odd, day in zip(
                spans, words.tolist(), covering.tolist(), amiss.tolist(), dated.tolist(), strict=True
            )
        )
        return _best_first(scored)

    def _read(self, question: str, hits: Sequence[Hit], first: int, by_words: Sequence[Scored]) -> Iterator[Scored]:
        """The sentences of `hits`, the first of which has the index `first`, with what the reader says of them."""
        texts = [with_headings(hit.passage) for hit in hits]
        self.reader.read(question, texts)  # all windows side by side; what follows takes them from memory
        for index, (hit, text) in enumerate(zip(hits, texts, strict=True), start=first):
            own, before = [item for item in by_words if item.hit == index], len(text) - len(hit.passage.text)
            found = self.reader.sentence_scores(question, text, [(before + item.start, before + item.end) for item in own])
            yield from (_with_reading(item, value) for item, value in zip(own, found.tolist(), strict=True))

    def _read_lines(self, question: str, hits: Sequence[Hit], scored: Sequence[Scored]) -> Iterator[Scored]:
        """The sentences of `scored`, the best of those that are a line or a row with what the reader says of that alone."""
        passages = [hit.passage for hit in hits]
        lines = [item for item in _best_first(scored) if is_read_alone(passages[item.hit], item.start, item.end)][:LINES]
        texts = [line_text(passages[item.hit], item.start, item.end) for item in lines]
        alone = {
            (item.hit, item.start): value for item, value in zip(lines, self.reader.line_scores(question, texts).tolist(), strict=True)
        }
        for item in scored:
            value = alone.get((item.hit, item.start))
            if value is None:
                yield item
                continue
            own = BOTH if is_line(passages[item.hit], item.start, item.end) else OF_ROW
            yield _with_reading(item, own["reading"] * item.reading + own["line"] * value)

    def word_features(self, question: str, hits: Sequence[Hit], spans: Sequence[tuple[int, tuple[int, int]]]) -> Features:
        """What words say of sentences, given as index in the hits and span in its passage (len(spans) x len(WORDS))."""
        texts = [hits[index].passage.text[slice(*span)] for index, span in spans]
        contexts = ["\n".join(hit.passage.headings) for hit in hits]
        asked, *words = self.evidence.words([question, *texts, *contexts])
        best = counterparts(asked, words)
        crosses = crossing(question, [hits[index].passage.language for index, _ in spans])
        own = comparable(covered(asked, best)[: len(spans)], crosses)
        wanted = kinds_asked(question)
        top = max((hit.score for hit in hits), default=0.0)
        values = np.zeros((len(spans), len(WORDS)))
        for position, (index, _) in enumerate(spans):
            rows = [near for near in (position - 1, position, position + 1) if 0 <= near < len(spans) and spans[near][0] == index]
            around = best[[*rows, len(spans) + index]].max(axis=0, keepdims=True)
            text, passage = texts[position], hits[index].passage
            found = dict.fromkeys(WORDS, 0.0) | {kind: 1.0 for kind in wanted if holds(text, kind)}
            found |= {
                "sentence": own[position],
                "surroundings": comparable(covered(asked, around), crosses[[position]])[0],
                "passage": hits[index].score - top,
            }
            found |= {
                "length": math.log(len(text)),
                "heading": float(is_heading(text, passage) or is_head(passage.text, *spans[position][1])),
            }
            values[position] = list(found.values())
        return values


def _with_reading(item: Scored, value: float) -> Scored:
    reading = max(-READING_LIMIT, min(READING_LIMIT, value))
    return replace(item, reading=reading, score=item.words + READING * reading)


def _remembering(method: Score) -> Score:
    """`method` with its latest results remembered, without keeping its object, and with it the reader, alive in a cycle."""
    own = WeakMethod(method)

    @lru_cache(maxsize=REMEMBERED)
    def remembered(question: str, hits: tuple[Hit, ...]) -> tuple[Scored, ...]:
        found = own()
        assert found is not None  # it is the object that asks
        return found(question, hits)

    return remembered


def _of_first(score: Score, question: str, hits: Sequence[Hit]) -> list[Scored]:
    """What `score` says of the first hits; "which article deals with X?" is asked of provisions if there are any."""
    places = [*range(len(hits))]
    if which_provision(question):
        places = [place for place in places if hits[place].passage.provisions] or places
    scored = score(posed(question, hits), tuple(hits[place] for place in places[:READ]))
    return [item if item.hit == places[item.hit] else replace(item, hit=places[item.hit]) for item in scored]


def posed(question: str, hits: Sequence[Hit]) -> str:
    """What the sentences of hits are asked: of "which article deals with X?" and "what does it say about X?" the X.

    What it calls the document tells no passage from another where all are of one, nor do the names by which it means a few.
    """
    question = without_names(question, next((hit.passage.named for hit in hits if hit.passage.named), ()))
    if which := which_provision(question):
        asked = which.subject if len({hit.passage.source for hit in hits}) == 1 else which.with_text
    elif topic := topic_of(question):
        asked = f"¿{topic}?" if asked_in(question) == "es" else f"{topic}?"
    else:
        asked = question
    return as_written(asked, [hit.passage.text for hit in hits[:READ]])


def _amiss(question: str, hits: Sequence[Hit], spans: Sequence[tuple[int, tuple[int, int]]]) -> npt.NDArray[np.bool_]:
    """Which sentences have nothing of the measure that is asked for; the head of a table says what its cells are measured in.

    A sum or a mean over rows is no row, unless that says to be one, or is the only one of what the question names ("the total for towels").
    Where it names a code that one row has ("Q2"), the other rows of that document are of others.
    """
    amiss, measure, sums = np.zeros(len(spans), dtype=bool), measure_asked(question), asks_for_sum(question)
    for place, (index, (start, end)) in enumerate(spans if measure or sums else ()):
        text = hits[index].passage.text
        said = _with_columns(text, start, end)
        part = sums and " | " in text[start:end] and not is_sum(said)
        amiss[place] = part or (measure is not None and not measures(said, measure))
    if sums:
        amiss[_only_row_named(question, hits, spans)] = False
    return amiss | (rows_of_codes(question, hits, spans) < 0)


def _only_row_named(question: str, hits: Sequence[Hit], spans: Sequence[tuple[int, tuple[int, int]]]) -> list[int]:
    """The place of the one row whose first cell has no other words than the question; none if there are several."""
    asked = {word.rstrip("s") for word in _WORD.findall(plain(question))}
    named = []
    for place, (index, (start, end)) in enumerate(spans):
        row = hits[index].passage.text[start:end]
        label = {word.rstrip("s") for word in _WORD.findall(plain(row.strip("| ").split("|")[0]))}
        if " | " in row and label and label <= asked:
            named.append(place)
    return named if len(named) == 1 else []


def _dated(question: str, hits: Sequence[Hit], spans: Sequence[tuple[int, tuple[int, int]]]) -> npt.NDArray[np.int_]:
    """Which sentences are rows of a day that is asked for (1), and which of other days (-1)."""
    dated = np.zeros(len(spans), dtype=int)
    if names_day(question):
        for place, (index, (start, end)) in enumerate(spans):
            text = hits[index].passage.text
            if " | " in text[start:end]:
                dated[place] = {True: 1, False: -1, None: 0}[of_day(question, _with_columns(text, start, end))]
    return dated


def _with_columns(text: str, start: int, end: int) -> str:
    row = row_at(text, start, end)
    return f"{row.columns if row else ''} {text[start:end]}"


def _best_first(scored: Iterable[Scored]) -> tuple[Scored, ...]:
    return tuple(sorted(scored, key=lambda item: (-item.score, item.hit, item.start)))


def known_of(scored: Sequence[Scored]) -> npt.NDArray[np.float32]:
    """What words and reader say of sentences, as `rag.sufficiency` weighs it (len(scored) x 3)."""
    rows = [(item.reading / 5, item.words / 5, item.covered) for item in scored]
    return np.array(rows, dtype=np.float32).reshape(len(scored), 3)


def read_at(item: Scored, hits: Sequence[Hit]) -> tuple[str, int, int]:
    """What the reader sees of a sentence's passage, and where the sentence is in it."""
    passage = hits[item.hit].passage
    text = with_headings(passage)
    before = len(text) - len(passage.text)
    return text, before + item.start, before + item.end


def with_headings(passage: Passage) -> str:
    """What the reader sees of a passage: its title and headings, but for those that it holds, and its text.

    A row of a sheet ("Name: Ana | Role: judge") gets a full stop in place of a line end, which is nothing to the reader.
    """
    above = [line for line in dict.fromkeys(passage.headings) if line and line not in passage.text]
    return "\n".join((*above, _ROW_END.sub(".", passage.text)))


def is_line(passage: Passage, start: int, end: int) -> bool:
    """Whether the sentence at `start:end` of the passage is a short line of its own: a label with its value, or no whole sentence.

    Rows of a table with bars and headings are none.
    """
    text = passage.text[start:end]
    before, after = passage.text[:start].rstrip(" \t*-•"), passage.text[end:].lstrip(" \t*")
    own = before[-1:] in ("", "\n") and after[:1] in ("", "\n") and "\n" not in text.strip()
    short = own and len(text) <= LONGEST_LINE and " | " not in text
    return short and bool(_LABEL.match(text) or not _STATED.search(text)) and not is_heading(text, passage)


def is_read_alone(passage: Passage, start: int, end: int) -> bool:
    """Whether the sentence at `start:end` of the passage is a line of its own, or a row of a table whose cells have names."""
    row = in_row(passage.text, start, end) and ": " in labelled_cells(passage.text, start, end)
    return row or is_line(passage, start, end)


def line_text(passage: Passage, start: int, end: int) -> str:
    """What the reader sees of a line: the title and its own text, the cells of a row with the names of their columns."""
    return f"{passage.headings[0]}\n{labelled_cells(passage.text, start, end)}"


def is_heading(text: str, passage: Passage) -> bool:
    """Whether a sentence is no statement: a question, the title, or the line of a heading; what is all that a passage says may be one."""
    if text.rstrip(" *_").endswith("?"):
        return True
    plain = MARKUP.sub("", text).strip(" .:")
    alone = text.strip() == passage.text.strip() and bool(_STATED.search(text))
    return not alone and any(plain and plain in heading for heading in (passage.title, *passage.section))


def builtin_scorer() -> SentenceScorer:
    """The scorer over the models that come with the program.

    Raises:
        ModelError: a model file is missing or damaged.
    """
    return SentenceScorer(builtin_evidence(), Reader())
