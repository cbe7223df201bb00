"""How good a ranking is: precision, recall, F1, reciprocal rank, average precision, nDCG, median rank.

Conventions
-----------
*relevance*: bool (n,), the items of one query's ranking from first to last, True where the item is relevant.
*similarities*, *relevant*: (queries, items), before ranking; several items may be relevant to a query.
Ranks count from 1. A ranking goes from the highest similarity down; equal similarities keep the order of the items,
so that the same input gives the same number everywhere (callers put items in an order of their own, e.g. by path; without
ties the order of items changes nothing).
*relevant_total*: how many relevant items there are in all, where the ranking was cut short; by default those in it.
A ranking shorter than k counts as if it went on with items that are not relevant: precision is always over k.
Average precision cut at k is divided by min(R, k), R the number of relevant items, so that a perfect ranking has 1.
nDCG has gains of 0 and 1 and discounts of log2(rank + 1); cut at k, the ideal is that of min(R, k) items.
Means are over the queries that have anything relevant; the others are left out and counted (`Retrieval.skipped`).

Formulas: Manning, Raghavan, Schütze, *Introduction to Information Retrieval* (2008), chapter 8; for nDCG Järvelin and
Kekäläinen 2002, ACM TOIS 20, 422–446, with the discount that most evaluations use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ShapeError, UsageError
from engine.metrics.checks import finite, flags, positive


def rank_order(similarities: ArrayLike) -> NDArray[np.int64]:
    """Return item indices (n,) from most to least similar; ties keep the order of the items."""
    return np.argsort(-finite(similarities, "similarities"), kind="stable").astype(np.int64)


def ranked_relevance(similarities: ArrayLike, relevant: ArrayLike) -> NDArray[np.bool_]:
    """Return the relevance (n,) of one query's items in ranked order. similarities, relevant: (n,) in item order."""
    marks = flags(relevant, "relevant")
    order = rank_order(similarities)
    if order.shape != marks.shape:
        raise ShapeError(f"{len(order)} similarities were given for {len(marks)} items.")
    return marks[order]


def precision_at_k(relevance: ArrayLike, k: int) -> float:
    """The share of the first k places that hold a relevant item."""
    return _hits(relevance, k) / positive(k, "k")


def recall_at_k(relevance: ArrayLike, k: int, relevant_total: int | None = None) -> float:
    """The share of all relevant items that are among the first k places."""
    return _hits(relevance, k) / _total(relevance, relevant_total)


def f1_at_k(relevance: ArrayLike, k: int, relevant_total: int | None = None) -> float:
    """The harmonic mean of precision and recall at k; 0 where both are 0."""
    precision, recall = precision_at_k(relevance, k), recall_at_k(relevance, k, relevant_total)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def first_rank(relevance: ArrayLike) -> int | None:
    """The rank of the first relevant item, None where the ranking holds none."""
    places = np.flatnonzero(flags(relevance, "relevance"))
    return int(places[0]) + 1 if len(places) else None


def reciprocal_rank(relevance: ArrayLike) -> float:
    """1 / rank of the first relevant item; 0 where the ranking holds none."""
    rank = first_rank(relevance)
    return 1.0 / rank if rank else 0.0


def average_precision(relevance: ArrayLike, relevant_total: int | None = None, k: int | None = None) -> float:
    """The precision at each relevant item's rank, summed and divided by the number of relevant items in all.

    k: count the first k places only, and divide by min(R, k); by default the whole ranking.
    """
    marks = flags(relevance, "relevance")
    total = _total(marks, relevant_total)
    ranks = np.flatnonzero(marks[:k if k is None else positive(k, "k")]) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / (total if k is None else min(total, k)))


def ndcg(relevance: ArrayLike, relevant_total: int | None = None, k: int | None = None) -> float:
    """Discounted gain of the first k places (by default of all), divided by that of the best ranking there could be."""
    marks = flags(relevance, "relevance")
    total = _total(marks, relevant_total)
    if k is not None:
        marks, total = marks[:positive(k, "k")], min(total, k)
    ranks = np.flatnonzero(marks) + 1
    return float((1 / np.log2(ranks + 1)).sum() / (1 / np.log2(np.arange(1, total + 1) + 1)).sum())


