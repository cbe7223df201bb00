"""Who of at most three people speaks, moment by moment, in windows of ten seconds: segmentation-3.0.

Source: Plaquet, Bredin 2023, arXiv 2310.13025; the net is `engine.nets.segmentation`, its weights are by pyannote (MIT). The
three are numbered anew in every window: `voices/timeline` finds out who is who.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.audio.speech import one_core
from engine.encoders import device as devices
from engine.records import FloatArray
from engine.weights import Weights

RATE_HZ = 16_000
BATCH = 16  # windows on a GPU
MOST_CORES = 4  # that one call takes; each works on windows of its own

Chances = NDArray[np.float32]


class SpeakerSegmentation:
    """The net and its seven classes. Thread-safe. On the CPU every window is one piece of work for one core, so that the numbers
    depend neither on how many cores there are nor on what goes through together."""

    rate_hz = RATE_HZ

    def __init__(self, weights: Weights, device: str = "auto") -> None:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device)."""
        import torch
        from safetensors.torch import load_file

        from engine.nets import segmentation as net

        model = net.Segmentation()
        model.load_state_dict(load_file(weights.path("segmentation")), strict=True)
        self._device, threads = devices.resolve(device), torch.get_num_threads()
        self._model = model.eval().to(self._device)
        self._cores = one_core("earmark-segmentation", min(threads, MOST_CORES))
        torch.set_num_threads(threads)

    def classes(self, waves: Sequence[FloatArray]) -> list[Chances]:
        """Probabilities of the classes in `engine.nets.segmentation.PEOPLE`, float32 (frames, 7) for each of some waves.

        waves: float32 (n,) at 16 kHz, at most ten seconds each and long enough for two frames.
        """
        return devices.in_batches(lambda size: self._all(waves, size), BATCH, self._to_cpu)

    def _all(self, waves: Sequence[FloatArray], size: int) -> list[Chances]:
        if self._device.type == "cpu":
            return list(self._cores.map(lambda wave: self._run([wave])[0], waves))
        found: list[Chances] = []
        for start in range(0, len(waves), size):
            part = waves[start:start + size]
            equal = len({len(wave) for wave in part}) == 1
            found += list(self._run(part)) if equal else [self._run([wave])[0] for wave in part]
        return found

    def _run(self, waves: Sequence[FloatArray]) -> Chances:
        import torch

        with torch.inference_mode():
            found: Chances = self._model(torch.from_numpy(np.stack(waves)).to(self._device)).exp().cpu().numpy()
        return found

    def _to_cpu(self) -> None:
        import torch

        self._device = torch.device("cpu")
        self._model.to(self._device)
