"""What a made voice says, and how: syllables, words, phrases, pauses, melody — as control tracks, one row a frame.

The words mean nothing. Syllables are (C)V(C), one in three closed; words have one to three syllables with the stress on
the first; phrases of three to seven words fall in pitch (declination) and end lower and longer, as read English does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.synthesis.phonemes import CONSONANTS, VOWELS, Phoneme

FRAME_S = 0.0025
GLIDE_S = 0.045  # how long formants take from one sound to the next: coarticulation
SWITCH_S = 0.010  # how long voicing and noise take
BURST_S = 0.012
ASPIRATION_S = 0.045  # voice onset time after an unvoiced plosive (Klatt 1975: 40–70 ms)

Track = NDArray[np.float64]


@dataclass(frozen=True)
class Sound:
    """One phoneme as it is spoken: how long, how stressed, and where in the melody (semitones over the voice's F0)."""

    phoneme: Phoneme | None  # None: a pause
    duration_s: float
    pitch: float
    loudness: float


@dataclass(frozen=True)
class Tracks:
    """Control tracks, float64 (frames,), one frame every FRAME_S; formants_hz is (frames, 3).

    pitch: semitones over the voice's own F0. voicing, aspiration, noise: amplitudes.
    """

    formants_hz: NDArray[np.float64]
    pitch: Track
    voicing: Track
    aspiration: Track
    noise: Track
    noise_hz: Track
    noise_width_hz: Track


def say(rng: np.random.Generator, seconds: float, pace: float, melody: float) -> list[Sound]:
    """Return meaningless speech of at least `seconds`. pace: 1 is about 4.5 syllables/s; melody: range in semitones."""
    sounds: list[Sound] = [Sound(None, 0.15, 0.0, 0.0)]
    spoken = 0.15
    while spoken < seconds:
        phrase = _phrase(rng, pace, melody)
        phrase.append(Sound(None, float(rng.uniform(0.18, 0.40)), 0.0, 0.0))
        sounds += phrase
        spoken += sum(sound.duration_s for sound in phrase)
    return sounds


def tracks(sounds: list[Sound], scatter: NDArray[np.float64]) -> Tracks:
    """Lay sounds along the frames and smooth them into each other.

    scatter: (phonemes, 3) factors on the formants of VOWELS then CONSONANTS: how this speaker's own sounds differ.
    """
    place = {phoneme.name: row for row, phoneme in enumerate((*VOWELS, *CONSONANTS))}
    rows: list[tuple[int, tuple[float, ...]]] = []
    formants = VOWELS[-1].formants_hz
    for index, sound in enumerate(sounds):
        phoneme = sound.phoneme
        if phoneme is None:
            following = next((s.phoneme for s in sounds[index:] if s.phoneme), None)
            formants = following.formants_hz if following else formants
            rows.append((_frames(sound.duration_s), (*formants, sound.pitch, 0, 0, 0, 3000, 1500)))
            continue
        own = np.asarray(phoneme.formants_hz) * scatter[place[phoneme.name]]
        formants = (float(own[0]), float(own[1]), float(own[2]))
        band = (phoneme.noise_hz, phoneme.noise_width_hz)
        level = sound.loudness
        if phoneme.manner == "plosive":
            rows.append(
                (_frames(sound.duration_s), (*formants, sound.pitch, 0.3 * phoneme.voicing * level, 0, 0, *band))
            )
            rows.append(
                (_frames(BURST_S), (*formants, sound.pitch, phoneme.voicing * level, 0, phoneme.noise * level, *band))
            )
            if not phoneme.voicing:
                rows.append(
                    (_frames(ASPIRATION_S), (*formants, sound.pitch, 0.1 * level, phoneme.aspiration * level, 0, *band))
                )
        else:
            rows.append(
                (
                    _frames(sound.duration_s),
                    (
                        *formants,
                        sound.pitch,
                        phoneme.voicing * level,
                        phoneme.aspiration * level,
                        phoneme.noise * level,
                        *band,
                    ),
                )
            )
    steps = np.repeat(np.array([values for _, values in rows], dtype=np.float64), [n for n, _ in rows], axis=0)
    return Tracks(
        formants_hz=_smooth(steps[:, :3], GLIDE_S),
        pitch=_smooth(steps[:, 3:4], 0.12)[:, 0],
        voicing=_smooth(steps[:, 4:5], SWITCH_S * 2)[:, 0],
        aspiration=_smooth(steps[:, 5:6], SWITCH_S)[:, 0],
        noise=_smooth(steps[:, 6:7], SWITCH_S)[:, 0],
        noise_hz=steps[:, 7],
        noise_width_hz=steps[:, 8],
    )


def _phrase(rng: np.random.Generator, pace: float, melody: float) -> list[Sound]:
    words = int(rng.integers(3, 8))
    plan: list[tuple[Phoneme, bool, int]] = []
    for word in range(words):
        for syllable in range(int(rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15]))):
            stressed = syllable == 0 and rng.random() < 0.8
            vowel = VOWELS[int(rng.integers(len(VOWELS) - 1))] if stressed or rng.random() < 0.5 else VOWELS[-1]
            if rng.random() < 0.9:
                plan.append((_consonant(rng), stressed, word))
            plan.append((vowel, stressed, word))
            if rng.random() < 0.33:
                plan.append((_consonant(rng), stressed, word))
    sounds = []
    for position, (phoneme, stressed, word) in enumerate(plan):
        along = position / max(1, len(plan) - 1)
        is_last = word == words - 1
        pitch = melody * (0.5 - along) + (0.6 * melody * rng.uniform(0.6, 1.2) if stressed else 0.0)
        pitch -= 0.5 * melody if is_last and along > 0.9 else 0.0
        stretch = (1.15 if stressed else 0.85) * (1.35 if is_last and phoneme.manner == "vowel" else 1.0)
        duration = phoneme.duration_s * stretch * float(rng.uniform(0.85, 1.15)) / pace
        loudness = (1.0 if stressed else 0.75) * (1 - 0.3 * along)
        sounds.append(Sound(phoneme, duration, float(pitch), loudness))
    return sounds


def _consonant(rng: np.random.Generator) -> Phoneme:
    return CONSONANTS[int(rng.integers(len(CONSONANTS)))]


def _frames(duration_s: float) -> int:
    return max(1, round(duration_s / FRAME_S))


def _smooth(steps: NDArray[np.float64], width_s: float) -> NDArray[np.float64]:
    """Average columns over a raised-cosine window of width_s, edges held."""
    half = max(1, round(width_s / FRAME_S / 2))
    window = np.hanning(2 * half + 3)[1:-1]
    window /= window.sum()
    padded = np.pad(steps, ((half, half), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, window, mode="valid") for column in padded.T], axis=1)
