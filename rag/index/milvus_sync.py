"""Sync into a Milvus server: the plan of `rag.index.plan`, written document by document (see `rag.index.milvus` for what that promises)."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from rag.config import Config
from rag.embed import Embedder
from rag.errors import LoadError
from rag.index.check import Finding
from rag.index.milvus import MilvusCollection, MilvusDocuments, MilvusIndex, quoted, rows_of, version_of
from rag.index.plan import Known, Plan, Progress, Wanted
from rag.index.rows import embedded_text
from rag.load import Limits, loading
from rag.split import split
from rag.types import Document

MakePlan = Callable[[Known, bool], Plan]


class MilvusSync:
    """One sync of the collection of one embedder."""

    def __init__(self, config: Config, embedder: Embedder, splitter: str, progress: Progress | None) -> None:
        self._config = config
        self._embedder = embedder
        self._splitter = splitter
        self._progress = progress
        self.embedded = 0

    def run(self, make_plan: MakePlan) -> tuple[Plan, tuple[int, int, int]]:
        """Bring the collection up to date; returns what was done, and the totals (documents, passages, generation)."""
        collection = MilvusCollection(self._config.index, self._embedder.fingerprint)
        with closing(collection.client):
            earlier = None if collection.exists() else self._earlier()
            if not collection.exists():
                collection.create(self._embedder.dimension)
            properties = collection.properties
            if properties.get("state") == "writing":
                _remove_torn(collection)
            store = earlier or MilvusDocuments(collection)
            reread = earlier is not None or properties.get("splitter") != self._splitter
            plan = make_plan(store.known(), reread)
            changed = self._write(collection, store, plan)
            if changed:
                generation = int(properties["generation"]) + 1
                written = datetime.now(UTC).isoformat(timespec="seconds")
                collection.set_properties(state="whole", splitter=self._splitter, generation=str(generation), written=written)
            if earlier is not None:
                for name in collection.siblings():
                    collection.drop(name)
            now = MilvusDocuments(collection)
            return plan, (now.count("documents"), now.count("passages"), int(collection.properties["generation"]))

    def what_would_change(self, make_plan: MakePlan) -> tuple[Plan, tuple[int, int, int]]:
        """The plan alone, and the totals as they are."""
        collection = MilvusCollection(self._config.index, self._embedder.fingerprint)
        with closing(collection.client):
            if not collection.exists():
                return make_plan({}, False), (0, 0, 0)
            store = MilvusDocuments(collection)
            plan = make_plan(store.known(), collection.properties.get("splitter") != self._splitter)
            return plan, (store.count("documents"), store.count("passages"), int(collection.properties["generation"]))

    def _earlier(self) -> MilvusDocuments | None:
        """The documents of the same index for another embedder: they come along when the embedder is swapped."""
        found = MilvusCollection(self._config.index, self._embedder.fingerprint)
        for name in found.siblings():
            found.name = name
            if found.properties.get("generation", "0") != "0":
                return MilvusDocuments(found)
        return None

    def _write(self, collection: MilvusCollection, store: MilvusDocuments, plan: Plan) -> bool:
        """Write the plan; returns whether anything changed."""
        replaced = {wanted.source for wanted in plan.write}
        changed = False

        def begin() -> None:
            nonlocal changed
            if not changed:
                collection.set_properties(state="writing")
            changed = True

        every = [*plan.write, *plan.recopy]
        files = [(wanted.file, wanted.source) for wanted in every if wanted.file and wanted.document is None]
        with loading(files, Limits.of(self._config.load)) as loaded:
            for done, wanted in enumerate(every, 1):
                document = wanted.document or (next(loaded) if wanted.file else store.document(wanted.source))
                assert document is not None
                if isinstance(document, LoadError):
                    if plan.without(wanted, document) and wanted.source in plan.remove:
                        begin()
                        collection.delete(f"source == {quoted(wanted.source)}")
                    continue
                begin()
                self._put(collection, document, wanted)
                if self._progress is not None:
                    self._progress(done, len(every), "reading")
        for source in sorted(plan.remove - replaced):
            begin()
            collection.delete(f"source == {quoted(source)}")
        return changed

    def _put(self, collection: MilvusCollection, document: Document, wanted: Wanted) -> None:
        """Write a document's rows, its first one last, then remove those of its earlier versions."""
        passages = split(document, self._config.split.target_characters, self._config.split.max_characters)
        version = version_of(document, self._splitter, wanted.place, *sorted(wanted.copies))
        vectors = self._embedder.encode_documents([embedded_text(passage) for passage in passages])
        self.embedded += len(passages)
        rows = rows_of(document, wanted.place, passages, vectors, version, wanted.copies)
        collection.upsert(rows[:-1])
        collection.upsert(rows[-1:])
        collection.delete(f"source == {quoted(document.source)} and version != {quoted(version)}")


def examine(config: Config, fingerprint: str) -> list[Finding]:
    """Whether every row belongs to a whole document, and every document comes back with its passages where they say they are."""
    with closing(MilvusIndex(config.index, fingerprint)) as index, index.snapshot() as snapshot:
        torn = _torn(index.collection)
        moved = 0
        for source in {held for _, _, held in MilvusDocuments(index.collection).known().values()}:
            document = snapshot.document(source)
            rows = index.collection.query(f"source == {quoted(source)}", ["start", "body"])
            moved += any(document.text[row["start"] :][: len(row["body"]["text"])] != row["body"]["text"] for row in rows)
        counts = f"{snapshot.store.count('documents')} documents and {snapshot.store.count('passages')} passages"
    detail = f"{counts}, {len(torn)} documents that a stopped sync did not finish (the next rag index does), {moved} that are damaged"
    return [Finding("documents", sound=not torn and not moved, detail=detail)]


def repair(config: Config, embedder: Embedder) -> None:
    """Remove what a stopped sync left."""
    collection = MilvusCollection(config.index, embedder.fingerprint)
    with closing(collection.client):
        _remove_torn(collection)
        collection.set_properties(state="whole")


def _remove_torn(collection: MilvusCollection) -> None:
    """Remove the rows of documents that a stopped sync did not finish, and older versions of those that it did."""
    for source, version in _torn(collection):
        collection.delete(f"source == {quoted(source)} and version == {quoted(version)}")


def _torn(collection: MilvusCollection) -> list[tuple[str, str]]:
    """(source, version) of rows that belong to no whole document."""
    whole = {row["source"]: row["version"] for row in collection.query("first == true", ["source", "version"])}
    rows = collection.query("first == false", ["source", "version"])
    return sorted({(row["source"], row["version"]) for row in rows if whole.get(row["source"]) != row["version"]})
