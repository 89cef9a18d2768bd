"""Retrieval: references, words and meaning, fused into one ranking that says why.

    1. a provision that the question names is looked up, never guessed; the document that the question names narrows it
    2. BM25 in the question's language, and over character 4-grams for passages in the other one
    3. nearest vectors
    4. weighted sum of standardised scores, with weights per language pair
    5. a closer look at the first thirty (`rag.rerank`)

Standardised (z) scores: Lee 1997, "Analyses of multiple evidence combination"; equal-weight rank fusion was measured and lost (docs/decisions.md).
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.embed import Embedder
from rag.index import Snapshot
from rag.index.words import matched_terms
from rag.references import find
from rag.rerank import Reranker
from rag.types import Hit, Language, Passage, Reference, Why

GRAMS = "grams"
OWN_TEXT_BONUS = 100.0
MENTION_BONUS = 95.0
_WORD = re.compile(r"\w{3,}")
_KINDS_OF_TEXT = (
    {"tratado", "treaty", "pacto", "pact"}, {"acuerdo", "agreement", "convenio", "convention", "convencion"}, {"ley", "law", "act", "statute"},
    {"reglamento", "regulation", "regulations", "rules", "reglas", "normas"}, {"constitucion", "constitution"}, {"codigo", "code"},
    {"decreto", "decree"}, {"contrato", "contract"}, {"carta", "charter"}, {"estatuto", "estatutos", "bylaws"}, {"directiva", "directive"},
)  # fmt: skip
_GENERIC = frozenset().union(*_KINDS_OF_TEXT) | frozenset(
    "the and for with from what does say about del los las una por para con sobre que dice documento document article articulo new nuevo nueva".split()
)


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the standardised scores of one language pair: stemmed words, character 4-grams, vectors."""

    words: float
    grams: float
    dense: float


SAME_LANGUAGE = Weights(words=0.4, grams=0.4, dense=0.2)
CROSS_LANGUAGE = Weights(words=0.0, grams=0.25, dense=0.75)
RERANKED = 30
RERANK_WEIGHT = 0.55


