"""How speech shorter than one partial (1.6 s) is filled: with silence, or by repeating it.

    python tests/benchmarks/short_speech.py [shared data folder]

Every fourth speaker of the cohort: enrolled on the first 60 % of the speech, asked with three crops of the rest.
Strangers are compared with three random voices, the best of which counts. Nothing of librispeech-10x10 is looked at.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.audio import files
from engine.audio.speech import SpeechDetector
from engine.encoders.voice import PARTIAL, RATE_HZ, GE2EEncoder
from engine.records import Audio
from engine.voices.identification import centroid
from engine.voices.takes import net_speech, sample_parts
from engine.weights import Weights

THRESHOLD = 0.75


def main(shared: Path) -> None:
    rng = np.random.default_rng(0)
    encoder, detector = GE2EEncoder(Weights()), SpeechDetector()
    speech = []
    for path in sorted((shared / "speech" / "librispeech-cohort").glob("*.ogg"))[::4]:
        audio = files.read(path, RATE_HZ)
        net = net_speech(audio, detector.spans(audio)).samples
        if len(net) > 9 * RATE_HZ:
            speech.append(net)
    cuts = [int(len(net) * 0.6) for net in speech]
    centroids = np.array([centroid(np.array([e.vector for e in encoder.embed_many(
        sample_parts(Audio(net[:cut], RATE_HZ)))])) for net, cut in zip(speech, cuts, strict=True)])
    own = np.repeat(np.arange(len(speech)), 3)
    fills = {"silence": lambda w: np.pad(w, (0, PARTIAL - len(w))), "repeat": lambda w: np.resize(w, PARTIAL)}
    print(f"{len(speech)} speakers\nlength | fill    | genuine p5 p50 | stranger p50 p99 | named right | stranger named")
    for length_s in (1.0, 1.25, 1.5):
        size = int(length_s * RATE_HZ)
        begins = [int(rng.integers(cuts[who], len(speech[who]) - size)) for who in own]
        others = [rng.choice(np.delete(np.arange(len(speech)), who), (4, 3), replace=False) for who in own]
        for name, fill in fills.items():
            crops = [Audio(fill(speech[who][at:at + size]), RATE_HZ) for who, at in zip(own, begins, strict=True)]
            similarity = np.array([e.vector for e in encoder.embed_many(crops)]) @ centroids.T
            genuine = similarity[np.arange(len(own)), own]
            best = np.concatenate([similarity[row][picked].max(axis=1) for row, picked in enumerate(others)])
            p = np.percentile
            print(f"{length_s:6.2f} | {name:7} | {p(genuine, 5):.3f} {p(genuine, 50):.3f}    | {p(best, 50):.3f} "
                  f"{p(best, 99):.3f}      | {(genuine >= THRESHOLD).mean():.3f}       | {(best >= THRESHOLD).mean():.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "shared" / "data")
