"""The library with a damaged matrix: a search says so and gives no nonsense, and a scan makes the vectors again."""

from __future__ import annotations

import os

import numpy as np
import pytest


def nan(file):
    rows = np.fromfile(file, "<f4")
    rows[:4] = np.nan
    rows.tofile(file)


def random_bytes(file):
    file.write_bytes(np.random.default_rng(3).bytes(file.stat().st_size))


@pytest.mark.parametrize("damage", [nan, random_bytes, lambda file: os.truncate(file, 0), lambda file: file.unlink()],
                         ids=["nan", "random", "emptied", "lost"])
def test_a_search_says_what_it_cannot_compare_and_the_next_scan_puts_it_right(world, damage):
    for number, hz in enumerate((100, 500, 1000, 3000)):
        world.tone(f"{number}.wav", hz)
    world.scan(added=4)
    before = [(match.sound.path.name, match.similarity) for match in world.library.search("low").matches]
    damage(next(world.store.vectors.glob("*.f32")))
    world.reopen()
    found = world.library.search("low")
    assert found.damaged > 0
    assert found.sounds == 4 - found.damaged
    assert all(np.isfinite(match.similarity) for match in found.matches)
    sounds, means = world.library.vectors()
    assert len(sounds) == len(means) == found.sounds
    world.scan(updated=found.damaged, unchanged=4 - found.damaged)
    found = world.library.search("low")
    assert found.damaged == 0
    assert [(match.sound.path.name, match.similarity) for match in found.matches] == before
