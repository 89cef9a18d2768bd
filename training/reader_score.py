"""Measures a reader on the development set, XQuAD half, beside word coverage and together with it.

It knows the development file and the finished reader, and nothing of training. Nothing read here may be trained on; the weights that
mix reader and coverage are fitted here, in folds that share no article, and are meant for the caller of the reader.
"""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.embed import BuiltinEmbedder
from rag.evidence import Evidence
from rag.read import Reader
from rag.sentences import sentences
from training.corpus import read_rows
from training.score import with_interval

Scores = npt.NDArray[np.float64]
DIRECTIONS = (("es", "es"), ("en", "es"), ("es", "en"), ("en", "en"))
FOLDS = 6
WEIGHTS = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_ARTICLES = re.compile(r"\b(un|una|unos|unas|el|la|los|las|the|a|an)\b")
_PUNCTUATION = set(string.punctuation) | set("¿¡«»“”‘’–—")


@dataclass(frozen=True)
class Logistic:
    """P = sigmoid(bias + weights . features)."""

    weights: tuple[float, ...]
    bias: float

    def log_odds(self, features: Scores) -> Scores:
        """One value per row of `features`."""
        result: Scores = features @ np.array(self.weights) + self.bias
        return result


def fit_logistic(features: Scores, labels: npt.NDArray[np.bool_], steps: int = 50) -> Logistic:
    """Logistic regression by Newton's method, with a ridge of 1e-3 on standardised features."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    design = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    weights = np.zeros(design.shape[1])
    for _ in range(steps):
        expected = 1 / (1 + np.exp(-np.clip(design @ weights, -50, 50)))
        gradient = design.T @ (labels - expected) - 1e-3 * weights
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + 1e-3 * np.eye(len(weights))
        weights += np.linalg.solve(curvature, gradient)
    slopes = weights[:-1] / spread
    return Logistic(tuple(slopes.tolist()), float(weights[-1] - slopes @ mean))


def area_under_curve(positive: Scores, negative: Scores) -> float:
    """The chance that a positive scores above a negative, ties counting half (Mann and Whitney 1947)."""
    values, places = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    above = np.bincount(places[: len(positive)], minlength=len(values))
    below = np.bincount(places[len(positive) :], minlength=len(values))
    lower = np.concatenate([[0], np.cumsum(below)[:-1]])
    return float((above * (lower + below / 2)).sum() / (len(positive) * len(negative)))


def normalised(text: str) -> list[str]:
    """Words in lower case without punctuation and articles, as SQuAD's script compares them, for Spanish and English."""
    letters = "".join(letter for letter in text.lower() if letter not in _PUNCTUATION)
    return _ARTICLES.sub(" ", letters).split()


def span_f1(given: str, expected: str) -> float:
    """Harmonic mean of precision and recall of the words (Rajpurkar et al. 2016)."""
    words, wanted = normalised(given), normalised(expected)
    common = sum((Counter(words) & Counter(wanted)).values())
    return 2 * common / (len(words) + len(wanted)) if common else float(words == wanted)


def log_odds(probability: float) -> float:
    """Of a probability, kept finite."""
    kept = min(max(probability, 1e-9), 1 - 1e-9)
    return float(np.log(kept / (1 - kept)))


def score_reader(models: Path, data: Path) -> dict[str, dict[str, str]]:
    """For each direction, what was measured, with 95% intervals; see the module."""
    builtin = BuiltinEmbedder(models)
    rows = list(read_rows(data, "dev/xquad_dev_half"))
    evidence, reader = Evidence(builtin.tokenizer, builtin.rows), Reader(models)
    return {f"{asked}->{given}": _direction(rows, asked, given, reader, evidence, builtin) for asked, given in DIRECTIONS}


