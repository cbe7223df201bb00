"""General: the workspace, and how voices are compared."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout

from gui.context import Context
from gui.pages.settings.section import Section
from gui.widgets.controls import Button, ElidedText, NumberBox, Segmented
from gui.widgets.margin_box import MarginBox


class GeneralSection(Section):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = self.app.settings.value
        place = self.panel(self.tr("Workspace"))
        line = QHBoxLayout()
        line.addWidget(ElidedText(self.theme, str(self.app.workspace), mode=Qt.TextElideMode.ElideMiddle), 1)
        show = Button(self.theme, self.tr("Show in folder"), "folder-open")
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.app.workspace))))
        line.addWidget(show)
        self.row(place, self.tr("Folder"), line, self.tr(
            "One folder holds the database, vectors, recordings and these settings. Start with --workspace DIR to use "
            "another one."), stretch=True)
        likeness = self.panel(self.tr("Recognising voices"))
        self.measure = Segmented(self.theme, [("cosine", self.tr("Cosine")), ("dot", self.tr("Dot product"))],
                                 settings.measure, name=self.tr("Similarity measure"))
        self.measure.chosen.connect(self._measured)
        self._why = self.row(likeness, self.tr("Similarity"), self.measure, self._explained(settings.measure))
        self.threshold = NumberBox(self.theme, self.tr("Threshold"), -1, 1, 0.01, value=settings.threshold)
        self.threshold.settled.connect(lambda value: self.change(threshold=round(value, 4)))
        self.row(likeness, self.tr("Threshold"), self.threshold, self.tr(
            "How similar speech must be to a centroid to be named. Higher refuses more strangers, and more friends."))
        self.margin = MarginBox(self.theme, settings, self.app.voices.margin_unit())
        self.margin.chosen.connect(lambda chosen: self.change(**chosen))
        self._lead = self.row(likeness, self.tr("Margin"), self.margin, self.margin.toolTip())
        self.column.addStretch(1)

    def refresh(self) -> None:
        self._settle()
        settings = self.app.settings.value
        self.threshold.show_value(settings.threshold)
        self.margin.show_margin(settings, self.app.voices.margin_unit())
        self._lead.setText(self.margin.toolTip())
        self.measure.set_value(settings.measure)
        self._why.setText(self._explained(settings.measure))

    def _measured(self, measure: str) -> None:
        self._settle()  # first: it is a number in the units of before
        if self.change(measure=measure):
            self.refresh()

    def _settle(self) -> None:
        """What is on its way goes into the settings."""
        self.threshold.settle()
        self.margin.settle()

    def _explained(self, measure: str) -> str:
        if measure == "cosine":
            return self.tr("The angle between two vectors, −1 to 1. Their lengths do not count.")
        return self.tr("Lengths count too, so that some voices win by being long. Good for seeing why cosine is the "
                       "default.")
