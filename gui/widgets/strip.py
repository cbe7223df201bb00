"""The waveform of a sound as a strip: the matched span bright in brackets, the rest dim, the playhead on top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.records import Span
from gui.theme import Theme

GROUND_SHARE = 0.17  # of the span's colour behind it
FOOT_PX = 4
LEAST_SPAN_PX = 5.0  # a span in a long file is drawn at least this wide


def envelope(peaks: NDArray[np.uint8], columns: int) -> NDArray[np.float32]:
    """Peaks drawn into so many columns: float32 (columns,), 0–1, the largest of each column."""
    if not len(peaks) or columns <= 0:
        return np.zeros(max(0, columns), np.float32)
    if columns >= len(peaks):
        at = np.arange(columns) * len(peaks) // columns
        return (peaks[at] / np.float32(255)).astype(np.float32)
    starts = (np.arange(columns) * len(peaks)) // columns
    return (np.maximum.reduceat(peaks, starts) / np.float32(255)).astype(np.float32)


def paint_strip(painter: QPainter, box: QRectF, theme: Theme, peaks: NDArray[np.uint8], duration_s: float,
                span: Span | None = None, selected: bool = False, position_s: float | None = None,
                plain: str = "wave_dim") -> None:
    """Draw a sound into box. selected: the span in the accent. plain: colour outside the span (of all without one)."""
    t = theme.tokens
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    columns = max(1, int(box.width()))
    heights = envelope(peaks, columns) * (box.height() / 2 - 1)
    outside = QColor(theme.colour(plain if span is not None else ("accent" if selected else "wave")))
    if span is None:
        _paint_envelope(painter, box, heights, 0, columns, outside)
    else:
        left, right = span_pixels(box, span, duration_s)
        ink = QColor(t.accent if selected else t.wave_span)
        ground = QColor(ink)
        ground.setAlphaF(GROUND_SHARE)
        painter.fillRect(QRectF(left, box.y(), right - left, box.height()), ground)
        first, last = int(left - box.x()), int(np.ceil(right - box.x()))
        _paint_envelope(painter, box, heights, 0, first, outside)
        _paint_envelope(painter, box, heights, last, columns, outside)
        _paint_envelope(painter, box, heights, first, last, ink)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(ink, 1))
        top, bottom, foot = box.y(), box.bottom() - 1, min(FOOT_PX, (right - left) / 2)
        for x, way in ((left, 1), (right - 1, -1)):
            painter.drawPolyline([QPointF(x + way * foot, top), QPointF(x, top), QPointF(x, bottom),
                                  QPointF(x + way * foot, bottom)])
    if position_s is not None and duration_s > 0:
        x = box.x() + box.width() * min(1.0, max(0.0, position_s / duration_s))
        painter.fillRect(QRectF(x - 1, box.y(), 2, box.height()), QColor(t.text1))
    painter.restore()


def span_pixels(box: QRectF, span: Span, duration_s: float) -> tuple[float, float]:
    """Where a span begins and ends in box."""
    whole = max(duration_s, 1e-6)
    left = box.x() + box.width() * max(0.0, span.start_s / whole)
    right = box.x() + box.width() * min(1.0, span.end_s / whole)
    if right - left < LEAST_SPAN_PX:
        left = min(max(box.x(), (left + right - LEAST_SPAN_PX) / 2), box.right() - LEAST_SPAN_PX)
        right = left + LEAST_SPAN_PX
    return round(left), round(right)


def _paint_envelope(painter: QPainter, box: QRectF, heights: NDArray[np.float32], first: int, last: int,
                    colour: QColor) -> None:
    if last <= first:
        return
    middle = box.y() + box.height() / 2
    xs = box.x() + np.arange(first, last + 1)
    hs = np.maximum(heights[first:last], 0.6)
    hs = np.append(hs, hs[-1:])
    points = [QPointF(x, middle - h) for x, h in zip(xs.tolist(), hs.tolist(), strict=True)]
    points += [QPointF(x, middle + h) for x, h in zip(xs[::-1].tolist(), hs[::-1].tolist(), strict=True)]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF(points))


class Strip(QWidget):
    """A sound, large: press somewhere to play from there. sought(position_s)."""

    sought = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._peaks: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._duration_s, self._position_s = 0.0, 0.0
        self._span: Span | None = None
        self._cursor_shown = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(64)
        self.setAccessibleName(self.tr("Waveform"))
        theme.changed.connect(self.update)

    @property
    def span(self) -> Span | None:
        return self._span

    @property
    def position_s(self) -> float:
        return self._position_s

    def set_sound(self, peaks: NDArray[np.uint8], duration_s: float, span: Span | None, keep_position: bool = False) -> None:
        """keep_position: it is the same sound, and the playhead stays where it is."""
        self._peaks, self._duration_s, self._span = peaks, duration_s, span
        if keep_position:
            self.update()
        else:
            self.set_position(0.0, shown=False)

    def clear(self) -> None:
        self.set_sound(np.zeros(0, np.uint8), 0.0, None)

    def set_position(self, position_s: float, shown: bool = True) -> None:
        self._position_s, self._cursor_shown = position_s, shown
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.theme.colour("line"), 1))
        painter.setBrush(self.theme.colour("plot"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self._duration_s > 0:
            paint_strip(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), self.theme, self._peaks, self._duration_s,
                        self._span, selected=True, position_s=self._position_s if self._cursor_shown else None,
                        plain="wave")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._duration_s > 0:
            self.sought.emit(self._duration_s * min(1.0, max(0.0, event.position().x() / self.width())))
