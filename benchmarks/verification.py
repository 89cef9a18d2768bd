"""Measure the verifier on `eval/verification.jsonl`: how many doctored sentences it catches, how many good ones it flags.

    python -m benchmarks.verification [--misses fitting]

Each sentence is checked as an answer that cites one passage. A doctored sentence is caught if its verdict is `unsupported`; a good one is
flagged if it is. Thresholds and word lists are fitted on the half "fitting"; the other half holds other documents and is only measured.
`--misses` lists what went wrong in a half. Intervals are Wilson's, 95%. The third table is of claims written freely, without the verifier
in mind, about documents that are not the demo's (the held-out ones of `training/written`), each beside its passage with its headings:
nothing was fitted on them.
"""

import argparse
import time
from collections import defaultdict
from statistics import median, quantiles

from benchmarks.verification_set import Row, load_passages, passage_of, read_rows
from rag.evaluate.statistics import wilson_interval
from rag.evidence import Evidence, builtin_evidence
from rag.types import Hit, Passage, Why
from rag.verify import Checker
from training.reader_claims import written_claims

HALVES = ("fitting", "held-out")


def main() -> None:
    """Check every sentence and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", choices=HALVES, help="also list the sentences that were judged wrongly in this half")
    options = parser.parse_args()
    rows, judged, times = read_rows(), {}, []
    passages, evidence = load_passages(), builtin_evidence()
    for row in rows:
        started = time.perf_counter()
        judged[row["id"]] = is_supported(row["sentence"], passage_of(row, passages), evidence)
        times.append(1000 * (time.perf_counter() - started))
    written: list[Row] = []
    for number, claim in enumerate(written_claims(held_out=True, seed=0, headings=True)):
        passage = Passage("written", "", claim.passage, 0, len(claim.passage))
        written.append({"id": number, "kind": "written", "good": claim.supported})
        judged[number] = is_supported(claim.claim, passage, evidence)
    for half in HALVES:
        _print_half(half, [row for row in rows if row["half"] == half], judged)
    _print_half("written", written, judged)
    print(f"\ntime for a sentence: median {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f} ms")
    for row in rows:
        if row["half"] == options.misses and judged[row["id"]] != row["good"]:
            print(f"{'flagged' if row['good'] else 'missed '} {row['id']} {row['kind']:15} {row['sentence']}")


def is_supported(sentence: str, passage: Passage, evidence: Evidence) -> bool:
    """Whether no part of a sentence that cites `passage` is `unsupported`."""
    checker = Checker([Hit(1, passage, 1.0, Why())], evidence)
    checker.feed(f"{sentence} [1]")
    return all(checked.verdict != "unsupported" for checked in checker.finish().sentences)


def _print_half(half: str, rows: list[Row], judged: dict[str, bool]) -> None:
    groups: dict[tuple[bool, str], list[bool]] = defaultdict(list)
    for row in rows:
        for kind in (row["kind"], "ALL"):
            groups[row["good"], kind].append(judged[row["id"]])
    print(f"\n{half}\n{'':10} {'kind':16} {'wrong':>9}  rate (95%)")
    for (good, kind), passed in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1] == "ALL", group[0][1])):
        hits = sum(not value for value in passed)
        interval = wilson_interval(hits, len(passed))
        name = "flagged" if good else "caught"
        share = f"{hits / len(passed):.1%} ({interval.low:.1%}-{interval.high:.1%})"
        print(f"{'good' if good else 'doctored':10} {kind:16} {hits:4}/{len(passed):<4}  {name} {share}")


if __name__ == "__main__":
    main()
