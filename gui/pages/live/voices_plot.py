"""The voices in two dimensions, beside the live panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.records import LiveUpdate
from gui.theme import Theme
from gui.widgets.controls import Button, IconButton, Panel, Text
from gui.widgets.projection_plot import AxisWords, Legend, ProjectionPlot

if TYPE_CHECKING:
    from gui.pages.live.session import LiveSession


class VoicesPlotPanel(Panel):
    """open_map: show it large.    enroll: the button of the empty state."""

    open_map = Signal()
    enroll = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.title.setText(self.tr("Voices"))
        self.body.setContentsMargins(8, 2, 8, 10)
        self.body.setSpacing(6)
        self.header.setContentsMargins(4, 0, 4, 0)
        larger = IconButton(theme, "arrows-out-simple", self.tr("Show it on the Map page"))
        larger.clicked.connect(self.open_map)
        self.header.addWidget(larger)
        self.plot = ProjectionPlot(theme, "small")
        self.plot.setAccessibleName(self.tr("Voices, projected by PCA"))
        self.legend = Legend(theme)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(34, 0, 0, 4)
        self._foot.addWidget(self.legend)
        self._foot.addStretch(1)
        self.body.addWidget(self.plot, 1)
        self.body.addLayout(self._foot)
        self.empty = QWidget()
        column = QVBoxLayout(self.empty)
        column.addStretch(1)
        words = Text(theme, self.tr("Your voices appear here: a hollow triangle for each sample, a filled one for each "
                                    "centroid, and an × for who speaks now."), "body", "text2", wrap=True)
        column.addWidget(words)
        column.addSpacing(8)
        button = Button(theme, self.tr("Enroll a voice first"), "user-plus")
        button.clicked.connect(self.enroll)
        column.addWidget(button)
        column.addStretch(1)
        self.empty.setContentsMargins(16, 0, 16, 0)
        self.body.addWidget(self.empty, 1)
        self.empty.hide()
        self._map: Any = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._foot.setContentsMargins(34 if self.width() > 320 else 4, 0, 0, 4)

    def show_map(self, projected: Any, waiting: bool = False) -> None:
        """projected: a ProjectedMap of voices by PCA; None where nobody is enrolled, or where it is being made (waiting)."""
        if waiting:  # what is shown stays until there is another
            return
        self._map = projected
        self.plot.clear_query()  # it was placed on the map before
        some = projected is not None and bool(projected.points)
        self.plot.setVisible(some)
        self.legend.setVisible(some)
        self.empty.setVisible(not some)
        if not some:
            self.detail.setText("")
            return
        shares = projected.variance or ()
        axes = AxisWords(*(self.tr("PC {n} · {share} %").format(n=i + 1, share=f"{share * 100:.0f}")
                           for i, share in enumerate(shares[:2])))
        self.detail.setText(self.tr("PCA · {} % of variance").format(f"{sum(shares[:2]) * 100:.0f}"))
        self.plot.set_points(projected.points, axes)

    def show_update(self, update: LiveUpdate, session: LiveSession) -> None:
        found = session.place(self._map, update)
        if found is None:
            self.plot.tick_query(update.time_s)
        else:
            x, y, links = found
            self.plot.move_query(update.time_s, x, y, links[:2])

    def clear_query(self) -> None:
        self.plot.clear_query()
