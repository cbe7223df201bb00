"""How alike the made voices are to the program's voice encoders, and a search for others.

    python tests/benchmarks/made_voices.py                         the voices of engine/synthesis/voices.py
    python tests/benchmarks/made_voices.py search [count] [seed]   drawn ones: the most different seven

Each voice is enrolled with two takes of 4 s and asks with two takes of 2 and of 4 s. What is told is the similarity of the
program's usual rule, with its statistics: from 0.5 on a voice counts as the same. A pair is judged by the encoder that tells
it apart worse.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from measuring import table

from engine.audio.clean import cleaned
from engine.encoders.models import Models
from engine.records import FloatArray, Sample, Voice
from engine.synthesis.voices import VOICES, MadeVoice, speak
from engine.voices import cohort
from engine.voices.choice import choose
from engine.voices.identification import MIN_SPEECH_S, Identifier
from engine.voices.takes import judge, refusal, sample_parts
from engine.weights import Weights

ENCODERS = ("ge2e", "campplus")
ENROLLED, TAKE_S = 2, 4.0
ASKED = ((7, 2.0), (8, 2.0), (7, 4.0), (8, 4.0))  # seed and seconds
OWN = 0.8  # what a voice reaches in itself, at the least
WANTED = 7


def drawn(rng: np.random.Generator, number: int) -> MadeVoice:
    """Somebody, up to the edge of what is still taken for a voice."""
    def even(low: float, high: float, digits: int) -> float:
        return round(float(rng.uniform(low, high)), digits)

    formants = [round(float(x), 2) for x in np.clip(rng.normal(1, 0.13, 5), 0.72, 1.3)]
    return MadeVoice(f"drawn {number}", round(float(np.exp(rng.uniform(np.log(72), np.log(330))))), even(0.72, 1.4, 2),
                     (formants[0], formants[1], formants[2], formants[3], formants[4]), melody=even(0.5, 10, 1),
                     bandwidth=round(float(np.exp(rng.uniform(np.log(0.5), np.log(3)))), 2), open_quotient=even(0.3, 0.9, 2),
                     tilt_db=even(0, 24, 1), breath=round(float(rng.choice([0, rng.uniform(0, 2)])), 2),
                     jitter=float(rng.choice([0.003, 0.01, 0.03, 0.06])), shimmer=float(rng.choice([0.02, 0.08, 0.2, 0.3])),
                     nasality=round(float(rng.choice([0, rng.uniform(0, 2)])), 2), pace=even(0.6, 1.7, 2),
                     accent=even(0.03, 0.3, 3), accent_seed=2000 + number)


def accepted(voice: MadeVoice, models: Models) -> bool:
    """Whether its takes could be enrolled, with either encoder."""
    for seed in range(3):
        audio = cleaned(speak(voice, seed, TAKE_S)).audio
        quality = judge(audio, models.speech())
        if quality.speech_s < 0.7 * audio.duration_s or any(
                refusal(audio, quality, MIN_SPEECH_S, models.sound(), models.voice_named(name)) for name in ENCODERS):
            return False
    return True


def similarities(voices: Sequence[MadeVoice], adapted: bool) -> dict[str, FloatArray]:
    """By encoder: (voices, voices), the highest similarity of what one asks to the other; on the diagonal the lowest to itself.

    adapted: enrolled voices adapt the statistics, as in the program. Hundreds of made ones would make them their own.
    """
    models, now = Models(Weights(), "cpu"), datetime.now(UTC)
    found = {}
    for name in ENCODERS:
        model = models.voice_named(name)
        method = choose("two-covariance", cohort.shipped(model.spec))
        if not adapted and method.background is not None:
            method = replace(method, background=replace(method.background, weight=1e9))
        samples: list[Sample] = []
        for number, voice in enumerate(voices):
            for seed in range(ENROLLED):
                parts = sample_parts(cleaned(speak(voice, seed, TAKE_S)).audio)
                samples += [Sample(len(samples) + n, number * ENROLLED + seed, number, vector, part.duration_s, 1.0)
                            for n, (part, vector) in enumerate(zip(parts, model.embed_many(parts), strict=True))]
        identifier = Identifier([Voice(n, v.name, 0, "enrolled", now, ENROLLED, ENROLLED, ENROLLED * TAKE_S)
                                 for n, v in enumerate(voices)], samples, 0.5, 0, method=method)
        asked = np.array([[identifier.similarities(model.embed(cleaned(speak(voice, seed, length)).audio), length)
                           for voice in voices] for seed, length in ASKED])
        found[name] = np.where(np.eye(len(voices), dtype=bool), asked.min(axis=0), asked.max(axis=0))
    return found


def search(count: int, seed: int) -> None:
    rng, models = np.random.default_rng(seed), Models(Weights(), "cpu")
    voices = [one for one in [*VOICES, *(drawn(rng, number) for number in range(count))] if accepted(one, models)]
    print(f"{len(voices)} of {len(VOICES) + count} could be enrolled.")
    found = similarities(voices, adapted=False)
    near = np.max([np.maximum(one, one.T) for one in found.values()], axis=0)
    usable = np.flatnonzero(np.min([one.diagonal() for one in found.values()], axis=0) >= OWN)
    best: tuple[float, list[int]] = (np.inf, [])
    for first in usable:
        chosen = [int(first)]
        while len(chosen) < WANTED:
            worst = near[:, chosen].max(axis=1)
            worst[[i for i in range(len(voices)) if i in chosen or i not in usable]] = np.inf
            chosen.append(int(worst.argmin()))
        pairs = near[np.ix_(chosen, chosen)][~np.eye(WANTED, dtype=bool)]
        best = min(best, (float(pairs.max()), chosen))
    for number in best[1]:
        print(voices[number])
    show([voices[number] for number in best[1]])


def show(voices: Sequence[MadeVoice]) -> None:
    for name, values in similarities(voices, adapted=True).items():
        print(f"\n**{name}**: rows are asked, columns enrolled; on the diagonal the lowest, elsewhere the highest\n")
        print(table(["", *(v.name.split()[-1] for v in voices)],
                    [[v.name, *(f"{x:.2f}" for x in row)] for v, row in zip(voices, values, strict=True)]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["search"]:
        search(int(sys.argv[2]) if len(sys.argv) > 2 else 170, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    else:
        show(VOICES)
