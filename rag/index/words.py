"""Lexical search: BM25 over words stemmed per language, and over character 4-grams for questions in the other language (tantivy).

The same analysers run at index time and on the question: accents folded, digits kept, Snowball stems. Cognates ("treaty"/"tratado" do
not, "cooperation"/"cooperación" do) are what the 4-grams can match across languages; meaning is the dense side's work. 4-grams lie inside
words of ASCII letters and digits (after folding): those across two words are most of all, and tell next to nothing.
BM25: Robertson & Zaragoza 2009, with tantivy's k1 = 1.2 and b = 0.75.

An index is made of parts, each of a range of passages: a sync writes the parts that changed, links the files of the others, and `compose`
says to tantivy that all of them are one index. A deleted passage is in no part, so scores are those of an index built from nothing.
"""

import errno
import json
import os
import shutil
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tantivy

from rag.errors import IndexDamaged
from rag.index.protocol import Words
from rag.types import Language, Passage
from rag.whole_words import with_whole_words

WRITER_HEAP_BYTES = 128_000_000
GRAM = 4
_REMEMBERED_TEXTS = 1_000
MOST_ENTRIES = 400_000  # of the terms of a question in the inverted lists: what a search costs
FEWEST_GRAMS, FEWEST_WORDS = 3, 1
PAUSES = (0.01, 0.05, 0.2, 1.0)  # seconds
META = "meta.json"
ANALYSIS = "words-3"  # what the analysers do; documents are read again where an index was made by another one


def _analyser(stemmer: str) -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer(stemmer))
        .build()
    )


def _gram_analyser() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(GRAM, GRAM))
    return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.alphanum_only()).build()


class Analysers:
    """What is a term: of "en" and "es" the stems of words, of "grams" every four characters inside a word."""

    def __init__(self) -> None:
        self.by_field = {"en": _analyser("english"), "es": _analyser("spanish"), "grams": _gram_analyser()}
        self._distinct = lru_cache(_REMEMBERED_TEXTS)(partial(_distinct_terms, self.by_field))

    def all_terms(self, text: str, field: Language | str) -> list[str]:
        """The terms of `text` in order."""
        return _terms(self.by_field, text, field)

    def terms(self, text: str, field: Language | str) -> list[str]:
        """The distinct terms of `text` in order of appearance; the passages of a small collection are asked about again and again."""
        return list(self._distinct(text, field))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", fast=True)
    for field in ("en", "es", "grams"):
        builder.add_text_field(field, tokenizer_name=field, index_option="freq")
    return builder.build()


@dataclass(frozen=True, slots=True)
class Part:
    """Tantivy segments of the passages with first <= id <= last; `segments` are their entries in tantivy's own manifest."""

    first: int
    last: int
    passages: int
    segments: tuple[Any, ...]

    def owns(self, name: str) -> bool:
        """Whether a file with this name belongs to one of the segments."""
        return any(name.startswith(segment["segment_id"].replace("-", "")) for segment in self.segments)


class PartWriter:
    """Writes one part into `folder`, which must be empty."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._words = WordIndex(tantivy.Index(_schema(), path=str(folder)))
        self._writer = self._words.writer()
        self._ids: list[int] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, identifier: int, passage: Passage) -> None:
        """Index a passage under its id; ids ascend."""
        self._writer.add_document(_entry(identifier, passage))
        self._ids.append(identifier)

    def abandon(self) -> None:
        """Stop the threads that write; what was written is of no use."""
        with suppress(ValueError, RuntimeError):  # finished already, or the disk is full
            self._writer.rollback()
            self._writer.wait_merging_threads()

    def finish(self) -> Part:
        """Write everything to disk."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        segments = json.loads((self.folder / META).read_bytes())["segments"]
        return Part(self._ids[0], self._ids[-1], len(self._ids), tuple(segments))


def compose(folder: Path, parts: Sequence[Part]) -> None:
    """Make the segment files in `folder` one index that `WordIndex.open` opens."""
    template = folder / "template"
    tantivy.Index(_schema(), path=_made(template))
    manifest = json.loads((template / META).read_bytes())
    remove(template)
    manifest["segments"] = [segment for part in parts for segment in part.segments]
    (folder / META).write_text(json.dumps(manifest), encoding="utf-8")


def remove(folder: Path) -> None:
    """Remove a folder that tantivy has written; a thread of its that is just tidying up there may put a file back once."""
    for pause in PAUSES:
        try:
            return shutil.rmtree(folder)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            time.sleep(pause)
    return shutil.rmtree(folder)


