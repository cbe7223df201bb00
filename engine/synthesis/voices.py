"""Voices made of arithmetic: enough like people to be told apart, and nobody's.

They let the program be tried and tested without recordings of anyone. Their names are invented; what they say is
syllables without meaning. Two voices differ as two people do: in pitch, length of the vocal tract, single formants, how the
glottis closes (tilt, breath, roughness), pace and melody. Same voice and seed, same samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import UsageError
from engine.records import Audio
from engine.synthesis.phonemes import CONSONANTS, VOWELS
from engine.synthesis.prosody import say, tracks
from engine.synthesis.tract import RATE_HZ, render

LEVEL_DBFS = -23.0  # RMS of the whole take, near the level of ordinary speech recordings
PEAK = 0.9


@dataclass(frozen=True)
class MadeVoice:
    """One invented speaker.

    f0_hz: mean pitch. melody: pitch range in semitones. tract: factor on all formants (1 a man's tract of 17.5 cm, 1.17 a
    woman's of 15 cm). formants: further factors on F1 to F5. bandwidth: factor on the formants' bandwidths.
    open_quotient: share of a period the glottis is open. tilt_db: damping at 3 kHz. breath: 0–1. jitter, shimmer: shares.
    nasality: 0–1. pace: 1 is about 4.5 syllables a second. accent: standard deviation of this speaker's own shift of each
    phoneme's formants, drawn from accent_seed.
    """

    name: str
    f0_hz: float
    tract: float
    formants: tuple[float, float, float, float, float] = (1, 1, 1, 1, 1)
    melody: float = 4.0
    bandwidth: float = 1.0
    open_quotient: float = 0.6
    tilt_db: float = 6.0
    breath: float = 0.1
    jitter: float = 0.008
    shimmer: float = 0.04
    nasality: float = 0.0
    pace: float = 1.0
    accent: float = 0.04
    accent_seed: int = 0


# Chosen from 150 random voices so that no two of the eight are near each other for the GE2E encoder (see test_voices.py).
VOICES: tuple[MadeVoice, ...] = (
    MadeVoice(
        "Orso Bramble",
        125,
        0.99,
        (0.87, 1.02, 0.92, 0.98, 1.01),
        melody=2.5,
        bandwidth=1.08,
        open_quotient=0.36,
        tilt_db=7.9,
        breath=0.0,
        jitter=0.005,
        shimmer=0.03,
        pace=1.04,
        accent=0.078,
        accent_seed=1,
    ),
    MadeVoice(
        "Casimir Thole",
        98,
        1.03,
        (0.91, 1.09, 1.0, 0.89, 0.97),
        melody=1.1,
        bandwidth=1.44,
        open_quotient=0.71,
        tilt_db=15.0,
        breath=0.64,
        jitter=0.01,
        shimmer=0.18,
        nasality=1.46,
        pace=0.88,
        accent=0.064,
        accent_seed=2,
    ),
    MadeVoice(
        "Tamsin Vale",
        167,
        1.24,
        (1.2, 1.09, 1.19, 1.06, 1.06),
        melody=2.4,
        bandwidth=1.05,
        open_quotient=0.67,
        tilt_db=5.0,
        breath=0.0,
        jitter=0.01,
        shimmer=0.08,
        pace=0.84,
        accent=0.084,
        accent_seed=3,
    ),
    MadeVoice(
        "Pell Underhay",
        165,
        1.07,
        (0.9, 1.11, 0.86, 1.04, 1.02),
        melody=1.4,
        bandwidth=1.38,
        open_quotient=0.82,
        tilt_db=4.4,
        breath=0.0,
        jitter=0.01,
        shimmer=0.08,
        nasality=1.38,
        pace=0.82,
        accent=0.051,
        accent_seed=4,
    ),
    MadeVoice(
        "Mireille Sorrow",
        235,
        1.08,
        (0.81, 1.11, 1.04, 0.84, 1.06),
        melody=2.5,
        bandwidth=1.46,
        open_quotient=0.78,
        tilt_db=13.3,
        breath=0.69,
        jitter=0.01,
        shimmer=0.08,
        pace=1.27,
        accent=0.065,
        accent_seed=5,
    ),
    MadeVoice(
        "Wren Abernook",
        274,
        1.36,
        (1.0, 0.97, 0.88, 0.95, 1.22),
        melody=4.5,
        bandwidth=0.6,
        open_quotient=0.46,
        tilt_db=13.7,
        breath=0.06,
        jitter=0.005,
        shimmer=0.03,
        pace=0.91,
        accent=0.072,
        accent_seed=6,
    ),
    MadeVoice(
        "Idris Quill",
        104,
        1.08,
        (1.07, 0.94, 0.97, 1.11, 0.95),
        melody=2.0,
        bandwidth=0.87,
        open_quotient=0.8,
        tilt_db=10.0,
        breath=0.58,
        jitter=0.005,
        shimmer=0.03,
        pace=1.08,
        accent=0.056,
        accent_seed=7,
    ),
    MadeVoice(
        "Sunniva Karr",
        116,
        0.91,
        (1.26, 1.09, 0.94, 0.99, 1.06),
        melody=7.2,
        bandwidth=1.15,
        open_quotient=0.5,
        tilt_db=2.8,
        breath=0.65,
        jitter=0.005,
        shimmer=0.03,
        nasality=1.14,
        pace=1.07,
        accent=0.089,
        accent_seed=8,
    ),
)


def speak(voice: MadeVoice, seed: int, seconds: float) -> Audio:
    """Let a made voice speak for `seconds`: mono float32 at 16 kHz, RMS about −23 dBFS, peaks below 0.9."""
    if not 0.5 <= seconds <= 600:
        raise UsageError(f"A made voice speaks for 0.5 to 600 seconds, not {seconds:g}.")
    own = np.random.default_rng([1, voice.accent_seed])  # what is this speaker's, whatever the take
    scatter = np.exp(voice.accent * own.standard_normal((len(VOWELS) + len(CONSONANTS), 3)))
    rng = np.random.default_rng([2, voice.accent_seed, seed])
    control = tracks(say(rng, seconds, voice.pace, voice.melody), scatter)
    wave = render(
        rng,
        control,
        f0_hz=voice.f0_hz,
        formant_scale=voice.tract * np.array(voice.formants),
        bandwidth_scale=voice.bandwidth,
        open_quotient=voice.open_quotient,
        tilt_db=voice.tilt_db,
        breath=voice.breath,
        jitter=voice.jitter,
        shimmer=voice.shimmer,
        nasality=voice.nasality,
    )
    wave = wave[: round(seconds * RATE_HZ)]
    fade = round(0.03 * RATE_HZ)
    wave[-fade:] *= np.linspace(1, 0, fade)
    wave *= 10 ** (LEVEL_DBFS / 20) / max(1e-9, float(np.sqrt((wave**2).mean())))
    wave += 10 ** (-66 / 20) * rng.standard_normal(len(wave))  # the hush of a quiet room
    peak = float(np.abs(wave).max())
    return Audio((wave * min(1.0, PEAK / peak)).astype(np.float32), RATE_HZ)
