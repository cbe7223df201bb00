"""The tag bridge on ESC-10: prompts, temperature, mel bands of torchaudio and of TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
from measuring import SHARED, table

from engine.audio import files
from engine.encoders import joint, sound
from engine.encoders.models import Models
from engine.encoders.sound import BANDS, HIGH_HZ, LOW_HZ, N_FFT, RATE_HZ, YAMNetEncoder
from engine.evaluation import data, zero_shot
from engine.weights import Weights

PROMPTS = {"{label}": ["{label}"], "the sound of {label}": ["the sound of {label}"],
           "This is a sound of {label}.": ["This is a sound of {label}."],
           "five of them, averaged": ["{label}", "the sound of {label}", "a recording of {label}", "{label} can be heard",
                                      "this is the sound of {label}"]}


def tensorflow_bands() -> np.ndarray[Any, Any]:
    """Triangles that are straight on the mel scale, as TensorFlow makes them: (257, 64)."""
    def mel(hz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hz) / 700.0)

    bins, edges = mel(np.linspace(0, RATE_HZ / 2, N_FFT // 2 + 1))[:, None], np.linspace(mel(LOW_HZ), mel(HIGH_HZ), BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    weights[0] = 0
    return weights.astype(np.float32)


def main() -> None:
    models = Models(Weights(), "cpu")
    items = data.sounds(SHARED / "sounds" / "esc10")
    classes = sorted({i.label for i in items})
    text = models.text()
    names = text.embed(models.sound().classes)
    rows = []
    for bands in ("torchaudio", "TensorFlow"):
        encoder = models.sound()
        if bands == "TensorFlow":
            encoder._bands = tensorflow_bands()
        sounds = np.array([_mean(encoder, i) for i in items])
        sounds = _unit(sounds ** joint.POWER)
        for prompt, templates in PROMPTS.items():
            queries = sum(text.embed([t.format(label=c) for c in classes]) for t in templates)
            cosines = _unit(queries) @ names.T
            for temperature in (0.03, 0.05, 0.08):
                texts = _unit(np.exp((cosines - cosines.max(axis=1, keepdims=True)) / temperature))
                found = zero_shot.measures(sounds @ texts.T, [i.label for i in items], classes, 7)
                chosen = bands == "torchaudio" and prompt == zero_shot.TEMPLATE and temperature == joint.TEMPERATURE
                rows.append([bands, prompt, f"{temperature}", f"{found['top1']:.3f}", f"{found['map']:.3f}",
                             "shipped" if chosen else ""])
    print(table(["mel bands", "prompt", "temperature", "top-1", "mAP", ""], rows))
    print("\n" + table(["hop of the patches, s", "top-1", "mAP", ""], _hops(items, classes)))


def _hops(items: list[data.Labelled], classes: list[str]) -> list[list[str]]:
    """The shipped bridge with patches closer together and further apart."""
    encoder = Models(Weights(), "cpu").joint_named("bridge")
    texts = encoder.embed_texts([zero_shot.TEMPLATE.format(label=c) for c in classes])
    shipped, rows = sound.PATCH_HOP, []
    for hop in (48, 72, 96):
        sound.PATCH_HOP, sound.STEP = hop, hop * sound.HOP
        found = encoder.analyse_many([files.stream(i.path, RATE_HZ) for i in items])
        vectors = np.array([a.vectors[0] for a in found if not isinstance(a, Exception)])
        figures = zero_shot.measures(vectors @ texts.T, [i.label for i in items], classes, 7)
        rows.append([f"{hop / 100:.2f}", f"{figures['top1']:.3f}", f"{figures['map']:.3f}", "shipped" if hop == shipped else ""])
    return rows


def _mean(encoder: YAMNetEncoder, item: data.Labelled) -> np.ndarray[Any, Any]:
    import torch

    stream = encoder.patches()
    patches = [p for block in files.stream(item.path, RATE_HZ) for p in stream.push(block)]
    return encoder.run(torch.cat([*patches, *stream.finish()]))[1].mean(axis=0)


def _unit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
