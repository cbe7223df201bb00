"""Quality of maps: perfect, random, by hand, and scikit-learn's trustworthiness."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError
from engine.projection.quality import measure


def test_a_plane_in_many_dimensions_is_drawn_perfectly() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(100, 2))
    basis, _ = np.linalg.qr(rng.normal(size=(30, 2)))
    found = measure(plane @ basis.T, plane)
    assert (found.trustworthiness, found.continuity, found.neighbours_kept, found.k) == (1, 1, 1, 10)


def test_a_random_map_is_poor() -> None:
    rng = np.random.default_rng(0)
    found = measure(rng.normal(size=(200, 30)), rng.normal(size=(200, 2)))
    assert found.trustworthiness == pytest.approx(0.5, abs=0.06)
    assert found.continuity == pytest.approx(0.5, abs=0.06)
    assert found.neighbours_kept == pytest.approx(10 / 199, abs=0.03)


def test_against_scikit_learn() -> None:
    from sklearn.manifold import trustworthiness

    rng = np.random.default_rng(1)
    rows = rng.normal(size=(80, 10))
    layout = rows[:, :2] + 0.2 * rng.normal(size=(80, 2))
    found = measure(rows, layout, k=7)
    assert found.trustworthiness == pytest.approx(trustworthiness(rows, layout, n_neighbors=7), abs=1e-12)
    assert found.continuity == pytest.approx(trustworthiness(layout, rows, n_neighbors=7), abs=1e-12)


def test_two_swapped_points_by_hand() -> None:
    # On a line 0 1 3 7 20; on the map the last two change places. k = 2.
    rows = np.array([[0.0], [1], [3], [7], [20]])
    layout = np.array([[0.0, 0], [1, 0], [3, 0], [20, 0], [7, 0]])
    found = measure(rows, layout)
    assert found.k == 2
    # Neighbours in truth: 0:{1,2} 1:{0,2} 2:{1,0} 3:{2,1} 4:{3,2}; on the map 3:{4,2} 4:{2,1}.
    assert found.neighbours_kept == pytest.approx(8 / 10)
    # Strangers: 4 for 3 (true rank 4), 1 for 4 (true rank 3) -> (2 + 1) / (5·2·3/2). Lost: 1 of 3 (3), 3 of 4 (4).
    assert found.trustworthiness == pytest.approx(1 - 3 / 15)
    assert found.continuity == pytest.approx(1 - 3 / 15)


def test_few_points_have_no_quality() -> None:
    for n in (1, 2, 3, 4):
        found = measure(np.eye(n, 6), np.eye(n, 2))
        assert found.trustworthiness is None and found.continuity is None and found.neighbours_kept is None


def test_many_points_are_sampled_with_a_seed() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(2500, 5)).astype(np.float32)
    assert measure(rows, rows[:, :2]) == measure(rows, rows[:, :2])


def test_shapes_must_agree() -> None:
    with pytest.raises(ShapeError):
        measure(np.zeros((5, 3)), np.zeros((4, 2)))
