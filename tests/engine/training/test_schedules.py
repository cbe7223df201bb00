"""Schedules at the points where the formula is plain."""

from __future__ import annotations

import math

import pytest

from engine.errors import UsageError
from engine.training.schedules import constant, cosine, linear


def test_constant() -> None:
    assert [constant()(s) for s in (0, 1, 999)] == [1, 1, 1]
    assert [constant(4)(s) for s in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_linear() -> None:
    factor = linear(14, warmup=4, floor=0.5)
    assert [factor(s) for s in (0, 3, 4, 9, 14, 99)] == pytest.approx([0.25, 1, 1, 0.75, 0.5, 0.5])


def test_cosine() -> None:
    factor = cosine(104, warmup=4)
    assert [factor(s) for s in (0, 3, 4, 29, 54, 104, 500)] == pytest.approx(
        [0.25, 1, 1, (1 + math.sqrt(0.5)) / 2, 0.5, 0, 0], abs=1e-12)
    assert cosine(100, floor=0.1)(100) == pytest.approx(0.1)
    falls = [factor(s) for s in range(4, 105)]
    assert falls == sorted(falls, reverse=True)


def test_a_warmup_that_does_not_fit_is_refused() -> None:
    for make in (lambda: cosine(10, 10), lambda: linear(0), lambda: linear(10, floor=1.5)):
        with pytest.raises(UsageError):
            make()
