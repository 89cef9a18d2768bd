"""Fits what picks the sentence and what refuses: the weights of `rag.select`, the logistic functions of `rag.abstain`.

    python -m training.fit_answers --data DATA [--questions 628] [--one-in 1]

Six sets: XQuAD's development half in Spanish and English over the Spanish paragraphs, each question with its paragraph and with what
is left of it without the sentence that answers; the held-out documents of `training/written`, five of different subjects to an index,
those with prose and the forms; the questions over the seeds that stand alone and name no provision. The development half of each fits,
every set and each label with the same weight; the other half, where there is one, is only measured. Prints what to put into the two
modules, the share of questions whose best sentence holds the answer, and for the refusal the area under the curve, where the answer is
among the first passages.
"""

import argparse
import json
import lzma
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
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
from rag.select import READING, WORDS, Scored, SentenceScorer, builtin_scorer
from rag.types import Hit
from training.reader_score import area_under_curve, fit_logistic
from training.tables import read_tables
from training.written import WAVES, Asked, Written, is_fitted, read_written, with_topics, write_documents

Values = npt.NDArray[np.float64]
Span = tuple[str, int, int]
"""A source with the characters that answer."""

Flags = npt.NDArray[np.bool_]
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
DOCUMENTS_TOGETHER = 5
RIDGE = 0.01
HEADING = list(WORDS).index("heading")
QUESTIONS = Path(__file__).resolve().parent.parent / "eval" / "questions.jsonl"


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what was found: whether it can be answered from that, the features of the refusal, and of the sentences.

    `sentences` has a row for each sentence of the first passages: what words say, then the reader; `right` says which hold the answer.
    """

    name: str
    answerable: bool
    refusal: dict[str, float]
    sentences: Values
    right: Flags


def main() -> None:
    """Collect, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--questions", type=int, default=628, help="how many of XQuAD's")
    parser.add_argument("--one-in", type=int, default=1, help="one in so many of the held-out documents with prose")
    options = parser.parse_args()
    scorer = builtin_scorer()
    cases = [*xquad_cases(options.data, options.questions, scorer), *written_cases(scorer, options.one_in), *seeds_cases(scorer)]
    names = list(dict.fromkeys(case.name for case in cases))
    fitting = [name for name in names if not name.endswith("test")]
    choose(cases, names, fitting)
    refuse([case for case in cases if case.refusal and (case.right.any() or not case.answerable)], names, fitting)


def choose(cases: Sequence[Case], names: Sequence[str], fitting: Sequence[str]) -> None:
    """The weights of words and reader: the likeliest under a softmax over the sentences of the first passages."""
    now = np.array([*WORDS.values(), READING])
    print("sentence, words and reader as they are:", _shares(cases, names, now))
    print("sentence, words alone:", _shares(cases, names, now * (np.arange(len(now)) < len(WORDS))))
    print("sentence, reader alone:", _shares(cases, names, now * (np.arange(len(now)) >= HEADING)))
    weights = fit_choice([[case for case in cases if case.name == name and len(case.right)] for name in fitting])
    weights[HEADING] = WORDS["heading"]
    print("sentence, fitted:", " ".join(f"{name}={weight:.2f}" for name, weight in zip([*WORDS, "READING"], weights, strict=True)))
    print("  right:", _shares(cases, names, weights))


def _shares(cases: Sequence[Case], names: Sequence[str], weights: Values) -> str:
    told = []
    for name in names:
        right = [
            case.right[np.argmax(case.sentences @ weights)] for case in cases if case.name == name and case.answerable and len(case.right)
        ]
        told.append(f"{name} {np.mean(right):.3f}")
    return ", ".join(told)


