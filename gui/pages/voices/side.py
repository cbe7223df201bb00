"""Where the samples of the chosen voice fall among the others, and which enrolled voice is nearest."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.records import Candidate, Embedding
from gui import words
from gui.theme import Theme
from gui.widgets.controls import Badge, ElidedText, IconButton, Panel, Text
from gui.widgets.projection_plot import ProjectionPlot


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
        self._room = 500
        self.show_map(None)
        self.show_nearest(None, 0.0)

    def show_map(self, projected: Any) -> None:
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

    def fit_into(self, height: int) -> None:
        """A square plot, in a panel of at most this height."""
        self._room = height
        self.plot.setFixedHeight(max(160, min(self.width() - 26, height - 90)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_into(self._room)
