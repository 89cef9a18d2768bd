"""Retrieval: references, words and meaning, fused into one ranking that says why.

1. a provision that the question names is looked up, never guessed; the document that the question names narrows it
2. BM25 in the question's language, and over character 4-grams for passages in the other one
3. nearest vectors; the best of all these are compared by contextual vectors, too, as far as they have any (`rag.index.contextual`)
4. weighted sum of standardised scores, with weights per language pair (`rag.fusion`)
5. those that the question calls by their file name (`rag.naming.files`), or, of documents that are all alike, by a name in them
   (`rag.naming.siblings`), asked without that name
6. a closer look at the first thirty (`rag.rerank`), and a little for those whose document has others among them
"""

import math
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from rag.embed import ContextualEncoder, Embedder
from rag.evidence import Evidence
from rag.fusion import Fusion, Scores, Values, standardised
from rag.index import Snapshot
from rag.index.words import matched_terms
from rag.lookup import Lookup, look_up
from rag.naming.files import FileNames, named_by_file, unknown_owner
from rag.naming.meant import Meaning
from rag.naming.products import of_others
from rag.naming.siblings import Forms, Named, called, named_documents
from rag.provisions.which import which_provision
from rag.rerank import Reranker
from rag.rows.days import with_other_forms
from rag.types import Hit, Language, Passage, Reference, Why

GRAMS = "grams"
_SECOND_CORE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="words")  # threads start with the first question


