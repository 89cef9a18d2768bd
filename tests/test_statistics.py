from statistics import mean, stdev

import numpy as np
import pytest

from rag.evaluate import statistics
from rag.evaluate.statistics import (
    Interval,
    bootstrap_interval,
    clustered_wilson_interval,
    cohen_kappa,
    design_effect,
    holm,
    minimum_detectable_difference,
    paired_sign_flip,
    standard_error,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),  # Brown, Cai & DasGupta (2001) and R's binom.wilson(8, 10)
        (0, 10, 0.0, 0.2775),  # z² / (n + z²) = 3.8415 / 13.8415
        (10, 10, 0.7225, 1.0),
        (15, 148, 0.0624, 0.1605),  # Newcombe (1998), Statistics in Medicine 17, table I
    ],
)
def test_wilson_against_published_values(successes, trials, low, high):
    interval = wilson_interval(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_without_trials_knows_nothing():
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)


def test_wilson_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match="between 0 and 10 trials, got 11"):
        wilson_interval(11, 10)


def test_bootstrap_is_reproducible_and_follows_its_seed():
    values = np.random.default_rng(7).random(50).tolist()
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_bootstrap_agrees_with_the_normal_approximation():
    values = np.random.default_rng(7).random(400).tolist()
    half = 1.96 * stdev(values) / 20
    interval = bootstrap_interval(values)
    assert (interval.low, interval.high) == pytest.approx((mean(values) - half, mean(values) + half), abs=0.003)


def test_bootstrap_does_not_depend_on_the_block_size(monkeypatch):
    values = [0.1, 0.4, 0.9, 0.3, 0.7, 0.2]
    whole = bootstrap_interval(values)
    monkeypatch.setattr(statistics, "_DRAWS_AT_ONCE", 60)
    assert bootstrap_interval(values) == whole


def test_bootstrap_of_clusters_of_equal_values_is_that_of_one_value_each():
    # Ten questions per document with the same value are no more evidence than one question per document.
    values = np.random.default_rng(3).random(30).tolist()
    tenfold = [value for value in values for _ in range(10)]
    keys = [number for number in range(30) for _ in range(10)]
    clustered, single = bootstrap_interval(tenfold, keys), bootstrap_interval(values)
    assert (clustered.low, clustered.high) == pytest.approx((single.low, single.high))
    independent = bootstrap_interval(tenfold)
    assert independent.high - independent.low < 0.4 * (single.high - single.low)


def test_bootstrap_weighs_clusters_by_their_size():
    # The mean is over values: eleven clusters of one 0 and one of nine 1s centre on 9/20, not on 1/12.
    values = [0.0] * 11 + [1.0] * 9
    interval = bootstrap_interval(values, [*range(11)] + [11] * 9)
    assert interval.low == 0.0
    assert interval.high > 9 / 20


def test_bootstrap_ignores_too_few_clusters():
    values = [0.1, 0.4, 0.9, 0.3]
    assert bootstrap_interval(values, ["a", "a", "a", "a"]) == bootstrap_interval(values)


@pytest.mark.parametrize(("values", "keys"), [([], None), ([1.0], ["a", "b"])])
def test_bootstrap_refuses_what_has_no_mean_or_keys_that_do_not_pair(values, keys):
    with pytest.raises(ValueError, match=r"no values|2 keys for 1 values"):
        bootstrap_interval(values, keys)


def test_sign_flip_exact_for_three_wins():
    # Differences 1, 2, 3: of 8 sign patterns only +++ and --- have a sum as far from 0 as 6, so p = 2/8.
    test = paired_sign_flip([2, 4, 6], [1, 2, 3])
    assert test.p_value == 0.25
    assert test.delta == 2
    assert (test.win, test.tie, test.loss) == (3, 0, 0)


def test_sign_flip_exact_with_tie_and_loss():
    # Differences 3, 0, -1: the tie is no evidence; the sums of the rest are ±4 and ±2, all at least |2|, so p = 1.
    test = paired_sign_flip([3, 5, 0], [0, 5, 1])
    assert test.p_value == 1.0
    assert (test.win, test.tie, test.loss) == (1, 1, 1)
    assert test.delta == pytest.approx(2 / 3)


