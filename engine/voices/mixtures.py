"""Whether one take holds two voices: its stretches fall into two groups that are as unlike each other as two people. And how many
speak in a file."""

from __future__ import annotations

import numpy as np

from engine.index import unit_mean
from engine.records import Audio, FloatArray
from engine.voices.limits import Limits
from engine.voices.timeline.clustering import cluster

WINDOW_S = 1.6
HOP_S = 0.8
LEAST_WINDOWS = 2  # of each group; a single odd window is a cough or a laugh
ROUNDS = 20
MOST_COUNTED = 20
"""Windows that are enough to count the voices in a file; more were no better (tests/benchmarks/takes.py)."""


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


def to_count(speech: Audio) -> list[Audio]:
    """The windows by which the voices in net speech are counted, spread over all of it; none where they are too few to tell."""
    cut = windows(speech)
    if len(cut) < 2 * LEAST_WINDOWS:
        return []
    return [cut[at] for at in np.linspace(0, len(cut) - 1, min(len(cut), MOST_COUNTED)).round().astype(int)]


def voices_in(vectors: FloatArray, limits: Limits) -> int | None:
    """How many people speak in windows; None where they are too few to tell, or nobody knows the encoder's limit.

    vectors: float32 (n, dim), rows of unit norm. More than one only where `groups_apart` finds two, so that moods of one person
    do not count; then clusters count that are as unlike those counted before as two people: one of windows in which two speak in
    turn is like both.
    """
    if limits.apart is None or len(vectors) < 2 * LEAST_WINDOWS:
        return None
    if groups_apart(vectors)[0] >= limits.apart:
        return 1
    label = cluster(vectors, limits.same)
    counted: list[FloatArray] = []
    sizes = np.bincount(label)
    for group in np.argsort(-sizes, kind="stable"):
        if sizes[group] >= LEAST_WINDOWS:
            centre = unit_mean(vectors[label == group])
            if all(float(centre @ other) < limits.apart for other in counted):
                counted.append(centre)
    return max(2, len(counted))
