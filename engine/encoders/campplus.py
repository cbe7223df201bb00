"""A voice encoder of the program: CAM++ (192-d), through onnxruntime on the CPU and torch on a GPU.

Front end: Kaldi's mel bands as 3D-Speaker makes them, of waves in [-1, 1], the mean of each band over the window taken away.
Source of the net: Wang et al. 2023, arXiv 2303.00332. The constants below are measured by tests/benchmarks/campplus.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.audio.speech import one_core
from engine.encoders import device as devices
from engine.encoders.fbank import FrontEnd
from engine.encoders.stretches import embedded, filled, parts
from engine.encoders.voice import QUIET_DBFS, prepared
from engine.records import Audio, Embedding, EncoderSpec, FloatArray
from engine.weights import Weights

if TYPE_CHECKING:
    import torch

DIM = 192
RATE_HZ = 16_000
WINDOW_S = 10.0  # a longer stretch is cut
SHORTEST_S = 1.0  # a shorter one is repeated
BATCH = 32  # windows on a GPU
MOST_CORES = 4  # that one call takes; each works on windows of its own
FRONT_END = FrontEnd(RATE_HZ, 80, "povey", 1.0, True)

Net = Callable[[list[FloatArray], int], FloatArray]
"""Windows of equal length, float32 (n,) each, and how many at once → float32 (windows, 192)."""


def spec(weights: Weights) -> EncoderSpec:
    """The spec of this encoder, without loading it. Its hash covers the weights and the front end."""
    info = weights.info("campplus")
    shaping = (weights.sha256("campplus"), FRONT_END, WINDOW_S, SHORTEST_S, QUIET_DBFS, "equal parts", "repeat short")
    return EncoderSpec(info.title, info.version, hashlib.sha256(repr(shaping).encode()).hexdigest(), "voice", DIM, RATE_HZ)


class CAMPlusPlusEncoder:
    """VoiceEncoder over CAM++. Thread-safe. On the CPU every window is one piece of work for one core, so that the numbers
    depend neither on how many cores there are nor on what goes through together."""

    def __init__(self, weights: Weights, device: str = "auto") -> None:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device)."""
        import torch
        from safetensors.torch import load_file

        from engine.nets import campplus as net

        self.spec = spec(weights)
        model = net.CAMPlusPlus()
        model.load_state_dict(net.renamed(load_file(weights.path("campplus"))), strict=True)
        self._model = model.eval()
        chosen, threads = devices.resolve(device), torch.get_num_threads()
        self._cores = one_core("earmark-campplus", min(threads, MOST_CORES))
        torch.set_num_threads(threads)
        self._net: Net = self._on_cpu() if chosen.type == "cpu" else self._on_gpu(chosen)

    def embed(self, audio: Audio) -> Embedding:
        """See VoiceEncoder."""
        return self.embed_many([audio])[0]

    def embed_many(self, audios: Sequence[Audio]) -> list[Embedding]:
        """See VoiceEncoder. A stretch longer than 10 s is cut into equal parts; the vector is their unit mean."""
        cut = [parts(filled(prepared(audio), round(SHORTEST_S * RATE_HZ)), round(WINDOW_S * RATE_HZ)) for audio in audios]
        return embedded(cut, lambda equal: devices.in_batches(lambda size: self._net(equal, size), BATCH, self._to_cpu))

    def _on_cpu(self) -> Net:
        from engine.nets.campplus_onnx import OnnxCAMPlusPlus

        run = OnnxCAMPlusPlus({name: value.numpy() for name, value in self._model.cpu().state_dict().items()})
        return lambda equal, _: np.concatenate(list(self._cores.map(lambda wave: run(FRONT_END.of(wave)[None]), equal)))

    def _on_gpu(self, device: torch.device) -> Net:
        import torch

        self._model.to(device)

        def run(equal: list[FloatArray], size: int) -> FloatArray:
            bands = torch.from_numpy(np.stack(list(self._cores.map(FRONT_END.of, equal))))  # (windows, frames, 80)
            with torch.inference_mode():
                rows: FloatArray = torch.cat([self._model(part.to(device)).cpu() for part in torch.split(bands, size)]).numpy()
            return rows

        return run

    def _to_cpu(self) -> None:
        self._net = self._on_cpu()
