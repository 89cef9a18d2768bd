"""Refusal from evidence: when the documents do not say, the answer says so, with what they do hold.

Two reasons. `reference_absent`: the question names a provision that is not there. `no_evidence`: the probability that the passages answer
the question, a logistic function of how well they cover it, is under `answer.threshold`. Never a search for a refusal phrase in a
model's text. The probability is calibrated on questions whose passage was taken away; it does not see a passage that is about the right
thing and yet lacks the detail asked for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.evidence import Evidence, counterparts, covered
from rag.language import detect
from rag.lookup import Lookup
from rag.retrieve import Retrieved
from rag.types import Hit, Language, Reason

TOP = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """`probability` that the passages answer; `reason` is None if the question is to be answered."""

    probability: float
    reason: Reason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients of the logistic function, fitted by `benchmarks/fit_answers.py`."""

    intercept: float = -9.0
    best_coverage: float = 8.0
    weakest_word: float = 2.0
    dense: float = 6.0


def decide(question: str, found: Retrieved, evidence: Evidence, threshold: float) -> Decision:
    """Whether to answer `question` from what was found."""
    language = detect(question)
    if found.lookup.asked and found.lookup.absent == found.lookup.asked:
        return Decision(0.0, "reference_absent", _absent_message(found.lookup, language))
    if found.lookup.found:
        return Decision(1.0)
    probability = answerable(question, found.hits, evidence)
    if probability < threshold:
        return Decision(probability, "no_evidence", _silent_message(found.hits, language))
    return Decision(probability)


def answerable(question: str, hits: Sequence[Hit], evidence: Evidence, calibration: Calibration | None = None) -> float:
    """The probability that one of the first hits answers `question`."""
    if not hits:
        return 0.0
    fitted = calibration or Calibration()
    best, weakest, dense = features(question, hits, evidence)
    logit = fitted.intercept + fitted.best_coverage * best + fitted.weakest_word * weakest + fitted.dense * dense
    return 1.0 / (1.0 + math.exp(-logit))


def features(question: str, hits: Sequence[Hit], evidence: Evidence) -> tuple[float, float, float]:
    """(coverage of the question by the best of the first hits, its least covered important word, highest cosine)."""
    asked, *given = evidence.words([question, *(hit.passage.in_context for hit in hits[:TOP])])
    best = counterparts(asked, given)
    if not best.size:
        return 0.0, 0.0, 0.0
    coverage = covered(asked, best)
    nearest = best[int(coverage.argmax())]
    important = asked.weights >= 0.6 * asked.weights.max()
    return float(coverage.max()), float(nearest[important].min()), max((hit.why.dense_score or 0.0 for hit in hits[:TOP]), default=0.0)


def _absent_message(lookup: Lookup, language: Language) -> str:
    names = ", ".join(_named(reference.kind, reference.number, language) for reference in lookup.absent)
    listed = "; ".join(f"{title}: {_ranges(numbers)}" for title, numbers in lookup.existing)
    if language == "es":
        exist = f" Los que existen: {listed}." if listed else ""
        return f"Los documentos no contienen {names}.{exist}"
    exist = f" Those that exist: {listed}." if listed else ""
    return f"The documents contain no {names}.{exist}"


def _silent_message(hits: Sequence[Hit], language: Language) -> str:
    titles = list(dict.fromkeys(hit.passage.title for hit in hits[:TOP]))
    listed = "; ".join(f"«{title}»" if language == "es" else f"“{title}”" for title in titles)
    if language == "es":
        return "Los documentos no lo dicen." + (f" Lo más cercano está en {listed}." if listed else "")
    return "The documents do not say." + (f" The nearest passages are in {listed}." if listed else "")


_SPANISH = {
    "article": "artículo",
    "section": "sección",
    "chapter": "capítulo",
    "title": "título",
    "annex": "anexo",
    "clause": "cláusula",
    "transitional provision": "disposición transitoria",
    "additional provision": "disposición adicional",
    "final provision": "disposición final",
}


def _named(kind: str, number: str, language: Language) -> str:
    return f"{_SPANISH.get(kind, kind)} {number}" if language == "es" else f"{kind.capitalize()} {number}"


def _ranges(numbers: Sequence[str]) -> str:
    """ "1", "2", "3", "12bis", "14" as "1-3, 12bis, 14"."""
    plain = sorted({int(number) for number in numbers if number.isdigit()})
    runs: list[list[int]] = []
    for value in plain:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(parts + [number for number in numbers if not number.isdigit()])
