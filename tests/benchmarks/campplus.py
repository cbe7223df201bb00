"""CAM++: what runs it fastest, and how long and short stretches are best taken.

    python tests/benchmarks/campplus.py [speed|stretches] [shared data folder]

speed: one window and batches of 1.5, 2, 3 and 10 s through torch eager, torch traced and frozen, and onnxruntime (the graph of
`engine.nets.campplus_onnx`), on one core and with windows dealt to two; GE2E beside it. stretches: equal error rate of crops,
repeated to some length or not, and how far apart one and two people lie for joined readings of 22 s through a line, cut in ways.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import SHARED, in_child, machine, table, timed
from safetensors.torch import load_file

from engine.audio import files
from engine.audio.speech import one_core
from engine.encoders import stretches as cutting
from engine.encoders.campplus import FRONT_END, RATE_HZ, CAMPlusPlusEncoder
from engine.encoders.voice import GE2EEncoder
from engine.metrics import verification
from engine.nets import campplus as net
from engine.nets.campplus_onnx import OnnxCAMPlusPlus
from engine.records import Audio, FloatArray
from engine.training.voice.styles import through_a_line
from engine.weights import Weights

WINDOWS_S = (1.5, 2.0, 3.0, 10.0)
BATCH = 8
REPEAT = 10
CROPS_S = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
FILLED_S = (0.1, 1.0, 2.0)  # to which a shorter crop is repeated
JOINED_S = 22

Run = Callable[[FloatArray], FloatArray]


def runtimes() -> dict[str, Run]:
    model = net.CAMPlusPlus()
    model.load_state_dict(net.renamed(load_file(Weights().path("campplus"))), strict=True)
    model.eval()
    graph = OnnxCAMPlusPlus({name: value.numpy() for name, value in model.state_dict().items()})
    traced: dict[tuple[int, ...], Any] = {}

    def frozen(bands: FloatArray) -> FloatArray:
        if bands.shape not in traced:  # traced code holds for one length
            traced[bands.shape] = torch.jit.freeze(torch.jit.trace(model, torch.from_numpy(bands)))
        return np.asarray(traced[bands.shape](torch.from_numpy(bands)).numpy())

    return {"torch eager": lambda bands: np.asarray(model(torch.from_numpy(bands)).numpy()), "torch frozen": frozen,
            "onnxruntime": graph}


def speed() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rows = []
    with torch.inference_mode():
        runs, ge2e, rng = runtimes(), GE2EEncoder(Weights(), "cpu"), np.random.default_rng(0)
        for seconds in WINDOWS_S:
            noise = rng.normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)
            rows += _of_length(seconds, Audio(noise, RATE_HZ), runs, ge2e)
    print(machine())
    print(table(["window", "run by", "ms, one core", "× real time", f"batch of {BATCH}", f"{BATCH} dealt to two cores",
                 "off from eager"], rows))


def _of_length(seconds: float, audio: Audio, runs: dict[str, Run], ge2e: GE2EEncoder) -> list[list[str]]:
    one = FRONT_END.of(audio.samples)[None]
    several, expected = np.concatenate([one] * BATCH), runs["torch eager"](one)
    took = timed(lambda: FRONT_END.of(audio.samples), REPEAT)
    rows = [[f"{seconds:g} s", "mel bands", f"{took * 1e3:.1f}", f"{seconds / took:.0f}", "–", "–", "–"]]

    def inferred(run: Run, bands: FloatArray) -> FloatArray:
        with torch.inference_mode():  # is of each thread by itself
            return run(bands)

    for name, run in runs.items():
        for _ in range(3):
            found = run(one)
        cores = one_core("benchmark", 2)
        alone, together, dealt = (timed(work, times) for work, times in (
            (partial(run, one), REPEAT), (partial(run, several), 3),
            (lambda run=run, cores=cores: list(cores.map(lambda row: inferred(run, row[None]), several)), 3)))
        cores.shutdown()
        rows.append([f"{seconds:g} s", name, f"{alone * 1e3:.1f}", f"{seconds / alone:.0f}",
                     f"{BATCH * seconds / together:.0f}", f"{BATCH * seconds / dealt:.0f}",
                     f"{np.abs(found - expected).max():.0e}"])
    alone, together = timed(lambda: ge2e.embed(audio), REPEAT), timed(lambda: ge2e.embed_many([audio] * BATCH), 3)
    return [*rows, [f"{seconds:g} s", "GE2E with its bands", f"{alone * 1e3:.1f}", f"{seconds / alone:.0f}",
                    f"{BATCH * seconds / together:.0f}", "–", "–"]]


def stretches(shared: Path) -> None:
    encoder = CAMPlusPlusEncoder(Weights(), "cpu")
    readings = sorted((shared / "speech" / "librispeech-10x10").glob("*/*.flac"))
    waves, who = [files.read(path, RATE_HZ).samples for path in readings], np.array([path.parent.name for path in readings])
    rng = np.random.default_rng(3)
    rows = []
    for seconds in CROPS_S:
        starts = [int(rng.integers(0, len(wave) - round(seconds * RATE_HZ) + 1)) for wave in waves]
        crops = [wave[start:start + round(seconds * RATE_HZ)] for wave, start in zip(waves, starts, strict=True)]
        rates = [_eer(_embedded(encoder, [[cutting.filled(crop, round(least * RATE_HZ))] for crop in crops]), who)
                 for least in FILLED_S]
        rows.append([f"{seconds:g} s", *(f"{rate * 100:.2f}" for rate in rates)])
    print(table(["EER in % of crops of", *(f"repeated to {least:g} s" for least in FILLED_S)], rows))
    joined, owner = [], []
    for name in sorted(set(who)):
        whole = np.concatenate([wave for wave, own in zip(waves, who, strict=True) if own == name])
        for start in range(0, len(whole) - JOINED_S * RATE_HZ, JOINED_S * RATE_HZ):
            joined.append(through_a_line(whole[start:start + JOINED_S * RATE_HZ], rng))
            owner.append(name)
    ways: dict[str, Callable[[FloatArray], list[FloatArray]]] = {
        "whole": lambda wave: [wave], "10 s, half over each other": lambda wave: cutting.windows(wave, 10 * RATE_HZ)}
    for seconds in (12, 10, 6, 4, 3):
        ways[f"equal parts of at most {seconds} s"] = lambda wave, most=seconds * RATE_HZ: cutting.parts(wave, most)
    rows = []
    for name, way in ways.items():
        cut = [way(wave) for wave in joined]
        vectors = _embedded(encoder, cut)
        same, other = _cosines(vectors, np.array(owner))
        apart = (same.mean() - other.mean()) / np.sqrt((same.var() + other.var()) / 2)
        rows.append([name, f"{sum(map(len, (part for own in cut for part in own))) / sum(map(len, joined)):.2f}",
                     f"{same.mean():.3f}", f"{other.mean():.3f}", f"{apart:.2f}"])
    print()
    print(table([f"{len(joined)} joined readings of {JOINED_S} s", "speech embedded", "one person", "two", "apart (d′)"], rows))


def _embedded(encoder: CAMPlusPlusEncoder, cut: list[list[FloatArray]]) -> FloatArray:
    return np.array([one.vector for one in cutting.embedded(cut, lambda equal: encoder._net(equal, 1))])


def _cosines(vectors: FloatArray, who: np.ndarray) -> tuple[FloatArray, FloatArray]:
    first, second = np.triu_indices(len(vectors), 1)
    found, same = (vectors @ vectors.T)[first, second], who[first] == who[second]
    return found[same], found[~same]


def _eer(vectors: FloatArray, who: np.ndarray) -> float:
    return verification.eer(*_cosines(vectors, who))[0]


if __name__ == "__main__":
    which = sys.argv[1] if len(sys.argv) > 1 else ""
    if which == "speed":
        speed()
    elif which == "stretches":
        stretches(Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED)
    else:
        print(in_child("campplus.py", "speed"), in_child("campplus.py", "stretches"), sep="\n\n")
