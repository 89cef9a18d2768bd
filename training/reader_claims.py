"""Makes the examples of the third head: a claim, a passage, and whether the passage supports the claim.

Two sources. The claims of `training/written` (`NN.claims` beside each document), written as an answer would state them: true ones in other
words or in the other language, and false ones with one thing wrong (roles, denials, permissions, numbers, conditions):

    en | true | a claim | a few words that stand in the text once, in the sentence that the claim is about

And sentences of parallel news, in the language of their paragraph or in the other one, and what rules make of them. No rule or word list is
shared with the verifier or with the set that measures it.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.config import load_config
from rag.select import with_headings
from rag.split import split
from rag.types import Language
from training.reader_cloze import paragraphs
from training.reader_data import Example
from training.written import FOLDER, HELD_OUT, loaded, read_one

ELSEWHERE = 0.25
"""Share of the true written claims that are also read with another passage of their document."""

_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,]*\d|(?<![\w.,])\d(?![\w.,]*\d)")
_NAME = re.compile(r"(?<=[a-záéíóúñ,;] )[A-ZÁÉÍÓÚ][\w'’-]{2,}(?: [A-ZÁÉÍÓÚ][\w'’-]{2,})*")
_VERBS = {
    "en": "is|are|was|were|will|would|can|could|should|must|may|might|do|does|did|has|have|had",
    "es": "es|son|fue|fueron|era|eran|está|están|ha|han|había|puede|pueden|podría|debe|deben|tiene|tienen",
}
_DENIED: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        (rf"\b({_VERBS['en']}) not ", r"\1 "),
        (r"\bcannot ", "can "),
        (r"\b(is|are|was|were|will|would|can|could|should|must|may|has been|have been) (?!not\b|no\b|never\b)", r"\1 not "),
    ),
    "es": (
        (rf"(?<=[ ,])no (?=(?:se|hay|{_VERBS['es']})\b)", ""),
        (rf"(?<!no )(?<!\bse )(?<=[ ,])({_VERBS['es']}) ", r"no \1 "),
    ),
}


@dataclass(frozen=True)
class Claim:
    """A claim on one passage."""

    claim: str
    passage: str
    supported: bool

    @property
    def example(self) -> Example:
        """As an example of reading, whose question is the claim and whose whole passage is marked if it supports it."""
        spans = ((0, len(self.passage)),) if self.supported else ()
        return Example(self.claim, self.passage, spans, "sentence" if spans else "none", "en", 0)


def written_claims(*, held_out: bool, seed: int, folder: Path = FOLDER, headings: bool = False, one_in: int = 1) -> list[Claim]:
    """The claims of one in so many written documents, each on the passage that it is about, with its `headings`, or without by turns.

    Raises:
        ValueError: a line is not as the module says, or its words do not stand in the text once.
    """
    numbers = random.Random(seed)
    settings = load_config(environment={}).split
    made: list[Claim] = []
    paths = [path for path in sorted(folder.glob("*/*.claims")) if (int(path.stem) % HELD_OUT == 0) is held_out][::one_in]
    documents = loaded([read_one(path.with_suffix(".txt")) for path in paths])
    for path, document in zip(paths, documents, strict=True):
        passages = split(document, settings.target_characters, settings.max_characters)
        for line in filter(str.strip, path.read_text(encoding="utf-8").splitlines()):
            _, truth, claim, key = (part.strip() for part in line.split(" | "))
            own = [passage for passage in passages if key in passage.text]
            if truth not in ("true", "false") or document.text.count(key) != 1:
                raise ValueError(f"{path}: {line!r} is no claim, or its words do not stand in the text once.")
            for passage in own:
                shown = with_headings(passage) if headings else numbers.choice((with_headings(passage), passage.text))
                made.append(Claim(claim, shown, truth == "true"))
                others = [other for other in passages if other is not passage]
                if truth == "true" and others and numbers.random() < ELSEWHERE:
                    other = numbers.choice(others)
                    made.append(Claim(claim, with_headings(other) if headings else other.text, supported=False))
    return made


def news_claims(data: Path, count: int, seed: int) -> list[Claim]:
    """About `count` claims made from parallel news, half of them true."""
    numbers = random.Random(seed)
    made: list[Claim] = []
    for paragraph in paragraphs(data, numbers):
        if len(paragraph) < 2:
            continue
        claimed, given = numbers.choice((("en", "es"), ("es", "en"), ("es", "es"), ("en", "en"), ("en", "es")))
        passage = " ".join(pair[given] for pair in paragraph)
        chosen = numbers.randrange(len(paragraph))
        sentence = paragraph[chosen][claimed]
        if not 40 <= len(sentence) <= 260:
            continue
        around = " ".join(pair[claimed] for pair in paragraph)
        made.append(Claim(sentence, passage, supported=True))
        doctored = list(_doctored(sentence, around, claimed, numbers))
        if doctored and numbers.random() < 0.85:
            made.append(Claim(numbers.choice(doctored), passage, supported=False))
        else:
            rest = " ".join(pair[given] for place, pair in enumerate(paragraph) if place != chosen)
            made.append(Claim(sentence, rest, supported=False))
        if len(made) >= count:
            break
    return made


def _doctored(sentence: str, around: str, language: Language, numbers: random.Random) -> Iterator[str]:
    """The sentence with one thing wrong; each way comes once, those that are hard to see twice."""
    names = _NAME.findall(sentence)
    for _ in range(2):
        if len(set(names)) >= 2:
            first, second = numbers.sample(sorted(set(names)), 2)
            if first not in second and second not in first:
                yield re.sub(
                    rf"{re.escape(first)}|{re.escape(second)}", lambda match, a=first, b=second: b if match[0] == a else a, sentence
                )
        for pattern, replacement in _DENIED[language]:
            if re.search(pattern, sentence):
                yield re.sub(pattern, replacement, sentence, count=1)
                break
    others = sorted({name for name in _NAME.findall(around) if name not in sentence})
    if names and others:
        yield sentence.replace(numbers.choice(names), numbers.choice(others), 1)
    found = list(_NUMBER.finditer(sentence))
    if found:
        match = numbers.choice(found)
        others = [other for other in _NUMBER.findall(around) if other != match[0]]
        changed = numbers.choice(others) if others and numbers.random() < 0.5 else f"{int(match[0][0]) % 9 + 1}{match[0][1:]}"
        yield sentence[: match.start()] + changed + sentence[match.end() :]
