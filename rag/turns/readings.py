"""Two readings of a question that may lean on the one before, or stand alone: the one that the documents answer.

"Who signed the circular?" after a question on the rent may open another topic, and rules cannot tell. Both readings are searched for: the
question with what it leaves unsaid (`rag.condense`), and the question as it was typed. The latter counts where the former gets no answer,
or where it finds a better one in the same document. It does not know what was meant, only what is there.
"""

import re
from dataclasses import dataclass

from rag.abstain import Decision
from rag.condense import is_fragment
from rag.references import find
from rag.retrieve import Retrieved
from rag.select import SentenceScorer
from rag.turns.wished_form import wished_form

NEAREST = 3
SURE = 0.75
"""From which probability on a question by itself is another topic, if with the one before it is not answered."""
BETTER = 0.03
"""How much more probable an answer from the same document must be."""
_SOMEBODY = re.compile(r"\b(?:they|their|he|she|him|her|his|ellos|ellas|él|ella|sus?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question that stands alone, what was found for it, and whether that answers it."""

    question: str
    found: Retrieved
    decision: Decision


def may_stand_alone(question: str, standalone: str) -> bool:
    """Whether `question`, of which the rules made `standalone`, is a whole question by its form."""
    return question != standalone and not wished_form(question) and not find(question) and not is_fragment(question)


def preferred(leaning: Reading, alone: Reading, scorer: SentenceScorer) -> Reading:
    """Which of two readings of a question is answered: with what it leaves unsaid, or by itself."""
    if alone.decision.reason is not None or leaning.decision.reason == "reference_absent":
        return leaning
    source = _quoted_source(alone, scorer)
    if leaning.decision.reason is None:
        better = alone.decision.probability >= leaning.decision.probability + BETTER
        return alone if better and source == _quoted_source(leaning, scorer) else leaning
    near = source in {hit.passage.source for hit in leaning.found.hits[:NEAREST]}
    other = alone.decision.probability >= SURE and not _SOMEBODY.search(alone.question)
    return alone if near or other else leaning


def _quoted_source(reading: Reading, scorer: SentenceScorer) -> str | None:
    """The document of the sentence that would be quoted first."""
    scored = scorer.score(reading.question, reading.found.hits)
    return reading.found.hits[scored[0].hit].passage.source if scored else None
