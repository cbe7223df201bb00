"""Resampling is torchaudio's, whole or in blocks."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.resample import StreamResampler, resample
from engine.records import FloatArray

RATES = [(44100, 16000), (48000, 16000), (8000, 16000), (16000, 48000), (192000, 16000), (11025, 16000),
         (96000, 44100), (44101, 16000), (16000, 22051)]


def noise(n: int) -> FloatArray:
    return (np.random.default_rng(n).standard_normal(n) * 0.3).astype(np.float32)


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES[:7])
def test_equals_torchaudio(from_hz: int, to_hz: int) -> None:
    import torch
    from torchaudio.functional import resample as reference

    x = noise(from_hz // 2 + 17)
    expected = reference(torch.from_numpy(x).double(), from_hz, to_hz).numpy()  # float32 has kernels of 1e-4
    found = resample(x, from_hz, to_hz)
    assert found.dtype == np.float32 and found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5


def test_rates_without_common_divisor_equal_torchaudio_too() -> None:
    import torch
    from torchaudio.functional import resample as reference

    x = noise(1999)  # 4000 × 1999 taps are just bearable for the reference
    expected = reference(torch.from_numpy(x).double(), 4001, 1999).numpy()
    assert np.abs(resample(x, 4001, 1999) - expected).max() < 1e-5


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_blocks_of_any_size_give_the_whole(from_hz: int, to_hz: int) -> None:
    x = noise(30011)
    stream, sizes = StreamResampler(from_hz, to_hz), np.random.default_rng(0)
    for _ in range(2):  # after flush it starts anew
        parts, at = [], 0
        while at < len(x):
            n = int(sizes.integers(0, 4000))
            parts.append(stream.push(x[at : at + n]))
            at += n
        parts.append(stream.flush())
        whole = resample(x, from_hz, to_hz)
        together = np.concatenate(parts)
        assert together.shape == whole.shape
        assert np.abs(together - whole).max() < 1e-6


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize(("from_hz", "to_hz"), [(44100, 16000), (8000, 16000), (44101, 16000)])
def test_a_handful_of_samples(n: int, from_hz: int, to_hz: int) -> None:
    found = resample(np.ones(n, dtype=np.float32), from_hz, to_hz)
    assert len(found) == -(-n * to_hz // from_hz) and np.isfinite(found).all()


def test_equal_rates_change_nothing() -> None:
    x = noise(100)
    assert resample(x, 16000, 16000) is x
    stream = StreamResampler(16000, 16000)
    assert np.array_equal(np.concatenate([stream.push(x), stream.flush()]), x)


@pytest.mark.parametrize("from_hz", [44100, 48000, 22050, 44101])
def test_a_tone_comes_out_clean(from_hz: int) -> None:
    """SNR of a 1 kHz tone against the ideal one, edges left out: what the six-crossing Hann filter gives."""
    def tone(rate_hz: int) -> FloatArray:
        return (0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate_hz) / rate_hz)).astype(np.float32)

    ideal, found = tone(16000)[400:-400], resample(tone(from_hz), from_hz, 16000)[400:-400]
    snr_db = 10 * np.log10(np.sum(ideal**2) / np.sum((found - ideal) ** 2))
    assert snr_db > 55


def test_what_lies_above_the_new_nyquist_frequency_is_removed() -> None:
    tone = np.sin(2 * np.pi * 12000 * np.arange(48000) / 48000).astype(np.float32)
    left = resample(tone, 48000, 16000)[400:-400]
    assert 20 * np.log10(np.sqrt(np.mean(left**2))) < -50


def test_nonsense_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        StreamResampler(0, 16000)
