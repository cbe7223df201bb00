"""Draws the map of a space: fetches its vectors, fits a method, lays the result over the map before."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import EarmarkError, UsageError
from engine.projection.kept import KeptMaps, Layout
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
from engine.records import FloatArray, MapPoint, Space
from engine.tasks import Ticket

QUERY_ID = "query"


@dataclass(frozen=True)
class Look:
    """What is there of a map. points: how many samples or sounds there are to draw now; revision: a hash of them.

    map: the one that can be shown, None where there is none. current: it is one of what is there now; where it is not, points
    that are gone were taken out of it and new ones are not in it yet.
    """

    points: int
    revision: str
    map: ProjectedMap | None
    current: bool


class Maps:
    """points_of: gives what there is to draw of a space, in an order that does not change without reason.

    kept: where maps outlive the program. stamp_of: something small that is quickly had and equal as long as a space holds the
    same, or None where only reading everything tells.
    """

    def __init__(self, points_of: Callable[[Space], list[MapSource]], kept: KeptMaps | None = None,
                 stamp_of: Callable[[Space], object | None] = lambda space: None) -> None:
        self._points_of, self._kept, self._stamp_of = points_of, kept, stamp_of
        self._stamps: dict[tuple[Space, Method], object | None] = {}
        self._last: dict[Space, ProjectedMap] = {}
        self._drawn: dict[tuple[Space, Method], ProjectedMap] = {}

    def project(self, space: Space, method: Method, params: Mapping[str, Any] | None = None,
                ticket: Ticket | None = None, query: ArrayLike | None = None, keep: bool = False) -> ProjectedMap:
        """Draw a space. query: a vector (dim,) to be drawn as × where it belongs; it takes no part in the fit.

        The fit is to samples or sounds; centroids are placed on it (they take part only where samples are too few).
        The map is mirrored and, unless it is a PCA, turned and shifted onto the one drawn before of the same space.
        keep: write it down, so that `look` finds it after the next start. Raises UsageError (parameters, nothing to draw),
        ShapeError, Cancelled.
        """
        started, ticket = time.monotonic(), ticket or Ticket()
        asked, stamp = validated(method, params), self._stamp_of(space)
        sources = self._points_of(space)
        if not sources:
            raise UsageError("There are no voices to draw yet: enroll one first." if space == "voices"
                             else "There are no sounds to draw yet: add a folder and scan it first.")
        ticket.check()
        fitted = _fitted(sources)
        vectors = checked(np.stack([source.vector for source in fitted]))
        used = _capped(asked, len(fitted))

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
        drawn = ProjectedMap(
            space=space, method=method, params=used, points=_placed(sources, fitted, layout, placer, vectors.shape[1]),
            variance=variance, quality=measure(vectors, layout), took_s=time.monotonic() - started, seed=used.get("seed"),
            fitted=len(fitted), dim=vectors.shape[1], placer=placer, asked=asked, revision=_revision(fitted, vectors),
        )
        if keep and method != "pca" and self._kept is not None:
            ticket.check()
            self._kept.keep(space, method, drawn.revision, Layout(asked, layout, drawn.quality, drawn.took_s))
            if not self._holds(space, stamp, drawn.revision):  # a voice was removed meanwhile: nothing of it may lie on the disk
                self._kept.drop(space, drawn.revision)
        self._last[space] = self._drawn[space, method] = drawn
        self._stamps[space, method] = stamp
        if query is not None:
            at = MapPoint(QUERY_ID, "query", "query", *placer(vector_of(query, drawn.dim)))
            return replace(drawn, points=(*drawn.points, at))
        return drawn

    def look(self, space: Space, method: Method, params: Mapping[str, Any] | None = None) -> Look:
        """What there is of a map without fitting anything: the one drawn last, or kept in the workspace.

        params: those wanted; without them, those of the map drawn last. A map of the same vectors with other parameters is
        given where there is none with these. Names, colours and centroids are those of today. Raises UsageError (parameters),
        and what reading voices and sounds raises.
        """
        asked, stamp = None if params is None else validated(method, params), self._stamp_of(space)
        last = self._drawn.get((space, method))
        if last is not None and stamp is not None and self._stamps.get((space, method)) == stamp and asked in (None, last.asked):
            self._last[space] = last
            return Look(last.fitted, last.revision, last, True)
        sources = self._points_of(space)
        if not sources:
            return Look(0, "", None, False)
        fitted = _fitted(sources)
        vectors = checked(np.stack([source.vector for source in fitted]))
        revision = _revision(fitted, vectors)
        same = last is not None and last.revision == revision
        found = last if same and last is not None and asked in (None, last.asked) else None
        if found is None and method != "pca" and self._kept is not None:
            kept = self._kept.find(space, method, revision, len(fitted), asked)
            if kept is not None:
                found = _from_layout(space, method, kept, sources, fitted, vectors, revision)
        if found is None and same:
            found = last
        if found is not None:
            found = _today(found, sources, fitted)
            self._last[space] = self._drawn[space, method] = found
            self._stamps[space, method] = stamp
            return Look(len(fitted), revision, found, True)
        old = last if last is not None and last.dim == vectors.shape[1] else None
        return Look(len(fitted), revision, None if old is None else _without_gone(old, sources), False)

    def forget(self, space: Space | None = None) -> None:
        """Drop the maps of a space that are in memory, of all spaces by default: the next one is laid over none."""
        for name in list(self._last) if space is None else [space]:
            self._last.pop(name, None)
        for drawn in [key for key in self._drawn if space in (None, key[0])]:
            self._drawn.pop(drawn, None)
            self._stamps.pop(drawn, None)

    def _holds(self, space: Space, stamp: object | None, revision: str) -> bool:
        """Whether a space holds what it did when this was its stamp and its revision."""
        try:
            if stamp is not None:
                return self._stamp_of(space) == stamp
            fitted = _fitted(self._points_of(space))
            return bool(fitted) and _revision(fitted, checked(np.stack([source.vector for source in fitted]))) == revision
        except EarmarkError:  # it cannot be read any more: locked, or its encoder is lost
            return False

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


def _fitted(sources: list[MapSource]) -> list[MapSource]:
    """What a map is fitted to: all but centroids, unless there would be too few."""
    fitted = [source for source in sources if source.kind != "centroid"]
    return fitted if len(fitted) >= MIN_POINTS else list(sources)


def _revision(fitted: list[MapSource], vectors: FloatArray) -> str:
    """A hash of the things and their vectors (n, dim), in their order."""
    told = hashlib.sha256("\n".join([str(vectors.shape), *(source.id for source in fitted)]).encode())
    told.update(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
    return told.hexdigest()


def _placed(sources: list[MapSource], fitted: list[MapSource], layout: Coordinates, placer: Placer,
            dim: int) -> tuple[MapPoint, ...]:
    """A point for each source: where it was fitted, or placed on that."""
    places = {source.id: (float(x), float(y)) for source, (x, y) in zip(fitted, layout, strict=True)}
    return tuple(source.at(*(places.get(source.id) or placer(vector_of(source.vector, dim)))) for source in sources)


def _from_layout(space: Space, method: Method, kept: Layout, sources: list[MapSource], fitted: list[MapSource],
                 vectors: FloatArray, revision: str) -> ProjectedMap:
    used, placer = _capped(kept.asked, len(fitted)), ByNeighbours(vectors, kept.places)
    return ProjectedMap(space=space, method=method, params=used, variance=None, quality=kept.quality, took_s=kept.took_s,
                        points=_placed(sources, fitted, kept.places, placer, vectors.shape[1]), seed=used.get("seed"),
                        fitted=len(fitted), dim=vectors.shape[1], placer=placer, asked=kept.asked, revision=revision)


def _today(drawn: ProjectedMap, sources: list[MapSource], fitted: list[MapSource]) -> ProjectedMap:
    """The same map of the same vectors, under the names, colours and groups of now."""
    at = {point.id: (point.x, point.y) for point in drawn.points}
    layout = np.array([at[source.id] for source in fitted], dtype=np.float64)
    return replace(drawn, points=_placed(sources, fitted, layout, drawn.placer, drawn.dim))


def _without_gone(drawn: ProjectedMap, sources: list[MapSource]) -> ProjectedMap:
    """A map of what was there before, without what is gone; what is new is not in it."""
    there = {source.id: source for source in sources}
    points = tuple(there[point.id].at(point.x, point.y) for point in drawn.points if point.id in there)
    return replace(drawn, points=points)


def _capped(params: Mapping[str, Any], points: int) -> dict[str, Any]:
    """params with what depends on the number of points lowered, so that they tell what was used."""
    used = dict(params)
    if "perplexity" in used:
        used["perplexity"] = capped_perplexity(used["perplexity"], points)
    if "n_neighbors" in used:
        used["n_neighbors"] = max(1, min(used["n_neighbors"], points - 1))
    return used
