"""Retrieval: references, words and meaning, fused into one ranking that says why.

    1. a provision that the question names is looked up, never guessed; the document that the question names narrows it
    2. BM25 in the question's language, and over character 4-grams for passages in the other one
    3. nearest vectors
    4. weighted sum of standardised scores, with weights per language pair
    5. a closer look at the first thirty (`rag.rerank`)

Standardised (z) scores: Lee 1997, "Analyses of multiple evidence combination"; equal-weight rank
fusion was measured and lost (docs/decisions.md).
"""

import math
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rag.embed import Embedder
from rag.evidence import Evidence
from rag.index import Snapshot
from rag.index.words import matched_terms
from rag.lookup import Lookup, look_up
from rag.meant import Meaning
from rag.rerank import Reranker
from rag.types import Hit, Language, Passage, Reference, Why

GRAMS = "grams"
_SECOND_CORE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="grams")  # threads start with the first question


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
OWN_TEXT_BONUS = 1.0  # of a provision's own text before a mere mention of it
MOST_LOOKED_UP = 200  # of a thousand laws with an Article 4, those that are near the question and the first ones are looked at
MOST_ASKED = 30  # provisions of one question
FAR_BEHIND = 3.0  # a mention that fits the question so much worse than the best is of another document's provision


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits, best first, and what was looked up on the way."""

    hits: tuple[Hit, ...]
    lookup: Lookup


class Retriever:
    """Finds passages in a snapshot; `candidates` is how many passages each search contributes.

    With `evidence`, documents that a question names are also found by meaning (`rag.meant`).
    """

    def __init__(self, embedder: Embedder, reranker: Reranker, candidates: int, evidence: Evidence | None = None) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._candidates = candidates
        self._meaning = Meaning(embedder, evidence) if evidence else None

    def retrieve(self, snapshot: Snapshot, question: str, language: Language, limit: int) -> Retrieved:
        """The best `limit` passages for `question`."""
        lookup = look_up(snapshot, question, self._meaning)
        scores = self._scores(snapshot, question, language, lookup)
        mixed, read = self._reranked(snapshot, question, scores.fused(), always=lookup.found)
        found = {i: held for i, held in lookup.found.items() if i in mixed}
        mixed |= {i: mixed[i] + OWN_TEXT_BONUS for i, (_, own_text) in found.items() if own_text}
        bar = max((mixed[i] for i in found), default=0.0) - FAR_BEHIND
        named = {i: reference for i, (reference, own_text) in found.items() if own_text or mixed[i] >= bar}
        order = sorted(mixed.items(), key=lambda pair: (pair[0] not in named, pair[0] not in lookup.openings, -pair[1], pair[0]))
        best = _with_every(named, lookup, order, limit)
        unread = [identifier for identifier, _ in best if identifier not in read]
        passages = read | {passage.id: passage for passage in snapshot.store.passages(unread)}
        lexical = scores.lexical()
        by_words, by_meaning = (_ranks(side) for side in (lexical, scores.dense))
        terms = snapshot.words.terms(question, language)
        hits = []
        for rank, (identifier, score) in enumerate(best, 1):
            passage = passages[identifier]
            why = Why(
                reference=str(named[identifier]) if identifier in named else None,
                matched_terms=matched_terms(snapshot.words, terms, passage, language),
                lexical_rank=by_words.get(identifier),
                lexical_score=round(lexical[identifier], 4) if identifier in by_words else None,
                dense_rank=by_meaning.get(identifier),
                dense_score=round(scores.dense[identifier], 4),
                fused_score=round(score, 4),
            )
            hits.append(Hit(rank, passage, why.fused_score, why))
        return Retrieved(tuple(hits), lookup)

    def _scores(self, snapshot: Snapshot, question: str, language: Language, lookup: Lookup) -> "_Scores":
        by_grams = _SECOND_CORE.submit(snapshot.words.search, question, GRAMS, self._candidates)
        vector = self._embedder.encode_queries([question])[0]
        near = snapshot.vectors.search(vector, self._candidates)
        words = dict(snapshot.words.search(question, language, self._candidates))
        grams = dict(by_grams.result())
        own_text_first = sorted(lookup.found, key=lambda i: (not lookup.found[i][1], i not in lookup.openings, i))
        ids = sorted({identifier for identifier, _ in near} | words.keys() | grams.keys() | {*own_text_first[:MOST_LOOKED_UP]})
        cosines = dict(zip(ids, snapshot.vectors.similarity(vector, ids), strict=True))
        same = {identifier for identifier, own in snapshot.store.languages(ids).items() if (own or language) == language}
        return _Scores(same, *({i: side.get(i, 0.0) for i in ids} for side in (words, grams, cosines)))

    def _reranked(
        self, snapshot: Snapshot, question: str, fused: Mapping[int, float], always: Collection[int]
    ) -> tuple[dict[int, float], dict[int, Passage]]:
        """The first passages, and those `always` looked at, by a mix of fused and reranked score; the others behind them in order.

        Returns:
            The scores, and the passages that were read for them.
        """
        order = [identifier for identifier, _ in _best_first(fused.items())]
        first = [*order[:RERANKED], *[identifier for identifier in order[RERANKED:] if identifier in always][:MOST_LOOKED_UP]]
        passages = snapshot.store.passages(first)
        closer = _standardised(dict(zip(first, self._reranker.score(question, passages).tolist(), strict=True)))
        mixed = {i: (1 - RERANK_WEIGHT) * fused[i] + RERANK_WEIGHT * closer[i] for i in first}
        floor = min(mixed.values(), default=0.0)
        behind = {identifier: floor - 1e-3 * place for place, identifier in enumerate(order, 1) if identifier not in mixed}
        return mixed | behind, dict(zip(first, passages, strict=True))


def _with_every(named: Mapping[int, Reference], lookup: Lookup, ranked: list[tuple[int, float]], limit: int) -> list[tuple[int, float]]:
    """The first `limit` of `ranked`, the best own text of each provision that was asked for before all others."""
    wanted = {reference: place for place, reference in enumerate(lookup.asked[:MOST_ASKED])}
    first: dict[Reference, tuple[int, float]] = {}
    for pair in ranked:
        reference, own_text = lookup.found.get(pair[0], (None, False))
        if own_text and pair[0] in named and reference in wanted:
            first.setdefault(reference, pair)
    if len(first) < 2:
        return ranked[:limit]
    leading = sorted(first.values(), key=lambda pair: wanted[named[pair[0]]])
    return [*leading, *(pair for pair in ranked if pair not in leading)][: max(limit, len(leading))]


@dataclass(frozen=True, slots=True)
class _Scores:
    """The candidates of one question with their raw scores by passage id; `same` are those in the question's language."""

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


def candidates(found: Retrieved) -> tuple[str, ...]:
    """The titles of the documents between which the question leaves open whose provision it means; none if it names one."""
    holders: dict[str, dict[str, str]] = {}
    for hit in found.hits:
        if hit.why.reference in {str(own) for own in hit.passage.provisions} and not found.lookup.is_settled:
            holders.setdefault(hit.why.reference or "", {})[hit.passage.source] = hit.passage.title or hit.passage.source
    several = [titles for titles in holders.values() if len(titles) > 1]
    return tuple(dict.fromkeys(title for titles in several for title in titles.values()))


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


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    """Ranks from 1 of those that a search returned."""
    found = _best_first((identifier, score) for identifier, score in scores.items() if score > 0)
    return {identifier: rank for rank, (identifier, _) in enumerate(found, 1)}
