"""What both plots of error rates share: the data, a threshold that is dragged or moved by keys, the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import words
from gui.theme import Theme

if TYPE_CHECKING:
    from engine.voices.calibration import OwnCalibration

TICK_PX = 44.0  # between two figures of an axis
STEP, LEAP = 0.01, 0.05  # of a similarity: an arrow key, a page key
LOWEST, HIGHEST = -1.0, 1.0  # what a threshold can be


class RatePlot(QWidget):
    """moved(threshold): while it is dragged. settled(threshold): let go, or moved by a key."""

    moved = Signal(float)
    settled = Signal(float)
    margins = (38, 22, 14, 22)  # left, top, right, bottom

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.found: OwnCalibration | None = None
        self.threshold = 0.0
        self._dragging = self._by_key = False
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def show_found(self, found: OwnCalibration, threshold: float) -> None:
        self.found = found
        self.set_threshold(threshold)
        self._measure()

    def set_threshold(self, threshold: float) -> None:
        self.threshold = threshold
        self.setAccessibleName(self._said())
        self.update()

    def area(self) -> QRectF:
        left, top, right, bottom = self.margins
        return QRectF(self.rect()).adjusted(left, top, -right, -bottom)

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    # --- what the two differ in ---------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """The data are new: find the axes."""

    def _paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw everything inside the ground."""

    def _at(self, position: QPointF) -> float:
        """The threshold that a place of the plot stands for."""
        raise NotImplementedError

    def _name(self) -> str:
        raise NotImplementedError

    # --- moving it ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._dragging = True
            self._move(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        inside = self.area().adjusted(-8, -20, 8, 8).contains(event.position())
        self.setCursor(Qt.CursorShape.SizeHorCursor if inside else Qt.CursorShape.ArrowCursor)
        if self._dragging:
            self._move(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging and event.button() == Qt.MouseButton.LeftButton:
            self._dragging = False
            self.settled.emit(self.threshold)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -STEP, Qt.Key.Key_Down: -STEP, Qt.Key.Key_Right: STEP, Qt.Key.Key_Up: STEP,
                Qt.Key.Key_PageDown: -LEAP, Qt.Key.Key_PageUp: LEAP}.get(Qt.Key(event.key()), 0.0)
        if not step or self.found is None:
            super().keyPressEvent(event)
            return
        self.set_threshold(_rounded(self.threshold + step))
        self.moved.emit(self.threshold)
        self._by_key = True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A key that is held moves the threshold many times and settles it once."""
        super().keyReleaseEvent(event)
        if not event.isAutoRepeat():
            self._settle()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._settle()

    def _settle(self) -> None:
        if self._by_key:
            self._by_key = False
            self.settled.emit(self.threshold)

    def _move(self, position: QPointF) -> None:
        self.set_threshold(_rounded(self._at(position)))
        self.moved.emit(self.threshold)

    # --- drawing ------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter, area = self.theme.tokens, QPainter(self), self.area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.found is None or area.width() < 40 or area.height() < 40:
            return
        painter.fillRect(area, QColor(t.plot))
        painter.setFont(self.theme.font("axis"))
        self._paint(painter, area)
        if self.hasFocus():
            painter.setClipping(False)
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _said(self) -> str:
        rates = self.found.at(self.threshold) if self.found is not None else None
        if rates is None:
            return self._name()
        return self.tr("{plot}. Threshold {threshold}: strangers let in {accept} %, enrolled voices refused {reject} %").format(
            plot=self._name(), threshold=words.similarity(self.threshold), accept=f"{rates.false_accept * 100:.1f}",
            reject=f"{rates.false_reject * 100:.1f}")


def _rounded(threshold: float) -> float:
    return round(min(HIGHEST, max(LOWEST, threshold)), 2)
