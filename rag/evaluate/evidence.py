"""Where the evidence is, and whether a passage or a citation holds it.

Labels are quotations (or spans) of documents. Each is looked up in the stored text, which gives its span there; all comparisons are of
spans, so a change of the splitter does not void a label. What a label does not know is other true answers elsewhere in the documents.
"""

import re
from collections.abc import Sequence

from rag.errors import InputError
from rag.evaluate.datasets import Evidence, GoldSpan, Question
from rag.evaluate.subject import Subject
from rag.types import Citation, Hit

COVERED = 0.9
"""Share of the characters of an evidence quote that one citation must hold: a final full stop or a lead-in word may be missing."""


def locate_evidence(question: Question, subject: Subject) -> tuple[GoldSpan, ...]:
    """The span of each item of evidence in the stored text of its document; runs of whitespace match each other.

    Raises:
        InputError: the document is not in the index, or the quote is not in it exactly once.
    """
    return question.spans + tuple(_locate(question, evidence, subject) for evidence in question.evidence)


def _locate(question: Question, evidence: Evidence, subject: Subject) -> GoldSpan:
    try:
        text = subject.document(evidence.source).text
    except InputError as error:
        raise InputError(f"Question {question.id!r}: its evidence is in {evidence.source!r}, which is not in the index.") from error
    if evidence.span is not None:
        if evidence.span[1] > len(text):
            reason = f"ends at {evidence.span[1]:,}, but {evidence.source!r} has {len(text):,} characters; see rag show"
            raise InputError(f"Question {question.id!r}: its evidence {reason}.")
        return GoldSpan(evidence.source, *evidence.span)
    found = [match.span() for match in re.finditer(r"\s+".join(map(re.escape, evidence.quote.split())), text)]
    if len(found) != 1:
        cure = "quote more of it" if found else "copy it from the output of rag show"
        raise InputError(
            f"Question {question.id!r}: its evidence {evidence.quote!r} is {len(found)} times in {evidence.source!r}, not once; {cure}."
        )
    return GoldSpan(evidence.source, *found[0])


def is_relevant(hit: Hit, spans: Sequence[GoldSpan]) -> bool:
    """Whether a passage holds a whole gold span, or, of a span longer than the passage, at least half."""
    passage = hit.passage
    for span in spans:
        if span.source in (passage.source, *passage.copies):
            shared = min(span.end, passage.end) - max(span.start, passage.start)
            length = span.end - span.start
            if shared == length or (length > passage.end - passage.start and 2 * shared >= length):
                return True
    return False


def is_cited(span: GoldSpan, citation: Citation, least: float = COVERED) -> bool:
    """Whether one citation holds at least the share `least` of the characters of a gold span."""
    shared = min(span.end, citation.end) - max(span.start, citation.start)
    return span.source in (citation.source, *citation.copies) and shared >= least * (span.end - span.start)


def quote_matches_text(citation: Citation, subject: Subject) -> bool:
    """Whether the quote is the stored text at the span of the citation."""
    try:
        text = subject.document(citation.source).text
    except InputError:
        return False
    return text[citation.start : citation.end] == citation.quote
