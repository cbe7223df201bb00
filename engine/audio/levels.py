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
FLAT = 0.001  # of the height, half of what lies between the lowest and the highest sample: a top within it is flat
SHOULDER = 16 * FLAT  # so far below a round top is much wider, and a flat one hardly
SHOULDER_STEPS = 8  # the same for a wave of few levels, in these
LEAST_STEPS = 12  # a wave of fewer levels up to its height has flat tops of their own
LEAST_CLIPS = 3  # below full scale: one or two may be chance
CODED_BAND = 0.09  # of a wave that was cut off at full scale and coded since, with loss, as many magnitudes lie so far below full
CODED_LIKE, CODED_BEYOND = 0.9, 0.2  # scale as in the band of that width below, and far fewer beyond as much above it
CODED_TOP = 1.6  # and none higher


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
    """How many times float32 (n,) was cut off: flat tops at its own highest and lowest samples.

    A wave that was turned down, or moved by an offset, after it had been cut off keeps its flat tops; one that goes beyond full
    scale in a file of floats has none. A top is flat where CLIP_RUN or more samples lie within FLAT and the wave leaves
    them steeply. At full scale one is enough, elsewhere there have to be LEAST_CLIPS. What was coded since, with loss, has
    ripples for tops: that is told only where it was cut off at full scale.
    """
    if not len(x):
        return 0
    highest, lowest = float(np.max(x)), float(np.min(x))
    height = (highest - lowest) / 2
    if not 0 < height < math.inf:
        return 0
    sides = [(x, highest), (-x, -lowest)]
    found = [_flat_tops(side, top, height) for side, top in sides]
    full = any(count and _at_full_scale(top) for count, (_, top) in zip(found, sides, strict=True))
    places = sum(found) or _coded_tops(np.abs(x), max(highest, -lowest))
    return places if full or places >= LEAST_CLIPS else 0


def _at_full_scale(top: float) -> bool:
    return CLIP_LEVEL <= top <= 1


def _flat_tops(x: FloatArray, top: float, height: float) -> int:
    """Flat tops at `top`, the highest sample of float32 (n,)."""
    at_top = x >= top - FLAT * height
    below = float(np.max(x, where=~at_top, initial=-math.inf))
    step = 0.0 if _at_full_scale(top) else top - below  # to the next level, where there are few
    if step > height / LEAST_STEPS:
        return 0
    starts, ends = _runs(at_top)
    outer_starts, outer_ends = _runs(x >= top - max(SHOULDER * height, SHOULDER_STEPS * step))
    longest = np.zeros(len(outer_starts), np.int64)
    np.maximum.at(longest, np.searchsorted(outer_starts, starts, "right") - 1, ends - starts)
    widths = outer_ends - outer_starts
    return int(np.count_nonzero((longest >= CLIP_RUN) & (widths <= longest + np.maximum(2, longest // 2))))


def _coded_tops(x: FloatArray, top: float) -> int:
    """Tops of a wave that was cut off at full scale, and coded; `top` is the highest of the magnitudes float32 (n,)."""
    if not 1 < top <= CODED_TOP:
        return 0
    near = int(np.count_nonzero((x >= 1 - CODED_BAND) & (x < 1)))
    lower = int(np.count_nonzero((x >= 1 - 2 * CODED_BAND) & (x < 1 - CODED_BAND)))
    if near < CODED_LIKE * lower or int(np.count_nonzero(x >= 1 + CODED_BAND)) > CODED_BEYOND * near:
        return 0
    starts, ends = _runs(x >= CLIP_LEVEL)
    return int(np.count_nonzero(ends - starts >= CLIP_RUN))


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


def _runs(over: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(first, after the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], over, [False]])))
    return edges[::2], edges[1::2]
