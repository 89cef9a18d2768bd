import pytest

from rag.evaluate.citations import coverage, evidence_precision, span_precision, span_recall, support_precision, support_recall

GOLD = [("d", 10, 20), ("e", 0, 4)]


@pytest.mark.parametrize(
    ("cited", "precision", "recall"),
    [
        ([("d", 10, 20)], 1.0, 1.0),
        ([("d", 15, 25)], 0.5, 0.5),  # 5 of 10 cited characters are gold; 5 of 10 of the first alternative are cited
        ([("d", 12, 14), ("d", 13, 16)], 1.0, 0.4),  # 12 to 16: overlaps count once
        ([("d", 10, 15), ("e", 0, 5)], 0.9, 1.0),  # 5 + 4 of 5 + 5; the second alternative is cited whole
        ([("f", 10, 20)], 0.0, 0.0),
        ([], 0.0, 0.0),
    ],
)
def test_spans(cited, precision, recall):
    assert (span_precision(cited, GOLD), span_recall(cited, GOLD)) == (pytest.approx(precision), pytest.approx(recall))


def test_gold_spans_that_overlap_count_once():
    assert span_precision([("d", 0, 10)], [("d", 0, 6), ("d", 4, 8)]) == 0.8


def test_citations_that_touch_evidence():
    assert evidence_precision([("d", 19, 30), ("d", 20, 30), ("e", 3, 9)], GOLD) == pytest.approx(2 / 3)
    assert evidence_precision([], GOLD) == 0


def test_coverage_and_support():
    assert coverage([2, 0, 1, 0]) == 0.5
    assert support_recall([True, False, True, True]) == 0.75
    assert (coverage([]), support_recall([])) == (0, 0)


def test_support_precision_counts_citations_that_are_needed_or_enough():
    # ALCE: 1 is enough alone and 2 adds nothing: 1 of 2. 3 and 4 are only enough together: 2 of 2. The third is not supported: 0 of 1.
    sentences = [([1, 2], lambda chosen: 1 in chosen), ([3, 4], lambda chosen: {3, 4} <= set(chosen)), ([5], lambda chosen: False)]
    assert support_precision(sentences) == 3 / 5
    assert support_precision([([], lambda chosen: True)]) == 0
