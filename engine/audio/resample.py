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
_STEP = 256  # samples that a step takes at least
_PRODUCT = 200_000  # multiplications in one matrix product: OpenBLAS stays on one core up to 262,144 (see below)


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

    Output comes a step late: 6 to 32 ms at the rates of sound cards (at most a second, at rates like 44101 Hz).
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError("sample rates are positive")
        common = math.gcd(from_hz, to_hz)
        self._from, self._to = from_hz // common, to_hz // common
        self._width = math.ceil(ZERO_CROSSINGS * self._from / (min(self._from, self._to) * ROLLOFF))
        # A step takes `from` samples and gives `to`; several at once where that is little.
        steps = -(-_STEP // self._from)
        self._in, self._out = steps * self._from, steps * self._to
        self.reset()

    def reset(self) -> None:
        """Forget what was pushed: the next block starts a new sound."""
        self._pushed = 0  # input samples so far
        self._given = 0  # output samples so far
        # Input that is still needed; the silence before the sound is part of it.
        self._held: FloatArray = np.zeros(self._width, dtype=np.float32)

    def push(self, block: FloatArray) -> FloatArray:
        """Take float32 (n,); returns float32 (m,), all output that no later input can change."""
        self._pushed += len(block)
        if self._from == self._to:
            return np.asarray(block, dtype=np.float32)
        self._held = np.concatenate([self._held, np.asarray(block, dtype=np.float32)])
        return self._output()

    def flush(self) -> FloatArray:
        """The rest of the output, the sound being over; the resampler is then ready for a new sound."""
        if self._from == self._to:
            self.reset()
            return np.zeros(0, dtype=np.float32)
        wanted = -(-self._to * self._pushed // self._from) - self._given
        self._held = np.concatenate([self._held, np.zeros(2 * self._width + self._in + 1, dtype=np.float32)])
        rest = self._output()
        self.reset()
        return rest[:wanted]

    def _output(self) -> FloatArray:
        """All whole steps of the held input, as products of its frames with the taps of a few outputs at a time.

        The products are kept small: large ones BLAS spreads over the cores, which takes a hundred times as long when
        the cores are busy with something else.
        """
        taps = self._in + 2 * self._width + 1
        steps = (len(self._held) - taps) // self._in + 1
        if steps <= 0:
            return np.zeros(0, dtype=np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._held, taps)[:: self._in]  # (steps, taps)
        output = np.empty((steps, self._out), dtype=np.float32)
        for first, low, kernel in _kernels(self._from, self._to, self._width, self._out):
            rows = max(1, _PRODUCT // kernel.size)
            for step in range(0, steps, rows):
                output[step : step + rows, first : first + kernel.shape[1]] = (
                    frames[step : step + rows, low : low + kernel.shape[0]] @ kernel)
        self._held = self._held[steps * self._in :].copy()
        self._given += output.size
        return output.reshape(-1)


def _filter(distance: NDArray[np.float64], from_n: int, to_n: int) -> FloatArray:
    """h of the module's docstring. distance: i / from_hz − j / to_hz in units of the common step."""
    cut = min(from_n, to_n) * ROLLOFF
    t = np.clip(distance * cut, -ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = np.cos(t * (math.pi / ZERO_CROSSINGS / 2)) ** 2
    return (np.sinc(t) * window * (cut / from_n)).astype(np.float32)


@lru_cache(maxsize=8)
def _kernels(from_n: int, to_n: int, width: int, outputs: int) -> tuple[tuple[int, int, FloatArray], ...]:
    """(first output, first tap, taps × outputs) for groups of outputs that share most of their taps."""
    group = max(1, min(outputs, 2 * width * to_n // from_n))
    kernels = []
    for first in range(0, outputs, group):
        j = np.arange(first, min(outputs, first + group))
        low, high = first * from_n // to_n, int(j[-1]) * from_n // to_n
        i = np.arange(low - width, high + width + 2)
        kernels.append((first, low, _filter(i[:, None] / from_n - j[None, :] / to_n, from_n, to_n)))
    return tuple(kernels)
