"""Retrieval metrics: hand-worked rankings, invariants, scikit-learn as the yardstick."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.metrics import retrieval as r

HITS_1_3_5 = [1, 0, 1, 0, 1]


def test_hand_worked_ranking() -> None:
    assert r.precision_at_k(HITS_1_3_5, 5) == pytest.approx(0.6)
    assert r.average_precision(HITS_1_3_5) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert r.average_precision(HITS_1_3_5) == pytest.approx(0.756, abs=5e-4)
    assert r.recall_at_k(HITS_1_3_5, 5) == 1.0
    assert r.recall_at_k(HITS_1_3_5, 5, relevant_total=10) == pytest.approx(0.3)
    assert r.f1_at_k(HITS_1_3_5, 5, relevant_total=10) == pytest.approx(0.4)
    assert r.reciprocal_rank(HITS_1_3_5) == 1.0
    assert r.reciprocal_rank([0, 0, 0, 1]) == 0.25


def test_a_ranking_shorter_than_k_goes_on_with_irrelevant_items() -> None:
    assert r.precision_at_k([1, 1], 10) == pytest.approx(0.2)
    assert r.recall_at_k([1, 1], 10) == 1.0


def test_nothing_relevant_in_the_ranking() -> None:
    assert r.precision_at_k([0, 0, 0], 2) == 0.0
    assert r.reciprocal_rank([0, 0, 0]) == 0.0
    assert r.first_rank([0, 0, 0]) is None
    assert r.average_precision([0, 0, 0], relevant_total=4) == 0.0
    assert r.f1_at_k([0, 0, 0], 2, relevant_total=4) == 0.0
    with pytest.raises(UsageError):
        r.recall_at_k([0, 0, 0], 2)


def test_ties_keep_the_order_of_the_items() -> None:
    assert r.rank_order([0.5, 0.9, 0.5, 0.9, 0.5]).tolist() == [1, 3, 0, 2, 4]
    assert r.ranked_relevance([0.5, 0.5], [0, 1]).tolist() == [False, True]


def test_several_queries_by_hand() -> None:
    similarities = [[0.9, 0.8, 0.1], [0.1, 0.2, 0.3], [0.5, 0.4, 0.3], [0.3, 0.2, 0.1]]
    relevant = [[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 0]]
    found = r.evaluate(similarities, relevant, k=2)
    assert found.skipped == 1
    assert found.queries.tolist() == [0, 1, 2]
    assert found.first_rank.tolist() == [1, 3, 2]
    assert found.median_rank == 2.0
    assert found.mrr == pytest.approx((1 + 1 / 3 + 1 / 2) / 3)
    assert found.precision.tolist() == [0.5, 0.0, 0.5]
    assert found.recall.tolist() == [0.5, 0.0, 1.0]
    assert found.mean_f1 == pytest.approx((0.5 + 0 + 2 / 3) / 3)
    assert found.mean_average_precision == pytest.approx(((1 + 2 / 3) / 2 + 1 / 3 + 1 / 2) / 3)


def test_against_scikit_learn_on_random_rankings() -> None:
    from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

    rng = np.random.default_rng(3)
    for _ in range(200):
        n = int(rng.integers(2, 60))
        similarities, relevant = rng.permutation(n) / n, rng.random(n) < rng.uniform(0.05, 0.9)
        relevant[rng.integers(n)] = True
        k = int(rng.integers(1, n + 1))
        ranked = r.ranked_relevance(similarities, relevant)
        chosen = np.zeros(n, bool)
        chosen[r.rank_order(similarities)[:k]] = True
        assert r.average_precision(ranked) == pytest.approx(average_precision_score(relevant, similarities), abs=1e-12)
        assert r.precision_at_k(ranked, k) == pytest.approx(precision_score(relevant, chosen), abs=1e-12)
        assert r.recall_at_k(ranked, k) == pytest.approx(recall_score(relevant, chosen), abs=1e-12)
        assert r.f1_at_k(ranked, k) == pytest.approx(f1_score(relevant, chosen, zero_division=0.0), abs=1e-12)


def test_a_monotone_change_of_similarities_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    similarities, relevant = rng.normal(size=(20, 30)), rng.random((20, 30)) < 0.2
    first, second = r.evaluate(similarities, relevant), r.evaluate(np.exp(3 * similarities), relevant)
    np.testing.assert_array_equal(first.average_precision, second.average_precision)
    assert first.median_rank == second.median_rank


@pytest.mark.parametrize("bad", [[], [[0.1]], [0.1, float("nan")], [0.1, float("inf")]])
def test_bad_similarities_are_refused(bad: list[float]) -> None:
    with pytest.raises(ShapeError):
        r.rank_order(bad)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(UsageError):
        r.precision_at_k([1], 0)
    with pytest.raises(UsageError):
        r.recall_at_k([1, 1], 1, relevant_total=1)
    with pytest.raises(ShapeError):
        r.precision_at_k([0.3, 1], 1)
    with pytest.raises(ShapeError):
        r.evaluate([[0.1, 0.2]], [[1]])
    with pytest.raises(UsageError):
        r.evaluate([[0.1, 0.2]], [[0, 0]])
