"""Questions made from parallel news: a sentence of one language with a hole, asked about the paragraph in the other language.

"Inflation fell to 3% in 1998." with its Spanish counterpart in a paragraph becomes "inflation fell to 3% in which year", answered by
"1998" there. So the crossed directions see real grammar on both sides, and "why" is asked about sentences that say "because".
Source of the idea: Lewis, Denoyer and Riedel, "Unsupervised Question Answering by Cloze Translation" (2019); the alignment is the
parallel corpus itself.
"""

import random
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rag.language import FUNCTION_WORDS
from rag.types import Language
from training.corpus import read_rows
from training.reader_data import Example, without_sentence

PARALLEL = "parallel/news_commentary"
DIRECTIONS: tuple[tuple[Language, Language], ...] = (("en", "es"), ("es", "en"), ("es", "es"), ("en", "en"))
SHARES = (0.45, 0.3, 0.15, 0.1)
"""Of question language -> passage language."""
SENTENCES = (3, 7)
LONGEST_PASSAGE = 1_100
WORDS_LEFT, WORDS_RIGHT = 12, 9
NEGATIVE_SHARE = 0.35
BECAUSE: dict[Language, str] = {"en": r",?\s+because (?!of )", "es": r",?\s+(?:porque|ya que|puesto que|debido a que|dado que|pues)\s+"}
WHY: dict[Language, tuple[str, ...]] = {
    "en": ("why {}", "why is it that {}", "what is the reason that {}", "{}: for what reason", "why do they say that {}"),
    "es": ("por qué {}", "a qué se debe que {}", "cuál es la razón de que {}", "{}: por qué motivo", "por qué se dice que {}"),
}
ASKED: dict[str, dict[Language, tuple[str, ...]]] = {
    "year": {"en": ("which year", "what year", "when"), "es": ("qué año", "cuándo", "en qué año")},
    "number": {"en": ("how many", "how much", "what number of"), "es": ("cuántos", "cuánto", "cuántas", "qué número de")},
    "name": {"en": ("who", "which one", "what", "whom"), "es": ("quién", "cuál", "qué", "a quién")},
    "telling": {
        "en": ("what about", "what is said about", "tell me about", ""),
        "es": ("qué hay de", "qué se dice de", "qué pasa con", ""),
    },
}
_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,]*\d|(?<![\w.,])\d(?![\w.,]*\d)")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w'’-]{2,}(?: [A-Z][\w'’-]{2,})*")
_WORD = re.compile(r"\w+")
_EDGES = " .,;:!?¿¡\"'“”«»()—–-"


def cloze_examples(data: Path, count: int, seed: int) -> list[Example]:
    """About `count` examples in a random order; a third of them have lost the sentence that answers."""
    numbers = random.Random(seed)
    made: list[Example] = []
    for group, paragraph in enumerate(paragraphs(data, numbers)):
        asked, given = numbers.choices(DIRECTIONS, SHARES)[0]
        found = [question for pair in paragraph for question in _questions(pair, asked, given, numbers)]
        reasons = [question for question in found if question[3] == "reason"]  # rare in the news, frequent among those who ask
        for question, sentence, answer, kind in [*reasons, *numbers.sample(found, min(len(found), 2 - min(2, len(reasons))))]:
            passage = " ".join(pair[given] for pair in paragraph)
            begin = passage.index(sentence)
            span = (begin + answer[0], begin + answer[1])
            example = Example(question, passage, (span,), "answer" if kind != "telling" else "sentence", given, 2_000_000 + group)
            if numbers.random() < NEGATIVE_SHARE:
                without = without_sentence(example)
                made += [without] if without else []
            else:
                made.append(example)
    numbers.shuffle(made)
    return made[:count]


