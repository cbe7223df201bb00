"""Similarities without bounds, made readable: 0 to 1, with the threshold that was measured at one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.records import FloatArray

USUAL_S = 5.0
SHORTEST_S, LONGEST_S = 1.0, 8.0  # outside of these the length of a query changes nothing more


@dataclass(frozen=True)
class Scale:
    """similarity = 1 / (1 + e^−((raw − middle − by_length · ln(seconds / 5)) / width)): rising with raw, so it changes no order.

    middle: the threshold for 5 s of speech. by_length: the more of a stranger is heard, the nearer comes the nearest voice.
    """

    middle: float
    width: float
    by_length: float = 0.0

    @property
    def steepest(self) -> float:
        """How much similarity one unit of raw is worth at the threshold, where the scale is straight; elsewhere it is less."""
        return 1 / (4 * self.width)

    def apply(self, raw: FloatArray, seconds: ArrayLike = USUAL_S) -> FloatArray:
        """raw: any shape; seconds: of the queries, broadcast against it. Returns float32 of its shape."""
        longer = np.log(np.clip(np.asarray(seconds, np.float64), SHORTEST_S, LONGEST_S) / USUAL_S)
        return np.asarray(0.5 * (1 + np.tanh((raw - self.middle - self.by_length * longer) / (2 * self.width))), np.float32)
