"""How far a number can be trusted: intervals for proportions and means, and a paired test for two runs over the same questions.

Pure functions of plain numbers. Random draws come from a seed, so the same input gives the same output. They know nothing about questions
or metrics; a cluster is whatever key the caller gives to values that are not independent (questions on one document).
"""

import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
POWER = 0.8
RESAMPLES = 10_000
SEED = 20_260_101
EXACT_UP_TO = 16
"""Differences up to which all 2^n sign patterns are tried (65,536 of them)."""
FEWEST_CLUSTERS = 10
"""Below this, drawing clusters gives intervals that are too narrow (of width 0 for a single one): values then count as independent."""
_DRAWS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedTest:
    """`delta`: mean of a - b with its interval; `p_value` two-sided; win, tie and loss count questions as a sees them."""

    delta: float
    interval: Interval
    p_value: float
    win: int
    tie: int
    loss: int


def wilson_interval(successes: float, trials: float, confidence: float = CONFIDENCE) -> Interval:
    """Score interval of a proportion p = successes / trials: (p + z²/2n ± z·sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n).

    Keeps a sensible width at 0% and 100%, where the normal approximation has none. No trials give (0, 1).
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be between 0 and {trials} trials, got {successes}")
    if trials == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == trials else (centre + spread) / scale
    return Interval(low, high)


def clustered_wilson_interval(values: Sequence[float], clusters: Sequence[Hashable], confidence: float = CONFIDENCE) -> Interval:
    """Wilson's interval of the share of 1s among `values` (0 or 1), for the number of independent values that they are worth.

    Questions on one document succeed and fail together. Their effective number is n / design effect, where the design effect is the
    variance of the mean between clusters over that of n independent values, and at least 1. Dean & Pagano (2015), Evaluating confidence
    interval methods for binomial proportions in clustered surveys, J. Survey Statistics and Methodology 3.
    """
    effect = design_effect(values, clusters)
    return wilson_interval(sum(values) / effect, len(values) / effect, confidence)


def design_effect(values: Sequence[float], clusters: Sequence[Hashable] | None) -> float:
    """How many times larger the variance of the mean is than if the values were independent; at least 1.

    Kish (1965), Survey Sampling, section 8.2; the variance between clusters is that of a ratio mean.
    """
    if len(values) < 2:
        return 1.0
    sums, sizes = _cluster_sums(values, clusters)
    mean = float(sums.sum() / sizes.sum())
    independent = float(np.var(np.asarray(values, dtype=np.float64), ddof=1)) / len(values)
    if independent == 0:
        return 1.0
    between = len(sums) / (len(sums) - 1) * float(((sums - mean * sizes) ** 2).sum()) / float(sizes.sum()) ** 2
    return max(1.0, between / independent)


def standard_error(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> float:
    """Of the mean of `values`, with the design effect of their clusters; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    spread = float(np.std(np.asarray(values, dtype=np.float64), ddof=1)) / math.sqrt(len(values))
    return spread * math.sqrt(design_effect(values, clusters))