def test_sign_flip_is_not_misled_by_the_last_bits():
    # Observed ±0.6 is reached by two of eight patterns; observed 0.1 + 0.2 - 0.3, which is 5.6e-17 in floating point and not 0, by all.
    assert paired_sign_flip([0.3, 0.2, 0.1], [0.0, 0.0, 0.0]).p_value == 0.25
    assert paired_sign_flip([0.1, 0.2, 0.0], [0.0, 0.0, 0.3]).p_value == 1.0


def test_sign_flip_of_equal_runs():
    test = paired_sign_flip([0.5] * 30, [0.5] * 30)
    assert (test.p_value, test.interval, test.tie) == (1.0, Interval(0.0, 0.0), 30)


def test_sign_flip_random_is_close_to_exact(monkeypatch):
    differences = np.random.default_rng(5).normal(0.3, 1.0, 16).tolist()
    exact = paired_sign_flip(differences, [0.0] * 16).p_value
    monkeypatch.setattr(statistics, "EXACT_UP_TO", 0)
    drawn = paired_sign_flip(differences, [0.0] * 16)
    assert drawn.p_value == pytest.approx(exact, abs=0.015)
    assert drawn == paired_sign_flip(differences, [0.0] * 16)


def test_sign_flip_random_never_reaches_zero():
    assert paired_sign_flip([1.0] * 200, [0.0] * 200).p_value == pytest.approx(1 / 10_001)


def test_sign_flip_of_clusters_flips_them_whole():
    # Ten clusters of three wins each: 2 of the 2^10 patterns are as extreme; as thirty independent wins p would be below 1e-4.
    keys = [number for number in range(10) for _ in range(3)]
    assert paired_sign_flip([1.0] * 30, [0.0] * 30, keys).p_value == pytest.approx(2 / 1024)


def test_sign_flip_refuses_unpaired_values():
    with pytest.raises(ValueError, match="got 2 and 1"):
        paired_sign_flip([1, 2], [1])


def test_holm_by_hand():
    # Sorted .01 .02 .03 .5, times 4 3 2 1: .04 .06 .06 .5, each at least the one before.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_design_effect_by_hand():
    # Twelve clusters of two equal values: Var between = 12/11 * 12 * 1² / 24² = 1/44, of 24 independent values (6/23)/24 = 1/92.
    values = [value for value in (0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1) for _ in range(2)]
    clusters = [place // 2 for place in range(24)]
    assert design_effect(values, clusters) == pytest.approx(92 / 44)
    assert design_effect(values, clusters[:1] * 24) == pytest.approx(1)  # too few clusters to tell
    assert design_effect([1.0, 1.0], ["a", "b"]) == 1


def test_clustered_wilson_is_wilson_for_fewer_values():
    values = [value for value in (0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1) for _ in range(2)]
    clusters = [place // 2 for place in range(24)]
    effect = design_effect(values, clusters)
    assert effect > 2
    assert clustered_wilson_interval(values, clusters) == wilson_interval(12 / effect, 24 / effect)
    assert clustered_wilson_interval(values, range(24)) == wilson_interval(12, 24)


def test_minimum_detectable_difference_by_hand():
    # z of .975 and of .8: 1.959964 + 0.841621
    assert minimum_detectable_difference(0.01) == pytest.approx(0.02801585, abs=1e-7)
    # 0 and 1: sd with n - 1 is .70711, over sqrt 2
    assert standard_error([0.0, 1.0]) == pytest.approx(0.5)
    assert standard_error([1.0]) == 0


def test_the_test_finds_the_detectable_difference_in_four_of_five_cases():
    generator = np.random.default_rng(7)
    count, spread, found, trials = 60, 0.3, 0, 200
    delta = minimum_detectable_difference(spread / count**0.5)
    for _ in range(trials):
        differences = generator.normal(delta, spread, count)
        found += paired_sign_flip(differences.tolist(), [0.0] * count, flips=999).p_value < 0.05
    assert 0.72 <= found / trials <= 0.88


def test_kappa_by_hand():
    # 3 of 4 agree; by chance 1/2 * 3/4 + 1/2 * 1/4 = 1/2: (3/4 - 1/2) / (1/2)
    assert cohen_kappa([True, True, False, False], [True, True, True, False]) == 0.5
    assert cohen_kappa([True], [True]) == 1
    assert cohen_kappa([], []) == 0
