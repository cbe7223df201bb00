"""The parts of the synthesisers do what their formulas say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import freqz, sosfilt

from engine.synthesis import tract, waves
from engine.synthesis.phonemes import CONSONANTS, VOWELS
from engine.synthesis.prosody import FRAME_S, Sound, say, tracks

RNG = np.random.default_rng


def test_a_filter_that_does_not_change_is_an_ordinary_filter() -> None:
    wave = RNG(0).standard_normal(400 * tract.FRAME)
    sections = tract.resonators(np.tile([500.0, 1500.0], (400, 1)), np.tile([80.0, 120.0], (400, 1)))
    expected = sosfilt(sections[0], wave)
    got = tract.filtered(wave, sections)
    assert np.abs(got - expected).max() < 1e-3 * np.abs(expected).max()


def test_resonators_peak_at_their_formants_with_unit_gain_at_zero() -> None:
    sections = tract.resonators(np.array([[700.0]]), np.array([[60.0]]))[0, 0]
    hz, response = freqz(sections[:3], sections[3:], worN=8192, fs=tract.RATE_HZ)
    assert abs(response[0]) == pytest.approx(1, abs=1e-6)
    assert hz[np.abs(response).argmax()] == pytest.approx(700, abs=3)


@pytest.mark.parametrize("tilt_db", [3.0, 10.0, 15.0])
def test_tilt_damps_three_kilohertz(tilt_db: float) -> None:
    impulse = np.zeros(16_000)
    impulse[0] = 1
    response = np.abs(np.fft.rfft(tract.tilted(impulse, tilt_db)))
    assert 20 * np.log10(response[3000] / response[0]) == pytest.approx(-tilt_db, abs=0.05)


def test_the_glottis_opens_at_its_pitch() -> None:
    tone, opening = tract.glottis(RNG(0), np.full(16_000, 125.0), open_quotient=0.6, jitter=0, shimmer=0)
    spectrum = np.abs(np.fft.rfft(tone[:16_000]))
    assert int(spectrum[60:200].argmax()) + 60 == 125
    assert (opening > 0.02).mean() == pytest.approx(0.6, abs=0.08)


def test_speech_lasts_at_least_as_long_as_asked_and_moves_smoothly() -> None:
    scatter = np.ones((len(VOWELS) + len(CONSONANTS), 3))
    control = tracks(say(RNG(3), 4.0, 1.0, 4.0), scatter)
    assert len(control.pitch) * FRAME_S >= 4.0
    assert control.voicing.min() >= 0 and control.voicing.max() <= 1.001
    leaps = np.abs(np.diff(control.formants_hz, axis=0)).max(axis=0)
    assert (leaps < [80, 300, 300]).all()  # Hz within 2.5 ms


def test_a_held_vowel_reaches_its_formants() -> None:
    scatter = np.ones((len(VOWELS) + len(CONSONANTS), 3))
    control = tracks([Sound(VOWELS[0], 0.3, 0.0, 1.0)], scatter)
    np.testing.assert_allclose(control.formants_hz[60], VOWELS[0].formants_hz)


def test_harmonics_are_the_sum_of_sines_and_do_not_alias() -> None:
    t = waves.clock(0.2) + 1 / waves.RATE_HZ
    expected = sum(g * np.sin(2 * np.pi * 200 * n * t) for n, g in enumerate((1, 0.5, 0, 0.25), start=1))
    np.testing.assert_allclose(waves.harmonics(200.0, 0.2, (1, 0.5, 0, 0.25)), expected, atol=1e-6)
    assert np.abs(waves.harmonics(10_000.0, 0.1, (0, 1.0))).max() == 0


def test_a_plucked_string_sounds_at_its_pitch() -> None:
    spectrum = np.abs(np.fft.rfft(waves.plucked(RNG(0), 220.0, 2.0)))
    assert int(spectrum[300:600].argmax() + 300) / 2 == pytest.approx(220, abs=2)


def test_pink_noise_falls_three_decibels_an_octave() -> None:
    power = np.abs(np.fft.rfft(waves.noise(RNG(0), 10, 1.0))) ** 2
    low, high = power[2_000:4_000].mean(), power[20_000:40_000].mean()
    assert 10 * np.log10(low / high) == pytest.approx(10, abs=0.7)


def test_laying_cuts_what_stands_over() -> None:
    laid = waves.lay(1.0, [(0.5, np.ones(44_100)), (2.0, np.ones(10))])
    assert len(laid) == 44_100 and laid[:22_050].sum() == 0 and laid[22_050:].sum() == 22_050
