"""Similarities → probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError
from engine.voices.probability import Calibration, fit


def trials(n=4000, seed=0):
    """Two Gaussians a log-likelihood ratio of 2·raw apart at 1 s, and twice that at 4 s."""
    rng = np.random.default_rng(seed)
    genuine = rng.random(n) < 0.5
    seconds = np.where(rng.random(n) < 0.5, 1.0, 4.0)
    raw = rng.normal(np.where(genuine, 1.0, -1.0), 1.0)
    return raw, seconds, np.full(n, 20.0), genuine


def test_the_slope_of_two_gaussians_is_found():
    """N(1, 1) against N(−1, 1): the log-likelihood ratio is 2 · raw."""
    found = fit(*trials())
    assert found.slope == pytest.approx(2.0, abs=0.15)
    assert found.offset + found.by_noise * 20 == pytest.approx(0.0, abs=0.25)
    assert found.probability(0.0, 2.0) == pytest.approx(0.5, abs=0.06)
    assert found.probability(2.0, 2.0) > 0.95


def test_length_and_noise_move_the_middle():
    rng = np.random.default_rng(1)
    n = 6000
    genuine = rng.random(n) < 0.5
    seconds, snr = rng.choice([1.0, 8.0], n), rng.choice([10.0, 30.0], n)
    raw = rng.normal(np.where(genuine, 1.0, -1.0) + 0.5 * np.log(seconds) + 0.05 * snr, 1.0)
    found = fit(raw, seconds, snr, genuine)
    assert found.by_length == pytest.approx(-2 * 0.5, abs=0.15)
    assert found.by_noise == pytest.approx(-2 * 0.05, abs=0.02)


def test_a_narrow_band_moves_the_middle():
    rng = np.random.default_rng(1)
    n = 6000
    genuine, narrow = rng.random(n) < 0.5, rng.random(n) < 0.3
    raw = rng.normal(np.where(genuine, 1.0, -1.0) - 0.8 * narrow, 1.0)
    found = fit(raw, np.full(n, 2.0), np.full(n, 20.0), genuine, narrow)
    assert found.narrow == pytest.approx(2 * 0.8, abs=0.2)
    assert found.probability(-0.8, 2.0, narrow=True) == pytest.approx(found.probability(0.0, 2.0), abs=0.05)
    assert fit(raw, np.full(n, 2.0), np.full(n, 20.0), genuine).narrow == 0


def test_few_strangers_count_as_much_as_many_genuine():
    raw, seconds, snr, genuine = trials(8000)
    keep = genuine | (np.arange(8000) % 10 == 0)
    assert fit(raw[keep], seconds[keep], snr[keep], genuine[keep]).probability(0.0, 2.0) == pytest.approx(0.5, abs=0.1)


def test_trials_without_an_error_give_finite_numbers():
    found = fit([-2, -1, 1, 2], [1, 1, 1, 1], [20, 20, 20, 20], [False, False, True, True])
    assert np.isfinite([found.slope, found.by_length, found.by_noise, found.offset]).all()
    assert found.probability(-2, 1) < 0.5 < found.probability(2, 1)


def test_noise_that_is_not_known_counts_as_usual():
    found = Calibration(1.0, 0.0, 0.1, -2.0, snr_db=20.0)
    assert found.probability(0.0, 1.0) == found.probability(0.0, 1.0, 20.0) == pytest.approx(0.5)
    assert found.probability(0.0, 1.0, 500.0) == found.probability(0.0, 1.0, 40.0)


def test_one_kind_of_trials_is_refused():
    with pytest.raises(ShapeError):
        fit([1, 2], [1, 1], [20, 20], [True, True])
