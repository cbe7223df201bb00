"""One label for each item: accuracy, precision, recall, F1, confusion.

Conventions: *true* and *predicted* are sequences of labels, equally long, in the same order. *classes* fixes which
labels exist and in which order; by default all that occur, sorted. A label outside of *classes* is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError, UsageError


def top1(true: Sequence[str], predicted: Sequence[str]) -> float:
    """The share of items whose predicted label is the true one."""
    _same_length(true, predicted)
    return sum(t == p for t, p in zip(true, predicted, strict=True)) / len(true)


@dataclass(frozen=True)
class ByClass:
    """Figures of each class, in the order of `classes`. precision, recall, f1: float64 (classes,), 0 where they would divide by
    nothing; support: int64 (classes,), how many items truly are of the class.

    Macro means are over the classes with support, so that a label which no item has does not pull them down; where
    something is wrongly called so, that shows in the recall of what it is.
    """

    classes: tuple[str, ...]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]

    @property
    def precision_macro(self) -> float:
        return float(self.precision[self.support > 0].mean())

    @property
    def recall_macro(self) -> float:
        return float(self.recall[self.support > 0].mean())

    @property
    def f1_macro(self) -> float:
        return float(self.f1[self.support > 0].mean())


def by_class(true: Sequence[str], predicted: Sequence[str], classes: Sequence[str] | None = None) -> ByClass:
    """Precision TP / (TP + FP), recall TP / (TP + FN) and their harmonic mean for each class."""
    order = _classes(true, predicted, classes)
    table = confusion(true, predicted, order)
    right, support, said = np.diag(table).astype(np.float64), table.sum(axis=1), table.sum(axis=0)

    def share(part: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.divide(part, whole, out=np.zeros(len(order)), where=whole > 0)

    return ByClass(tuple(order), share(right, said), share(right, support), share(2 * right, support + said), support)


def confusion(true: Sequence[str], predicted: Sequence[str], classes: Sequence[str] | None = None) -> NDArray[np.int64]:
    """Return counts (classes, classes) in the order of `classes`: rows true, columns predicted."""
    place = {name: index for index, name in enumerate(_classes(true, predicted, classes))}
    table = np.zeros((len(place), len(place)), dtype=np.int64)
    np.add.at(table, ([place[t] for t in true], [place[p] for p in predicted]), 1)
    return table


def _same_length(true: Sequence[str], predicted: Sequence[str]) -> None:
    if len(true) != len(predicted):
        raise ShapeError(f"{len(true)} true labels, but {len(predicted)} predicted ones.")
    if not len(true):
        raise ShapeError("There are no items.")


def _classes(true: Sequence[str], predicted: Sequence[str], classes: Sequence[str] | None) -> list[str]:
    _same_length(true, predicted)
    seen = set(true) | set(predicted)
    if classes is None:
        return sorted(seen)
    if len(set(classes)) != len(classes):
        raise UsageError("A class is named twice.")
    if strange := sorted(seen - set(classes)):
        raise UsageError(f"These labels are not among the classes: {', '.join(strange)}.")
    return list(classes)
