"""What the command line prints: JSON with the fields of the public contract (docs/architecture.md), text for people, progress bars.

It decides nothing: everything shown is a field of what the pipeline returned.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from rag.language import asked_in
from rag.types import Answer, Citation, Document, Hit, Passage

if TYPE_CHECKING:
    from rag.index.check import Finding as Found
    from rag.index.contextual import Coverage
    from rag.index.sync import Progress, Skipped, Summary
    from rag.receipt import Rechecked


MANY_SKIPPED, FIRST_SKIPPED = 20, 5
"""Of more than so many files that are skipped for the same reason only so many are named."""
PER_SECOND = 100
"""Contextual vectors, about, on two cores."""


def console() -> Console:
    """Standard output for people: lines are not wrapped, so that they can be searched."""
    return Console(soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON object on a line, with letters as they are where the output can hold them."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    sys.stdout.write(json.dumps(value, ensure_ascii=not is_unicode, allow_nan=False) + "\n")


def answer_fields(answer: Answer) -> dict[str, Any]:
    """The fields of `rag ask --json`; `note` only where there is one."""
    fields = {
        "question": answer.question, "standalone_question": answer.standalone_question, "language": answer.language,
        "abstained": answer.abstained, "reason": answer.reason, "text": answer.text,
        "sentences": [sentence.fields for sentence in answer.sentences],
        "citations": [_citation_fields(citation) for citation in answer.citations],
        "hits": [_hit_fields(hit) for hit in answer.hits],
        "timings_ms": answer.timings_ms, "fingerprint": answer.fingerprint, "confidence": answer.confidence,
    }  # fmt: skip
    return fields | ({"note": answer.note} if answer.note else {})


def search_fields(question: str, hits: Sequence[Hit]) -> dict[str, Any]:
    """The fields of `rag search --json`."""
    return {"question": question, "language": asked_in(question), "hits": [_hit_fields(hit) for hit in hits]}


def _citation_fields(citation: Citation) -> dict[str, Any]:
    fields = ("number", "source", "title", "start", "end", "page", "section", "quote", "score")
    copies = {"copies": list(citation.copies)} if citation.copies else {}
    return {name: getattr(citation, name) for name in fields} | {"section": " > ".join(citation.section)} | copies


def _hit_fields(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    return {
        "rank": hit.rank, "source": passage.source, "title": passage.title, "start": passage.start, "end": passage.end,
        "page": passage.page, "section": " > ".join(passage.section), "text": passage.text, "score": hit.score, "why": asdict(hit.why),
    }  # fmt: skip


def preview_fields(document: Document, passages: Sequence[Passage]) -> dict[str, Any]:
    """The fields of `rag index --preview --json`."""
    about = {name: getattr(document, name) for name in ("source", "title", "author", "date", "language")}
    return about | {
        "passages": [
            {"start": each.start, "end": each.end, "page": each.page, "section": " > ".join(each.section), "text": each.text}
            for each in passages
        ]
    }


def counted(count: int, what: str) -> str:
    """ "1 document", "2 documents"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def print_preview(document: Document, passages: Sequence[Passage]) -> None:
    """The passages of a document, each below the place that a citation of it would name."""
    out = console()
    about = (document.title, document.author, document.date, document.language)
    out.print(f"{document.source}: {', '.join(filter(None, about))}; {counted(len(passages), 'passage')}\n", style="bold", markup=False)
    for number, passage in enumerate(passages, 1):
        place = _place(passage.title, passage.section, passage.page, passage.source)
        out.print(f"{number}. {place}  ({passage.start}-{passage.end})", style="dim", markup=False)
        out.print(f"{passage.text}\n", markup=False)


def print_summary(summary: "Summary", folder: Path) -> None:
    """What a sync did."""
    out = console()
    changes = ", ".join(f"{getattr(summary, name)} {name}" for name in ("added", "updated", "removed", "unchanged"))
    would = "nothing written, a real run would make: " if summary.dry_run else ""
    totals = f"{counted(summary.documents, 'document')}, {counted(summary.passages, 'passage')} in {folder}"
    out.print(f"{totals} ({would}{changes}; {summary.seconds:.1f} s)", markup=False)
    for line in _skipped_lines(summary.skipped):
        out.print(f"  skipped {line}", markup=False)


