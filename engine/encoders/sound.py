"""The default sound encoder: YAMNet (1024-d embedding and 521 AudioSet tag probabilities a patch).

On the CPU the net runs through onnxruntime, a batch a core; on a GPU in torch.
Front end: Google's YAMNet parameters; HTK mel bands as torchaudio makes them (TensorFlow's give the same figures on
ESC-10, printed by tests/benchmarks/bridge.py).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from engine.encoders import device as devices
from engine.errors import ShapeError
from engine.records import Audio, EncoderSpec, FloatArray, Tag
from engine.weights import Weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Net = Callable[["Tensor"], tuple[FloatArray, FloatArray]]
"""Patches (n, 96, 64) → embeddings (n, 1024) and tag probabilities (n, 521)."""

DIM = 1024
RATE_HZ = 16_000
FRAME = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
N_FFT = 512
BANDS, LOW_HZ, HIGH_HZ = 64, 125.0, 7_500.0
LOG_OFFSET = 0.001
PATCH_FRAMES, PATCH_HOP = 96, 72  # frames: 0.96 s and 0.72 s (Google: 0.48 s; see tests/benchmarks/bridge.py)
PATCH = FRAME + (PATCH_FRAMES - 1) * HOP  # samples that one patch looks at: 0.975 s
STEP = PATCH_HOP * HOP  # samples between patches
TAIL_FRAMES = 10  # a rest of at least 0.1 s gets a last patch that ends with the sound
BATCH = 16  # patches; chosen by tests/benchmarks/joint_speed.py
_FRAMES_AT_ONCE = 128  # frames whose spectra are made together: they stay in the cache
_ROWS_AT_ONCE = 15  # of them in one matrix product: OpenBLAS stays on one core up to 262,144 multiplications


def spec(weights: Weights) -> EncoderSpec:
    """The spec of this encoder, without loading it."""
    info = weights.info("yamnet")
    return EncoderSpec(info.title, info.version, weights.sha256("yamnet"), "sound", DIM, RATE_HZ)


def class_names(weights: Weights) -> tuple[str, ...]:
    """The display names of the 521 classes, in the order of the logits."""
    with weights.path("yamnet", "yamnet_class_map.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row["display_name"] for row in csv.DictReader(file))


class YAMNetEncoder:
    """Sound → patches → embeddings and tag probabilities. Thread-safe: it keeps no state between calls."""

    def __init__(self, weights: Weights, device: str = "auto", batch: int = BATCH) -> None:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device)."""
        import torch
        import torchaudio

        self.spec = spec(weights)
        self.classes = class_names(weights)
        self.batch = batch
        self.device = devices.resolve(device)
        self._weights = weights
        self._net = self._on(self.device)
        self._window = torch.hann_window(FRAME).numpy()
        self._bands = torchaudio.functional.melscale_fbanks(
            N_FFT // 2 + 1, LOW_HZ, HIGH_HZ, BANDS, RATE_HZ, None, "htk").numpy()

    @property
    def parallel(self) -> int:
        """How many batches may run at once: as many as torch would take cores, or one on a GPU."""
        import torch

        return torch.get_num_threads() if self.device.type == "cpu" else 1

    def log_mel(self, wave: FloatArray) -> Tensor:
        """wave: float32 (n,) at 16 kHz, n ≥ 400. Returns (frames, 64): log(magnitude mel + 0.001), no centring.

        On one core: while this goes on, the others run the net.
        """
        import torch

        frames = np.lib.stride_tricks.sliding_window_view(np.asarray(wave, np.float32), FRAME)[::HOP]
        bands = np.empty((len(frames), BANDS), np.float32)
        for start in range(0, len(frames), _FRAMES_AT_ONCE):
            end = min(start + _FRAMES_AT_ONCE, len(frames))
            magnitude = np.abs(np.fft.rfft(frames[start:end] * self._window, n=N_FFT))  # (frames, 257)
            for row in range(start, end, _ROWS_AT_ONCE):
                last = min(row + _ROWS_AT_ONCE, end)
                np.matmul(magnitude[row - start:last - start], self._bands, out=bands[row:last])
        bands += np.float32(LOG_OFFSET)
        return torch.from_numpy(np.log(bands, out=bands))

    def patches(self) -> PatchStream:
        """A new cutter of sound into patches."""
        return PatchStream(self)

    def run(self, patches: Tensor) -> tuple[FloatArray, FloatArray]:
        """patches: (n, 96, 64). Returns embeddings float32 (n, 1024) and tag probabilities float32 (n, 521)."""
        return devices.in_batches(lambda size: self._forward(patches, size), self.batch, self._to_cpu)

    def heard(self, audio: Audio, count: int = 3) -> tuple[Tag, ...]:
        """The most probable classes over a short stretch of sound. Raises ShapeError where there is none."""
        wave = audio.samples
        if audio.rate_hz != RATE_HZ:
            from engine.audio.resample import resample

            wave = resample(wave, audio.rate_hz, RATE_HZ)
        stream = self.patches()
        import torch

        patches = torch.cat([*stream.push(wave), *stream.finish()])
        return self.tags(self.run(patches)[1].mean(axis=0), count)

    def tags(self, probabilities: FloatArray, count: int) -> tuple[Tag, ...]:
        """The `count` most probable of float32 (521,), most probable first."""
        order = np.argsort(-probabilities, kind="stable")[:count]
        return tuple(Tag(self.classes[i], float(probabilities[i])) for i in order)

    def _forward(self, patches: Tensor, size: int) -> tuple[FloatArray, FloatArray]:
        import torch

        parts = torch.split(patches, size)
        if len(parts) == 1:
            return self._net(patches)
        with ThreadPoolExecutor(self.parallel) as pool:
            results = list(pool.map(self._net, parts))
        embeddings, probabilities = zip(*results, strict=True)
        return np.concatenate(embeddings), np.concatenate(probabilities)

    def _on(self, device: torch.device) -> Net:
        if device.type == "cpu":
            from safetensors.numpy import load_file

            from engine.nets.yamnet_onnx import OnnxYAMNet

            run = OnnxYAMNet(load_file(self._weights.path("yamnet")))
            return lambda patches: run(patches.numpy())
        return on_torch(self._weights, device)

    def _to_cpu(self) -> None:
        import torch

        cpu = torch.device("cpu")
        self._net, self.device = self._on(cpu), cpu


def on_torch(weights: Weights, device: torch.device) -> Net:
    """The net in torch on any device, as a GPU runs it. Raises WeightsMissing, WeightsCorrupt."""
    import torch
    from safetensors.torch import load_file

    from engine.nets import yamnet as net

    model = net.YAMNet()
    model.load_state_dict(load_file(weights.path("yamnet")), strict=True)
    model = model.eval().to(device, memory_format=torch.channels_last)

    def run(patches: Tensor) -> tuple[FloatArray, FloatArray]:
        with torch.inference_mode():
            embeddings, logits = model(patches[:, None].to(device, memory_format=torch.channels_last))
            return embeddings.cpu().numpy(), torch.sigmoid(logits).cpu().numpy()

    return run


class PatchStream:
    """Cuts consecutive blocks of one sound into patches, the same ones whatever the blocks' sizes.

    A sound shorter than a patch is repeated until it fills one (measured against silence by
    tests/benchmarks/short_sounds.py). The rest after the last whole step gets a patch that ends with the sound.
    """

    def __init__(self, encoder: YAMNetEncoder) -> None:
        self._encoder = encoder
        self._kept = np.zeros(0, np.float32)  # the end of what was heard so far
        self._skip = 0  # samples of _kept that lie before the next patch
        self.samples = 0

    def push(self, block: FloatArray) -> Iterator[Tensor]:
        """block: float32 (n,) at 16 kHz. Yields tensors (m, 96, 64). Raises ShapeError for NaN and infinity."""
        block = np.asarray(block, np.float32)
        if not np.isfinite(block).all():
            raise ShapeError("The sound holds values that are no numbers (NaN or infinity).")
        self.samples += len(block)
        self._kept = np.concatenate([self._kept, block])
        whole = (len(self._kept) - self._skip - PATCH) // STEP + 1
        if whole <= 0:
            return
        start, end = self._skip, self._skip + (whole - 1) * STEP + PATCH
        frames = self._encoder.log_mel(self._kept[start:end])
        yield frames.unfold(0, PATCH_FRAMES, PATCH_HOP).transpose(1, 2)  # (m, 96, 64)
        following = start + whole * STEP
        cut = max(0, len(self._kept) - PATCH - STEP)  # enough is kept for a patch that ends with the sound
        cut = min(cut, following)
        self._kept = self._kept[cut:]
        self._skip = following - cut

    def finish(self) -> Iterator[Tensor]:
        """Yields the last patch, if one is due. Raises ShapeError when the sound was empty."""
        if not self.samples:
            raise ShapeError("There is no sound in it.")
        if self.samples < PATCH:
            filled = np.resize(self._kept, PATCH)
            yield self._encoder.log_mel(filled)[None, :PATCH_FRAMES]
        elif len(self._kept) - self._skip - (PATCH - STEP) >= TAIL_FRAMES * HOP:
            yield self._encoder.log_mel(self._kept[-PATCH:])[None, :PATCH_FRAMES]
