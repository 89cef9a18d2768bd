"""An index in a Milvus server (`index.url`): the same stages ask it as ask the files of `rag.index.reader`.

One collection for each index and embedder, with the fingerprint in its properties. A row is a passage with its vector, its terms for
Milvus's BM25 (from our own analysers, so that stems and 4-grams are those of the other engine), and its provisions; the first row of a
document also carries what is known of the document.

What Milvus does not promise: one transaction for a sync. A reader may see some documents of a sync and not yet others, each whole: new
rows come before the old ones go, and the first row, which makes a document known, is written last. A sync that is stopped leaves the
mark "writing"; the next one removes the rows that belong to no whole document and goes on. One writer on one machine at a time is
enforced (a lock file in the folder that `index.path` names); writers on two machines are not told apart.
"""

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from rag.config import IndexConfig
from rag.errors import IndexMismatch, IndexMissing, ModelError, StoreError
from rag.index.protocol import Found, Listed, Matrix, Snapshot, WithoutContextual
from rag.index.words import Analysers
from rag.types import Document, Heading, Language, Passage, Reference

FORMAT = "1"
FIELDS = ("en", "es", "grams")
LONGEST = 65_535
BATCH = 500
_ROWS = ["id", "source", "version", "start", "language", "body"]


class MilvusCollection:
    """One index in the server: its rows and properties.

    Raises:
        ModelError: pymilvus is not installed.
        StoreError: the server does not answer, or refuses.
    """

    def __init__(self, config: IndexConfig, fingerprint: str) -> None:
        try:
            from pymilvus import MilvusClient
        except ImportError as error:
            raise ModelError(f"index.url = {config.url!r} needs pymilvus; run `pip install pymilvus`.") from error
        logging.getLogger("pymilvus").setLevel(logging.ERROR)  # it warns of what a small server does not offer
        self.url = str(config.url)
        self.fingerprint = fingerprint
        self.base = "rag_" + re.sub(r"\W", "_", config.path.as_posix())
        self.name = f"{self.base}_{hashlib.blake2b(fingerprint.encode(), digest_size=4).hexdigest()}"
        with self.talking():
            self.client = MilvusClient(uri=self.url, timeout=30)

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Turns what pymilvus raises into one sentence."""
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, ConnectionError) as error:
            reason = str(getattr(error, "message", error)).splitlines()[0][:200]
            raise StoreError(f"The Milvus server at {self.url} failed ({reason}); check index.url and that it runs.") from error

    def siblings(self) -> list[str]:
        """Collections of the same index for other embedders."""
        pattern = re.compile(re.escape(self.base) + "_[0-9a-f]{8}")
        with self.talking():
            return sorted(name for name in self.client.list_collections() if pattern.fullmatch(name) and name != self.name)

    def exists(self) -> bool:
        """Whether the collection is there."""
        with self.talking():
            return bool(self.client.has_collection(self.name))

    def create(self, dimension: int) -> None:
        """Make the collection."""
        from pymilvus import DataType, Function, FunctionType

        with self.talking():
            schema = self.client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            for name in ("source", "version", "language"):
                schema.add_field(name, DataType.VARCHAR, max_length=4096)
            schema.add_field("start", DataType.INT64)
            schema.add_field("first", DataType.BOOL)
            schema.add_field("body", DataType.JSON)
            for name in ("units", "mentions"):
                schema.add_field(name, DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=1024, max_length=128)
            indexes = self.client.prepare_index_params()
            for name in FIELDS:
                schema.add_field(
                    name, DataType.VARCHAR, max_length=LONGEST, enable_analyzer=True, analyzer_params={"tokenizer": "standard"}
                )
                schema.add_field(f"{name}_terms", DataType.SPARSE_FLOAT_VECTOR)
                schema.add_function(
                    Function(f"{name}_bm25", FunctionType.BM25, input_field_names=[name], output_field_names=[f"{name}_terms"])
                )
                indexes.add_index(
                    f"{name}_terms", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params={"bm25_k1": 1.2, "bm25_b": 0.75}
                )
            schema.add_field("dense", DataType.FLOAT_VECTOR, dim=dimension)
            indexes.add_index("dense", index_type="AUTOINDEX", metric_type="IP")
            properties = {"rag.format": FORMAT, "rag.fingerprint": self.fingerprint, "rag.generation": "0", "rag.dimension": str(dimension)}
            self.client.create_collection(self.name, schema=schema, index_params=indexes, properties=properties, consistency_level="Strong")

    @property
    def properties(self) -> dict[str, str]:
        """The properties that were set, without their prefix."""
        with self.talking():
            found = self.client.describe_collection(self.name).get("properties") or {}
        return {name.removeprefix("rag."): str(value) for name, value in found.items() if name.startswith("rag.")}

    def set_properties(self, **values: str) -> None:
        """Change properties."""
        with self.talking():
            self.client.alter_collection_properties(self.name, properties={f"rag.{name}": value for name, value in values.items()})

    def query(self, filters: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """All rows that pass the filter."""
        with self.talking():
            rows: list[dict[str, Any]] = []
            iterator = self.client.query_iterator(self.name, batch_size=1_000, filter=filters, output_fields=list(fields))
            while batch := iterator.next():
                rows += [dict(row) for row in batch]
            iterator.close()
            return rows

    def by_id(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Rows with these ids."""
        found: dict[int, dict[str, Any]] = {}
        with self.talking():
            for first in range(0, len(ids), BATCH):
                rows = self.client.get(self.name, ids=list(ids[first : first + BATCH]), output_fields=["id", *fields])
                found.update({row["id"]: dict(row) for row in rows})
        return found

    def upsert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows."""
        with self.talking():
            for first in range(0, len(rows), BATCH):
                self.client.upsert(self.name, [dict(row) for row in rows[first : first + BATCH]])

    def delete(self, filters: str) -> None:
        """Delete the rows that pass the filter."""
        with self.talking():
            self.client.delete(self.name, filter=filters)

    def drop(self, name: str) -> None:
        """Drop a collection."""
        with self.talking():
            self.client.drop_collection(name)

    def nearest(self, field: str, question: object, limit: int) -> Found:
        """(id, score) by one of the vector fields, best first, ties by id."""
        with self.talking():
            (hits,) = self.client.search(self.name, data=[question], anns_field=field, limit=limit, search_params={})
        return sorted(((int(hit["id"]), abs(float(hit["distance"]))) for hit in hits), key=lambda pair: (-pair[1], pair[0]))


class MilvusIndex:
    """The index as the stages ask it.

    Raises:
        IndexMissing, IndexMismatch: there is none for this embedder.
    """

    def __init__(self, config: IndexConfig, fingerprint: str) -> None:
        self.collection = MilvusCollection(config, fingerprint)
        if not self.collection.exists():
            cure = f"rag index YOUR_FOLDER --index {config.path} --set index.url={config.url}"
            if self.collection.siblings():
                raise IndexMismatch(
                    f"The index {config.path} in {config.url} was made with another embedding than {fingerprint}; run: {cure}"
                )
            raise IndexMissing(f"There is no index {config.path} in {config.url}; make one with: {cure}")
        if self.collection.properties.get("generation") == "0":
            raise IndexMissing(f"The index {config.path} in {config.url} was never finished; run rag index on your documents again.")

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The index as it is now; see the module for what may change meanwhile."""
        properties = self.collection.properties
        store = MilvusDocuments(self.collection)
        vectors = MilvusVectors(self.collection, int(properties["dimension"]), store)
        yield Snapshot(int(properties["generation"]), store, vectors, MilvusWords(self.collection, store), properties.get("written"))

    def close(self) -> None:
        """Close the connection."""
        self.collection.client.close()


