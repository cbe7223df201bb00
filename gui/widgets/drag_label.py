"""What hangs at the pointer while sounds are dragged."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPixmap

from gui.theme import Theme

HEIGHT_PX, LONGEST_PX = 28, 240


def drag_label(theme: Theme, words: str, ratio: float = 1.0) -> QPixmap:
    """A name in a frame, to hang at the pointer."""
    font = theme.font("small", 500)
    text = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideMiddle, LONGEST_PX)
    width = QFontMetrics(font).horizontalAdvance(text) + 44
    label = QPixmap(round(width * ratio), round(HEIGHT_PX * ratio))
    label.setDevicePixelRatio(ratio)
    label.fill(Qt.GlobalColor.transparent)
    painter = QPainter(label)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("edge"), 1))
    painter.setBrush(theme.colour("raised"))
    painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, HEIGHT_PX - 1), 6, 6)
    painter.drawPixmap(10, 6, theme.pixmap("waves", "accent", 16))
    painter.setFont(font)
    painter.setPen(theme.colour("text1"))
    painter.drawText(QRectF(32, 0, width - 40, HEIGHT_PX), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.end()
    return label
