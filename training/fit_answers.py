"""Fits what picks the sentence and what refuses: the reader's share in `rag.select`, the logistic function of `rag.abstain`.

    python -m training.fit_answers --data DATA [--questions 628]

Sentences: XQuAD's development half in Spanish and English over the Spanish paragraphs, and the held-out half of the written documents.
Refusal: XQuAD's questions with the paragraph that answers and with its answer's sentence cut out, the held-out written documents, and the
development half of the questions over the seeds; each set counts as much, and in each the answerable as much as the others. Prints what to
put into the two modules, and the area under the curve of each set.
"""

import argparse
import json
import lzma
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.ablations import searchable, without_answer
from rag.abstain import features
from rag.config import load_config
from rag.embed import BuiltinEmbedder
from rag.index.contextual import deepen
from rag.index.sync import sync
from rag.language import detect
from rag.paths import shipped
from rag.pipeline import Pipeline
from rag.select import Scored, SentenceScorer, builtin_scorer
from rag.types import Hit
from training.reader_score import area_under_curve, fit_logistic
from training.written import read_written, write_documents

Values = npt.NDArray[np.float64]
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6)
SHARES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
QUESTIONS = Path(__file__).resolve().parent.parent / "eval" / "questions.jsonl"


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what was found: whether it can be answered from that, and the features of the refusal."""

    name: str
    answerable: bool
    features: dict[str, float]


def main() -> None:
    """Collect, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--questions", type=int, default=628, help="how many of XQuAD's")
    options = parser.parse_args()
    scorer = builtin_scorer()
    choices: dict[str, list[tuple[Values, Values, npt.NDArray[np.bool_]]]] = {}
    cases = [*xquad_cases(options.data, options.questions, scorer, choices), *written_cases(scorer, choices), *seeds_cases(scorer)]
    for share in SHARES:
        right = {name: np.mean([r[np.argmax(words + share * read)] for words, read, r in own]) for name, own in choices.items()}
        print(f"reader's share {share}:", " ".join(f"{name} {value:.3f}" for name, value in right.items()))
    cases = [case for case in cases if case.features]
    every = tuple(cases[0].features)
    rows = np.array([[case.features[name] for name in every] for case in cases])
    labels = np.array([case.answerable for case in cases])
    sets = np.array([case.name for case in cases])
    names = sorted(set(sets.tolist()))
    # Every set and both labels weigh the same: rows are repeated.
    repeats = np.array([round(4_000 / ((sets == name) & (labels == label)).sum()) for name, label in zip(sets, labels, strict=True)])
    for chosen in ((0, 1), tuple(range(len(every)))):
        fitted = fit_logistic(np.repeat(rows[:, chosen], repeats, axis=0), np.repeat(labels, repeats))
        values = fitted.log_odds(rows[:, chosen])
        told = " ".join(f"{every[place]}={weight:.3f}" for place, weight in zip(chosen, fitted.weights, strict=True))
        print(f"refusal: {told} bias={fitted.bias:.3f}")
        for name in names:
            p, n = values[(sets == name) & labels], values[(sets == name) & ~labels]
            told = " ".join(
                f"{t}: {(p >= np.log(t / (1 - t))).mean():.2f}/{(n < np.log(t / (1 - t))).mean():.2f}" for t in (0.2, 0.3, 0.4, 0.5, 0.6)
            )
            print(f"  {name}: AUC {area_under_curve(p, n):.3f}; answered/refused at {told}")


def xquad_cases(
    data: Path, count: int, scorer: SentenceScorer, choices: dict[str, list[tuple[Values, Values, npt.NDArray[np.bool_]]]]
) -> Iterator[Case]:
    """Each question twice: with its paragraph, and with what is left of it; `choices` gets the sentences."""
    with lzma.open(data / "dev" / "xquad_dev_half.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    paragraphs = list(dict.fromkeys(row["context_es"] for row in rows))
    with searchable(paragraphs, scorer) as (retriever, snapshot):
        for row in tqdm(rows[:: max(1, len(rows) // count)], desc="XQuAD", mininterval=5):
            texts = [answer["text"] for answer in row["answers_es"]]
            source = str(paragraphs.index(row["context_es"]))
            for language in ("es", "en"):
                question = row[f"question_{language}"]
                hits = retriever.retrieve(snapshot, question, detect(question), 8).hits
                scored = scorer.score(question, hits)
                right = [
                    hits[item.hit].passage.source == source
                    and any(text in hits[item.hit].passage.text[item.start : item.end] for text in texts)
                    for item in scored
                ]
                words, reading = (np.array([getattr(item, part) for item in scored]) for part in ("words", "reading"))
                choices.setdefault(f"{language}->es", []).append((words, reading, np.array(right)))
                if any(hit.passage.source == source for hit in hits[:4]):
                    cut = [without_answer(hit, texts) if hit.passage.source == source else hit for hit in hits]
                    for answerable, seen in ((True, hits), (False, cut)):
                        yield Case(f"XQuAD {language}->es", answerable, features(question, seen, scorer))


def written_cases(scorer: SentenceScorer, choices: dict[str, list[tuple[Values, Values, npt.NDArray[np.bool_]]]]) -> Iterator[Case]:
    """The held-out written documents, all in one index; `choices` gets the sentences."""
    with tempfile.TemporaryDirectory() as folder:
        written = read_written(held_out=True)
        documents = Path(folder) / "documents"
        documents.mkdir()
        write_documents(written, documents)
        config = load_config(index=Path(folder) / "index", environment={})
        sync(config, BuiltinEmbedder(), [documents])
        deepen(config.index.path, scorer.reader)
        with Pipeline.open(config) as pipeline:
            for document in tqdm(written, desc="written", mininterval=5):
                for asked in document.questions:
                    hits = pipeline.search(asked.question)
                    if asked.evidence is None:
                        yield Case(f"written {asked.language}", False, features(asked.question, hits, scorer))
                        continue
                    start = pipeline.document(document.name).text.index(asked.evidence)
                    span = start, start + len(asked.evidence)
                    right = np.array([_overlaps(item, hits, document.name, span) for item in scorer.score(asked.question, hits)])
                    words, reading = (
                        np.array([getattr(item, part) for item in scorer.score(asked.question, hits)]) for part in ("words", "reading")
                    )
                    choices.setdefault(f"written {asked.language}", []).append((words, reading, right))
                    if right.any():
                        yield Case(f"written {asked.language}", True, features(asked.question, hits, scorer))


def _overlaps(item: Scored, hits: Sequence[Hit], source: str, span: tuple[int, int]) -> bool:
    passage = hits[item.hit].passage
    return passage.source == source and passage.start + item.start < span[1] and span[0] < passage.start + item.end


def seeds_cases(scorer: SentenceScorer) -> Iterator[Case]:
    """The development half of the questions over the seeds that stand alone and name no provision."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(index=Path(folder) / "index", environment={})
        sync(config, BuiltinEmbedder(), [shipped("seeds")])
        deepen(config.index.path, scorer.reader)
        with Pipeline.open(config) as pipeline:
            for row in tqdm(rows, desc="seeds", mininterval=5):
                if row["split"] == "dev" and not row.get("history") and row["kind"] != "provision":
                    hits = pipeline.search(row["question"])
                    yield Case(f"seeds {row['language']}", row["answerable"], features(row["question"], hits, scorer))


if __name__ == "__main__":
    main()
