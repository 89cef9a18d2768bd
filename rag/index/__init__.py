"""The index: documents and passages in SQLite, vectors in FAISS, words in tantivy; or all of them in a Milvus server.

    sync.py        files in: what changed, one transaction, a new generation     plan.py        what a sync has to do
    reader.py      questions: snapshots of one generation                        protocol.py    what the stages ask of an index
    store.py       documents, the truth (SQLite); rows.py their checksums        embeddings.py  vectors by the text they stand for (SQLite)
    vectors.py     dense search (FAISS), derived                                 words.py       BM25 (tantivy), derived
    contextual.py  vectors that know context, added behind a sync                notes.py       authors, and who read the files
    generation.py  the search files of a generation                              manifest.py    what they are, with checksums
    check.py       is everything what was written                                seal.py        were files touched since
    convert.py     older formats and damaged databases                           milvus.py      the other engine
    faults.py      what an error of SQLite means to the user                     sqlite.py      how its files are opened

Readers are imported from here; `rag.index.sync`, which brings the parsers along, from its own module.
"""

from rag.config import IndexConfig
from rag.index.protocol import Index, Listed, Snapshot
from rag.index.reader import Reader

__all__ = ["Index", "Listed", "Reader", "Snapshot", "open_index"]


def open_index(config: IndexConfig, fingerprint: str) -> Index:
    """The configured index, for questions with vectors of the embedder with this fingerprint.

    Raises:
        StoreError: there is none, it is damaged, or it was made by another embedder.
    """
    if config.url is None:
        return Reader(config.path, fingerprint)
    from rag.index.milvus import MilvusIndex

    return MilvusIndex(config, fingerprint)
