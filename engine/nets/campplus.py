"""The CAM++ speaker encoder as a plain torch module.

Source: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking", 2023, arXiv
2303.00332. Sizes and names are those of the weights that 3D-Speaker publishes; `renamed` says which is which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

BANDS = 80
PLANES = 32  # of the two-dimensional front
FIRST = 128  # channels before the first block
LAYERS, DILATIONS = (12, 24, 16), (1, 2, 2)
GROWTH = 32  # channels that a layer adds
BOTTLENECK = 128
REDUCED = 64  # channels that the mask is made in
SEGMENT = 100  # frames of 20 ms whose mean counts as their context: 2 s
DIM = 192


class Residual(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut; where `halves`, they halve the bands and keep the frames."""

    def __init__(self, halves: bool) -> None:
        super().__init__()
        stride = (2 if halves else 1, 1)
        self.conv1 = nn.Conv2d(PLANES, PLANES, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(PLANES)
        self.conv2 = nn.Conv2d(PLANES, PLANES, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(PLANES)
        self.shortcut = nn.Sequential(nn.Conv2d(PLANES, PLANES, 1, stride, bias=False),
                                      nn.BatchNorm2d(PLANES)) if halves else nn.Identity()

    def forward(self, planes: Tensor) -> Tensor:
        """planes: (batch, 32, bands, frames)."""
        deep = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(planes)))))
        return torch.relu(deep + self.shortcut(planes))


class Front(nn.Module):
    """Looks at bands and frames as at a picture, so that a voice that lies a little higher or lower looks alike."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, PLANES, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(PLANES)
        self.stages = nn.Sequential(Residual(True), Residual(False), Residual(True), Residual(False))
        self.conv2 = nn.Conv2d(PLANES, PLANES, 3, (2, 1), padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(PLANES)

    def forward(self, bands: Tensor) -> Tensor:
        """bands: (batch, 80, frames). Returns (batch, 320, frames): 32 planes of 10 bands."""
        planes = torch.relu(self.norm1(self.conv1(bands[:, None])))
        planes = torch.relu(self.norm2(self.conv2(self.stages(planes))))
        return planes.flatten(1, 2)


class Masked(nn.Module):
    """A convolution over time whose channels are turned down by what is heard around: the mean of all, and of 2 s."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.local = nn.Conv1d(BOTTLENECK, GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.reduce = nn.Conv1d(BOTTLENECK, REDUCED, 1)
        self.mask = nn.Conv1d(REDUCED, GROWTH, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """frames: (batch, 128, n). Returns (batch, 32, n)."""
        context = functional.avg_pool1d(frames, SEGMENT, SEGMENT, ceil_mode=True)  # the last one is the mean of what is left
        context = context + frames.mean(dim=2, keepdim=True)  # (batch, 128, segments)
        mask = torch.sigmoid(self.mask(torch.relu(self.reduce(context))))
        n = frames.shape[2]
        return self.local(frames) * mask.repeat_interleave(SEGMENT, dim=2)[:, :, :n]


class Layer(nn.Module):
    """One layer of a dense block: a bottleneck, then the masked convolution."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm1d(channels)
        self.bottleneck = nn.Conv1d(channels, BOTTLENECK, 1, bias=False)
        self.norm2 = nn.BatchNorm1d(BOTTLENECK)
        self.masked = Masked(dilation)

    def forward(self, frames: Tensor) -> Tensor:
        """frames: (batch, channels, n). Returns what it adds, (batch, 32, n)."""
        return cast(Tensor, self.masked(torch.relu(self.norm2(self.bottleneck(torch.relu(self.norm1(frames)))))))


class Dense(nn.Module):
    """A block in which every layer is given what all before it made, and a transition that halves the channels."""

    def __init__(self, channels: int, layers: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(channels + number * GROWTH, dilation) for number in range(layers))
        self.norm = nn.BatchNorm1d(channels + layers * GROWTH)
        self.transit = nn.Conv1d(channels + layers * GROWTH, (channels + layers * GROWTH) // 2, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        """frames: (batch, channels, n). Returns (batch, half of all channels, n)."""
        for layer in self.layers:
            frames = torch.cat([frames, layer(frames)], dim=1)
        return cast(Tensor, self.transit(torch.relu(self.norm(frames))))


class CAMPlusPlus(nn.Module):
    """Log mel bands → speaker embedding. Any number of frames; rows of a batch are of equal length."""

    def __init__(self) -> None:
        super().__init__()
        self.front = Front()
        self.first = nn.Conv1d(PLANES * BANDS // 8, FIRST, 5, stride=2, padding=2, bias=False)
        self.norm = nn.BatchNorm1d(FIRST)
        blocks, channels = [], FIRST
        for layers, dilation in zip(LAYERS, DILATIONS, strict=True):
            blocks.append(Dense(channels, layers, dilation))
            channels = (channels + layers * GROWTH) // 2
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.BatchNorm1d(channels)
        self.linear = nn.Conv1d(2 * channels, DIM, 1, bias=False)
        self.out = nn.BatchNorm1d(DIM, affine=False)

    def forward(self, bands: Tensor) -> Tensor:
        """bands: (batch, frames, 80), log mel, mean of each band removed; three frames at least. Returns (batch, 192)."""
        frames = torch.relu(self.norm(self.first(self.front(bands.transpose(1, 2)))))  # (batch, 128, frames of 20 ms)
        frames = torch.relu(self.last(self.blocks(frames)))  # (batch, 512, n)
        pooled = torch.cat([frames.mean(dim=2), frames.std(dim=2)], dim=1)  # (batch, 1024)
        return cast(Tensor, self.out(self.linear(pooled[:, :, None]))[:, :, 0])


_NAMES = (  # of 3D-Speaker's state dict, and what they are called here
    (r"^head\.layer(\d)\.(\d)\.", lambda found: f"front.stages.{2 * int(found[1]) - 2 + int(found[2])}."),
    (r"^head\.", "front."),
    (r"\bbn(\d)\.", r"norm\1."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.", lambda found: f"blocks.{int(found[1]) - 1}.layers.{int(found[2]) - 1}."),
    (r"^xvector\.transit(\d)\.nonlinear\.batchnorm", lambda found: f"blocks.{int(found[1]) - 1}.norm"),
    (r"^xvector\.transit(\d)\.linear", lambda found: f"blocks.{int(found[1]) - 1}.transit"),
    (r"^xvector\.tdnn\.linear", "first"), (r"^xvector\.tdnn\.nonlinear\.batchnorm", "norm"),
    (r"^xvector\.out_nonlinear\.batchnorm", "last"),
    (r"^xvector\.dense\.linear", "linear"), (r"^xvector\.dense\.nonlinear\.batchnorm", "out"),
    (r"\.nonlinear(\d)\.batchnorm", r".norm\1"),
    (r"\.cam_layer\.linear_local", ".masked.local"), (r"\.cam_layer\.linear1", ".masked.reduce"),
    (r"\.cam_layer\.linear2", ".masked.mask"), (r"(layers\.\d+)\.linear1\b", r"\1.bottleneck"),
)


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of 3D-Speaker under the names of this module, for a strict load."""
    found = {}
    for name, value in state.items():
        for pattern, new in _NAMES:
            name = re.sub(pattern, new, name)  # type: ignore[arg-type]
        found[name] = value
    return found