def paragraphs(data: Path, numbers: random.Random) -> Iterator[list[dict[Language, str]]]:
    """Runs of a few sentences of one document, in both languages, in a random order of documents."""
    documents: list[list[dict[Language, str]]] = [
        [{"en": " ".join(row["en"].split()), "es": " ".join(row["es"].split())} for row in rows]
        for _, rows in groupby(read_rows(data, PARALLEL), key=lambda row: row["doc"])
    ]
    numbers.shuffle(documents)
    for document in documents:
        start = 0
        while start < len(document):
            end = start + numbers.randint(*SENTENCES)
            paragraph = [pair for pair in document[start:end] if pair["en"] and pair["es"]]
            if paragraph and max(sum(len(pair[side]) for pair in paragraph) for side in ("en", "es")) <= LONGEST_PASSAGE:  # type: ignore[index]
                yield paragraph
            start = end


def _questions(
    pair: dict[Language, str], asked: Language, given: Language, numbers: random.Random
) -> Iterator[tuple[str, str, tuple[int, int], str]]:
    """What can be asked about one sentence: question, the sentence in the passage's language, the answer's span in it, and the kind."""
    question, sentence = pair[asked], pair[given]
    causes = {side: list(re.finditer(BECAUSE[side], pair[side])) for side in (asked, given)}
    if all(len(found) == 1 for found in causes.values()):
        effect = question[: causes[asked][0].start()]
        reason = (causes[given][0].end(), len(sentence.rstrip(_EDGES)))
        if len(effect.split()) >= 3 and reason[1] - reason[0] > 15:
            form = numbers.choice(WHY[asked])
            yield form.format(_lowered(_last_words(effect, 16)).strip(_EDGES)), sentence, reason, "reason"
    for match in _NUMBER.finditer(question):
        text = match.group()
        places = [m.span() for m in _NUMBER.finditer(sentence) if m.group() in {text, _other_marks(text)}]
        if len(places) == 1:
            kind = "year" if _YEAR.fullmatch(text) else "number"
            yield _with_hole(question, match.span(), kind, asked, numbers), sentence, places[0], kind
    for match in _NAME.finditer(pair["en"]):
        name = match.group()
        here, there = question.find(name), sentence.find(name)
        if here >= 0 and there >= 0 and sentence.count(name) == 1 and numbers.random() < 0.5:
            yield _with_hole(question, (here, here + len(name)), "name", asked, numbers), sentence, (there, there + len(name)), "name"
    words = [word for word in _WORD.findall(question) if word.casefold() not in FUNCTION_WORDS]
    if len(words) >= 4 and numbers.random() < 0.12:
        size = numbers.randint(3, min(10, len(words)))
        kept = sorted(numbers.sample(range(len(words)), size))
        form = numbers.choice(ASKED["telling"][asked])
        yield f"{form} {' '.join(words[place] for place in kept)}".strip(), sentence, (0, len(sentence)), "telling"


def _with_hole(text: str, span: tuple[int, int], kind: str, language: Language, numbers: random.Random) -> str:
    """A question: a few words around the hole, with the interrogative in it or, as often, in front."""
    asking = numbers.choice(ASKED[kind][language])
    left, right = _last_words(text[: span[0]], numbers.randint(2, WORDS_LEFT)), text[span[1] :].split()[: numbers.randint(1, WORDS_RIGHT)]
    before, after = _lowered(left).strip(_EDGES), " ".join(right).strip(_EDGES)
    parts = [asking, before, after] if numbers.random() < 0.6 else [before, asking, after]
    if kind == "number" and numbers.random() < 0.6:  # "how many ships did ...": what is counted goes with the question word
        counted, _, rest = after.partition(" ")
        parts = [asking, counted, before, rest]
    question = " ".join(part for part in parts if part)
    return question + "?" if numbers.random() < 0.7 else question


def _last_words(text: str, count: int) -> str:
    return " ".join(text.split()[-count:])


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _other_marks(number: str) -> str:
    """ "1,500.5" as Spanish writes it, and the other way round."""
    return number.translate(str.maketrans(",.", ".,"))
