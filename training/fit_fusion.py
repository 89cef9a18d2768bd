"""Fits the weights with which retrieval mixes its scores, for each pair of languages, on the development sets; writes `rag/models/fusion`.

    python -m training.fit_fusion --data DATA --out rag/models

Every score of every candidate is computed once; then the weights on a grid that sums to 1 are tried, and what the closer look weighs
beside them. A pair keeps the weights that it has unless others are better by `MARGIN` of nDCG@10, averaged over its sets: the sets are
few, and on a plateau the simplest choice is to stay. In a new folder, those that are shipped are where it starts. Both cases are fitted,
with contextual vectors of all passages and with none.
"""

import argparse
import hashlib
import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.models import Task, tasks_of
from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.evidence import Evidence
from rag.fusion import FOLDER, PARTS, Fusion, Weights, standardised
from rag.index import Reader
from rag.index.contextual import deepen
from rag.index.sync import sync_documents
from rag.language import detect
from rag.paths import MODELS
from rag.read import Reader as Encoder
from rag.rerank import WordReranker
from rag.retrieve import RERANKED, Retriever
from rag.types import Document
from training.export import enter

DEPTH = 100
LOOKED_AT = 90
"""Candidates that get a closer look here: those that any weights may bring among the first `RERANKED`."""

STEP = 0.1
CLOSER = (0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8)
MARGIN = 0.004
DISCOUNTS = 1 / np.log2(np.arange(2, 12))

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: standardised scores of its candidates (n x 4), closer looks at the first ones (NaN elsewhere), and their texts."""

    scores: Values
    closer: Values
    texts: npt.NDArray[np.int64]
    gains: dict[int, float]
    best: float


def main() -> None:
    """Fit, print what was gained, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with dev/")
    parser.add_argument("--out", type=Path, default=Path("rag/models"), help="where the weights go")
    arguments = parser.parse_args()
    start = Fusion.load(arguments.out if (arguments.out / FOLDER).exists() else MODELS)
    sets: dict[str, list[list[Asked]]] = {}
    for task in tasks_of(arguments.data):
        if not task.accuracy:
            pair = task.name.split(", ")[1].split(" (")[0]
            languages = [word for word in pair.replace("->", " ").split() if word in ("en", "es")]
            sets.setdefault("->".join(languages), []).append(collect(task, arguments.out, start))
    fitted = {
        case: {pair: fit(own, getattr(start, case)[pair], pair, case) for pair, own in sorted(sets.items())}
        for case in ("static", "contextual")
    }
    print(write(Fusion(**fitted), arguments.out))


def collect(task: Task, models: Path, start: Fusion) -> list[Asked]:
    """Index the texts of a task, contextual vectors included, and keep the scores of each question's candidates."""
    embedder, encoder = BuiltinEmbedder(models), Encoder(models)
    retriever = Retriever(embedder, WordReranker(Evidence(embedder.tokenizer, embedder.rows)), DEPTH, fusion=start, contextual=encoder)
    documents = (Document(f"{number}", "", text, f"{number:064}", task.language) for number, text in enumerate(task.texts))
    with tempfile.TemporaryDirectory() as folder:
        config = Config(index=IndexConfig(path=Path(folder) / "index"))
        sync_documents(config, embedder, documents)
        deepen(config.index.path, encoder)
        reader = Reader(config.index.path, embedder.fingerprint)
        asked = []
        with reader.snapshot() as snapshot:
            for question, gains in tqdm(list(zip(task.questions, task.gains, strict=True)), desc=task.name, mininterval=5):
                scores = retriever.scores(snapshot, question, detect(question))
                order = np.argsort(-scores.fused(start), kind="stable")[:LOOKED_AT]
                passages = snapshot.store.passages([scores.ids[place] for place in order])
                closer = np.full(len(scores.ids), np.nan)
                closer[order] = retriever.closer(question, passages)
                sources = {passage.id: int(passage.source) for passage in snapshot.store.passages(scores.ids)}
                texts = np.array([sources[identifier] for identifier in scores.ids], dtype=np.int64)
                ideal = sorted(gains.values(), reverse=True)[:10]
                asked.append(Asked(scores.standardised(), closer, texts, gains, float(ideal @ DISCOUNTS[: len(ideal)])))
        reader.close()
    return asked


def fit(sets: Sequence[list[Asked]], start: Weights, pair: str, case: str) -> Weights:
    """The best weights of one pair; those that it has if nothing is better by `MARGIN`."""
    free = len(PARTS) if case == "contextual" else len(PARTS) - 1
    before = quality(sets, start)
    best, value = start, before
    for shares in tqdm(list(_grid(free)), desc=f"{pair}, {case}", mininterval=5):
        tried = Weights(*shares, *[0.0] * (len(PARTS) - free), start.closer)
        if (found := quality(sets, tried)) > value:
            best, value = tried, found
    for closer in CLOSER:
        tried = Weights(*[getattr(best, part) for part in PARTS], closer)
        if (found := quality(sets, tried)) > value:
            best, value = tried, found
    kept = best if value >= before + MARGIN else start
    print(f"{pair}, {case}: {before:.4f} with {start}; best {value:.4f} with {best}; kept {kept}")
    return kept


def quality(sets: Iterable[list[Asked]], weights: Weights) -> float:
    """nDCG@10, averaged over the sets."""
    return float(np.mean([np.mean([ndcg(asked, weights) for asked in own]) for own in sets]))


def ndcg(asked: Asked, weights: Weights) -> float:
    """Of one question, as `rag.retrieve` ranks; a text counts by its best passage (Järvelin & Kekäläinen 2002)."""
    fused = asked.scores @ np.array([getattr(weights, part) for part in PARTS])
    order = np.argsort(-fused, kind="stable")
    first = order[:RERANKED]
    mixed = (1 - weights.closer) * fused[first] + weights.closer * standardised(np.nan_to_num(asked.closer[first], nan=-1.0))
    ranked = list(dict.fromkeys(asked.texts[first[np.argsort(-mixed, kind="stable")]].tolist()))[:10]
    gained = sum(asked.gains.get(text, 0.0) * discount for text, discount in zip(ranked, DISCOUNTS, strict=False))
    return float(gained / asked.best) if asked.best else 0.0


def _grid(parts: int) -> Iterator[tuple[float, ...]]:
    """Weights in steps of `STEP` that sum to 1."""
    steps = round(1 / STEP)
    for cut in itertools.combinations(range(steps + parts - 1), parts - 1):
        edges = (-1, *cut, steps + parts - 1)
        yield tuple(round((after - before - 1) * STEP, 3) for before, after in itertools.pairwise(edges))


def write(fusion: Fusion, out: Path) -> str:
    """Write `out/fusion/weights.json` and its entry in the manifest; return the revision."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(asdict(fusion), indent=2) + "\n"
    (folder / "weights.json").write_text(content, encoding="utf-8")
    digest = hashlib.sha256(content.encode()).hexdigest()
    enter(out, FOLDER, {"files": {"weights.json": digest}, "revision": digest[:8]})
    return digest[:8]


if __name__ == "__main__":
    main()
