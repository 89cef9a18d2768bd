"""Refusal from evidence: when the documents do not say, the answer says so, with what they do hold.

Two reasons. `reference_absent`: the question names a provision that is not there. `no_evidence`: the probability that the passages answer
the question, a logistic function of how well they cover it, is under `answer.threshold`. Never a search for a refusal phrase in a
model's text. The probability is calibrated on questions whose passage was taken away; it does not see a passage that is about the right
thing and yet lacks the detail asked for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag import messages
from rag.evidence import Evidence, counterparts, covered
from rag.language import detect
from rag.retrieve import Retrieved
from rag.types import Hit, Reason

TOP = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """`probability` that the passages answer; `reason` is None if the question is to be answered."""

    probability: float
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients of the logistic function, fitted by `benchmarks/fit_answers.py`."""

    intercept: float = -9.0
    best_coverage: float = 8.0
    weakest_word: float = 2.0
    dense: float = 6.0


def decide(question: str, found: Retrieved, evidence: Evidence, threshold: float) -> Decision:
    """Whether to answer `question` from what was found."""
    language = detect(question)
    if found.lookup.asked and found.lookup.absent == found.lookup.asked:
        return Decision(0.0, "reference_absent", messages.absent(found.lookup, language))
    if found.lookup.found:
        return Decision(1.0)
    probability = answerable(question, found.hits, evidence)
    if probability < threshold:
        return Decision(probability, "no_evidence", messages.silent(found.hits, language))
    return Decision(probability)


def answerable(question: str, hits: Sequence[Hit], evidence: Evidence, calibration: Calibration | None = None) -> float:
    """The probability that one of the first hits answers `question`."""
    if not hits:
        return 0.0
    fitted = calibration or Calibration()
    best, weakest, dense = features(question, hits, evidence)
    logit = fitted.intercept + fitted.best_coverage * best + fitted.weakest_word * weakest + fitted.dense * dense
    return 1.0 / (1.0 + math.exp(-logit))


def features(question: str, hits: Sequence[Hit], evidence: Evidence) -> tuple[float, float, float]:
    """(coverage of the question by the best of the first hits, its least covered important word, highest cosine)."""
    asked, *given = evidence.words([question, *(hit.passage.in_context for hit in hits[:TOP])])
    best = counterparts(asked, given)
    if not best.size:
        return 0.0, 0.0, 0.0
    coverage = covered(asked, best)
    nearest = best[int(coverage.argmax())]
    important = asked.weights >= 0.6 * asked.weights.max()
    return float(coverage.max()), float(nearest[important].min()), max((hit.why.dense_score or 0.0 for hit in hits[:TOP]), default=0.0)
