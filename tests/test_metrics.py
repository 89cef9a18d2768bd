import random
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluate.metrics import average_precision, ndcg_at_k, recall_at_k, reciprocal_rank_at_k

RANKED = ["d1", "d2", "d3", "d4", "d5"]


def test_ndcg_binary():
    # Relevant at ranks 1 and 3, a third one not found. DCG = 1/log2(2) + 1/log2(4) = 1.5.
    # Ideal: ranks 1, 2, 3 = 1 + 0.6309298 + 0.5 = 2.1309298. 1.5 / 2.1309298 = 0.7039180.
    assert ndcg_at_k(RANKED, {"d1": 1, "d3": 1, "d9": 1}, 10) == pytest.approx(0.7039180, abs=1e-7)


def test_ndcg_graded_is_linear_in_the_gain():
    # Gains 0, 2, 1 at ranks 1 to 3. DCG = 2/log2(3) + 1/log2(4) = 1.2618595 + 0.5 = 1.7618595.
    # Ideal: 2/log2(2) + 1/log2(3) = 2.6309298. Ratio 0.6696718 (the exponential gain 2^g - 1 would give 2.3927893 / 3.6309298 = 0.6590).
    assert ndcg_at_k(RANKED, {"d2": 2, "d3": 1}, 10) == pytest.approx(0.6696718, abs=1e-7)


def test_ndcg_cuts_both_the_ranking_and_the_ideal():
    # k = 2, three relevant, found at ranks 2 and 3: DCG = 1/log2(3); ideal of two = 1 + 1/log2(3).
    assert ndcg_at_k(RANKED, {"d2": 1, "d3": 1, "d4": 1}, 2) == pytest.approx((1 / log2(3)) / (1 + 1 / log2(3)))


def test_recall_counts_found_of_all_relevant():
    gains = {"d1": 1, "d4": 3, "d9": 1, "d2": 0}
    assert recall_at_k(RANKED, gains, 1) == pytest.approx(1 / 3)
    assert recall_at_k(RANKED, gains, 3) == pytest.approx(1 / 3)
    assert recall_at_k(RANKED, gains, 4) == pytest.approx(2 / 3)


def test_reciprocal_rank_is_of_the_first_relevant_within_k():
    assert reciprocal_rank_at_k(RANKED, {"d3": 1, "d4": 1}, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank_at_k(RANKED, {"d3": 1}, 2) == 0.0


def test_average_precision():
    # Relevant at ranks 1, 3 and 5, one not found: (1/1 + 2/3 + 3/5) / 4 = 0.5666667.
    assert average_precision(RANKED, {"d1": 1, "d3": 1, "d5": 1, "d9": 1}) == pytest.approx(0.5666667, abs=1e-7)


@pytest.mark.parametrize("gains", [{}, {"d1": 0}, {"d1": -1}])
def test_nothing_relevant_scores_zero(gains):
    scores = [metric(RANKED, gains, 10) for metric in (ndcg_at_k, recall_at_k, reciprocal_rank_at_k)]
    assert [*scores, average_precision(RANKED, gains)] == [0, 0, 0, 0]


def test_negative_judgements_take_nothing_away():
    assert ndcg_at_k(RANKED, {"d1": -2, "d2": 1}, 10) == pytest.approx(1 / log2(3))


def test_an_id_listed_twice_is_refused():
    with pytest.raises(ValueError, match="3 entries, 2 different"):
        ndcg_at_k(["a", "b", "a"], {"a": 1}, 10)


@given(st.permutations(RANKED), st.dictionaries(st.sampled_from([*RANKED, "d9"]), st.integers(0, 3)), st.integers(1, 8))
def test_metrics_stay_between_0_and_1_and_the_ideal_ranking_is_best(ranked, gains, k):
    ideal = sorted({*ranked, *gains}, key=lambda name: -gains.get(name, 0))
    for metric in (ndcg_at_k, recall_at_k, reciprocal_rank_at_k):
        assert 0 <= metric(ranked, gains, k) <= metric(ideal, gains, k) + 1e-12 <= 1 + 2e-12
    assert ndcg_at_k(ideal, gains, k) == pytest.approx(1.0 if any(gains.values()) else 0.0)


def test_the_same_figures_as_trec_eval() -> None:
    """ir_measures runs trec_eval's own code. Grades 0 to 3, judged documents that were not found, found ones that were not judged."""
    ir_measures = pytest.importorskip("ir_measures")
    chance = random.Random(11)
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for topic in map(str, range(60)):
        found = chance.sample(range(300), chance.randint(1, 120))
        run[topic] = {f"d{name}": 1000.0 - rank for rank, name in enumerate(found)}
        judged = chance.sample(range(300), chance.randint(1, 40))
        qrels[topic] = {f"d{name}": chance.choice((0, 0, 1, 2, 3)) for name in judged} | {f"d{judged[0]}": 1}
    wanted = {
        "nDCG@10": lambda ranked, gains: ndcg_at_k(ranked, gains, 10),
        "nDCG@100": lambda ranked, gains: ndcg_at_k(ranked, gains, 100),
        "R@1": lambda ranked, gains: recall_at_k(ranked, gains, 1),
        "R@5": lambda ranked, gains: recall_at_k(ranked, gains, 5),
        "R@100": lambda ranked, gains: recall_at_k(ranked, gains, 100),
        "RR": lambda ranked, gains: reciprocal_rank_at_k(ranked, gains, 1000),
        "AP": average_precision,
    }
    measures = [ir_measures.parse_measure(name) for name in wanted]
    compared = 0
    for told in ir_measures.iter_calc(measures, qrels, run):
        ours = wanted[str(told.measure)](list(run[told.query_id]), qrels[told.query_id])
        assert ours == pytest.approx(told.value, abs=1e-9), (told.measure, told.query_id)
        compared += 1
    assert compared == 60 * len(wanted)