class MilvusDocuments:
    """Documents and passages in rows."""

    def __init__(self, collection: MilvusCollection) -> None:
        self._collection = collection

    @cached_property
    def heads(self) -> dict[str, dict[str, Any]]:
        """Source -> first row of each whole document; of one whose older version is not removed yet, either."""
        return {row["source"]: row for row in self._collection.query("first == true", _ROWS)}

    def known(self) -> dict[str, tuple[str, str, str]]:
        """Source -> (path, sha256, source that its text is stored under), copies included."""
        found = {}
        for source, row in self.heads.items():
            about = row["body"]["document"]
            found[source] = (about["path"], about["sha256"], source)
            found |= {copy: (path, about["sha256"], source) for copy, path in about["copies"].items()}
        return found

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """See `rag.index.protocol`."""
        rows = self._collection.by_id(ids, _ROWS)
        return [_passage(rows[identifier]) for identifier in ids if identifier in rows]

    def languages(self, ids: Sequence[int]) -> dict[int, Language | None]:
        """See `rag.index.protocol`."""
        rows = self._collection.by_id(ids, ["language"])
        return {identifier: row["language"] or None for identifier, row in rows.items()}

    def document(self, source: str) -> Document | None:
        """See `rag.index.protocol`."""
        known = self.known().get(source)
        if known is None:
            return None
        head = self.heads[known[2]]
        rows = self._collection.query(f"source == {quoted(known[2])} and version == {quoted(head['version'])}", _ROWS)
        bodies = [row["body"] for row in sorted(rows, key=lambda row: int(row["start"]))]
        about = head["body"]["document"]
        text = "".join(body["gap"] + body["text"] for body in bodies) + about["tail"]
        headings = tuple(Heading(*values) for body in bodies for values in body["headings"])
        stated = (about["language"], about["date"], tuple(about["pages"]), headings, about.get("author"))
        return Document(source, about["title"], text, about["sha256"], *stated)

    def documents(self) -> list[tuple[str, str, str | None, str | None]]:
        """See `rag.index.protocol`."""
        abouts = {source: self.heads[held]["body"]["document"] for source, (_, _, held) in self.known().items()}
        return sorted((source, about["title"], about["language"], about["date"]) for source, about in abouts.items())

    def listed(self) -> list[Listed]:
        """See `rag.index.protocol`."""
        counts = Counter(row["source"] for row in self._collection.query("start >= 0", ["source"]))
        abouts = {held: row["body"]["document"] for held, row in self.heads.items()}
        rows = [(source, abouts[held], counts[held], path) for source, (path, _, held) in sorted(self.known().items())]
        return [Listed(source, about["title"], about["language"], about["date"], count, path) for source, about, count, path in rows]

    def with_reference(self, reference: Reference) -> list[tuple[int, bool, str]]:
        """See `rag.index.protocol`."""
        filters = " or ".join(f"array_contains({field}, {quoted(str(reference))})" for field in ("units", "mentions"))
        rows = sorted(self._collection.query(filters, ["id", "source", "start", "units"]), key=lambda row: (row["source"], row["start"]))
        return [(row["id"], str(reference) in row["units"], row["source"]) for row in rows]

    def holders(self, kind: str, *, own_text: bool) -> dict[str, str]:
        """See `rag.index.protocol`."""
        field = "units" if own_text else "mentions"
        rows = self._collection.query(f"array_length({field}) > 0", ["source", field])
        sources = {row["source"] for row in rows if any(text.rsplit(" ", 1)[0] == kind for text in row[field])}
        return {source: self.heads[source]["body"]["document"]["title"] for source in sorted(sources & self.heads.keys())}

    def numbers_of(self, kind: str, source: str, *, own_text: bool) -> list[str]:
        """See `rag.index.protocol`."""
        field = "units" if own_text else "mentions"
        rows = self._collection.query(f"source == {quoted(source)} and array_length({field}) > 0", ["start", field])
        found = [text.rsplit(" ", 1) for row in sorted(rows, key=lambda row: int(row["start"])) for text in row[field]]
        return list(dict.fromkeys(number for own, number in found if own == kind))

    def mentioned(self, kind: str) -> dict[str, tuple[str, ...]]:
        """See `rag.index.protocol`."""
        found: dict[str, list[str]] = {}
        for row in self._collection.query("array_length(mentions) > 0", ["source", "start", "mentions"]):
            found.setdefault(row["source"], []).extend(text.rsplit(" ", 1)[1] for text in row["mentions"] if text.rsplit(" ", 1)[0] == kind)
        return {source: tuple(numbers) for source, numbers in found.items() if numbers and source in self.heads}

    def passage_at(self, source: str, position: int) -> int | None:
        """See `rag.index.protocol`."""
        rows = self._collection.query(f"source == {quoted(source)} and start >= 0 and start <= {position}", ["id", "start"])
        return max(((row["start"], row["id"]) for row in rows), default=(0, None))[1]

    def count(self, table: str) -> int:
        """See `rag.index.protocol`."""
        if table == "documents":
            return len(self.known())
        with self._collection.talking():
            (row,) = self._collection.client.query(self._collection.name, filter="", output_fields=["count(*)"])
        return int(row["count(*)"])


