"""Where the default threshold and margin come from: genuine and stranger similarities to a centroid, by query length.

    python tests/benchmarks/thresholds.py [--encoder NAME] [shared data folder]

Genuine: vctk-4 and the first half of the cohort (enrolled on the first part of the one utterance, queried with the rest).
Strangers: the second half of the cohort. Nothing of librispeech-10x10 is looked at. Three voices are enrolled at a time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from measuring import SHARED, chosen_encoder

from engine.audio import files
from engine.encoders.protocols import VoiceEncoder
from engine.records import Audio
from engine.voices.identification import centroid

SHORTEST_S = 2.0  # of a fifth of an utterance: nobody is enrolled from less


def crops(audio: Audio, length_s: float, rng: np.random.Generator, count: int) -> list[Audio]:
    size = int(length_s * audio.rate_hz)
    if len(audio.samples) <= size:
        return [audio]
    starts = rng.integers(0, len(audio.samples) - size, count)
    return [Audio(audio.samples[s:s + size], audio.rate_hz) for s in starts]


def main(encoder: VoiceEncoder, shared: Path) -> None:
    rng = np.random.default_rng(0)
    people: dict[str, list[Audio]] = {}
    for folder in sorted((shared / "speech" / "vctk-4").iterdir()):
        if folder.is_dir():
            people[folder.name] = [files.read(f) for f in sorted(folder.glob("*.flac"))]
    cohort = sorted((shared / "speech" / "librispeech-cohort").glob("*.ogg"))
    half = len(cohort) // 2
    for path in cohort[:half:4]:
        audio = files.read(path)
        part = len(audio.samples) // 5
        if part < SHORTEST_S * audio.rate_hz:
            continue
        people[path.stem] = [Audio(audio.samples[i * part:(i + 1) * part], audio.rate_hz) for i in range(5)]
    strangers = [files.read(f) for f in cohort[half::2]]
    names = list(people)
    centroids = {n: centroid(np.array([e.vector for e in encoder.embed_many(people[n][:3])])) for n in names}
    print("length | genuine p1 p5 p50 | stranger, best of 3 voices p50 p95 p99 | margin of genuine p5 | of strangers p95")
    for length in (1.6, 2.4, 3.2, 5.0):
        genuine, lead = [], []
        for n in names:
            queries = [c for a in people[n][3:] for c in crops(a, length, rng, 2)]
            others = [centroids[m] for m in rng.choice([m for m in names if m != n], 2, replace=False)]
            for e in encoder.embed_many(queries):
                own = float(e.vector @ centroids[n])
                genuine.append(own)
                lead.append(own - max(float(e.vector @ c) for c in others))
        best, gap = [], []
        for e in encoder.embed_many([c for a in strangers for c in crops(a, length, rng, 1)]):
            chosen = np.array([centroids[m] for m in rng.choice(names, 3, replace=False)])
            ranked = np.sort(chosen @ e.vector)[::-1]
            best.append(ranked[0])
            gap.append(ranked[0] - ranked[1])
        p = np.percentile
        print(f"{length:6.1f} | {p(genuine, 1):.3f} {p(genuine, 5):.3f} {p(genuine, 50):.3f} | {p(best, 50):.3f} "
              f"{p(best, 95):.3f} {p(best, 99):.3f} | {p(lead, 5):+.3f} | {p(gap, 95):.3f}")


if __name__ == "__main__":
    main(chosen_encoder(), Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED)
