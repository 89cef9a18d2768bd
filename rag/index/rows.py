"""Rows of the database as passages, and the checksums that they carry."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from rag.index.faults import decoded
from rag.types import Document, Passage, Reference

PASSAGE = """SELECT p.id, d.source, d.title, p.text, p."start", p.section, p.page, p.language, d.date, d.pages,
    p.gap, p.checksum, (SELECT json_group_array(source) FROM copies WHERE document = p.document)
    FROM passages p JOIN documents d ON d.id = p.document"""
_NONE = len("[]")


def embedded_text(passage: Passage) -> str:
    """The text whose vector stands for a passage: title and headings give it its context."""
    return "\n".join((passage.title, *passage.section[-2:], passage.text))


def content_hash(passage: Passage) -> bytes:
    """Key of a passage's vector (16 bytes): passages with the same text and context share one."""
    return hashlib.blake2b(embedded_text(passage).encode(), digest_size=16).digest()


def document_checksum(document: Document) -> bytes:
    """Of everything that is stored of a document."""
    lines = [[h.start, h.end, h.level, h.text] for h in document.headings]
    fields = [document.source, document.title, document.sha256, document.language, document.date, document.pages, lines]
    return hashlib.blake2b(json.dumps([*fields, document.text]).encode(), digest_size=8).digest()


def place_checksum(source: str, path: str) -> bytes:
    """Of where a document is on disk."""
    return hashlib.blake2b(f"{source}\n{path}".encode(), digest_size=8).digest()


def passage_checksum(passage: Passage, gap: str) -> bytes:
    """Of everything that a citation shows of a passage, and of the provisions it is found by."""
    references = "".join(f"{ref}\n" for ref in (*passage.mentions, "", *passage.provisions))
    fields = (passage.source, passage.title, passage.start, passage.section, passage.page, passage.language, passage.date, references, gap)
    return hashlib.blake2b(f"{fields!r}{passage.text}".encode(errors="surrogatepass"), digest_size=8).digest()


def checked(row: Any, references: Iterable[tuple[str, str, int]]) -> Passage:  # noqa: ANN401 - columns of `PASSAGE`
    """A passage of a row, with its provisions.

    Raises:
        sqlite3.DatabaseError: it is not the one that was written.
    """
    passage = passage_of(row, references)
    if passage_checksum(passage, row[10]) != row[11]:
        raise sqlite3.DatabaseError(f"passage {passage.id} is not the one that was stored")
    return passage


def passage_of(row: Any, references: Iterable[tuple[str, str, int]]) -> Passage:  # noqa: ANN401 - columns of our own schema
    """A passage of a row of `PASSAGE`."""
    identifier, source, title, text, start, section, page, language, date, pages = row[:10]
    copies = tuple(decoded(row[12])) if len(row[12]) > _NONE else ()
    split: tuple[list[Reference], list[Reference]] = ([], [])
    for kind, number, unit in references:
        split[unit].append(Reference(kind, number))
    mentions, provisions = map(tuple, split)
    end = start + len(text)
    path, breaks = _labels(section), tuple(first for first in _page_starts(pages) if start < first < end)
    return Passage(source, title, text, start, end, path, page, language, date, provisions, mentions, identifier, breaks, copies)


@lru_cache(maxsize=1_000)
def _labels(section: str) -> tuple[str, ...]:
    return tuple(decoded(section))


@lru_cache(maxsize=256)
def _page_starts(pages: str) -> tuple[int, ...]:
    return tuple(decoded(pages))
