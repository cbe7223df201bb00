"""Retrieval metrics: hand-worked rankings, invariants, scikit-learn as the yardstick."""

from __future__ import annotations

import json
import os
import subprocess
import sys

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


def test_hand_worked_cuts_and_gains() -> None:
    assert r.average_precision(HITS_1_3_5, k=10) == pytest.approx(0.756, abs=5e-4)
    assert r.average_precision(HITS_1_3_5, k=3) == pytest.approx((1 + 2 / 3) / 3)
    assert r.average_precision(HITS_1_3_5, relevant_total=10, k=2) == pytest.approx(1 / 2)  # divided by min(10, 2)
    assert r.average_precision([1] * 20, k=10) == 1.0
    assert r.ndcg(HITS_1_3_5) == pytest.approx((1 + 1 / 2 + 1 / np.log2(6)) / (1 + 1 / np.log2(3) + 1 / 2))
    assert r.ndcg(HITS_1_3_5, k=2) == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert r.ndcg([0, 0, 1], k=2) == 0.0
    assert r.ndcg([1] * 20, k=10) == 1.0


def test_all_queries_at_once_are_each_query_alone() -> None:
    rng = np.random.default_rng(8)
    for items in (1, 7, 40):
        similarities, relevant = rng.normal(size=(30, items)).round(1), rng.random((30, items)) < 0.3  # ties too
        relevant[0] = True
        found = r.by_query(similarities, relevant)
        rows = [r.ranked_relevance(s, m) for s, m in zip(similarities, relevant, strict=True) if m.any()]
        alone = {"mrr": r.reciprocal_rank, "map": r.average_precision, "ndcg": r.ndcg, "rank": r.first_rank,
                 "map_at_10": lambda row: r.average_precision(row, k=10), "ndcg_at_10": lambda row: r.ndcg(row, k=10)}
        for k in (1, 5, 10):
            alone |= {f"precision_at_{k}": lambda row, k=k: r.precision_at_k(row, k),
                      f"recall_at_{k}": lambda row, k=k: r.recall_at_k(row, k),
                      f"f1_at_{k}": lambda row, k=k: r.f1_at_k(row, k)}
        assert set(found) == set(alone)
        for name, measure in alone.items():
            np.testing.assert_allclose(found[name], [measure(row) for row in rows], atol=1e-12, err_msg=name)


def test_the_order_of_items_and_queries_changes_nothing_where_nothing_is_tied() -> None:
    rng = np.random.default_rng(9)
    similarities, relevant = rng.normal(size=(25, 40)), rng.random((25, 40)) < 0.1
    relevant[:, 0] = True
    items, queries = rng.permutation(40), rng.permutation(25)
    before, after = r.by_query(similarities, relevant), r.by_query(similarities[queries][:, items], relevant[queries][:, items])
    for name in before:
        np.testing.assert_allclose(after[name], before[name][queries], atol=1e-12, err_msg=name)


RANX = """
import json, sys
import ranx
task = json.load(sys.stdin)
qrels, run = ranx.Qrels(task["qrels"]), ranx.Run(task["run"])
for name in task["names"]:
    ranx.evaluate(qrels, run, name)
print(json.dumps({name: [float(run.scores[name][q]) for q in task["run"]] for name in task["names"]}))
"""
"""In a process of its own without numba's compiler, which would take minutes for ten rankings."""


def test_against_ranx_and_scikit_learn_with_many_relevant_items() -> None:
    from sklearn.metrics import average_precision_score, ndcg_score

    rng = np.random.default_rng(11)
    queries, items = 60, 50
    similarities = rng.permuted(np.tile(np.arange(items) / items, (queries, 1)), axis=1)
    relevant = rng.random((queries, items)) < rng.uniform(0.02, 0.5, (queries, 1))
    relevant[np.arange(queries), rng.integers(0, items, queries)] = True
    names = [f"d{i:02d}" for i in range(items)]
    theirs = {"precision@10": "precision_at_10", "recall@10": "recall_at_10", "f1@10": "f1_at_10",
              "precision@5": "precision_at_5", "recall@1": "recall_at_1", "mrr": "mrr", "map": "map", "ndcg": "ndcg",
              "ndcg@10": "ndcg_at_10"}
    task = {"names": list(theirs),
            "qrels": {f"q{q:02d}": {n: 1 for n, m in zip(names, relevant[q], strict=True) if m} for q in range(queries)},
            "run": {f"q{q:02d}": dict(zip(names, similarities[q].tolist(), strict=True)) for q in range(queries)}}
    ran = subprocess.run([sys.executable, "-c", RANX], input=json.dumps(task), text=True, capture_output=True, check=True,
                         env=os.environ | {"NUMBA_DISABLE_JIT": "1"})
    expected, ours = json.loads(ran.stdout), r.by_query(similarities, relevant)
    for name, own in theirs.items():
        np.testing.assert_allclose(ours[own], expected[name], atol=1e-9, err_msg=name)
    np.testing.assert_allclose(ours["map"], [average_precision_score(m, s) for m, s in zip(relevant, similarities, strict=True)])
    for name, k in (("ndcg", None), ("ndcg_at_10", 10)):
        np.testing.assert_allclose(ours[name], [ndcg_score(m[None], s[None], k=k)
                                                for m, s in zip(relevant, similarities, strict=True)])
