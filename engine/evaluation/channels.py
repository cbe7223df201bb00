"""Channels that a recording may have come through, to measure how far voices are told apart by the voice alone.

`random` draws one for every utterance: a room, its noise, the colour of a microphone, a codec. The others are one line for
all who ask, while those who are enrolled are left as they were recorded. The statistics that the program ships have heard the
codecs of CHOSEN_WITH; `random` draws from the others. The A-law of the one line is among the former.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np

from engine.audio.levels import level_dbfs
from engine.audio.lines import CODECS, coded, telephone
from engine.errors import UsageError
from engine.records import Audio

Channel = Literal["none", "random", "telephone", "telephone-a-law"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

CHOSEN_WITH = ("a-law", "gsm", "opus", "opus-8k")
MEASURED_WITH = tuple(name for name in CODECS if name not in CHOSEN_WITH)
ROOM_SHARE = 0.7  # of the utterances that are in a room, by its reverberation, and noise
REVERBERATION_S = (0.15, 0.7)  # until it is 60 dB lower
DIRECT_DB = (0.0, 12.0)  # of the direct sound over the reverberation
NOISE_SHARE, SNR_DB, SLOPE_DB = 0.8, (10.0, 30.0), (-6.0, 0.0)  # of the noise; how it falls an octave
OCTAVES_HZ = 125.0 * 2.0 ** np.arange(7)
COLOUR_DB, MOST_COLOUR_DB = 4.0, 10.0  # standard deviation of the gain of an octave, and the most
CODED_SHARE = 0.7
TELEPHONE_SHARE = 0.5  # of what a codec of 8 kHz sends: the band of a telephone before it


Heard = Callable[[int, Audio], Audio]
"""Number of a recording and its sound → what came through."""


def asking(channel: str, seed: int, kind: int) -> Heard:
    """The channel of those who ask. kind: 0 for speakers that are enrolled, 1 for strangers. Raises UsageError."""
    if channel not in CHANNELS:
        raise UsageError(f"--channel is {', '.join(CHANNELS)}, not “{channel}”.")
    if channel == "random":
        return lambda number, audio: drawn(audio, np.random.default_rng([seed, 3, kind, number]))
    if channel == "telephone":
        return lambda _, audio: telephone(audio)
    if channel == "telephone-a-law":
        return lambda _, audio: coded(telephone(audio), "a-law")
    return lambda _, audio: audio


def enrolling(channel: str, seed: int) -> Heard:
    """The channel of those who are enrolled: their own each, or none."""
    return asking(channel if channel == "random" else "none", seed, 0)


def drawn(audio: Audio, rng: np.random.Generator, codecs: Sequence[str] = MEASURED_WITH) -> Audio:
    """Through a drawn room, microphone and line. codecs: that may be drawn."""
    wave = audio.samples.astype(np.float64)
    if rng.random() < ROOM_SHARE:
        wave = in_a_room(wave, audio.rate_hz, rng.uniform(*REVERBERATION_S), rng.uniform(*DIRECT_DB), rng)
    if rng.random() < NOISE_SHARE:
        wave = with_noise(wave, audio.rate_hz, rng.uniform(*SNR_DB), rng.uniform(*SLOPE_DB), rng)
    gains = np.clip(rng.normal(0, COLOUR_DB, len(OCTAVES_HZ)), -MOST_COLOUR_DB, MOST_COLOUR_DB)
    wave = coloured(wave, audio.rate_hz, gains)
    peak = float(np.abs(wave).max(initial=0))
    made = Audio((wave * min(1.0, 0.9 / max(peak, 1e-9))).astype(np.float32), audio.rate_hz)
    if rng.random() < CODED_SHARE:
        name = str(rng.choice(list(codecs)))
        codec = CODECS[name]
        if codec.rate_hz <= 8_000 and rng.random() < TELEPHONE_SHARE:
            made = telephone(made)
        made = coded(made, name, int(rng.choice(codec.bits_s)) if codec.bits_s else None)
    return made


def in_a_room(wave: np.ndarray, rate_hz: int, reverberation_s: float, direct_db: float, rng: np.random.Generator) -> np.ndarray:
    """With noise that dies away exponentially as the room's answer to an impulse (Polack 1988). wave: float64 (n,)."""
    from scipy.signal import fftconvolve

    at = np.arange(1, round(reverberation_s * rate_hz)) / rate_hz
    tail = rng.normal(size=len(at)) * 10 ** (-3 * at / reverberation_s)
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.square(tail).sum())
    return np.asarray(fftconvolve(wave, np.concatenate([[1.0], tail]))[:len(wave)])


def with_noise(wave: np.ndarray, rate_hz: int, snr_db: float, slope_db: float, rng: np.random.Generator) -> np.ndarray:
    """With noise so far below the speech. slope_db: what it has more in each octave than in the one below."""
    spectrum = np.fft.rfft(rng.normal(size=len(wave)))
    hertz = np.fft.rfftfreq(len(wave), 1 / rate_hz)
    noise = np.fft.irfft(spectrum * 10 ** (slope_db * np.log2((hertz + 50) / 1000) / 20), len(wave))
    level = level_dbfs(wave.astype(np.float32)) - snr_db
    return np.asarray(wave + noise * 10 ** (level / 20) / max(1e-12, float(np.sqrt(np.square(noise).mean()))))


def coloured(wave: np.ndarray, rate_hz: int, gains_db: np.ndarray) -> np.ndarray:
    """With a gain for each of OCTAVES_HZ, straight lines between them."""
    hertz = np.fft.rfftfreq(len(wave), 1 / rate_hz)
    gain = np.interp(np.log2(np.maximum(hertz, 1)), np.log2(OCTAVES_HZ), gains_db)
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) * 10 ** (gain / 20), len(wave)))
