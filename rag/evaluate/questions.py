"""Score an index on a question set: whether the evidence is found, whether it is cited, and whether refusals are right.

Labels are quotations of documents. Each is looked up in the stored text, which gives its span there; all comparisons are of spans, so a
change of the splitter does not void a label. Several items of evidence are alternatives, each of which would do, so a question has one
relevant unit: recall@k is 1 if any of them is among the first k passages ("success at k"), and the ideal ranking of nDCG has one passage.
What a label does not know is other true answers elsewhere in the documents: such an answer counts as a failure here.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

from rag.errors import InputError
from rag.evaluate.datasets import GoldSpan, Question
from rag.evaluate.subject import Progress, Subject
from rag.evaluate.summary import (
    RETRIEVAL_METRICS,
    Entry,
    Estimate,
    estimate_metrics,
    estimate_proportion,
    latency_percentiles,
    score_ranking,
)
from rag.types import Answer, Citation, Hit

DEPTH = 10
ANSWER_METRICS = ("evidence_in_citation", "answered_answerable", "refused_unanswerable")
COVERED = 0.9
"""Share of the characters of an evidence quote that one citation must hold: a final full stop or a lead-in word may be missing."""
PROVISION = "provision"

Cause = Literal["not retrieved", "retrieved but not cited", "should have refused", "should not have refused"]


def score_questions(questions: Sequence[Question], subject: Subject, progress: Progress | None = None) -> dict[str, Any]:
    """Ask every question, search for what it came to mean after its history, and sum up.

    Metrics: those of retrieval, `evidence_in_citation` and `answered_answerable` (1 - false refusals) over the answerable questions,
    `refused_unanswerable` over the others, and `quote_matches_text` over all citations (anything below 1 is a fault of the program).
    `counts` has `wrong_provision`: answered questions of kind "provision" of which no citation holds the evidence.

    Returns:
        "counts", "metrics", "slices", "failures", "per_query", "fingerprint" and "latency_ms"; only the last differs between two runs.

    Raises:
        InputError: evidence whose document is not in the index, or whose quote is not there exactly once.
    """
    spans = {question.id: locate_evidence(question, subject) for question in questions}
    entries, failures, milliseconds, fingerprints = [], [], [], set()
    for done, question in enumerate(questions, 1):
        answer = subject.ask(question.question, question.history)
        hits = subject.search(answer.standalone_question, DEPTH)[:DEPTH]
        entry = score_answer(question, spans[question.id], answer, hits, subject)
        entries.append(entry)
        if entry["cause"]:
            failures.append(_describe_failure(question, answer, entry["cause"]))
        milliseconds += [answer.timings_ms["total"]] if "total" in answer.timings_ms else []
        fingerprints.add(answer.fingerprint)
        if progress:
            progress(done, len(questions), "questions")
    return {
        "counts": _count(entries),
        "metrics": _metrics(entries),
        "slices": {key: _slice(entries, key) for key in ("kind", "language", "split") if any(entry[key] for entry in entries)},
        "failures": failures,
        "per_query": entries,
        "fingerprint": ", ".join(sorted(fingerprints)),
        "latency_ms": latency_percentiles(milliseconds),
    }


def locate_evidence(question: Question, subject: Subject) -> tuple[GoldSpan, ...]:
    """The span of each evidence quote in the stored text of its document; runs of whitespace match each other.

    Raises:
        InputError: the document is not in the index, or the quote is not in it exactly once.
    """
    spans = []
    for evidence in question.evidence:
        try:
            text = subject.document(evidence.source).text
        except InputError as error:
            raise InputError(f"Question {question.id!r}: its evidence is in {evidence.source!r}, which is not in the index.") from error
        found = [match.span() for match in re.finditer(r"\s+".join(map(re.escape, evidence.quote.split())), text)]
        if len(found) != 1:
            cure = "quote more of it" if found else "copy it from the output of rag show"
            raise InputError(
                f"Question {question.id!r}: its evidence {evidence.quote!r} is {len(found)} times in {evidence.source!r}, not once; {cure}."
            )
        spans.append(GoldSpan(evidence.source, *found[0]))
    return tuple(spans)


def score_answer(question: Question, spans: Sequence[GoldSpan], answer: Answer, hits: Sequence[Hit], subject: Subject) -> Entry:
    """The entry of one question; metrics that do not apply to it are None."""
    cited = any(is_cited(span, citation) for span in spans for citation in answer.citations)
    nothing: dict[str, float | None] = dict.fromkeys((*RETRIEVAL_METRICS, *ANSWER_METRICS))
    if question.answerable:
        scores = {**nothing, **_score_hits(hits, spans)}
        scores |= {"evidence_in_citation": float(cited), "answered_answerable": float(not answer.abstained)}
    else:
        scores = nothing | {"refused_unanswerable": float(answer.abstained)}
    return {
        "id": question.id,
        "kind": question.kind,
        "language": question.language,
        "split": question.split,
        "answerable": question.answerable,
        "group": spans[0].source if spans else question.id,
        **scores,
        "abstained": answer.abstained,
        "reason": answer.reason,
        "citations": len(answer.citations),
        "citations_matching_text": sum(quote_matches_text(citation, subject) for citation in answer.citations),
        "cause": find_cause(question, spans, answer, hits),
        "retrieved": [{"source": hit.passage.source, "start": hit.passage.start, "end": hit.passage.end} for hit in hits],
    }


def find_cause(question: Question, spans: Sequence[GoldSpan], answer: Answer, hits: Sequence[Hit]) -> Cause | None:
    """Why a question failed, the earliest stage first: a refusal is blamed on retrieval when the evidence was never seen.

    What was seen are the passages that the answer was made from, or `hits` where it names none.
    """
    if not question.answerable:
        return None if answer.abstained else "should have refused"
    if not answer.abstained and any(is_cited(span, citation) for span in spans for citation in answer.citations):
        return None
    if not any(is_relevant(hit, spans) for hit in answer.hits or hits):
        return "not retrieved"
    return "should not have refused" if answer.abstained else "retrieved but not cited"


def is_relevant(hit: Hit, spans: Sequence[GoldSpan]) -> bool:
    """Whether a passage holds a whole evidence quote, or, of a quote longer than the passage, at least half."""
    passage = hit.passage
    for span in spans:
        if span.source == passage.source:
            shared = min(span.end, passage.end) - max(span.start, passage.start)
            length = span.end - span.start
            if shared == length or (length > passage.end - passage.start and 2 * shared >= length):
                return True
    return False


def is_cited(span: GoldSpan, citation: Citation) -> bool:
    """Whether one citation holds at least `COVERED` of the characters of an evidence quote."""
    shared = min(span.end, citation.end) - max(span.start, citation.start)
    return span.source == citation.source and shared >= COVERED * (span.end - span.start)


def quote_matches_text(citation: Citation, subject: Subject) -> bool:
    """Whether the quote is the stored text at the span of the citation."""
    try:
        text = subject.document(citation.source).text
    except InputError:
        return False
    return text[citation.start : citation.end] == citation.quote


def _score_hits(hits: Sequence[Hit], spans: Sequence[GoldSpan]) -> dict[str, float]:
    """Retrieval metrics with the first relevant passage as the only one: a second one is no further find."""
    names = [str(rank) for rank in range(1, len(hits) + 1)]
    first = next((name for name, hit in zip(names, hits, strict=True) if is_relevant(hit, spans)), "not found")
    return score_ranking(names, {first: 1.0})


def _metrics(entries: Sequence[Entry]) -> dict[str, Estimate]:
    matching = sum(entry["citations_matching_text"] for entry in entries)
    quotes = estimate_proportion(matching, sum(entry["citations"] for entry in entries))
    return {**estimate_metrics(entries, (*RETRIEVAL_METRICS, *ANSWER_METRICS)), "quote_matches_text": quotes}


def _slice(entries: Sequence[Entry], key: str) -> dict[str, Any]:
    slices = {}
    for name in sorted({entry[key] for entry in entries} - {""}):
        members = [entry for entry in entries if entry[key] == name]
        slices[name] = {"counts": _count(members), "metrics": _metrics(members)}
    return slices


def _count(entries: Sequence[Entry]) -> dict[str, int]:
    provisions = [entry for entry in entries if entry["kind"] == PROVISION and entry["answerable"]]
    return {
        "questions": len(entries),
        "answerable": sum(entry["answerable"] for entry in entries),
        "citations": sum(entry["citations"] for entry in entries),
        "provision_questions": len(provisions),
        "wrong_provision": sum(not entry["abstained"] and not entry["evidence_in_citation"] for entry in provisions),
        "failures": sum(entry["cause"] is not None for entry in entries),
    }


def _describe_failure(question: Question, answer: Answer, cause: Cause) -> dict[str, Any]:
    return {
        "id": question.id,
        "question": question.question,
        "cause": cause,
        "evidence": [{"source": evidence.source, "quote": evidence.quote} for evidence in question.evidence],
        "answer": answer.text,
        "quotes": [{"source": citation.source, "quote": citation.quote} for citation in answer.citations],
    }
