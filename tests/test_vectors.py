"""Dense search against brute force."""

from pathlib import Path

import numpy as np
import pytest

from rag.index.vectors import VectorIndex


def test_faiss_equals_brute_force(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((300, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = random.permutation(1000)[:300].astype(np.int64)
    index = VectorIndex.build(ids, vectors)
    index.save(tmp_path / "vectors.faiss")
    for searched in (index, VectorIndex.open(tmp_path / "vectors.faiss")):
        assert (len(searched), searched.dimension) == (300, 24)
        for query in vectors[:20] + random.standard_normal((20, 24)).astype(np.float32):
            scores = vectors @ query
            order = np.argsort(-scores)[:17]
            found = searched.search(query, 17)
            assert [identifier for identifier, _ in found] == ids[order].tolist()
            assert [score for _, score in found] == pytest.approx(scores[order].tolist(), abs=1e-5)
            some = ids[::37].tolist()
            assert searched.similarity(query, some) == pytest.approx((vectors[::37] @ query).tolist(), abs=1e-5)


def test_vectors_at_the_edges() -> None:
    empty = VectorIndex.build(np.zeros(0, dtype=np.int64), np.zeros((0, 4), dtype=np.float32))
    assert empty.search(np.ones(4, dtype=np.float32), 5) == []
    assert empty.similarity(np.ones(4, dtype=np.float32), []) == []
    one = VectorIndex.build(np.array([7]), np.array([[1, 0, 0, 0]], dtype=np.float32))
    assert one.search(np.array([1, 0, 0, 0], dtype=np.float32), 100) == [(7, 1.0)]
    assert one.search(np.zeros(4, dtype=np.float32), 5) == []
    twins = VectorIndex.build(np.array([9, 3]), np.array([[1, 0], [1, 0]], dtype=np.float32))
    assert twins.search(np.array([1, 0], dtype=np.float32), 2) == [(3, 1.0), (9, 1.0)]
