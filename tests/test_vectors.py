"""Dense search: exact for small indexes; a base and a tail for large ones."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexDamaged
from rag.index.vectors import Base, VectorIndex, list_count, sample_size


def unit_rows(count: int, dimension: int, seed: int = 5) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nothing(ids: list[int]) -> np.ndarray:
    raise AssertionError(f"{ids} are in memory")


def test_faiss_equals_brute_force() -> None:
    random = np.random.default_rng(5)
    vectors = unit_rows(300, 24)
    ids = random.permutation(1000)[:300].astype(np.int64)
    index = VectorIndex(ids, vectors)
    assert (len(index), index.dimension, index.is_exact) == (300, 24, True)
    for query in vectors[:20] + random.standard_normal((20, 24)).astype(np.float32):
        scores = vectors @ query
        order = np.argsort(-scores)[:17]
        found = index.search(query, 17)
        assert [identifier for identifier, _ in found] == ids[order].tolist()
        assert [score for _, score in found] == pytest.approx(scores[order].tolist(), abs=1e-5)
        assert index.similarity(query, ids[::37].tolist(), nothing) == pytest.approx((vectors[::37] @ query).tolist(), abs=1e-5)


def test_vectors_at_the_edges() -> None:
    empty = VectorIndex(np.zeros(0, dtype=np.int64), np.zeros((0, 4), dtype=np.float32))
    assert empty.search(np.ones(4, dtype=np.float32), 5) == []
    assert empty.similarity(np.ones(4, dtype=np.float32), [], nothing) == []
    one = VectorIndex(np.array([7]), np.array([[1, 0, 0, 0]], dtype=np.float32))
    assert one.search(np.array([1, 0, 0, 0], dtype=np.float32), 100) == [(7, 1.0)]
    assert one.search(np.zeros(4, dtype=np.float32), 5) == []
    twins = VectorIndex(np.array([9, 3]), np.array([[1, 0], [1, 0]], dtype=np.float32))
    assert twins.search(np.array([1, 0], dtype=np.float32), 2) == [(3, 1.0), (9, 1.0)]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Vectors in clusters, as those of texts are."""
    centres = unit_rows(40, 32)
    noisy = np.repeat(centres, 100, axis=0) + 0.3 * np.random.default_rng(1).standard_normal((4_000, 32)).astype(np.float32)
    return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)


def base_of(rows: np.ndarray, count: int) -> Base:
    ids = np.arange(count, dtype=np.int64) * 2
    return Base.build(rows[: sample_size(count)], [(ids[:1_000], rows[:1_000]), (ids[1_000:], rows[1_000:count])], count)


def recall(index: VectorIndex | Base, rows: np.ndarray, live: list[int]) -> float:
    """Share of the ten nearest of some passages that are among the hundred found."""
    found = 0
    for query in live[::50]:
        nearest = sorted(live, key=lambda row: -float(rows[row] @ rows[query]))[:10]
        found += len({2 * row for row in nearest} & {identifier for identifier, _ in index.search(rows[query], 100)})
    return found / (10 * len(live[::50]))


def test_a_base_finds_nearly_all_neighbours_and_survives_the_disk(rows: np.ndarray, tmp_path: Path) -> None:
    base = base_of(rows, 3_000)
    assert (len(base), base.dimension) == (3_000, 32)
    assert base.ids().tolist() == list(range(0, 6_000, 2))
    assert recall(base, rows, list(range(3_000))) > 0.95
    base.save(tmp_path / "base.faiss")
    again = Base.open(tmp_path / "base.faiss")
    assert again.ids().tolist() == base.ids().tolist()
    assert again.search(rows[7], 20) == base.search(rows[7], 20)


def test_what_is_taken_out_of_a_base_is_not_found_any_more(rows: np.ndarray, tmp_path: Path) -> None:
    base = base_of(rows, 3_000)
    for first in (0, 500):
        base.remove([2 * row for row in range(first, first + 500)])
        base.save(tmp_path / "base.faiss")
        base = Base.open(tmp_path / "base.faiss")
    assert base.ids().tolist() == list(range(2_000, 6_000, 2))
    assert recall(base, rows, list(range(1_000, 3_000))) > 0.95
    assert all(identifier >= 2_000 for row in rows[:1_000:50] for identifier, _ in base.search(row, 100))


def test_a_base_that_is_filled_again_holds_what_it_was_given(rows: np.ndarray) -> None:
    fresh, again = base_of(rows, 4_000), base_of(rows, 4_000)
    again.remove([0, 2, 4, 5_000])
    ids = np.arange(4_000, dtype=np.int64) * 2
    again.fill([(ids, rows)])
    for row in rows[::400]:
        assert again.search(row, 50) == fresh.search(row, 50)


def test_a_base_and_a_tail_are_searched_together(rows: np.ndarray) -> None:
    index = VectorIndex(np.arange(3_000, 4_000, dtype=np.int64) * 2, rows[3_000:], base_of(rows, 3_000))
    assert (len(index), index.is_exact) == (4_000, False)
    assert recall(index, rows, list(range(4_000))) > 0.95
    cosines = index.similarity(rows[1], [2, 7_998], lambda ids: rows[[identifier // 2 for identifier in ids]])
    assert cosines == pytest.approx([1.0, float(rows[1] @ rows[3_999])], abs=1e-5)


def test_dimensions_that_cannot_be_quantised_in_pairs(rows: np.ndarray) -> None:
    odd = unit_rows(2_000, 27)
    ids = np.arange(2_000, dtype=np.int64) * 2
    base = Base.build(odd[: sample_size(2_000)], [(ids, odd)], 2_000)
    assert recall(base, odd, list(range(2_000))) > 0.6  # no clusters here: a quarter of the lists holds less of what is near


def test_sizes() -> None:
    assert [list_count(count) for count in (1, 50_000, 1_000_000)] == [2, 512, 2_048]
    assert [sample_size(count) for count in (10, 50_000, 1_000_000)] == [10, 12_288, 49_152]


def test_a_file_that_is_no_base(tmp_path: Path) -> None:
    file = tmp_path / "base.faiss"
    for content in (b"", b"IxF", b"not an index of any kind"):
        file.write_bytes(content)
        with pytest.raises(IndexDamaged, match=r"The vector index .* cannot be read"):
            Base.open(file)


def test_a_full_disk_that_faiss_does_not_notice(rows: np.ndarray, tmp_path: Path) -> None:
    """FAISS 1.15 writes through a buffer and only prints that it could not be flushed."""
    file = tmp_path / "base.faiss"
    file.symlink_to("/dev/full")
    with pytest.raises((OSError, RuntimeError)) as caught:
        base_of(rows, 1_500).save(file)
    assert os.strerror(errno.ENOSPC) in str(caught.value) or "write error" in str(caught.value)
