"""Dense search: exact inner product over unit vectors (FAISS).

A derived file: it can always be rebuilt from the vectors in SQLite. FAISS itself does not notice a damaged file (see the design), so
callers compare a checksum before `open`.
"""

import errno
import os
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from rag.errors import IndexDamaged

Matrix = npt.NDArray[np.float32]


class VectorIndex:
    """Exact search over passage vectors."""

    def __init__(self, index: faiss.Index) -> None:
        faiss.omp_set_num_threads(1)  # one question at a time: waking threads costs more than it saves
        self._index = index

    @classmethod
    def build(cls, ids: npt.NDArray[np.int64], vectors: Matrix) -> "VectorIndex":
        """Index `vectors` (n x d, unit rows) under passage `ids` (n)."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(vectors, ids)
        return cls(index)

    @classmethod
    def open(cls, file: Path) -> "VectorIndex":
        """Open what `save` wrote.

        Raises:
            IndexDamaged: FAISS cannot read the file.
        """
        try:
            return cls(faiss.read_index(str(file)))
        except RuntimeError as error:
            raise IndexDamaged(f"The vector index {file} cannot be read.") from error

    def save(self, file: Path) -> None:
        """Write to `file`.

        Raises:
            OSError: the file is not whole; FAISS itself is silent where a disk is full.
        """
        faiss.write_index(self._index, str(file))
        if file.stat().st_size < 4 * len(self) * self.dimension:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(self, vector: Matrix, limit: int) -> list[tuple[int, float]]:
        """The `limit` passages nearest to `vector` (d): (passage id, cosine), best first, ties by id."""
        if not len(self) or not vector.any():
            return []
        scores, ids = self._index.search(vector.reshape(1, -1), min(limit, len(self)))
        return sorted(zip(ids[0].tolist(), scores[0].tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))

    def similarity(self, vector: Matrix, ids: list[int]) -> list[float]:
        """Cosine of `vector` with each of the passages `ids`."""
        if not ids:
            return []
        rows = np.stack([self._index.reconstruct(identifier) for identifier in ids])
        return [float(value) for value in rows @ vector]
