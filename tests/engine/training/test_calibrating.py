"""Thresholds of back-ends: so many strangers reach them, whatever the length and the noise."""

from __future__ import annotations

import numpy as np
import pytest

from engine.training.voice import calibrating
from engine.training.voice.calibrating import Rule, Trials


def made(n=40_000, by_length=3.0, by_noise=-0.4):
    """Strangers around what they have in common with everybody, genuine queries 60 above it."""
    rng = np.random.default_rng(1)
    seconds, snr = rng.choice([1.5, 3.0, 5.0, 8.0], n), rng.uniform(5, 40, n)
    in_band, genuine = rng.random(n) < 0.3, rng.random(n) < 0.5
    common = by_length * np.log(seconds / 5) + by_noise * (snr - 25)
    raw = common + 10 + 60 * genuine + rng.normal(0, 4, n)
    return Trials(raw, seconds, snr, in_band, rng.random(n) < 0.5, genuine)


@pytest.mark.parametrize("share", [0.008, 0.05])
def test_the_share_of_strangers_that_get_in_is_the_same_everywhere(share):
    found = made()
    scale = calibrating._scale(found, Rule(share))
    assert (scale.by_length, scale.by_noise) == (pytest.approx(3, abs=0.7), pytest.approx(-0.4, abs=0.06))
    let_in = found.raw >= scale.threshold(found.seconds, found.snr_db)
    for some in (found.snr_db < 12, found.snr_db > 30, found.seconds < 2, found.seconds > 4):
        assert let_in[some & ~found.genuine].mean() == pytest.approx(share, abs=0.5 * share)
    assert let_in[found.genuine].all()
    shown = scale.apply(found.raw, found.seconds, found.snr_db)
    assert np.median(shown[found.genuine & found.plain & (found.seconds >= 2.5)]) == pytest.approx(0.9, abs=0.01)


def test_what_is_the_same_for_all_has_no_weight():
    found = made()
    alike = Trials(found.raw, np.full_like(found.seconds, 5.0), np.full_like(found.snr_db, 60.0),
                   np.zeros_like(found.narrow), found.plain, found.genuine)
    scale = calibrating._scale(alike, Rule())
    assert (scale.by_length, scale.by_noise) == (0, 0)


def test_strangers_through_channels_may_be_left_out():
    found = made()
    louder = Trials(found.raw + 10 * ~found.plain, found.seconds, found.snr_db, found.narrow, found.plain, found.genuine)
    for rule, let_in in ((Rule(0.02, plain=True), 0.02), (Rule(0.02), 0.0)):
        scale = calibrating._scale(louder, rule)
        rows = louder.plain & ~louder.genuine
        reached = louder.raw[rows] >= scale.threshold(louder.seconds[rows], louder.snr_db[rows])
        assert reached.mean() == pytest.approx(let_in, abs=0.005)
