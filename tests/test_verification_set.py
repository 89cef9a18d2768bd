"""The labelled set of good and doctored sentences: well formed, made by its rules, and judged about as well as the documentation says."""

from typing import Any

import pytest

from benchmarks.verification_set import load_passages, made_by_rule, passage_of, read_rows
from rag.evidence import builtin_evidence
from rag.types import Hit, Why
from rag.verification.verdicts import Verdicts

ROWS = read_rows()
PASSAGES = load_passages()
EVIDENCE = builtin_evidence()


def test_the_halves_share_no_document() -> None:
    halves = [{row["evidence"]["source"] for row in ROWS if row["half"] == half} for half in ("fitting", "held-out")]
    assert not halves[0] & halves[1]
    assert len(ROWS) >= 300
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_the_rows_by_rule_are_those_that_the_rules_make() -> None:
    written = [row for row in ROWS if row["by"] == "hand"]
    made = [{name: value for name, value in row.items() if name != "id"} for row in ROWS if row["by"] == "rule"]
    assert made == list(made_by_rule(written, PASSAGES))


def passes(row: dict[str, Any]) -> bool:
    verdicts = Verdicts([Hit(1, passage_of(row, PASSAGES), 1.0, Why())], EVIDENCE)
    return verdicts.verdict(row["sentence"], [0]) != "unsupported"


@pytest.mark.slow  # ten seconds
@pytest.mark.parametrize(("half", "caught", "flagged"), [("fitting", 0.94, 0.04), ("held-out", 0.91, 0.09)])
def test_the_verifier_is_as_good_as_it_was(half: str, caught: float, flagged: float) -> None:
    rows = [row for row in ROWS if row["half"] == half]
    good = [passes(row) for row in rows if row["good"]]
    doctored = [passes(row) for row in rows if not row["good"]]
    assert 1 - sum(doctored) / len(doctored) >= caught
    assert 1 - sum(good) / len(good) <= flagged


def test_word_for_word_is_never_flagged() -> None:
    assert [row["id"] for row in ROWS if row["kind"] == "verbatim" and not passes(row)] == []
