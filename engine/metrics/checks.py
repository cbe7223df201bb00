"""Validation that every metric does before it counts anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ShapeError, UsageError


def finite(values: ArrayLike, what: str, *, dims: int = 1) -> NDArray[np.float64]:
    """Return values as float64 with `dims` axes; ShapeError when empty, of another shape, or not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dims:
        raise ShapeError(f"{what} must have {dims} axes, not {array.ndim}.")
    if array.size == 0:
        raise ShapeError(f"{what} is empty.")
    if not np.isfinite(array).all():
        raise ShapeError(f"{what} holds NaN or infinity.")
    return array


def flags(values: ArrayLike, what: str, *, dims: int = 1) -> NDArray[np.bool_]:
    """Return values as bool with `dims` axes; ShapeError when they are anything but False/True or 0/1."""
    array = np.asarray(values)
    if array.ndim != dims:
        raise ShapeError(f"{what} must have {dims} axes, not {array.ndim}.")
    if array.size == 0:
        raise ShapeError(f"{what} is empty.")
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ShapeError(f"{what} must be False/True or 0/1.")
    return array.astype(np.bool_)


def positive(value: int, what: str) -> int:
    """Return value if it is a whole number of at least 1; UsageError otherwise."""
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise UsageError(f"{what} must be a whole number of at least 1, not {value!r}.")
    return int(value)
