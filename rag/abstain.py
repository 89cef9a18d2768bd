"""Refusal from evidence: when the documents do not say, the answer says so, with what they do hold.

Two reasons. `reference_absent`: the question names a provision that is not there. `no_evidence`: the probability that the first passages
answer the question is under `answer.threshold`. Never a search for a refusal phrase in a model's text.

The probability is a logistic function of the odds that one of the best sentences answers, weighed against each other and against silence
(`rag.sufficiency`), and of what the reader says of the one that words alone choose; without the reader, of the words' score.
`training.fit_answers` fits it on questions with their passage and with what is left of it without its answer, on the held-out documents
of `training.written`, and on questions over the demo corpus, so it is the probability in a world where every second question is a near
miss: with kinder questions it is too low. A name in the question that no passage has ("Australia") counts against it, and so does a
question of which little is covered anywhere, for it is about something else, and a best sentence that is a label or a row: in papers
of those a wrong line looks most like the right one.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag import messages
from rag.evidence import Evidence, Words, counterparts, covered
from rag.index.words import Analysers
from rag.language import FUNCTION_WORDS, asked_in
from rag.naming.products import codes, named_codes, unknown_product
from rag.retrieve import Retrieved
from rag.rows.codes import coded_entries
from rag.rows.columns import in_row
from rag.select import READ, SentenceScorer, is_line
from rag.types import Hit, Reason
from rag.verification.facts import names, spelled_alike


@dataclass(frozen=True, slots=True)
class Decision:
    """`probability` that the passages answer; `reason` is None if the question is to be answered."""

    probability: float
    reason: Reason | None = None
    message: str = ""


BY_READER = {
    "sufficient": 0.65, "chosen_by_words": 0.07, "uncovered": -5.0, "unknown_name": -0.6, "amiss": -2.0, "dated": 0.8, "line": -0.4,
    "row": -0.9, "bias": 0.7,
}  # fmt: skip
BY_WORDS = {"words": 0.47, "unknown_name": -1.44, "bias": -0.95}
"""Coefficients of the logistic function by feature, with the reader and without (docs/decisions.md)."""

LIMIT = 12.0  # the log-odds that one of the sentences answers count up to here, either way
COVERED = 0.45  # share of a question under which its best covered sentence speaks of something else
MOST_MISSING = 3
TELLING = 0.62  # weight in the built-in table from which a word says what a question is about ("bridge", not "long")
KNOWN_WORD = 0.35  # cosine under which a word of the question has no counterpart in a passage
_WORD = re.compile(r"\w{3,}")
LONG_CODE = 4  # letters and figures from which a code is that of one thing, and no level or format ("B1", "A4")
KNOWN_NAME = 0.45  # cosine from which a word of the passages is a counterpart of a name ("Russia", "Rusia")


def decide(question: str, found: Retrieved, scorer: SentenceScorer, threshold: float) -> Decision:
    """Whether to answer `question` from what was found."""
    language = asked_in(question)
    if found.lookup.absent and not found.lookup.found:
        return Decision(0.0, "reference_absent", messages.absent(found.lookup, language))
    if found.lookup.found or coded_entries(question, found.hits):
        return Decision(1.0)
    if strange := found.unknown or unknown_product(question, found.hits):
        return Decision(0.0, "no_evidence", messages.silent(found.hits, language, (strange,)))
    probability = answerable(question, found.hits, scorer)
    if probability < threshold:
        return Decision(probability, "no_evidence", messages.silent(found.hits, language, missing(question, found.hits, scorer.evidence)))
    return Decision(probability)


def answerable(question: str, hits: Sequence[Hit], scorer: SentenceScorer) -> float:
    """The probability that one of the first hits answers `question`."""
    values = features(question, hits, scorer)
    if not values:
        return 0.0
    fitted = BY_READER if scorer.reads else BY_WORDS
    log_odds = fitted["bias"] + sum(fitted[name] * value for name, value in values.items())
    return 1.0 / (1.0 + math.exp(-log_odds))


def features(question: str, hits: Sequence[Hit], scorer: SentenceScorer) -> dict[str, float]:
    """What the probability is computed from, by the name of its coefficient; empty if there is no sentence."""
    scored = scorer.score(question, hits)
    if not scored:
        return {}
    unknown_name = float(_has_unknown_name(question, hits[:READ], scorer.evidence))
    if not scorer.reads:
        return {"words": scored[0].words, "unknown_name": unknown_name}
    best = hits[scored[0].hit]
    return {
        "sufficient": max(-LIMIT, min(LIMIT, float(np.logaddexp.reduce([item.answers for item in scored])))),
        "chosen_by_words": max(scored, key=lambda item: item.words).reading,
        "uncovered": max(0.0, COVERED - max(item.covered for item in scored)),
        "unknown_name": unknown_name,
        "amiss": float(scored[0].amiss),
        "dated": float(scored[0].dated),
        "line": float(is_line(best.passage, scored[0].start, scored[0].end)),
        "row": float(in_row(best.passage.text, scored[0].start, scored[0].end)),
    }


def missing(question: str, hits: Sequence[Hit], evidence: Evidence) -> tuple[str, ...]:
    """Words of the question that none of the hits has: what the documents would have to speak of.

    In passages of the other language only names are missed: the built-in table does not know every word ("trout", "trucha").
    """
    texts, language = [hit.passage.in_context for hit in hits], asked_in(question)
    known = "\n".join(texts)
    asked = [word for word in dict.fromkeys(_WORD.findall(question)) if word.casefold() not in FUNCTION_WORDS]
    if all((hit.passage.language or language) == language for hit in hits):
        analysers = Analysers()
        stems = set(analysers.terms(known, language))
        asked = [word for word in asked if stems.isdisjoint(analysers.terms(word, language))]
    else:
        asked = [word for word in names(question) if word in asked and not spelled_alike(word, known)]
    nearest = _nearest(asked, texts, evidence)
    return tuple(word for word, (cosine, weight) in zip(asked, nearest, strict=True) if weight >= TELLING and cosine < KNOWN_WORD)[
        :MOST_MISSING
    ]


def _has_unknown_name(question: str, hits: Sequence[Hit], evidence: Evidence) -> bool:
    """Whether the question names somebody, a thing or a code ("IB-3170") that none of the passages does, in any spelling."""
    if question.istitle() or question.isupper():
        return False
    texts = [hit.passage.in_context for hit in hits]
    known = "\n".join(texts)
    if any(len(code) >= LONG_CODE and not named_codes(known, {code}) for code in codes(question)):
        return True
    asked = [name for name in names(question) if name.casefold() not in FUNCTION_WORDS]
    nearest = _nearest(asked, texts, evidence)
    return any(cosine < KNOWN_NAME and not spelled_alike(name, known) for name, (cosine, _) in zip(asked, nearest, strict=True))


def _nearest(asked: Sequence[str], texts: Sequence[str], evidence: Evidence) -> list[tuple[float, float]]:
    """Of each word, the cosine of its best counterpart in the `texts`, and its own weight."""
    if not asked or not texts:
        return [(0.0, float(word.weights.sum())) for word in evidence.words(asked)]
    found = evidence.words([*asked, *texts])
    words, given = found[: len(asked)], Words.of_all(found[len(asked) :])
    return [(float(covered(word, counterparts(word, [given]))[0]), float(word.weights.sum())) for word in words]
