"""Log mel bands as Kaldi makes them, which most encoders of voices were trained on.

Frames of 25 ms every 10 ms, whole ones only; per frame: mean removed, pre-emphasis 0.97, window, power spectrum of the next
power of two, triangles on Kaldi's mel scale (1127 ln(1 + f / 700)) from 20 Hz to half the rate, natural logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.records import FloatArray

FRAME_MS, HOP_MS = 25.0, 10.0
WINDOWS = ("hamming", "povey", "hanning", "blackman", "rectangular")


@dataclass(frozen=True)
class FrontEnd:
    """What a net is fed with.

    window: of a frame. scale: what a wave in [-1, 1] is multiplied with first. mean: every band's mean over time is taken away.
    """

    rate_hz: int = 16_000
    bands: int = 80
    window: str = "hamming"
    scale: float = 32_768.0
    mean: bool = True

    def samples(self, frames: int) -> int:
        """The shortest wave that gives so many frames."""
        return self._frame + (frames - 1) * self._hop

    def frames(self, samples: int) -> int:
        """How many frames a wave gives."""
        return max(0, 1 + (samples - self._frame) // self._hop)

    def of(self, wave: FloatArray) -> FloatArray:
        """wave: float32 (n,) in [-1, 1] of at least one frame. Returns float32 (frames, bands)."""
        import torch
        from torchaudio.compliance import kaldi

        with torch.inference_mode():
            bands = kaldi.fbank(
                torch.from_numpy(np.ascontiguousarray(wave, np.float32))[None] * self.scale, num_mel_bins=self.bands,
                frame_length=FRAME_MS, frame_shift=HOP_MS, sample_frequency=self.rate_hz, window_type=self.window, dither=0.0)
            if self.mean:
                bands = bands - bands.mean(dim=0)
        return np.asarray(bands.numpy(), np.float32)

    @property
    def _frame(self) -> int:
        return int(self.rate_hz * FRAME_MS / 1000)

    @property
    def _hop(self) -> int:
        return int(self.rate_hz * HOP_MS / 1000)
