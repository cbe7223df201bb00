"""One utterance, said otherwise: what a voice does when its owner is moved.

The cohort has one quiet reading a person. Real voices vary more, and a back-end that has only seen quiet reading takes that
for another person. No recordings of moved speech are at hand, so readings are changed: pitch without the formants, tempo,
tilt and a little of the vocal tract. What rooms and lines do is in `engine.evaluation.channels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.resample import resample
from engine.records import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

RATE_HZ = 16_000
N_FFT, HOP = 1024, 256
LIFTER = 26  # quefrencies that count as the vocal tract: 1.6 ms, shorter than the period of a high voice
SEMITONES = (-4.0, 6.0)  # moved speech is more often higher than lower
TEMPO_OCTAVES, TRACT_OCTAVES = 0.3, 0.1
TILT_DB = 5.0  # an octave


def restyled(wave: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Change pitch, tempo, tilt and vocal tract by drawn amounts; the level stays. wave: float32 (n,) at 16 kHz."""
    import torch
    import torchaudio.functional as transforms

    pitch = 2 ** (rng.uniform(*SEMITONES) / 12)
    tempo = 2 ** rng.uniform(-TEMPO_OCTAVES, TEMPO_OCTAVES)
    tilt = rng.uniform(-TILT_DB, TILT_DB)
    tract = 2 ** rng.uniform(-TRACT_OCTAVES, TRACT_OCTAVES)
    window = torch.hann_window(N_FFT)
    bins = N_FFT // 2 + 1

    def frames(signal: Tensor) -> Tensor:
        return torch.stft(signal, N_FFT, HOP, window=window, return_complex=True)  # (bins, frames)

    spectrum = frames(torch.from_numpy(np.array(wave, np.float32)))
    envelope = _envelope(spectrum.abs())
    # the voice source without the tract, stretched, then played faster or slower: its pitch moves, its length does not
    advance = torch.linspace(0, np.pi * HOP, bins)[:, None]
    source = torch.istft(transforms.phase_vocoder(spectrum / envelope, tempo / pitch, advance), N_FFT, HOP, window=window)
    moved = frames(torch.from_numpy(resample(source.numpy(), round(RATE_HZ * pitch), RATE_HZ)))
    at = torch.linspace(0, envelope.shape[1] - 1, moved.shape[1]).round().long()
    place = (torch.arange(bins) / tract).clamp(max=bins - 1)
    low, part = place.floor().long(), (place - place.floor())[:, None]
    shaped = envelope[:, at]
    shaped = shaped[low] * (1 - part) + shaped[(low + 1).clamp(max=bins - 1)] * part
    octaves = torch.log2((torch.arange(bins) + 16.0) / 64)
    made = torch.istft(moved * shaped * (10 ** (tilt * octaves / 20))[:, None], N_FFT, HOP, window=window).numpy()
    return (made * (_rms(wave) / max(_rms(made), 1e-9))).astype(np.float32)


def _envelope(magnitude: Tensor) -> Tensor:
    """The vocal tract, by smoothing the logarithm of the spectrum (cepstral liftering): (bins, frames)."""
    import torch

    cepstrum = torch.fft.irfft(torch.log(magnitude + 1e-6), dim=0)
    cepstrum[LIFTER:-LIFTER + 1] = 0
    return torch.exp(torch.fft.rfft(cepstrum, dim=0).real)


def _rms(wave: NDArray[np.floating[Any]]) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
