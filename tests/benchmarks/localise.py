"""Finding a sound inside a long one: windows, hops, and how often something is found that is not there.

Each ESC-10 class is put once, at a known time, into each ambience that does not hold it itself: 24 s, the sound 0, 6 or
12 dB above the ambience. hit: the middle of the best span (of the best window where there is none) lies in the sound.
found: there is a span that overlaps it. IoU: of the best span with the sound, where one was found. nothing there: spans for
the names of the nine classes that are not in it (ambiences do hold wind, water and engines of their own).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from measuring import SHARED, table

from engine.audio import files
from engine.encoders.models import Models
from engine.evaluation import data
from engine.library.localise import Curve, localise
from engine.weights import Weights

AMBIENCES = ("birds", "boat", "city", "coffee-shop", "rain", "storm", "summer-night", "waves", "fireplace", "wind")
HOLDS = {"rain": {"rain", "storm", "waves", "boat"}, "sea waves": {"waves", "boat", "rain", "storm", "wind"},
         "fire crackling": {"fireplace", "rain"}, "helicopter": {"wind"}, "rooster": {"birds"}}
LONG_S, LEVEL = 24, 0.03
SETTINGS = ((1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (3.0, 1.0))

Array = np.ndarray[Any, Any]


def level(wave: Array) -> float:
    return float(np.sqrt(np.mean(wave**2))) + 1e-6


def sounding(wave: Array, rate_hz: int) -> Array:
    """Without the quiet before and after, 5 s at most."""
    n = rate_hz // 20
    energy = np.sqrt((wave[:len(wave) // n * n].reshape(-1, n) ** 2).mean(axis=1))
    on = np.flatnonzero(energy > energy.max() / 10)
    return wave[on[0] * n:(on[-1] + 1) * n][:5 * rate_hz]


def mixtures(rate_hz: int) -> tuple[list[tuple[str, float, float, Array]], dict[str, Array]]:
    """(class, where it begins, where it ends, wave) each; and another example of each class."""
    rng = np.random.default_rng(5)
    waves: dict[str, list[Array]] = {}
    for item in data.sounds(SHARED / "sounds" / "esc10"):
        waves.setdefault(item.label, []).append(sounding(files.read(item.path, rate_hz).samples, rate_hz))
    made = []
    for name in AMBIENCES:
        ambience = np.resize(files.read(SHARED / "sounds/blanket/data/resources/sounds" / f"{name}.ogg", rate_hz).samples,
                             LONG_S * rate_hz)
        for label, some in waves.items():
            if name in HOLDS.get(label, ()):
                continue
            sound = some[int(rng.integers(1, len(some)))]
            mixed = ambience / level(ambience) * LEVEL
            at = int(rng.integers(0, len(mixed) - len(sound)))
            mixed[at:at + len(sound)] += sound / level(sound) * LEVEL * 10 ** (int(rng.choice([0, 6, 12])) / 20)
            made.append((label, at / rate_hz, (at + len(sound)) / rate_hz, mixed.astype(np.float32)))
    return made, {label: some[0] for label, some in waves.items()}


def overlap(curve: Curve, start: float, end: float) -> tuple[bool, bool, float]:
    """hit, found, IoU of the best span."""
    spans = sorted(curve.spans, key=lambda s: -s.similarity)
    at = int(np.argmax(curve.similarities))
    middle = (spans[0].start_s + spans[0].end_s) / 2 if spans else (curve.starts_s[at] + curve.ends_s[at]) / 2
    common = [max(0.0, min(s.end_s, end) - max(s.start_s, start)) for s in spans]
    iou = common[0] / (spans[0].end_s - spans[0].start_s + end - start - common[0]) if spans else 0.0
    return start <= middle <= end, any(common), iou


def main() -> None:
    encoder = Models(Weights(), "cpu").joint()
    rate_hz = encoder.spec.rate_hz or 16_000
    made, examples = mixtures(rate_hz)
    names = sorted(examples)
    texts = encoder.embed_texts(names)
    sounds = np.stack([encoder.analyse(iter([examples[n]])).vectors[0] for n in names])
    rows = []
    for window_s, hop_s in SETTINGS:
        began = time.perf_counter()
        heard = [windows_of(encoder, wave, rate_hz, window_s, hop_s) for _, _, _, wave in made]
        speed = LONG_S * len(made) / (time.perf_counter() - began)
        for kind, queries in (("text", texts), ("sound", sounds)):
            right, wrong = [], []
            for (label, start, end, wave), known in zip(made, heard, strict=True):
                for name, query in zip(names, queries, strict=True):
                    curve = localise(Known(encoder, known), iter([wave]), query[None], [1.0], [kind == "text"], rate_hz,
                                     window_s=window_s, hop_s=hop_s)
                    if name == label:
                        right.append(overlap(curve, start, end))
                    else:
                        wrong.append(bool(curve.spans))
            hit, found, _ = np.mean(right, axis=0)
            rows.append([f"{window_s:g} s", f"{hop_s:g} s", kind, f"{hit:.2f}", f"{found:.2f}",
                         f"{np.mean([r[2] for r in right if r[2]]):.2f}", f"{np.mean(wrong):.2f}", f"{speed:.0f}"])
    print(table(["window", "hop", "query", "hit", "found", "IoU", "nothing there", "× real time"], rows)
          + f"\n\n{len(made)} mixtures; encoder: {encoder.spec.name}.")


def windows_of(encoder: Any, wave: Array, rate_hz: int, window_s: float, hop_s: float) -> list[Any]:
    from engine.library.analysis import analyse_waves
    from engine.library.localise import windows

    return analyse_waves(encoder, [w for _, w in windows(iter([wave]), round(window_s * rate_hz), round(hop_s * rate_hz))])


class Known:
    """The encoder, with what it heard in the windows of one mixture known already."""

    def __init__(self, encoder: Any, heard: list[Any]) -> None:
        self.spec, self.embed_texts, self._heard = encoder.spec, encoder.embed_texts, iter(heard)

    def analyse_many(self, sounds: list[Any]) -> list[Any]:
        return [next(self._heard) for _ in sounds]


if __name__ == "__main__":
    main()