@dataclass(frozen=True, slots=True)
class Lookup:
    """What became of the provisions that a question names.

    `asked` are those named; `absent` those that no document (or not the document that is named) has; `existing` lists, for the kinds of
    the absent ones, (title of the document, numbers) that do exist.
    """

    asked: tuple[Reference, ...] = ()
    absent: tuple[Reference, ...] = ()
    existing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    found: Mapping[int, tuple[Reference, bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits, best first, and what was looked up on the way."""

    hits: tuple[Hit, ...]
    lookup: Lookup


class Retriever:
    """Finds passages in a snapshot; `candidates` is how many passages each search contributes."""

    def __init__(self, embedder: Embedder, reranker: Reranker, candidates: int) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._candidates = candidates

    def retrieve(self, snapshot: Snapshot, question: str, language: Language, limit: int) -> Retrieved:
        """The best `limit` passages for `question`."""
        lookup = look_up(snapshot, question)
        scores = self._scores(snapshot, question, language, lookup)
        fused = scores.fused()
        for identifier, (_, own_text) in lookup.found.items():
            fused[identifier] += OWN_TEXT_BONUS if own_text else MENTION_BONUS
        fused = self._reranked(question, scores.passages, fused)
        best = _best_first(fused.items())[:limit]
        ranks = [_ranks(_best_first((i, score) for i, score in side.items() if score > 0)) for side in (scores.lexical(), scores.dense)]
        terms = snapshot.words.terms(question, language)
        hits = []
        for rank, (identifier, score) in enumerate(best, 1):
            passage = scores.passages[identifier]
            reference = lookup.found.get(identifier)
            why = Why(
                reference=str(reference[0]) if reference else None,
                matched_terms=matched_terms(snapshot.words, terms, passage, language),
                lexical_rank=ranks[0].get(identifier),
                lexical_score=round(scores.lexical()[identifier], 4) if identifier in ranks[0] else None,
                dense_rank=ranks[1].get(identifier),
                dense_score=round(scores.dense[identifier], 4),
                fused_score=round(score, 4),
            )
            hits.append(Hit(rank, passage, why.fused_score, why))
        return Retrieved(tuple(hits), lookup)

    def _scores(self, snapshot: Snapshot, question: str, language: Language, lookup: Lookup) -> "_Scores":
        vector = self._embedder.encode_queries([question])[0]
        near = snapshot.vectors.search(vector, self._candidates)
        words = dict(snapshot.words.search(question, language, self._candidates))
        grams = dict(snapshot.words.search(question, GRAMS, self._candidates))
        ids = sorted({identifier for identifier, _ in near} | words.keys() | grams.keys() | lookup.found.keys())
        passages = {passage.id: passage for passage in snapshot.store.passages(ids)}
        cosines = snapshot.vectors.similarity(vector, ids)
        same = {identifier for identifier, passage in passages.items() if (passage.language or language) == language}
        return _Scores(passages, same, *({i: side.get(i, 0.0) for i in ids} for side in (words, grams, dict(zip(ids, cosines, strict=True)))))

    def _reranked(self, question: str, passages: Mapping[int, Passage], fused: Mapping[int, float]) -> dict[int, float]:
        """The first passages by a mix of their fused score and the reranker's; the others stay behind them in their order."""
        first = [identifier for identifier, _ in _best_first(fused.items())[:RERANKED]]
        closer = _standardised(dict(zip(first, self._reranker.score(question, [passages[i] for i in first]).tolist(), strict=True)))
        mixed = {i: (1 - RERANK_WEIGHT) * fused[i] + RERANK_WEIGHT * closer[i] for i in first}
        floor = min(mixed.values(), default=0.0)
        rest = [identifier for identifier, _ in _best_first(fused.items())[RERANKED:]]
        return mixed | {identifier: floor - 1e-3 * place for place, identifier in enumerate(rest, 1)}


@dataclass(frozen=True, slots=True)
class _Scores:
    """The candidates of one question with their raw scores by passage id; `same` are those in the question's language."""

    passages: Mapping[int, Passage]
    same: set[int]
    words: dict[int, float]
    grams: dict[int, float]
    dense: dict[int, float]

    def lexical(self) -> dict[int, float]:
        """BM25 on words where the languages agree, on 4-grams where they differ."""
        return {i: self.words[i] if i in self.same else self.grams[i] for i in self.words}

    def fused(self) -> dict[int, float]:
        """Weighted sums of z-scores; lexical scores are standardised within each language, for the pairs differ in scale."""
        dense = _standardised(self.dense)
        fused: dict[int, float] = {}
        for inside, weights in ((True, SAME_LANGUAGE), (False, CROSS_LANGUAGE)):
            group = [i for i in self.words if (i in self.same) == inside]
            words, grams = (_standardised({i: side[i] for i in group}) for side in (self.words, self.grams))
            fused |= {i: weights.words * words[i] + weights.grams * grams[i] + weights.dense * dense[i] for i in group}
        return fused


def look_up(snapshot: Snapshot, question: str) -> Lookup:
    """Find the provisions that `question` names; see `Lookup`."""
    asked = tuple(dict.fromkeys(mention.reference for mention in find(question)))
    if not asked:
        return Lookup()
    found: dict[int, tuple[Reference, bool]] = {}
    absent: list[Reference] = []
    existing: dict[str, list[str]] = {}
    for reference in asked:
        numbered = snapshot.store.numbers_of(reference.kind)
        rows = snapshot.store.with_reference(reference)
        passages = snapshot.store.passages([identifier for identifier, _ in rows])
        sources = {source for source, _ in numbered} | {passage.source for passage in passages}
        titles = {source: title for source, title, _, _ in snapshot.store.documents() if source in sources}
        allowed = named_sources(question, titles)
        matched = {passage.id: (reference, unit) for passage, (_, unit) in zip(passages, rows, strict=True) if passage.source in allowed}
        found |= matched
        if not matched:
            absent.append(reference)
            for source, number in numbered:
                if source in allowed or not allowed & {name for name, _ in numbered}:
                    existing.setdefault(titles[source], []).append(number)
    return Lookup(asked, tuple(absent), tuple((title, tuple(numbers)) for title, numbers in existing.items()), found)


def named_sources(question: str, titles: Mapping[str, str]) -> set[str]:
    """Which of the documents (source -> title) the question names; all of them if it names none.

    A document is named by a word of its title or file name that no other document here has ("Sarmenor"), or by what it is ("the treaty")
    as far as that rules others out: an agreement is not meant by "the treaty".
    """
    asked = {word for word in _folded_words(question) if word not in _GENERIC}
    words = {source: _folded_words(f"{title} {re.sub(r'[^a-zA-Z]+', ' ', source)}") for source, title in titles.items()}
    count = {word: sum(word in own for own in words.values()) for own in words.values() for word in own}
    score = {source: sum(1.0 / count[word] for word in asked & own) for source, own in words.items()}
    best = max(score.values(), default=0.0)
    if best >= 1.0:
        return {source for source, value in score.items() if value >= best - 1e-9}
    kinds = [kind for kind in _KINDS_OF_TEXT if kind & _folded_words(question)]
    if kinds:
        other = frozenset().union(*(kind for kind in _KINDS_OF_TEXT if kind not in kinds))
        return {source for source, own in words.items() if not (own & other) or any(kind & own for kind in kinds)}
    return set(titles)


def _folded_words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return frozenset(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def _standardised(scores: Mapping[int, float]) -> dict[int, float]:
    if not scores:
        return {}
    values = np.fromiter(scores.values(), dtype=np.float64)
    spread = float(values.std())
    if not math.isfinite(spread) or spread < 1e-9:
        return dict.fromkeys(scores, 0.0)
    return dict(zip(scores, ((values - values.mean()) / spread).tolist(), strict=True))


def _best_first(pairs: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _ranks(pairs: Sequence[tuple[int, float]]) -> dict[int, int]:
    return {identifier: rank for rank, (identifier, _) in enumerate(pairs, 1)}
