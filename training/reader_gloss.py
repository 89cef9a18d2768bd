"""Word-for-word glosses of questions in the other language, from the built-in bilingual table.

There are no parallel questions over the passages that the reader is trained on. A gloss ("how many shells delivered" -> "cuántos
proyectiles entregado") has the words of the other language and not its grammar. Neighbours are corrected
for hubs: Conneau et al., "Word Translation Without Parallel Data" (2018), CSLS.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from rag.evidence import Evidence

Matrix = npt.NDArray[np.float32]

WORD = re.compile(r"[^\W\d_]+")
LIKELY = 0.35
NEAREST = 10
_PHRASES = {
    "en": (
        "how many: cuántos; how much: cuánto; what: qué; which: cuál; who: quién; whom: quién; whose: de quién; when: cuándo; "
        "where: dónde; why: por qué; how: cómo; did: ; does: ; do: ; the: el; of: de; in: en; to: a; is: es; was: fue; are: son; "
        "were: fueron; by: por; for: para; on: en; at: en; a: un; an: un; that: que; with: con"
    ),
    "es": (
        "por qué: why; a quién: whom; de quién: whose; en qué: in what; qué: what; cuál: which; cuáles: which; quién: who; "
        "quiénes: who; cuándo: when; dónde: where; cómo: how; cuántos: how many; cuántas: how many; cuánto: how much; cuánta: how "
        "much; el: the; la: the; los: the; las: the; de: of; del: of the; en: in; a: to; al: to the; que: that; es: is; fue: was; "
        "son: are; fueron: were; por: by; para: for; un: a; una: a; se: ; con: with; su: its"
    ),
}
"""Question words and function words, which vectors confuse: "phrase: counterpart; ..."."""


class Glossary:
    """Words of one language with their likeliest counterpart in the other."""

    def __init__(self, words: Mapping[str, str], phrases: Mapping[str, str]) -> None:
        self._words = words
        self._phrases = phrases
        self._pattern = re.compile(
            "|".join(rf"\b{re.escape(phrase)}\b" for phrase in sorted(phrases, key=len, reverse=True)) + rf"|{WORD.pattern}"
        )

    def gloss(self, question: str, share: float, numbers: random.Random) -> str:
        """The question in lower case with about `share` of its words replaced."""

        def replace(match: re.Match[str]) -> str:
            found = match.group()
            if numbers.random() >= share:
                return found
            return self._phrases.get(found, self._words.get(found, found))

        return " ".join(self._pattern.sub(replace, question.lower()).split())


def make_glossaries(
    evidence: Evidence, asked: Mapping[str, Iterable[str]], texts: Mapping[str, Iterable[str]], limit: int = 25_000
) -> dict[str, Glossary]:
    """For "en" and "es", the glossary from that language into the other.

    Args:
        evidence: word vectors of both languages.
        asked: questions by language; only their words need counterparts.
        texts: texts by language; their most frequent `limit` words are the counterparts to choose from.
    """
    lists = {language: [word for word, count in _counted(texts[language]).most_common(limit) if count > 1] for language in ("en", "es")}
    vectors = {language: _vectors(evidence, words) for language, words in lists.items()}
    glossaries = {}
    for source, target in (("en", "es"), ("es", "en")):
        words = sorted(_counted(asked[source]))
        cosines = _vectors(evidence, words) @ vectors[target].T
        hubness = np.concatenate([_nearest_mean(block @ vectors[source].T) for block in np.array_split(vectors[target], 20)])
        best = (2 * cosines - hubness - _nearest_mean(cosines)[:, None]).argmax(axis=1)
        likely = cosines[np.arange(len(words)), best] >= LIKELY
        pairs = {word: lists[target][column] for word, column, sure in zip(words, best, likely, strict=True) if sure}
        phrases = dict(entry.split(": ") for entry in _PHRASES[source].split("; "))
        glossaries[source] = Glossary(pairs, phrases)
    return glossaries


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in WORD.findall(text.lower()))


def _vectors(evidence: Evidence, words: list[str]) -> Matrix:
    rows = [found.vectors[0] if len(found.vectors) else np.zeros(384, dtype=np.float32) for found in evidence.words(words)]
    return np.stack(rows)


def _nearest_mean(cosines: Matrix) -> Matrix:
    nearest: Matrix = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1)
    return nearest
