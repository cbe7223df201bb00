"""The live query on a projection: ×, its trail of the last four seconds, lines to the nearest centroids."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gui import words
from gui.widgets.projection_plot.rimmed import RimmedText
from gui.widgets.projection_plot.symbols import paint_cross

if TYPE_CHECKING:
    from gui.theme import Theme

TRAIL_S = 4.0
TRAIL_FADE = (0.14, 0.80)


@dataclass(frozen=True)
class Link:
    """A line from the query to a centroid, with the similarity measured in the full space."""

    x: float
    y: float
    similarity: float


class Query:
    """Where the × is, where it was, and whom it is near. Times are seconds of the stream."""

    def __init__(self) -> None:
        self.at: tuple[float, float] | None = None
        self.links: tuple[Link, ...] = ()
        self.note = ""
        self._trail: deque[tuple[float, float, float]] = deque()
        self._now = 0.0

    def move(self, time_s: float, x: float, y: float, links: Sequence[Link], note: str = "") -> None:
        """A new embedding was placed at x, y."""
        if time_s < self._now:
            self._trail.clear()
        self.at, self.links, self.note = (x, y), tuple(links[:3]), note
        self._trail.append((time_s, x, y))
        self.tick(time_s)

    def tick(self, time_s: float) -> None:
        """Time went on: old points of the trail go."""
        self._now = time_s
        while self._trail and self._trail[0][0] < time_s - TRAIL_S:
            self._trail.popleft()

    def clear(self) -> None:
        self.at, self.links, self.note, self._now = None, (), "", 0.0
        self._trail.clear()

    def positions(self) -> list[tuple[float, float]]:
        """Everything that a fit should show."""
        return [(x, y) for _, x, y in self._trail] + ([self.at] if self.at else [])

    def paint(self, painter: QPainter, theme: Theme, to_pixel: Callable[[float, float], QPointF], size: float,
              texts: RimmedText, taken: Sequence[QRectF] = ()) -> None:
        """taken: rectangles that the similarities keep away from, where they can."""
        if self.at is None:
            return
        tokens = theme.tokens
        here = to_pixel(*self.at)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_trail(painter, theme, to_pixel)
        boxes = list(taken)
        for rank, link in enumerate(self.links):
            boxes += _paint_link(painter, theme, here, to_pixel(link.x, link.y), link.similarity, rank == 0, texts, boxes)
        paint_cross(painter, here, size, QColor(tokens.accent), QColor(tokens.plot))
        if self.note:
            texts.paint(painter, here + QPointF(0, size / 2 + 16), self.note, tokens.accent, 500)
        painter.restore()

    def _paint_trail(self, painter: QPainter, theme: Theme, to_pixel: Callable[[float, float], QPointF]) -> None:
        points = [(time_s, to_pixel(x, y)) for time_s, x, y in self._trail]
        low, high = TRAIL_FADE
        for (_, a), (time_s, b) in itertools.pairwise(points):
            age = min(1.0, max(0.0, (self._now - time_s) / TRAIL_S))
            colour = QColor(theme.tokens.accent)
            colour.setAlphaF(high - (high - low) * age)
            painter.setPen(QPen(colour, 1.5))
            painter.drawLine(a, b)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(b, 2.0, 2.0)


def _paint_link(painter: QPainter, theme: Theme, a: QPointF, b: QPointF, similarity: float, first: bool,
                texts: RimmedText, taken: Sequence[QRectF]) -> list[QRectF]:
    """Returns where its similarity stands."""
    length = math.hypot(b.x() - a.x(), b.y() - a.y())
    if length < 24:
        return []
    tokens = theme.tokens
    along = QPointF((b.x() - a.x()) / length, (b.y() - a.y()) / length)
    pen = QPen(QColor(tokens.text1 if first else tokens.text2), 1.2 if first else 1.0)
    if not first:
        pen.setDashPattern([4, 4])
    painter.setPen(pen)
    painter.drawLine(a + along * 9, b - along * 12)
    across = QPointF(along.y(), -along.x())
    if across.y() > 0:  # always the upper side
        across = -across
    places = [a + (b - a) * share + across * side for share in (0.5, 0.38, 0.62, 0.75) for side in (14, -14)]
    place = next((at for at in places if not any(_label_box(at).intersects(box) for box in taken)), places[0])
    texts.paint(painter, place, words.similarity(similarity), tokens.text1 if first else tokens.text2,
                600 if first else 500)
    return [_label_box(place)]


def _label_box(centre: QPointF) -> QRectF:
    return QRectF(centre.x() - 15, centre.y() - 8, 30, 16)
