"""Whether one take holds two voices: its stretches fall into two groups that are as unlike each other as two people."""

from __future__ import annotations

import numpy as np

from engine.index import unit_mean
from engine.records import Audio, FloatArray

WINDOW_S = 1.6
HOP_S = 0.8
LEAST_WINDOWS = 2  # of each group; a single odd window is a cough or a laugh
ROUNDS = 20


def windows(speech: Audio) -> list[Audio]:
    """Net speech cut into windows of 1.6 s that lie half over each other; none where it is shorter than two."""
    size, hop = round(WINDOW_S * speech.rate_hz), round(HOP_S * speech.rate_hz)
    if len(speech.samples) < 2 * size:
        return []
    return [Audio(speech.samples[start:start + size], speech.rate_hz) for start in range(0, len(speech.samples) - size + 1, hop)]


def groups_apart(vectors: FloatArray) -> tuple[float, float]:
    """(similarity of the two groups' centroids, mean similarity of the windows to their own).

    vectors: float32 (n, dim), rows of unit norm. The groups are those of 2-means by cosine, begun with the two windows that are
    least alike. (1, 1) where there are no two groups of at least two windows.
    """
    n = len(vectors)
    if n < 2 * LEAST_WINDOWS:
        return 1.0, 1.0
    alike = vectors @ vectors.T
    first, second = np.unravel_index(int(np.argmin(alike)), alike.shape)
    side = alike[first] < alike[second]
    for _ in range(ROUNDS):
        if min(side.sum(), n - side.sum()) < LEAST_WINDOWS:
            return 1.0, 1.0
        centres = np.stack([unit_mean(vectors[~side]), unit_mean(vectors[side])])
        near = vectors @ centres.T  # (n, 2)
        again = near[:, 1] > near[:, 0]
        if (again == side).all():
            break
        side = again
    if min(side.sum(), n - side.sum()) < LEAST_WINDOWS:
        return 1.0, 1.0
    centres = np.stack([unit_mean(vectors[~side]), unit_mean(vectors[side])])
    own = (vectors * centres[side.astype(int)]).sum(axis=1)
    return float(centres[0] @ centres[1]), float(own.mean())
