"""How far a number can be trusted: intervals for proportions and means, and a paired test for two runs over the same questions.

Pure functions of plain numbers. Random draws come from a seed, so the same input gives the same output. They know nothing about questions
or metrics; a cluster is whatever key the caller gives to values that are not independent (questions on one document).
"""

import itertools
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
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


def wilson_interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
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
    means = np.concatenate([sums[draw].sum(axis=1) / sizes[draw].sum(axis=1) for draw in _draws(len(sums), resamples, seed)])
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


def _draws(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """`resamples` rows of `count` positions drawn with replacement, in blocks that bound the memory."""
    generator = np.random.default_rng(seed)
    for rows in _row_counts(count, resamples):
        yield generator.integers(0, count, size=(rows, count))


def _row_counts(width: int, rows: int) -> Iterator[int]:
    block = max(1, _DRAWS_AT_ONCE // width)
    while rows > 0:
        yield min(block, rows)
        rows -= block
