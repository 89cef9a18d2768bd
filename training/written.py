"""Documents written for training, with questions in both languages: those that a clause answers, and near misses that nothing answers.

    @language es
    @kind contract

    The text ...
    @questions
    en | a question that the text answers | the clause that answers, which stands in the text once
    en | when did it happen? | the clause that answers | the shortest words of the clause that do, where there are such
    es | a question that it does not answer | -

Beside 795 of them, a file `NN.topics` has open questions in the same form ("¿Hay algo sobre las obras?"), four that the text has something
about and two that it has not.

What public question sets lack is here: contracts, minutes, bye-laws and manuals instead of encyclopaedias, questions across languages
that are not translations, and unanswerable ones that share more words with the text than the others do. Every fifth document of a folder
is held out: no model is trained on it; the answers are measured and the refusal is calibrated on it.

    python -m training.written FOLDER     writes the held-out ones as FOLDER/documents and FOLDER/questions.jsonl, for `rag eval`

It knows the files and how a document is cut into passages; it knows nothing of models.
"""

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from rag.config import load_config
from rag.embed import BuiltinEmbedder
from rag.load import Limits, load_file
from rag.select import with_headings
from rag.split import split
from rag.types import Document, Language, Passage
from training.reader_data import Example, without_sentence

FOLDER = Path(__file__).with_name("written")
MORE = FOLDER / "more"
"""Documents that were written later, with plainer questions, each near miss beside its twin; without claims."""

EXACT = FOLDER / "exact"
"""Longer ones, with a wrong sentence that tempts for most questions, the exact words of the answers, and claims."""

FORMS = FOLDER / "forms"
"""The last ones: papers of labels and values, rows and short lines, asked in everyday words. Those of one subject are alike.

No round of the reader was trained on them; `training.train_lines` and `training.train_sufficiency` read them.
"""

WAVES = (FOLDER, MORE, EXACT, FORMS)

HELD_OUT = 5
"""One document of a subject in so many is not trained on."""

GROUP = 3_000_000
NEAREST = 2
"""Passages of a document that are read with a question that it does not answer; one fewer with a question that it answers elsewhere."""

ELSEWHERE = 0.3
"""Share of questions that are also read with the nearest passage of another document, or with one of the nearest."""

NEIGHBOURS = 12
CUT = 0.5
"""Share of answered questions that are also read with their passage without the answer, where each is read with it once."""

_FRAME = re.compile(r"@language (?P<language>en|es)\n@kind [^\n]+\n\n(?P<text>.*)\n@questions\n(?P<questions>.*)", re.DOTALL)
_MARKDOWN = re.compile(r"(?m)^#|^\*\*|^[-*] |^\|")


@dataclass(frozen=True)
class Asked:
    """A question; `evidence` is the clause of the text that answers, None if none does, `words` what of it would do, if that is known."""

    question: str
    language: Language
    evidence: str | None
    words: str | None = None


@dataclass(frozen=True)
class Written:
    """A text with its questions; `name` ends with the suffix that says how it is to be read; `topics` are open questions, of some texts.

    What is asked of one document of a `subject` may be answered by another; that of a document without such others is its name.
    """

    name: str
    language: Language
    text: str
    questions: tuple[Asked, ...]
    subject: str
    topics: tuple[Asked, ...] = ()


def read_written(folder: Path = FOLDER, *, held_out: bool) -> list[Written]:
    """The documents that are held out, or all others, in the order of their names.

    Raises:
        ValueError: a file is not as the module says, or what answers a question does not stand in the text, or in its clause, once.
    """
    return [read_one(path) for path in sorted(folder.glob("*/*.txt")) if (int(path.stem) % HELD_OUT == 0) is held_out]