PLACED = 100  # candidates that are compared by their contextual vectors
RERANKED = 30
TOGETHER = 0.2  # share of what the passages of a document say together beyond the best of them
OWN_TEXT_BONUS = 1.0  # of a provision's own text before a mere mention of it
MOST_LOOKED_UP = 200  # of a thousand laws with an Article 4, those that are near the question and the first ones are looked at
MOST_ASKED = 30  # provisions of one question
FAR_BEHIND = 3.0  # a mention that fits the question so much worse than the best is of another document's provision


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits, best first, and what was looked up on the way.

    `unknown` is a month or year that none of many documents all alike is of, or somebody whose paper is asked for, and nothing names.
    """

    hits: tuple[Hit, ...]
    lookup: Lookup
    unknown: str = ""


class Retriever:
    """Finds passages in a snapshot; `candidates` is how many passages each search contributes.

    With `evidence`, documents that a question names are also found by meaning (`rag.naming.meant`); with `contextual`, the contextual
    vectors that this encoder made count, too. `forms` are remembered across questions.
    """

    def __init__(
        self,
        embedder: Embedder,
        reranker: Reranker,
        candidates: int,
        evidence: Evidence | None = None,
        contextual: ContextualEncoder | None = None,
        fusion: Fusion | None = None,
        forms: Forms | None = None,
    ) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._candidates = candidates
        self._meaning = Meaning(embedder, evidence) if evidence else None
        self._contextual = contextual
        self._forms = forms or Forms()
        self._files = FileNames()
        self._fusion = fusion or Fusion.load()

    def retrieve(self, snapshot: Snapshot, question: str, language: Language, limit: int) -> Retrieved:
        """The best `limit` passages for `question`."""
        lookup = look_up(snapshot, question, self._meaning)
        which = which_provision(question) if lookup.among else None
        asked = which.subject if which else question
        scores = self._scores(snapshot, asked, language, lookup)
        meant = Named() if lookup.asked or which else self._named(snapshot, question, scores)
        if meant.sources:
            asked = meant.question
            scores = self._scores(snapshot, asked, language, lookup, sorted(meant.passages))
        always = lookup.found.keys() | lookup.among | {*meant.passages}
        mixed, read = self._reranked(snapshot, asked, scores, always=always)
        others = of_others(question, [*read.values()])
        if meant.sources:
            alike = self._forms.others_alike(snapshot, meant.sources, read.values())
            others_count = {i for i, passage in read.items() if not meant.alone and passage.source not in alike | meant.sources}
            kept = others_count | {i for i in read if i in meant.passages}
            others |= mixed.keys() - kept
        mixed = {i: score for i, score in mixed.items() if i not in others}
        mixed = {i: score for i, score in mixed.items() if i in lookup.among} or mixed
        found = {i: held for i, held in lookup.found.items() if i in mixed}
        mixed |= {i: mixed[i] + OWN_TEXT_BONUS for i, (_, own_text) in found.items() if own_text}
        bar = max((mixed[i] for i in found), default=0.0) - FAR_BEHIND
        named = {i: reference for i, (reference, own_text) in found.items() if own_text or mixed[i] >= bar}
        order = sorted(mixed.items(), key=lambda pair: (pair[0] not in named, pair[0] not in lookup.openings, -pair[1], pair[0]))
        best = _with_every(named, lookup, order, limit)
        unread = [identifier for identifier, _ in best if identifier not in read]
        passages = read | {passage.id: passage for passage in snapshot.store.passages(unread)}
        passages = {i: called(passage, meant) for i, passage in passages.items()}
        sides = (scores.lexical(), scores.dense)
        lexical, dense = (dict(zip(scores.ids, side.tolist(), strict=True)) for side in sides)
        by_words, by_meaning = (_ranks(scores.ids, side) for side in sides)
        placed = sorted(scores.contextual, key=lambda identifier: (-scores.contextual[identifier], identifier))
        by_context = {identifier: rank for rank, identifier in enumerate(placed, 1)}
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
        return Retrieved(tuple(hits), lookup, meant.unknown)

    def _named(self, snapshot: Snapshot, question: str, scores: Scores) -> Named:
        """The documents that `question` names by their files, or, if others of the same form are among what is found first, by a name."""
        first = snapshot.store.passages(_in_order(scores.ids, scores.fused(self._fusion))[:RERANKED])

        def is_strange(word: str, apart_from: frozenset[str]) -> bool:
            others = [passage.in_context for passage in first if passage.source not in apart_from]
            return self._meaning is not None and bool(self._meaning.unfamiliar([word], others))

        filed = named_by_file(snapshot, question, self._files.of(snapshot), is_strange)
        if filed.sources:
            return filed
        if strange := unknown_owner(snapshot, question, is_strange):
            return Named(unknown=strange)
        if not self._forms.any_alike(snapshot, first):
            return Named()
        meant = named_documents(snapshot, question, self._forms)
        if meant.unknown:
            return meant if self._forms.are_told_by_time(snapshot, first, meant.unknown) else Named()
        return meant if self._forms.others_alike(snapshot, meant.sources, first) else Named()

    def scores(self, snapshot: Snapshot, question: str, language: Language) -> Scores:
        """The candidates of `question` before they are mixed and looked at closer."""
        return self._scores(snapshot, question, language, look_up(snapshot, question, self._meaning))

    def closer(self, question: str, passages: Sequence[Passage]) -> Values:
        """What the closer look at passages says (n)."""
        return np.asarray(self._reranker.score(question, passages), dtype=np.float64)

    def _scores(self, snapshot: Snapshot, question: str, language: Language, lookup: Lookup, more: Sequence[int] = ()) -> Scores:
        asked = with_other_forms(question)
        by_grams, by_words = (_SECOND_CORE.submit(snapshot.words.search, asked, field, self._candidates) for field in (GRAMS, language))
        vector = self._embedder.encode_queries([question])[0]
        near = snapshot.vectors.search(vector, self._candidates)
        words, grams = dict(by_words.result()), dict(by_grams.result())
        own_text_first = sorted(lookup.found, key=lambda i: (not lookup.found[i][1], i not in lookup.openings, i))
        ids = sorted(
            {identifier for identifier, _ in near}
            | words.keys()
            | grams.keys()
            | {*own_text_first[:MOST_LOOKED_UP], *sorted(lookup.among)[:MOST_LOOKED_UP], *more}
        )
        languages = snapshot.store.languages(ids)
        scores = Scores(
            language,
            ids,
            same=np.array([(languages.get(i) or language) == language for i in ids], dtype=bool),
            words=np.array([words.get(i, 0.0) for i in ids]),
            grams=np.array([grams.get(i, 0.0) for i in ids]),
            dense=np.array(snapshot.vectors.similarity(vector, ids)),
        )
        return self._placed(snapshot, question, scores)

    def _placed(self, snapshot: Snapshot, question: str, scores: Scores) -> Scores:
        """With the contextual scores of those of the best candidates that have a contextual vector; as they are, if none has."""
        if self._contextual is None:
            return scores
        first = _in_order(scores.ids, scores.fused(self._fusion))[:PLACED]
        vectors = snapshot.vectors.contextual(self._contextual.contextual_fingerprint, first)
        if not vectors:
            return scores
        (asked,) = self._contextual.encode([question])
        return replace(scores, contextual={identifier: float(vector @ asked) for identifier, vector in vectors.items()})

    def _reranked(
        self, snapshot: Snapshot, question: str, scores: Scores, always: Collection[int]
    ) -> tuple[dict[int, float], dict[int, Passage]]:
        """The first passages, and those `always` looked at, by a mix of fused and reranked score; the others behind them in order.

        Returns:
            The scores, and the passages that were read for them.
        """
        values = scores.fused(self._fusion)
        fused, shares = (dict(zip(scores.ids, side.tolist(), strict=True)) for side in (values, scores.closer(self._fusion)))
        order = _in_order(scores.ids, values)
        first = [*order[:RERANKED], *[identifier for identifier in order[RERANKED:] if identifier in always][:MOST_LOOKED_UP]]
        passages = snapshot.store.passages(first)
        closer = dict(zip(first, standardised(self.closer(question, passages)).tolist(), strict=True))
        mixed = {i: (1 - shares[i]) * fused[i] + shares[i] * closer[i] for i in first}
        mixed = _together(mixed, {passage.id: passage.source for passage in passages[:RERANKED]})
        floor = min(mixed.values(), default=0.0)
        behind = {identifier: floor - 1e-3 * place for place, identifier in enumerate(order, 1) if identifier not in mixed}
        return mixed | behind, dict(zip(first, passages, strict=True))


def _together(mixed: Mapping[int, float], sources: Mapping[int, str]) -> dict[int, float]:
    """Scores with a bonus for a document that has several good passages: `TOGETHER` of their log-sum-exp less the best of them."""
    groups: dict[str, list[int]] = {}
    for identifier, source in sources.items():
        groups.setdefault(source, []).append(identifier)
    bonus = dict.fromkeys(mixed, 0.0)
    for group in groups.values():
        best = max(mixed[i] for i in group)
        bonus |= dict.fromkeys(group, TOGETHER * math.log(sum(math.exp(mixed[i] - best) for i in group)))
    return {i: score + bonus[i] for i, score in mixed.items()}


def _with_every(named: Mapping[int, Reference], lookup: Lookup, ranked: list[tuple[int, float]], limit: int) -> list[tuple[int, float]]:
    """The first `limit` of `ranked`, the best own text of each provision that was asked for before all others."""
    first: dict[int, tuple[int, float]] = {}
    for pair in ranked:
        place = lookup.places.get(pair[0], MOST_ASKED)
        if pair[0] in named and lookup.found[pair[0]][1] and place < MOST_ASKED:
            first.setdefault(place, pair)
    if len(first) < 2:
        return ranked[:limit]
    leading = [first[place] for place in sorted(first)]
    return [*leading, *(pair for pair in ranked if pair not in leading)][: max(limit, len(leading))]


def candidates(found: Retrieved) -> tuple[str, ...]:
    """The titles of the documents between which the question leaves open whose provision it means; none if it names one."""
    holders: dict[str, dict[str, str]] = {}
    for hit in found.hits:
        if hit.why.reference in {str(own) for own in hit.passage.provisions} and not found.lookup.is_settled:
            holders.setdefault(hit.why.reference or "", {})[hit.passage.source] = hit.passage.title or hit.passage.source
    several = [titles for titles in holders.values() if len(titles) > 1]
    return tuple(dict.fromkeys(title for titles in several for title in titles.values()))


def _in_order(ids: Sequence[int], scores: Values) -> list[int]:
    """Ids, best first, ties by id."""
    return [ids[place] for place in np.lexsort((np.array(ids), -scores)).tolist()]


def _ranks(ids: Sequence[int], scores: Values) -> dict[int, int]:
    """Ranks from 1 of those that a search returned."""
    found = [identifier for identifier, score in zip(ids, scores.tolist(), strict=True) if score > 0]
    return {identifier: rank for rank, identifier in enumerate(_in_order(found, scores[scores > 0]), 1)}
