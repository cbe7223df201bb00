"""Placing new vectors on a map, and laying one map over another."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.errors import ShapeError
from engine.projection.methods import fit_pca
from engine.projection.placement import ByAxes, ByNeighbours, axis_signs, procrustes, vector_of


def unit_rows(n: int, dim: int = 256, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_known_point_lands_on_itself() -> None:
    rows, layout = unit_rows(200), np.random.default_rng(1).normal(size=(200, 2)) * 10
    place = ByNeighbours(rows, layout)
    for row in (0, 7, 199):
        assert place(rows[row].astype(np.float64)) == pytest.approx(layout[row], abs=0.01)


def test_a_point_between_two_lands_between_them() -> None:
    rows = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    layout = np.array([[0.0, 0], [10, 0], [0, 50]])
    x, y = ByNeighbours(rows, layout, k=2)(np.array([1.0, 1, 0]))
    assert (x, y) == pytest.approx((5, 0), abs=1e-6)


def test_length_of_the_vector_does_not_matter() -> None:
    rows, layout = unit_rows(50), np.random.default_rng(1).normal(size=(50, 2))
    place, vector = ByNeighbours(rows, layout), np.random.default_rng(2).normal(size=256)
    assert place(vector) == pytest.approx(place(vector * 100), abs=1e-5)


def test_pca_places_exactly() -> None:
    rows = unit_rows(30)
    pca = fit_pca(rows)
    signs = np.array([-1.0, 1.0])
    place = ByAxes(pca, signs)
    for row, expected in zip(rows, pca.transform(rows) * signs, strict=True):
        assert place(row.astype(np.float64)) == pytest.approx(expected, abs=1e-9)


def test_placing_among_a_thousand_takes_under_a_millisecond() -> None:
    rows = unit_rows(1000)
    place, vector = ByNeighbours(rows, np.zeros((1000, 2))), rows[3].astype(np.float64)
    times = []
    for _ in range(50):
        started = time.perf_counter()
        place(vector)
        times.append(time.perf_counter() - started)
    assert np.median(times) < 1e-3


def test_procrustes_undoes_turn_mirror_and_shift() -> None:
    rng = np.random.default_rng(0)
    layout, angle = rng.normal(size=(20, 2)), 1.1
    turned = layout @ np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]]) + [3, -4]
    turn, shift = procrustes(turned, layout)
    np.testing.assert_allclose(turned @ turn + shift, layout, atol=1e-9)
    np.testing.assert_allclose(turn @ turn.T, np.eye(2), atol=1e-12)


def test_axis_signs_only_mirror() -> None:
    layout = np.random.default_rng(0).normal(size=(20, 2))
    assert axis_signs(layout * [-1, 1], layout).tolist() == [-1, 1]
    assert axis_signs(np.zeros((2, 2)), np.zeros((2, 2))).tolist() == [1, 1]


def test_wrong_vectors_are_refused() -> None:
    for bad in ([1.0, 2.0], [[1.0, 2.0, 3.0]], [1.0, float("nan"), 0]):
        with pytest.raises(ShapeError):
            vector_of(bad, 3)
