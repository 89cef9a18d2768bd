"""How the index grows: `make bench-index` builds and searches it at several sizes and writes `benchmarks/INDEX.md`.

    python -m benchmarks.index --data ../shared/data [--sizes 10000 100000 1000000] [--kinds sentences passages] [--peers]

Texts are News Commentary sentences of at least 150 characters in both languages ("sentences"), or six of them at a time, about 200 tokens
("passages"); past the end of the data the first half of one is joined to the second half of another. Questions are the titles of the
articles. The dense side is compared with exact search for spans of eight words of indexed texts. Times are those of this machine.
`--peers` also gives the same texts and vectors to Chroma, to LangChain with FAISS and to txtai, installed into `.cache/peers`.
"""

import argparse
import hashlib
import json
import lzma
import math
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.config import Config, IndexConfig, SplitConfig
from rag.embed import BuiltinEmbedder
from rag.index import Reader, Snapshot
from rag.index.embeddings import Embeddings
from rag.index.generation import tail
from rag.index.sync import sync, sync_documents
from rag.language import detect
from rag.retrieve import Retriever
from rag.types import Document, Passage

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("INDEX.md")
QUESTIONS = 200
SHORTEST = 150
SENTENCES_OF_PASSAGE = 6
PASSAGES_OF_DOCUMENT = 100
GOALS = {
    "sentences": ("rate", 5_000, "/s"), "passages": ("rate", 2_000, "/s"), "memory": ("memory_mib", 4_096, " MiB"),
    "disk": ("disk", 1_500, ""), "p95": ("p95_ms", 12, " ms"), "recall": ("recall", 0.97, ""), "open": ("open_s", 1, " s"),
    "add": ("add_s", 0.5, " s"),
}  # fmt: skip
"""Name of a goal: field of a row, the limit and its unit."""

AT_LEAST = ("sentences", "passages", "recall")
"""Goals that are lower limits; the others are upper ones."""


class KeepOrder:
    """Retrieval alone is timed: no reranker."""

    def score(self, question: str, passages: Sequence[Passage]) -> npt.NDArray[np.float32]:
        """The same for all."""
        return np.zeros(len(passages), dtype=np.float32)


