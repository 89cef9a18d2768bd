"""Evaluation: how good search and answers are on a data set, with intervals, and whether one run beats another.

run.py          a BEIR folder or a question set in, results out
datasets.py     the file formats                    subject.py     what is evaluated: search, ask, document
beir.py         scores on a BEIR folder             questions.py   scores on a question set
metrics.py      rankings -> numbers                 statistics.py  numbers -> intervals and tests
summary.py      entries of questions -> figures     report.py      tables, files, comparison of two runs
labels.py       whether a question set fits its documents, before anything is measured by it
"""

from rag.evaluate.report import compare, print_results
from rag.evaluate.run import run_evaluation

__all__ = ["compare", "print_results", "run_evaluation"]
