"""Other libraries on the same texts and vectors: Chroma, LangChain with FAISS, txtai. See `benchmarks.index --peers`.

Each runs in a process of its own, from an environment in `.cache/peers` (made here, from PyPI); vectors are computed beforehand by the
built-in table and given, so that indexing and search are compared and not embedding. A library that does not finish in `LIMIT` seconds,
or cannot be installed, is listed as such.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from rag.config import Config, IndexConfig, SplitConfig
from rag.embed import BuiltinEmbedder
from rag.index import Reader
from rag.index.sync import sync_documents
from rag.language import detect
from rag.retrieve import Retriever

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "peers"
LIMIT = 600
QUESTIONS = 200
PACKAGES = {
    "Chroma": ["chromadb"],
    "LangChain + FAISS": ["langchain-community", "faiss-cpu"],
    "txtai": ["txtai", "torch==2.13.0"],
}  # fmt: skip
PROGRAM = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
name, folder = sys.argv[1], Path(sys.argv[2])
texts = json.loads((folder / "texts.json").read_text())
vectors, questions = np.load(folder / "vectors.npy"), np.load(folder / "questions.npy")
asked = json.loads((folder / "questions.json").read_text())
started = time.perf_counter()
if name == "Chroma":
    import chromadb
    from chromadb.config import Settings
    client = chromadb.PersistentClient(str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))
    made = client.create_collection("peers", metadata={"hnsw:space": "cosine"}, embedding_function=None)
    for first in range(0, len(texts), 5000):
        last = min(first + 5000, len(texts))
        made.add(ids=[str(i) for i in range(first, last)], embeddings=vectors[first:last], documents=texts[first:last])
    search = lambda number: made.query(query_embeddings=questions[number : number + 1], n_results=10)
elif name == "LangChain + FAISS":
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import FakeEmbeddings
    made = FAISS.from_embeddings(list(zip(texts, vectors.tolist())), FakeEmbeddings(size=vectors.shape[1]))
    made.save_local(str(folder / "faiss"))
    search = lambda number: made.similarity_search_by_vector(questions[number].tolist(), k=10)
else:
    from txtai import Embeddings
    given = {text: row for text, row in zip(texts, vectors)} | {text: row for text, row in zip(asked, questions)}
    vectors_of = lambda data: np.stack([given[text] for text in data])
    made = Embeddings(method="external", transform=vectors_of, content=True, hybrid=True)
    made.index(list(enumerate(texts)))
    made.save(str(folder / "txtai"))
    search = lambda number: made.search(asked[number], 10)
built = time.perf_counter() - started
times = []
for number in range(len(questions)):
    started = time.perf_counter()
    search(number)
    times.append(1000 * (time.perf_counter() - started))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("RESULT " + json.dumps([built, float(np.percentile(times, 50)), float(np.percentile(times, 95)), memory]))
"""


def compare(data: Path, sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each library and size, this one first."""
    from benchmarks.index import SHORTEST, KeepOrder, documents_of, texts_of, titles

    embedder = BuiltinEmbedder()
    asked = titles(data)[:QUESTIONS]
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config = Config(index=IndexConfig(path=folder / "own"), split=SplitConfig(target_characters=SHORTEST, max_characters=400))
            started = time.perf_counter()
            summary = sync_documents(config, embedder, documents_of(data, "sentences", size))
            rate = round(summary.passages / (time.perf_counter() - started))
            reader, retriever = Reader(config.index.path, embedder.fingerprint), Retriever(embedder, KeepOrder(), 100)
            times = []
            for question in asked:
                started = time.perf_counter()
                with reader.snapshot() as snapshot:
                    retriever.retrieve(snapshot, question, detect(question), 10)
                times.append(1000 * (time.perf_counter() - started))
            spread = f"{np.percentile(times, 50):.1f} / {np.percentile(times, 95):.1f}"
            own = {"name": "this (embedding, words and provisions included)", "passages": summary.passages}
            yield own | {"rate": f"{rate:,}", "question": spread, "memory": ""}
            texts = list(dict.fromkeys(text for _, text in islice(texts_of(data, "sentences"), size)))
            (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
            (folder / "questions.json").write_text(json.dumps(asked), encoding="utf-8")
            np.save(folder / "vectors.npy", embedder.encode_documents(texts))
            np.save(folder / "questions.npy", embedder.encode_queries(asked))
            for library, packages in PACKAGES.items():
                yield {"name": library, "passages": len(texts)} | _measured(library, packages, folder, len(texts))


def _measured(library: str, packages: Sequence[str], folder: Path, count: int) -> dict[str, str]:
    nothing = {"question": "", "memory": ""}
    environment = CACHE / library.split()[0].lower()
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        installed = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], capture_output=True, check=False)
        if installed.returncode:
            return {"rate": "could not be installed", **nothing}
    try:
        run = subprocess.run([python, "-c", PROGRAM, library, folder], capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {"rate": f"not within {LIMIT} s", **nothing}
    result = next((line for line in run.stdout.splitlines() if line.startswith("RESULT ")), None)
    if result is None:
        return {"rate": f"failed: {run.stderr.strip().splitlines()[-1][:80] if run.stderr.strip() else 'no output'}", **nothing}
    built, p50, p95, memory = json.loads(result.removeprefix("RESULT "))
    return {"rate": f"{round(count / built):,}", "question": f"{p50:.1f} / {p95:.1f}", "memory": f"{memory:,.0f}"}
