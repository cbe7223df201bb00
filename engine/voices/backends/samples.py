"""Cosine to single samples of a voice: to the best of them, or to the mean of the k best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.records import FloatArray
from engine.voices.backends.protocol import Background, Enrolled, IntArray

K = 3


@dataclass(frozen=True)
class FittedSamples:
    vectors: FloatArray  # (n, dim), in order of their voices
    starts: IntArray  # (voices,), where each voice begins
    k: int

    def similarities(self, queries: FloatArray, narrow: ArrayLike = False) -> FloatArray:
        cosines = queries @ self.vectors.T  # (m, n)
        if self.k == 1:
            best: FloatArray = np.maximum.reduceat(cosines, self.starts, axis=1)
            return best
        ends = np.append(self.starts[1:], len(self.vectors))
        return np.stack([np.sort(cosines[:, a:b], axis=1)[:, -self.k:].mean(axis=1)
                         for a, b in zip(self.starts, ends, strict=True)], axis=1).astype(np.float32)


class Samples:
    """The mean of the k highest cosines between the query and a voice's samples (of all of them where it has fewer)."""

    needs_background = log_likelihood = False

    def __init__(self, k: int = K) -> None:
        self.k = k
        self.name, self.title = ("best", "best sample") if k == 1 else ("top", f"mean of the best {k}")

    def fit(self, enrolled: Enrolled, background: Background | None = None) -> FittedSamples:
        order = np.argsort(enrolled.owner, kind="stable")
        starts = np.concatenate([[0], np.cumsum(enrolled.counts)[:-1]]).astype(np.int64)
        return FittedSamples(np.ascontiguousarray(enrolled.vectors[order]), starts, self.k)
