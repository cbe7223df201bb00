"""Chance repeats, and leaves the chance of others alone."""

from __future__ import annotations

import pytest
import torch

from engine.training.seeds import Randomness, seeded


def test_the_same_seed_gives_the_same_and_the_outside_goes_on_as_if_nothing_was() -> None:
    torch.manual_seed(9)
    undisturbed = torch.rand(2, 4)
    torch.manual_seed(9)
    first = torch.rand(4)
    drawn = []
    for _ in range(2):
        with seeded(5) as rng:
            drawn.append((torch.rand(3), rng.random()))
            assert torch.are_deterministic_algorithms_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.stack([first, torch.rand(4)]), undisturbed)
    assert torch.equal(drawn[0][0], drawn[1][0]) and drawn[0][1] == drawn[1][1]


def test_all_is_put_back_after_an_error() -> None:
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    with pytest.raises(ValueError), seeded(5):
        raise ValueError
    assert torch.equal(torch.rand(1), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_drawing_goes_on_where_it_stopped_and_a_state_is_taken_up() -> None:
    one = Randomness(5)
    with one.drawing() as rng:
        first = torch.rand(3), rng.random()
    state = one.state()
    with one.drawing() as rng:
        second = torch.rand(3), rng.random()
    other = Randomness(6)
    other.restore(*state)
    with other.drawing() as rng:
        assert torch.equal(torch.rand(3), second[0]) and rng.random() == second[1] != first[1]
