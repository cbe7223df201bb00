"""A short run of each fault: killed, on a full disk, with damaged files, two at once. `make faults` runs them for long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import full_disk, kills, mutations, two_programs
from tests.faults.driving import Material, make

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return make(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("work", ["scan", "privacy on", "remove"])
def test_a_kill_leaves_nothing_half_done(material, work):
    counts, broken = kills.rounds(material, 1, 7, [work])
    print(kills.table(counts))
    assert broken == []


def test_on_a_full_disk_what_is_said_is_true(material):
    try:
        counts, broken = full_disk.rounds(material, 1, 0)
    except full_disk.NoDisk as reason:
        pytest.skip(str(reason))
    print(counts)
    assert broken == []


@pytest.mark.parametrize("what", ["settings", "models", "vectors", "database", "exported voices"])
def test_damaged_files_are_refused_in_words_and_left_alone(material, what):
    counts, broken = mutations.rounds(material, 2, 100, [what])
    print(counts)
    assert broken == []


def test_two_programs_do_not_disturb_each_other(material):
    counts, broken = two_programs.rounds(material, 15)
    print(counts)
    assert broken == []


def test_damage_is_the_same_for_the_same_seed_and_never_nothing_at_all(tmp_path: Path):
    import random

    data = bytes(range(256)) * 4
    made = [mutations.damaged(data, random.Random(seed)) for seed in range(50)]
    assert made == [mutations.damaged(data, random.Random(seed)) for seed in range(50)]
    assert sum(one != data for one in made) >= 48
    assert mutations.damaged(b"", random.Random(1)) is not None