def main() -> None:
    """Measure every size in a process of its own, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the development data")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="passages")
    parser.add_argument("--kinds", nargs="+", default=["sentences", "passages"], choices=["sentences", "passages"])
    parser.add_argument("--peers", action="store_true", help="also measure other libraries, at the sizes that they finish")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "SIZE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        kind, size, folder = options.one
        print(json.dumps(measure(options.data, kind, int(size), Path(folder))))
        return
    rows = []
    for kind in options.kinds:
        for size in options.sizes:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "benchmarks.index", "--data", str(options.data), "--one", kind, str(size), folder]
                rows.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout))
            print(json.dumps(rows[-1]), flush=True)
    peers = []
    if options.peers:
        from benchmarks.peers import compare

        peers = list(compare(options.data, [size for size in options.sizes if size <= 100_000]))
    RESULTS.write_text(table(rows, peers), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


def texts_of(data: Path, kind: str) -> Iterator[tuple[str, str]]:
    """(language, text) without end, English and Spanish by turns."""
    pools: dict[str, list[str]] = {"en": [], "es": []}
    with lzma.open(data / "parallel" / "news_commentary.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for language, pool in pools.items():
                if kind == "passages" or SHORTEST <= len(row[language]) <= 2 * SHORTEST:
                    pool.append(row[language])
    if kind == "passages":
        steps = range(0, min(map(len, pools.values())) - SENTENCES_OF_PASSAGE, SENTENCES_OF_PASSAGE)
        pools = {language: [" ".join(pool[at : at + SENTENCES_OF_PASSAGE]) for at in steps] for language, pool in pools.items()}
    chance = random.Random(5)
    number = 0
    while True:
        for language, pool in pools.items():
            text = pool[number % len(pool)]
            if number >= len(pool):
                other = chance.choice(pool)
                text = f"{text[: len(text) // 2].rsplit(' ', 1)[0]} {other[len(other) // 2 :].split(' ', 1)[-1]}"
            yield language, text
        number += 1


def documents_of(data: Path, kind: str, size: int) -> Iterator[Document]:
    """Documents of a hundred texts of one language, so many that they have `size` texts."""
    texts = texts_of(data, kind)
    for number in range(0, size // PASSAGES_OF_DOCUMENT, 2):
        both = list(islice(texts, 2 * PASSAGES_OF_DOCUMENT))
        for offset, language in enumerate(("en", "es")):
            text = "\n\n".join(text for own, text in both if own == language)
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            yield Document(f"{number + offset:06}.txt", f"Commentary {number + offset}", text, sha256, "en" if offset == 0 else "es")


def measure(data: Path, kind: str, size: int, folder: Path) -> dict[str, Any]:
    """Build an index of about `size` passages in `folder`, and time what users do with it."""
    lengths = SplitConfig(target_characters=SHORTEST, max_characters=400) if kind == "sentences" else SplitConfig()
    config = Config(index=IndexConfig(path=folder / "index"), split=lengths)
    embedder = BuiltinEmbedder()
    started = time.perf_counter()
    summary = sync_documents(config, embedder, documents_of(data, kind, size))
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    disk = sum(file.stat().st_size for file in config.index.path.rglob("*") if file.is_file())
    reader = Reader(config.index.path, embedder.fingerprint)
    with reader.snapshot() as snapshot:
        characters = sum(len(passage.text.encode()) for passage in snapshot.store.all_passages())
    questions = titles(data)
    times = question_times(reader, embedder, questions)
    result = {
        "kind": kind, "passages": summary.passages, "characters": round(characters / summary.passages), "seconds": round(seconds, 1),
        "rate": round(summary.passages / seconds), "memory_mib": round(memory), "disk": round((disk - characters) / summary.passages),
        "p50_ms": percentile(times, 50), "p95_ms": percentile(times, 95), "p99_ms": percentile(times, 99),
        "recall": recall(reader, embedder, data, kind), "open_s": first_question(config, questions[0]),
    }  # fmt: skip
    reader.close()
    return result | {"add_s": adding(config, embedder, folder)}


def titles(data: Path) -> list[str]:
    """Titles of articles as questions, half of them Spanish."""
    with lzma.open(data / "parallel" / "news_commentary_titles.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, 10 * QUESTIONS)]
    return [row[language] for row in rows[::10] for language in ("en", "es")]


def question_times(reader: Reader, embedder: BuiltinEmbedder, questions: Sequence[str]) -> list[float]:
    """Milliseconds of retrieval alone (references, words, vectors, fusion), after a few questions to warm up."""
    retriever = Retriever(embedder, KeepOrder(), 100)
    times = []
    for question in (*questions[:20], *questions):
        started = time.perf_counter()
        with reader.snapshot() as snapshot:
            retriever.retrieve(snapshot, question, detect(question), 8)
        times.append(1000 * (time.perf_counter() - started))
    return times[20:]


def recall(reader: Reader, embedder: BuiltinEmbedder, data: Path, kind: str) -> float:
    """Share of the ten nearest passages, by exact search, that the dense side has among its first ten."""
    chance = random.Random(7)
    spans = []
    for _, text in islice(texts_of(data, kind), 0, 4_000, 13):
        words = text.split()
        at = chance.randrange(max(1, len(words) - 8))
        spans.append(" ".join(words[at : at + 8]))
    queries = embedder.encode_queries(spans)
    with reader.snapshot() as snapshot:
        exact = nearest(snapshot, reader.folder, embedder, queries)
        found = [{identifier for identifier, _ in snapshot.vectors.search(query, 100)[:10]} for query in queries]
    return round(sum(len(own & truth) for own, truth in zip(found, exact, strict=True)) / (10 * len(spans)), 3)


def nearest(snapshot: Snapshot, folder: Path, embedder: BuiltinEmbedder, queries: npt.NDArray[np.float32]) -> list[set[int]]:
    """Ids of the ten passages nearest to each query, all compared."""
    embeddings = Embeddings(folder)
    ids, vectors = tail(snapshot.store, embeddings, (embedder.fingerprint, embedder.dimension), 0)
    embeddings.close()
    best = []
    for query in queries:
        scores = vectors @ query
        best.append({int(ids[place]) for place in np.argpartition(-scores, 10)[:10]})
    return best


def first_question(config: Config, question: str) -> float:
    """Seconds of a whole process that opens the index and searches once; the best of three."""
    command = [sys.executable, "-m", "rag", "search", question, "--index", str(config.index.path)]
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - started)
    return round(min(seconds), 2)


def adding(config: Config, embedder: BuiltinEmbedder, folder: Path) -> list[float]:
    """Median and longest seconds of twelve syncs that add a document of about 20 passages each."""
    seconds = []
    for number in range(12):
        file = folder / f"added{number}.txt"
        lines = [
            f"Entry {line} of log {number}: the lamp of the lighthouse was lit at dusk, and ship {line} passed it " * 2
            for line in range(20)
        ]
        file.write_text("\n\n".join(lines), encoding="utf-8")
        seconds.append(sync(config, embedder, [file]).seconds)
    return [round(float(np.median(seconds)), 2), round(max(seconds), 2)]


def percentile(times: Sequence[float], share: float) -> float:
    """The given percentile, to a tenth."""
    return round(float(np.percentile(times, share)), 1)


def exponent(rows: Sequence[dict[str, Any]], name: str) -> float:
    """Slope of log(value) over log(passages), fitted by least squares."""
    return float(np.polyfit([math.log(row["passages"]) for row in rows], [math.log(row[name]) for row in rows], 1)[0])


def missed(row: dict[str, Any]) -> list[str]:
    """The goals that the largest index of a kind does not reach."""
    values = row | {"add_s": row["add_s"][0]}
    own = {name: goal for name, goal in GOALS.items() if name == row["kind"] or goal[0] != "rate"}
    return [name for name, (field, limit, _) in own.items() if (values[field] < limit if name in AT_LEAST else values[field] > limit)]


def table(rows: Sequence[dict[str, Any]], peers: Sequence[dict[str, Any]]) -> str:
    """The results as Markdown."""
    lines = [
        "# The index as it grows",
        "",
        f"Printed by `make bench-index` on {platform.machine()} with 2 cores, Python {platform.python_version()}. Characters are those of",
        "a passage; disk is bytes a passage beyond its text; a question is retrieval alone: references, words, vectors, fusion; opening is",
        "a whole process, `rag search`; adding is one document of 20 passages, median and longest of twelve.",
        "",
        "| passages | characters | build, per s | peak MiB | disk | question p50 / p95 / p99, ms | recall@10 | open, s | add, s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['passages']:,} | {row['characters']} | {row['rate']:,} | {row['memory_mib']:,} | {row['disk']:,} | {row['p50_ms']} / "
        f"{row['p95_ms']} / {row['p99_ms']} | {row['recall']:.3f} | {row['open_s']} | {row['add_s'][0]} / {row['add_s'][1]} |"
        for row in rows
    ]
    goals = "; ".join(f"{name} {limit:,}{unit}" for name, (_, limit, unit) in GOALS.items())
    largest = [
        max((row for row in rows if row["kind"] == kind), key=lambda row: row["passages"]) for kind in sorted({r["kind"] for r in rows})
    ]
    told = "; ".join(f"{row['kind']}: {', '.join(missed(row)) or 'none'}" for row in largest)
    lines += ["", f"Goals at a million passages: {goals}.", f"Missed by the largest indexes of this run: {told}.", ""]
    for kind in sorted({row["kind"] for row in rows}):
        own = [row for row in rows if row["kind"] == kind]
        if len(own) > 1:
            lines.append(
                f"Growth, {kind}: build time ~ n^{exponent(own, 'seconds'):.2f}, median question ~ n^{exponent(own, 'p50_ms'):.2f}."
            )
    if peers:
        lines += ["", "## The same texts and vectors in other libraries, one run", ""]
        lines += [
            "| library | passages | build, passages/s (vectors given) | question p50 / p95, ms | memory, MiB |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| {p['name']} | {p['passages']:,} | {p['rate']} | {p['question']} | {p['memory']} |" for p in peers]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
