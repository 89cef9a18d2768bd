"""Doctor sentences by rule: makes the rows of `eval/verification.jsonl` that no hand wrote, from those that one did.

    python -m benchmarks.verification_set

Rows with `"by": "hand"` are kept as they are. From each passage that they cite comes the cited sentence word for word (good), and
from the good sentences come doctored ones: another number, another month or year, a negation dropped or added, may for must, another name,
another passage. The rules are simple on purpose and share no word list with the verifier that is measured; the same rows always come out.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rag.config import Config
from rag.load import load_file
from rag.sentences import sentences
from rag.split import split
from rag.types import Passage

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "eval" / "verification.jsonl"
SEEDS = ROOT / "seeds"
Row = dict[str, Any]

_FAMILIES = (
    ("acuerdo-sarmenor.md", "acta-comision-2023.md", "circular-esclusas.txt", "preguntas-frecuentes.html"),
    ("tarn-bay-agreement.txt", "harbour-report-2022.txt"),
    ("reglamento-biblioteca.txt",),
)
_SECTIONS_APART = frozenset(
    {"acuerdo-sarmenor.md", "tarn-bay-agreement.txt", "reglamento-biblioteca.txt", "harbour-report-2022.txt", "circular-esclusas.txt"}
)
_ENGLISH_MONTHS = re.findall(r"\w+", "January February March April May June July August September October November December")
_SPANISH_MONTHS = re.findall(r"\w+", "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_STRANGERS = ("Lisbon", "Tokyo", "Valdorca", "Halmere", "Carnegie", "Lindero", "Quito", "India")
_NUMBER = re.compile(r"(?<![\w.,§])\d+(?:[.,]\d+)*(?![\w])")
_NAME = re.compile(r"(?<=[a-zñáéíóú,] )[A-ZÁÉÍÓÚ][a-zñáéíóú]{3,}(?: [A-ZÁÉÍÓÚ][a-zñáéíóú]{3,})*")
_DROPPED = (
    (r"\b(shall|may|must|does|did|is|was|would|were|has|have|had|will|are|do) not\b", r"\1"), (r"\bcannot\b", "can"),
    (r"\b[Nn]o (?=(?:se|podrán?|puede|era|es|tendrá|será|excederá|incluía|encontró|contiene|contempla|bajará|"
     r"depende|reducirá|salen)\b)", ""),
)  # fmt: skip
_ADDED = (
    (r"(?<!what )(?<!it )\b(shall|may|must|is|was|will|are|were|has|have|can)\b(?! not| no\b|n't)", r"\1 not"),
    (
        r"(?<!\bno )(?<!\bse )(?<!\blo )(?<!\w)(podrá|puede|pueden|podrán|será|serán|tendrá|debe|deben|"
        r"permite|pagará|pagarán|cierra|prevé)\b",
        r"no \1",
    ),
)
_MODAL = (
    ("may", "must"), ("must", "may"), ("shall", "may"), ("can", "must"), ("podrá", "deberá"), ("podrán", "deberán"), ("puede", "debe"),
    ("pueden", "deben"), ("debe", "puede"), ("deben", "pueden"), ("deberá", "podrá"),
)  # fmt: skip


def load_passages() -> dict[str, list[Passage]]:
    """The passages of every demo document, as an index would hold them."""
    config = Config()
    files = [path for path in sorted(SEEDS.iterdir()) if path.name != "SOURCES.md"]
    documents = [load_file(path, path.name, int(config.load.max_megabytes * 1_000_000)) for path in files]
    sizes = (config.split.target_characters, config.split.max_characters)
    return {document.source: split(document, *sizes) for document in documents}


def passage_of(row: Row, passages: dict[str, list[Passage]]) -> Passage:
    """The passage that the sentence of a row cites."""
    evidence = row["evidence"]
    found = [passage for passage in passages[evidence["source"]] if evidence["quote"] in passage.text]
    if len(found) != 1:
        raise ValueError(f"{evidence['quote']!r} stands in {len(found)} passages of {evidence['source']}, not in one.")
    return found[0]


def read_rows() -> list[Row]:
    """Every row of the set."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def made_by_rule(written: list[Row], passages: dict[str, list[Passage]]) -> Iterator[Row]:
    """The good sentences word for word, and what the rules make of all good sentences."""
    verbatim = list(_verbatim(written, passages))
    yield from verbatim
    good = [row for row in written if row["good"] and row["kind"] in ("paraphrase", "cross-language")]
    rules: tuple[tuple[str, Callable[[str, str], str | None]], ...] = (
        ("number", _other_number), ("date", _other_date), ("negation", _dropped), ("negation", _added), ("modality", _other_modality),
        ("name", _other_name),
    )  # fmt: skip
    for kind, rule in rules:
        for row in [*good, *verbatim]:
            sentence = rule(row["sentence"].strip("“”«»"), passage_of(row, passages).text)
            if sentence is not None and _chosen(f"{rule.__name__} {sentence}"):
                yield _row(kind, sentence, row["evidence"], row["half"], good=False)
    for position, row in enumerate(good):
        near = position % 3 == 1
        others = [other for other in good if other["half"] == row["half"] and (_beside(row, other, passages) if near else _far(row, other))]
        if others and position % 3 < 2:
            other = others[_hash(row["sentence"]) % len(others)]
            yield _row("wrong passage", row["sentence"], other["evidence"], row["half"], good=False)


