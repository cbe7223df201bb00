"""Widgets in lines, one after the other, as many to a line as fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Flow(QWidget):
    """Its height follows from its width. Keyboard focus comes from `after`, and goes through the widgets in their order."""

    def __init__(self, after: QWidget | None = None, gap: int = 8, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._after, self._gap = after, gap
        self.widgets: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_widgets(self, widgets: Sequence[QWidget]) -> None:
        """These and no others; what is not among them any more is deleted."""
        for gone in self.widgets:
            if gone not in widgets:
                gone.hide()
                gone.deleteLater()
        self.widgets = list(widgets)
        for before, widget in zip([self._after, *self.widgets], self.widgets, strict=False):
            widget.setParent(self)
            widget.show()
            if before is not None and before.window() is widget.window():
                QWidget.setTabOrder(before, widget)
        self.arrange()

    def line_px(self) -> int:
        """How wide one line would be that holds all."""
        return sum(widget.sizeHint().width() for widget in self.widgets) + self._gap * max(0, len(self.widgets) - 1)

    def arrange(self) -> None:
        """Place everything for the width that is there."""
        x = y = line = 0
        for widget in self.widgets:
            size = widget.sizeHint()
            width = min(size.width(), max(40, self.width()))
            if x and x + width > self.width():
                x, y, line = 0, y + line + self._gap, 0
            widget.setGeometry(x, y, width, size.height())
            x, line = x + width + self._gap, max(line, size.height())
        self.setFixedHeight(y + line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.arrange()

    def sizeHint(self) -> QSize:
        return QSize(self.line_px(), self.height())
