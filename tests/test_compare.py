"""Two runs and a verdict, the gate, and what is kept for it."""

import random

import pytest

from rag.errors import InputError
from rag.evaluate.compare import check_against, compare, compare_all, read_results, write_baseline


def run_of(values, metric="crag_score", labels=None, **more):
    entries = [
        {"id": str(place), "group": str(place), "label": (labels or {}).get(place, "same"), metric: value}
        for place, value in enumerate(values)
    ]
    return {"dataset": "set", "dataset_sha256": "d", "metrics": {metric: {"value": 0.5}}, "per_query": entries, **more}


def test_verdicts_are_corrected_for_the_number_of_runs_and_metrics():
    # Six wins of six: p = 2/64 = .03125 alone; with the other run's p (1, no difference) Holm doubles the smallest.
    reference, better, same = run_of([0.0] * 6), run_of([1.0] * 6), run_of([0.0] * 6)
    alone = compare(better, reference)["metrics"]["crag_score"]
    assert (alone["p_value"], alone["p_holm"], alone["verdict"]) == (0.03125, 0.03125, "better")
    assert compare(reference, better)["metrics"]["crag_score"]["verdict"] == "worse"
    both = compare_all(reference, [better, same])
    assert [own["metrics"]["crag_score"]["p_holm"] for own in both] == [0.0625, 1]
    assert [own["metrics"]["crag_score"]["verdict"] for own in both] == ["no difference shown"] * 2


def test_all_means_of_a_metric_are_over_the_questions_that_every_run_has():
    reference = run_of([1.0, 0.0, 1.0, 0.0])
    whole, shorter = run_of([1.0, 1.0, None, 1.0]), run_of([0.0, 1.0, 1.0])
    rows = [own["metrics"]["crag_score"] for own in compare_all(reference, [whole, shorter])]
    assert [(row["n"], row["other"], row["value"]) for row in rows] == [(2, 0.5, 1.0), (2, 0.5, 0.5)]


def test_a_run_without_a_metric_takes_no_questions_from_it():
    reference = run_of([1.0, 0.0])
    searched = run_of([None, None])
    searched["metrics"] = {}
    with_metric, without = compare_all(reference, [run_of([1.0, 1.0]), searched])
    assert (with_metric["metrics"]["crag_score"]["n"], without["metrics"]) == (2, {})


def test_a_metric_that_is_no_headline_gets_no_verdict():
    row = compare(run_of([1.0] * 6, "map"), run_of([0.0] * 6, "map"))["metrics"]["map"]
    assert (row["p_value"], row["p_holm"], row["verdict"]) == (0.03125, None, None)


def test_questions_whose_labels_changed_are_not_compared():
    comparison = compare(run_of([1, 1, 1], labels={0: "new"}), run_of([0, 1, 1]))
    assert (comparison["questions"], comparison["relabelled"]) == (2, 1)
    assert comparison["metrics"]["crag_score"]["delta"] == 0
    with pytest.raises(InputError, match="No question with the labels of 'set'"):
        compare(run_of([1], labels={0: "new"}), run_of([0]))


def test_the_gate_fails_on_a_significant_loss_beyond_the_margin():
    before = run_of([1.0] * 40, "ndcg@10")
    lost = check_against(run_of([0.0] * 10 + [1.0] * 30, "ndcg@10"), before, 0.01)
    assert not lost["passed"]
    assert lost["alarms"] == ["ndcg@10 fell from 1.000 to 0.750 (-0.250, p = 0.0010)"]  # one-sided: 1/2^10
    assert check_against(run_of([0.0] * 10 + [1.0] * 30, "ndcg@10"), before, 0.25)["passed"]  # not beyond the margin
    assert check_against(run_of([0.0] * 4 + [1.0] * 36, "ndcg@10"), before, 0.01)["passed"]  # p = 2/2^4 / 2 = .0625
    assert check_against(before, run_of([0.0] * 10 + [1.0] * 30, "ndcg@10"), 0.01)["passed"]  # a gain


def test_the_gate_fails_without_statistics_on_torn_quotations_and_lost_documents():
    before = run_of([1.0], index={"documents": 3})
    after = run_of([1.0], index={"documents": 2})
    before["metrics"]["quote_matches_text"], after["metrics"]["quote_matches_text"] = {"value": 1.0}, {"value": 0.999}
    alarms = check_against(after, before, 0.01)["alarms"]
    assert alarms[0].startswith("quote_matches_text fell from 1.0000 to 0.9990")
    assert alarms[1] == "the index has 2 documents, that of the baseline had 3"


