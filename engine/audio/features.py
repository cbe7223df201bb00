"""Spectrograms to look at. (What the encoders hear is made in the encoders.)

A band's value is the power of a sine in it: a full-scale sine reads about 0 dB at its band, whatever the rate and the
window. Frames are centred on multiples of the hop. Mel scale: O'Shaughnessy 1987, mel = 2595 · log10(1 + hz / 700).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray

Scale = Literal["mel", "linear"]

WINDOW_S = 0.040  # Hann; resolves 50 Hz, blurs 20 ms
FLOOR_DB = -100.0
_PRODUCT = 200_000  # multiplications in one matrix product, so that BLAS stays on one core: others may be busy


def spectrogram_db(x: FloatArray, rate_hz: int, scale: Scale = "mel", bands: int = 96, hop_s: float = 0.02,
                   f_max: float = 8000) -> FloatArray:
    """The spectrogram of mono float32 (n,).

    Returns float32 (bands, ceil(n / hop)), dB in [FLOOR_DB, about 0], band 0 lowest; bands above half the rate
    read FLOOR_DB.
    """
    stream = SpectrogramStream(rate_hz, scale, bands, hop_s, f_max)
    return np.concatenate([stream.push(x), stream.flush()], axis=1)


class SpectrogramStream:
    """The same of sound that arrives in blocks; each push gives the columns that are new (half a window late)."""

    def __init__(self, rate_hz: int, scale: Scale = "mel", bands: int = 96, hop_s: float = 0.02,
                 f_max: float = 8000) -> None:
        self.bands = bands
        self.hop = max(1, round(hop_s * rate_hz))
        self._size = 2 * max(8, round(WINDOW_S * rate_hz / 2))
        self._fft = 1 << math.ceil(math.log2(self._size * 1.5))  # zero-padded, for finer bins at the low bands
        self._window, self._filters = _tables(rate_hz, self._size, self._fft, scale, bands, f_max)
        self._held: FloatArray = np.zeros(self._size // 2, dtype=np.float32)
        self._pushed = 0
        self._given = 0

    def push(self, block: FloatArray) -> FloatArray:
        """Take float32 (n,); returns float32 (bands, new frames)."""
        self._pushed += len(block)
        return self._columns(np.asarray(block, dtype=np.float32), None)

    def flush(self) -> FloatArray:
        """The last columns, the sound being over; float32 (bands, m)."""
        return self._columns(np.zeros(self._size, dtype=np.float32), -(-self._pushed // self.hop) - self._given)

    def _columns(self, block: FloatArray, at_most: int | None) -> FloatArray:
        self._held = np.concatenate([self._held, block])
        count = max(0, (len(self._held) - self._size) // self.hop + 1)
        count = count if at_most is None else min(count, at_most)
        if count <= 0:
            return np.zeros((self.bands, 0), dtype=np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._held, self._size)[:: self.hop][:count]
        spectrum = np.fft.rfft(frames * self._window, self._fft, axis=1)[:, : self._filters.shape[0]]  # (count, bins)
        power = spectrum.real**2 + spectrum.imag**2
        self._held = self._held[count * self.hop :].copy()
        self._given += count
        banded = np.empty((count, self.bands), dtype=np.float32)
        rows = max(1, _PRODUCT // self._filters.size)
        for row in range(0, count, rows):
            banded[row : row + rows] = power[row : row + rows] @ self._filters
        decibels = 10 * np.log10(np.maximum(banded, np.float32(10 ** (FLOOR_DB / 10))))
        decibels = np.maximum(decibels, np.float32(FLOOR_DB))  # the logarithm may fall a rounding below it
        return np.ascontiguousarray(decibels.T, dtype=np.float32)


@lru_cache(maxsize=8)
def _tables(rate_hz: int, size: int, fft: int, scale: Scale, bands: int, f_max: float) -> tuple[FloatArray, FloatArray]:
    """The window (size,), scaled so that a full-scale sine has power 1, and triangular bands (bins, bands)."""
    window = np.hanning(size + 1)[:-1]
    window = window * 2 / window.sum()
    top = _to_mel(f_max) if scale == "mel" else f_max
    edges: NDArray[np.float64] = np.linspace(0, top, bands + 2)
    edges = _to_hz(edges) if scale == "mel" else edges
    bin_hz = rate_hz / fft
    bins = min(fft // 2 + 1, math.ceil(f_max / bin_hz) + 2)
    hz = np.arange(bins)[:, None] * bin_hz
    centre = edges[1:-1]
    rise = np.maximum(centre - edges[:-2], bin_hz)  # at least a bin wide, so that no band is empty
    fall = np.maximum(edges[2:] - centre, bin_hz)
    filters = np.maximum(0, np.minimum(1 + (hz - centre) / rise, 1 - (hz - centre) / fall))
    # A sine spreads over the window's main lobe: divide by the bins that share its power (1.5 · padding for Hann).
    filters /= 1.5 * fft / size
    filters[:, centre > rate_hz / 2] = 0
    return window.astype(np.float32), filters.astype(np.float32)


def _to_mel(hz: float) -> float:
    return 2595 * math.log10(1 + hz / 700)


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700 * (10 ** (mel / 2595) - 1)