class MilvusVectors(WithoutContextual):
    """Dense search; contextual vectors are not kept here."""

    def __init__(self, collection: MilvusCollection, dimension: int, store: MilvusDocuments) -> None:
        self._collection = collection
        self._store = store
        self.dimension = dimension

    def __len__(self) -> int:
        return self._store.count("passages")

    def search(self, vector: Matrix, limit: int) -> Found:
        """See `rag.index.protocol`."""
        if not vector.any():
            return []
        ids = [identifier for identifier, _ in self._collection.nearest("dense", vector.tolist(), limit)]
        return sorted(zip(ids, self.similarity(vector, ids), strict=True), key=lambda pair: (-pair[1], pair[0]))

    def similarity(self, vector: Matrix, ids: Sequence[int]) -> list[float]:
        """See `rag.index.protocol`."""
        rows = self._collection.by_id(ids, ["dense"])
        return [float(np.asarray(rows[i]["dense"], dtype=np.float32) @ vector) if i in rows else 0.0 for i in ids]


class MilvusWords:
    """BM25 by Milvus over our own terms."""

    def __init__(self, collection: MilvusCollection, store: MilvusDocuments) -> None:
        self._collection = collection
        self._store = store
        self._analysers = Analysers()

    def __len__(self) -> int:
        return self._store.count("passages")

    def search(self, question: str, field: Language | str, limit: int) -> Found:
        """See `rag.index.protocol`."""
        terms = self.terms(question, field)
        found = self._collection.nearest(f"{field}_terms", spelled(terms), limit) if terms else []
        return [(identifier, score) for identifier, score in found if score > 0]

    def terms(self, text: str, field: Language | str) -> list[str]:
        """See `rag.index.protocol`."""
        return self._analysers.terms(text, field)


