"""Where a voice begins, and where what was played lies in what was heard: for measurements through a microphone."""

from __future__ import annotations

import numpy as np

from engine.audio.resample import resample
from engine.records import Audio, FloatArray


def begin(wave: FloatArray) -> int:
    """The first sample of the voice: where 30 ms are within 12 dB of loud speech and so is most of the next 0.2 s.

    By level alone, not by the program's own detector. Breath and clicks before the first word do not count.
    """
    frames = wave[:len(wave) // 480 * 480].reshape(-1, 480)
    level_db = 20 * np.log10(np.sqrt(np.mean(np.square(frames), axis=1)) + 1e-9)
    loud = level_db > np.percentile(level_db, 95) - 12
    sustained = np.convolve(loud, np.ones(7), "full")[6:] >= 4  # of this frame and the six after it
    return 480 * int(np.flatnonzero(loud & sustained)[0])


def offset_s(heard: Audio, played: FloatArray) -> float:
    """Where in what was heard the played sound begins, by cross-correlation at 16 kHz."""
    wave = resample(heard.samples, heard.rate_hz, 16_000)
    size = 1 << (len(wave) + len(played)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(wave, size) * np.conj(np.fft.rfft(played, size)), size)
    return int(np.argmax(correlation[:len(wave)])) / 16_000
