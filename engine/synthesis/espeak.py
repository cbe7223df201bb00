"""Voices of espeak-ng, where it is installed: another kind of made speech, with real words in several languages.

espeak-ng is run as a program of its own: an argument list, no shell, the text on its standard input, the wave from its
standard output.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np

from engine.errors import AudioError, UsageError
from engine.records import Audio

RATE_HZ = 16_000
TIMEOUT_S = 60.0

# Opening lines of the fables and proverbs of each language: common knowledge, nobody's text.
_SENTENCES = {
    "en": (
        "The north wind and the sun were disputing which was the stronger.",
        "A traveller came along wrapped in a warm cloak.",
        "Many hands make light work, and early birds catch worms.",
        "Still waters run deep under the old stone bridge.",
        "When the cat is away the mice will play in the kitchen.",
        "A rolling stone gathers no moss on its way down the hill.",
        "Seven grey geese walked slowly across the frozen meadow.",
        "He who laughs last has heard the whole story.",
    ),
    "fr": (
        "La bise et le soleil se disputaient, chacun assurant qu'il était le plus fort.",
        "Pierre qui roule n'amasse pas mousse au bord du chemin.",
        "Petit à petit, l'oiseau fait son nid dans le vieux poirier.",
        "Quand le chat n'est pas là, les souris dansent sur la table.",
    ),
    "it": (
        "Si bisticciavano un giorno il vento di tramontana e il sole.",
        "Chi va piano va sano e va lontano, dice mia nonna.",
        "Quando il gatto non c'è, i topi ballano in cucina.",
        "Tanto va la gatta al lardo che ci lascia lo zampino.",
    ),
}


@dataclass(frozen=True)
class EspeakVoice:
    """One setting of espeak-ng. voice: language and variant ("en-gb+m3"); pitch: 0–99; pace_wpm: words a minute."""

    name: str
    voice: str
    pitch: int
    pace_wpm: int
    program: str


# Variants that ship with espeak-ng, chosen to be unlike each other for the GE2E encoder; the names are invented.
_SETTINGS = (
    ("Bertram Hale", "en-gb+m1", 30, 155),
    ("Odile Fenn", "fr+f2", 60, 155),
    ("Livia Marsh", "it+f4", 75, 155),
    ("Agatha Brume", "en-us+grandma", 60, 155),
    ("Perrin Lark", "en-us+steph", 80, 155),
    ("Rurik Stahl", "en-us+klatt4", 50, 155),
)


def espeak_voices() -> list[EspeakVoice]:
    """The voices espeak-ng can speak with here; none where it is not installed."""
    program = shutil.which("espeak-ng")
    return [EspeakVoice(*setting, program) for setting in _SETTINGS] if program else []


def speak(voice: EspeakVoice, seed: int, seconds: float) -> Audio:
    """Let espeak-ng read randomly ordered sentences: mono float32 at 16 kHz, cut to `seconds`.

    Same voice and seed, same samples. Raises UsageError (length), AudioError (the program failed).
    """
    import soundfile
    import torch
    import torchaudio

    if not 0.5 <= seconds <= 300:
        raise UsageError(f"A made voice speaks for 0.5 to 300 seconds, not {seconds:g}.")
    lines = _SENTENCES[voice.voice[:2]]
    rng = np.random.default_rng(seed)
    rounds = 1 + round(seconds / 2.5) // len(lines)  # a sentence lasts at least 2.5 s
    text = " ".join(lines[i] for _ in range(rounds + 1) for i in rng.permutation(len(lines)))
    command = [
        voice.program,
        "-v",
        voice.voice,
        "-p",
        str(voice.pitch),
        "-s",
        str(voice.pace_wpm),
        "--stdin",
        "--stdout",
    ]
    try:
        done = subprocess.run(  # noqa: S603 - a list of our own settings, no shell
            command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=True)
        # A wave written to a pipe claims the greatest possible length in its header; soundfile reads to the end.
        wave, rate_hz = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    except (subprocess.SubprocessError, OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"espeak-ng could not speak with the voice {voice.voice}.") from error
    if rate_hz != RATE_HZ:
        wave = torchaudio.functional.resample(torch.from_numpy(wave), rate_hz, RATE_HZ).numpy()
    return Audio(wave[: round(seconds * RATE_HZ)].astype(np.float32), RATE_HZ)
