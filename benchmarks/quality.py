"""How good the answers are: the question set over the seeds, and retrieval on the XQuAD development half.

XQuAD (Artetxe et al. 2020, CC-BY-SA 4.0) is development data: weights were chosen on it, so its figures flatter a little.
"""

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

from rag.config import load_config
from rag.evaluate import run_evaluation

Row = tuple[str, str, str, bool | None]


def questions_quality(file: Path, index: Path) -> Iterator[Row]:
    """Evidence inside a citation and refusals both ways, of the questions that nothing was chosen on ("test") and of the others."""
    results = run_evaluation(file, load_config(index=index, environment={}))
    for split in ("test", "dev"):
        part = results["slices"]["split"][split]
        for name, label, goal in (
            ("evidence_in_citation", "evidence inside a citation, of the answerable", 0.92),
            ("refused_unanswerable", "refused, of the unanswerable", 0.92),
            ("answered_answerable", "answered, of the answerable", 0.95),
        ):
            value = part["metrics"][name]
            yield f"seeds, {split} half: {label}", _share(value), f"at least {goal:.0%}", value["value"] >= goal
        wrong = part["counts"]["wrong_provision"]
        yield f"seeds, {split} half: provisions confused with another", str(wrong), "0", wrong == 0
    quoted = results["metrics"]["quote_matches_text"]
    yield "seeds: quotes equal to the text at their span", _share(quoted), "100%", quoted["value"] == 1.0


def xquad_quality(file: Path, folder: Path) -> Iterator[Row]:
    """nDCG@10 over all Spanish paragraphs, for Spanish and for English questions."""
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    paragraphs = list(dict.fromkeys(row["context_es"] for row in rows))
    for language, goal in (("es", 0.95), ("en", 0.87)):
        target = folder / f"xquad-{language}"
        (target / "qrels").mkdir(parents=True)
        _write(target / "corpus.jsonl", [{"_id": f"p{number}", "title": "", "text": text} for number, text in enumerate(paragraphs)])
        _write(target / "queries.jsonl", [{"_id": f"q{number}", "text": row[f"question_{language}"]} for number, row in enumerate(rows)])
        judged = [f"q{number}\tp{paragraphs.index(row['context_es'])}\t1" for number, row in enumerate(rows)]
        (target / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n", encoding="utf-8")
        value = run_evaluation(target, load_config(environment={}))["metrics"]["ndcg@10"]
        label = f"XQuAD development half, {language}->es, nDCG@10"
        yield label, f"{value['value']:.3f} ({value['low']:.3f}-{value['high']:.3f})", f"at least {goal}", value["value"] >= goal


def _share(value: dict[str, float]) -> str:
    return f"{value['value']:.0%} ({value['low']:.0%}-{value['high']:.0%})"


def _write(file: Path, rows: list[dict[str, str]]) -> None:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
