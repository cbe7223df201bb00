"""Linear discriminant analysis with shrinkage: one Gaussian of a shared covariance a voice.

Sources: Fisher 1936; Friedman 1989 (regularised discriminant analysis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import UsageError
from engine.records import FloatArray
from engine.voices.backends.protocol import Background, Enrolled
from engine.voices.backends.scatter import adapted_within


@dataclass(frozen=True)
class FittedLinear:
    """A plane a voice: weights (voices, dim), offsets (voices,)."""

    weights: FloatArray
    offsets: FloatArray

    def similarities(self, queries: FloatArray, narrow: ArrayLike = False) -> FloatArray:
        return queries @ self.weights.T + self.offsets


class Lda:
    """Log-odds of a voice against somebody in the middle of all strangers, linear in the query."""

    name, title, needs_background = "lda", "LDA with shrinkage", True
    log_likelihood = True

    def fit(self, enrolled: Enrolled, background: Background | None) -> FittedLinear:
        if background is None:
            raise UsageError("LDA needs a background of strangers, and there is none for this encoder.")
        within = adapted_within(enrolled, background)
        means = enrolled.means() - background.mean
        weights = np.linalg.solve(within, means.T).T  # (voices, dim)
        offsets = -0.5 * (weights * means).sum(axis=1) - weights @ background.mean
        return FittedLinear(weights.astype(np.float32), offsets.astype(np.float32))
