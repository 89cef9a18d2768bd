"""Exact match and F1 of short answers, with the normalisation of English and of Spanish, as pure functions.

A quoting answer is a sentence and the gold answer often a word, so quotations score low here by design: these measure answers that a
language model words briefly. Texts come as they are; markers and lead-ins are the caller's to remove.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_ARTICLES = {
    "en": re.compile(r"\b(?:a|an|the)\b"),
    "es": re.compile(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
}


def normalise(text: str, language: str) -> str:
    """Lower case, without punctuation, articles of the language, and extra white space.

    Rajpurkar et al. (2016), SQuAD, evaluation script; Spanish articles and Unicode punctuation as in Lewis et al. (2020), MLQA.
    """
    lowered = "".join(sign for sign in text.lower() if not unicodedata.category(sign).startswith("P") and sign not in "$+<=>^`|~")
    articles = _ARTICLES.get(language)
    return " ".join((articles.sub(" ", lowered) if articles else lowered).split())


def exact_match(prediction: str, answers: Sequence[str], language: str) -> float:
    """1 if the prediction equals one of the answers after normalisation, else 0. Rajpurkar et al. (2016)."""
    return float(any(normalise(prediction, language) == normalise(answer, language) for answer in answers))


def token_f1(prediction: str, answers: Sequence[str], language: str) -> float:
    """The best harmonic mean of precision and recall of words, over the answers, after normalisation. Rajpurkar et al. (2016)."""
    return max((_f1(normalise(prediction, language).split(), normalise(answer, language).split()) for answer in answers), default=0.0)


def _f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    shared = sum((Counter(predicted) & Counter(gold)).values())
    return 2 * shared / (len(predicted) + len(gold))
