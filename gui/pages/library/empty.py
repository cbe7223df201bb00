"""The Library before its first sound: what it gives, one act, what it costs, a trial."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.tasks import Progress
from gui.theme import Theme
from gui.widgets.controls import Button, EmptyState, KeyCap, ProgressLine, Text, paint_dashes

BARS = 60


class EmptyLibrary(QWidget):
    """add, made: the two acts; cancelled: of the scan that fills the library."""

    add = Signal()
    made = Signal()
    cancelled = Signal()

    def __init__(self, theme: Theme, made_sounds: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._over = False
        theme.changed.connect(self.update)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.state = EmptyState(theme, self.tr("Add a folder to search it by description"), self.tr(
            "Earmark listens to every sound once and remembers what it heard. Your files stay where they are and are "
            "never changed."), _Picture(theme))
        self.add_button = Button(theme, self.tr("Add folder…"), "folder-plus", "primary", large=True)
        self.made_button = Button(theme, self.tr("Try with {} made sounds").format(made_sounds), "sparkle", large=True)
        self.add_button.clicked.connect(self.add)
        self.made_button.clicked.connect(self.made)
        self.state.acts.addWidget(self.add_button)
        self.state.acts.addWidget(self.made_button)
        drop = QHBoxLayout()
        drop.addStretch(1)
        drop.addWidget(Text(theme, self.tr("or drop folders here  ·"), "small", "text3"))
        drop.addWidget(KeyCap(theme, "Ctrl O"))
        drop.addStretch(1)
        self.state.below.addLayout(drop)
        self.progress = ProgressLine(theme, bar_px=160)
        self.progress.setFixedWidth(560)
        self.progress.cancelled.connect(self.cancelled)
        self.progress.hide()
        self.state.below.addWidget(self.progress, 0, Qt.AlignmentFlag.AlignHCenter)
        self.state.below.addSpacing(36)
        self.state.below.addWidget(self._steps(), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.state)

    def show_scan(self, title: str, progress: Progress | None) -> None:
        """A scan is under way; an empty title: none is."""
        self.progress.setVisible(bool(title))
        self.add_button.setEnabled(not title)
        self.made_button.setEnabled(not title)
        if title:
            self.progress.set(title, progress)

    def set_over(self, over: bool) -> None:
        """Something that can be dropped hangs above."""
        self._over = over
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._over:
            QPainter(self).fillRect(self.rect(), self.theme.colour("accent_wash"))
        paint_dashes(self, self.theme.colour("accent" if self._over else "edge"), 8, 2 if self._over else 1)

    def _steps(self) -> QWidget:
        steps = QWidget()
        row = QHBoxLayout(steps)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        for number, title, sentence in (
                (1, self.tr("Index"), self.tr(
                    "About 25 s for each hour of audio on two cores. You can go on working.")),
                (2, self.tr("Describe"), self.tr("“glass breaking, far away”, or drop a sound you have.")),
                (3, self.tr("Audition"), self.tr("Arrow keys play the next result. Drag rows into your DAW."))):
            cell = QHBoxLayout()
            cell.setSpacing(12)
            cell.addWidget(_Number(self.theme, number), 0, Qt.AlignmentFlag.AlignTop)
            words = QVBoxLayout()
            words.setSpacing(2)
            words.addWidget(Text(self.theme, title, "body", weight=500))
            text = Text(self.theme, sentence, "small", "text2", wrap=True)
            text.setFixedWidth(196)
            words.addWidget(text)
            words.addStretch(1)
            cell.addLayout(words)
            row.addLayout(cell)
        return steps


class _Picture(QWidget):
    """A sound made of bars, a stretch of it in brackets."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.setFixedSize(QSize(360, 92))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for bar in range(BARS):
            inside = 21 <= bar < 37
            swell = abs(math.sin(bar * 0.21 + 0.15)) ** 1.3 * (0.72 + 0.28 * math.cos(bar * 2.1))
            height = 4 + (54 if not inside else 74) * swell * (1.0 if bar < 27 or not inside else 0.55)
            painter.setPen(QPen(self.theme.colour("accent" if inside else "line"), 3,
                                Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            x = 3 + bar * 6.0
            painter.drawLine(QPointF(x, 46 - height / 2), QPointF(x, 46 + height / 2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self.theme.colour("accent"), 2))
        for x, way in ((3 + 21 * 6 - 5, 1), (3 + 36 * 6 + 5, -1)):
            painter.drawLine(x, 2, x, 90)
            painter.drawLine(x, 2, x + way * 6, 2)
            painter.drawLine(x, 90, x + way * 6, 90)


class _Number(QWidget):
    """A number in a circle."""

    def __init__(self, theme: Theme, number: int) -> None:
        super().__init__()
        self.theme, self.number = theme, number
        self.setFixedSize(24, 24)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.theme.colour("edge"), 1))
        painter.drawEllipse(QRectF(0.5, 0.5, 23, 23))
        painter.setFont(self.theme.font("small", 600))
        painter.setPen(self.theme.colour("text1"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self.number))
