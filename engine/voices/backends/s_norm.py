"""Adaptive s-norm: the cosine to the centroid, measured against what strangers get.

Sources: Shum et al. 2010 (s-norm); Matějka et al. 2017, Interspeech, "Analysis of score normalization in multilingual
speaker recognition" (the nearest of the cohort only).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import UsageError
from engine.records import FloatArray
from engine.voices.backends.centroid import Centroid
from engine.voices.backends.protocol import Background, Enrolled

TOP = 50  # strangers that count; FACTS of another set had 50 of 250
LEAST_SPREAD = 1e-3


def _nearest(cosines: FloatArray, top: int) -> tuple[FloatArray, FloatArray]:
    """Mean and spread of the `top` highest of each row: (n, strangers) → (n,), (n,)."""
    top = min(top, cosines.shape[1])
    best = np.partition(cosines, -top, axis=1)[:, -top:]
    return best.mean(axis=1), np.maximum(best.std(axis=1), np.float32(LEAST_SPREAD))


@dataclass(frozen=True)
class FittedSNorm:
    centroids: FloatArray
    strangers: FloatArray
    mean: FloatArray  # (voices,), of the strangers nearest to each centroid
    spread: FloatArray
    top: int

    def similarities(self, queries: FloatArray, narrow: ArrayLike = False) -> FloatArray:
        mean, spread = _nearest(queries @ self.strangers.T, self.top)
        cosines = queries @ self.centroids.T
        scores = (cosines - self.mean) / self.spread + (cosines - mean[:, None]) / spread[:, None]
        return np.asarray(scores / 2, np.float32)


class SNorm:
    """The mean of two z-scores of the cosine: among the strangers nearest to the voice, and nearest to the query."""

    name, title, needs_background = "s-norm", f"adaptive s-norm (top {TOP})", True
    log_likelihood = False

    def __init__(self, top: int = TOP) -> None:
        self.top = top

    def fit(self, enrolled: Enrolled, background: Background | None) -> FittedSNorm:
        if background is None:
            raise UsageError("s-norm needs a background of strangers, and there is none for this encoder.")
        centroids = Centroid().fit(enrolled).centroids
        mean, spread = _nearest(centroids @ background.strangers.T, self.top)
        return FittedSNorm(centroids, background.strangers, mean, spread, self.top)
