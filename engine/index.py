"""Exact nearest neighbours over one matrix, with the filter inside the search.

Rows of a matrix are unit vectors of one space, so a dot product with a unit query is the cosine. Rows belong to groups
(the spans of a sound); a group is as near as its best row. Equal similarities are put in order of their ids, so that
the same question always gets the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError
from engine.records import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SMALLEST_NORM = 1e-6
"""A vector shorter than this has no direction worth naming."""


@dataclass(frozen=True)
class Hits:
    """What was found, nearest first.

    index: int64 (k,), positions among the candidates (rows, or groups). row: int64 (k,), the row that was nearest.
    similarity: float32 (k,). compared: how many candidates the filter let in.
    """

    index: IntArray
    row: IntArray
    similarity: FloatArray
    compared: int


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


def best_of_groups(similarity: FloatArray, starts: IntArray) -> tuple[FloatArray, IntArray]:
    """The best row of each group.

    similarity: float32 (n,), rows in order of their groups. starts: int64 (g,), increasing, the first row of each
    group; no group is empty. Returns (best float32 (g,), position int64 (g,) of the first row that reaches it).
    """
    if not len(starts):
        return np.empty(0, np.float32), np.empty(0, np.int64)
    best = np.maximum.reduceat(similarity, starts)
    sizes = np.diff(starts, append=len(similarity))
    reached = np.flatnonzero(similarity >= np.repeat(best, sizes))
    first = np.searchsorted(reached, starts)
    return best, reached[first].astype(np.int64)


def top(similarity: FloatArray, k: int, ids: IntArray | None = None) -> IntArray:
    """Positions of the k highest similarities, highest first, ties by id (by position without ids).

    similarity: float32 (n,). Returns int64 (min(k, n),).
    """
    n = len(similarity)
    k = min(max(k, 0), n)
    if k == 0:
        return np.empty(0, np.int64)
    if k < n:
        edge = np.partition(similarity, n - k)[n - k]
        picked = np.flatnonzero(similarity >= edge)
    else:
        picked = np.arange(n)
    ties = picked if ids is None else ids[picked]
    return picked[np.lexsort((ties, -similarity[picked]))][:k].astype(np.int64)


def nearest(matrix: FloatArray, query: FloatArray, k: int, *, mask: BoolArray | None = None,
            ids: IntArray | None = None) -> Hits:
    """The k rows nearest to a query.

    matrix: float32 (n, dim). query: float32 (dim,). mask: bool (n,), rows that may be found. ids: int64 (n,), for ties.
    Raises ShapeError.
    """
    similarity = _compare(matrix, query)
    allowed = np.arange(len(matrix)) if mask is None else np.flatnonzero(mask)
    order = top(similarity[allowed], k, None if ids is None else ids[allowed])
    index = allowed[order].astype(np.int64)
    return Hits(index, index, similarity[index], len(allowed))


def nearest_groups(matrix: FloatArray, query: FloatArray, k: int, *, rows: IntArray, starts: IntArray, ids: IntArray,
                   mask: BoolArray | None = None, offset: int = 0) -> Hits:
    """The groups nearest to a query, each as near as its best row.

    matrix: float32 (n, dim). query: float32 (dim,). rows: int64 (m,), matrix rows in order of their groups; a row may
    stand in several groups. starts: int64 (g,), where each group begins in rows. ids: int64 (g,), for ties.
    mask: bool (g,), groups that may be found. offset: how many of the nearest are left out (paging).
    Returns Hits over groups; `row` holds positions in `rows`. Raises ShapeError.
    """
    return ranked_groups(_compare(matrix, query)[rows], k, starts=starts, ids=ids, mask=mask, offset=offset)


def ranked_groups(similarity: FloatArray, k: int, *, starts: IntArray, ids: IntArray, mask: BoolArray | None = None,
                  offset: int = 0) -> Hits:
    """As `nearest_groups`, where the similarities are known: float32 (m,), in order of the groups."""
    best, at = best_of_groups(similarity, starts)  # (g,), (g,)
    allowed = np.arange(len(starts)) if mask is None else np.flatnonzero(mask)
    offset = max(offset, 0)
    order = top(best[allowed], offset + max(k, 0), ids[allowed])[offset:]
    index = allowed[order].astype(np.int64)
    return Hits(index, at[index], best[index], len(allowed))


def _compare(matrix: FloatArray, query: FloatArray) -> FloatArray:
    if matrix.ndim != 2 or query.shape != (matrix.shape[1],):
        raise ShapeError(f"A query of shape {query.shape} cannot be compared with a matrix of shape {matrix.shape}.")
    if not np.isfinite(query).all():
        raise ShapeError("The query holds NaN or infinity.")
    result: FloatArray = np.asarray(matrix) @ np.asarray(query, dtype=np.float32)
    return result
