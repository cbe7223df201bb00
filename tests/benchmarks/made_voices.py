"""How alike the made voices are to the program's voice encoders, and a search for others.

    python tests/benchmarks/made_voices.py                         the voices of engine/synthesis/voices.py
    python tests/benchmarks/made_voices.py search [count] [seed]   drawn ones: the most different seven

A voice's centroid is of three takes of 6 s; two more takes are asked. A voice is judged by the encoder that separates it worst.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from measuring import table

from engine.audio.clean import cleaned
from engine.encoders.models import Models
from engine.records import FloatArray
from engine.synthesis.voices import VOICES, MadeVoice, speak
from engine.voices.identification import MIN_SPEECH_S
from engine.voices.takes import judge, refusal
from engine.weights import Weights

ENCODERS = {"ge2e": 0.75, "campplus": 0.30}  # a cosine of two voices that is far enough apart
CENTROID, ASKED, TAKE_S = 3, 2, 6.0
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
    for seed in range(CENTROID):
        audio = cleaned(speak(voice, seed, 4.0)).audio
        quality = judge(audio, models.speech())
        if quality.speech_s < 0.7 * audio.duration_s or any(
                refusal(audio, quality, MIN_SPEECH_S, models.sound(), models.voice_named(name)) for name in ENCODERS):
            return False
    return True


def similarities(voices: Sequence[MadeVoice]) -> dict[str, FloatArray]:
    """By encoder: (voices, voices), the highest cosine that an asked take of one has to the centroid of the other; on the
    diagonal the lowest to its own."""
    models = Models(Weights(), "cpu")
    found: dict[str, list[FloatArray]] = {name: [] for name in ENCODERS}
    for voice in voices:
        takes = [cleaned(speak(voice, seed, TAKE_S)).audio for seed in range(CENTROID + ASKED)]
        for name in ENCODERS:
            found[name].append(np.array([e.vector for e in models.voice_named(name).embed_many(takes)]))
    cosines = {}
    for name, rows in found.items():
        vectors = np.array(rows)  # (voices, takes, dim)
        centroids = vectors[:, :CENTROID].mean(axis=1)
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
        asked = np.einsum("vtd,wd->tvw", vectors[:, CENTROID:], centroids)
        cosines[name] = np.where(np.eye(len(voices), dtype=bool), asked.min(axis=0), asked.max(axis=0))
    return cosines


def excess(cosines: dict[str, FloatArray]) -> FloatArray:
    """(voices, voices): how far two voices are from far enough apart, in the worse encoder, as a share of 1 less the limit."""
    both = [np.maximum(c, c.T) for c in cosines.values()]
    return np.max([(c - limit) / (1 - limit) for c, limit in zip(both, ENCODERS.values(), strict=True)], axis=0)


def search(count: int, seed: int) -> None:
    rng, models = np.random.default_rng(seed), Models(Weights(), "cpu")
    voices = [one for one in [*VOICES, *(drawn(rng, number) for number in range(count))] if accepted(one, models)]
    print(f"{len(voices)} of {len(VOICES) + count} could be enrolled.")
    cosines = similarities(voices)
    far = excess(cosines)
    own = np.min([(c.diagonal() - limit) / (1 - limit) for c, limit in zip(cosines.values(), ENCODERS.values(), strict=True)], 0)
    usable = np.flatnonzero(own >= np.median(own))
    best: tuple[float, list[int]] = (np.inf, [])
    for first in usable:
        chosen = [int(first)]
        while len(chosen) < WANTED:
            worst = far[:, chosen].max(axis=1)
            worst[[i for i in range(len(voices)) if i in chosen or i not in usable]] = np.inf
            chosen.append(int(worst.argmin()))
        pairs = far[np.ix_(chosen, chosen)][~np.eye(WANTED, dtype=bool)]
        best = min(best, (float(pairs.max()), chosen))
    for number in best[1]:
        print(voices[number])
    show([voices[number] for number in best[1]], {name: c[np.ix_(best[1], best[1])] for name, c in cosines.items()})


def show(voices: Sequence[MadeVoice], cosines: dict[str, FloatArray]) -> None:
    for name, values in cosines.items():
        print(f"\n**{name}**: rows are asked, columns enrolled; on the diagonal the lowest of two takes, elsewhere the highest\n")
        print(table(["", *(v.name.split()[-1] for v in voices)],
                    [[v.name, *(f"{x:.2f}" for x in row)] for v, row in zip(voices, values, strict=True)]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["search"]:
        search(int(sys.argv[2]) if len(sys.argv) > 2 else 170, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    else:
        show(VOICES, similarities(VOICES))
