"""How a sound shorter than one patch (0.975 s) is filled: repeated, or with silence behind it.

ESC-10, each sound cut to its loudest stretch of the given length; top-1 and mAP of the shipped bridge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from measuring import SHARED, table

from engine.audio import files
from engine.encoders.models import Models
from engine.encoders.sound import PATCH, RATE_HZ
from engine.evaluation import data, zero_shot
from engine.weights import Weights


def loudest(wave: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    energy = np.cumsum(np.concatenate([[0.0], np.square(wave, dtype=np.float64)]))
    start = int(np.argmax(energy[size:] - energy[:-size])) if len(wave) > size else 0
    return wave[start:start + size]


def main() -> None:
    encoder = Models(Weights(), "cpu").joint()
    items = data.sounds(SHARED / "sounds" / "esc10")
    classes = sorted({i.label for i in items})
    texts = encoder.embed_texts([zero_shot.TEMPLATE.format(label=c) for c in classes])
    waves = [files.read(i.path, RATE_HZ).samples for i in items]
    rows = []
    for seconds in (0.05, 0.1, 0.2, 0.4, 0.8):
        for name, fill in (("repeated", lambda w: np.resize(w, PATCH)), ("silence", lambda w: np.pad(w, (0, PATCH - len(w))))):
            cut = [fill(loudest(w, int(seconds * RATE_HZ))).astype(np.float32) for w in waves]
            vectors = np.array([a.vectors[0] for a in encoder.analyse_many([iter([w]) for w in cut])
                                if not isinstance(a, Exception)])
            found = zero_shot.measures(vectors @ texts.T, [i.label for i in items], classes, 7)
            rows.append([f"{seconds:g} s", name, f"{found['top1']:.3f}", f"{found['map']:.3f}"])
    print(table(["length", "filled with", "top-1", "mAP"], rows))


if __name__ == "__main__":
    main()
