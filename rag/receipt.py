"""Receipts: an answer as a file that can be checked later, and that check.

A receipt says what was asked and answered, and for every citation the document (with the sha256 of its bytes), the characters and the words
that stood there; it names the program, the models and the generation of the index. `recheck` compares it with an index of today.

It knows whether the quoted characters are still there, not whether what surrounds them has changed their meaning: so a source that has
changed in any way is named. Its own checksum notices accidents; it is no signature, and says nothing about who wrote the file.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rag import __version__
from rag.errors import InputError, StoreError
from rag.index.protocol import Snapshot
from rag.types import Answer, Citation, Document

FORMAT = "rag-receipt-1"
State = Literal["stands", "renamed", "source changed", "moved", "quote gone", "document gone"]
SOUND: tuple[State, ...] = ("stands", "renamed")

_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_MARKDOWN_LINE = re.compile(r"^[ \t]*(\d*)(?:(?<=\d)(?=[.)])|(?<!\d)(?=[-+=]))", re.MULTILINE)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Characters that turn the direction of text around, and controls, can show what a text does not say (CVE-2021-42574).
_DECEPTIVE = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000)],
    "\ufffd",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A cited document as it was: `sha256` is of the bytes of its file, `characters` the length of its stored text."""

    source: str
    title: str
    date: str | None
    sha256: str
    characters: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer rests on: the index (its generation, and when that was written) and the cited documents; `created` is now (UTC)."""

    created: str
    generation: int
    written: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What became of one citation; `detail` is one sentence for people."""

    number: int
    source: str
    state: State
    detail: str

    @property
    def sound(self) -> bool:
        """Whether the cited document is the same, byte for byte, and the quote stands."""
        return self.state in SOUND


def provenance(answer: Answer, snapshot: Snapshot) -> Provenance:
    """What `answer` rests on, from the index as `snapshot` sees it.

    Raises:
        StoreError: the index has changed since the answer, and a quote no longer stands.
    """
    sources: dict[str, Source] = {}
    for citation in answer.citations:
        document = snapshot.store.document(citation.source)
        if document is None or document.text[citation.start : citation.end] != citation.quote:
            raise StoreError(f"{citation.source} has changed in the index since the answer was given; ask again for a receipt.")
        sources[document.source] = Source(document.source, document.title, document.date, document.sha256, len(document.text))
    return Provenance(_now(), snapshot.generation, snapshot.written, tuple(sources.values()))


def to_json(answer: Answer, origin: Provenance) -> str:
    """The receipt that `recheck` reads: a JSON object with a checksum over its other fields."""
    sha256 = {source.source: source.sha256 for source in origin.sources}
    fields: dict[str, Any] = {
        "format": FORMAT, "program": f"rag {__version__}", "created": origin.created,
        "index": {"generation": origin.generation, "written": origin.written}, "fingerprint": answer.fingerprint,
        "question": answer.question, "standalone_question": answer.standalone_question, "language": answer.language,
        "abstained": answer.abstained, "reason": answer.reason, "text": answer.text, "note": answer.note,
        "sentences": [sentence.fields for sentence in answer.sentences],
        "citations": [_citation_fields(citation) | {"sha256": sha256[citation.source]} for citation in answer.citations],
        "documents": [asdict(source) for source in origin.sources],
    }  # fmt: skip
    text = json.dumps(fields | {"checksum": _checksum(fields)}, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)  # which UTF-8 cannot hold


