"""The card beside a hovered point: what it is, how long it is, how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from engine.records import MapPoint
from gui.widgets.projection_plot.symbols import mark, paint_mark
from gui.widgets.waveform import paint_peaks

if TYPE_CHECKING:
    from gui.theme import Theme

WIDTH = 232


@dataclass(frozen=True)
class CardWords:
    """title: the point's name; group: what it belongs to; value: a figure at the right; peaks: its waveform."""

    title: str
    group: str = ""
    value: str = ""
    peaks: NDArray[np.uint8] | None = None


class PointCard(QWidget):
    """Not a tooltip: it stands at once, beside the point, and never under the pointer."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._ground = theme, parent
        self._words = CardWords("")
        self._point: MapPoint | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def words(self) -> CardWords:
        return self._words

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 62 if self._words.peaks is None else 98)

    def show_for(self, point: MapPoint, words: CardWords, at: QPointF) -> None:
        self._words, self._point = words, point
        self.setAccessibleName(" · ".join(part for part in (words.title, words.group, words.value) if part))
        size = self.sizeHint()
        area = self._ground.rect()
        x = at.x() + 16 if at.x() + 16 + size.width() < area.right() - 8 else at.x() - 16 - size.width()
        y = at.y() + 16 if at.y() + 16 + size.height() < area.bottom() - 8 else at.y() - 16 - size.height()
        self.setGeometry(round(max(8, x)), round(max(8, y)), size.width(), size.height())
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.edge), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        title = self._theme.font("body", 500)
        painter.setFont(title)
        painter.setPen(QColor(tokens.text1))
        text = QFontMetricsF(title).elidedText(self._words.title, Qt.TextElideMode.ElideMiddle, WIDTH - 24)
        painter.drawText(QRectF(12, 10, WIDTH - 24, 18), Qt.AlignmentFlag.AlignVCenter, text)
        if self._words.peaks is not None:
            paint_peaks(painter, QRectF(12, 34, WIDTH - 24, 32), self._words.peaks, QColor(tokens.wave_span))
        bottom = self.height() - 28.0
        left = 12.0
        if self._point is not None:
            paint_mark(painter, QPointF(17, bottom + 9), mark(self._theme, self._point.kind, self._point.colour), 9)
            left = 29.0
        small = self._theme.font("small")
        painter.setFont(small)
        painter.setPen(QColor(tokens.text2))
        value_width = QFontMetricsF(small).horizontalAdvance(self._words.value) + 4
        painter.drawText(QRectF(WIDTH - 12 - value_width, bottom, value_width, 18),
                         Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._words.value)
        room = WIDTH - 12 - value_width - 8 - left
        painter.drawText(QRectF(left, bottom, room, 18), Qt.AlignmentFlag.AlignVCenter,
                         QFontMetricsF(small).elidedText(self._words.group, Qt.TextElideMode.ElideRight, room))
        painter.end()