def minimum_detectable_difference(error: float, confidence: float = CONFIDENCE, power: float = POWER) -> float:
    """The smallest true difference that a two-sided test finds with probability `power`; `error` is the standard error of the difference.

    (z of 1 - alpha/2 + z of power) * error. Sakai (2018), Laboratory Experiments in Information Retrieval, chapter 6.
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(power)) * error


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the same order: comparing them with alpha bounds the chance of any false alarm by alpha.

    The i-th smallest of m is multiplied by m - i + 1, kept at least as large as the one before and at most 1.
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def bootstrap_interval(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """Percentile interval of the mean of `values` over `resamples` drawings with replacement.

    With `clusters` (one key per value) whole clusters are drawn and the mean is over the values in them, so that values which go together
    do not pass for independent evidence; fewer than `FEWEST_CLUSTERS` of them are ignored. Efron & Tibshirani (1993), An Introduction to
    the Bootstrap, chapter 13; clusters: Davison & Hinkley (1997), Bootstrap Methods and their Application, section 3.8.
    """
    if not values:
        raise ValueError("the mean of no values has no interval")
    sums, sizes = _cluster_sums(values, clusters)
    means = np.concatenate([(counts @ sums) / (counts @ sizes) for counts in _drawn_counts(len(sums), resamples, seed)])
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def paired_sign_flip(
    ours: Sequence[float],
    theirs: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    flips: int = RESAMPLES,
    seed: int = SEED,
) -> PairedTest:
    """Test whether `ours` and `theirs`, paired by position, have the same mean.

    If they do not differ, each difference is as likely to be positive as negative. The p-value is the share of sign patterns whose sum is
    at least as far from 0 as the observed one: over all patterns up to `EXACT_UP_TO` differences that are not 0, else over `flips` random
    ones, the observed pattern counted in (Phipson & Smyth 2010). With `clusters` the sign of a whole cluster flips, if there
    are at least `FEWEST_CLUSTERS`.
    Fisher (1935), The Design of Experiments; Smucker, Allan & Carterette (2007), A comparison of statistical significance tests for IR.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"paired values must be as many on both sides and at least one, got {len(ours)} and {len(theirs)}")
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    sums, _ = _cluster_sums(differences, clusters)
    return PairedTest(
        delta=sum(differences) / len(differences),
        interval=bootstrap_interval(differences, clusters, seed=seed),
        p_value=_sign_flip_p_value(sums[sums != 0], flips, seed),
        win=sum(difference > 0 for difference in differences),
        tie=sum(difference == 0 for difference in differences),
        loss=sum(difference < 0 for difference in differences),
    )


def cohen_kappa(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> float:
    """Agreement of two raters beyond chance: (observed - expected) / (1 - expected); 0 without ratings, 1 if nothing could differ.

    Cohen (1960), A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20.
    """
    count = len(ours)
    if not count:
        return 0.0
    observed = sum(a == b for a, b in zip(ours, theirs, strict=True)) / count
    expected = sum(ours.count(value) * theirs.count(value) for value in {*ours, *theirs}) / count**2
    return (observed - expected) / (1 - expected) if expected < 1 else 1.0


def _sign_flip_p_value(differences: NDArray[np.float64], flips: int, seed: int) -> float:
    count = len(differences)
    if count == 0:
        return 1.0
    # Sums of the same numbers in another order differ in the last bits; they must still count as equally far from 0.
    bound = abs(float(differences.sum())) - 1e-9 * float(np.abs(differences).sum())
    if count <= EXACT_UP_TO:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=count)))
        return float(np.mean(np.abs(signs @ differences) >= bound))
    generator = np.random.default_rng(seed)
    extreme = 0
    for rows in _row_counts(count, flips):
        signs = generator.integers(0, 2, size=(rows, count)) * 2.0 - 1.0
        extreme += int(np.sum(np.abs(signs @ differences) >= bound))
    return (1 + extreme) / (1 + flips)


def _cluster_sums(values: Sequence[float], clusters: Sequence[Hashable] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of values per cluster, in order of first appearance; without enough clusters every value is its own."""
    if clusters is not None and len(clusters) != len(values):
        raise ValueError(f"one cluster key per value is needed: {len(clusters)} keys for {len(values)} values")
    keys: Sequence[Hashable] = clusters if clusters is not None and len(set(clusters)) >= FEWEST_CLUSTERS else range(len(values))
    positions: dict[Hashable, int] = {}
    rows = np.array([positions.setdefault(key, len(positions)) for key in keys])
    sums = np.bincount(rows, weights=np.asarray(values, dtype=np.float64))
    return sums.astype(np.float64), np.bincount(rows).astype(np.float64)


def _drawn_counts(count: int, resamples: int, seed: int) -> Iterable[NDArray[np.float64]]:
    """How often each of `count` positions is drawn in each of `resamples` drawings with replacement, in blocks that bound the memory."""
    return _remembered_counts(count, resamples, seed) if count * resamples <= _DRAWS_AT_ONCE else _count_draws(count, resamples, seed)


@lru_cache(maxsize=16)
def _remembered_counts(count: int, resamples: int, seed: int) -> tuple[NDArray[np.float64], ...]:
    return tuple(_count_draws(count, resamples, seed))


def _count_draws(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    for rows in _row_counts(count, resamples):
        drawn = generator.integers(0, count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def _row_counts(width: int, rows: int) -> Iterator[int]:
    block = max(1, _DRAWS_AT_ONCE // width)
    while rows > 0:
        yield min(block, rows)
        rows -= block