class WordIndex:
    """BM25 search over passages."""

    def __init__(self, index: tantivy.Index) -> None:
        self._analysers = Analysers()
        for name, analyser in self._analysers.by_field.items():
            index.register_tokenizer(name, analyser)
        index.config_reader(reload_policy="manual")  # no thread that watches files: they never change, and their damage could crash it
        self._index = index
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def build(cls, passages: Iterable[Passage]) -> "WordIndex":
        """Index `passages` (their title and section count as text) in memory."""
        words = cls(tantivy.Index(_schema()))
        writer = words.writer()
        for passage in passages:
            writer.add_document(_entry(passage.id, passage))
        writer.commit()
        writer.wait_merging_threads()
        words._index.reload()
        words._searcher = words._index.searcher()
        return words

    @classmethod
    def open(cls, folder: Path) -> "WordIndex":
        """Open what `compose` made.

        Raises:
            IndexDamaged: tantivy cannot read the folder.
        """
        try:
            if os.access(folder, os.W_OK):
                return cls(tantivy.Index.open(str(folder)))
            with TemporaryDirectory(prefix="rag-words-") as writable:  # for tantivy's own lock; its files stay open without their names
                for file in (file for file in folder.iterdir() if file.suffix != ".lock"):
                    (Path(writable) / file.name).symlink_to(file.resolve())
                return cls(tantivy.Index.open(writable))
        except ValueError as error:
            raise IndexDamaged(f"The word index in {folder} cannot be opened: {error}.") from error

    def writer(self) -> tantivy.IndexWriter:
        """Tantivy's own writer, with the analysers of this index."""
        return self._index.writer(WRITER_HEAP_BYTES, 1)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def ids(self) -> list[int]:
        """All passage ids, sorted."""
        hits = self._searcher.search(tantivy.Query.all_query(), max(1, len(self)), count=False).hits
        return sorted(int(value or 0) for value in self._searcher.fast_field_values("id", [address for _, address in hits]))

    def search(self, question: str, field: Language | str, limit: int) -> list[tuple[int, float]]:
        """The best `limit` passages by BM25 on `field` ("en", "es" or "grams"): (passage id, score), best first."""
        terms = self._telling(field, self.terms(question, field))
        if not terms:
            return []
        clauses = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, term, "freq")) for term in terms]
        found = self._searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in found])
        ranked = [(int(identifier or 0), float(score)) for identifier, (score, _) in zip(ids, found, strict=True)]
        return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))

    def _telling(self, field: str, terms: list[str]) -> list[str]:
        """The rarest terms, as long as all together have few enough entries: in a large index, common ones cost time and tell little."""
        by_frequency = sorted((self._searcher.doc_freq(field, term), term) for term in terms)
        entries = accumulate(count for count, _ in by_frequency)
        fewest = FEWEST_GRAMS if field == "grams" else FEWEST_WORDS
        ranked = enumerate(zip(by_frequency, entries, strict=True))
        return [term for place, ((_, term), so_far) in ranked if place < fewest or so_far <= MOST_ENTRIES]

    def terms(self, text: str, field: Language | str) -> list[str]:
        """What `field`'s analyser makes of `text`: distinct terms in order of appearance."""
        return self._analysers.terms(text, field)


def _entry(identifier: int, passage: Passage) -> tantivy.Document:
    text = _composed(passage.in_context)
    entry = tantivy.Document()
    entry.add_unsigned("id", identifier)
    for field in (passage.language or "en", "grams"):
        entry.add_text(field, text)
    return entry


def _made(folder: Path) -> str:
    folder.mkdir(parents=True)
    return str(folder)


def _terms(by_field: Mapping[str, tantivy.TextAnalyzer], text: str, field: str) -> list[str]:
    return list(by_field[field].analyze(_composed(text)))


def _distinct_terms(by_field: Mapping[str, tantivy.TextAnalyzer], text: str, field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_terms(by_field, text, field)))


def _composed(text: str) -> str:
    """`text` with each accented letter as one character, as the analysers know it, and divided words once more whole."""
    return with_whole_words(unicodedata.normalize("NFC", text))


def matched_terms(words: Words, question_terms: Sequence[str], passage: Passage, field: Language | str) -> tuple[str, ...]:
    """Those of `question_terms` that occur in the passage."""
    present = set(words.terms(passage.in_context, field))
    return tuple(term for term in question_terms if term in present)