def to_markdown(answer: Answer, origin: Provenance) -> str:
    """The receipt for people. Text of documents stands in code blocks, so that nothing in it is markup."""
    verdicts = {"quoted": "word for word", "supported": "supported", "unsupported": "not supported by the documents"}
    lines = [f"# {_escaped(answer.question)}", ""]
    if answer.standalone_question != answer.question:
        lines += [f"Understood as: {_escaped(answer.standalone_question)}", ""]
    lines += [*(_escaped(part) + "\n" for part in answer.text.split("\n") if part.strip())]
    if answer.note:
        lines += [f"Note: {_escaped(answer.note)}", ""]
    if answer.sentences:
        lines += ["## Sentences", ""]
        found = " (passage found by the program)"
        lines += [
            f"- **{verdicts[sentence.verdict]}{found if sentence.attributed else ''}**: {_escaped(_one_line(sentence.text))}"
            for sentence in answer.sentences
        ]
        lines += [""]
    if answer.citations:
        lines += ["## Citations", ""]
    for citation in answer.citations:
        place = [f"{_escaped(citation.source)}, characters {citation.start} to {citation.end}"]
        place += [f"page {citation.page}"] if citation.page else []
        place += [_escaped(" > ".join(citation.section))] if citation.section else []
        lines += [f"\\[{citation.number}\\] {_escaped(citation.title)} ({'; '.join(place)})", "", _fenced(citation.quote), ""]
    if origin.sources:
        lines += ["## Documents", "", "| document | date | sha256 |", "|---|---|---|"]
        lines += [f"| {_escaped(source.source)} | {_escaped(source.date or '')} | `{source.sha256}` |" for source in origin.sources]
        lines += [""]
    written = f", written {origin.written}" if origin.written else ""
    lines += [f"Index generation {origin.generation}{written}. Made by rag {__version__} on {origin.created} with:", ""]
    lines += [_fenced(answer.fingerprint), ""]
    return "\n".join(lines)


def read_receipt(file: Path) -> dict[str, Any]:
    """The fields of a receipt in JSON.

    Raises:
        InputError: it cannot be read, is no receipt, or is not as it was written.
    """
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The receipt {file} cannot be read ({error.strerror}); check its path.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not a receipt in JSON; make one with: rag ask QUESTION --receipt FILE.json") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise InputError(f"{file} is not a receipt of the format {FORMAT}; make one with: rag ask QUESTION --receipt FILE.json")
    if fields.pop("checksum", None) != _checksum(fields):
        raise InputError(f"The receipt {file} is not as it was written: its checksum does not fit; take the original file.")
    return fields


def recheck(fields: dict[str, Any], snapshot: Snapshot) -> list[Rechecked]:
    """What became of each citation of a receipt (`read_receipt`), compared with the index as it is now."""
    return [_recheck(citation, snapshot) for citation in fields["citations"]]


def _recheck(cited: dict[str, Any], snapshot: Snapshot) -> Rechecked:
    number, source, quote = cited["number"], cited["source"], cited["quote"]
    start, end = cited["start"], cited["end"]

    def result(state: State, detail: str) -> Rechecked:
        return Rechecked(number, source, state, detail)

    document = snapshot.store.document(source)
    if document is None:
        other = _same_file(cited, snapshot)
        if other is None:
            return result("document gone", "the index has no such document")
        return result("renamed", f"the document is now called {other.source}; it is the same, byte for byte")
    if document.sha256 == cited["sha256"] and document.text[start:end] == quote:
        return result("stands", f"characters {start} to {end} are as they were")
    if document.text[start:end] == quote:
        return result("source changed", f"the document has changed elsewhere; the quote still stands at characters {start} to {end}")
    place = document.text.find(quote)
    if place >= 0:
        return result("moved", f"the document has changed; the quote is now at characters {place} to {place + len(quote)}")
    return result("quote gone", "the document has changed, and the quoted words are no longer in it")


def _same_file(cited: dict[str, Any], snapshot: Snapshot) -> Document | None:
    """The document with the same bytes under another name: one of its copies, or one with the same title."""
    titled = [source for source, title, *_ in snapshot.store.documents() if title == cited["title"]]
    for source in dict.fromkeys([*cited["copies"], *titled]):
        document = snapshot.store.document(source)
        if document is not None and document.sha256 == cited["sha256"] and document.text[cited["start"] : cited["end"]] == cited["quote"]:
            return document
    return None


def _citation_fields(citation: Citation) -> dict[str, Any]:
    return {**asdict(citation), "section": list(citation.section), "copies": list(citation.copies)}


def _checksum(fields: dict[str, Any]) -> str:
    canonical = json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _escaped(text: str) -> str:
    """Text without any effect as Markdown or HTML."""
    return _MARKDOWN_LINE.sub(r"\1\\", _MARKDOWN_SIGNS.sub(r"\\\1", text.translate(_DECEPTIVE)))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.translate(_DECEPTIVE)}\n{fence}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