def read_one(path: Path) -> Written:
    """One document.

    Raises:
        ValueError: see `read_written`.
    """
    match = _FRAME.fullmatch(path.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{path} is not framed by @language, @kind, a text and @questions.")
    text = match["text"].strip()
    topics = path.with_suffix(".topics")
    asked, open_ones = (_asked(path, text, lines) for lines in (match["questions"], topics.read_text("utf-8") if topics.exists() else ""))
    name = f"{path.parent.name}-{path.stem}.{'md' if _MARKDOWN.search(text) else 'txt'}"
    subject = path.parent.name if path.parent.parent == FORMS else name
    return Written(name, "es" if match["language"] == "es" else "en", text, asked, subject, open_ones)


def _asked(path: Path, text: str, lines: str) -> tuple[Asked, ...]:
    questions = []
    for line in filter(str.strip, lines.splitlines()):
        language, question, evidence, *words = (part.strip() for part in line.split(" | "))
        for part, whole in ((evidence, text), *((exact, evidence) for exact in words)):
            if part != "-" and whole.count(part) != 1:
                raise ValueError(f"{path}: {part!r} stands in {'the text' if whole is text else repr(whole)} {whole.count(part)} times.")
        questions.append(Asked(question, "es" if language == "es" else "en", None if evidence == "-" else evidence, *words))
    return tuple(questions)


def with_topics(written: Sequence[Written]) -> list[Written]:
    """Those of the documents that have open questions, with these instead of the others."""
    return [replace(document, questions=document.topics) for document in written if document.topics]


def is_fitted(document: Written) -> bool:
    """Whether weights and thresholds are fitted on this one of the held-out documents; the others only measure."""
    return Path(document.name).stem.endswith("5")


def write_documents(written: Sequence[Written], folder: Path) -> Path:
    """The texts alone, as files of `folder` that can be indexed; returns the folder."""
    for document in written:
        (folder / document.name).write_text(document.text + "\n", encoding="utf-8")
    return folder


def write_question_set(written: Sequence[Written], folder: Path) -> None:
    """`folder/documents` and `folder/questions.jsonl`, as `rag eval` reads them."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    write_documents(written, folder / "documents")
    rows = [
        {
            "id": f"{Path(document.name).stem}-{number:02}",
            "question": asked.question,
            "language": asked.language,
            "kind": "fact" if asked.evidence else "unanswerable",
            "split": "dev" if is_fitted(document) else "test",
            "answerable": asked.evidence is not None,
            "evidence": [{"source": document.name, "quote": asked.evidence}] if asked.evidence else [],
        }
        for document in written
        for number, asked in enumerate(document.questions, start=1)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "questions.jsonl").write_text(lines, encoding="utf-8")


def written_examples(written: Sequence[Written], embedder: BuiltinEmbedder, seed: int, *, once: bool = False) -> list[Example]:
    """Each question on the passage that answers, on that without its answer, on others of its document and on one of another document.

    Where it answers, a passage is read with its headings and without, or, if `once`, in one of the two ways; then the passage of another
    document is any of the nearest, for the very nearest may answer a plain question as well. Documents of `FORMS` count as another only if
    they are of another subject.
    """
    numbers = random.Random(seed)
    made: list[Example] = []
    for found in _found(written, embedder):
        silent = list(found.others[: NEAREST - bool(found.answering)])
        if numbers.random() < ELSEWHERE and found.elsewhere:
            silent.append(numbers.choice(found.elsewhere) if once else found.elsewhere[0])
        group = GROUP + found.document
        if found.answering and found.asked.evidence:
            below, alone = (
                Example(found.asked.question, text, (_place(text, found.asked.evidence),), "sentence", found.language, group)
                for text in (with_headings(found.answering), found.answering.text)
            )
            cut = without_sentence(numbers.choice((below, alone))) if not once or numbers.random() < CUT else None
            read = [numbers.choice((below, alone))] if once else [below, alone]
            made += [*(_exact(example, found.asked) for example in read), *filter(None, [cut])]
        for passage in silent:
            text = numbers.choice((with_headings(passage), passage.text))
            made.append(Example(found.asked.question, text, (), "none", found.language, group))
    numbers.shuffle(made)
    return made


def far_examples(examples: Sequence[Example], count: int, seed: int, *, one_in: int = 2) -> list[Example]:
    """At most `count` of the examples, and one in so many of their questions on a passage that no question of their group met."""
    numbers = random.Random(seed)
    met = {(example.group, example.passage) for example in examples}
    chosen = numbers.sample(list(examples), min(count, len(examples)))
    made = []
    for example in chosen[: count // one_in]:
        other = numbers.choice(chosen)
        if (example.group, other.passage) not in met:
            made.append(replace(example, passage=other.passage, spans=(), kind="none"))
    return [*chosen, *made]


def written_places(written: Sequence[Written], embedder: BuiltinEmbedder) -> list[tuple[str, str, str]]:
    """Questions, the passages that answer them, and the nearest other passage of the same document, as they are placed in the index."""
    return [
        (found.asked.question, found.answering.in_context, found.others[0].in_context)
        for found in _found(written, embedder)
        if found.answering and found.others
    ]


@dataclass(frozen=True)
class _Found:
    """A question among passages: the one that answers, the others of its document and the best of other ones, nearest first."""

    asked: Asked
    document: int
    language: Language
    answering: Passage | None
    others: tuple[Passage, ...]
    elsewhere: tuple[Passage, ...]


def _found(written: Sequence[Written], embedder: BuiltinEmbedder) -> Iterator[_Found]:
    """Every question; not those whose evidence is cut in two."""
    settings = load_config(environment={}).split
    passages = [split(document, settings.target_characters, settings.max_characters) for document in loaded(written)]
    flat = [(number, passage) for number, own in enumerate(passages) for passage in own]
    vectors = embedder.encode_documents([passage.in_context for _, passage in flat])
    for number, document in enumerate(written):
        cosines = embedder.encode_queries([asked.question for asked in document.questions]) @ vectors.T
        for asked, row in zip(document.questions, cosines, strict=True):
            order = np.argsort(-row)
            own = [flat[place][1] for place in order if flat[place][0] == number]
            answering = next((passage for passage in own if asked.evidence and asked.evidence in passage.text), None)
            if bool(asked.evidence) is bool(answering):
                others = tuple(passage for passage in own if passage is not answering)
                far = (flat[place][1] for place in order if written[flat[place][0]].subject != document.subject)
                elsewhere = tuple(islice(far, NEIGHBOURS))
                yield _Found(asked, number, document.language, answering, others, elsewhere)


def loaded(written: Sequence[Written]) -> list[Document]:
    """The texts as the program reads them."""
    with tempfile.TemporaryDirectory() as folder:
        write_documents(written, Path(folder))
        return [load_file(Path(folder) / document.name, document.name, Limits()) for document in written]


def _place(text: str, part: str) -> tuple[int, int]:
    start = text.rindex(part)
    return start, start + len(part)


def _exact(example: Example, asked: Asked) -> Example:
    """The example with the exact words as its answer, where they are known, in place of anything inside the evidence."""
    if not asked.evidence or not asked.words:
        return example
    start = example.spans[0][0] + asked.evidence.index(asked.words)
    return replace(example, spans=((start, start + len(asked.words)),), kind="answer")


def main() -> None:
    """Write the held-out documents for `rag eval`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    write_question_set(read_written(held_out=True), parser.parse_args().folder)


if __name__ == "__main__":
    main()
