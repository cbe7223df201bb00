"""Directions and the highest of groups, by hand-worked cases."""

from __future__ import annotations

import numpy as np
import pytest

from engine import index
from engine.errors import ShapeError

SIMILARITY = np.array([0.0, 0.6, 0.8, 0.0, 1.0], np.float32)
STARTS, IDS = np.array([0, 2, 3]), np.array([10, 20, 30])


def test_a_group_is_as_near_as_its_best_row():
    found = index.ranked_groups(SIMILARITY, 3, starts=STARTS, ids=IDS)
    assert (found.index.tolist(), found.row.tolist(), found.compared) == ([2, 1, 0], [4, 2, 1], 3)
    assert found.similarity == pytest.approx([1.0, 0.8, 0.6])
    assert index.ranked_groups(SIMILARITY, 1, starts=STARTS, ids=IDS, offset=1).index.tolist() == [1]


def test_a_mask_filters_inside_the_search():
    found = index.ranked_groups(SIMILARITY, 9, starts=STARTS, ids=IDS, mask=np.array([True, False, True]))
    assert (found.index.tolist(), found.compared) == ([2, 0], 2)


def test_equal_similarities_stand_in_order_of_their_ids():
    ids = np.array([7, 3, 9, 1, 5])
    assert ids[index.top(np.ones(5, np.float32), 3, ids)].tolist() == [1, 3, 5]


def test_the_first_of_equal_rows_of_a_group_is_named():
    best, row = index.best_of_groups(np.array([0.5, 0.9, 0.9, 0.1], np.float32), np.array([0, 3]))
    assert best.tolist() == pytest.approx([0.9, 0.1])
    assert row.tolist() == [1, 3]


def test_nothing_to_rank_finds_nothing():
    none = np.zeros(0, np.int64)
    assert index.ranked_groups(np.zeros(0, np.float32), 5, starts=none, ids=none).index.tolist() == []
    assert index.ranked_groups(SIMILARITY, 0, starts=STARTS, ids=IDS).index.tolist() == []


def test_a_unit_mean_does_not_listen_to_lengths():
    rows = np.array([[10, 0], [0, 0.1]], np.float32)
    assert index.unit_mean(rows) == pytest.approx([0.5 ** 0.5, 0.5 ** 0.5])


@pytest.mark.parametrize("bad", [np.zeros((1, 2)), np.full((1, 2), np.nan), np.full((1, 2), np.inf), np.zeros((0, 2))])
def test_a_mean_without_direction_is_refused(bad):
    with pytest.raises(ShapeError):
        index.unit_mean(bad.astype(np.float32))
