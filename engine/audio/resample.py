"""Band-limited resampling: a sinc under a Hann window, as torchaudio does it, in blocks and without importing torch.

Method: J. O. Smith, "Digital Audio Resampling Home Page", https://ccrma.stanford.edu/~jos/resample/, with the window
and the constants of `torchaudio.functional.resample` (sinc_interp_hann), so that the encoders get the samples they
were measured with. Output sample j is

    y[j] = Σ_i x[i] · h(i / from_hz − j / to_hz),      h(t) = s · sinc(f t) · cos²(π f t / 2W) / from_hz   for |f t| < W

with f = ROLLOFF · min(from_hz, to_hz) and W = ZERO_CROSSINGS. Outside of the sound x is zero.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray

ZERO_CROSSINGS = 6  # torchaudio's lowpass_filter_width
ROLLOFF = 0.99  # the cut-off as a part of the lower Nyquist frequency
_KERNEL_LIMIT = 2_000_000  # floats in one dense kernel (8 MB); rarer ratios are computed tap by tap instead
_CHUNK = 1 << 20  # floats copied at a time


def resample(samples: FloatArray, from_hz: int, to_hz: int) -> FloatArray:
    """Resample mono sound.

    samples: float32 (n,). Returns float32 (ceil(n · to_hz / from_hz),); the same array where the rates are equal.
    """
    if from_hz == to_hz:
        return samples
    stream = StreamResampler(from_hz, to_hz)
    return np.concatenate([stream.push(samples), stream.flush()])


class StreamResampler:
    """Resamples a stream block by block; the blocks put together equal `resample` of the whole.

    Holds no more than one filter length (some milliseconds) of sound, so its output comes that much late.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError("sample rates are positive")
        common = math.gcd(from_hz, to_hz)
        self._from, self._to = from_hz // common, to_hz // common
        self._width = math.ceil(ZERO_CROSSINGS * self._from / (min(self._from, self._to) * ROLLOFF))
        # A step takes `from` samples and gives `to`. Several steps at once make the matrix product worth its copy.
        steps = max(1, math.ceil(4 * self._width / self._from))
        self._in, self._out = steps * self._from, steps * self._to
        self._dense = (self._in + 2 * self._width) * self._out <= _KERNEL_LIMIT
        if not self._dense:
            self._in, self._out = self._from, self._to
        self.reset()

    def reset(self) -> None:
        """Forget what was pushed: the next block starts a new sound."""
        self._pushed = 0  # input samples so far
        self._given = 0  # output samples so far
        # Input not yet used up, from input position `_start` on; the silence before the sound is part of it.
        self._start = -self._width
        self._held: FloatArray = np.zeros(self._width, dtype=np.float32)

    def push(self, block: FloatArray) -> FloatArray:
        """Take float32 (n,); returns float32 (m,), all output that no later input can change."""
        self._pushed += len(block)
        if self._from == self._to:
            return np.asarray(block, dtype=np.float32)
        self._held = np.concatenate([self._held, np.asarray(block, dtype=np.float32)])
        return self._dense_output() if self._dense else self._sparse_output(None)

    def flush(self) -> FloatArray:
        """The rest of the output, the sound being over; the resampler is then ready for a new sound."""
        if self._from == self._to:
            self.reset()
            return np.zeros(0, dtype=np.float32)
        wanted = -(-self._to * self._pushed // self._from) - self._given
        self._held = np.concatenate([self._held, np.zeros(2 * self._width + self._in + 1, dtype=np.float32)])
        rest = self._dense_output() if self._dense else self._sparse_output(self._given + wanted)
        self.reset()
        return rest[:wanted]

    def _dense_output(self) -> FloatArray:
        """All whole steps of the held input as matrix products with the kernel of every output of a step."""
        taps = self._in + 2 * self._width
        steps = (len(self._held) - taps) // self._in + 1
        if steps <= 0:
            return np.zeros(0, dtype=np.float32)
        kernel = _dense_kernel(self._from, self._to, self._width, self._in, self._out)
        frames = np.lib.stride_tricks.sliding_window_view(self._held, taps)[:: self._in]  # (steps, taps)
        output = np.empty((steps, self._out), dtype=np.float32)
        chunk = max(1, _CHUNK // taps)
        for first in range(0, steps, chunk):
            output[first : first + chunk] = np.ascontiguousarray(frames[first : first + chunk]) @ kernel
        self._drop(steps * self._in)
        self._given += output.size
        return output.reshape(-1)

    def _sparse_output(self, until: int | None) -> FloatArray:
        """Outputs up to `until` (None: all that are certain), each from its own 2 · width + 2 taps.

        For ratios like 16000 / 44101, whose dense kernel would take gigabytes.
        """
        if until is None:
            ready = self._start + len(self._held) - self._width - 1  # input positions with all their taps held
            until = max(self._given, -(-ready * self._to // self._from))
        taps = 2 * self._width + 2
        kernel = _sparse_kernel(self._from, self._to, self._width)
        output = np.empty(until - self._given, dtype=np.float32)
        chunk = max(1, _CHUNK // taps)
        for first in range(self._given, until, chunk):
            position = np.arange(first, min(until, first + chunk), dtype=np.int64) * self._from
            below, phase = np.divmod(position, self._to)
            index = (below - self._width - self._start)[:, None] + np.arange(taps)  # (outputs, taps)
            output[first - self._given : first - self._given + len(position)] = np.einsum(
                "jt,jt->j", self._held[index], kernel[phase])
        self._given = until
        self._drop(max(0, until * self._from // self._to - self._width - self._start))
        return output

    def _drop(self, samples: int) -> None:
        self._held = self._held[samples:].copy()
        self._start += samples


def _filter(distance: NDArray[np.float64], from_n: int, to_n: int) -> FloatArray:
    """h of the module's docstring. distance: i / from_hz − j / to_hz in units of the common step."""
    cut = min(from_n, to_n) * ROLLOFF
    t = np.clip(distance * cut, -ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = np.cos(t * (math.pi / ZERO_CROSSINGS / 2)) ** 2
    return (np.sinc(t) * window * (cut / from_n)).astype(np.float32)


@lru_cache(maxsize=4)
def _dense_kernel(from_n: int, to_n: int, width: int, step_in: int, step_out: int) -> FloatArray:
    """float32 (taps, step_out): column j holds the taps of output j of a step."""
    i = np.arange(-width, step_in + width, dtype=np.float64)[:, None] / from_n
    j = np.arange(step_out, dtype=np.float64)[None, :] / to_n
    return _filter(i - j, from_n, to_n)


@lru_cache(maxsize=2)
def _sparse_kernel(from_n: int, to_n: int, width: int) -> FloatArray:
    """float32 (to_n, taps): row p holds the taps of an output that lies p / to_n of a sample past an input."""
    i = np.arange(-width, width + 2, dtype=np.float64)[None, :] / from_n
    j = np.arange(to_n, dtype=np.float64)[:, None] / to_n / from_n
    return _filter(i - j, from_n, to_n)
