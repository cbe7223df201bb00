"""Judging a take: how much speech it holds, how loud, how clean, and what to say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.audio.levels import clips, level_dbfs
from engine.audio.speech import SpeechDetector
from engine.records import Audio, Embedding, FloatArray, Identification, Span

SAMPLE_S = 3.0
"""Net speech that one sample is made of; a take is cut into equal parts of about this length."""
QUIET_DBFS = -45.0
LOUD_DBFS = -8.0
NOISY_SNR_DB = 15.0
NOISE_PERCENTILE = 10
FLOOR_DBFS = -90.0  # silence between words counts as this, so that the ratio stays finite


@dataclass(frozen=True)
class TakeQuality:
    """level_dbfs: RMS of the speech. snr_db: speech over the noise floor, None without speech.

    clipped: places where the wave is cut off. level_advice, noise_advice, clipping_advice: one sentence each.
    """

    duration_s: float
    speech_s: float
    level_dbfs: float
    snr_db: float | None
    clipped: int
    spans: tuple[Span, ...]
    level_ok: bool
    noise_ok: bool
    clipping_ok: bool
    level_advice: str
    noise_advice: str
    clipping_advice: str


@dataclass(frozen=True)
class Heard:
    """What a take is like so far and who it sounds like; embedding is None where there is too little speech."""

    quality: TakeQuality
    identification: Identification
    embedding: Embedding | None


def judge(audio: Audio, detector: SpeechDetector) -> TakeQuality:
    """Judge a take of any rate."""
    spans = tuple(detector.spans(audio)) if len(audio.samples) else ()
    speech, _ = split(audio, spans)
    level = level_dbfs(speech) if len(speech) else level_dbfs(audio.samples) if len(audio.samples) else FLOOR_DBFS
    snr = float(level - noise_dbfs(audio)) if len(speech) else None
    clipped = clips(audio.samples) if len(audio.samples) else 0
    level_ok = bool(len(speech)) and QUIET_DBFS <= level <= LOUD_DBFS
    noise_ok = snr is None or snr >= NOISY_SNR_DB
    if not len(speech):
        level_advice = "No speech yet."
    elif level < QUIET_DBFS:
        level_advice = "Too quiet. Come closer or turn the input up."
    elif level > LOUD_DBFS:
        level_advice = "Very loud. Move back a little."
    else:
        level_advice = "Good. Keep this distance."
    noise_advice = "Clean." if noise_ok else "There is noise between the words. A fan nearby?"
    clipping_advice = "None in this take." if not clipped else "The wave is cut off. Move back a hand’s width."
    return TakeQuality(audio.duration_s, sum(s.duration_s for s in spans), float(level), snr, clipped, spans, level_ok,
                       noise_ok, not clipped, level_advice, noise_advice, clipping_advice)


def noise_dbfs(audio: Audio) -> float:
    """The noise floor: the level that one in ten frames of 20 ms stays below.

    What lies between the words would be no measure: speech detection pads its spans, and breaths and the ends of words
    are found there. Speech pauses at least that often (the minimum statistics of Martin 2001, in their simplest form).
    """
    size = max(1, audio.rate_hz // 50)
    frames = audio.samples[:len(audio.samples) // size * size].reshape(-1, size)
    if not len(frames):
        return FLOOR_DBFS
    power = float(np.percentile(np.mean(np.square(frames, dtype=np.float64), axis=1), NOISE_PERCENTILE))
    return max(FLOOR_DBFS, 10 * float(np.log10(max(power, 1e-12))))


def split(audio: Audio, spans: Sequence[Span]) -> tuple[FloatArray, FloatArray]:
    """(what lies in the spans, what lies between them), each put end to end: float32 (n,), (m,)."""
    inside = np.zeros(len(audio.samples), bool)
    for span in spans:
        inside[int(span.start_s * audio.rate_hz):int(np.ceil(span.end_s * audio.rate_hz))] = True
    return audio.samples[inside], audio.samples[~inside]


def net_speech(audio: Audio, spans: Sequence[Span]) -> Audio:
    """The speech of a take put end to end."""
    return Audio(split(audio, spans)[0], audio.rate_hz)


def sample_parts(speech: Audio) -> list[Audio]:
    """Net speech cut into equal parts of about 3 s (at least one)."""
    count = max(1, round(speech.duration_s / SAMPLE_S))
    return [Audio(part, speech.rate_hz) for part in np.array_split(speech.samples, count)]