def _verbatim(written: list[Row], passages: dict[str, list[Passage]]) -> Iterator[Row]:
    for number, evidence in enumerate({row["evidence"]["quote"]: row["evidence"] for row in written}.values()):
        row = next(row for row in written if row["evidence"] == evidence)
        text = passage_of(row, passages).text
        at = text.index(evidence["quote"])
        sentence = next(text[start:end] for start, end in sentences(text) if start <= at < end)
        sentence = " ".join(re.sub(r"[*_]{2}|^\s*[-#>]+\s*|^\d+\.\s+", "", sentence).split())
        quoted = f"“{sentence}”" if number % 2 and not set('“”"') & set(sentence) else sentence
        if "|" not in sentence and len(sentence.split()) > 5:
            yield _row("verbatim", quoted, evidence, row["half"], good=True)


def _row(kind: str, sentence: str, evidence: dict[str, str], half: str, *, good: bool) -> Row:
    return {"kind": kind, "good": good, "half": half, "by": "rule", "sentence": sentence, "evidence": evidence}


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _chosen(text: str) -> bool:
    """Half of what the rules make is enough; which half says a hash."""
    return _hash(text) % 2 == 0


def _far(row: Row, other: Row) -> bool:
    """Whether two sentences cite documents of which neither can support the other's: different families of the demo corpus."""
    return _family(row) != _family(other)


def _beside(row: Row, other: Row, passages: dict[str, list[Passage]]) -> bool:
    """Whether two sentences cite different provisions or sections of one document, of which none says what another does."""
    same = row["evidence"]["source"] == other["evidence"]["source"] in _SECTIONS_APART
    return same and passage_of(row, passages) != passage_of(other, passages)


def _family(row: Row) -> int:
    source = row["evidence"]["source"]
    return next((index for index, family in enumerate(_FAMILIES) if source in family), len(_FAMILIES))


def _other_number(sentence: str, text: str) -> str | None:
    for match in _NUMBER.finditer(sentence):
        changed = f"{int(match[0][0]) % 8 + 2}{match[0][1:]}"
        if changed not in text:
            return sentence[: match.start()] + changed + sentence[match.end() :]
    return None


def _other_date(sentence: str, text: str) -> str | None:
    for months in (_ENGLISH_MONTHS, _SPANISH_MONTHS):
        for position, month in enumerate(months):
            changed = months[(position + 5) % 12]
            if re.search(rf"\b{month}\b", sentence) and month != "May" and changed.casefold() not in text.casefold():
                return re.sub(rf"\b{month}\b", changed, sentence, count=1)
    year = re.search(r"\b(?:19|20)\d\d\b", sentence)
    return re.sub(year[0], str(int(year[0]) + 3), sentence, count=1) if year and str(int(year[0]) + 3) not in text else None


def _dropped(sentence: str, text: str) -> str | None:
    del text
    for pattern, replacement in _DROPPED:
        if re.search(pattern, sentence):
            changed = re.sub(pattern, replacement, sentence, count=1)
            return changed[0].upper() + changed[1:]
    return None


def _added(sentence: str, text: str) -> str | None:
    del text
    if re.search(
        r"\b(?:no|not|nor|neither|never|nobody|none|nadie|ni|nunca|only|solo|unless|until|but|sin|without|once)\b", sentence, re.IGNORECASE
    ):
        return None
    for pattern, replacement in _ADDED:
        if re.search(pattern, sentence):
            return re.sub(pattern, replacement, sentence, count=1)
    return None


def _other_modality(sentence: str, text: str) -> str | None:
    del text
    if re.search(r"\b(?:not|no|neither|cannot|nobody|nadie)\b", sentence, re.IGNORECASE):
        return None
    for wanted, replacement in _MODAL:
        if re.search(rf"\b{wanted}\b", sentence):
            return re.sub(rf"\b{wanted}\b", replacement, sentence, count=1)
    return None


def _other_name(sentence: str, text: str) -> str | None:
    match = _NAME.search(sentence)
    strangers = [name for name in _STRANGERS if name not in sentence + text]
    if match is None or match[0] in ("Article", "Secretariat", "Party", "Agreement", "Parte"):
        return None
    stranger = strangers[_hash(sentence) % len(strangers)]
    return sentence[: match.start()] + stranger + sentence[match.end() :]


def main() -> None:
    """Write the set anew: what was written by hand, then what the rules make of it."""
    written = [row for row in read_rows() if row["by"] == "hand"]
    rows = [*written, *made_by_rule(written, load_passages())]
    lines = [
        json.dumps({"id": f"v{number:03}", **{k: v for k, v in row.items() if k != "id"}}, ensure_ascii=False)
        for number, row in enumerate(rows, 1)
    ]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows, {len(written)} by hand")


if __name__ == "__main__":
    main()
