"""YAMNet as a plain torch module: MobileNet v1 with batch norm folded into the convolutions.

Source: Plakal & Ellis, YAMNet, Google 2020, after Howard et al., "MobileNets", 2017, arXiv 1704.04861.
"""

from __future__ import annotations

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

PATCH_FRAMES = 96
BANDS = 64
DIM = 1024
CLASSES = 521

# (stride, channels out) of the 13 depthwise-separable layers
LAYERS = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), (1, 512), (1, 512), (1, 512), (1, 512), (1, 512),
          (2, 1024), (1, 1024))


class _SameConv(nn.Conv2d):
    """3 × 3 convolution padded like TensorFlow's SAME: a stride of 2 pads only at the end.

    That is the same as padding both ends and giving the kernel a first row and column of zeros, which saves a copy of the
    whole input.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, 3, stride=stride, groups=groups, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            return super().forward(x)
        return F.conv2d(x, F.pad(self.weight, (1, 0, 1, 0)), self.bias, self.stride, self.padding, groups=self.groups)


class YAMNet(nn.Module):
    """Log-mel patches → (embedding, class logits)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = _SameConv(1, 32, stride=2)
        width = 32
        for number, (stride, out) in enumerate(LAYERS, start=2):
            self.add_module(f"layer{number}", nn.Sequential(OrderedDict(
                depthwise_conv=_SameConv(width, width, stride, groups=width), relu1=nn.ReLU(inplace=True),
                pointwise_conv=nn.Conv2d(width, out, 1), relu2=nn.ReLU(inplace=True))))
            width = out
        self.classifier = nn.Linear(DIM, CLASSES)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """patches: (batch, 1, 96, 64) log mel magnitude. Returns (batch, 1024) and (batch, 521) logits."""
        x = F.relu(self.layer1(patches))
        for number in range(2, 2 + len(LAYERS)):
            x = getattr(self, f"layer{number}")(x)
        embedding = x.mean(dim=(2, 3))  # (batch, 1024): global average pool
        return embedding, self.classifier(embedding)