def test_the_gate_fails_where_a_gated_metric_is_no_longer_measured():
    before = run_of([1.0, 1.0], "ndcg@10")
    for place, entry in enumerate(before["per_query"]):
        entry |= {"refused_unanswerable": 1.0 if place else None, "map": 0.5}
    before["metrics"] |= {"refused_unanswerable": {"value": 0.9}, "map": {"value": 0.5}, "dense_mrr": {"value": None}}
    gate = check_against(run_of([1.0, 1.0], "ndcg@10"), before, 0.01)
    assert gate["alarms"] == ["refused_unanswerable was 0.900 in the baseline, and no question of it has it now"]
    assert gate["notes"] == ["the baseline has map, this run has not"]
    assert check_against(before, run_of([1.0, 1.0], "ndcg@10"), 0.01)["passed"]  # what is new is no loss


def test_the_gate_names_slices_that_are_gone(tmp_path):
    kinds = {"kind": {"fact": {}, "provision": {}, "reason": {}}, "split": {"dev": {}}}
    write_baseline(run_of([1.0, 1.0], slices=kinds), tmp_path / "base.json")
    now = run_of([1.0, 1.0], slices={"kind": {"fact": {}, "new": {}}})
    for before in (run_of([1.0, 1.0], slices=kinds), read_results(tmp_path / "base.json")):
        assert check_against(now, before, 0.01)["notes"] == [
            "no question is left of kind provision, reason, which the baseline has",
            "no question is left of split dev, which the baseline has",
        ]


def test_the_gate_says_what_else_changed():
    before = run_of([1.0, 1.0], run={"config": {"a": 1}})
    notes = check_against({**run_of([1.0], run={"config": {"a": 2}}), "dataset_sha256": "e"}, before, 0.01)["notes"]
    assert notes == [
        "the question set changed: 0 new, 1 gone, 0 with other labels; 1 are compared",
        "the configuration is not that of the baseline",
    ]


def test_a_baseline_keeps_what_a_comparison_needs(tmp_path):
    results = run_of([1.0, 0.0, None], index={"documents": 1}, counts={}, run={}, failures=[{"id": "1"}])
    results["per_query"][0]["retrieved"] = ["x"]
    file = tmp_path / "new" / "base.json"
    write_baseline(results, file)
    kept = read_results(file)
    assert kept["per_query"] == [
        {"id": "0", "group": "0", "label": "same", "crag_score": 1.0},
        {"id": "1", "group": "1", "label": "same", "crag_score": 0.0},
        {"id": "2", "group": "2", "label": "same"},
    ]
    assert "failures" not in kept
    assert compare(results, kept)["metrics"]["crag_score"]["tie"] == 2
    assert len(file.read_text(encoding="utf-8").splitlines()) > 4  # a question a line, so that a change can be read


@pytest.mark.slow
def test_fifty_runs_that_differ_by_chance_only_raise_no_alarm_beyond_the_level():
    """Two runs over 300 questions in 30 documents whose answers differ at random in a fifth of the cases: nothing is lost on average."""
    alarms = 0
    for seed in range(50):
        chance = random.Random(seed)
        values = [[1.0 if chance.random() < 0.7 else 0.0 for _ in range(300)] for _ in range(3)]
        before, after = (
            {"dataset": "s", "metrics": {"ndcg@10": {}, "evidence_in_citation": {}, "refused_unanswerable": {}}, "per_query": own}
            for own in (_entries(values, None), _entries(values, chance))
        )
        alarms += not check_against(after, before, 0.0)["passed"]
    # At a level of 5% two or three are expected; seven or more of fifty would happen once in eighty times.
    assert alarms <= 6


def _entries(values, chance):
    names = ("ndcg@10", "evidence_in_citation", "refused_unanswerable")
    flip = [chance is not None and chance.random() < 0.2 for _ in range(300)]
    return [
        {
            "id": str(place),
            "group": place % 30,
            **{name: _redrawn(own[place], flip[place], chance) for name, own in zip(names, values, strict=True)},
        }
        for place in range(300)
    ]


def _redrawn(value, flip, chance):
    return float(chance.random() < 0.7) if flip else value


@pytest.mark.parametrize("text", ['{"per_query": [], "metrics": []}', '{"per_query": [{"id": 1}], "metrics": {}}', "[]"])
def test_a_file_that_is_no_result_is_refused(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(InputError, match="does not list questions"):
        read_results(tmp_path)
