"""Cosine to the centroid: the plain one, which needs neither a background nor more than one sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.index import unit
from engine.records import FloatArray
from engine.voices.backends.protocol import Background, Enrolled


@dataclass(frozen=True)
class FittedCentroid:
    centroids: FloatArray  # (voices, dim), unit rows

    def similarities(self, queries: FloatArray, narrow: ArrayLike = False) -> FloatArray:
        return queries @ self.centroids.T


class Centroid:
    """Cosine between the query and the unit-norm mean of a voice's samples."""

    name, title, needs_background = "cosine", "cosine to centroid", False
    log_likelihood = False

    def fit(self, enrolled: Enrolled, background: Background | None = None) -> FittedCentroid:
        return FittedCentroid(unit(enrolled.means().astype(np.float32)))