def rows_of(
    document: Document, place: str, passages: Sequence[Passage], vectors: Matrix, version: str, copies: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows of a document, its first one last."""
    analysers = Analysers()
    rows, before = [], 0
    for passage, vector in zip(passages, vectors, strict=True):
        body = {
            "gap": document.text[before : passage.start], "text": passage.text, "title": passage.title, "section": passage.section,
            "page": passage.page, "breaks": passage.page_breaks, "date": passage.date,
            "headings": [[h.start, h.end, h.level, h.text] for h in document.headings if before <= h.start < passage.end],
            "units": [[ref.kind, ref.number] for ref in passage.provisions], "mentions": [[r.kind, r.number] for r in passage.mentions],
        }  # fmt: skip
        before = passage.end
        terms = {passage.language or "en": "", "grams": ""}
        terms = {field: spelled(analysers.all_terms(passage.in_context, field))[:LONGEST] for field in terms}
        rows.append({
            "id": _identifier(version, passage.start), "source": document.source, "version": version, "start": passage.start,
            "first": False, "language": passage.language or "", "body": body, "units": [str(ref) for ref in passage.provisions],
            "mentions": [str(ref) for ref in passage.mentions], "dense": vector.tolist(), **dict.fromkeys(FIELDS, ""), **terms,
        })  # fmt: skip
    if rows:
        about = {
            "path": place, "sha256": document.sha256, "title": document.title, "language": document.language, "date": document.date,
            "author": document.author,
            "pages": document.pages, "tail": document.text[before:], "copies": dict(copies),
        }  # fmt: skip
        first = rows.pop(0)
        rows.append({**first, "first": True, "body": {**first["body"], "document": about}})
    return rows


def version_of(document: Document, *depends: str) -> str:
    """Names a document's rows: the same document, splitter and embedder give the same."""
    fields = (document.source, document.sha256, document.title, *depends)
    return hashlib.blake2b("\n".join(fields).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def spelled(terms: Iterable[str]) -> str:
    """Terms as one text that Milvus's standard tokenizer takes apart into exactly these."""
    return " ".join(term if term.isascii() and term.isalnum() else "x" + term.encode("utf-8", "replace").hex() for term in terms)


def _identifier(version: str, start: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{version}{start}".encode(), digest_size=8).digest(), "big") >> 1


def quoted(text: str) -> str:
    """`text` as a string in a filter of Milvus."""
    return json.dumps(text, ensure_ascii=False)


def _passage(row: Mapping[str, Any]) -> Passage:
    body = row["body"]
    provisions, mentions = (tuple(Reference(*pair) for pair in body[name]) for name in ("units", "mentions"))
    copies = tuple(sorted(body["document"]["copies"])) if "document" in body else ()
    return Passage(
        row["source"], body["title"], body["text"], row["start"], row["start"] + len(body["text"]), tuple(body["section"]), body["page"],
        row["language"] or None, body["date"], provisions, mentions, row["id"], tuple(body["breaks"]), copies,
    )  # fmt: skip
