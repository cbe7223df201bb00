"""Strangers let in and enrolled voices refused, over the threshold, with the threshold as a handle."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from gui import words
from gui.widgets.projection_plot.axes import tick_text, ticks
from gui.widgets.rates.plot import HIGHEST, LOWEST, RatePlot

TOPS = (0.2, 0.5, 1.0)  # what the upright axis can end at
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
        values, places = ticks(self.low, self.high, area.width())
        for value in values:
            x = self._x(area, value)
            painter.setPen(grid)
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.setPen(ink)
            painter.drawText(QRectF(x - 30, area.bottom() + 5, 60, 14), Qt.AlignmentFlag.AlignCenter, tick_text(value, places))

    def _words(self, painter: QPainter, area: QRectF, xs: np.ndarray, far: np.ndarray, frr: np.ndarray) -> None:
        """Beside each curve: between the two where there is room, else outside."""
        accept, reject = self.tr("let in"), self.tr("refused")
        painter.setFont(self.theme.font("caption"))
        metrics = painter.fontMetrics()
        still, already = far >= 0.52 * self.top, frr >= 0.4 * self.top  # at the lower edge of the words
        falls = float(xs[np.flatnonzero(still)[-1]]) if still.any() else area.left()
        rises = float(xs[np.flatnonzero(already)[0]]) if already.any() else area.right()
        wide = [metrics.horizontalAdvance(word) + 1 for word in (accept, reject)]
        if rises - falls > sum(wide) + 40:
            places = ((falls + 8, 0.4), (rises - 8 - wide[1], 0.52))
        else:
            above, over = far >= 0.7 * self.top, frr >= 0.58 * self.top  # at the upper edge
            falls = float(xs[np.flatnonzero(above)[-1]]) if above.any() else area.left()
            rises = float(xs[np.flatnonzero(over)[0]]) if over.any() else area.right()
            places = ((falls - 8 - wide[0], 0.4), (rises + 8, 0.52))
        handle = self._x(area, self.threshold)
        for word, (x, down), width, role in zip((accept, reject), places, wide, ("text1", "text2"), strict=True):
            if x - 6 < handle < x + width + 6:
                x = handle + 8 if word == accept else handle - 8 - width
            left = min(max(x, area.left() + 4), area.right() - width - 4)
            box = QRectF(left, area.top() + down * area.height() - 8, width, 16)
            painter.fillRect(box.adjusted(-3, 0, 3, 0), QColor(self.theme.tokens.plot))
            painter.setPen(self.theme.colour(role))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)

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
