"""Back-ends against each other on every set of voices: `evaluate speakers` with the cohort's other half as strangers.

    python tests/benchmarks/backends.py [--encoder NAME] [set…]

Then what training and asking cost with 1,000 voices of 10 samples. Constants were chosen on the training half of the cohort
and vctk-4; the statistics know nobody who is asked about here except vctk-4, which helped to set the thresholds.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence

import numpy as np
from measuring import SHARED, chosen_encoder, median, percentile, table

from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.evaluation import speakers
from engine.records import Audio, Embedding
from engine.voices.backends import Enrolled, all_backends
from engine.voices.choice import choose
from engine.voices.cohort import shipped

SETS = ("librispeech-10x10", "asterisk-8k", "vctk-4")
VOICES, SAMPLES = 1000, 10
ASKED = 200
SLOW = ("logistic", "svm")  # not offered in the settings, for this reason; timed with a tenth of the voices


class Remembering:
    """An encoder that embeds the same stretch once: the strangers are the same for every set."""

    def __init__(self, encoder: VoiceEncoder) -> None:
        self._encoder, self.spec = encoder, encoder.spec
        self._known: dict[bytes, Embedding] = {}

    def embed(self, audio: Audio) -> Embedding:
        return self.embed_many([audio])[0]

    def embed_many(self, audios: Sequence[Audio]) -> list[Embedding]:
        keys = [hashlib.sha256(np.ascontiguousarray(a.samples).tobytes()).digest() for a in audios]
        new = {k: a for k, a in zip(keys, audios, strict=True) if k not in self._known}
        self._known.update(zip(new, self._encoder.embed_many(list(new.values())), strict=True))
        return [self._known[k] for k in keys]


def quality(names: Sequence[str], chosen: VoiceEncoder) -> None:
    encoder = Remembering(chosen)
    for name in names:
        found = speakers.evaluate(SHARED / "speech" / name, encoder, strangers=SHARED / "speech" / "librispeech-cohort",
                                  detector=SpeechDetector())
        about = found["open_set_lists"]
        print(f"**{name}**: {found['speakers']} speakers; verification EER {found['eer']:.4f}, with s-norm "
              f"{found['s_norm']['eer']:.4f}; {about['enroll']} utterances enrolled in the open set, "
              f"{about['strangers']} strangers, {about['stranger_crops']['3 s']} stretches of each length\n")
        closed = {(r["backend"], r["enroll"]): r["top1"] for r in found["identification"]}
        counts = sorted({r["enroll"] for r in found["identification"]})
        rows = []
        for backend in all_backends():
            for row in (r for r in found["open_set"] if r["backend"] == backend.title):
                first = row["length_s"] == 1.5
                named = [f"{closed[backend.title, c]:.4f}" if first else "" for c in counts]
                rows.append([backend.title if first else "", *named,
                             "whole" if row["length_s"] is None else f"{row['length_s']:g} s", f"{row['right']:.4f}",
                             f"{row['wrong']:.4f}", f"{row['false_accept']:.4f}", f"{row['far_at_frr_01']:.4f}",
                             f"{row['far_at_frr_05']:.4f}", f"{row['eer']:.4f}", f"{row['cllr']:.3f}"])
        print(table(["back-end", *(f"closed set, {c} enrolled" for c in counts), "query", "right", "wrong", "false accepts",
                     "FAR at FRR 0.01", "at 0.05", "EER", "Cllr"], rows) + "\n")


def cost(encoder: VoiceEncoder) -> None:
    cohort = shipped(encoder.spec)
    assert cohort is not None
    rng = np.random.default_rng(0)
    background = cohort.background
    inner = np.linalg.cholesky(background.within)
    centres = background.mean + rng.normal(size=(VOICES, len(background.mean))) @ np.linalg.cholesky(background.between).T
    vectors = centres[:, None] + rng.normal(size=(VOICES, SAMPLES, len(background.mean))) @ inner.T
    vectors = (vectors / np.linalg.norm(vectors, axis=2, keepdims=True)).astype(np.float32)
    rows = []
    for backend in all_backends():
        count = VOICES // 10 if backend.name in SLOW else VOICES
        enrolled = Enrolled(vectors[:count].reshape(-1, vectors.shape[2]), np.repeat(np.arange(count), SAMPLES), count)
        method = choose(backend.name, cohort)
        began = time.perf_counter()
        fitted = method.backend.fit(enrolled, method.background)
        trained = time.perf_counter() - began
        asked = []
        for query in vectors[:ASKED, 0]:
            began = time.perf_counter()
            fitted.similarities(query[None])
            asked.append((time.perf_counter() - began) * 1000)
        rows.append([backend.title, str(count), f"{trained:.2f}", f"{median(asked):.2f}", f"{percentile(asked, 0.95):.2f}"])
    print(table(["back-end", f"voices × {SAMPLES} samples", "training s", "one query, median ms", "p95 ms"], rows))


if __name__ == "__main__":
    model = chosen_encoder()
    quality([name for name in sys.argv[1:] if name != "cost"] if sys.argv[1:] else SETS, model)
    if not sys.argv[1:] or "cost" in sys.argv[1:]:
        cost(model)
