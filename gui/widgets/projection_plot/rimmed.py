"""Text over a rim in the plot's colour, so that it reads over points and lines. Each text is rendered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

if TYPE_CHECKING:
    from gui.theme import Theme

RIM = 4.0
KEPT = 300


class RimmedText:
    """A small store of rendered texts; `clear` it when the theme changed."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.vector = False  # drawn as shapes, for an export
        self._done: dict[tuple[str, str, int, float], QPixmap] = {}

    def clear(self) -> None:
        self._done.clear()

    def size(self, text: str, weight: int = 600) -> QSizeF:
        """Of the words themselves, without their rim."""
        return QSizeF(QFontMetricsF(self._theme.font("small", weight)).horizontalAdvance(text), 16.0)

    def paint(self, painter: QPainter, centre: QPointF, text: str, colour: str, weight: int = 600) -> None:
        if self.vector:
            size = self.size(text, weight)
            self._draw(painter, QRectF(centre.x() - size.width() / 2, centre.y() - size.height() / 2, size.width(),
                                       size.height()), text, colour, weight)
            return
        ratio = painter.device().devicePixelRatioF()
        key = (text, colour, weight, ratio)
        if key not in self._done:
            if len(self._done) > KEPT:
                self._done.clear()
            self._done[key] = self._render(text, colour, weight, ratio)
        pixmap = self._done[key]
        size = pixmap.deviceIndependentSize()
        painter.drawPixmap(QPointF(round(centre.x() - size.width() / 2), round(centre.y() - size.height() / 2)), pixmap)

    def _render(self, text: str, colour: str, weight: int, ratio: float) -> QPixmap:
        words = self.size(text, weight)
        box = QRectF(0, 0, round(words.width()) + 2 * RIM + 2, words.height() + 2 * RIM)
        pixmap = QPixmap(round(box.width() * ratio), round(box.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw(painter, box, text, colour, weight)
        painter.end()
        return pixmap

    def _draw(self, painter: QPainter, box: QRectF, text: str, colour: str, weight: int) -> None:
        font = self._theme.font("small", weight)
        metrics = QFontMetricsF(font)
        path = QPainterPath()
        base = QPointF(box.center().x() - metrics.horizontalAdvance(text) / 2,
                       box.center().y() + (metrics.ascent() - metrics.descent()) / 2)
        path.addText(base, font, text)
        painter.strokePath(path, QPen(QColor(self._theme.tokens.plot), RIM, Qt.PenStyle.SolidLine,
                                      Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(base, text)
