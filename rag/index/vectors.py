"""Dense search: inner product over unit vectors (FAISS), exact while that is cheap.

Up to `EXACT_LIMIT` passages every vector is compared. Past that an inverted file (`Base`) holds most passages as product-quantised codes of
four bits for two dimensions, and those that came since are compared exactly; deleted ones are taken out of the file, not hidden. What the
codes find is ranked by the exact vectors. Sivic & Zisserman 2003; Jégou et al. 2011, "Product quantization for nearest neighbor search";
André et al. 2017, "Accelerated nearest neighbor search with quick ADC"; sizes and probes were chosen by `make bench-index`.

The file is derived: it can be rebuilt from the vectors in SQLite. FAISS itself does not notice a damaged one (see the design), so
callers compare a checksum before `Base.open`.
"""

import errno
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from rag.errors import IndexDamaged

Matrix = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Loader = Callable[[Sequence[int]], Matrix]

EXACT_LIMIT = 50_000
TAIL_LIMIT = 25_000
SAMPLE_PER_LIST = 24
PROBED_SHARE = 1 / 3
ROUNDS = 8
_BLOCK = 65_536


class Base:
    """Approximate search over most of the passages of a large index."""

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - the stubs of FAISS know neither numpy arrays nor inverted lists
        self._index = index
        self._index.nprobe = max(1, round(index.nlist * PROBED_SHARE))

    @classmethod
    def build(cls, sample: Matrix, blocks: Iterable[tuple[Ids, Matrix]], expected: int) -> "Base":
        """Train on `sample` (see `sample_size`) and index all `blocks` of passage ids and vectors, `expected` in all."""
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        try:
            lists, dimension = list_count(expected), sample.shape[1]
            index: Any = faiss.index_factory(dimension, f"IVF{lists},{_codes(dimension)}", faiss.METRIC_INNER_PRODUCT)
            index.cp.niter, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = ROUNDS, 10 * SAMPLE_PER_LIST, 1
            index.train(sample)
            base = cls(index)
            base.fill(blocks)
        finally:
            faiss.omp_set_num_threads(1)
        return base

    @classmethod
    def open(cls, file: Path) -> "Base":
        """Open what `save` wrote.

        Raises:
            IndexDamaged: FAISS cannot read the file.
        """
        try:
            index = faiss.read_index(str(file))
        except RuntimeError as error:
            raise IndexDamaged(f"The vector index {file} cannot be read.") from error
        if not isinstance(index, faiss.IndexIVF):
            raise IndexDamaged(f"The vector index {file} is of another kind.")
        return cls(index)

    def save(self, file: Path) -> None:
        """Write to `file`.

        Raises:
            OSError: the file is not whole; FAISS itself is silent where a disk is full.
        """
        faiss.write_index(self._index, str(file))
        if file.stat().st_size < len(self) * self._index.code_size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def fill(self, blocks: Iterable[tuple[Ids, Matrix]]) -> None:
        """Index `blocks` instead of what is there: FAISS 1.15 loses vectors that are added after others were removed."""
        self._index.reset()
        for ids, vectors in blocks:
            self._index.add_with_ids(vectors, ids)

    def remove(self, ids: Sequence[int]) -> None:
        """Take passages out."""
        self._index.remove_ids(np.asarray(ids, dtype=np.int64))

    def ids(self) -> Ids:
        """All passage ids, sorted."""
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)).copy()
            for number in range(self._index.nlist)
            if lists.list_size(number)
        ]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)

    def search(self, vector: Matrix, limit: int) -> list[tuple[int, float]]:
        """About the `limit` nearest passages: (passage id, approximate cosine), best first."""
        scores, ids = self._index.search(vector.reshape(1, -1), limit)
        return [(i, s) for i, s in zip(ids[0].tolist(), scores[0].tolist(), strict=True) if i >= 0]


def _codes(dimension: int) -> str:
    """How FAISS is to encode vectors: product quantisation by pairs where the dimension can be split so, else 8 bits each."""
    return f"PQ{dimension // 2}x4fs" if dimension % 4 == 0 else "SQ8"


def list_count(passages: int) -> int:
    """How many lists an inverted file over so many passages has: a power of two near twice the square root."""
    return int(2 ** round(math.log2(2 * math.sqrt(max(passages, 1)))))


def sample_size(passages: int) -> int:
    """How many vectors it is trained on."""
    return min(passages, SAMPLE_PER_LIST * list_count(passages))


class VectorIndex:
    """Search over the vectors of one generation: a tail that is compared exactly and, in a large index, a base."""

    def __init__(self, ids: Ids, vectors: Matrix, base: Base | None = None) -> None:
        faiss.omp_set_num_threads(1)  # one question at a time: waking threads costs more than it saves
        self._base = base
        self._flat = faiss.IndexFlatIP(vectors.shape[1])
        self._flat.add(np.ascontiguousarray(vectors))
        self._ids = ids
        self._places = {identifier: place for place, identifier in enumerate(ids.tolist())}

    def __len__(self) -> int:
        return len(self._ids) + (len(self._base) if self._base else 0)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._flat.d)

    @property
    def is_exact(self) -> bool:
        """Whether every vector is compared, and scores are cosines."""
        return self._base is None

    def search(self, vector: Matrix, limit: int) -> list[tuple[int, float]]:
        """The `limit` passages nearest to `vector` (d): (passage id, cosine, approximate for those of a base), best first, ties by id."""
        if not len(self) or not vector.any():
            return []
        found = self._base.search(vector, limit) if self._base else []
        if len(self._ids):
            scores, places = self._flat.search(vector.reshape(1, -1), min(limit, len(self._ids)))
            found += zip(self._ids[places[0]].tolist(), scores[0].tolist(), strict=True)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def similarity(self, vector: Matrix, ids: Sequence[int], load: Loader) -> list[float]:
        """Cosine of `vector` with each of the passages `ids`; `load` fetches vectors (n x d) of those that only the base has."""
        far = [identifier for identifier in ids if identifier not in self._places]
        cosines = dict(zip(far, (load(far) @ vector).tolist(), strict=True)) if far else {}
        near = [identifier for identifier in ids if identifier in self._places]
        if near:
            rows = self._flat.reconstruct_batch(np.array([self._places[identifier] for identifier in near], dtype=np.int64))
            cosines |= zip(near, (rows @ vector).tolist(), strict=True)
        return [cosines[identifier] for identifier in ids]
