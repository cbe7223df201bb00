"""The net that says who of three people speaks, without weights: its shapes, its filters, its frames."""

from __future__ import annotations

import pytest
import torch

from engine.nets import segmentation


@pytest.fixture(scope="module")
def net() -> segmentation.Segmentation:
    torch.manual_seed(7)
    made = segmentation.Segmentation().eval()
    filters = made.sincnet.conv1d[0].filterbank
    window, times = segmentation.tapers()
    filters.window_.copy_(window)
    filters.n_.copy_(times)
    with torch.no_grad():
        filters.low_hz_.copy_(torch.linspace(0, 3000, segmentation.BANDS)[:, None])
        filters.band_hz_.fill_(200.0)
    return made


def test_ten_seconds_are_589_frames_of_log_probabilities(net):
    with torch.inference_mode():
        found = net(torch.randn(2, 160_000) * 0.1)
    assert found.shape == (2, 589, len(segmentation.PEOPLE)) == (2, segmentation.frames(160_000), 7)
    assert torch.allclose(found.exp().sum(-1), torch.ones(2, 589), atol=1e-5)


@pytest.mark.parametrize("samples", [segmentation.FIELD - 1, segmentation.FIELD, 1261, 8000, 16_001, 33_333])
def test_how_many_frames_there_are_is_known_beforehand(net, samples):
    expected = segmentation.frames(samples)
    assert (expected == 0) == (samples < segmentation.FIELD)
    if expected > 1:
        with torch.inference_mode():
            assert net(torch.randn(1, samples)).shape[1] == expected


def test_filters_are_even_and_odd_and_let_their_band_through(net):
    filters = net.sincnet.conv1d[0].filterbank()[:, 0]  # (80, 251)
    even, odd = filters[:segmentation.BANDS], filters[segmentation.BANDS:]
    assert torch.allclose(even, even.flip(1), atol=1e-6)
    assert torch.allclose(odd, -odd.flip(1), atol=1e-6)
    spectrum = torch.fft.rfft(even, 16_000).abs()  # 1 Hz a bin
    low = (segmentation.MIN_HZ + torch.linspace(0, 3000, segmentation.BANDS)).round().long()
    for band in (5, 20, 39):
        inside = spectrum[band, low[band] + 100:low[band] + 150].mean()
        assert inside > 20 * spectrum[band, low[band] + 1500:low[band] + 1600].mean()


def test_the_middle_of_a_frame():
    assert segmentation.middle_s(0) == pytest.approx(0.031, abs=1e-3)
    assert segmentation.middle_s(100) - segmentation.middle_s(0) == pytest.approx(100 * 270 / 16_000)
