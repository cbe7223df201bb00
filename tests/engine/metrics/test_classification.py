"""Labels: hand-worked cases and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.metrics.classification import by_class, confusion, top1

TRUE = ["cat", "cat", "dog", "dog", "rain"]
PREDICTED = ["cat", "dog", "dog", "dog", "cat"]


def test_by_hand() -> None:
    assert top1(TRUE, PREDICTED) == pytest.approx(3 / 5)
    assert by_class(TRUE, PREDICTED).f1_macro == pytest.approx((2 / 4 + 4 / 5 + 0) / 3)
    assert confusion(TRUE, PREDICTED).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_the_order_of_classes_is_the_callers() -> None:
    table = confusion(TRUE, PREDICTED, ["rain", "dog", "cat", "siren"])
    assert table.tolist() == [[0, 0, 1, 0], [0, 2, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    of_those_that_are = by_class(TRUE, PREDICTED, ["rain", "dog", "cat", "siren"])
    assert of_those_that_are.f1_macro == pytest.approx((0.5 + 0.8 + 0) / 3)


def test_against_scikit_learn() -> None:
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(0)
    names = list("abcde")
    true, predicted = list(rng.choice(names, 300)), list(rng.choice(names, 300))
    np.testing.assert_array_equal(confusion(true, predicted, names), confusion_matrix(true, predicted, labels=names))


def test_precision_and_recall_of_each_class_by_hand() -> None:
    found = by_class(TRUE, PREDICTED, ["cat", "dog", "rain", "siren"])
    assert found.precision.tolist() == pytest.approx([1 / 2, 2 / 3, 0, 0])
    assert found.recall.tolist() == pytest.approx([1 / 2, 1, 0, 0])
    assert found.f1.tolist() == pytest.approx([1 / 2, 4 / 5, 0, 0])
    assert found.support.tolist() == [2, 2, 1, 0]
    assert found.precision_macro == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)  # nobody is a siren
    assert found.recall_macro == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_precision_and_recall_against_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    rng = np.random.default_rng(4)
    names = list("abcdef")
    true, predicted = list(rng.choice(names[:5], 200)), list(rng.choice(names, 200))
    found = by_class(true, predicted, names)
    for ours, theirs in zip((found.precision, found.recall, found.f1, found.support),
                            precision_recall_fscore_support(true, predicted, labels=names, zero_division=0.0), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    macro = precision_recall_fscore_support(true, predicted, labels=names[:5], average="macro", zero_division=0.0)
    assert (found.precision_macro, found.recall_macro, found.f1_macro) == pytest.approx(macro[:3])
    assert top1(true, predicted) == pytest.approx(accuracy_score(true, predicted))


def test_bad_input_is_refused() -> None:
    with pytest.raises(ShapeError):
        top1(["a"], [])
    with pytest.raises(ShapeError):
        top1([], [])
    with pytest.raises(UsageError):
        confusion(["a"], ["b"], ["a"])
    with pytest.raises(UsageError):
        confusion(["a"], ["a"], ["a", "a"])
