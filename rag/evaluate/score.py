"""Score one question: what was found, what was answered and cited, and why it failed if it did.

In a set that ranks documents, a document's rank is that of its best passage. In one that ranks passages, the alternatives of the evidence
are one relevant unit: recall@k is 1 if any of them is among the first k ("success at k"), and the ideal ranking of nDCG has one passage.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import PurePath
from typing import Any, Literal

from rag.condense import condense
from rag.evaluate import citations
from rag.evaluate.catalogue import IN_CITATION, METRICS
from rag.evaluate.datasets import Dataset, GoldSpan, Question
from rag.evaluate.evidence import COVERED, is_cited, is_relevant, quote_matches_text
from rag.evaluate.metrics import average_precision, ndcg_at_k, recall_at_k, reciprocal_rank_at_k
from rag.evaluate.subject import Subject
from rag.evaluate.texts import exact_match, token_f1
from rag.types import Answer, Citation, Hit, Sentence
from rag.verification.quotations import quotation_spans
from rag.verification.verdicts import ACCORDING, Verdicts
from rag.verify import Support

DEPTH = 100
"""Passages that are asked for per question, and so the most documents that a ranking can have."""
SHOWN = 10
"""Passages of a question set that results list."""
CURVE = (1, 2, 3, 5, 10, 20, 50, 100)
_MARKER = re.compile(r"\s?\[\d+\]")

Cause = Literal["not retrieved", "retrieved but not used", "wrong citation", "should have refused", "should not have refused"]
Values = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question came out: `entry` is its figures, `record` what was asked, said and shown, `milliseconds` its time per stage.

    Entry and record are the same for two equal runs, and can be written as JSON. `tokens` (in, out) were used since the outcome before.
    """

    entry: dict[str, Any]
    record: dict[str, Any]
    milliseconds: dict[str, float] = field(default_factory=dict)
    tokens: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores questions of one data set on one subject.

    `support` says how far a text covers another, for sentences with several citations; `insist`, if given, answers a question that the
    subject refused for want of evidence.
    """

    dataset: Dataset
    subject: Subject
    support: Callable[[], Support]
    insist: Callable[..., Answer] | None = None

    def run(self, question: Question, spans: Sequence[GoldSpan]) -> Outcome:
        """Ask and search, and score what comes."""
        answer = self.subject.ask(question.question, question.history) if self.dataset.gold else None
        standalone = answer.standalone_question if answer else condense(question.question, question.history)
        hits = self.subject.search(standalone, DEPTH)
        insisted = None
        if answer and self.insist and answer.abstained and answer.reason == "no_evidence":
            insisted = self.insist(question.question, question.history)
        entry, run = self._entry(question, spans, answer, hits, insisted)
        record = self._record(question, spans, answer, run) | {"judged": _judged(question, run, hits, spans)}
        return Outcome(entry, record, dict(answer.timings_ms) if answer else {})

    def _entry(
        self, question: Question, spans: Sequence[GoldSpan], answer: Answer | None, hits: Sequence[Hit], insisted: Answer | None
    ) -> tuple[dict[str, Any], list[tuple[str, float]]]:
        """The figures of a question, and its ranking with scores; metrics that do not apply to it are None."""
        by_document = self.dataset.ranks == "documents"
        run = _documents(question, hits) if by_document else [(_passage(hit), hit.score) for hit in hits]
        relevant = _is_relevant_document(question) if by_document else partial(is_relevant, spans=spans)
        values: Values = dict.fromkeys(METRICS)
        gains = question.gains if by_document else _one_gain(run, hits, relevant)
        if question.answerable:
            values |= _ranking([name for name, _ in run], gains) | _components(hits, relevant)
        if answer is not None:
            values |= self._answer(question, spans, answer, hits)
        entry: dict[str, Any] = {
            "id": question.id, "label": question.label, "kind": question.kind, "language": question.language,
            "pair": self._pair(question, spans), "split": question.split or None,
            "answerable": question.answerable, "group": _group(question, spans),
            **{name: None if value is None else round(value, 6) for name, value in values.items()},
        }  # fmt: skip
        if answer is not None:
            right = self._is_right(question, spans, insisted or answer)
            entry |= {
                "abstained": answer.abstained, "reason": answer.reason, "confidence": answer.confidence, "right_if_answered": right,
                "citations": len(answer.citations),
                "citations_matching_text": sum(quote_matches_text(citation, self.subject) for citation in answer.citations),
                "cause": find_cause(question, spans, answer, hits, least=self._least),
            }  # fmt: skip
        ranked = [name for name, _ in run]
        if question.answerable:
            entry["first_relevant"] = next((rank for rank, hit in enumerate(hits, 1) if relevant(hit)), None)
            entry["recall_curve"] = [round(recall_at_k(ranked, gains, k), 6) for k in CURVE]
        return {**entry, "retrieved": ranked if by_document else [_span(hit) for hit in hits[:SHOWN]]}, run

    @property
    def _least(self) -> float:
        """The share of a gold span that a citation must hold."""
        return 1.0 if self.dataset.gold == "answer" else COVERED

    def _is_right(self, question: Question, spans: Sequence[GoldSpan], answer: Answer) -> bool:
        """Whether the answer, given or insisted on, cites the evidence; a refusal is no answer."""
        return question.answerable and not answer.abstained and self._cites(spans, answer)

    def _cites(self, spans: Sequence[GoldSpan], answer: Answer) -> bool:
        return any(is_cited(span, citation, self._least) for span in spans for citation in answer.citations)

    def _answer(self, question: Question, spans: Sequence[GoldSpan], answer: Answer, hits: Sequence[Hit]) -> Values:
        values: Values = {}
        cited = self._cites(spans, answer)
        in_context = f"{self.dataset.gold}_in_context@"
        if question.answerable and not spans:
            pass  # judged by document only: an answer can be neither right nor wrong
        elif question.answerable:
            values |= {IN_CITATION[self.dataset.gold or "evidence"]: float(cited), "answered_answerable": float(not answer.abstained)}
            values |= {f"{in_context}{k}": float(any(is_relevant(hit, spans) for hit in hits[:k])) for k in (1, 5, 10)}
            values["crag_score"] = 1.0 if cited and not answer.abstained else 0.0 if answer.abstained else -1.0
            if question.answers:
                said = "" if answer.abstained else " ".join(map(_said, answer.sentences))
                values["exact_match"] = exact_match(said, question.answers, question.document_language or question.language)
                values["f1"] = token_f1(said, question.answers, question.document_language or question.language)
        else:
            values |= {"refused_unanswerable": float(answer.abstained), "crag_score": 1.0 if answer.abstained else -1.0}
        if not answer.abstained and answer.citations:
            values |= self._citations(answer)
            if spans:
                gold = [(span.source, span.start, span.end) for span in spans]
                names = {span.source for span in spans}
                pointed = [(next((n for n in (c.source, *c.copies) if n in names), c.source), c.start, c.end) for c in answer.citations]
                values["citation_precision"] = citations.evidence_precision(pointed, gold)
                values["span_precision"] = citations.span_precision(pointed, gold)
                values["span_recall"] = citations.span_recall(pointed, gold)
        return values

    def _citations(self, answer: Answer) -> Values:
        """What the citations of an answer are worth whatever the labels say."""
        numbers = {citation.number: citation for citation in answer.citations}
        pointed = [number for sentence in answer.sentences for number in sentence.citations]
        valid = [number in numbers and _hit_of(numbers[number], answer.hits) is not None for number in pointed]
        return {
            "citation_validity": sum(valid) / len(valid) if valid else 0.0,
            "citation_coverage": citations.coverage([len(sentence.citations) for sentence in answer.sentences]),
            "support_recall": citations.support_recall([sentence.verdict != "unsupported" for sentence in answer.sentences]),
            "support_precision": citations.support_precision(
                [(sentence.citations, partial(self._supports, sentence, numbers, answer.hits)) for sentence in answer.sentences]
            ),
        }

    def _supports(self, sentence: Sentence, numbers: Mapping[int, Citation], hits: Sequence[Hit], chosen: Sequence[int]) -> bool:
        """Whether the passages of the chosen citations support a sentence."""
        if set(chosen) == set(sentence.citations):
            return sentence.verdict != "unsupported"
        found = {_hit_of(numbers[number], hits) for number in chosen if number in numbers} - {None}
        verdicts = Verdicts(hits, self.support())
        return verdicts.verdict(_without_markers(sentence), sorted(index for index in found if index is not None)) != "unsupported"

    def _pair(self, question: Question, spans: Sequence[GoldSpan]) -> str | None:
        """Languages of question and document, "en->es"; None where nothing is relevant."""
        language = question.document_language
        if language is None and spans:
            language = self.subject.document(spans[0].source).language
        return f"{question.language}->{language}" if language else None

    def _record(
        self, question: Question, spans: Sequence[GoldSpan], answer: Answer | None, run: Sequence[tuple[str, float]]
    ) -> dict[str, Any]:
        gold = [{**asdict(span), "quote": self.subject.document(span.source).text[span.start : span.end]} for span in spans]
        record: dict[str, Any] = {
            "id": question.id, "question": question.question, "gold": gold, "answers": list(question.answers), "run": [*map(list, run)],
        }  # fmt: skip
        if question.history:
            record["history"] = [asdict(turn) for turn in question.history]
        if answer is None:
            return record
        return record | {
            "standalone_question": answer.standalone_question, "answer": answer.text, "note": answer.note,
            "fingerprint": answer.fingerprint,
            "sentences": [
                {"text": _without_markers(own), "citations": list(own.citations), "verdict": own.verdict} for own in answer.sentences
            ],
            "quotes": [
                {name: getattr(citation, name) for name in ("number", "source", "start", "end", "quote")} for citation in answer.citations
            ],
            "passages": [{**_span(hit), "text": hit.passage.text} for hit in answer.hits],
        }  # fmt: skip


def find_cause(
    question: Question, spans: Sequence[GoldSpan], answer: Answer, hits: Sequence[Hit], *, least: float = COVERED
) -> Cause | None:
    """Why a question failed, the earliest stage first: a refusal is blamed on retrieval when the evidence was never seen.

    What was seen are the passages that the answer was made from, or `hits` where it names none. "retrieved but not used": no citation is
    in a passage with the evidence; "wrong citation": one is, but of other words.
    """
    if not question.answerable:
        return None if answer.abstained else "should have refused"
    if not spans or (not answer.abstained and any(is_cited(span, citation, least) for span in spans for citation in answer.citations)):
        return None
    seen = [hit for hit in answer.hits or hits if is_relevant(hit, spans)]
    if not seen:
        return "not retrieved"
    if answer.abstained:
        return "should not have refused"
    return "wrong citation" if any(_hit_of(citation, seen) is not None for citation in answer.citations) else "retrieved but not used"


def _ranking(ranked: Sequence[str], gains: Mapping[str, float]) -> Values:
    return {
        "ndcg@10": ndcg_at_k(ranked, gains, 10), "recall@1": recall_at_k(ranked, gains, 1), "recall@5": recall_at_k(ranked, gains, 5),
        "recall@10": recall_at_k(ranked, gains, 10), "mrr@10": reciprocal_rank_at_k(ranked, gains, 10),
        "map": average_precision(ranked, gains), "recall@100": recall_at_k(ranked, gains, 100),
    }  # fmt: skip


def _components(hits: Sequence[Hit], relevant: Callable[[Hit], bool]) -> Values:
    """Reciprocal ranks that words alone and vectors alone gave to the first relevant passage among the hits."""
    found = [hit.why for hit in hits if relevant(hit)]
    words = [why.lexical_rank for why in found if why.lexical_rank]
    vectors = [why.dense_rank for why in found if why.dense_rank]
    return {"lexical_mrr": 1 / min(words) if words else 0.0, "dense_mrr": 1 / min(vectors) if vectors else 0.0}


def _documents(question: Question, hits: Sequence[Hit]) -> list[tuple[str, float]]:
    """Documents in the order of their best passage, under the names that the judgements use, with that passage's score."""
    ranked: dict[str, float] = {}
    for hit in hits:
        name = _judged_name(question, hit.passage.source)
        if name != question.own_document:
            ranked.setdefault(name, hit.score)
    return list(ranked.items())


