"""Reads the training data: English texts, their Spanish translations where they exist, in a fixed order.

It knows file names and fields of the data folder (the data's own README describes them) and nothing of models.
Nothing under `dev/` is read here: the development set lives in `training.score`.
"""

import json
import lzma
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

LONGEST_TEXT = 1_500
"""Characters; longer rows are tables and listings that slipped through alignment."""


@dataclass(frozen=True)
class Source:
    """A file of sentence pairs and how many of its rows to use, after a shuffle by the seed."""

    file: str
    limit: int


@dataclass(frozen=True)
class Pair:
    """One text in both languages."""

    english: str
    spanish: str


SENTENCE_SOURCES = (
    Source("parallel/news_commentary", 100_000),
    Source("parallel/wmt_newstest", 13_573),
    Source("parallel/questions_mkqa_mintaka", 8_758),
    Source("parallel/tatoeba", 16_524),
    Source("parallel/tico19", 3_071),
    Source("parallel/python_docs", 10_000),
    Source("parallel/news_commentary_titles", 6_970),
)
PARAGRAPH_SOURCE = Source("parallel/news_commentary", 24_000)


def read_rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of `data/name.jsonl.xz`."""
    with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_sentences(data: Path, source: Source, seed: int) -> list[Pair]:
    """Return up to `source.limit` sentence pairs, shuffled by the seed, without repeats and over-long rows."""
    pairs = dict.fromkeys(
        Pair(row["en"], row["es"])
        for row in read_rows(data, source.file)
        if row["en"].strip() and row["es"].strip() and len(row["en"]) + len(row["es"]) <= 2 * LONGEST_TEXT
    )
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    return shuffled[: source.limit]


def read_paragraphs(data: Path, source: Source, seed: int) -> list[Pair]:
    """Return paragraphs of two to six consecutive sentences of one document, in both languages.

    Questions are asked of passages, not of sentences: the table has to see the lengths that it will embed.
    """
    random_numbers = random.Random(seed)
    paragraphs: list[Pair] = []
    for _, rows in groupby(read_rows(data, source.file), key=lambda row: row["doc"]):
        sentences = list(rows)
        start = 0
        while start < len(sentences):
            end = start + random_numbers.randint(2, 6)
            english = " ".join(row["en"] for row in sentences[start:end])
            spanish = " ".join(row["es"] for row in sentences[start:end])
            if max(len(english), len(spanish)) <= LONGEST_TEXT:
                paragraphs.append(Pair(english, spanish))
            start = end
    random_numbers.shuffle(paragraphs)
    return paragraphs[: source.limit]