def _direction(
    rows: list[dict[str, Any]], asked: str, given: str, reader: Reader, evidence: Evidence, builtin: BuiltinEmbedder
) -> dict[str, str]:
    passages = list(dict.fromkeys(row[f"context_{given}"] for row in rows))
    cosines = builtin.encode_queries([row[f"question_{asked}"] for row in rows]) @ builtin.encode_documents(passages).T
    articles = sorted({row["title"] for row in rows})
    features: dict[str, list[tuple[float, float]]] = {"gold": [], "other": [], "removed": []}
    folds: dict[str, list[int]] = {name: [] for name in features}
    groups: dict[str, list[str]] = {name: [] for name in features}
    answers: list[tuple[float, float]] = []
    choices: list[tuple[int, Scores, Scores, int]] = []
    for row, near in zip(rows, cosines, strict=True):
        question, gold = row[f"question_{asked}"], row[f"context_{given}"]
        other = next(passages[i] for i in np.argsort(-near) if passages[i] != gold)
        texts = {"gold": gold, "other": other}
        fold = articles.index(row["title"]) % FOLDS
        if given == "es":
            span = (row["answers_es"][0]["answer_start"], row["answers_es"][0]["answer_start"] + len(row["answers_es"][0]["text"]))
            cut = sentences(gold)
            rest = " ".join(gold[a:b] for a, b in cut if not (a < span[1] and span[0] < b))
            if row["answers_es"][0]["text"].casefold() not in rest.casefold() and len(rest) > 60:
                texts["removed"] = rest
        readings = dict(zip(texts, reader.read(question, list(texts.values())), strict=True))
        coverages = evidence.coverages(question, list(texts.values()))
        for (name, reading), coverage in zip(readings.items(), coverages.tolist(), strict=True):
            features[name].append((log_odds(reading.answerable), coverage))
            folds[name].append(fold)
            groups[name].append(row["title"])
        if given == "es":
            best = readings["gold"]
            found = gold[best.start : best.end]
            answers.append(max((span_f1(found, a["text"]), float(normalised(found) == normalised(a["text"]))) for a in row["answers_es"]))
            right = [number for number, (a, b) in enumerate(cut) if a < span[1] and span[0] < b]
            by_span = [number for number, (a, b) in enumerate(cut) if a < best.end and best.start < b]
            by_words = evidence.coverages(question, [gold[a:b] for a, b in cut])
            choices.append((right[0], reader.sentence_scores(question, gold, cut), by_words, by_span[0] if by_span else -1))
    result: dict[str, str] = {}
    arrays = {name: np.array(values) for name, values in features.items()}
    for name in ("other", "removed"):
        if len(arrays[name]):
            result |= _areas(name, arrays, folds, groups)
    negatives = np.concatenate([arrays[name] for name in ("other", "removed") if len(arrays[name])])
    both = np.concatenate([arrays["gold"], negatives])
    labels = np.arange(len(both)) < len(arrays["gold"])
    fitted = fit_logistic(both, labels)
    result["logistic of both: reader's log-odds, coverage, bias"] = " ".join(f"{value:.2f}" for value in (*fitted.weights, fitted.bias))
    if answers:
        f1, exact = np.array(answers).T
        result["span F1"], result["span exact"] = _mean(f1, groups["gold"]), _mean(exact, groups["gold"])
        result |= _sentence_choice(choices, groups["gold"])
    return result


def _mean(values: Scores, groups: Sequence[str]) -> str:
    return with_interval(lambda drawn: float(values[drawn].mean()), groups)


def _areas(
    name: str, arrays: Mapping[str, Scores], folds: Mapping[str, Sequence[int]], groups: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Of the reader, of coverage, and of both in a logistic fitted on the other folds."""
    gold, wrong, gold_folds, wrong_folds = arrays["gold"], arrays[name], np.array(folds["gold"]), np.array(folds[name])
    mixed_gold, mixed_wrong = np.zeros(len(gold)), np.zeros(len(wrong))
    for fold in range(FOLDS):
        train = np.concatenate([gold[gold_folds != fold], wrong[wrong_folds != fold]])
        model = fit_logistic(train, np.arange(len(train)) < (gold_folds != fold).sum())
        mixed_gold[gold_folds == fold] = model.log_odds(gold[gold_folds == fold])
        mixed_wrong[wrong_folds == fold] = model.log_odds(wrong[wrong_folds == fold])
    together = [*groups["gold"], *groups[name]]
    is_gold = np.arange(len(together)) < len(gold)

    def area(right: Scores, other: Scores) -> str:
        values = np.concatenate([right, other])
        return with_interval(lambda drawn: area_under_curve(values[drawn][is_gold[drawn]], values[drawn][~is_gold[drawn]]), together)

    side = np.concatenate([gold[:, 0] > 0, wrong[:, 0] <= 0])
    return {
        f"AUC right/{name}, reader": area(gold[:, 0], wrong[:, 0]),
        f"AUC right/{name}, coverage": area(gold[:, 1], wrong[:, 1]),
        f"AUC right/{name}, both": area(mixed_gold, mixed_wrong),
        f"right/{name}, on the right side of 0.5": with_interval(
            lambda drawn: float((side[drawn][is_gold[drawn]].mean() + side[drawn][~is_gold[drawn]].mean()) / 2), together
        ),
    }


def _sentence_choice(choices: Sequence[tuple[int, Scores, Scores, int]], groups: Sequence[str]) -> dict[str, str]:
    """The share of questions for which the chosen sentence holds the answer, by each way to choose."""

    def hits(weight: float) -> Scores:
        return np.array([float(right == int(np.argmax(read + weight * words))) for right, read, words, _ in choices])

    best = max(WEIGHTS, key=lambda weight: hits(weight).mean())
    return {
        "sentence of the best span": _mean(np.array([float(right == span) for right, *_, span in choices]), groups),
        "sentence of the best score": _mean(hits(0.0), groups),
        "sentence of the best coverage": _mean(np.array([float(right == int(np.argmax(words))) for right, _, words, _ in choices]), groups),
        "sentence of the best score + w * coverage": f"{_mean(hits(best), groups)}, w = {best:g}",
    }
