"""The DET curve: what is refused against what is let in, on the scale of the normal deviate."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF

from gui.widgets.rates.plot import RatePlot

MARKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
LEAST_TOP = 0.4
NEAR_PX = 6.0  # of words to the curve
AWAY_PX = 24.0  # nearer to each other than this, the first of two places is as good as the second
APART_PX = 24.0  # marks of an axis that carry a figure


class DetCurve(RatePlot):
    """Rates of 0 and 1 lie infinitely far out on this scale; they are drawn on the edge."""

    margins = (46, 14, 14, 38)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._x_ends = self._y_ends = (MARKS[0], LEAST_TOP)
        self._rates = np.zeros((0, 2))  # far, frr of the operating points

    def _measure(self) -> None:
        found = self.found
        if found is None or not len(found.thresholds):
            return
        top = next((mark for mark in MARKS if mark >= LEAST_TOP and found.eer is not None and mark > 1.5 * found.eer), MARKS[-1])
        self._x_ends = (_least(found.impostors), top)
        self._y_ends = (_least(found.takes), top)
        self._rates = np.column_stack([found.far, found.frr])
        self.update()

    def _name(self) -> str:
        return self.tr("DET curve")

    def _at(self, position: QPointF) -> float:
        """That of the nearest operating point."""
        assert self.found is not None
        xs, ys = self._places(self.area(), self._rates)
        nearest = int(np.argmin((xs - position.x()) ** 2 + (ys - position.y()) ** 2))
        return float(self.found.thresholds[nearest])

    def _places(self, area: QRectF, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of (far, frr) rows."""
        return (area.left() + _share(rates[:, 0], self._x_ends) * area.width(),
                area.bottom() - _share(rates[:, 1], self._y_ends) * area.height())

    def _point(self, area: QRectF, far: float, frr: float) -> QPointF:
        xs, ys = self._places(area, np.array([[far, frr]]))
        return QPointF(float(xs[0]), float(ys[0]))

    def _paint(self, painter: QPainter, area: QRectF) -> None:
        t, found = self.theme.tokens, self.found
        assert found is not None
        self._grid(painter, area)
        painter.save()
        painter.setClipRect(area.adjusted(-5, -5, 5, 5))
        even = QPen(QColor(t.text3), 1)
        even.setDashPattern([2, 3])
        painter.setPen(even)
        low = max(self._x_ends[0], self._y_ends[0])
        painter.drawLine(self._point(area, low, low), self._point(area, self._x_ends[1], self._y_ends[1]))
        painter.setPen(QPen(QColor(t.text1), 1.6))
        xs, ys = self._places(area, self._rates)
        painter.drawPolyline(QPolygonF([QPointF(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]))
        rates = found.at(self.threshold)
        if rates is not None:
            here = self._point(area, rates.false_accept, rates.false_reject)
            accent = QColor(t.accent)
            painter.setPen(QPen(accent, 2))
            for accept in rates.false_accept_ci95:
                painter.drawLine(here, self._point(area, accept, rates.false_reject))
            for reject in rates.false_reject_ci95:
                painter.drawLine(here, self._point(area, rates.false_accept, reject))
            painter.setPen(QPen(QColor(t.plot), 1.5))
            painter.setBrush(accent)
            painter.drawEllipse(here, 5, 5)
        painter.restore()
        if found.eer is not None:
            painter.setFont(self.theme.font("caption"))
            text, box = self.words_and_box(area, painter.fontMetrics(), found.eer)
            painter.fillRect(box, QColor(t.plot))
            painter.setPen(QColor(t.text2))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def words_and_box(self, area: QRectF, metrics: QFontMetrics, eer: float) -> tuple[str, QRectF]:
        """The equal error rate in words, and where they stand: away from the curve, shorter where there is no such place."""
        rate = f"{eer * 100:.1f}"
        long, short = self.tr("equal error rate {} %").format(rate), self.tr("EER {} %").format(rate)
        box, away = self._corner(area, metrics.horizontalAdvance(long) + 10)
        return (long, box) if away > NEAR_PX else (short, self._corner(area, metrics.horizontalAdvance(short) + 10)[0])

    def _corner(self, area: QRectF, width: float) -> tuple[QRectF, float]:
        """The corner for words of that width that is farthest from the curve, and how far."""
        xs, ys = self._places(area, self._rates)
        corners = [QRectF(left, top, width, 16) for left in (area.right() - width - 8, area.left() + 8)
                   for top in (area.top() + area.height() * 0.3, area.bottom() - 22, area.top() + 6)]
        box = max(corners, key=lambda box: round(_away(box, xs, ys) / AWAY_PX))
        return box, _away(box, xs, ys)

    def _grid(self, painter: QPainter, area: QRectF) -> None:
        t = self.theme.tokens
        grid, ink = QPen(QColor(t.line), 1), QColor(t.text3)
        last = -1e9
        for mark in MARKS:
            x = self._point(area, mark, mark).x()
            if self._x_ends[0] <= mark <= self._x_ends[1]:
                painter.setPen(grid)
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
                if x - last >= APART_PX:
                    painter.setPen(ink)
                    painter.drawText(QRectF(x - 20, area.bottom() + 4, 40, 14), Qt.AlignmentFlag.AlignCenter, f"{mark * 100:g}")
                    last = x
        last = 1e9
        for mark in MARKS:
            y = self._point(area, mark, mark).y()
            if self._y_ends[0] <= mark <= self._y_ends[1]:
                painter.setPen(grid)
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
                if last - y >= APART_PX * 0.7:
                    painter.setPen(ink)
                    painter.drawText(QRectF(area.left() - 40, y - 7, 34, 14),
                                     Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{mark * 100:g}")
                    last = y
        painter.setPen(QColor(t.text2))
        painter.drawText(QRectF(area.left(), area.bottom() + 20, area.width(), 14), Qt.AlignmentFlag.AlignCenter,
                         _fitting(painter, area.width(), self.tr("strangers let in, %"), self.tr("let in, %")))
        painter.save()
        painter.translate(9, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-area.height() / 2, -7, area.height(), 14), Qt.AlignmentFlag.AlignCenter,
                         _fitting(painter, area.height(), self.tr("enrolled voices refused, %"), self.tr("refused, %")))
        painter.restore()


def _least(count: int) -> float:
    """Where an axis begins that can tell one of `count` trials."""
    return next((mark for mark in reversed(MARKS) if mark <= 0.5 / max(1, count)), MARKS[0])


def _share(rates: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """How far along an axis of the normal deviate, 0–1."""
    from engine.metrics.verification import normal_deviate

    low, high = normal_deviate(ends)
    return np.asarray((normal_deviate(np.clip(rates, *ends)) - low) / (high - low))


def _fitting(painter: QPainter, room: float, words: str, short: str) -> str:
    return words if painter.fontMetrics().horizontalAdvance(words) <= room else short


def _away(box: QRectF, xs: np.ndarray, ys: np.ndarray) -> float:
    """Pixels from a box to the nearest part of a line through these points."""
    share = np.linspace(0.0, 1.0, 16)  # of each of its straight parts
    x, y = (ends[:-1, None] + share * np.diff(ends)[:, None] for ends in (xs, ys))  # (parts, 16)
    beside = np.maximum(np.maximum(box.left() - x, x - box.right()), 0.0)
    above = np.maximum(np.maximum(box.top() - y, y - box.bottom()), 0.0)
    return float(np.hypot(beside, above).min())
