"""Retrieval: references, words and meaning, fused into one ranking that says why.

    1. a provision that the question names is looked up, never guessed; the document that the question names narrows it
    2. BM25 in the question's language, and over character 4-grams for passages in the other one
    3. nearest vectors; the best of all these are compared by contextual vectors, too, as far as they have any (`rag.index.contextual`)
    4. weighted sum of standardised scores, with weights per language pair
    5. a closer look at the first thirty (`rag.rerank`)

Standardised (z) scores: Lee 1997, "Analyses of multiple evidence combination"; equal-weight rank
fusion was measured and lost (docs/decisions.md).
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rag.embed import ContextualEncoder, Embedder
from rag.evidence import Evidence
from rag.index import Snapshot
from rag.index.words import matched_terms
from rag.lookup import Lookup, Meaning, look_up
from rag.rerank import Reranker
from rag.types import Hit, Language, Passage, Reference, Why

Values = npt.NDArray[np.float64]

GRAMS = "grams"
_SECOND_CORE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="words")  # threads start with the first question


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the standardised scores of one language pair: stemmed words, character 4-grams, vectors, contextual vectors."""

    words: float
    grams: float
    dense: float
    contextual: float


SAME_LANGUAGE = Weights(words=0.4, grams=0.4, dense=0.2, contextual=0.3)
CROSS_LANGUAGE = Weights(words=0.0, grams=0.25, dense=0.75, contextual=0.4)
PLACED = 100  # candidates that are compared by their contextual vectors
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

    With `evidence`, documents that a question names are also found by meaning (`rag.lookup`); with `contextual`, the contextual vectors
    that this encoder made count, too.
    """

    def __init__(
        self,
        embedder: Embedder,
        reranker: Reranker,
        candidates: int,
        evidence: Evidence | None = None,
        contextual: ContextualEncoder | None = None,
    ) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._candidates = candidates
        self._meaning = Meaning(embedder, evidence) if evidence else None
        self._contextual = contextual

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
        lexical, dense = (dict(zip(scores.ids, side.tolist(), strict=True)) for side in (scores.lexical(), scores.dense))
        by_words, by_meaning = (_ranks(scores.ids, side) for side in (scores.lexical(), scores.dense))
        by_context = {identifier: rank for rank, (identifier, _) in enumerate(_best_first(scores.contextual.items()), 1)}
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
                dense_score=round(dense[identifier], 4),
                fused_score=round(score, 4),
                contextual_rank=by_context.get(identifier),
                contextual_score=round(scores.contextual[identifier], 4) if identifier in scores.contextual else None,
            )
            hits.append(Hit(rank, passage, why.fused_score, why))
        return Retrieved(tuple(hits), lookup)

    def _scores(self, snapshot: Snapshot, question: str, language: Language, lookup: Lookup) -> "_Scores":
        by_grams, by_words = (_SECOND_CORE.submit(snapshot.words.search, question, field, self._candidates) for field in (GRAMS, language))
        vector = self._embedder.encode_queries([question])[0]
        near = snapshot.vectors.search(vector, self._candidates)
        words, grams = dict(by_words.result()), dict(by_grams.result())
        own_text_first = sorted(lookup.found, key=lambda i: (not lookup.found[i][1], i not in lookup.openings, i))
        ids = sorted({identifier for identifier, _ in near} | words.keys() | grams.keys() | {*own_text_first[:MOST_LOOKED_UP]})
        languages = snapshot.store.languages(ids)
        scores = _Scores(
            ids,
            same=np.array([(languages.get(i) or language) == language for i in ids], dtype=bool),
            words=np.array([words.get(i, 0.0) for i in ids]),
            grams=np.array([grams.get(i, 0.0) for i in ids]),
            dense=np.array(snapshot.vectors.similarity(vector, ids)),
        )
        return self._placed(snapshot, question, scores)

    def _placed(self, snapshot: Snapshot, question: str, scores: "_Scores") -> "_Scores":
        """With the contextual scores of those of the best candidates that have a contextual vector; as they are, if none has."""
        if self._contextual is None:
            return scores
        first = [identifier for identifier, _ in _best_first(scores.fused().items())[:PLACED]]
        vectors = snapshot.vectors.contextual(self._contextual.contextual_fingerprint, first)
        if not vectors:
            return scores
        (asked,) = self._contextual.encode([question])
        return replace(scores, contextual={identifier: float(vector @ asked) for identifier, vector in vectors.items()})

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
        closer = dict(
            zip(first, _standardised(np.asarray(self._reranker.score(question, passages), dtype=np.float64)).tolist(), strict=True)
        )
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
    """The candidates of one question by passage id, with their raw scores (n each); `same` marks those in the question's language.

    `contextual` has scores of some candidates only, by id: the others count as the mean of these.
    """

    ids: list[int]
    same: npt.NDArray[np.bool_]
    words: Values
    grams: Values
    dense: Values
    contextual: Mapping[int, float] = field(default_factory=dict)

    def lexical(self) -> Values:
        """BM25 on words where the languages agree, on 4-grams where they differ."""
        return np.where(self.same, self.words, self.grams)

    def fused(self) -> dict[int, float]:
        """Weighted sums of z-scores; lexical scores are standardised within each language, for the pairs differ in scale."""
        fused = np.zeros(len(self.ids))
        dense = _standardised(self.dense)
        for group, weights in ((self.same, SAME_LANGUAGE), (~self.same, CROSS_LANGUAGE)):
            words, grams = _standardised(self.words[group]), _standardised(self.grams[group])
            fused[group] = weights.words * words + weights.grams * grams + weights.dense * dense[group]
        if self.contextual:
            has = np.array([identifier in self.contextual for identifier in self.ids], dtype=bool)
            context = _standardised(np.array([self.contextual[identifier] for identifier in self.ids if identifier in self.contextual]))
            fused[has] += np.where(self.same, SAME_LANGUAGE.contextual, CROSS_LANGUAGE.contextual)[has] * context
        return dict(zip(self.ids, fused.tolist(), strict=True))


def candidates(found: Retrieved) -> tuple[str, ...]:
    """The titles of the documents between which the question leaves open whose provision it means; none if it names one."""
    holders: dict[str, dict[str, str]] = {}
    for hit in found.hits:
        if hit.why.reference in {str(own) for own in hit.passage.provisions} and not found.lookup.is_settled:
            holders.setdefault(hit.why.reference or "", {})[hit.passage.source] = hit.passage.title or hit.passage.source
    several = [titles for titles in holders.values() if len(titles) > 1]
    return tuple(dict.fromkeys(title for titles in several for title in titles.values()))


def _standardised(scores: Values) -> Values:
    spread = float(scores.std()) if len(scores) else 0.0
    if not math.isfinite(spread) or spread < 1e-9:
        return np.zeros(len(scores))
    standardised: Values = (scores - scores.mean()) / spread
    return standardised


def _best_first(pairs: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _ranks(ids: Sequence[int], scores: Values) -> dict[int, int]:
    """Ranks from 1 of those that a search returned."""
    order = np.lexsort((np.array(ids), -scores))
    return {ids[place]: rank for rank, place in enumerate(order.tolist(), 1) if scores[place] > 0}
