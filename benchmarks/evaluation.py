"""How long an evaluation takes: the question set over seeds/, and the XQuAD development half in both question languages.

    python -m benchmarks.evaluation --data ../shared/data

XQuAD (Artetxe et al. 2020, CC-BY-SA 4.0) is written as the two SQuAD-style files that its authors publish, and evaluated with its Spanish
and then its English questions on the Spanish texts: 628 of each, a little more than the 1,190 of the whole set. The files go to a
temporary folder. Seconds of a busy machine say little; those of the processor, printed beside, say more.
"""

import argparse
import json
import lzma
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print a line for each evaluation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Folder that holds dev/xquad_dev_half.jsonl.xz.")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spanish, english = write_xquad(data / "dev" / "xquad_dev_half.jsonl.xz", folder)
        measure("seeds", ROOT / "eval" / "questions.jsonl", "--documents", ROOT / "seeds", "--report", folder / "seeds")
        measure("XQuAD half, Spanish questions", spanish, "--report", folder / "es")
        measure("XQuAD half, English questions", spanish, "--queries", english, "--report", folder / "en")


def write_xquad(file: Path, folder: Path) -> tuple[Path, Path]:
    """The Spanish texts with Spanish questions, and with English ones under the same ids, as SQuAD-style JSON."""
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    paths = []
    for language in ("es", "en"):
        articles: dict[str, dict[str, list[dict[str, object]]]] = {}
        for row in rows:
            asked = {"id": row["id"], "question": row[f"question_{language}"], "answers": row["answers_es"]}
            articles.setdefault(row["title"], {}).setdefault(row["context_es"], []).append(asked)
        data = [
            {"title": title, "paragraphs": [{"context": text, "qas": asked} for text, asked in paragraphs.items()]}
            for title, paragraphs in articles.items()
        ]
        paths.append(folder / f"xquad.{language}.json")
        paths[-1].write_text(json.dumps({"data": data}, ensure_ascii=False), encoding="utf-8")
    return paths[0], paths[1]


def measure(name: str, *arguments: object) -> None:
    """Run `rag eval` as a user does, and print its time and headline."""
    before, started = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "rag", "eval", *map(str, arguments), "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    seconds, after = time.perf_counter() - started, os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    count = len(told["per_query"])
    cited = next(told["metrics"][metric]["value"] for metric in ("answer_in_citation", "evidence_in_citation") if metric in told["metrics"])
    ndcg = told["metrics"]["ndcg@10"]["value"]
    print(f"{name}: {count} questions in {seconds:.1f} s ({processor:.1f} s of processor); nDCG@10 {ndcg:.3f}, cited {cited:.3f}")
    print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
