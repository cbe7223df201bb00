"""Intervals: known values, coverage, determinism."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.metrics.intervals import bootstrap_ci95, bootstrap_statistic, paired_bootstrap_ci95, wilson_ci95


def test_wilson_known_values() -> None:
    assert wilson_ci95(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson_ci95(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_ci95(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_bootstrap_mean_is_near_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = bootstrap_ci95(values, seed=1)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_same_seed_same_interval() -> None:
    values = np.arange(20.0)
    assert bootstrap_ci95(values, seed=4, draws=200) == bootstrap_ci95(values, seed=4, draws=200)
    assert bootstrap_ci95(values, seed=4, draws=200) != bootstrap_ci95(values, seed=5, draws=200)


def test_groups_that_agree_within_widen_the_interval() -> None:
    speakers = np.repeat(np.arange(10), 20)
    values = speakers.astype(float)
    alone, grouped = bootstrap_ci95(values, seed=0), bootstrap_ci95(values, seed=0, groups=list(speakers))
    assert grouped[1] - grouped[0] > 2.5 * (alone[1] - alone[0])


def test_equal_values_have_a_point_interval() -> None:
    assert bootstrap_ci95([0.5] * 9, seed=0, draws=50) == (0.5, 0.5)


def test_any_statistic() -> None:
    values = np.arange(101.0)
    low, high = bootstrap_statistic(lambda rows: float(np.median(values[rows])), 101, seed=0, draws=300)
    assert low < 50 < high


def test_bad_input_is_refused() -> None:
    with pytest.raises(UsageError):
        wilson_ci95(3, 2)
    with pytest.raises(ShapeError):
        bootstrap_ci95([1.0, float("nan")], seed=0)
    with pytest.raises(ShapeError):
        bootstrap_ci95([1.0, 2.0], seed=0, groups=["a"])


def test_a_pairing_sees_what_two_intervals_hide() -> None:
    """b is a, always a little worse: the queries vary far more than the two systems differ."""
    rng = np.random.default_rng(2)
    a = rng.random(60)
    b = a - 0.02 - 0.01 * rng.random(60)
    low, high = paired_bootstrap_ci95(a, b, seed=0)
    assert 0.02 < low < (a - b).mean() < high < 0.03
    assert paired_bootstrap_ci95(b, a, seed=0) == pytest.approx((-high, -low), abs=1e-3)
    assert bootstrap_ci95(a, seed=0)[0] < bootstrap_ci95(b, seed=0)[1]  # alone they overlap
    assert paired_bootstrap_ci95(a, a, seed=0) == (0.0, 0.0)
    with pytest.raises(ShapeError):
        paired_bootstrap_ci95([1.0, 2.0], [1.0], seed=0)


def test_a_pairing_of_groups_is_as_wide_as_the_groups_are_few() -> None:
    a, groups = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], 30), np.repeat(np.arange(6), 30)
    alone = paired_bootstrap_ci95(a, np.zeros(180), seed=1)
    grouped = paired_bootstrap_ci95(a, np.zeros(180), seed=1, groups=list(groups))
    assert grouped[1] - grouped[0] > 3 * (alone[1] - alone[0])
