"""The highest of many similarities. Rows belong to groups (the spans of a sound), and a group is as near as its best row. Equal
similarities are put in order of their ids, so that the same question always gets the same answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Ranked:
    """What was found, nearest first.

    index: int64 (k,), positions among the groups. row: int64 (k,), the row of each that was nearest. similarity: float32 (k,).
    compared: how many groups the mask let in.
    """

    index: IntArray
    row: IntArray
    similarity: FloatArray
    compared: int


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


def ranked_groups(similarity: FloatArray, k: int, *, starts: IntArray, ids: IntArray, mask: BoolArray | None = None,
                  offset: int = 0) -> Ranked:
    """The groups nearest to a query, each as near as its best row.

    similarity: float32 (m,), of the rows in order of their groups. starts: int64 (g,), where each group begins. ids: int64 (g,),
    for ties. mask: bool (g,), groups that may be found. offset: how many of the nearest are left out (paging).
    """
    best, at = best_of_groups(similarity, starts)  # (g,), (g,)
    allowed = np.arange(len(starts)) if mask is None else np.flatnonzero(mask)
    offset = max(offset, 0)
    order = top(best[allowed], offset + max(k, 0), ids[allowed])[offset:]
    index = allowed[order].astype(np.int64)
    return Ranked(index, at[index], best[index], len(allowed))
