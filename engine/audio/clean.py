"""A recording of a voice as the program hears it: without DC and rumble, all of them as loud.

Whether a recording is cut off is told of what came in, and its level is told as it was, but without DC and rumble; vectors,
speech and noise are looked for in what comes out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.records import Audio, FloatArray

CUT_HZ = 50.0  # half the power is left there; the lowest voices begin at 70 to 80 Hz
ORDER = 4  # of the Butterworth filter: 24 dB an octave
LOWEST_RATE_HZ = 1_000  # below it nothing is filtered: no voice is left there
FRAME_S = 0.02
LOUD_PERCENTILE = 95  # of the frames: speech, where one frame in ten is speech, and no slamming door
LEVEL_DBFS = -20.0  # of loud frames, to which every recording is brought: speech is at −25 then, as most readings are
MOST_DB = 60.0  # that are added; what is softer than that allows for is no recording of speech
_BLOCK = 1 << 20  # samples that are filtered at once


@dataclass(frozen=True)
class Clean:
    """audio: what encoders and detectors are given. gain_db: what was added to the level of the recording for that."""

    audio: Audio
    gain_db: float


def cleaned(audio: Audio) -> Clean:
    """A whole recording without DC and rumble, at the level that all are heard at."""
    return leveled(Audio(HighPass(audio.rate_hz).push(audio.samples), audio.rate_hz))


def leveled(audio: Audio) -> Clean:
    """The same sound at the level that all are heard at.

    GE2E's vectors change with the level of ordinary speech, too (tests/benchmarks/front_end.py), so none is left as it is.
    """
    level = loud_dbfs(audio)
    if level is None:
        return Clean(audio, 0.0)
    gain_db = min(MOST_DB, LEVEL_DBFS - level)
    return Clean(Audio(audio.samples * np.float32(10 ** (gain_db / 20)), audio.rate_hz), gain_db)


def loud_dbfs(audio: Audio) -> float | None:
    """The level that one frame in twenty is above, some 5 dB above that of speech; None for silence."""
    size = min(len(audio.samples), max(1, round(FRAME_S * audio.rate_hz)))
    if not size:
        return None
    frames = audio.samples[:len(audio.samples) // size * size].reshape(-1, size)
    energy = float(np.percentile(np.einsum("ij,ij->i", frames, frames, dtype=np.float64), LOUD_PERCENTILE))
    return 10 * float(np.log10(energy / size)) if energy > 0 else None


class HighPass:
    """Takes DC and rumble out of a stream, block by block; the blocks put together are those of the whole.

    It begins as if the first sample had always been there, so that an offset makes no click.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._state: NDArray[np.float64] | None = None

    def push(self, block: FloatArray) -> FloatArray:
        """Take float32 (n,); returns float32 (n,)."""
        if self._rate_hz < LOWEST_RATE_HZ or not len(block):
            return np.asarray(block, np.float32)
        from scipy.signal import sosfilt

        sections, resting = _filter(self._rate_hz)
        state = resting * float(block[0]) if self._state is None else self._state
        out = np.empty(len(block), np.float32)
        for start in range(0, len(block), _BLOCK):
            part, state = sosfilt(sections, block[start:start + _BLOCK].astype(np.float64), zi=state)
            out[start:start + _BLOCK] = part
        self._state = state
        return out


@lru_cache(maxsize=8)
def _filter(rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(second-order sections, the state in which a constant of 1 has passed for ever)."""
    from scipy.signal import butter, sosfilt_zi

    sections = butter(ORDER, CUT_HZ, "highpass", fs=rate_hz, output="sos")
    return sections, sosfilt_zi(sections)
