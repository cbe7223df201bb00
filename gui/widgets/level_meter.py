"""The level of a microphone: a bar from −60 to 0 dBFS, a peak tick, and both in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from gui.theme import Theme

LOW_DB = -60.0
YELLOW_DB, RED_DB = -18.0, -6.0
MARKS = (0, -6, -12, -18, -24, -36, -48, -60)


class LevelMeter(QWidget):
    """Vertical, 12 px wide with its scale beside it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rms_dbfs = self.peak_dbfs = -120.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Microphone level"))
        theme.changed.connect(self.update)

    def set_level(self, rms_dbfs: float, peak_dbfs: float) -> None:
        if (rms_dbfs, peak_dbfs) != (self.rms_dbfs, self.peak_dbfs):
            self.rms_dbfs, self.peak_dbfs = rms_dbfs, peak_dbfs
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(52, 280)

    def minimumSizeHint(self) -> QSize:
        return QSize(52, 70)

    def _y(self, db: float) -> float:
        share = min(1.0, max(0.0, (db - LOW_DB) / -LOW_DB))
        return 1 + (self.height() - 8) * (1 - share)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        bottom = self._y(LOW_DB)
        painter.fillRect(QRectF(0, 1, 12, bottom - 1), QColor(tokens.raised))
        for colour, low, high in ((tokens.ok, LOW_DB, YELLOW_DB), (tokens.caution, YELLOW_DB, RED_DB),
                                  (tokens.error, RED_DB, 0.0)):
            top = min(high, self.rms_dbfs)
            if top > low:
                painter.fillRect(QRectF(0, self._y(top), 12, self._y(low) - self._y(top)), QColor(colour))
        if self.peak_dbfs > LOW_DB:
            painter.fillRect(QRectF(0, self._y(self.peak_dbfs) - 1, 12, 2), QColor(tokens.text1))
        painter.setFont(self._theme.font("axis"))
        shown_below = -100.0
        for mark in MARKS:
            y = self._y(mark)
            if y - shown_below < 13:
                continue
            shown_below = y
            painter.setPen(QPen(QColor(tokens.edge), 1))
            painter.drawLine(QPointF(14, round(y) + 0.5), QPointF(17, round(y) + 0.5))
            painter.setPen(QColor(tokens.text3))
            painter.drawText(QRectF(23, y - 7 + (3 if mark == 0 else 0), 30, 14), Qt.AlignmentFlag.AlignVCenter,
                             f"−{-mark}" if mark else "0")
        painter.end()


def level_words(dbfs: float) -> str:
    """"−14 dB", or "−∞ dB" where nothing but zeros comes."""
    return f"{dbfs:.0f} dB".replace("-", "−") if dbfs > -100 else "−∞ dB"
