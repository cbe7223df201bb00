"""Speaker segmentation as a plain torch module: who of at most three people speaks in each frame of a few seconds.

Source: Plaquet, Bredin: "Powerset multi-class cross entropy loss for neural speaker diarization", 2023, arXiv 2310.13025 (the
classes); Bredin, Laurent: "End-to-end speaker segmentation", 2021, arXiv 2104.04045 (the net); Ravanelli, Bengio: "Speaker
recognition from raw waveform with SincNet", 2018, arXiv 1808.00158, with the sine filters of Pariente et al., "Filterbank design
for end-to-end speech separation", 2020, arXiv 1910.10400 (the front end). The sizes are those of segmentation-3.0 by pyannote.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

RATE_HZ = 16_000
BANDS = 40  # each with a cosine and a sine filter
KERNEL = 251  # samples of a filter
STRIDE = 10  # samples
FEATURES = 60
HIDDEN = 128
LAYERS = 4
POOL = 3
MIN_HZ = 50.0  # the lowest edge of a band, and its least width
PEOPLE = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""Who speaks in each class of the net's answer, in its order."""
STEP = STRIDE * POOL**3  # samples from one frame to the next: 16.9 ms
FIELD = KERNEL + STRIDE * ((POOL - 1) + POOL * (4 + (POOL - 1) + POOL * (4 + (POOL - 1))))
"""Samples that one frame sees: 62 ms."""


class SincFilters(nn.Module):
    """Band passes whose edges were learned. The names of the parameters are those of the weights."""

    def __init__(self) -> None:
        super().__init__()
        half = KERNEL // 2
        self.low_hz_ = nn.Parameter(torch.zeros(BANDS, 1))
        self.band_hz_ = nn.Parameter(torch.zeros(BANDS, 1))
        self.register_buffer("window_", torch.zeros(half))
        self.register_buffer("n_", torch.zeros(1, half))

    def forward(self) -> Tensor:
        """The filters: (80, 1, 251), cosines first."""
        low = MIN_HZ + self.low_hz_.abs()
        high = (low + MIN_HZ + self.band_hz_.abs()).clamp(MIN_HZ, RATE_HZ / 2)  # (40, 1)
        width = high - low
        times = self.get_buffer("n_")  # (1, 125): 2π · time of each tap before the middle, in seconds
        to_low, to_high, slope = low @ times, high @ times, times / 2
        window = self.get_buffer("window_")
        even = (to_high.sin() - to_low.sin()) / slope * window  # (40, 125)
        odd = (to_low.cos() - to_high.cos()) / slope * window
        cosines = torch.cat([even, 2 * width, even.flip(1)], 1)
        sines = torch.cat([odd, torch.zeros_like(width), -odd.flip(1)], 1)
        return (torch.cat([cosines, sines]) / (2 * width.repeat(2, 1)))[:, None]


class SincConvolution(nn.Module):
    """The wave through the filters."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = SincFilters()

    def forward(self, wave: Tensor) -> Tensor:
        """wave: (batch, 1, samples) → (batch, 80, frames)."""
        return torch.conv1d(wave, self.filterbank(), stride=STRIDE)


class SincNet(nn.Module):
    """The wave → 60 features each 16.9 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList([SincConvolution(), nn.Conv1d(2 * BANDS, FEATURES, 5), nn.Conv1d(FEATURES, FEATURES, 5)])
        self.norm1d = nn.ModuleList([nn.InstanceNorm1d(2 * BANDS, affine=True), nn.InstanceNorm1d(FEATURES, affine=True),
                                     nn.InstanceNorm1d(FEATURES, affine=True)])

    def forward(self, wave: Tensor) -> Tensor:
        """wave: (batch, 1, samples) → (batch, 60, frames)."""
        out = self.wav_norm1d(wave)
        for number, (convolve, norm) in enumerate(zip(self.conv1d, self.norm1d, strict=True)):
            out = convolve(out)
            if number == 0:
                out = out.abs()
            out = leaky_relu(norm(torch.max_pool1d(out, POOL)))
        return out


class Segmentation(nn.Module):
    """A wave of some seconds → log probabilities of who speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = SincNet()
        self.lstm = nn.LSTM(FEATURES, HIDDEN, LAYERS, batch_first=True, bidirectional=True)
        self.linear = nn.ModuleList([nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.classifier = nn.Linear(HIDDEN, len(PEOPLE))

    def forward(self, wave: Tensor) -> Tensor:
        """wave: (batch, samples) at 16 kHz, enough for two frames. Returns (batch, frames, 7): natural logarithms, as PEOPLE."""
        out = self.sincnet(wave[:, None]).transpose(1, 2)  # (batch, frames, 60)
        out, _ = self.lstm(out)
        for linear in self.linear:
            out = leaky_relu(linear(out))
        return torch.log_softmax(self.classifier(out), dim=-1)


def frames(samples: int) -> int:
    """How many frames the net gives for so many samples."""
    count = (samples - KERNEL) // STRIDE + 1
    for kernel in (0, 5, 5):
        count = (count - kernel + 1 if kernel else count) // POOL
    return max(0, count)


def middle_s(frame: int) -> float:
    """The middle of what a frame sees, in seconds from the beginning."""
    return (frame * STEP + FIELD / 2) / RATE_HZ


def tapers() -> tuple[Tensor, Tensor]:
    """(window of the first half of a filter, 2π · its times in seconds), as the weights have them: (125,) and (1, 125)."""
    half = KERNEL // 2
    times = 2 * math.pi * torch.arange(-half, 0).view(1, -1) / RATE_HZ
    return torch.hamming_window(KERNEL, periodic=False)[:half], times
