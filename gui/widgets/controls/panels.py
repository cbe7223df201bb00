"""Grounds and states: panel, badge, bar."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls.text import Text

Tone = Literal["ok", "warning", "error", "plain"]
TONE_ICONS = {"ok": "check-circle-fill", "warning": "warning-fill", "error": "warning-circle-fill", "plain": "check"}


class Panel(QFrame):
    """A framed ground with an optional header (title, grey detail, room for controls); content goes into `body`."""

    def __init__(self, theme: Theme, title: str = "", detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", "panel")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(12, 10, 12, 12)
        self.body.setSpacing(8)
        self.header = QHBoxLayout()
        self.header.setSpacing(8)
        self.title = Text(theme, title, "body", weight=600)
        self.detail = Text(theme, detail, "body", "text3")
        if title:
            self.header.addWidget(self.title)
            self.header.addWidget(self.detail)
            self.header.addStretch(1)
            self.body.addLayout(self.header)


class Badge(QWidget):
    """A state in a word: icon and word on a tint."""

    def __init__(self, theme: Theme, text: str = "", tone: Tone = "plain", icon: str = "",
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._text, self._tone, self._icon = theme, text, tone, icon
        self.setFont(theme.font("caption", 600))
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.set(text, tone, icon)

    def text(self) -> str:
        return self._text

    def set(self, text: str, tone: Tone = "plain", icon: str = "") -> None:
        """New word and tone; icon "-" draws none."""
        self._text, self._tone, self._icon = text, tone, icon or TONE_ICONS[tone]
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        lead = 23 if self._icon != "-" else 7
        return QSize(lead + self.fontMetrics().horizontalAdvance(self._text) + 8, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(painter, QRectF(self.rect()), self.theme, self._text, self._tone, self._icon)


def paint_badge(painter: QPainter, box: QRectF, theme: Theme, text: str, tone: Tone, icon: str) -> None:
    """Draw a badge into box (20 px high); for delegates too."""
    t = theme.tokens
    ground = {"ok": t.ok_tint, "warning": t.warning_tint, "error": t.error_tint, "plain": t.raised}[tone]
    ink = "text2" if tone == "plain" else tone
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(box, 4, 4)
    x = box.x() + 7
    if icon != "-":
        painter.drawPixmap(int(x), int(box.y() + (box.height() - 12) / 2), theme.pixmap(icon, ink, 12))
        x += 16
    painter.setFont(theme.font("caption", 600))
    painter.setPen(theme.colour(ink))
    painter.drawText(QRectF(x, box.y(), box.right() - x, box.height()),
                     Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class Bar(QWidget):
    """A share 0–1 as a line of 4 px, with a tick at the threshold if there is one."""

    def __init__(self, theme: Theme, name: str, value: float = 0.0, colour: str = "wave_span",
                 tick: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._name, self._colour, self._tick, self._value = theme, name, colour, tick, value
        self.setFixedHeight(12)
        self.setMinimumWidth(30)
        theme.changed.connect(self.update)
        self.set(value)

    def set(self, value: float, tick: float | None = None, colour: str = "") -> None:
        self._value, self._colour = value, colour or self._colour
        self._tick = tick if tick is not None else self._tick
        self.setAccessibleName(f"{self._name} {value:.2f}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_bar(painter, QRectF(self.rect()), self.theme, self._value, self._colour, self._tick)


def paint_row_ground(painter: QPainter, box: QRect | QRectF, theme: Theme, focused: bool, raised: bool) -> None:
    """Draw the ground of a row of a side list: raised where it is chosen or under the pointer, ringed where the keys go."""
    inset = 1.0 if focused else 0.5
    painter.setPen(QPen(theme.colour("accent"), 2) if focused else Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("raised") if raised else Qt.BrushStyle.NoBrush)
    if focused or raised:
        painter.drawRoundedRect(QRectF(box).adjusted(inset, inset, -inset, -inset), 6, 6)


def paint_bar(painter: QPainter, box: QRectF, theme: Theme, share: float, colour: str = "wave_span",
              tick: float | None = None, thickness: float = 4) -> None:
    """Draw a bar in the middle of box."""
    t = theme.tokens
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    line = QRectF(box.x(), box.center().y() - thickness / 2, box.width(), thickness)
    painter.setBrush(QColor(t.raised))
    painter.drawRoundedRect(line, 2, 2)
    line.setWidth(box.width() * max(0.0, min(1.0, share)))
    painter.setBrush(theme.colour(colour))
    painter.drawRoundedRect(line, 2, 2)
    if tick is not None:
        painter.fillRect(QRectF(box.x() + box.width() * max(0.0, min(1.0, tick)) - 1, box.center().y() - 5, 2, 10),
                         QColor(t.text1))
