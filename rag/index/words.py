"""Lexical search: BM25 over words stemmed per language, and over character 4-grams for questions in the other language (tantivy).

The same analysers run at index time and on the question: accents folded, digits kept, Snowball stems. Cognates ("treaty"/"tratado" do
not, "cooperation"/"cooperación" do) are what the 4-grams can match across languages; meaning is the dense side's work.
BM25: Robertson & Zaragoza 2009, with tantivy's k1 = 1.2 and b = 0.75.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import tantivy

from rag.errors import IndexDamaged
from rag.types import Language, Passage

WRITER_HEAP_BYTES = 64_000_000
GRAM = 4


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
    return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold()).build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", fast=True)
    for field in ("en", "es", "grams"):
        builder.add_text_field(field, tokenizer_name=field, index_option="freq")
    return builder.build()


class WordIndex:
    """BM25 search over passages; in memory without a folder, else the files of `folder`."""

    def __init__(self, index: tantivy.Index) -> None:
        self._analysers = {"en": _analyser("english"), "es": _analyser("spanish"), "grams": _gram_analyser()}
        for name, analyser in self._analysers.items():
            index.register_tokenizer(name, analyser)
        index.config_reader(reload_policy="manual")  # no thread that watches files: they never change, and their damage could crash it
        self._index = index
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def build(cls, passages: Iterable[Passage], folder: Path | None = None) -> "WordIndex":
        """Index `passages` (their title and section count as text) into `folder`, which must be empty, or into memory."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        words = cls(tantivy.Index(_schema(), path=str(folder) if folder is not None else None))
        writer = words._index.writer(WRITER_HEAP_BYTES, 1)
        for passage in passages:
            text = _composed(passage.in_context)
            entry = tantivy.Document()
            entry.add_unsigned("id", passage.id)
            for field in (passage.language or "en", "grams"):
                entry.add_text(field, text)
            writer.add_document(entry)
        writer.commit()
        writer.wait_merging_threads()
        words._index.reload()
        words._searcher = words._index.searcher()
        return words

    @classmethod
    def open(cls, folder: Path) -> "WordIndex":
        """Open what `build` wrote.

        Raises:
            IndexDamaged: tantivy cannot read the folder.
        """
        try:
            return cls(tantivy.Index.open(str(folder)))
        except ValueError as error:
            raise IndexDamaged(f"The word index in {folder} cannot be opened: {error}.") from error

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, question: str, field: Language | str, limit: int) -> list[tuple[int, float]]:
        """The best `limit` passages by BM25 on `field` ("en", "es" or "grams"): (passage id, score), best first."""
        terms = self.terms(question, field)
        if not terms:
            return []
        clauses = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, term, "freq")) for term in terms]
        found = self._searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in found])
        ranked = [(int(identifier or 0), float(score)) for identifier, (score, _) in zip(ids, found, strict=True)]
        return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))

    def terms(self, text: str, field: Language | str) -> list[str]:
        """What `field`'s analyser makes of `text`: distinct terms in order of appearance."""
        return list(dict.fromkeys(self._analysers[field].analyze(_composed(text))))


def _composed(text: str) -> str:
    """`text` with each accented letter as one character, as the analysers know it."""
    return unicodedata.normalize("NFC", text)


def matched_terms(words: WordIndex, question_terms: Sequence[str], passage: Passage, field: Language | str) -> tuple[str, ...]:
    """Those of `question_terms` that occur in the passage."""
    present = set(words.terms(passage.in_context, field))
    return tuple(term for term in question_terms if term in present)
