"""How fast files are read: PDF pages, Word files of ten pages, ten thousand small files into an index.

    python -m benchmarks.documents

Prints files or pages a second of wall time with a worker for each core, and what two cores would do by processor time, which a busy machine
changes less; and the most memory that this process and a worker took.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rag.load import Limits, loading
from rag.types import Document

WORDS = [
    "la",
    "cuenca",
    "del",
    "río",
    "acuerdo",
    "bodega",
    "sal",
    "año",
    "señal",
    "harbour",
    "keeper",
    "water",
    "annual",
    "report",
    "store",
]
INDEX = """
import json, resource, sys
from pathlib import Path
from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.index.sync import sync

summary = sync(Config(index=IndexConfig(path=Path(sys.argv[2]))), BuiltinEmbedder(), [Path(sys.argv[1])])
print(json.dumps([summary.documents, summary.seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def main() -> None:
    """Make the files, read them, print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _read("PDF, pages", _pdfs(folder / "pdf"))
        _read("DOCX of ten pages, files", _word_files(folder / "docx"))
        _small_files(folder)


def _sentence(choose: random.Random) -> str:
    return " ".join(choose.choices(WORDS, k=18)).capitalize() + f" {choose.randrange(1_000)}."


def _pdfs(folder: Path) -> list[Path]:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    folder.mkdir()
    choose = random.Random(1)
    style = getSampleStyleSheet()["BodyText"]
    for number in range(8):
        story: list[object] = []
        for _ in range(100):
            story += [Paragraph(" ".join(_sentence(choose) for _ in range(4)), style) for _ in range(6)]
            story.append(PageBreak())
        SimpleDocTemplate(str(folder / f"{number}.pdf")).build(story)
    return sorted(folder.iterdir())


def _word_files(folder: Path) -> list[Path]:
    import docx

    folder.mkdir()
    choose = random.Random(2)
    for number in range(200):
        document = docx.Document()
        for page in range(10):
            document.add_heading(f"Parte {page}", 1)
            for _ in range(6):
                document.add_paragraph(" ".join(_sentence(choose) for _ in range(4)))
            document.add_page_break()
        document.save(str(folder / f"{number}.docx"))
    return sorted(folder.iterdir())


def _read(name: str, paths: list[Path]) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with loading([(path, path.name) for path in paths], Limits()) as loaded:
        documents = list(loaded)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert all(isinstance(document, Document) for document in documents), documents
    count = sum(len(document.pages) or 1 for document in documents if isinstance(document, Document))
    characters = sum(len(document.text) for document in documents if isinstance(document, Document)) // count
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{name}: {count / seconds:.0f}/s on {os.cpu_count()} cores ({2 * count / processor:.0f}/s by processor time of two), "
        f"{characters:,} characters each, worker memory {after.ru_maxrss / 1_024:.0f} MiB"
    )


def _small_files(folder: Path) -> None:
    choose = random.Random(3)
    documents = folder / "small"
    for number in range(10_000):
        path = documents / f"{number // 500}" / f"{number}.{('md', 'txt')[number % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Nota {number}\n\n{' '.join(_sentence(choose) for _ in range(4))}\n", encoding="utf-8")
    command = [sys.executable, "-c", INDEX, str(documents), str(folder / "index")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    count, seconds, memory = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"small text files, read and indexed: {count:,} in {seconds:.0f} s ({processor:.0f} s of processor time), {memory / 1_024:.0f} MiB"
    )


if __name__ == "__main__":
    main()
