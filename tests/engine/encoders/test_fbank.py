"""Kaldi's mel bands against its formulas, written down again in double precision, and against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.encoders.fbank import FrontEnd

RATE_HZ = 16_000


def mel(hz):
    return 1127 * np.log(1 + hz / 700)


def kaldi(wave, window, scale, bands=80, rate=RATE_HZ):
    """feature-window.cc, mel-computations.cc and feature-fbank.cc of Kaldi with their defaults, dither 0. float64."""
    size, hop = int(rate * 0.025), int(rate * 0.01)
    fft = 1 << (size - 1).bit_length()
    n = np.arange(size)
    cosine = np.cos(2 * np.pi * n / (size - 1))
    shape = {"hamming": 0.54 - 0.46 * cosine, "povey": (0.5 - 0.5 * cosine) ** 0.85}[window]
    edges = np.linspace(mel(20), mel(rate / 2), bands + 2)
    at = mel(np.arange(fft // 2) * rate / fft)
    up = (at[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - at[None]) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(up, down))  # (bands, fft / 2); Kaldi leaves the last bin out
    rows = []
    for start in range(0, len(wave) - size + 1, hop):
        frame = wave[start:start + size].astype(np.float64) * scale
        frame = frame - frame.mean()
        frame = frame - 0.97 * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(frame * shape, fft)[:-1]) ** 2
        rows.append(np.log(np.maximum(triangles @ power, np.finfo(np.float32).eps)))
    return np.array(rows)


def noise(seconds=0.5, rate=RATE_HZ):
    time = np.arange(round(seconds * rate)) / rate
    return (0.05 * np.random.default_rng(3).normal(size=len(time)) + 0.2 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


@pytest.mark.parametrize(("window", "scale"), [("hamming", 32_768.0), ("povey", 1.0), ("povey", 32_768.0)])
def test_the_bands_are_those_of_the_formulas(window, scale):
    found = FrontEnd(window=window, scale=scale, mean=False).of(noise())
    assert found.shape == (48, 80)
    assert found == pytest.approx(kaldi(noise(), window, scale), abs=2e-3)


def test_other_numbers_of_bands_and_rates():
    wave = noise(0.3, 8_000)
    found = FrontEnd(8_000, 40, mean=False).of(wave)
    assert found == pytest.approx(kaldi(wave, "hamming", 32_768.0, 40, 8_000), abs=2e-3)


def test_a_single_click_by_hand():
    """One 1 in a frame of zeros. Its mean, 1/400, goes; pre-emphasis leaves (1 at 200, −0.97 at 201) and a small rest. Where the
    rest is small (high bands), the power at angle w is that of two samples: h0² + h1² − 2 h0 h1 cos w."""
    wave = np.zeros(400, np.float32)
    wave[200] = 1
    found = FrontEnd(scale=1.0, mean=False).of(wave)[0]
    h = 0.54 - 0.46 * np.cos(2 * np.pi * np.array([200, 201]) / 399)
    a, b = h[0], 0.97 * h[1]
    edges = np.linspace(mel(20), mel(8_000), 82)
    for band in (60, 70, 78):
        at = mel(np.arange(256) * 31.25)
        step = edges[1] - edges[0]
        triangle = np.maximum(0, np.minimum((at - edges[band]) / step, (edges[band + 2] - at) / step))
        power = a * a + b * b - 2 * a * b * np.cos(2 * np.pi * np.arange(256) / 512)
        assert found[band] == pytest.approx(np.log(triangle @ power), abs=0.02)


def test_a_tone_lies_in_its_band_and_loudness_moves_all_bands_alike():
    time = np.arange(8_000) / RATE_HZ
    tone = np.sin(2 * np.pi * 1_000 * time).astype(np.float32)
    end = FrontEnd(mean=False)
    centres = np.linspace(mel(20), mel(8_000), 82)[1:-1]
    assert abs(centres[end.of(0.1 * tone).mean(0).argmax()] - mel(1_000)) < centres[1] - centres[0]
    assert end.of(noise() * 0.5) == pytest.approx(end.of(noise()) + 2 * np.log(0.5), abs=1e-3)


def test_without_the_mean_loudness_is_gone():
    end = FrontEnd()
    assert np.abs(end.of(noise()).mean(0)).max() < 1e-4
    assert end.of(noise() * 0.1) == pytest.approx(end.of(noise()), abs=1e-2)


def test_frames_and_samples_belong_together():
    end = FrontEnd()
    for frames in (1, 2, 99, 200):
        assert end.frames(end.samples(frames)) == frames == end.frames(end.samples(frames + 1) - 1)
        assert len(end.of(noise(3)[:end.samples(frames)])) == frames
    assert end.frames(399) == 0