def _skipped_lines(skipped: "Sequence[Skipped]") -> Iterator[str]:
    """Each file with its reason; where a reason is that of many files, the first few of them and how many more there are."""
    counts = Counter(each.reason for each in skipped)
    named: Counter[str] = Counter()
    for each in skipped:
        named[each.reason] += 1
        if counts[each.reason] <= MANY_SKIPPED or named[each.reason] <= FIRST_SKIPPED:
            yield f"{each.source}: {each.reason}"
    for reason, count in counts.items():
        if count > MANY_SKIPPED:
            yield f"{count - FIRST_SKIPPED:,} more: {reason} (--json names them all)"


def print_coverage(covered: "Coverage | None", folder: Path) -> None:
    """How many contextual vectors there are, and how to get the others."""
    if covered is None or not covered.total:
        return
    minutes = max(1, round(covered.missing / PER_SECOND / 60))
    how = f"; rag index --deep --index {folder} computes the others (about {minutes} min), and rag chat does while nobody asks"
    console().print(f"contextual vectors: {covered.done:,} of {covered.total:,}{how if covered.missing else ''}", markup=False)


DELETED = "deleted text"
"""The part of the index that `rag check --gone` looks at."""


def print_findings(findings: "Sequence[Found]", lost: Sequence[str]) -> None:
    """What a check found, and what a repair could not bring back."""
    out = console()
    for finding in findings:
        out.print(f"{'ok  ' if finding.sound else 'FAIL'} {finding.part}: {finding.detail}", markup=False)
    if lost:
        out.print(f"lost: {', '.join(lost)}; run rag index on the folders they are in to read them again", style="yellow", markup=False)
    elif {finding.part for finding in findings if not finding.sound} == {DELETED}:
        out.print("If its file is deleted, run rag index on the folder that it was in, or rag remove with its name.", markup=False)
    elif not all(finding.sound for finding in findings):
        out.print("Run rag check --repair to mend it.", markup=False)


def print_answer(answer: Answer) -> None:
    """An answer with its sources."""
    out = console()
    if answer.standalone_question != answer.question:
        out.print(f"({answer.standalone_question})\n", style="dim", markup=False)
    out.print(answer.text, markup=False)
    for sentence in answer.sentences:
        if sentence.verdict == "unsupported":
            out.print(f"  not supported by the documents: {sentence.text}", style="yellow", markup=False)
    if answer.citations:
        out.print()
    for citation in answer.citations:
        place = _place(citation.title, citation.section, citation.page, citation.source)
        also = f", also {', '.join(citation.copies)}" if citation.copies else ""
        out.print(f"[{citation.number}] {place}  ({citation.source}:{citation.start}-{citation.end}{also})", style="dim", markup=False)
    if answer.note:
        out.print(f"\nNote: {answer.note}", style="yellow", markup=False)


def print_rechecked(fields: Mapping[str, Any], results: "Sequence[Rechecked]") -> None:
    """What became of each citation of a receipt."""
    out = console()
    out.print(f"{fields['question']}  (asked {fields['created']})", markup=False)
    for result in results:
        out.print(f"{'ok  ' if result.sound else 'FAIL'} [{result.number}] {result.source}: {result.detail}", markup=False)
    if not results:
        out.print("ok   the answer cites nothing", markup=False)


def print_hits(hits: Sequence[Hit]) -> None:
    """Passages, and why each was found."""
    out = console()
    for hit in hits:
        passage, why = hit.passage, hit.why
        reasons = (
            f"has {why.reference}" if why.reference else "",
            f"words: {' '.join(why.matched_terms)}" if why.matched_terms else "",
            f"lexical rank {why.lexical_rank}" if why.lexical_rank else "",
            f"dense rank {why.dense_rank}" if why.dense_rank else "",
            f"contextual rank {why.contextual_rank}" if why.contextual_rank else "",
        )
        out.print(f"{hit.rank}. {_place(passage.title, passage.section, passage.page, passage.source)}", style="bold", markup=False)
        span = f"{passage.source}:{passage.start}-{passage.end}"
        out.print(f"   {span}  score {hit.score:.2f} ({', '.join(filter(None, reasons))})", style="dim", markup=False)
        out.print(f"   {' '.join(passage.text.split())[:300]}", markup=False)


def _place(title: str, section: tuple[str, ...], page: int | None, source: str) -> str:
    own = [part.removeprefix("§").lstrip() for part in section if part != title]
    return ", ".join(filter(None, (title or source, f"p. {page}" if page else "", f"§ {own[-1]}" if own else "")))


@contextmanager
def progress_bars(silent: bool) -> "Iterator[Progress | None]":
    """A callable (done, total, label) that moves progress bars on standard error; None where nobody is looking."""
    if silent or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def move(done: int, total: int, label: str) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        yield move
