"""Evaluation: how good search and answers are on a data set, with intervals, and whether one run beats another.

data:     datasets.py what there is; beir.py, squad.py, trec.py file formats; lines.py strict lines; review.py, draft.py new questions
          labels.py whether a question set fits its documents
one:      score.py one question -> its figures; evidence.py where the evidence is; subject.py what is asked; ask.py all of them
numbers:  metrics.py rankings; citations.py spans; texts.py words; calibration.py confidence; catalogue.py their names
all:      summary.py means, slices, curves; statistics.py intervals and tests; compare.py two runs, the gate; bakeoff.py many runs
shown:    report.py terminal; page.py and plots.py HTML; files.py JSON, TREC, RAGChecker; describe.py what ran
beside:   judge.py a chat model's opinion; usage.py tokens
"""

from rag.evaluate.compare import compare
from rag.evaluate.report import print_results
from rag.evaluate.run import Options, run_evaluation

__all__ = ["Options", "compare", "print_results", "run_evaluation"]
