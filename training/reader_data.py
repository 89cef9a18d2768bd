"""Makes the reader's training examples: a question, a passage, and where in it the answer is, if it is.

It knows the files of `questions/` and nothing of models. Two decisions of honesty: the rows of squad_es_dist marked "dev" are left out,
because they come from the paragraphs of XQuAD, and nothing is read from `dev/`.

The passages that do not answer are made to be near misses: the right paragraph without its answer's sentence, with its number
replaced by "several", asked about another name; or the paragraph of the same collection that is nearest to the question.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.embed import BuiltinEmbedder
from rag.sentences import sentences
from rag.types import Language
from training.corpus import read_rows
from training.reader_gloss import Glossary

Kind = Literal["answer", "sentence", "none"]
SENTENCES_AROUND = 6
NEAREST = 12
SHORTEST_REST = 80
TRANSLATED = {"en": 0.5, "es": 0.75}
"""Share of the crossed questions that are translated, by their own language; the rest are glossed."""
VAGUE = {"en": "several", "es": "varios"}
_PREPOSITION = re.compile(r"\s*\b(?:in|on|by|since|from|until|during|en|desde|hasta|durante|el|de|del|año|the|year)\s+$", re.IGNORECASE)
_NAME = re.compile(r"(?<=\s)[A-ZÁÉÍÓÚÑ]\w+(?:\s+[A-ZÁÉÍÓÚÑ]\w+)*")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_COUNT = re.compile(r"\d[\d.,]*(?=\s|$)")


@dataclass(frozen=True)
class Example:
    """One question on one passage.

    `spans` are characters of `passage`: the answer ("answer"), or the sentence that holds it ("sentence"); empty for "none".
    """

    question: str
    passage: str
    spans: tuple[tuple[int, int], ...]
    kind: Kind
    language: Language
    group: int
    """Examples of one group share a passage; a held-out part is cut between groups."""


def read_examples(data: Path, embedder: BuiltinEmbedder, seed: int) -> list[Example]:
    """Every example in its own language, those that answer and those that do not."""
    numbers = random.Random(seed)
    answered = [
        *_squad(data, "squad_es", "es"),
        *_squad(data, "squad_es_dist", "es"),
        *_squad(data, "squad_en_partial", "en"),
        *_natural(data),
    ]
    known = {_squeezed(example.question) for example in answered}
    positives = [example for example in answered if example.kind == "answer"]
    negatives = [example for example in answered if example.kind == "none"]
    negatives += [made for example in positives if (made := without_sentence(example)) is not None]
    negatives += [made for example in positives if (made := without_detail(example)) is not None]
    negatives += other_names(positives, numbers)
    negatives += nearest_others(positives, embedder, numbers)
    return [*positives, *negatives, *sentence_examples(data, known, numbers)]


def cross_language(
    examples: Sequence[Example], glossaries: dict[str, Glossary], seed: int, translations: Mapping[str, str] | None = None
) -> list[Example]:
    """Spanish passages with their question and with its gloss, English ones with one of the two; in a fixed random order.

    With `translations`, from question to question, most glosses make way for them.
    """
    numbers = random.Random(seed)
    result = []
    for example in examples:
        share = numbers.choice((0.5, 0.8, 1.0, 1.0))
        if translations and numbers.random() < TRANSLATED[example.language]:
            glossed = replace(example, question=translations[example.question])
        else:
            glossed = replace(example, question=glossaries[example.language].gloss(example.question, share, numbers))
        if example.language == "es":
            result += [example, glossed]
        else:
            result.append(glossed if numbers.random() < 0.45 else example)
    numbers.shuffle(result)
    return result


def without_sentence(example: Example) -> Example | None:
    """The same passage without the sentences that hold the answer; None if too little is left, or the answer is still in it."""
    if not example.spans:
        return None
    kept = [
        (start, end) for start, end in sentences(example.passage) if not any(start < stop and begin < end for begin, stop in example.spans)
    ]
    rest = " ".join(example.passage[start:end] for start, end in kept)
    answers = {example.passage[start:end].casefold() for start, end in example.spans}
    if len(rest) < SHORTEST_REST or any(answer in rest.casefold() for answer in answers):
        return None
    return replace(example, passage=rest, spans=(), kind="none")


def without_detail(example: Example) -> Example | None:
    """The same passage with the number or year that answers taken out of its sentence; None if the answer is none, or is repeated."""
    start, end = example.spans[0]
    passage, answer = example.passage, example.passage[start:end]
    if len(example.spans) > 1 or not _COUNT.match(answer) or passage.count(answer) > 1 or len(answer) > 20:
        return None
    if _YEAR.fullmatch(answer):
        before = passage[:start]
        while (shorter := _PREPOSITION.sub("", before + " ").rstrip()) != before.rstrip() and len(before) - len(shorter) < 15:
            before = shorter
        made = before.rstrip() + passage[end:]
    elif _YEAR.search(answer):
        return None
    else:
        made = passage[:start] + _COUNT.sub(VAGUE[example.language], answer, count=1) + passage[end:]
    return replace(example, passage=made, spans=(), kind="none")


def other_names(examples: Sequence[Example], numbers: random.Random) -> list[Example]:
    """Questions in which one name is exchanged for one that the passage does not hold, from a question asked nearby."""
    made = []
    for place, example in enumerate(examples):
        names = _NAME.findall(example.question)
        nearby = [name for other in examples[max(0, place - 40) : place + 40] for name in _NAME.findall(other.question)]
        other = [name for name in nearby if name.casefold() not in example.passage.casefold() and name not in example.question]
        if names and other and numbers.random() < 0.4:
            question = example.question.replace(numbers.choice(names), numbers.choice(other))
            made.append(replace(example, question=question, spans=(), kind="none"))
    return made


def nearest_others(examples: Sequence[Example], embedder: BuiltinEmbedder, numbers: random.Random) -> list[Example]:
    """For half of the questions, one of the passages nearest to it that do not hold the answer."""
    made = []
    for language in ("en", "es"):
        own = [example for example in examples if example.language == language and numbers.random() < 0.5]
        passages = list(dict.fromkeys(example.passage for example in examples if example.language == language))
        cosines = embedder.encode_queries([example.question for example in own]) @ embedder.encode_documents(passages).T
        for example, row in zip(own, cosines, strict=True):
            answers = {example.passage[start:end].casefold() for start, end in example.spans}
            near = [passages[i] for i in np.argsort(-row)[:NEAREST] if passages[i] != example.passage]
            other = [passage for passage in near if not any(answer in passage.casefold() for answer in answers)]
            if other:
                made.append(replace(example, passage=numbers.choice(other), spans=(), kind="none"))
    return made


def sentence_examples(data: Path, known: set[str], numbers: random.Random) -> list[Example]:
    """Questions on a sentence, put back among sentences of its article; and on those sentences without it.

    The rows follow the order of their article, so what stands near in the file stood near in the text.
    """
    rows = list(read_rows(data, "questions/squad_sentence_question"))
    made = []
    for place, row in enumerate(rows):
        if _squeezed(row["question"]) in known:
            continue
        sentence = row["sentence"]
        window = rows[max(0, place - SENTENCES_AROUND) : place + SENTENCES_AROUND + 1]
        around = list(dict.fromkeys(other["sentence"] for other in window if other["sentence"] != sentence))
        around = around[: numbers.randint(1, len(around))] if around else []
        put = numbers.randint(0, len(around))
        start = sum(len(other) + 1 for other in around[:put])
        passage = " ".join([*around[:put], sentence, *around[put:]])
        made.append(Example(row["question"], passage, ((start, start + len(sentence)),), "sentence", "en", 1_000_000 + place // 50))
        if around:
            made.append(Example(row["question"], " ".join(around), (), "none", "en", 1_000_000 + place // 50))
    return made


def _squad(data: Path, name: str, language: Language) -> list[Example]:
    examples = []
    groups: dict[str, int] = {}
    offset = {"squad_es": 0, "squad_es_dist": 100_000, "squad_en_partial": 200_000}[name]
    for row in read_rows(data, f"questions/{name}"):
        if row.get("split") == "dev":
            continue
        passage, question = row["context"], row["question"]
        group = offset + groups.setdefault(passage, len(groups))
        if row.get("impossible"):
            examples.append(Example(question, passage, (), "none", language, group))
            continue
        span = _located(passage, row["answers"])
        if span is not None:
            examples.append(Example(question, passage, (span,), "answer", language, group))
    return examples


def _natural(data: Path) -> list[Example]:
    examples = []
    for number, row in enumerate(read_rows(data, "questions/natural_questions_gold")):
        found = [match.span() for answer in row["answers"] if answer for match in re.finditer(re.escape(answer), row["context"])]
        if found:
            examples.append(Example(row["question"] + "?", row["context"], tuple(sorted(set(found))[:5]), "answer", "en", 300_000 + number))
    return examples


def _located(passage: str, answers: Sequence[dict[str, Any]]) -> tuple[int, int] | None:
    """The span of the first answer that stands where its row says, or near by."""
    for answer in answers:
        text, start = answer["text"].strip(" .,;:«»\"'"), answer["answer_start"]
        if not text:
            continue
        places = [match.start() for match in re.finditer(re.escape(text), passage)]
        if places:
            begin = min(places, key=lambda place: abs(place - start))
            if abs(begin - start) <= 5 or len(places) == 1:
                return begin, begin + len(text)
    return None


def _squeezed(question: str) -> str:
    return re.sub(r"\W", "", question.casefold())
