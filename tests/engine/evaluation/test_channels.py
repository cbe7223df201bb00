"""Channels: each does what it says, by the seed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.lines import CODECS
from engine.evaluation import channels
from engine.records import Audio
from tests.true_models import spoken

RATE_HZ = 16_000


def db(wave):
    return 10 * np.log10(np.square(wave).mean() + 1e-20)


def test_what_was_chosen_with_and_what_is_measured_with_are_different_codecs():
    assert set(channels.CHOSEN_WITH).isdisjoint(channels.MEASURED_WITH)
    assert {*channels.CHOSEN_WITH, *channels.MEASURED_WITH} == set(CODECS)


@pytest.mark.parametrize("number", range(12))
def test_a_drawn_channel_is_the_same_for_the_same_seed_and_another_for_another(number):
    audio = spoken(1)
    made = channels.asking("random", 7, 0)(number, audio)
    assert (made.rate_hz, made.samples.shape, made.samples.dtype) == (RATE_HZ, audio.samples.shape, np.float32)
    assert np.isfinite(made.samples).all() and 0.01 < np.abs(made.samples).max() < 1.5
    assert np.array_equal(made.samples, channels.asking("random", 7, 0)(number, audio).samples)
    assert np.array_equal(made.samples, channels.enrolling("random", 7)(number, audio).samples)
    for other in (channels.asking("random", 8, 0), channels.asking("random", 7, 1)):
        assert not np.array_equal(made.samples, other(number, audio).samples)
    assert not np.array_equal(made.samples, channels.asking("random", 7, 0)(number + 100, audio).samples)


@pytest.mark.parametrize("channel", channels.CHANNELS)
def test_who_is_enrolled_is_changed_by_random_channels_only(channel):
    audio = spoken(1)
    same = np.array_equal(channels.enrolling(channel, 7)(3, audio).samples, audio.samples)
    assert same == (channel != "random")
    asked = np.array_equal(channels.asking(channel, 7, 0)(3, audio).samples, audio.samples)
    assert asked == (channel == "none")


@pytest.mark.parametrize("reverberation_s", [0.2, 0.6])
@pytest.mark.parametrize("direct_db", [0.0, 10.0])
def test_a_room_dies_away_and_is_as_loud_as_it_was_told(reverberation_s, direct_db):
    click = np.zeros(RATE_HZ)
    click[100] = 1
    heard = channels.in_a_room(click, RATE_HZ, reverberation_s, direct_db, np.random.default_rng(1))
    tail = heard[101:]
    assert heard[100] == pytest.approx(1)
    assert 10 * np.log10(1 / np.square(tail).sum()) == pytest.approx(direct_db, abs=0.1)
    early, late = (db(tail[int(at * reverberation_s * RATE_HZ):][:int(0.1 * reverberation_s * RATE_HZ)]) for at in (0.1, 0.6))
    assert early - late == pytest.approx(30, abs=2)  # 60 dB in all of it


@pytest.mark.parametrize("snr_db", [10.0, 30.0])
@pytest.mark.parametrize("slope_db", [-6.0, 0.0])
def test_noise_is_as_loud_and_as_dark_as_it_was_told(snr_db, slope_db):
    wave = spoken(2).samples.astype(np.float64)
    noise = channels.with_noise(wave, RATE_HZ, snr_db, slope_db, np.random.default_rng(1)) - wave
    assert db(wave) - db(noise) == pytest.approx(snr_db, abs=0.1)
    power, hertz = np.abs(np.fft.rfft(noise)) ** 2, np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    low, high = (10 * np.log10(power[(hertz >= at) & (hertz < 1.1 * at)].mean()) for at in (1_000, 4_000))
    assert high - low == pytest.approx(2 * slope_db, abs=1)


def test_a_colour_is_a_gain_for_each_octave():
    gains = np.array([6.0, 0, -6, 3, 0, -10, 4])
    for hertz, gain in zip(channels.OCTAVES_HZ[:6], gains[:6], strict=True):
        tone = np.sin(2 * np.pi * hertz * np.arange(RATE_HZ) / RATE_HZ)
        assert db(channels.coloured(tone, RATE_HZ, gains)) - db(tone) == pytest.approx(gain, abs=0.3)


def test_silence_stays_finite():
    made = channels.drawn(Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ), np.random.default_rng(1))
    assert np.isfinite(made.samples).all()
