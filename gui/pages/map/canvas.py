"""The plot of the Map page with what lies over it: legend, hearing, progress."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from engine.records import MapPoint
from engine.tasks import Progress
from gui.pages.map.export import PICTURES
from gui.theme import Theme
from gui.widgets.controls import Check, KeyCap, ProgressLine
from gui.widgets.projection_plot import AxisWords, Legend, ProjectionPlot
from gui.widgets.waiting import Waiting

MARGIN = 14
BESIDE_AXIS = 64  # pixels: ticks and the words of the vertical axis stand left of it
ABOVE_AXIS = 58  # pixels: ticks and the words of the horizontal axis stand below


class MapCanvas(QWidget):
    """cancel: the × of the progress line."""

    cancel = Signal()

    def __init__(self, theme: Theme, hover_key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._covered = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.plot = ProjectionPlot(theme, "large", "plot")
        self.plot.setAccessibleName(self.tr("Map"))
        column.addWidget(self.plot)
        self.waiting = Waiting(theme, self.tr("Looking for what is to be drawn…"), self)
        self.legend = Legend(theme, framed=True, parent=self)
        self._hearing = QFrame(self)
        self._hearing.setProperty("frame", "panel")
        row = QHBoxLayout(self._hearing)
        row.setContentsMargins(10, 5, 10, 5)
        row.setSpacing(10)
        self.hear = Check(theme, self.tr("Hear on hover"))
        row.addWidget(self.hear)
        row.addWidget(KeyCap(theme, hover_key))
        self._working = QFrame(self)
        self._working.setProperty("frame", "panel")
        row = QHBoxLayout(self._working)
        row.setContentsMargins(12, 6, 8, 6)
        self.progress = ProgressLine(theme, "")
        self.progress.cancelled.connect(self.cancel)
        row.addWidget(self.progress)
        for part in (self._working, self._hearing, self.legend):
            part.hide()

    def show_points(self, points: Sequence[MapPoint], variance: Sequence[float], space: str, keep_view: bool) -> None:
        """variance: shares (0–1) of the axes, where they have any."""
        axes = AxisWords()
        if len(variance) > 1:
            axes = AxisWords(self.tr("PC 1 · {} % of variance").format(f"{variance[0] * 100:.0f}"),
                             self.tr("PC 2 · {} %").format(f"{variance[1] * 100:.0f}"))
        self.waiting.hide()
        self.legend.setVisible(space == "voices")
        self._hearing.setVisible(space == "sounds")
        self.plot.set_points(points, axes, keep_view=keep_view)
        self._place()

    def show_nothing(self) -> None:
        """While there is no map of what was chosen."""
        self.waiting.hide()
        self.legend.hide()
        self._hearing.hide()
        self.plot.clear_query()
        self.plot.set_points((), keep_view=False)

    def cover(self, pixels: int) -> None:
        """So much of the right side lies under something: what lies over the plot makes room."""
        if pixels != self._covered:
            self._covered = pixels
            self._place()

    def show_progress(self, title: str, progress: Progress | None) -> None:
        """An empty title: nothing runs."""
        self._working.setVisible(bool(title))
        if title:
            self.waiting.hide()
            self.progress.set(title, progress)
        self._place()

    def picture(self, form: str) -> bytes:
        """The map as a file of that form, without the card and the rings of the pointer; none where it is no picture's form, or
        it cannot be drawn."""
        if form not in PICTURES:
            return b""
        self.plot.point_at_nothing()
        return PICTURES[form](self.plot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        self.waiting.setGeometry(0, 0, self.width() - self._covered, self.height())
        for part in (self.legend, self._hearing, self._working):
            part.adjustSize()
        right = self.width() - self._covered - MARGIN
        self._working.resize(min(420, right - BESIDE_AXIS), self._working.sizeHint().height())
        self.legend.move(right - self.legend.width(), MARGIN)
        corner = self._hearing.size()
        self._hearing.move(right - corner.width(), self.height() - corner.height() - ABOVE_AXIS)
        self._working.move(BESIDE_AXIS, MARGIN)
        over = [part for part in (self.legend, self._hearing, self._working) if not part.isHidden()]
        self.plot.set_covered([QRectF(part.geometry()) for part in over])
