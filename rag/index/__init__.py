"""The index: documents and passages in SQLite, vectors in FAISS, words in tantivy.

    sync.py     files in: what changed, one transaction, a new generation
    reader.py   questions: snapshots of one generation
    store.py    SQLite, the truth        vectors.py  FAISS, derived        words.py  tantivy, derived
    faults.py   what an error of SQLite means to the user

Readers are imported from here; `rag.index.sync`, which brings the parsers along, from its own module.
"""

from rag.index.reader import Reader, Snapshot

__all__ = ["Reader", "Snapshot"]
