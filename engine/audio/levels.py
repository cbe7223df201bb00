"""How loud: levels in dBFS, clipping, and the envelope that waveforms are drawn from.

0 dBFS is an amplitude of 1. `level_dbfs` is 20·log10 of the RMS, so that a full-scale sine reads −3.01 and a full-scale
square wave 0 (not the AES17 convention, which adds 3 dB).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray

FLOOR_DBFS = -120.0  # what silence reads
CLIP_LEVEL = 0.999  # −0.01 dBFS: 16-bit converters stop at 32767 / 32768, mono mixes a little below
CLIP_RUN = 3  # samples: one or two at the top can be a peak that just fits, a flat top is a wave that did not


def level_dbfs(x: FloatArray) -> float:
    """RMS level of float32 (n,) in dBFS, at least FLOOR_DBFS; FLOOR_DBFS for no samples."""
    if not len(x):
        return FLOOR_DBFS
    power = float(np.square(x).sum(dtype=np.float64)) / len(x)
    return max(FLOOR_DBFS, 10 * math.log10(power)) if power > 0 else FLOOR_DBFS


def peak_dbfs(x: FloatArray) -> float:
    """Largest absolute sample of float32 (n,) in dBFS, at least FLOOR_DBFS."""
    peak = float(np.max(np.abs(x), initial=0))
    return max(FLOOR_DBFS, 20 * math.log10(peak)) if peak > 0 else FLOOR_DBFS


def clips(x: FloatArray) -> int:
    """How many times float32 (n,) was clipped: runs of CLIP_RUN or more samples at CLIP_LEVEL or beyond, same sign."""
    if not len(x) or float(np.max(np.abs(x))) < CLIP_LEVEL:
        return 0
    return sum(_runs(sign * x >= CLIP_LEVEL) for sign in (1, -1))


def envelope_peaks(x: FloatArray, bins: int) -> NDArray[np.uint8]:
    """Largest absolute sample in each of `bins` equal stretches of float32 (n,); uint8 (bins,), 255 = full scale."""
    return _quantised(_envelope(np.abs(x), np.arange(len(x), dtype=np.int64), len(x), bins))


class PeaksBuilder:
    """Builds `envelope_peaks` of a sound that arrives in blocks, in memory of `bins` floats."""

    def __init__(self, duration_s: float, rate_hz: int, bins: int) -> None:
        """duration_s: as far as it is known; samples beyond it count towards the last bin."""
        self._total = max(1, round(duration_s * rate_hz))
        self._bins = bins
        self._peaks = np.zeros(bins, dtype=np.float32)
        self._done = 0

    def push(self, block: FloatArray) -> PeaksBuilder:
        """Take float32 (n,); returns itself."""
        at = np.arange(self._done, self._done + len(block), dtype=np.int64)
        np.maximum(self._peaks, _envelope(np.abs(block), at, self._total, self._bins), out=self._peaks)
        self._done += len(block)
        return self

    def result(self) -> NDArray[np.uint8]:
        """uint8 (bins,), 255 = full scale."""
        return _quantised(self._peaks)


def _envelope(magnitudes: FloatArray, at: NDArray[np.int64], total: int, bins: int) -> FloatArray:
    """Maximum a bin; `at` rises. With fewer samples than bins each sample fills all the bins it spans."""
    peaks = np.zeros(bins, dtype=np.float32)
    if not len(magnitudes):
        return peaks
    first = np.minimum(at * bins // total, bins - 1)
    starts = np.flatnonzero(np.diff(first, prepend=-1))
    peaks[first[starts]] = np.maximum.reduceat(magnitudes, starts)
    if total < bins:
        last = np.minimum(((at + 1) * bins - 1) // total, bins - 1)
        for sample, (low, high) in enumerate(zip(first, last, strict=True)):
            peaks[low : high + 1] = np.maximum(peaks[low : high + 1], magnitudes[sample])
    return peaks


def _quantised(peaks: FloatArray) -> NDArray[np.uint8]:
    """Rounded up, so that a bin with any sound in it never looks silent."""
    return np.ceil(np.clip(peaks, 0, 1) * 255).astype(np.uint8)


def _runs(over: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], over, [False]])))
    return int(np.count_nonzero(edges[1::2] - edges[::2] >= CLIP_RUN))