def fit_choice(sets: Sequence[Sequence[Case]]) -> Values:
    """The weight of each feature, every set counting the same; headings are left out, for none is ever quoted."""
    plain = [[_without_headings(case) for case in own] for own in sets]
    spread = np.concatenate([rows for own in plain for rows, _ in own]).std(axis=0) + 1e-9
    tensors = [[(torch.from_numpy(rows / spread), torch.from_numpy(right)) for rows, right in own if right.any()] for own in plain]
    weights = torch.zeros(len(spread), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        total = RIDGE * (weights**2).sum()
        for own in tensors:
            total = total - torch.stack([torch.logsumexp((rows @ weights).log_softmax(0)[right], 0) for rows, right in own]).mean()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    result: Values = weights.detach().numpy() / spread
    return result


def _without_headings(case: Case) -> tuple[Values, Flags]:
    kept = case.sentences[:, HEADING] == 0
    return case.sentences[kept], case.right[kept]


def refuse(cases: Sequence[Case], names: Sequence[str], fitting: Sequence[str]) -> None:
    """The logistic function of the features of `rag.abstain`."""
    every = tuple(cases[0].refusal)
    rows = np.array([[case.refusal[name] for name in every] for case in cases])
    labels = np.array([case.answerable for case in cases])
    sets = np.array([case.name for case in cases])
    repeats = np.array([round(4_000 / ((sets == name) & (labels == label)).sum()) for name, label in zip(sets, labels, strict=True)])
    fits = np.isin(sets, fitting)
    fitted = fit_logistic(np.repeat(rows[fits], repeats[fits], axis=0), np.repeat(labels[fits], repeats[fits]))
    values = fitted.log_odds(rows)
    told = " ".join(f"{name}={weight:.3f}" for name, weight in zip(every, fitted.weights, strict=True))
    print(f"refusal: {told} bias={fitted.bias:.3f}")
    for name in names:
        p, n = values[(sets == name) & labels], values[(sets == name) & ~labels]
        told = " ".join(f"{t}: {(p >= np.log(t / (1 - t))).mean():.2f}/{(n < np.log(t / (1 - t))).mean():.2f}" for t in THRESHOLDS)
        print(f"  {name}: {len(p)} and {len(n)} questions, AUC {area_under_curve(p, n):.3f}; answered/refused at {told}")


def _case(name: str, question: str, hits: Sequence[Hit], scorer: SentenceScorer, spans: Sequence[Span], *, answerable: bool) -> Case:
    scored = scorer.score(question, hits)
    words = scorer.word_features(question, hits, [(item.hit, (item.start, item.end)) for item in scored])
    right = [holds_answer(item, hits, spans) for item in scored]
    rows = np.column_stack([words, [item.reading for item in scored]]) if scored else np.zeros((0, len(WORDS) + 1))
    return Case(name, answerable, features(question, hits, scorer), rows, np.array(right, dtype=bool))


def holds_answer(item: Scored, hits: Sequence[Hit], spans: Sequence[Span]) -> bool:
    """Whether a sentence has some of the characters that answer."""
    passage = hits[item.hit].passage
    first, last = passage.start + item.start, passage.start + item.end
    return any(passage.source == source and first < end and start < last for source, start, end in spans)


def xquad_cases(data: Path, count: int, scorer: SentenceScorer) -> Iterator[Case]:
    """Each question twice: with its paragraph, if it was found, and with what is left of it."""
    with lzma.open(data / "dev" / "xquad_dev_half.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    paragraphs = list(dict.fromkeys(row["context_es"] for row in rows))
    with searchable(paragraphs, scorer) as (retriever, snapshot):
        for row in tqdm(rows[:: max(1, len(rows) // count)], desc="XQuAD", mininterval=5):
            texts = [answer["text"] for answer in row["answers_es"]]
            source = str(paragraphs.index(row["context_es"]))
            spans = [(source, answer["answer_start"], answer["answer_start"] + len(answer["text"])) for answer in row["answers_es"]]
            for language in ("es", "en"):
                question = row[f"question_{language}"]
                hits = retriever.retrieve(snapshot, question, detect(question), 8).hits
                cut = [without_answer(hit, texts) if hit.passage.source == source else hit for hit in hits]
                yield _case(f"XQuAD {language}->es", question, hits, scorer, spans, answerable=True)
                yield _case(f"XQuAD {language}->es", question, cut, scorer, [], answerable=False)


def written_cases(scorer: SentenceScorer, one_in: int) -> Iterator[Case]:
    """The held-out documents, one in so many of those with prose; those whose number ends with 5 fit."""
    prose = [document for folder in WAVES[:-1] for document in read_written(folder, held_out=True)]
    forms = read_written(WAVES[-1], held_out=True)
    kinds = {
        "written": prose[::one_in],
        "forms": forms[::2],
        "tables": read_tables(held_out=True),
        "open": with_topics([*prose, *forms]),
    }
    for half in ("dev", "test"):
        for kind, held_out in kinds.items():
            own = [document for document in held_out if is_fitted(document) is (half == "dev")]
            for document, asked, hits, spans in searched(own, scorer, DOCUMENTS_TOGETHER, f"{kind}, {half}"):
                seen = of_document(document, hits) if kind == "open" else hits
                yield _case(f"{kind} {asked.language} {half}", asked.question, seen, scorer, spans, answerable=bool(spans))


def of_document(document: Written, hits: Sequence[Hit]) -> list[Hit]:
    """Those of `hits` that are of one document: what "it" says about something is not what others say."""
    return [hit for hit in hits if hit.passage.source == document.name]


def searched(
    written: Sequence[Written], scorer: SentenceScorer, together: int, told: str
) -> Iterator[tuple[Written, Asked, Sequence[Hit], list[Span]]]:
    """Each question of each document with what is found for it, so many documents to an index, and the characters that answer."""
    step = max(1, len(written) // together)
    for first in tqdm(range(step), desc=told, mininterval=5):
        own = written[first::step]
        with tempfile.TemporaryDirectory() as folder, indexed(write_documents(own, Path(folder)), scorer) as pipeline:
            for document in own:
                text = pipeline.document(document.name).text
                for asked in document.questions:
                    start = text.index(asked.evidence) if asked.evidence else 0
                    spans = [(document.name, start, start + len(asked.evidence))] if asked.evidence else []
                    yield document, asked, pipeline.search(asked.question), spans


@contextmanager
def indexed(documents: Path, scorer: SentenceScorer) -> Iterator[Pipeline]:
    """A pipeline over the documents of a folder, with contextual vectors."""
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(index=Path(folder) / "index", environment={})
        sync(config, BuiltinEmbedder(), [documents])
        deepen(config.index.path, scorer.reader)
        with Pipeline.open(config) as pipeline:
            yield pipeline


def seeds_cases(scorer: SentenceScorer) -> Iterator[Case]:
    """The questions over the seeds that stand alone and name no provision."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    with indexed(shipped("seeds"), scorer) as pipeline:
        for row in tqdm(rows, desc="seeds", mininterval=5):
            if not row.get("history") and row["kind"] != "provision":
                hits, spans = pipeline.search(row["question"]), []
                for place in row["evidence"]:
                    start = pipeline.document(place["source"]).text.index(place["quote"])
                    spans.append((place["source"], start, start + len(place["quote"])))
                name = f"seeds {row['language']} {row['split']}"
                yield _case(name, row["question"], hits, scorer, spans, answerable=row["answerable"])


if __name__ == "__main__":
    main()
