"""Quiet talkers raised, for the speech detector alone: it misses who speaks far below the loudest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.speech import RATE_HZ
from engine.records import FloatArray

FRAME = RATE_HZ // 50
SMOOTH = 15  # frames that a gain is the mean of
FAR_DB = 25.0  # below the loud frames: from there on a frame is quiet
OVER_DB = 8.0  # above the noise: below that it is noise
TO_DB = 10.0  # below the loud frames: where a quiet one is raised to
MOST_DB = 40.0
LOUD_PERCENTILE, NOISE_PERCENTILE = 95, 5
LEAST_POWER = 1e-12


def raised(wave: FloatArray) -> FloatArray:
    """A block of some seconds, float32 (n,) at 16 kHz, with the frames raised that are quiet and no noise. Same length."""
    count = len(wave) // FRAME
    if count < 2 * SMOOTH:
        return wave
    power = np.mean(np.square(wave[:count * FRAME].reshape(count, FRAME), dtype=np.float64), axis=1)
    level = 10 * np.log10(_smooth(power) + LEAST_POWER)
    loud, noise = np.percentile(level, (LOUD_PERCENTILE, NOISE_PERCENTILE))
    quiet = (level > noise + OVER_DB) & (level < loud - FAR_DB)
    if not quiet.any():
        return wave
    gain_db = _smooth(np.where(quiet, np.minimum(loud - TO_DB - level, MOST_DB), 0.0))
    middle = np.arange(count) * FRAME + FRAME / 2
    gain = 10 ** (np.interp(np.arange(len(wave)), middle, gain_db) / 20)
    return (wave * gain).astype(np.float32)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over SMOOTH frames."""
    return np.convolve(np.pad(values, SMOOTH // 2, "edge"), np.ones(SMOOTH) / SMOOTH, "valid")
