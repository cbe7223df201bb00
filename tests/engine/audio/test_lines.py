"""Lines: a telephone's band, and codecs that give back as much sound as they were given."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.lines import CODECS, coded, telephone
from engine.audio.resample import resample
from engine.errors import UsageError
from engine.records import Audio
from tests.true_models import spoken


def at_rate(rate_hz):
    return Audio(resample(spoken(1).samples, 16_000, rate_hz), rate_hz)


def power_db(audio, low_hz, high_hz):
    power = np.abs(np.fft.rfft(audio.samples)) ** 2
    hertz = np.fft.rfftfreq(len(audio.samples), 1 / audio.rate_hz)
    return 10 * np.log10(power[(hertz >= low_hz) & (hertz < high_hz)].sum() + 1e-12)


def likeness(first, second, lag_s=0.1):
    """The highest correlation within a lag: codecs come late."""
    size, lag = len(first.samples), int(lag_s * first.rate_hz)
    a, b = (np.fft.rfft(one.samples, 2 * size) for one in (first, second))
    found = np.fft.irfft(a.conj() * b)
    near = np.concatenate([found[:lag], found[-lag:]])
    return float(near.max() / np.linalg.norm(first.samples) / np.linalg.norm(second.samples))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
def test_a_telephone_passes_its_band_and_nothing_else(rate_hz):
    whole = at_rate(rate_hz)
    called = telephone(whole)
    assert (called.rate_hz, called.samples.shape, called.samples.dtype) == (rate_hz, whole.samples.shape, np.float32)
    assert power_db(called, 500, 3_000) == pytest.approx(power_db(whole, 500, 3_000), abs=0.2)
    assert power_db(called, 0, 150) < power_db(whole, 0, 150) - 30
    if rate_hz > 8_000:
        assert power_db(called, 5_000, 8_000) < power_db(whole, 5_000, 8_000) - 25


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("name", CODECS)
def test_a_codec_gives_back_as_much_of_the_same_speech(name, rate_hz):
    whole = at_rate(rate_hz)
    sent = coded(whole, name)
    assert (sent.rate_hz, sent.samples.shape, sent.samples.dtype) == (rate_hz, whole.samples.shape, np.float32)
    assert np.isfinite(sent.samples).all()
    assert not np.array_equal(sent.samples, whole.samples)
    assert likeness(telephone(whole), telephone(sent)) > 0.75
    if CODECS[name].rate_hz == 8_000 and rate_hz > 8_000:
        assert power_db(sent, 4_500, 8_000) < power_db(sent, 500, 3_000) - 40


@pytest.mark.parametrize("name", [name for name, codec in CODECS.items() if len(codec.bits_s) > 1])
def test_more_bits_keep_more(name):
    whole = at_rate(16_000)
    poor, rich = (coded(whole, name, CODECS[name].bits_s[at]) for at in (0, -1))
    assert not np.array_equal(poor.samples, rich.samples)
    assert likeness(telephone(whole), telephone(rich)) > likeness(telephone(whole), telephone(poor)) - 0.01


def test_nothing_and_loud_sound_come_through():
    assert len(coded(Audio(np.zeros(0, np.float32), 16_000), "gsm").samples) == 0
    loud = coded(Audio(5 * spoken(1).samples, 16_000), "a-law")
    assert 0.5 < np.abs(loud.samples).max() < 1.5


def test_an_unknown_codec_is_named_with_those_there_are():
    with pytest.raises(UsageError, match="a-law"):
        coded(spoken(1), "tin can")
