"""Where a new vector belongs on a map that is already drawn, and how a new map is laid over an old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ShapeError
from engine.projection.methods import PCA, Coordinates
from engine.records import FloatArray

NEIGHBOURS = 10
SOFTENING = 1e-6  # keeps the weight finite where the vector is one of the points

Placer: TypeAlias = Callable[[NDArray[np.float64]], tuple[float, float]]


def vector_of(vector: ArrayLike, dim: int) -> NDArray[np.float64]:
    """Return vector as float64 (dim,). Raises ShapeError."""
    row = np.asarray(vector, dtype=np.float64)
    if row.shape != (dim,) or not np.isfinite(row).all():
        raise ShapeError(f"A vector ({dim},) of finite numbers is needed, not {row.shape}.")
    return row


class ByAxes:
    """Places exactly, on the axes of a PCA. signs: (2,), ±1 for each axis."""

    def __init__(self, pca: PCA, signs: NDArray[np.float64]) -> None:
        self._mean, self._axes = pca.mean, pca.axes * signs[:, None]

    def __call__(self, vector: NDArray[np.float64]) -> tuple[float, float]:
        x, y = self._axes @ (vector - self._mean)
        return float(x), float(y)


class ByNeighbours:
    """Places at the weighted mean of the k points most similar in the original space.

    Weights are 1 / d², d the chord between unit vectors: d² = 2 − 2·cosine (Shepard 1968, inverse distance weighting),
    so that a vector which is on the map already lands on itself.
    """

    def __init__(self, vectors: FloatArray, layout: Coordinates, k: int = NEIGHBOURS) -> None:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._unit = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)  # (n, dim)
        self._layout, self._k = layout, min(k, len(vectors))

    def __call__(self, vector: NDArray[np.float64]) -> tuple[float, float]:
        unit = (vector / max(1e-12, float(np.linalg.norm(vector)))).astype(np.float32)
        similarity = self._unit @ unit
        near = np.argpartition(-similarity, self._k - 1)[: self._k]
        weights = 1 / (np.maximum(0.0, 2 - 2 * similarity[near].astype(np.float64)) + SOFTENING)
        x, y = weights @ self._layout[near] / weights.sum()
        return float(x), float(y)


def axis_signs(layout: Coordinates, reference: Coordinates) -> NDArray[np.float64]:
    """±1 for each of the two axes, so that layout · signs lies nearest to reference; both (n, 2), in the same order.

    A PCA is only mirrored, never turned: its axes keep their meaning.
    """
    agreement = ((layout - layout.mean(axis=0)) * (reference - reference.mean(axis=0))).sum(axis=0)
    return np.where(agreement < 0, -1.0, 1.0)


def procrustes(layout: Coordinates, reference: Coordinates) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (turn (2, 2), shift (2,)) so that layout @ turn + shift lies nearest to reference; its size stays.

    layout, reference: (n, 2), the same points in the same order. turn may mirror (Schönemann 1966, Psychometrika 31).
    """
    here, there = layout.mean(axis=0), reference.mean(axis=0)
    left, _, right = np.linalg.svd((layout - here).T @ (reference - there))
    turn = left @ right
    return turn, there - here @ turn
