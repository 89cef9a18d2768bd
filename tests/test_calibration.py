import pytest

from rag.evaluate.calibration import (
    RiskPoint,
    area_under_risk_coverage,
    brier_score,
    calibration_bins,
    expected_calibration_error,
    risk_coverage,
)


def test_bins_by_hand():
    low, high = calibration_bins([0.1, 0.2, 0.9, 1.0], [False, True, True, True], bins=2)
    assert (low.count, low.confidence, low.accuracy) == (2, pytest.approx(0.15), 0.5)
    assert (high.low, high.high, high.count, high.confidence, high.accuracy) == (0.5, 1.0, 2, pytest.approx(0.95), 1.0)


def test_expected_calibration_error_by_hand():
    # |0.15 - 0.5| and |0.95 - 1|, two answers each: (2 * 0.35 + 2 * 0.05) / 4
    assert expected_calibration_error([0.1, 0.2, 0.9, 1.0], [False, True, True, True], bins=2) == pytest.approx(0.2)
    assert expected_calibration_error([0.25] * 4, [True, False, False, False], bins=10) == 0
    assert expected_calibration_error([], []) == 0


def test_brier_by_hand():
    assert brier_score([1.0, 0.5, 0.0], [True, False, True]) == pytest.approx((0 + 0.25 + 1) / 3)


def test_risk_coverage_by_hand():
    points = risk_coverage([0.9, 0.5, 0.7, 0.5], [True, False, False, True])
    assert points == [RiskPoint(0.9, 0.25, 0.0), RiskPoint(0.7, 0.5, 0.5), RiskPoint(0.5, 1.0, 0.5)]


def test_area_by_hand():
    # Risks at coverages 1/4 to 4/4: 0, 1/2, then two equal confidences with one error, spread evenly: 1.5/3 and 2/4.
    assert area_under_risk_coverage([0.9, 0.5, 0.7, 0.5], [True, False, False, True]) == pytest.approx((0 + 0.5 + 0.5 + 0.5) / 4)


def test_a_good_order_has_a_smaller_area_than_a_bad_one():
    correct = [True, True, False, False]
    assert area_under_risk_coverage([0.9, 0.8, 0.2, 0.1], correct) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert area_under_risk_coverage([0.1, 0.2, 0.8, 0.9], correct) == pytest.approx((1 + 1 + 2 / 3 + 1 / 2) / 4)
