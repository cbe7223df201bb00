"""What stands in the place of something that is being read: a line, once that takes long enough to be noticed."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls import Text

AFTER_MS = 400  # what is there sooner needs no words


class Waiting(QFrame):
    """An empty place that says `words` in its middle when it has been seen for a moment."""

    def __init__(self, theme: Theme, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = Text(theme, words, "body", "text3", wrap=True)
        self.line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.line.hide()
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        self._soon = QTimer(self, interval=AFTER_MS, singleShot=True)
        self._soon.timeout.connect(self.line.show)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._soon.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._soon.stop()
        self.line.hide()