@dataclass(frozen=True)
class Retrieval:
    """Rankings of many queries, measured.

    precision, recall, f1, reciprocal_rank, average_precision: float64; first_rank: int64; all (used queries,).
    queries: indices (used queries,) of the queries that had something relevant; skipped: how many had nothing.
    """

    k: int
    queries: NDArray[np.int64]
    skipped: int
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    reciprocal_rank: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    first_rank: NDArray[np.int64]

    @property
    def mean_precision(self) -> float:
        return float(self.precision.mean())

    @property
    def mean_recall(self) -> float:
        return float(self.recall.mean())

    @property
    def mean_f1(self) -> float:
        return float(self.f1.mean())

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank."""
        return float(self.reciprocal_rank.mean())

    @property
    def mean_average_precision(self) -> float:
        """mAP."""
        return float(self.average_precision.mean())

    @property
    def median_rank(self) -> float:
        """The median over queries of the first relevant item's rank."""
        return float(np.median(self.first_rank))


def evaluate(similarities: ArrayLike, relevant: ArrayLike, k: int = 10) -> Retrieval:
    """Rank all items for each query and measure the rankings.

    similarities: finite (queries, items); relevant: bool of the same shape.
    Raises ShapeError, UsageError (k, or no query with anything relevant).
    """
    values, marks = finite(similarities, "similarities", dims=2), flags(relevant, "relevant", dims=2)
    if values.shape != marks.shape:
        raise ShapeError(f"similarities are {values.shape}, relevant is {marks.shape}.")
    k = positive(k, "k")
    used = np.flatnonzero(marks.any(axis=1))
    if not len(used):
        raise UsageError("No query has anything relevant.")
    rows = [ranked_relevance(values[q], marks[q]) for q in used]
    return Retrieval(
        k=k,
        queries=used.astype(np.int64),
        skipped=len(values) - len(used),
        precision=np.array([precision_at_k(row, k) for row in rows]),
        recall=np.array([recall_at_k(row, k) for row in rows]),
        f1=np.array([f1_at_k(row, k) for row in rows]),
        reciprocal_rank=np.array([reciprocal_rank(row) for row in rows]),
        average_precision=np.array([average_precision(row) for row in rows]),
        first_rank=np.array([int(np.argmax(row)) + 1 for row in rows], dtype=np.int64),
    )


def by_query(similarities: ArrayLike, relevant: ArrayLike, ks: Sequence[int] = (1, 5, 10)) -> dict[str, NDArray[np.float64]]:
    """Every measure of every query that has anything relevant, in the order of the queries: float64 (used queries,) each.

    similarities, relevant: as in `evaluate`. Names: precision_at_K, recall_at_K, f1_at_K for each K of ks, then mrr
    (reciprocal ranks), map (average precision), map_at_10, ndcg, ndcg_at_10, rank (of the first relevant item). The same
    numbers as the functions above, for many queries at once. Raises ShapeError, UsageError.
    """
    values, marks = finite(similarities, "similarities", dims=2), flags(relevant, "relevant", dims=2)
    if values.shape != marks.shape:
        raise ShapeError(f"similarities are {values.shape}, relevant is {marks.shape}.")
    used = marks.any(axis=1)
    if not used.any():
        raise UsageError("No query has anything relevant.")
    order = np.argsort(-values[used], axis=1, kind="stable")
    hits = np.take_along_axis(marks[used], order, axis=1)  # (queries, items), ranked
    ranks = np.arange(1, hits.shape[1] + 1)
    found, totals = hits.cumsum(axis=1), hits.sum(axis=1)
    gains, ideal = hits / np.log2(ranks + 1), (1 / np.log2(ranks + 1)).cumsum()
    precisions = np.where(hits, found / ranks, 0.0)
    measured: dict[str, NDArray[np.float64]] = {}
    for k in ks:
        hit = found[:, min(positive(k, "k"), hits.shape[1]) - 1]
        measured |= {f"precision_at_{k}": hit / k, f"recall_at_{k}": hit / totals, f"f1_at_{k}": 2 * hit / (k + totals)}
    first = hits.argmax(axis=1) + 1
    ten = np.minimum(totals, 10)
    return measured | {
        "mrr": 1 / first, "map": precisions.sum(axis=1) / totals, "map_at_10": precisions[:, :10].sum(axis=1) / ten,
        "ndcg": gains.sum(axis=1) / ideal[totals - 1], "ndcg_at_10": gains[:, :10].sum(axis=1) / ideal[ten - 1],
        "rank": first.astype(np.float64)}


def _hits(relevance: ArrayLike, k: int) -> int:
    return int(flags(relevance, "relevance")[: positive(k, "k")].sum())


def _total(relevance: ArrayLike, relevant_total: int | None) -> int:
    found = int(flags(relevance, "relevance").sum())
    total = found if relevant_total is None else relevant_total
    if total < found:
        raise UsageError(f"relevant_total is {total}, but the ranking holds {found} relevant items.")
    if total == 0:
        raise UsageError("Nothing is relevant to this query, so recall and average precision do not exist.")
    return total
