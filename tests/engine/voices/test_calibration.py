"""Calibration on one's own voices, with samples whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.records import Embedding, Sample
from engine.voices.calibration import calibrate
from engine.voices.choice import choose


def samples_of(*voices):
    """Each voice is a list of takes, each take a list of angles in degrees; two dimensions."""
    made = []
    for voice, takes in enumerate(voices):
        for take, angles in enumerate(takes):
            for angle in np.radians(angles):
                made.append(Sample(len(made), voice * 100 + take, voice, Embedding(np.array([np.cos(angle), np.sin(angle)],
                                                                                            np.float32)), 3.0, 1.0))
    return made


COSINE = choose("cosine", None)


def test_a_take_is_never_compared_with_itself():
    """anna's takes lie at 0° and 60°, bert's at 90° and 90°: what asks is left out, so anna gets cos 60° of herself twice."""
    found = calibrate(samples_of([[0], [60]], [[90], [90]]), COSINE)
    assert found.genuine == pytest.approx([0.5, 0.5, 1.0, 1.0], abs=1e-6)
    # anna's 0° and 60° against bert's 90°: 0 and cos 30°; bert's 90° against what is left of anna: 60°, then 0°
    assert found.impostor == pytest.approx([0.0, 0.0, np.cos(np.radians(30)), np.cos(np.radians(30))], abs=1e-6)
    assert (found.voices, found.takes, found.impostors) == (2, 4, 4)


def test_rates_at_a_threshold_have_intervals_that_count_takes():
    found = calibrate(samples_of([[0], [60]], [[90], [90]]), COSINE)
    rates = found.at(0.7)
    assert (rates.false_accept, rates.false_reject) == (0.5, 0.5)
    assert rates.false_accept_ci95[0] < 0.2 and rates.false_accept_ci95[1] > 0.8


def test_a_few_takes_are_too_few_to_tell():
    found = calibrate(samples_of([[0], [1]], [[90], [91]]), COSINE)
    assert found.suggested is None
    assert found.why.startswith("Too little to tell: 4 takes")
    assert calibrate([], COSINE).at(0.5) is None
    assert "two takes" in calibrate(samples_of([[0, 1]]), COSINE).why
    assert "second voice" in calibrate(samples_of([[0], [1]]), COSINE).why


def test_enough_takes_give_a_threshold_between_friends_and_strangers():
    rng = np.random.default_rng(0)
    voices = [[[a + rng.normal() for _ in range(2)] for _ in range(8)] for a in (0, 40, 80, 120)]
    found = calibrate(samples_of(*voices), COSINE)
    assert (found.takes, found.impostors, found.why) == (32, 32, "")
    assert np.cos(np.radians(38)) < found.suggested < np.cos(np.radians(2))
    rates = found.at(found.suggested)
    assert (rates.false_accept, rates.false_reject) == (0.0, 0.0)


def test_where_they_overlap_one_in_a_hundred_strangers_may_pass():
    rng = np.random.default_rng(0)
    voices = [[[a + rng.normal() * 12] for _ in range(12)] for a in (0, 30, 60, 90)]
    found = calibrate(samples_of(*voices), COSINE)
    assert found.eer > 0.05
    assert found.at(found.suggested).false_accept <= 0.0101
    below = float(found.thresholds[np.searchsorted(found.thresholds, found.suggested) - 1])
    assert found.at(below).false_accept > 0.01


def test_curves_go_from_accepting_all_to_refusing_all():
    found = calibrate(samples_of([[0], [60]], [[90], [80]]), COSINE)
    assert (found.far[0], found.frr[0], found.far[-1], found.frr[-1]) == (1, 0, 0, 1)

def test_rates_over_many_thresholds_are_those_at_each():
    found = calibrate(samples_of([[0], [60]], [[90], [90]]), COSINE)
    many = np.linspace(-0.2, 1.2, 57)
    far, frr = found.over(many)
    for threshold, a, r in zip(many, far, frr, strict=True):
        rates = found.at(float(threshold))
        assert (rates.false_accept, rates.false_reject) == pytest.approx((a, r))
    assert found.strangers == 0
