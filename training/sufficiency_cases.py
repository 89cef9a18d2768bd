"""What sufficiency is trained on: questions with the sentences that the product chooses among, in the states of the reader."""

import json
import lzma
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.ablations import searchable, without_answer
from rag.language import detect
from rag.select import JUDGED, READ, SentenceScorer, known_of, posed, read_at
from rag.sufficiency import Seen, with_windows
from rag.types import Hit
from training.fit_answers import DOCUMENTS_TOGETHER, Span, holds_answer, of_document, searched
from training.written import Written

PUBLIC = ("squad_es", "squad_en_partial")
PARAGRAPHS = 400
HITS = 8


@dataclass(frozen=True)
class Case:
    """A question: the states of windows (tokens x 384), sentences in them (window, first token, the one after the last), best first.

    `known` is what else is known of each (sentences x 4), `right` says which answer, `answered` whether the documents do. `crossed` says
    that the question is in another language than its document.
    """

    windows: tuple[npt.NDArray[np.float16], ...]
    sentences: tuple[tuple[int, int, int], ...]
    known: npt.NDArray[np.float32]
    right: tuple[bool, ...]
    answered: bool
    crossed: bool

    def seen(self) -> list[Seen]:
        """The sentences as the product gives them to the head."""
        odds = (self.known[:, -1] * 5).tolist()
        return [Seen(self.windows[window], start, end, own) for (window, start, end), own in zip(self.sentences, odds, strict=True)]


def written_cases(written: Sequence[Written], scorer: SentenceScorer) -> Iterator[Case]:
    """Every question of the documents, a few of them to an index."""
    for document, asked, hits, spans in searched(written, scorer, DOCUMENTS_TOGETHER, "reading"):
        yield from _cases(asked.question, hits, spans, scorer, crossed=asked.language != document.language)


def topic_cases(written: Sequence[Written], scorer: SentenceScorer) -> Iterator[Case]:
    """Every question of the documents, asked of its document alone: what "it" says about something is not what others say."""
    for document, asked, hits, spans in searched(written, scorer, DOCUMENTS_TOGETHER, "topics"):
        yield from _cases(asked.question, of_document(document, hits), spans, scorer, crossed=asked.language != document.language)


def public_cases(data: Path, count: int, seed: int, scorer: SentenceScorer) -> Iterator[Case]:
    """So many questions of each public set over some of its paragraphs; answered ones also over what is left without the answer."""
    for name in PUBLIC:
        with lzma.open(data / "questions" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        numbers, paragraphs = random.Random(seed), list(dict.fromkeys(row["context"] for row in rows))
        paragraphs = sorted(numbers.sample(paragraphs, min(PARAGRAPHS, len(paragraphs))))
        own = [row for row in rows if row["context"] in set(paragraphs)]
        with searchable(paragraphs, scorer) as (retriever, snapshot):
            for row in tqdm(numbers.sample(own, min(count, len(own))), desc=name, mininterval=5):
                source, texts = str(paragraphs.index(row["context"])), [answer["text"] for answer in row["answers"]]
                spans = [(source, answer["answer_start"], answer["answer_start"] + len(answer["text"])) for answer in row["answers"]]
                hits = retriever.retrieve(snapshot, row["question"], detect(row["question"]), HITS).hits
                yield from _cases(row["question"], hits, spans, scorer, crossed=False)
                if spans:
                    cut = [without_answer(hit, texts) if hit.passage.source == source else hit for hit in hits]
                    yield from _cases(row["question"], cut, [], scorer, crossed=False)


def _cases(question: str, hits: Sequence[Hit], spans: Sequence[Span], scorer: SentenceScorer, *, crossed: bool) -> Iterator[Case]:
    """The question with the best sentences and, where none of these answers, the best that does; nothing if there is no sentence."""
    first = tuple(hits[:READ])
    question = posed(question, first)
    ranked = scorer.ranked(question, first)
    right = [holds_answer(item, hits, spans) for item in ranked]
    chosen = [*range(min(JUDGED, len(ranked)))]
    if True in right[JUDGED:] and not any(right[:JUDGED]):
        chosen.append(right.index(True))
    seen = scorer.reader.sentence_states(question, [read_at(ranked[place], first) for place in chosen])
    kept = [(place, one) for place, one in zip(chosen, seen, strict=True) if one]
    if kept:
        windows = {id(one.states): one.states for _, one in kept}
        order = list(windows)
        yield Case(
            tuple(windows.values()),
            tuple((order.index(id(one.states)), one.start, one.end) for _, one in kept),
            with_windows([one for _, one in kept], known_of([ranked[place] for place, _ in kept])),
            tuple(right[place] for place, _ in kept),
            bool(spans),
            crossed,
        )
