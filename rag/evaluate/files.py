"""The files of a report, for people and for the tools that they use.

report.html        for people (`page.py`)           results.json     all figures, equal for equal runs
results.jsonl      one question a line              latency.json     times, memory, tokens, machine: what differs
run.trec           ranking, for trec_eval           qrels.trec       the judgements it is measured against
answers.jsonl      TREC-RAG answers                 ragchecker.json  input of RAGChecker
SHA256SUMS         checksums of all of these
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.evaluate.compare import RESULTS
from rag.evaluate.score import Outcome
from rag.evaluate.summary import LATENCY, RESOURCES

RUN = "rag"
CHECKSUMS = "SHA256SUMS"
TIMES = "latency.json"


def write_report(
    results: Mapping[str, Any], outcomes: Sequence[Outcome], folder: Path, *, command: str = "", signed_by: str | None = None
) -> None:
    """Write all files into `folder`.

    Raises:
        InputError: the folder cannot be written.
    """
    from rag.evaluate.page import render_page

    lasting = {name: value for name, value in results.items() if name not in {LATENCY, RESOURCES}}
    texts = {
        RESULTS: json.dumps(lasting, ensure_ascii=False, indent=1),
        "results.jsonl": _lines(_full(outcome) for outcome in outcomes),
        TIMES: json.dumps({**results.get(LATENCY, {}), RESOURCES: results.get(RESOURCES, {})}, indent=1),
        "run.trec": trec_run(outcomes),
        "qrels.trec": trec_qrels(outcomes),
    }
    if any("answer" in outcome.record for outcome in outcomes):
        texts["answers.jsonl"] = _lines(trec_answers(outcomes))
        texts["ragchecker.json"] = json.dumps(ragchecker(outcomes), ensure_ascii=False, indent=1)
    digest = hashlib.sha256(texts[RESULTS].encode()).hexdigest()
    texts["report.html"] = render_page(results, command=command, signed_by=signed_by, digest=digest)
    sums = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))
    make_folder(folder)
    try:
        for name, text in {**texts, CHECKSUMS: sums}.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise _not_written(folder, error) from error


def make_folder(folder: Path) -> None:
    """Make the folder of a report.

    Raises:
        InputError: it cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(folder, error) from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"The report cannot be written to {folder} (no permission); give another --report folder.")


def _not_written(folder: Path, error: OSError) -> InputError:
    return InputError(f"The report cannot be written to {folder} ({error.strerror}); give another --report folder.")


def write_bake_off(reference: Mapping[str, Any], summary: Mapping[str, Any], folder: Path) -> None:
    """Write bake-off.json and bake-off.html: the comparisons, with the figures of the reference below them.

    Raises:
        InputError: the folder cannot be written.
    """
    from rag.evaluate.page import render_bake_off

    try:
        (folder / "bake-off.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1), encoding="utf-8")
        (folder / "bake-off.html").write_text(render_bake_off(reference, summary), encoding="utf-8")
    except OSError as error:
        raise InputError(f"The bake-off cannot be written to {folder} ({error.strerror}); give another --folder.") from error


def trec_run(outcomes: Sequence[Outcome]) -> str:
    """Lines of "topic Q0 name rank score tag", as trec_eval reads them; scores fall with the rank even where passages tie."""
    lines = []
    for outcome in outcomes:
        topic = _word(outcome.record["id"])
        previous = float("inf")
        for rank, (name, score) in enumerate(outcome.record["run"], 1):
            previous = min(score, previous - 1e-6)
            lines.append(f"{topic} Q0 {_word(name)} {rank} {previous:.6f} {RUN}\n")
    return "".join(lines)


def trec_qrels(outcomes: Sequence[Outcome]) -> str:
    """Judgements under the names of the run: of documents as given; of passages, the first that holds evidence (see `score.py`)."""
    return "".join(
        f"{_word(outcome.record['id'])} 0 {_word(name)} {grade:g}\n"
        for outcome in outcomes
        for name, grade in outcome.record["judged"].items()
    )


def trec_answers(outcomes: Sequence[Outcome]) -> Iterator[dict[str, Any]]:
    """Answers as the TREC 2024 RAG track asks for them: sentences with citations that are positions in a list of passages, from 0."""
    for outcome in outcomes:
        record = outcome.record
        quotes = {quote["number"]: place for place, quote in enumerate(record["quotes"])}
        yield {
            "run_id": RUN,
            "topic_id": record["id"],
            "topic": record["question"],
            "references": [f"{quote['source']}:{quote['start']}-{quote['end']}" for quote in record["quotes"]],
            "response_length": sum(len(sentence["text"].split()) for sentence in record["sentences"]),
            "answer": [
                {"text": sentence["text"], "citations": [quotes[number] for number in sentence["citations"] if number in quotes]}
                for sentence in record["sentences"]
            ],
        }


def ragchecker(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Answerable questions as RAGChecker reads them (Ru et al. 2024, https://github.com/amazon-science/RAGChecker)."""
    return {
        "results": [
            {
                "query_id": outcome.record["id"],
                "query": outcome.record["standalone_question"],
                "gt_answer": " ".join(outcome.record["answers"] or [gold["quote"] for gold in outcome.record["gold"][:1]]),
                "response": outcome.record["answer"],
                "retrieved_context": [
                    {"doc_id": f"{passage['source']}:{passage['start']}-{passage['end']}", "text": passage["text"]}
                    for passage in outcome.record["passages"]
                ],
            }
            for outcome in outcomes
            if outcome.record["gold"]
        ]
    }


def _full(outcome: Outcome) -> dict[str, Any]:
    """Everything about a question but the texts of passages and the ranking, which other files hold."""
    return {**outcome.entry, **{name: value for name, value in outcome.record.items() if name not in {"passages", "run", "judged"}}}


def _lines(records: Iterator[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _word(name: str) -> str:
    """A name without white space, which separates the columns."""
    return "_".join(name.split())
