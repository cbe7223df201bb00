"""Which rows of the training data come together: batches without end, planned one epoch at a time.

The plan of an epoch is a pure function of (seed, number of the epoch), so that a place in the batches is two whole numbers and
resuming is exact. All chance comes from numpy generators.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ShapeError, TrainingError, UsageError

Indices = NDArray[np.int64]


class Epochs(ABC):
    """Hands out the batches of one planned epoch after the other."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._epoch, self._place = 0, 0
        self._plan: list[Indices] | None = None

    @abstractmethod
    def plan(self, rng: np.random.Generator) -> list[Indices]:
        """The batches of one epoch: int64 row numbers. At least one."""

    def _planned(self) -> list[Indices]:
        if self._plan is None:
            self._plan = self.plan(np.random.default_rng((self.seed, self._epoch)))
        return self._plan

    def __len__(self) -> int:
        """Batches of the present epoch; epochs may differ a little where batches are packed."""
        return len(self._planned())

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return self._epoch

    def next(self) -> Indices:
        plan = self._planned()
        batch = plan[self._place]
        self._place += 1
        if self._place == len(plan):
            self._epoch, self._place, self._plan = self._epoch + 1, 0, None
        return batch

    def state(self) -> dict[str, Any]:
        return {"kind": type(self).__name__, "seed": self.seed, "epoch": self._epoch, "place": self._place}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to the place of `state`. Raises TrainingError where it was taken from other batches."""
        if state["kind"] != type(self).__name__ or state["seed"] != self.seed:
            raise TrainingError(f"The checkpoint's batches ({state['kind']}, seed {state['seed']}) are not those of this "
                                f"training ({type(self).__name__}, seed {self.seed}). Start without resuming.")
        self._epoch, self._place, self._plan = int(state["epoch"]), int(state["place"]), None
        if self._place >= len(self):
            raise TrainingError("The checkpoint was made with more training data than there is now. Start without resuming.")


class Shuffled(Epochs):
    """Every row once an epoch, in batches of `size`; the last few that fill no batch wait for another epoch."""

    def __init__(self, count: int, size: int, seed: int = 0) -> None:
        super().__init__(seed)
        if not 1 <= size <= count:
            raise UsageError(f"{count} rows do not fill a batch of {size}.")
        self.count, self.size = count, size

    def plan(self, rng: np.random.Generator) -> list[Indices]:
        rows = rng.permutation(self.count)
        return list(rows[:self.count // self.size * self.size].reshape(-1, self.size))


class DistinctGroups(Epochs):
    """No two rows of one group in a batch, so that every negative is a true one.

    groups: (n,) whole numbers, or (n, k) for k ways of belonging together (caption, sound, source, …): rows that agree in any
    of them never meet. Negative numbers belong to no group. A group with more rows than there are batches shows a different
    part of itself every epoch, which also keeps large groups from taking over. Batches hold up to `size` rows.
    """

    def __init__(self, groups: ArrayLike, size: int, seed: int = 0) -> None:
        super().__init__(seed)
        self.groups = whole_groups(groups)
        if not 2 <= size <= len(self.groups):
            raise UsageError(f"{len(self.groups)} rows do not fill a batch of {size}.")
        self.size = size
        largest = [np.bincount(column)[column] for column in self.groups.T]
        self._weight = np.max(largest, axis=0)  # (n,): rows in the largest group that a row is in

    def plan(self, rng: np.random.Generator) -> list[Indices]:
        count = len(self.groups) // self.size
        order = rng.permutation(len(self.groups))
        order = order[np.argsort(-self._weight[order], kind="stable")]  # large groups first: they are the hard ones to place
        holds = [np.zeros((int(column.max()) + 1, count), bool) for column in self.groups.T]
        filled = np.zeros(count)
        batches: list[list[int]] = [[] for _ in range(count)]
        for row in order:
            refused = filled >= self.size
            for held, group in zip(holds, self.groups[row], strict=True):
                refused |= held[group]
            if refused.all():
                continue  # waits for another epoch
            batch = int(np.argmin(np.where(refused, np.inf, filled + rng.random(count) / 2)))  # the emptiest, ties by chance
            batches[batch].append(int(row))
            filled[batch] += 1
            for held, group in zip(holds, self.groups[row], strict=True):
                held[group, batch] = True
        return _usable([rng.permutation(np.array(batch, np.int64)) for batch in batches])


class ClassesByItems(Epochs):
    """`classes` classes × `items` rows of each, class after class: what triplets and prototypes need.

    labels: (n,) whole numbers. Classes with fewer rows than `items` are left out. All others come equally often, whatever
    their size. An epoch is as many batches as there are rows for.
    """

    def __init__(self, labels: ArrayLike, classes: int, items: int, seed: int = 0) -> None:
        super().__init__(seed)
        labels = np.asarray(labels)
        if labels.ndim != 1:
            raise ShapeError(f"Labels must be one number a row, not an array of shape {labels.shape}.")
        members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._members = [rows for rows in members if len(rows) >= items]
        if len(self._members) < classes or min(classes, items) < 1:
            raise UsageError(f"{len(self._members)} classes have {items} rows or more, but a batch needs {classes} of them.")
        self.classes, self.items = classes, items

    def plan(self, rng: np.random.Generator) -> list[Indices]:
        queues = [rng.permutation(rows) for rows in self._members]
        taken = np.zeros(len(queues), np.int64)
        batches = []
        for _ in range(max(1, sum(map(len, queues)) // (self.classes * self.items))):
            chosen = np.argsort(taken + rng.random(len(queues)), kind="stable")[:self.classes]  # least used, ties by chance
            rows = [np.take(queues[c], np.arange(self.items) + taken[c] * self.items, mode="wrap") for c in chosen]
            taken[chosen] += 1
            batches.append(np.concatenate(rows).astype(np.int64))
        return batches


class HardNegatives(Epochs):
    """Like DistinctGroups, but a share of every batch comes from one parent: negatives that are hard to tell apart.

    groups: as in DistinctGroups. parents: (n,) whole numbers, negative: none. share: of a batch, 0–1; less where a parent has
    fewer groups left. Parents are drawn in proportion to their rows, so that each row still comes at most once an epoch.
    """

    def __init__(self, groups: ArrayLike, parents: ArrayLike, size: int, share: float = 0.5, seed: int = 0) -> None:
        super().__init__(seed)
        self.groups, self.parents = whole_groups(groups), np.asarray(parents, np.int64)
        if self.parents.shape != (len(self.groups),):
            raise ShapeError(f"Parents must be one number a row ({len(self.groups)}), not {self.parents.shape}.")
        if not 2 <= size <= len(self.groups) or not 0 <= share <= 1:
            raise UsageError(f"{len(self.groups)} rows do not make batches of {size} with a share of {share} of one parent.")
        self.size, self.share = size, share

    def plan(self, rng: np.random.Generator) -> list[Indices]:
        free = rng.permutation(len(self.groups))
        batches = []
        for _ in range(len(self.groups) // self.size):
            parent = self.parents[free[rng.integers(len(free))]]
            near = free[self.parents[free] == parent] if parent >= 0 else free[:0]
            near = self._distinct(near)[:round(self.share * self.size)]
            # the chosen stand first, so that the rest gives way to them
            far = free[~np.isin(free, near)]
            batch = self._distinct(np.concatenate([near, far]))[:self.size]
            batches.append(rng.permutation(batch))
            free = free[~np.isin(free, batch)]
            if len(free) < 2:
                break
        return _usable(batches)

    def _distinct(self, rows: Indices) -> Indices:
        """The first row of every group, in the order of `rows`."""
        for column in self.groups.T:
            _, first = np.unique(column[rows], return_index=True)
            rows = rows[np.sort(first)]
        return rows


def whole_groups(groups: ArrayLike) -> NDArray[np.int64]:
    """(n,) or (n, k) group numbers → (n, k) numbers from 0, where rows without a group got one of their own."""
    table = np.asarray(groups)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer):
        raise ShapeError(f"Groups must be whole numbers, (rows,) or (rows, kinds), not {table.dtype} {table.shape}.")
    columns = []
    for column in table.T:
        alone = column < 0
        own = np.where(alone, column.max(initial=0) + 1 + np.arange(len(column)), column)
        columns.append(np.unique(own, return_inverse=True)[1])
    return np.stack(columns, axis=1).astype(np.int64)


def _usable(batches: list[Indices]) -> list[Indices]:
    """Without batches that hold no negative."""
    usable = [batch for batch in batches if len(batch) >= 2]
    if not usable:
        raise UsageError("All rows belong to one group, so no batch holds a negative. Give more groups.")
    return usable
