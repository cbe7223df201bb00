"""The marks of a projection as painter paths in a unit square, y down.

Samples are hollow triangles, centroids filled ones, sounds take the marker of their category (look/LOOK.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

if TYPE_CHECKING:
    from gui.theme import Theme

OTHER = -1  # the colour of what belongs to no named group: grey


def _polygon(points: list[tuple[float, float]]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def _circle() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), 0.5, 0.5)
    return path


def _ring(corners: int, outer: float, inner: float | None = None, turn: float = -math.pi / 2) -> QPainterPath:
    steps = corners if inner is None else corners * 2
    radii = [outer if inner is None or i % 2 == 0 else inner for i in range(steps)]
    return _polygon([(r * math.cos(turn + 2 * math.pi * i / steps), r * math.sin(turn + 2 * math.pi * i / steps))
                     for i, r in enumerate(radii)])


def _plus(arm: float) -> QPainterPath:
    a, b = arm, 0.5
    return _polygon([(-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a), (a, b), (-a, b), (-a, a), (-b, a), (-b, -a),
                     (-a, -a)])


TRIANGLE = _polygon([(-0.5, 0.4), (0.5, 0.4), (0.0, -0.47)])
_SQUARE = _polygon([(-0.44, -0.44), (0.44, -0.44), (0.44, 0.44), (-0.44, 0.44)])
_DIAMOND = _ring(4, 0.56)
_STAR = _ring(5, 0.62, 0.26)
_HEXAGON = _ring(6, 0.54)

# One marker a category, in the order of the palette: ● ■ ◆ ★ ✚ ⬢ ○ □ ◇ ☆ ✛ ⬡; True: filled.
MARKERS: tuple[tuple[QPainterPath, bool], ...] = (
    (_circle(), True), (_SQUARE, True), (_DIAMOND, True), (_STAR, True), (_plus(0.18), True), (_HEXAGON, True),
    (_circle(), False), (_SQUARE, False), (_DIAMOND, False), (_STAR, False), (_plus(0.2), False), (_HEXAGON, False),
)


@dataclass(frozen=True)
class Mark:
    """How one kind of point is drawn. size: pixels; width: of the pen."""

    path: QPainterPath
    size: float
    pen: QPen
    brush: QBrush


def mark(theme: Theme, kind: str, colour: int, size: str = "small", dimmed: bool = False) -> Mark:
    """The mark of a point. size "small" is the Live page's, "large" the Map's, "mini" that of a side panel."""
    tokens = theme.tokens
    hue = QColor(tokens.text3 if colour == OTHER else theme.category(colour))
    if dimmed:
        hue.setAlphaF(0.62 if kind in ("sample", "centroid") else 0.36)
    none = QPen(Qt.PenStyle.NoPen)
    if kind == "sample":
        pixels = {"small": 11.0, "large": 13.0, "mini": 9.0}[size]
        return Mark(TRIANGLE, pixels, _pen(hue, 1.2 if dimmed else 1.5), QBrush(Qt.BrushStyle.NoBrush))
    if kind == "centroid":
        pixels = {"small": 20.0, "large": 25.0, "mini": 14.0}[size]
        return Mark(TRIANGLE, pixels, _pen(QColor(tokens.plot), 1.5), QBrush(hue))
    if colour == OTHER:
        return Mark(MARKERS[0][0], 4.0, none, QBrush(hue))
    path, filled = MARKERS[colour % len(MARKERS)]
    if filled:
        return Mark(path, 6.0, none, QBrush(hue))
    return Mark(path, 6.0, _pen(hue, 1.2), QBrush(Qt.BrushStyle.NoBrush))


def _pen(hue: QColor, width: float) -> QPen:
    pen = QPen(hue, width)
    pen.setCosmetic(True)  # the path is scaled to its size, the line is not
    return pen


def paint_mark(painter: QPainter, at: QPointF, look: Mark, size: float | None = None) -> None:
    """Draw one mark outside a plot: in legends, lists and cards."""
    scale = size or look.size
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(at)
    painter.scale(scale, scale)
    pen = QPen(look.pen)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.setBrush(look.brush)
    painter.drawPath(look.path)
    painter.restore()


def paint_cross(painter: QPainter, at: QPointF, size: float, colour: QColor, rim: QColor, width: float = 3.0) -> None:
    """The query ×: accent strokes over a rim of the plot's colour."""
    half = size / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for hue, thick in ((rim, width + 4.0), (colour, width)):
        painter.setPen(QPen(hue, thick, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(at + QPointF(-half, -half), at + QPointF(half, half))
        painter.drawLine(at + QPointF(-half, half), at + QPointF(half, -half))
    painter.restore()
