"""Vectors that are directions: of unit length, so that a dot product is the cosine."""

from __future__ import annotations

import numpy as np

from engine.errors import ShapeError
from engine.records import FloatArray

SMALLEST_NORM = 1e-6
"""A vector shorter than this has no direction worth naming."""


def unit(vectors: FloatArray) -> FloatArray:
    """Scale vectors to unit L2 norm.

    vectors: float32 (dim,) or (n, dim). Returns the same shape. Raises ShapeError for NaN, infinity or near-zero rows.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not np.isfinite(norms).all():
        raise ShapeError("A vector holds NaN or infinity.")
    if (norms < SMALLEST_NORM).any():
        raise ShapeError("A vector is zero, so it has no direction.")
    return (wide / norms).astype(np.float32)


def unit_mean(vectors: FloatArray) -> FloatArray:
    """The unit-norm mean of unit-norm rows: (n, dim) → (dim,). Raises ShapeError as `unit`, also for no rows."""
    if vectors.ndim != 2 or not len(vectors):
        raise ShapeError(f"A mean needs at least one row, got the shape {vectors.shape}.")
    return unit(unit(vectors).mean(axis=0))
