"""Similarities without bounds, made readable: 0 to 1, with the threshold that was measured at one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.records import FloatArray
from engine.voices.backends.protocol import Doubles

USUAL_S = 5.0
USUAL_SNR_DB, QUIET_SNR_DB = 25.0, 40.0  # taken where no noise is told, and cleaner than makes a difference
SHORTEST_S, LONGEST_S = 1.0, 8.0  # outside of these the length of a query changes nothing more


@dataclass(frozen=True)
class Scale:
    """similarity = 1 / (1 + e^−((raw − threshold) / width)): rising with raw, so it changes no order, with

        threshold = middle + by_length · ln(seconds / 5) + by_noise · (SNR − 25 dB)

    middle: for 5 s of ordinary speech. by_length: the more of a stranger is heard, the nearer comes the nearest voice. by_noise:
    what a decibel less of noise adds.
    """

    middle: float
    width: float
    by_length: float = 0.0
    by_noise: float = 0.0

    @property
    def steepest(self) -> float:
        """How much similarity one unit of raw is worth at the threshold, where the scale is straight; elsewhere it is less."""
        return 1 / (4 * self.width)

    def threshold(self, seconds: ArrayLike = USUAL_S, snr_db: ArrayLike | None = None) -> Doubles:
        """What a query has to reach; the arguments broadcast. snr_db: over its noise, None where that is not known."""
        longer, cleaner = conditions(seconds, USUAL_SNR_DB if snr_db is None else snr_db)
        return np.asarray(self.middle + self.by_length * longer + self.by_noise * cleaner)

    def apply(self, raw: FloatArray, seconds: ArrayLike = USUAL_S, snr_db: ArrayLike | None = None) -> FloatArray:
        """raw: any shape; the others: see `threshold`, broadcast against it. Returns float32 of its shape."""
        above = raw - self.threshold(seconds, snr_db)
        return np.asarray(0.5 * (1 + np.tanh(above / (2 * self.width))), np.float32)


def conditions(seconds: ArrayLike, snr_db: ArrayLike) -> tuple[Doubles, Doubles]:
    """What the weights of a scale are multiplied with."""
    return (np.log(np.clip(np.asarray(seconds, np.float64), SHORTEST_S, LONGEST_S) / USUAL_S),
            np.minimum(np.asarray(snr_db, np.float64), QUIET_SNR_DB) - USUAL_SNR_DB)
