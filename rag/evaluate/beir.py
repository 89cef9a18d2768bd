"""Score an index on a BEIR data set: retrieval by document, and whether citations cover the gold answers.

The figures are those of trec_eval and BEIR: a mean over the queries with something relevant, and a query that is itself a document of the
corpus (ArguAna, Quora) is not credited or charged with finding itself. Knows nothing of how passages are found; only that several of them
may belong to one document, whose rank is that of the best.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rag.evaluate.datasets import BeirDataset, GoldSpan
from rag.evaluate.subject import Progress, Subject
from rag.evaluate.summary import RETRIEVAL_METRICS, Entry, estimate_metrics, latency_percentiles, score_ranking
from rag.types import Answer, Hit

DEPTH = 100
"""Passages that are asked for per query, and so the most documents that a ranking can have."""

ANSWER_METRIC = "answer_in_citation"


def score_beir(dataset: BeirDataset, subject: Subject, progress: Progress | None = None) -> dict[str, Any]:
    """Search for each judged query, ask those that have gold answers, and sum up.

    Returns:
        "dataset", "counts", "metrics", "per_query" and "latency_ms"; only the last differs between two runs.
    """
    judged = {name: gains for name, gains in dataset.gains.items() if any(gain > 0 for gain in gains.values())}
    entries, milliseconds = [], []
    for done, (name, gains) in enumerate(judged.items(), 1):
        ranked = rank_documents(subject.search(dataset.queries[name], DEPTH))
        if _is_own_document(dataset, name):
            ranked = [source for source in ranked if source != name]
        entry: Entry = {"id": name, "group": _most_relevant(gains), **score_ranking(ranked, gains)}
        if dataset.answers is not None:
            entry[ANSWER_METRIC] = None
            if name in dataset.answers:
                answer = subject.ask(dataset.queries[name])
                entry[ANSWER_METRIC] = float(covers_answer(answer, dataset.answers[name]))
                entry["abstained"] = answer.abstained
                milliseconds += [answer.timings_ms["total"]] if "total" in answer.timings_ms else []
        entries.append({**entry, "retrieved": ranked})
        if progress:
            progress(done, len(judged), "queries")
    counts = {"documents": len(dataset.documents), "queries": len(judged), "queries_left_out": len(dataset.queries) - len(judged)}
    names = [*RETRIEVAL_METRICS]
    if dataset.answers is not None:
        names.append(ANSWER_METRIC)
        counts |= {"queries_with_answers": sum(entry[ANSWER_METRIC] is not None for entry in entries)}
        counts |= {"misplaced_answers": dataset.misplaced_answers}
    return {
        "dataset": dataset.name,
        "counts": counts,
        "metrics": estimate_metrics(entries, names),
        "per_query": entries,
        "latency_ms": latency_percentiles(milliseconds),
    }


def rank_documents(hits: Sequence[Hit]) -> list[str]:
    """Sources in the order of their best passage."""
    return list(dict.fromkeys(hit.passage.source for hit in hits))


def covers_answer(answer: Answer, spans: Sequence[GoldSpan]) -> bool:
    """Whether one citation holds all characters of one gold span in the gold document."""
    return any(
        citation.source == span.source and citation.start <= span.start and span.end <= citation.end
        for citation in answer.citations
        for span in spans
    )


def _is_own_document(dataset: BeirDataset, query_id: str) -> bool:
    """Whether the query is itself a document: one of the same id holds its text and is not judged relevant (so not by accident)."""
    own = dataset.documents.get(query_id)
    return own is not None and dataset.queries[query_id] in own.text and dataset.gains[query_id].get(query_id, 0) <= 0


def _most_relevant(gains: Mapping[str, float]) -> str:
    """The document that a query counts as being about; of equals the first by id."""
    return min(gains, key=lambda source: (-gains[source], source))
