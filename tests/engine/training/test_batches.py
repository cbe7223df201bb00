"""Batches: what each kind promises, that chance repeats, and that a place can be taken up again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import ShapeError, TrainingError, UsageError
from engine.training.batches import ClassesByItems, DistinctGroups, Epochs, HardNegatives, Shuffled, whole_groups

RNG = np.random.default_rng(0)
GROUPS = RNG.integers(0, 60, 400)
PARENTS = GROUPS // 10  # six parents of ten groups
KINDS: dict[str, Callable[[int], Epochs]] = {
    "shuffled": lambda seed: Shuffled(400, 32, seed),
    "distinct": lambda seed: DistinctGroups(GROUPS, 32, seed),
    "classes": lambda seed: ClassesByItems(GROUPS, 8, 4, seed),
    "hard": lambda seed: HardNegatives(GROUPS, PARENTS, 32, 0.25, seed),
}
each = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


def epoch(batches: Epochs) -> list[np.ndarray]:
    return [batches.next() for _ in range(len(batches))]


@each
def test_the_same_seed_gives_the_same_batches_and_another_seed_others(make: Callable[[int], Epochs]) -> None:
    one, same, other = make(3), make(3), make(4)
    for _ in range(30):
        batch = one.next()
        np.testing.assert_array_equal(batch, same.next())
        assert batch.dtype == np.int64
        assert not np.array_equal(batch, other.next())


@each
def test_epochs_differ(make: Callable[[int], Epochs]) -> None:
    batches = make(0)
    first, second = epoch(batches), epoch(batches)
    assert batches.epoch == 2
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=False))


@each
@pytest.mark.parametrize("place", [0, 5, 12, 29])
def test_a_place_is_taken_up_again(make: Callable[[int], Epochs], place: int) -> None:
    whole = make(1)
    for _ in range(place):
        whole.next()
    state = json.loads(json.dumps(whole.state()))
    resumed = make(1)
    resumed.next()
    resumed.restore(state)
    for _ in range(20):
        np.testing.assert_array_equal(resumed.next(), whole.next())


@each
def test_a_place_in_other_batches_is_refused(make: Callable[[int], Epochs]) -> None:
    with pytest.raises(TrainingError, match="Start without resuming"):
        make(1).restore(make(2).state())
    with pytest.raises(TrainingError):
        make(1).restore({"kind": "Other", "seed": 1, "epoch": 0, "place": 0})
    with pytest.raises(TrainingError, match="more training data"):
        make(1).restore({**make(1).state(), "place": 10_000})


def test_shuffled_shows_every_row_at_most_once_an_epoch() -> None:
    rows = np.concatenate(epoch(Shuffled(100, 8, 0)))
    assert len(rows) == 96 == len(set(rows.tolist()))
    assert set(np.concatenate(epoch(Shuffled(96, 8, 0))).tolist()) == set(range(96))


def test_distinct_groups_never_meet_and_nearly_all_rows_come() -> None:
    batches = DistinctGroups(GROUPS, 20, 0)
    for _ in range(3):
        rows = epoch(batches)
        for batch in rows:
            assert len(set(GROUPS[batch].tolist())) == len(batch) <= 20
        seen = np.concatenate(rows)
        assert len(set(seen.tolist())) == len(seen) >= 395


def test_distinct_in_every_kind_of_belonging() -> None:
    """Rows of one caption never meet, nor do rows of one source; rows without a source may."""
    sources = np.where(np.arange(400) % 2, RNG.integers(0, 40, 400), -1)
    batches = epoch(DistinctGroups(np.stack([GROUPS, sources], axis=1), 16, 0))
    for batch in batches:
        assert len(set(GROUPS[batch].tolist())) == len(batch)
        known = sources[batch][sources[batch] >= 0].tolist()
        assert len(set(known)) == len(known)
    assert max(int((sources[batch] < 0).sum()) for batch in batches) > 1
    assert sum(map(len, batches)) > 380


def test_a_group_that_is_too_large_shows_all_of_itself_in_time() -> None:
    groups = np.r_[np.zeros(50, int), np.arange(1, 51)]  # half of the rows are one group; 10 batches of 10
    batches = DistinctGroups(groups, 10, 0)
    seen: Counter[int] = Counter()
    for _ in range(40):
        rows = np.concatenate(epoch(batches))
        assert (groups[rows] == 0).sum() == 10
        seen.update(rows.tolist())
    assert all(seen[row] for row in range(50))
    assert all(seen[row] == 40 for row in range(50, 100))


def test_one_group_alone_has_no_negatives() -> None:
    with pytest.raises(UsageError, match="one group"):
        DistinctGroups(np.zeros(10, int), 4, 0).next()
    assert whole_groups(np.full(3, -1)).ravel().tolist() == [0, 1, 2]


def test_classes_by_items() -> None:
    labels = np.repeat(np.arange(6), [3, 40, 10, 10, 10, 4])  # the first has too few
    batches = ClassesByItems(labels, 3, 4, 0)
    counts: Counter[int] = Counter()
    assert len(batches) == 74 // 12
    for batch in (batches.next() for _ in range(60)):
        table = labels[batch].reshape(3, 4)
        assert (table == table[:, :1]).all() and len(set(table[:, 0].tolist())) == 3
        assert len(set(batch.tolist())) == 12
        counts.update(table[:, 0].tolist())
    assert set(counts) == {1, 2, 3, 4, 5}
    assert max(counts.values()) - min(counts.values()) <= 20  # 36 each, whatever the size: a class waits at most a batch an epoch
    assert len({row for _ in range(20) for batch in epoch(batches) for row in batch if labels[row] == 1}) == 40


def test_a_share_of_the_negatives_is_hard() -> None:
    def largest(share: float) -> float:
        batches = HardNegatives(GROUPS, PARENTS, 32, share, 0)
        rows = epoch(batches)
        for batch in rows:
            assert len(set(GROUPS[batch].tolist())) == len(batch)
        seen = np.concatenate(rows)
        assert len(set(seen.tolist())) == len(seen)
        return float(np.mean([np.bincount(PARENTS[batch]).max() for batch in rows]))

    # a quarter of 32 is eight of a parent's ten groups; the last batches of an epoch find fewer
    assert largest(0.25) > 7.5
    assert largest(0.0) < largest(0.25) < largest(0.3)


def test_rows_without_a_parent_bring_none() -> None:
    batch = HardNegatives(np.arange(50), np.full(50, -1), 10, 0.5, 0).next()
    assert len(set(batch.tolist())) == 10


def test_what_makes_no_batch_is_refused() -> None:
    for make in (lambda: Shuffled(3, 4), lambda: DistinctGroups(np.arange(3), 4), lambda: ClassesByItems(GROUPS, 99, 2),
                 lambda: HardNegatives(GROUPS, PARENTS, 8, 1.5)):
        with pytest.raises(UsageError):
            make()
    for wrong in (lambda: DistinctGroups(np.zeros(4), 2), lambda: HardNegatives(GROUPS, PARENTS[:-1], 8),
                  lambda: ClassesByItems(np.zeros((4, 2), int), 1, 1)):
        with pytest.raises(ShapeError):
            wrong()
