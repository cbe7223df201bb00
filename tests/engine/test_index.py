"""Nearest neighbours by hand-worked cases and against the plainest possible search."""

from __future__ import annotations

import numpy as np
import pytest

from engine import index
from engine.errors import ShapeError

MATRIX = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]], np.float32)
EAST = np.array([1, 0], np.float32)


def test_nearest_rows_come_first():
    hits = index.nearest(MATRIX, EAST, 3)
    assert hits.index.tolist() == [0, 3, 2]
    assert hits.similarity == pytest.approx([1.0, 0.8, 0.6])
    assert hits.compared == 4


def test_a_mask_filters_inside_the_search():
    hits = index.nearest(MATRIX, EAST, 2, mask=np.array([False, True, True, False]))
    assert hits.index.tolist() == [2, 1]
    assert hits.compared == 2


def test_a_group_is_as_near_as_its_best_row():
    # groups: rows 1, 2 · row 3 · rows 1, 0 (row 1 is shared)
    rows, starts, ids = np.array([1, 2, 3, 1, 0]), np.array([0, 2, 3]), np.array([10, 20, 30])
    hits = index.nearest_groups(MATRIX, EAST, 3, rows=rows, starts=starts, ids=ids)
    assert hits.index.tolist() == [2, 1, 0]
    assert hits.row.tolist() == [4, 2, 1]
    assert hits.similarity == pytest.approx([1.0, 0.8, 0.6])
    page = index.nearest_groups(MATRIX, EAST, 1, rows=rows, starts=starts, ids=ids, offset=1)
    assert page.index.tolist() == [1]
    filtered = index.nearest_groups(MATRIX, EAST, 9, rows=rows, starts=starts, ids=ids,
                                    mask=np.array([True, False, True]))
    assert filtered.index.tolist() == [2, 0]
    assert filtered.compared == 2


def test_equal_similarities_stand_in_order_of_their_ids():
    matrix = np.ones((5, 1), np.float32)
    ids = np.array([7, 3, 9, 1, 5])
    hits = index.nearest(matrix, np.ones(1, np.float32), 3, ids=ids)
    assert ids[hits.index].tolist() == [1, 3, 5]


def test_the_first_of_equal_rows_of_a_group_is_named():
    best, row = index.best_of_groups(np.array([0.5, 0.9, 0.9, 0.1], np.float32), np.array([0, 3]))
    assert best.tolist() == pytest.approx([0.9, 0.1])
    assert row.tolist() == [1, 3]


def test_nothing_to_search_finds_nothing():
    empty = np.zeros((0, 2), np.float32)
    none = np.zeros(0, np.int64)
    assert index.nearest(empty, EAST, 5).index.tolist() == []
    assert index.nearest_groups(empty, EAST, 5, rows=none, starts=none, ids=none).index.tolist() == []
    assert index.nearest(MATRIX, EAST, 0).index.tolist() == []


def test_against_the_plainest_search():
    rng = np.random.default_rng(5)
    matrix = index.unit(rng.normal(size=(500, 16)).astype(np.float32))
    query = index.unit(rng.normal(size=16).astype(np.float32))
    sizes = rng.integers(1, 6, 150)
    rows = rng.permutation(500)[:sizes.sum()].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    plain = sorted(((-max(float(matrix[row] @ query) for row in rows[start:start + size]), group)
                    for group, (start, size) in enumerate(zip(starts, sizes, strict=True))))[:20]
    hits = index.nearest_groups(matrix, query, 20, rows=rows, starts=starts, ids=np.arange(150))
    assert hits.index.tolist() == [group for _, group in plain]
    assert hits.similarity == pytest.approx([-similarity for similarity, _ in plain], abs=1e-6)


def test_a_unit_mean_does_not_listen_to_lengths():
    rows = np.array([[10, 0], [0, 0.1]], np.float32)
    assert index.unit_mean(rows) == pytest.approx([0.5 ** 0.5, 0.5 ** 0.5])


@pytest.mark.parametrize("bad", [np.zeros((1, 2)), np.full((1, 2), np.nan), np.full((1, 2), np.inf), np.zeros((0, 2))])
def test_a_mean_without_direction_is_refused(bad):
    with pytest.raises(ShapeError):
        index.unit_mean(bad.astype(np.float32))


@pytest.mark.parametrize("query", [np.zeros(3, np.float32), np.array([np.nan, 0], np.float32)])
def test_a_query_that_does_not_fit_is_refused(query):
    with pytest.raises(ShapeError):
        index.nearest(MATRIX, query, 1)
