"""How wide the band of a recording of speech is: the whole of it, or what a telephone lets through.

A telephone passes 300 to 3400 Hz, and whatever was sampled at 8 kHz nothing above 4000. Speech has there its s and f, some 10
to 35 dB below the loudest of its vowels, whoever speaks. So the sound is of a narrow band where even the frames with most of it
have next to nothing above the telephone's.
"""

from __future__ import annotations

import numpy as np

from engine.records import Audio, Band, FloatArray

FRAME_S = 0.032
MIDDLE_HZ = (500.0, 3_000.0)  # what every line passes
HIGH_HZ = (4_800.0, 7_000.0)  # what a telephone does not, and poor filters no more
LEAST_HZ = 500.0  # that are looked at, in files whose rate ends soon after
NARROW_RATE_HZ = 9_000  # and below: there is nothing above the telephone's band
MIDDLE_PERCENTILE, HIGH_PERCENTILE = 90, 95  # of the frames
NARROW_DB = -42.0  # of high frames to middle ones, by power a hertz
_FRAMES = 512  # that are transformed at once


def band_of(speech: Audio) -> Band:
    """speech: net, or all of a sound where none was found. Silence is judged by its rate."""
    if speech.rate_hz <= NARROW_RATE_HZ:
        return "narrow"
    high_db = high_to_middle_db(speech)
    return "narrow" if high_db is not None and high_db < NARROW_DB else "full"


def high_to_middle_db(speech: Audio) -> float | None:
    """How far the frames with most above the telephone's band lie below the loudest within; None for silence.

    speech: of more than NARROW_RATE_HZ.
    """
    size = round(FRAME_S * speech.rate_hz)
    if len(speech.samples) < size:
        return None
    frames = speech.samples[:len(speech.samples) // size * size].reshape(-1, size)
    hz = np.fft.rfftfreq(size, 1 / speech.rate_hz)
    ends = 0.95 * speech.rate_hz / 2
    bands = [MIDDLE_HZ, (min(HIGH_HZ[0], ends - LEAST_HZ), min(HIGH_HZ[1], ends))]
    within = np.array([(hz >= low) & (hz <= high) for low, high in bands], np.float32)  # (2, bins)
    within /= within.sum(axis=1, keepdims=True)
    window = np.hanning(size).astype(np.float32)
    powers = np.concatenate([_power(frames[first:first + _FRAMES] * window) @ within.T
                             for first in range(0, len(frames), _FRAMES)])  # (frames, 2)
    middle, high = np.percentile(powers[:, 0], MIDDLE_PERCENTILE), np.percentile(powers[:, 1], HIGH_PERCENTILE)
    return float(10 * np.log10(max(high, 1e-12 * middle) / middle)) if middle > 0 else None


def _power(frames: FloatArray) -> FloatArray:
    return np.asarray(np.square(np.abs(np.fft.rfft(frames, axis=1))), np.float32)
