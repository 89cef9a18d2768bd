"""Every metric by name: what it says, in words for a table, and whether more of it is better (it always is).

The order is that of the tables. How each is computed stands with its function (`metrics.py`, `citations.py`, `texts.py`) and in `score.py`.
"""

IN_CITATION = {"answer": "answer_in_citation", "evidence": "evidence_in_citation"}

METRICS: dict[str, str] = {
    "ndcg@10": "ranking quality of the first ten, 1 is ideal",
    "recall@1": "share of the relevant that is first",
    "recall@5": "share of the relevant among the first five",
    "recall@10": "share of the relevant among the first ten",
    "recall@100": "share of the relevant among the first hundred",
    "mrr@10": "mean of 1 / rank of the first relevant within ten",
    "map": "mean average precision",
    "lexical_mrr": "mean of 1 / rank of the first relevant by words alone",
    "dense_mrr": "mean of 1 / rank of the first relevant by vectors alone",
    "answer_in_context@1": "a gold answer is in the first passage",
    "answer_in_context@5": "a gold answer is in the first five passages",
    "answer_in_context@10": "a gold answer is in the first ten passages",
    "evidence_in_context@1": "evidence is in the first passage",
    "evidence_in_context@5": "evidence is in the first five passages",
    "evidence_in_context@10": "evidence is in the first ten passages",
    "answer_in_citation": "answerable questions of which a citation holds a gold answer",
    "evidence_in_citation": "answerable questions of which a citation holds the evidence",
    "answered_answerable": "answerable questions that were answered (1 - false refusals)",
    "refused_unanswerable": "unanswerable questions that were refused (1 - false answers)",
    "crag_score": "1 for right, 0 for refused, -1 for wrong, on average (refusing is right where the documents are silent)",
    "exact_match": "answers equal to a gold answer, after normalisation",
    "f1": "words shared with a gold answer",
    "citation_precision": "citations that touch the evidence, of answers to answerable questions",
    "span_precision": "cited characters that are evidence, of answers to answerable questions",
    "span_recall": "characters of the evidence that are cited, of answers to answerable questions",
    "citation_validity": "markers that point to a passage found for the question",
    "citation_coverage": "sentences of answers with a citation",
    "support_recall": "sentences of answers that their citations support",
    "support_precision": "citations that their sentences need",
    "quote_matches_text": "citations whose quote is the stored text, to the character",
}

HEADLINE: tuple[str, ...] = (
    "ndcg@10", "recall@5", "answer_in_citation", "evidence_in_citation", "answered_answerable", "refused_unanswerable", "crag_score",
)  # fmt: skip
"""What slices and pictures show, and what a comparison gives verdicts on: few, so that the correction for their number leaves power."""

GATED: tuple[str, ...] = (
    "ndcg@10", "lexical_mrr", "dense_mrr", "answer_in_citation", "evidence_in_citation", "answered_answerable", "refused_unanswerable",
)  # fmt: skip
"""What the gate looks at: one metric for each thing that can go wrong; each search alone, too, where a fault shows that fusion hides."""

SLICES: tuple[str, ...] = ("kind", "language", "pair", "split")
"""Fields of an entry by which figures are broken down."""
