"""From a similarity to a probability: a logistic regression that knows how much speech there was, and how noisy it was.

Source: Platt 1999; Brümmer & du Preez 2006 (calibration as logistic regression on scores).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import ShapeError
from engine.voices.backends.protocol import Doubles
from engine.voices.backends.scale import QUIET_SNR_DB

RIDGE = 1e-2  # on the weights of standardised inputs, so that trials that are parted without an error stay finite
STEPS = 50


@dataclass(frozen=True)
class Calibration:
    """log-odds = slope · raw + by_length · ln(seconds) + by_noise · SNR + offset + narrow (in a telephone's band), for even odds
    of genuine and stranger.

    raw: what a back-end gives for the nearest voice. snr_db: taken for a query whose noise is not known.
    """

    slope: float
    by_length: float
    by_noise: float
    offset: float
    snr_db: float = 20.0
    narrow: float = 0.0

    def log_odds(self, raw: ArrayLike, speech_s: ArrayLike, snr_db: ArrayLike | None = None,
                 narrow: ArrayLike = False) -> Doubles:
        """Natural log-odds that the nearest voice is the one who speaks; arguments broadcast."""
        noise = np.minimum(self.snr_db if snr_db is None else np.asarray(snr_db, np.float64), QUIET_SNR_DB)
        return np.asarray(self.slope * np.asarray(raw, np.float64) + self.by_length * np.log(np.asarray(speech_s, np.float64))
                          + self.by_noise * noise + self.offset + self.narrow * np.asarray(narrow, np.float64))

    def probability(self, raw: float, speech_s: float, snr_db: float | None = None, narrow: bool = False) -> float:
        """0 to 1."""
        return float(0.5 * (1 + np.tanh(self.log_odds(raw, speech_s, snr_db, narrow) / 2)))


def fit(raw: ArrayLike, speech_s: ArrayLike, snr_db: ArrayLike, genuine: ArrayLike, narrow: ArrayLike = False) -> Calibration:
    """Fit on trials (n,), genuine (bool) and strangers counted as equally many. Raises ShapeError without both kinds."""
    snr = np.minimum(np.asarray(snr_db, np.float64), QUIET_SNR_DB)
    inputs = np.stack([np.asarray(raw, np.float64), np.log(np.asarray(speech_s, np.float64)), snr,
                       np.broadcast_to(np.asarray(narrow, np.float64), snr.shape)], axis=1)
    same = np.asarray(genuine, bool)
    if len(same) != len(inputs) or same.all() or not same.any() or not np.isfinite(inputs).all():
        raise ShapeError("A calibration needs finite trials of both kinds.")
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    spread[spread < 1e-9] = 1.0
    design = np.column_stack([(inputs - mean) / spread, np.ones(len(inputs))])
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum()) * len(same)
    ridge = np.diag([RIDGE * len(same)] * inputs.shape[1] + [0.0]) * 0.01
    beta = np.zeros(len(ridge))
    for _ in range(STEPS):  # Newton
        p = 0.5 * (1 + np.tanh(design @ beta / 2))
        gradient = design.T @ (weight * (p - same)) + ridge @ beta
        curvature = (design * (weight * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ design + ridge + 1e-9 * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        beta -= step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    slopes = beta[:-1] / spread
    offset = float(beta[-1] - slopes @ mean)
    return Calibration(float(slopes[0]), float(slopes[1]), float(slopes[2]), offset, float(np.median(snr)), float(slopes[3]))
