"""One label for each item: accuracy, F1, confusion.

Conventions: *true* and *predicted* are sequences of labels, equally long, in the same order. *classes* fixes which
labels exist and in which order; by default all that occur, sorted. A label outside of *classes* is an error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError, UsageError


def top1(true: Sequence[str], predicted: Sequence[str]) -> float:
    """The share of items whose predicted label is the true one."""
    _same_length(true, predicted)
    return sum(t == p for t, p in zip(true, predicted, strict=True)) / len(true)


def f1_macro(true: Sequence[str], predicted: Sequence[str], classes: Sequence[str] | None = None) -> float:
    """The mean over classes of F1 = 2·TP / (2·TP + FP + FN); a class that is neither true nor predicted counts as 0."""
    from sklearn.metrics import f1_score

    order = _classes(true, predicted, classes)
    return float(f1_score(list(true), list(predicted), labels=order, average="macro", zero_division=0.0))


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
