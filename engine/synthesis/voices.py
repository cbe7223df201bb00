"""Voices made of arithmetic: enough like people to be told apart, and nobody's.

They let the program be tried and tested without recordings of anyone. Their names are invented; what they say is
syllables without meaning. Two voices differ as two people do: in pitch, length of the vocal tract, single formants, how
the glottis closes (tilt, breath, roughness), pace and melody. Same voice and seed, same samples.
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

    f0_hz: mean pitch. melody: pitch range in semitones. tract: factor on all formants (1 a man's tract of 17.5 cm, 1.17
    a woman's of 15 cm). formants: further factors on F1 to F5. bandwidth: factor on the formants' bandwidths.
    open_quotient: share of a period the glottis is open. tilt_db: damping at 3 kHz. breath: noise beside the tone, 0 to
    about 1.3. jitter, shimmer: deviation of single periods, as shares. nasality: 0 to about 1.5. pace: 1 is about 4.5
    syllables a second. accent: how far this speaker's own phonemes lie from the usual ones, drawn from accent_seed.
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


# Chosen from 170 random ones so that no two are near each other for the GE2E encoder: held-out takes of 6 s have a
# similarity of 0.94 to 0.98 to their own centroid (three takes) and of 0.45 to 0.77 to the others'
# (tests/engine/synthesis/test_voices.py measures it again).
VOICES: tuple[MadeVoice, ...] = (
    MadeVoice("Pell Underhay", 144, 0.95, (1.0, 1.15, 0.95, 0.98, 0.92), melody=1.9, bandwidth=1.43,
              open_quotient=0.58, tilt_db=0.5, breath=0.39, jitter=0.005, shimmer=0.08,
              nasality=0.85, pace=1.14, accent=0.076, accent_seed=73),
    MadeVoice("Wren Abernook", 275, 1.22, (1.17, 1.08, 1.07, 1.13, 0.94), melody=3.6, bandwidth=0.98,
              open_quotient=0.4, tilt_db=8.5, breath=0.0, jitter=0.03, shimmer=0.08,
              nasality=0.0, pace=1.25, accent=0.095, accent_seed=119),
    MadeVoice("Orso Bramble", 89, 0.88, (0.95, 0.99, 0.89, 1.23, 1.06), melody=7.3, bandwidth=0.81,
              open_quotient=0.84, tilt_db=13.1, breath=0.61, jitter=0.01, shimmer=0.18,
              nasality=0.44, pace=0.92, accent=0.035, accent_seed=129),
    MadeVoice("Tamsin Vale", 205, 1.03, (0.94, 1.07, 0.93, 0.89, 0.95), melody=4.0, bandwidth=0.79,
              open_quotient=0.38, tilt_db=4.8, breath=1.24, jitter=0.01, shimmer=0.03,
              nasality=0.0, pace=1.09, accent=0.072, accent_seed=130),
    MadeVoice("Mireille Sorrow", 278, 1.16, (0.91, 0.8, 0.98, 1.03, 0.87), melody=3.0, bandwidth=1.85,
              open_quotient=0.73, tilt_db=11.7, breath=1.29, jitter=0.03, shimmer=0.08,
              nasality=1.39, pace=0.85, accent=0.082, accent_seed=68),
    MadeVoice("Casimir Thole", 82, 0.85, (0.89, 1.03, 1.08, 0.82, 0.86), melody=7.1, bandwidth=1.23,
              open_quotient=0.38, tilt_db=16.9, breath=0.0, jitter=0.005, shimmer=0.03,
              nasality=0.0, pace=0.99, accent=0.058, accent_seed=149),
    MadeVoice("Idris Quill", 107, 1.18, (1.1, 0.99, 1.07, 1.13, 1.03), melody=1.6, bandwidth=1.43,
              open_quotient=0.48, tilt_db=1.7, breath=0.0, jitter=0.03, shimmer=0.03,
              nasality=0.0, pace=0.81, accent=0.078, accent_seed=106),
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
