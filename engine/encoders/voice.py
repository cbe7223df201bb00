"""A voice encoder of the program: GE2E d-vectors (256-d) in torch and torchaudio.

Front end and constants: Resemblyzer 0.1.4 as described by its authors; Wan et al. 2018, arXiv 1710.10467.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from engine.audio.speech import one_core
from engine.encoders import device as devices
from engine.errors import ShapeError
from engine.records import Audio, Embedding, EncoderSpec, FloatArray
from engine.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

DIM = 256
RATE_HZ = 16_000
N_FFT = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
PARTIAL_FRAMES = 160  # frames: 1.6 s
PARTIAL = PARTIAL_FRAMES * HOP  # samples; a shorter stretch is repeated until it fills one
PARTIAL_RATE = 1.3  # partials a second
MIN_COVERAGE = 0.75  # a last partial is kept when this much of it is sound
QUIET_DBFS = -30.0  # quieter speech is raised to this level
BATCH = 64  # partials; chosen by tests/benchmarks/voice_encoder.py


def spec(weights: Weights) -> EncoderSpec:
    """The spec of this encoder, without loading it. Its hash covers the weights and the front end."""
    info = weights.info("ge2e")
    front_end = (weights.sha256("ge2e"), N_FFT, HOP, PARTIAL_FRAMES, PARTIAL_RATE, MIN_COVERAGE, QUIET_DBFS, "repeat short")
    return EncoderSpec(info.title, info.version, hashlib.sha256(repr(front_end).encode()).hexdigest(), "voice", DIM, RATE_HZ)


class GE2EEncoder:
    """VoiceEncoder over GE2E. Thread-safe: one thread of its own does the work."""

    def __init__(self, weights: Weights, device: str = "auto", batch: int = BATCH) -> None:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device)."""
        import torch
        import torchaudio
        from safetensors.torch import load_file

        from engine.nets import ge2e as net

        self.spec = spec(weights)
        self._batch = batch
        self._device = devices.resolve(device)
        model = net.GE2E()
        model.load_state_dict(load_file(weights.path("ge2e")), strict=True)
        self._net = model.eval().to(self._device)
        self._mel = torchaudio.transforms.MelSpectrogram(
            RATE_HZ, n_fft=N_FFT, hop_length=HOP, n_mels=net.BANDS, power=2.0, norm="slaney", mel_scale="slaney",
            pad_mode="constant")
        self._no_grad = torch.inference_mode
        threads = torch.get_num_threads()
        # the LSTM's steps are too small for two cores, which wait for each other asleep (OMP_WAIT_POLICY in main.py)
        self._worker, self._second = one_core("earmark-voice"), one_core("earmark-voice-2")
        torch.set_num_threads(threads)

    def embed(self, audio: Audio) -> Embedding:
        """See VoiceEncoder."""
        return self.embed_many([audio])[0]

    def embed_many(self, audios: Sequence[Audio]) -> list[Embedding]:
        """See VoiceEncoder. The vector is the unit-norm mean of the unit vectors of the 1.6 s partials."""
        return self._worker.submit(self._embedded, list(audios)).result() if audios else []

    def _embedded(self, audios: list[Audio]) -> list[Embedding]:
        import torch

        with self._no_grad():
            partials = [self._partials(audio) for audio in audios]
            frames = torch.cat(partials)  # (all partials, 160, 40)
            raw = devices.in_batches(lambda size: self._forward(frames, size), self._batch, self._to_cpu)
        result = []
        for rows in torch.split(raw, [len(p) for p in partials]):
            norms = rows.norm(dim=1, keepdim=True)
            if not bool((norms > 1e-6).all()):
                raise ShapeError("The net gave a vector of length zero; this stretch cannot be embedded.")
            mean = (rows / norms).mean(dim=0)
            vector = (mean / mean.norm()).numpy()
            result.append(Embedding(vector.astype(np.float32), float(rows.mean(dim=0).norm())))
        return result

    def _forward(self, frames: Tensor, size: int) -> Tensor:
        import torch

        if len(frames) == 2 and self._device.type == "cpu":  # live: two alone, each on a core, take half of what both together do
            other = self._second.submit(self._alone, frames[1:])
            return torch.cat([self._net(frames[:1]), other.result()])
        return torch.cat([self._net(part.to(self._device)).cpu() for part in torch.split(frames, size)])

    def _alone(self, frames: Tensor) -> Tensor:
        with self._no_grad():
            return cast("Tensor", self._net(frames))

    def _to_cpu(self) -> None:
        import torch

        self._device = torch.device("cpu")
        self._net = self._net.to(self._device)

    def _partials(self, audio: Audio) -> Tensor:
        """Cut one stretch of speech into mel frames of 1.6 s: float32 (partials, 160, 40)."""
        import torch

        wave = prepared(audio)
        if len(wave) < PARTIAL:  # measured against silence by tests/benchmarks/short_speech.py
            wave = np.resize(wave, PARTIAL)
        starts, padded = partial_starts(len(wave))
        wave = np.pad(wave, (0, max(0, padded - len(wave))))
        mel = self._mel(torch.from_numpy(wave)).T  # (frames, 40)
        return torch.stack([mel[s:s + PARTIAL_FRAMES] for s in starts])


def prepared(audio: Audio, rate_hz: int = RATE_HZ) -> FloatArray:
    """Check, resample to rate_hz and raise quiet speech to −30 dBFS. Returns float32 (n,). Raises ShapeError."""
    wave = np.asarray(audio.samples, np.float32)
    if wave.ndim != 1 or not len(wave):
        raise ShapeError("A stretch of speech is a row of samples, and not an empty one.")
    if not np.isfinite(wave).all():
        raise ShapeError("The sound holds values that are no numbers (NaN or infinity).")
    if audio.rate_hz != rate_hz:
        from engine.audio.resample import resample

        wave = resample(wave, audio.rate_hz, rate_hz)
    power = float(np.mean(np.square(wave, dtype=np.float64)))
    if power <= 1e-12:
        raise ShapeError("The sound is silent.")
    missing_db = QUIET_DBFS - 10 * np.log10(power)
    return wave * np.float32(10 ** (missing_db / 20)) if missing_db > 0 else wave


def partial_starts(samples: int) -> tuple[list[int], int]:
    """Where the partials of a stretch of `samples` begin, in mel frames, and the samples that they need in all.

    There is always one; a last one that is covered by less than 75 % is left out.
    """
    frames = int(np.ceil((samples + 1) / HOP))
    step = round(RATE_HZ / PARTIAL_RATE / HOP)
    starts = list(range(0, max(1, frames - PARTIAL_FRAMES + step + 1), step))
    covered = (samples - starts[-1] * HOP) / (PARTIAL_FRAMES * HOP)
    if covered < MIN_COVERAGE and len(starts) > 1:
        starts.pop()
    return starts, (starts[-1] + PARTIAL_FRAMES) * HOP
