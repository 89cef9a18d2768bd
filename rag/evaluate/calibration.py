"""Whether confidence means something: calibration error, and the risk of answering only the questions that one is most sure of.

Pure functions of confidences (0 to 1) and outcomes (was the answer right), paired by position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence is in [low, high): how many, their mean confidence and the share that was right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Answering only from `threshold` up answers the share `coverage`, of which the share `risk` is wrong."""

    threshold: float
    coverage: float
    risk: float


def calibration_bins(confidences: Sequence[float], correct: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """The bins of equal width that hold any answer; confidence 1 belongs to the last one."""
    members: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in zip(confidences, correct, strict=True):
        members.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, right))
    return [
        Bin(number / bins, (number + 1) / bins, len(own), sum(c for c, _ in own) / len(own), sum(right for _, right in own) / len(own))
        for number, own in sorted(members.items())
    ]


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their size. 0 without answers.

    Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning; Guo et al. (2017).
    """
    found = calibration_bins(confidences, correct, bins)
    return sum(own.count * abs(own.confidence - own.accuracy) for own in found) / len(confidences) if found else 0.0


def brier_score(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Mean squared distance of confidence and outcome; 0 is best. Brier (1950), Verification of forecasts expressed as probability."""
    if not confidences:
        return 0.0
    return sum((confidence - right) ** 2 for confidence, right in zip(confidences, correct, strict=True)) / len(confidences)


def risk_coverage(confidences: Sequence[float], correct: Sequence[bool]) -> list[RiskPoint]:
    """The risk-coverage curve, from the surest answers down; answers of one confidence come together.

    El-Yaniv & Wiener (2010), On the foundations of noise-free selective classification, JMLR 11.
    """
    ordered = sorted(zip(confidences, correct, strict=True), key=lambda pair: -pair[0])
    points, answered, wrong = [], 0, 0
    for confidence, group in groupby(ordered, key=lambda pair: pair[0]):
        outcomes = [right for _, right in group]
        answered += len(outcomes)
        wrong += len(outcomes) - sum(outcomes)
        points.append(RiskPoint(confidence, answered / len(ordered), wrong / answered))
    return points


def area_under_risk_coverage(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Mean risk over the coverages 1/n, 2/n, ..., 1; 0 without answers. Within one confidence, wrong answers count as evenly spread.

    Geifman & El-Yaniv (2017), Selective classification for deep neural networks (AURC).
    """
    total = answered = 0.0
    wrong = 0.0
    count = len(confidences)
    ordered = sorted(zip(confidences, correct, strict=True), key=lambda pair: -pair[0])
    for _, group in groupby(ordered, key=lambda pair: pair[0]):
        outcomes = [right for _, right in group]
        share_wrong = 1 - sum(outcomes) / len(outcomes)
        for _ in outcomes:
            answered += 1
            wrong += share_wrong
            total += wrong / answered
    return total / count if count else 0.0
