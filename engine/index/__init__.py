"""Exact nearest neighbours, with the filter inside the search."""

from engine.index.ranking import BoolArray, IntArray, Ranked, best_of_groups, ranked_groups, top
from engine.index.spans import Changes, Combine, ExactIndex, Hits, Portion, SpanIndex
from engine.index.vectors import SMALLEST_NORM, unit, unit_mean

__all__ = ["SMALLEST_NORM", "BoolArray", "Changes", "Combine", "ExactIndex", "Hits", "IntArray", "Portion", "Ranked", "SpanIndex",
           "best_of_groups", "ranked_groups", "top", "unit", "unit_mean"]
