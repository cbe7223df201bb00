"""Beside a voice: where its samples fall among the others, which enrolled voice is nearest, and the threshold."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.records import Candidate, Embedding
from gui import words
from gui.pages.voices.threshold import Calibrating, ThresholdPanel
from gui.pages.voices.threshold.panel import FOLDED_PX, OPEN_PX
from gui.theme import Theme
from gui.widgets.controls import Badge, ElidedText, IconButton, Panel, Text
from gui.widgets.projection_plot import ProjectionPlot

GAP_PX = 12
THRESHOLD_SHARE, MOST_THRESHOLD_PX = 0.53, 480  # of the height
AROUND_PLOT_PX = 82
LEAST_MAP_PX = 250  # of the upper panel; where less would be left, the threshold folds


class SidePanels(QWidget):
    """The two, one above the other; where there is little room, the threshold folds to a line."""

    def __init__(self, theme: Theme, calibrating: Calibrating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.where, self.threshold = WherePanel(theme), ThresholdPanel(theme, calibrating)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_PX)
        column.addWidget(self.where)
        column.addWidget(self.threshold)
        column.addStretch(1)
        self.setMinimumSize(260, 200)  # said outright: what is open now must not keep the window from getting smaller
        self.setMaximumWidth(420)

    def fit_into(self, height: int) -> None:
        """height: of both with the gap between them."""
        folded = height - OPEN_PX - GAP_PX < LEAST_MAP_PX
        opened = min(MOST_THRESHOLD_PX, max(OPEN_PX, round(THRESHOLD_SHARE * height)))
        if folded != self.threshold.folded:
            self.threshold.fold(folded)
        if not folded:
            self.threshold.setFixedHeight(opened)
        self.where.fit_into(self.width(), height - (FOLDED_PX if folded else opened) - GAP_PX)
        for part in (self.where, self):  # now, or what stands below the plot is drawn over it once
            if (layout := part.layout()) is not None:
                layout.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_into(self.height())


class WherePanel(Panel):
    """open_map: show it large."""

    open_map = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.title.setText(self.tr("Where the samples fall"))
        self.detail.setText(self.tr("PCA"))
        self.body.setContentsMargins(12, 4, 12, 10)
        larger = IconButton(theme, "arrows-out-simple", self.tr("Show it on the Map page"))
        larger.clicked.connect(self.open_map)
        self.header.addWidget(larger)
        self.plot = ProjectionPlot(theme, "mini")
        self.plot.setAccessibleName(self.tr("Voices, projected by PCA"))
        self.body.addWidget(self.plot, 1)
        self.nothing = Text(theme, self.tr("The first voice appears here once it is saved."), "small", "text3",
                            wrap=True)
        self.body.addWidget(self.nothing)
        foot = QHBoxLayout()
        self.nearest = ElidedText(theme, "", "small", "text2")
        self.apart = Badge(theme)
        foot.addWidget(self.nearest, 1)
        foot.addWidget(self.apart)
        self.body.addLayout(foot)
        self._map: Any = None
        self._time_s = 0.0
        self.show_map(None)
        self.nothing.hide()  # until it is known; meanwhile the plot keeps its place
        self.plot.show()
        self.show_nearest(None, 0.0)

    def show_map(self, projected: Any, waiting: bool = False) -> None:
        """projected: of the voices, by PCA; None where there is none, or where it is still being made (waiting)."""
        if waiting:  # what is shown stays until there is another
            return
        self._map = projected
        some = projected is not None and bool(projected.points)
        self.plot.setVisible(some)
        self.nothing.setVisible(not some)
        if some:
            self.plot.set_points(projected.points)

    def focus(self, name: str | None) -> None:
        on_map = self._map is not None and any(point.group == name for point in self._map.points)
        self.plot.set_focus_group(name if on_map else None)

    def show_query(self, embedding: Embedding | None) -> None:
        """Where the take that is being recorded falls."""
        if embedding is None or self._map is None:
            self.plot.clear_query()
            return
        x, y = self._map.place(embedding.vector)
        self._time_s += 1.0
        self.plot.move_query(self._time_s, float(x), float(y))

    def show_nearest(self, nearest: Candidate | None, threshold: float) -> None:
        self.apart.setVisible(nearest is not None)
        if nearest is None:
            self.nearest.set_text("")
            return
        self.nearest.set_text(self.tr("Nearest other voice: {name} {similarity}").format(
            name=nearest.voice, similarity=words.similarity(nearest.similarity)))
        if nearest.similarity < threshold:
            self.apart.set(self.tr("well apart"), "ok")
        else:
            self.apart.set(self.tr("close"), "warning")

    def fit_into(self, width: int, height: int) -> None:
        """A square plot, in a panel of this width and at most this height."""
        self.plot.setFixedHeight(max(160, min(width - 26, height - AROUND_PLOT_PX)))
