"""What △, ▲ and × mean, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.widgets.projection_plot.symbols import TRIANGLE, Mark, paint_cross, paint_mark

if TYPE_CHECKING:
    from gui.theme import Theme


class Legend(QWidget):
    """framed: as a box of its own over the plot (Map); otherwise a plain line below it (Live)."""

    def __init__(self, theme: Theme, framed: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._framed = theme, framed
        self._words = (self.tr("sample"), self.tr("centroid"),
                       self.tr("query and its last 4 s") if framed else self.tr("query, last 4 s"))
        self.setAccessibleName(self.tr("Legend: hollow triangle sample, filled triangle centroid, cross query"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._theme.font("small"))
        pad = 12 if self._framed else 0
        text = sum(metrics.horizontalAdvance(word) for word in self._words)
        return QSize(round(text + 3 * 20 + 2 * 14 + 2 * pad) + 2, 30 if self._framed else 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 0.0
        if self._framed:
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.setBrush(QColor(tokens.panel))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
            x = 12.0
        font = self._theme.font("small")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        middle = self.height() / 2
        ink = QColor(tokens.text1 if self._framed else tokens.text2)
        for i, word in enumerate(self._words):
            at = QPointF(x + 6, middle)
            if i == 0:
                paint_mark(painter, at, Mark(TRIANGLE, 11, QPen(ink, 1.5), QBrush(Qt.BrushStyle.NoBrush)))
            elif i == 1:
                paint_mark(painter, at, Mark(TRIANGLE, 14, QPen(Qt.PenStyle.NoPen), QBrush(ink)))
            else:
                paint_cross(painter, at, 9, QColor(tokens.accent), QColor(0, 0, 0, 0), 2.5)
            painter.setPen(QColor(tokens.text2))
            width = metrics.horizontalAdvance(word)
            painter.drawText(QRectF(x + 20, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, word)
            x += 20 + width + 14
        painter.end()
