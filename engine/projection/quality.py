"""How far a map can be trusted: trustworthiness, continuity, and the share of neighbours that are kept.

Trustworthiness falls when points are neighbours on the map that are none in truth; continuity when true neighbours are
torn apart (Venna & Kaski 2001, ICANN, equations 1 and 2). Neighbours kept is the mean share of a point's k nearest that
are among its k nearest on the map. All 0–1, 1 is perfect. A random map has about 0.5, 0.5 and k / (n − 1).

Nearness is Euclidean, which for unit vectors orders as cosine does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ShapeError
from engine.records import MapQuality

K = 10
MIN_POINTS = 5
MAX_POINTS = 2000  # above, this many are drawn with a seed: ranks need (n, n)


def measure(vectors: ArrayLike, layout: ArrayLike, *, k: int = K, seed: int = 7) -> MapQuality:
    """Compare vectors (n, dim) with their places (n, 2). k is lowered to below n / 2; None below five points."""
    rows, places = np.asarray(vectors, dtype=np.float64), np.asarray(layout, dtype=np.float64)
    if rows.ndim != 2 or places.shape != (len(rows), 2):
        raise ShapeError(f"Vectors {rows.shape} and places {places.shape} do not belong together.")
    n = len(rows)
    if n > MAX_POINTS:
        drawn = np.sort(np.random.default_rng(seed).choice(n, MAX_POINTS, replace=False))
        rows, places, n = rows[drawn], places[drawn], MAX_POINTS
    k = min(k, (n - 1) // 2)
    if n < MIN_POINTS or k < 1:
        return MapQuality(None, None, None, max(0, k))
    true, drawn_ranks = _ranks(rows), _ranks(places)
    worst = n * k * (2 * n - 3 * k - 1) / 2
    near_true, near_drawn = true <= k, drawn_ranks <= k
    strangers = near_drawn & ~near_true
    lost = near_true & ~near_drawn
    return MapQuality(
        trustworthiness=float(1 - (true[strangers] - k).sum() / worst),
        continuity=float(1 - (drawn_ranks[lost] - k).sum() / worst),
        neighbours_kept=float((near_true & near_drawn).sum() / (n * k)),
        k=k,
    )


def _ranks(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank (n, n) of every other point by nearness, from 1; a point is no neighbour of its own (rank n)."""
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(points) + 1)[None, :], axis=1)
    return ranks
