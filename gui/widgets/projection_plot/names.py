"""Where the names of groups go: above their points, else below or beside, never over each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF

from engine.records import MapPoint
from gui.widgets.projection_plot.symbols import OTHER


@dataclass(frozen=True)
class Name:
    """A name to be placed. points: pixel positions (n, 2) of its group; size: of the text in pixels."""

    text: str
    size: QSizeF
    points: NDArray[np.float64]
    anchor: QPointF


def named(points: Sequence[MapPoint], pixels: NDArray[np.float64], size: Callable[[str], QSizeF]) -> list[Name]:
    """The names of the groups that have a colour of their own. pixels: where the points are (n, 2); size: of a text."""
    groups: dict[str, list[int]] = {}
    for i, point in enumerate(points):
        if point.group and point.colour != OTHER:
            groups.setdefault(point.group, []).append(i)
    found = []
    for text, rows in groups.items():
        own = pixels[rows]
        centre = next((pixels[i] for i in rows if points[i].kind == "centroid"), None)
        if centre is None:
            centre, own = thickest(own)
        found.append(Name(text, size(text), own, QPointF(*centre)))
    return found


def place(names: Sequence[Name], points: NDArray[np.float64], bounds: QRectF,
          taken: Sequence[QRectF] = (), gap: float = 8.0) -> list[QRectF | None]:
    """A rectangle for each name, in the order given; None where there is no room without covering another name.

    points: all pixel positions (n, 2), which names avoid where they can. taken: rectangles no name may touch.
    """
    placed: list[QRectF] = list(taken)
    result: list[QRectF | None] = []
    for name in names:
        best: tuple[float, QRectF] | None = None
        for rank, box in enumerate(_candidates(name, gap)):
            inside = _pushed_inside(box, bounds)
            if any(inside.intersects(other) for other in placed):
                continue
            moved = abs(inside.x() - box.x()) + abs(inside.y() - box.y())
            cost = rank * 1.5 + moved * 0.5 + 4.0 * _covered(inside.adjusted(-3, -3, 3, 3), points)
            if best is None or cost < best[0]:
                best = (cost, inside)
        result.append(best[1] if best else None)
        if best:
            placed.append(best[1].adjusted(-4, -2, 4, 2))
    return result


def thickest(points: NDArray[np.float64], reach: float = 70.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a scattered group is thickest: a point (2,) of it and those within reach (m, 2), stragglers left out."""
    few = points if len(points) <= 300 else points[np.linspace(0, len(points) - 1, 300).astype(int)]
    away = np.hypot(*(few[:, None, :] - few[None, :, :]).transpose(2, 0, 1))  # (n, n)
    best = few[int((away < reach).sum(axis=1).argmax())]
    near = points[np.hypot(*(points - best).T) < reach]
    middle = np.median(near, axis=0)
    return middle, np.percentile(near, [8, 92], axis=0) if len(near) > 24 else near


def _candidates(name: Name, gap: float) -> list[QRectF]:
    w, h = name.size.width(), name.size.height()
    left, top = name.points.min(axis=0)
    right, bottom = name.points.max(axis=0)
    x, y = name.anchor.x() - w / 2, name.anchor.y() - h / 2
    near_top = float(name.points[np.argmin(name.points[:, 1]), 0]) - w / 2
    return [
        QRectF((x + near_top) / 2, top - gap - h, w, h),
        QRectF(x, top - gap - h, w, h),
        QRectF(x, bottom + gap, w, h),
        QRectF(name.anchor.x() - gap * 2 - w, y, w, h),
        QRectF(name.anchor.x() + gap * 2, y, w, h),
        QRectF(left - gap - w, y, w, h),
        QRectF(right + gap, y, w, h),
        QRectF(near_top, top - gap - 2 * h, w, h),
        QRectF(x, bottom + gap + h, w, h),
    ]


def _pushed_inside(box: QRectF, bounds: QRectF) -> QRectF:
    x = min(max(box.x(), bounds.left() + 4), max(bounds.left() + 4, bounds.right() - box.width() - 4))
    y = min(max(box.y(), bounds.top() + 4), max(bounds.top() + 4, bounds.bottom() - box.height() - 4))
    return QRectF(x, y, box.width(), box.height())


def _covered(box: QRectF, points: NDArray[np.float64]) -> int:
    if not len(points):
        return 0
    x, y = points[:, 0], points[:, 1]
    return int(((x > box.left()) & (x < box.right()) & (y > box.top()) & (y < box.bottom())).sum())
