"""What does not move of a widget, painted once into a pixmap and copied at every repaint."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget


class Still:
    """One picture of a widget. It is kept until `drop`, or until the widget has another size in the pixels of its screen.

    Sizes are compared in whole device pixels: in the units of the window a picture of 563 pixels at 125 % is 450.4 wide and
    would never be as wide as its widget.
    """

    def __init__(self) -> None:
        self._pixmap: QPixmap | None = None

    def drop(self) -> None:
        """Something in it changed: the next `of` paints it anew."""
        self._pixmap = None

    def of(self, widget: QWidget, paint: Callable[[QPainter], None]) -> QPixmap:
        """The picture, painted now where it is not there or not of this size. paint(painter): in the widget's own units."""
        ratio = widget.devicePixelRatioF()
        size = QSize(math.ceil(widget.width() * ratio), math.ceil(widget.height() * ratio))
        if self._pixmap is None or self._pixmap.size() != size or self._pixmap.devicePixelRatio() != ratio:
            self._pixmap = QPixmap(size)
            self._pixmap.setDevicePixelRatio(ratio)
            self._pixmap.fill(Qt.GlobalColor.transparent)
            pixmap = self._pixmap
            painter = QPainter(pixmap)
            paint(painter)  # may drop it
            painter.end()
            return pixmap
        return self._pixmap
