"""Strangers let in and enrolled voices refused, over the threshold, with the threshold as a handle."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF

from gui import words
from gui.widgets.projection_plot.axes import TICK_PIXELS, tick_text, ticks
from gui.widgets.rates.plot import HIGHEST, LOWEST, TICK_PX, RatePlot

DOWN = (0.45, 0.3, 0.6, 0.18, 0.75)  # of the height: where the words of the curves may stand
TOPS = (0.2, 0.5, 1.0)  # what the upright axis can end at
OTHER_PX = 16.0  # from words to the curve that they are not about: farther than their own
PAD = 0.05  # of a similarity, at both ends
NARROWEST = 0.3


class RateCurves(RatePlot):
    """The upright axis ends at 20 %, where thresholds are chosen; higher where the two rates cross above that."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.low, self.high, self.top = 0.0, 1.0, TOPS[0]

    def set_threshold(self, threshold: float) -> None:
        self.low, self.high = min(self.low, threshold - PAD), max(self.high, threshold + PAD)
        super().set_threshold(threshold)

    def _measure(self) -> None:
        found = self.found
        if found is None or not len(found.thresholds):
            return
        self.top = next((top for top in TOPS if found.eer is not None and found.eer < 0.6 * top), TOPS[-1])
        falls = float(found.thresholds[found.far >= self.top][-1])
        rises = float(found.thresholds[found.frr >= self.top][0])
        low, high = min(falls, rises, self.threshold) - PAD, max(falls, rises, self.threshold) + PAD
        short = max(0.0, NARROWEST - (high - low)) / 2
        self.low = max(LOWEST, float(np.floor((low - short) * 20) / 20))
        self.high = min(max(HIGHEST, high), float(np.ceil((high + short) * 20) / 20))
        self.update()

    def _name(self) -> str:
        return self.tr("Error rates over the threshold")

    def _at(self, position: QPointF) -> float:
        area = self.area()
        return self.low + (position.x() - area.left()) / area.width() * (self.high - self.low)

    def _paint(self, painter: QPainter, area: QRectF) -> None:
        t, found = self.theme.tokens, self.found
        assert found is not None
        self._grid(painter, area)
        over = np.linspace(self.low, self.high, max(2, int(area.width())))
        far, frr = found.over(over)
        xs = area.left() + (over - self.low) / (self.high - self.low) * area.width()
        painter.save()
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        solid = QPen(QColor(t.text1), 1.6)
        dashed = QPen(QColor(t.text2), 1.6)
        dashed.setDashPattern([3, 2.4])
        for pen, rates in ((dashed, frr), (solid, far)):
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF([QPointF(x, self._y(area, rate)) for x, rate in zip(xs, rates, strict=True)]))
        painter.restore()
        self._words(painter, area, xs, far, frr)
        self._handle(painter, area)

    def _y(self, area: QRectF, rate: float) -> float:
        return area.bottom() - min(1.0, float(rate) / self.top) * area.height()

    def _x(self, area: QRectF, threshold: float) -> float:
        return area.left() + (threshold - self.low) / (self.high - self.low) * area.width()

    def _grid(self, painter: QPainter, area: QRectF) -> None:
        t = self.theme.tokens
        grid, ink = QPen(QColor(t.line), 1), QColor(t.text3)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in np.linspace(0, self.top, 5):
            y = round(self._y(area, value)) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(ink)
            text = f"{value * 100:g}"
            painter.drawText(QRectF(0, y - 7, area.left() - 8, 14), right, f"{text} %" if value == self.top else text)
        values, places = ticks(self.low, self.high, area.width() * TICK_PIXELS / TICK_PX)
        for value in values:
            x = self._x(area, value)
            painter.setPen(grid)
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.setPen(ink)
            painter.drawText(QRectF(x - 30, area.bottom() + 5, 60, 14), Qt.AlignmentFlag.AlignCenter, tick_text(value, places))

    def _words(self, painter: QPainter, area: QRectF, xs: np.ndarray, far: np.ndarray, frr: np.ndarray) -> None:
        """Beside each curve, at the height where the handle and the other curve leave room."""
        painter.setFont(self.theme.font("caption"))
        for word, role, box in self.word_boxes(painter.fontMetrics(), area, xs, far, frr):
            painter.fillRect(box.adjusted(-3, 0, 3, 0), QColor(self.theme.tokens.plot))
            painter.setPen(self.theme.colour(role))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)

    def word_boxes(self, metrics: QFontMetrics, area: QRectF, xs: np.ndarray, far: np.ndarray,
                   frr: np.ndarray) -> list[tuple[str, str, QRectF]]:
        """(word, role of its colour, where it stands) of both curves.

        The best place is the one whose box no line runs through; between the curves before outside.
        """
        ys = {"far": np.array([self._y(area, rate) for rate in far]), "frr": np.array([self._y(area, rate) for rate in frr])}
        handle = QRectF(self._x(area, self.threshold) - 6, area.top(), 12, area.height())
        found: list[tuple[str, str, QRectF]] = []
        for word, role, own, inner in ((self.tr("let in"), "text1", "far", 1), (self.tr("refused"), "text2", "frr", -1)):
            width = metrics.horizontalAdvance(word) + 1
            places = []
            for side in (inner, -inner):
                for down in DOWN:
                    y = area.top() + down * area.height()
                    x = _edge(xs, ys[own], y, falling=own == "far", right=side > 0)
                    if x is not None:
                        left = x + 8 if side > 0 else x - 8 - width
                        places.append(QRectF(left, y - 8, width, 16))
            inside = [box for box in places if box.left() >= area.left() + 4 and box.right() <= area.right() - 4]
            other = ys["frr" if own == "far" else "far"]
            alone = [box for box in inside if not box.intersects(handle) and not any(box.intersects(b) for _, _, b in found)]
            free = [box for box in alone if not _crosses(box, xs, ys[own], 4) and not _crosses(box, xs, other, 4)]
            clear = [box for box in free if not _crosses(box, xs, other, OTHER_PX)]
            if best := clear or free or alone or inside:
                found.append((word, role, best[0]))
        return found

    def _handle(self, painter: QPainter, area: QRectF) -> None:
        t, x = self.theme.tokens, self._x(area, self.threshold)
        accent = QColor(t.accent)
        painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), accent)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawPolygon(QPolygonF([QPointF(x - 6, area.top() - 7), QPointF(x + 6, area.top() - 7),
                                       QPointF(x, area.top() + 2)]))
        assert self.found is not None
        rates = self.found.at(self.threshold)
        if rates is not None:
            painter.setPen(QPen(QColor(t.plot), 1.5))
            for rate in (rates.false_accept, rates.false_reject):
                if rate <= self.top:
                    painter.drawEllipse(QPointF(x, self._y(area, rate)), 4, 4)
        painter.setFont(self.theme.font("small", 600))
        text = words.similarity(self.threshold)
        width = painter.fontMetrics().horizontalAdvance(text) + 2
        left = x + 10 if x + 12 + width < self.width() else x - 10 - width
        painter.setPen(accent)
        painter.drawText(QRectF(left, area.top() - 19, width, 16), Qt.AlignmentFlag.AlignCenter, text)


def _edge(xs: np.ndarray, ys: np.ndarray, y: float, falling: bool, right: bool) -> float | None:
    """Where a curve passes words of 16 px at height y, on the side that they stand on; None where it never does."""
    # the words stand right of a falling curve where its lower end is passed, left of it where its upper end is
    level = y + 8 if falling == right else y - 8
    above = np.flatnonzero(ys <= level)  # pixels count downwards
    if not len(above) or len(above) == len(ys):
        return None
    return float(xs[above[-1] if falling else above[0]])


def _crosses(box: QRectF, xs: np.ndarray, ys: np.ndarray, beside_px: float) -> bool:
    """A curve runs through a box and so many pixels beside it, steps included."""
    wide = box.adjusted(-beside_px, -2, beside_px, 2)
    within = np.flatnonzero((xs >= wide.left()) & (xs <= wide.right()))
    if not len(within):
        return False
    there = ys[max(0, within[0] - 1):within[-1] + 2]
    return bool(there.min() <= wide.bottom() and there.max() >= wide.top())
