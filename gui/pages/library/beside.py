"""The results with the inspector at their right: beside them, or over them where the window is narrow."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


class Beside(QWidget):
    """Holds both; the inspector keeps its width. It may be hidden and shown by anybody."""

    def __init__(self, results: QWidget, inspector: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.results, self.inspector, self._narrow = results, inspector, False
        results.setParent(self)
        inspector.setParent(self)
        inspector.installEventFilter(self)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._place()
        return False

    def _place(self) -> None:
        wide = self.inspector.width()
        taken = 0 if self._narrow or self.inspector.isHidden() else wide
        self.results.setGeometry(0, 0, self.width() - taken, self.height())
        self.inspector.setGeometry(self.width() - wide, 0, wide, self.height())
        self.inspector.raise_()