def _judged_name(question: Question, source: str) -> str:
    """`source`, or without folder and ending where only that is judged."""
    stem = PurePath(source).stem
    return stem if source not in question.gains and stem in question.gains else source


def _is_relevant_document(question: Question) -> Callable[[Hit], bool]:
    return lambda hit: question.gains.get(_judged_name(question, hit.passage.source), 0) > 0


def _one_gain(run: Sequence[tuple[str, float]], hits: Sequence[Hit], relevant: Callable[[Hit], bool]) -> dict[str, float]:
    """The first relevant passage as the only one: a second one is no further find."""
    return {next((name for (name, _), hit in zip(run, hits, strict=True) if relevant(hit)), "not found"): 1.0}


def _judged(question: Question, run: Sequence[tuple[str, float]], hits: Sequence[Hit], spans: Sequence[GoldSpan]) -> dict[str, float]:
    """The judgements that the ranking is measured against, under its names."""
    if question.gains:
        return dict(question.gains)
    return _one_gain(run, hits, partial(is_relevant, spans=spans)) if spans else {}


def _group(question: Question, spans: Sequence[GoldSpan]) -> str:
    """The document that a question counts as being about; of equally relevant ones the first by name."""
    if spans:
        return spans[0].source
    return min(question.gains, key=lambda source: (-question.gains[source], source)) if question.gains else question.id


def _hit_of(citation: Citation, hits: Sequence[Hit]) -> int | None:
    """The position of the first hit that holds the whole citation."""
    for index, hit in enumerate(hits):
        passage = hit.passage
        if passage.source == citation.source and passage.start <= citation.start and citation.end <= passage.end:
            return index
    return None


def _said(sentence: Sentence) -> str:
    """What a sentence answers: without markers, and of "According to X: «...»" what is quoted."""
    text = _without_markers(sentence)
    quoted = [(start, end) for start, end in quotation_spans(text) if ACCORDING.match(text)]
    first = next((place for place, (start, _) in enumerate(quoted) if text[:start].rstrip().endswith(":")), len(quoted))
    return " ".join(text[start + 1 : end - 1] for start, end in quoted[first:]) or text


def _without_markers(sentence: Sentence) -> str:
    return _MARKER.sub("", sentence.text).strip()


def _span(hit: Hit) -> dict[str, Any]:
    return {"source": hit.passage.source, "start": hit.passage.start, "end": hit.passage.end}


def _passage(hit: Hit) -> str:
    """A name for a passage that does not depend on the order of indexing."""
    return f"{hit.passage.source}:{hit.passage.start}-{hit.passage.end}"
