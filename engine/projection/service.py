"""Draws the map of a space: fetches its vectors, fits a method, lays the result over the map before."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import UsageError
from engine.projection.maps import MapSource, ProjectedMap
from engine.projection.methods import (
    MIN_POINTS,
    Coordinates,
    Method,
    capped_perplexity,
    checked,
    fit_pca,
    fit_tsne,
    fit_umap,
    validated,
)
from engine.projection.placement import ByAxes, ByNeighbours, Placer, axis_signs, procrustes, vector_of
from engine.projection.quality import measure
from engine.records import MapPoint, Space
from engine.tasks import Ticket

QUERY_ID = "query"


class Maps:
    """points_of: gives what there is to draw of a space, in an order that does not change without reason."""

    def __init__(self, points_of: Callable[[Space], list[MapSource]]) -> None:
        self._points_of = points_of
        self._last: dict[Space, ProjectedMap] = {}

    def project(self, space: Space, method: Method, params: Mapping[str, Any] | None = None,
                ticket: Ticket | None = None, query: ArrayLike | None = None) -> ProjectedMap:
        """Draw a space. query: a vector (dim,) to be drawn as × where it belongs; it takes no part in the fit.

        The fit is to samples or sounds; centroids are placed on it (they take part only where samples are too few).
        The map is mirrored and, unless it is a PCA, turned and shifted onto the one drawn before of the same space.
        Raises UsageError (parameters, nothing to draw), ShapeError, Cancelled.
        """
        started, ticket = time.monotonic(), ticket or Ticket()
        used = validated(method, params)
        sources = self._points_of(space)
        if not sources:
            raise UsageError("There are no voices to draw yet: enroll one first." if space == "voices"
                             else "There are no sounds to draw yet: add a folder and scan it first.")
        ticket.check()
        fitted = [source for source in sources if source.kind != "centroid"]
        if len(fitted) < MIN_POINTS:
            fitted = list(sources)
        vectors = checked(np.stack([source.vector for source in fitted]))
        _cap(used, len(fitted))

        variance: tuple[float, ...] | None = None
        placer: Placer
        if method == "pca":
            pca = fit_pca(vectors)
            layout, variance = pca.transform(vectors), pca.variance
            signs = self._signs(space, fitted, layout)
            layout, placer = layout * signs, ByAxes(pca, signs)
        else:
            layout = (fit_tsne if method == "tsne" else fit_umap)(vectors, used, ticket)
            layout = self._laid_over(space, fitted, layout)
            placer = ByNeighbours(vectors, layout)

        ticket.check()
        places = {source.id: (float(x), float(y)) for source, (x, y) in zip(fitted, layout, strict=True)}
        dim = vectors.shape[1]
        points = [source.at(*(places.get(source.id) or placer(vector_of(source.vector, dim)))) for source in sources]
        if query is not None:
            points.append(MapPoint(QUERY_ID, "query", "query", *placer(vector_of(query, dim))))
        drawn = ProjectedMap(
            space=space, method=method, params=used, points=tuple(points), variance=variance,
            quality=measure(vectors, layout), took_s=time.monotonic() - started, seed=used.get("seed"),
            fitted=len(fitted), dim=dim, placer=placer,
        )
        self._last[space] = drawn
        return drawn

    def forget(self, space: Space | None = None) -> None:
        """Drop the map that the next one would be laid over; of all spaces by default."""
        for name in list(self._last) if space is None else [space]:
            self._last.pop(name, None)

    def _shared(self, space: Space, sources: list[MapSource],
                layout: Coordinates) -> tuple[Coordinates, Coordinates] | None:
        """The places, new and old, of the points that the map before had too; None where there are fewer than two."""
        last = self._last.get(space)
        if last is None:
            return None
        old = {point.id: (point.x, point.y) for point in last.points}
        kept = [row for row, source in enumerate(sources) if source.id in old]
        if len(kept) < 2:
            return None
        return layout[kept], np.array([old[sources[row].id] for row in kept])

    def _signs(self, space: Space, sources: list[MapSource], layout: Coordinates) -> Coordinates:
        shared = self._shared(space, sources, layout)
        return axis_signs(*shared) if shared else np.ones(2)

    def _laid_over(self, space: Space, sources: list[MapSource], layout: Coordinates) -> Coordinates:
        shared = self._shared(space, sources, layout)
        if not shared:
            return layout
        turn, shift = procrustes(*shared)
        return layout @ turn + shift


def _cap(params: dict[str, Any], points: int) -> None:
    """Lower what depends on the number of points, so that `params` tells what was used."""
    if "perplexity" in params:
        params["perplexity"] = capped_perplexity(params["perplexity"], points)
    if "n_neighbors" in params:
        params["n_neighbors"] = max(1, min(params["n_neighbors"], points - 1))
