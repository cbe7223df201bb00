"""Pieces of speech grouped by likeness, without knowing how many people there are.

Agglomerative clustering with average linkage on the cosine (scikit-learn), stopped at a threshold. A long recording is
clustered part by part and then the parts' groups among each other, so that memory does not grow with its square.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray

IntArray = NDArray[np.int64]

PART = 1500  # pieces that are compared all with all: a quarter of an hour of speech, 18 MB


def cluster(vectors: FloatArray, same: float) -> IntArray:
    """Group unit vectors: float32 (n, dim) → int64 (n,), groups numbered from 0 in the order in which they appear.

    same: mean cosine of two groups from which on they are one person, see `Limits`.
    """
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    parts = [np.arange(start, min(start + PART, len(vectors))) for start in range(0, len(vectors), PART)]
    labels = np.empty(len(vectors), np.int64)
    sums: list[FloatArray] = []  # of the unit vectors of each group of each part
    for rows in parts:
        found = _agglomerated(vectors[rows], same)
        labels[rows] = found + len(sums)
        sums += [vectors[rows][found == group].sum(axis=0) for group in range(int(found.max()) + 1)]
    if len(parts) > 1:
        sizes = np.bincount(labels, minlength=len(sums)).astype(np.float64)
        labels = _merged(np.array(sums, np.float64), sizes, same)[labels]
    return numbered(labels)


def at_most(vectors: FloatArray, groups: IntArray, most: int) -> IntArray:
    """The groups with those joined that are most alike, until there are no more than `most`; −1 stays −1.

    vectors: float32 (n, dim), unit rows. groups: int64 (n,), numbered from 0.
    """
    count = int(groups.max()) + 1
    if count <= most:
        return groups
    sums = np.stack([vectors[groups == group].sum(axis=0, dtype=np.float64) for group in range(count)])
    sizes = np.bincount(groups[groups >= 0], minlength=count).astype(np.float64)
    new = _merged(sums, sizes, np.inf, most)
    return np.where(groups < 0, -1, new[groups])


def numbered(labels: IntArray) -> IntArray:
    """The same groups, numbered from 0 in the order in which they appear; −1 stays −1."""
    seen: dict[int, int] = {-1: -1}
    return np.array([seen.setdefault(int(label), len(seen) - 1) for label in labels], np.int64)


def _agglomerated(vectors: FloatArray, same: float) -> IntArray:
    from sklearn.cluster import AgglomerativeClustering

    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    model: Any = AgglomerativeClustering(n_clusters=None, metric="precomputed", linkage="average",
                                         distance_threshold=1 - same)
    distance = np.clip(1 - vectors.astype(np.float64) @ vectors.T.astype(np.float64), 0, 2)
    return np.asarray(model.fit_predict(distance), np.int64)


def _merged(sums: NDArray[np.float64], sizes: NDArray[np.float64], same: float, most: float = np.inf) -> IntArray:
    """Average linkage among groups of which only the sum of vectors is known: the mean cosine of their pairs.

    sums: (groups, dim). sizes: (groups,). Joins those that are as alike as `same`, and as long as there are more than `most`.
    Returns the new number of each group.
    """
    new = np.arange(len(sums))
    left, gone = len(sums), np.zeros(len(sums), bool)
    likeness = (sums @ sums.T) / np.outer(sizes, sizes)
    np.fill_diagonal(likeness, -np.inf)
    while left > 1:
        first, second = divmod(int(np.argmax(likeness)), len(sums))
        if likeness[first, second] < same and left <= most:
            break
        sums[first] += sums[second]
        sizes[first] += sizes[second]
        new[new == second] = first
        gone[second] = True
        left -= 1
        joined = (sums @ sums[first]) / (sizes * sizes[first])
        joined[gone] = joined[first] = -np.inf
        likeness[first, :] = likeness[:, first] = joined
        likeness[second, :] = likeness[:, second] = -np.inf
    return np.unique(new, return_inverse=True)[1].astype(np.int64)
