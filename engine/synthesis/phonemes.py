"""The speech sounds that made voices use, as targets for a formant synthesiser.

Vowel formants: mean of 33 men, Peterson & Barney 1952, J. Acoust. Soc. Am. 24, table II. Consonant formants:
after Klatt 1980, J. Acoust. Soc. Am. 67, tables II and III. Durations and noise bands are our own, of the usual
order of magnitude, kept because a speech detector takes the result for speech.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Manner = Literal["vowel", "glide", "nasal", "fricative", "plosive", "aspirate"]


@dataclass(frozen=True)
class Phoneme:
    """One speech sound.

    formants_hz: F1, F2, F3 of a man's vocal tract. duration_s at normal pace (of a plosive: its closure).
    voicing, noise, aspiration: amplitudes 0–1 of the glottal tone, the frication and the breath.
    noise_hz, noise_width_hz: centre and width of the frication band.
    """

    name: str
    manner: Manner
    formants_hz: tuple[float, float, float]
    duration_s: float
    voicing: float = 1.0
    noise: float = 0.0
    noise_hz: float = 3000.0
    noise_width_hz: float = 1500.0
    aspiration: float = 0.0


def _vowel(name: str, f1: float, f2: float, f3: float, duration_s: float = 0.13) -> Phoneme:
    return Phoneme(name, "vowel", (f1, f2, f3), duration_s)


def _fricative(
    name: str,
    formants: tuple[float, float, float],
    voicing: float,
    noise: float,
    noise_hz: float,
    width_hz: float,
    duration_s: float,
) -> Phoneme:
    return Phoneme(name, "fricative", formants, duration_s, voicing, noise, noise_hz, width_hz)


def _plosive(
    name: str, formants: tuple[float, float, float], voicing: float, noise_hz: float, width_hz: float
) -> Phoneme:
    return Phoneme(name, "plosive", formants, 0.07, voicing, 0.5, noise_hz, width_hz, 0.0 if voicing else 0.5)


VOWELS: tuple[Phoneme, ...] = (
    _vowel("i", 270, 2290, 3010, 0.14),
    _vowel("ɪ", 390, 1990, 2550, 0.11),
    _vowel("ɛ", 530, 1840, 2480, 0.12),
    _vowel("æ", 660, 1720, 2410, 0.16),
    _vowel("ɑ", 730, 1090, 2440, 0.16),
    _vowel("ɔ", 570, 840, 2410, 0.16),
    _vowel("ʊ", 440, 1020, 2240, 0.11),
    _vowel("u", 300, 870, 2240, 0.14),
    _vowel("ʌ", 640, 1190, 2390, 0.12),
    _vowel("ɝ", 490, 1350, 1690, 0.14),
    _vowel("ə", 500, 1500, 2500, 0.07),  # the neutral tube of 17.5 cm
)

CONSONANTS: tuple[Phoneme, ...] = (
    Phoneme("w", "glide", (290, 610, 2150), 0.07, 0.8),
    Phoneme("j", "glide", (260, 2070, 3020), 0.07, 0.8),
    Phoneme("ɹ", "glide", (310, 1060, 1380), 0.07, 0.8),
    Phoneme("l", "glide", (310, 1050, 2880), 0.07, 0.75),
    Phoneme("m", "nasal", (280, 1270, 2130), 0.07, 0.65),
    Phoneme("n", "nasal", (280, 1340, 2470), 0.07, 0.65),
    _fricative("f", (340, 1100, 2080), 0.0, 0.10, 4500, 6000, 0.10),
    _fricative("v", (220, 1100, 2080), 0.6, 0.05, 4500, 6000, 0.06),
    _fricative("s", (320, 1390, 2530), 0.0, 0.30, 5800, 2200, 0.11),
    _fricative("z", (240, 1390, 2530), 0.5, 0.15, 5800, 2200, 0.08),
    _fricative("ʃ", (300, 1840, 2750), 0.0, 0.30, 3200, 1800, 0.12),
    Phoneme("h", "aspirate", (500, 1500, 2500), 0.06, 0.05, aspiration=0.45),
    _plosive("p", (400, 1100, 2150), 0.0, 1000, 2000),
    _plosive("b", (200, 1100, 2150), 0.25, 900, 1800),
    _plosive("t", (400, 1600, 2600), 0.0, 4500, 2500),
    _plosive("d", (200, 1600, 2600), 0.25, 4000, 2500),
    _plosive("k", (300, 1990, 2850), 0.0, 2100, 900),
    _plosive("ɡ", (200, 1990, 2850), 0.25, 2000, 900),
)
