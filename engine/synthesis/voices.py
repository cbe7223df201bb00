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


# Chosen from 420 (`tests/benchmarks/made_voices.py search 420 2`) so that by either encoder of the program each is a stranger to
# the others; the same script without an argument prints how alike they are.
VOICES: tuple[MadeVoice, ...] = (
    MadeVoice("Pell Underhay", 142, 0.79, (1.1, 0.94, 0.9, 1.27, 0.97), melody=6.8, bandwidth=0.58,
              open_quotient=0.33, tilt_db=12.4, breath=1.88, jitter=0.06, shimmer=0.3,
              nasality=0.6, pace=1.61, accent=0.051, accent_seed=2250),
    MadeVoice("Wren Abernook", 254, 1.36, (0.88, 0.97, 1.12, 1.16, 1.22), melody=2.6, bandwidth=1.07,
              open_quotient=0.48, tilt_db=3.0, breath=0.05, jitter=0.06, shimmer=0.08,
              nasality=0.0, pace=0.98, accent=0.144, accent_seed=2331),
    MadeVoice("Orso Bramble", 94, 1.17, (0.85, 1.13, 1.23, 0.88, 0.86), melody=1.8, bandwidth=1.45,
              open_quotient=0.89, tilt_db=19.3, breath=1.76, jitter=0.03, shimmer=0.2,
              nasality=1.58, pace=1.0, accent=0.117, accent_seed=2375),
    MadeVoice("Tamsin Vale", 207, 1.33, (0.82, 1.06, 0.88, 0.94, 1.0), melody=2.8, bandwidth=0.66,
              open_quotient=0.53, tilt_db=13.7, breath=1.92, jitter=0.03, shimmer=0.02,
              nasality=1.95, pace=0.89, accent=0.1, accent_seed=2009),
    MadeVoice("Mireille Sorrow", 191, 1.27, (1.06, 1.1, 1.19, 1.13, 1.05), melody=2.7, bandwidth=1.13,
              open_quotient=0.52, tilt_db=15.1, breath=0.0, jitter=0.003, shimmer=0.08,
              nasality=1.51, pace=1.59, accent=0.108, accent_seed=2325),
    MadeVoice("Casimir Thole", 87, 1.0, (0.9, 0.97, 0.9, 0.89, 1.06), melody=6.2, bandwidth=1.92,
              open_quotient=0.36, tilt_db=11.1, breath=1.57, jitter=0.01, shimmer=0.08,
              nasality=0.0, pace=1.0, accent=0.066, accent_seed=2162),
    MadeVoice("Idris Quill", 109, 0.89, (0.94, 1.22, 0.94, 0.85, 1.3), melody=3.2, bandwidth=0.57,
              open_quotient=0.89, tilt_db=7.3, breath=0.0, jitter=0.003, shimmer=0.08,
              nasality=1.62, pace=1.23, accent=0.108, accent_seed=2382),
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
