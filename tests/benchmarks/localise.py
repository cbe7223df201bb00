"""Finding a sound inside a long one: windows, hops, and how often something is found that is not there.

Each ESC-10 class is put once, at a known time, into each ambience that does not hold it itself: 24 s, the sound 0, 6 or
12 dB above the ambience. hit: the middle of the best span (of the best window where there is none) lies in the sound.
found: there is a span that overlaps it. IoU: of the best span with the sound, where one was found. nothing there: spans for
the names of the nine classes that are not in it (ambiences do hold wind, water and engines of their own). full: what share
of 10 s of nothing but one ESC-10 sound is in spans for its own class, and for each other one.

    python tests/benchmarks/localise.py [encoder …]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import psutil
from measuring import SHARED, table

from engine.audio import files
from engine.encoders.models import Models
from engine.evaluation import data
from engine.library import general
from engine.library.localise import Curve, localise
from engine.weights import Weights

AMBIENCES = ("birds", "boat", "city", "coffee-shop", "rain", "storm", "summer-night", "waves", "fireplace", "wind")
HOLDS = {"rain": {"rain", "storm", "waves", "boat"}, "sea waves": {"waves", "boat", "rain", "storm", "wind"},
         "fire crackling": {"fireplace", "rain"}, "helicopter": {"wind"}, "rooster": {"birds"}}
LONG_S, LEVEL = 24, 0.03
FULL = 8
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="*", default=["compact", "bridge"])
    models = Models(Weights(), "cpu")
    rows, sizes = [], 0
    for name in parser.parse_args().encoders:
        found, sizes = measured(models.joint_named(name))
        rows += [[name, *row] for row in found]
    print(table(["encoder", "window", "hop", "query", "hit", "found", "IoU", "nothing there", "full", "full of others",
                 "× real time"], rows) + f"\n\n{sizes} mixtures, {FULL} full ones a class.")
    print("\n" + hour(models.joint_named(parser.parse_args().encoders[0])))


def measured(encoder: Any) -> tuple[list[list[str]], int]:
    """Rows of the table without the encoder's name, and how many mixtures they stand for."""
    rate_hz = encoder.spec.rate_hz or 16_000
    made, examples = mixtures(rate_hz)
    full = full_ones(rate_hz)
    names = sorted(examples)
    texts = encoder.embed_texts(names)
    background = general.sounds(encoder)
    known_texts = encoder.embed_texts(general.GENERAL_TEXTS)
    sounds = np.stack([encoder.analyse(iter([examples[n]])).vectors[0] for n in names])
    rows = []
    for window_s, hop_s in SETTINGS:
        began = time.perf_counter()
        heard = [windows_of(encoder, wave, rate_hz, window_s, hop_s) for _, _, _, wave in made]
        speed = LONG_S * len(made) / (time.perf_counter() - began)
        heard_full = [windows_of(encoder, wave, rate_hz, window_s, hop_s) for _, wave in full]
        for kind, queries in (("text", texts), ("sound", sounds)):
            def follow(query: Array, wave: Array, known: list[Any], text: bool = kind == "text",
                       window_s: float = window_s, hop_s: float = hop_s) -> Curve:
                return localise(Known(encoder, known, known_texts), iter([wave]), query[None], [1.0], [text], rate_hz,
                                sounds=background, window_s=window_s, hop_s=hop_s)

            right, wrong = [], []
            covered: dict[bool, list[float]] = {True: [], False: []}
            for (label, wave), known in zip(full, heard_full, strict=True):
                for name, query in zip(names, queries, strict=True):
                    curve = follow(query, wave, known)
                    covered[name == label].append(sum(s.end_s - s.start_s for s in curve.spans) / curve.duration_s)
            for (label, start, end, wave), known in zip(made, heard, strict=True):
                for name, query in zip(names, queries, strict=True):
                    curve = follow(query, wave, known)
                    if name == label:
                        right.append(overlap(curve, start, end))
                    else:
                        wrong.append(bool(curve.spans))
            hit, found, _ = np.mean(right, axis=0)
            rows.append([f"{window_s:g} s", f"{hop_s:g} s", kind, f"{hit:.2f}", f"{found:.2f}",
                         f"{np.mean([r[2] for r in right if r[2]]):.2f}", f"{np.mean(wrong):.2f}",
                         *(f"{np.mean(covered[own]):.2f}" for own in (True, False)), f"{speed:.0f}"])
    return rows, len(made)


def full_ones(rate_hz: int) -> list[tuple[str, Array]]:
    """(class, 10 s of one sound of it over and over), FULL of each class."""
    by_class: dict[str, list[Any]] = {}
    for item in data.sounds(SHARED / "sounds" / "esc10"):
        by_class.setdefault(item.label, []).append(item)
    return [(label, np.resize(sounding(files.read(item.path, rate_hz).samples, rate_hz), 10 * rate_hz))
            for label, items in by_class.items() for item in items[1:1 + FULL]]


def hour(encoder: Any) -> str:
    """An hour of noise with a few sounds in it, followed block by block."""
    rate_hz = encoder.spec.rate_hz or 16_000
    rng = np.random.default_rng(0)
    blocks = (rng.normal(0, 0.02, 30 * rate_hz).astype(np.float32) for _ in range(120))
    query = encoder.embed_texts(["white noise"])
    process = psutil.Process()
    used = [process.memory_info().rss]
    began = time.perf_counter()
    curve = localise(encoder, blocks, query, [1.0], [True], rate_hz,
                     lambda done_s, rate: used.append(process.memory_info().rss))
    took = time.perf_counter() - began
    return table(["an hour of sound", "windows", "× real time", "memory of the process more than before, at most, MB"],
                 [[encoder.spec.name, str(len(curve.similarities)), f"{3600 / took:.0f}", f"{(max(used) - used[0]) / 1e6:.0f}"]])


def windows_of(encoder: Any, wave: Array, rate_hz: int, window_s: float, hop_s: float) -> list[Any]:
    from engine.library.analysis import analyse_waves
    from engine.library.localise import windows

    return analyse_waves(encoder, [w for _, w in windows(iter([wave]), round(window_s * rate_hz), round(hop_s * rate_hz))])


class Known:
    """The encoder, with the general texts and what it heard in the windows of one mixture known already."""

    def __init__(self, encoder: Any, heard: list[Any], texts: Array) -> None:
        self.spec, self._heard, self._texts = encoder.spec, iter(heard), texts

    def embed_texts(self, texts: Any) -> Array:
        return self._texts

    def analyse_many(self, sounds: list[Any]) -> list[Any]:
        return [next(self._heard) for _ in sounds]


if __name__ == "__main__":
    main()
