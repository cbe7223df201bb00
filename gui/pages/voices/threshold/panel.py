"""The threshold beside a voice: both error rates, a handle, two tiles. Folds to a line where there is little room."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from gui import words
from gui.pages.voices.threshold.calibrating import Calibrating
from gui.pages.voices.threshold.figures import Figures, percent
from gui.theme import Theme
from gui.widgets.controls import Button, ElidedText, IconButton, Panel, Segmented, Text
from gui.widgets.rates import DetCurve, RateCurves

OPEN_PX, FOLDED_PX = 372, 74  # heights: the least that shows everything, and one line

WIDE_PX = 330  # of the panel, from which its title has room for the grey words


class ThresholdPanel(Panel):
    """larger: show it as a page of its own."""

    larger = Signal()

    def __init__(self, theme: Theme, calibrating: Calibrating, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.calibrating = calibrating
        self.folded = False
        self.title.setText(self.tr("Threshold"))
        self.detail.setText(self.tr("from your own voices"))
        self.body.setContentsMargins(12, 4, 12, 12)
        self.kind = Segmented(theme, [("rates", self.tr("Rates")), ("det", "DET")], "rates", small=True, name=self.tr("Plot"))
        self.again = Button(theme, self.tr("Recalculate"), kind="ghost", small=True)
        self.expand = IconButton(theme, "arrows-out-simple", self.tr("Show the threshold large"))
        self.header.addWidget(self.again)
        self.header.addWidget(self.expand)
        self.curves, self.det = RateCurves(theme), DetCurve(theme)
        self.plots = QStackedWidget()
        self.plots.addWidget(self.curves)
        self.plots.addWidget(self.det)
        self.state = Text(theme, "", "small", "text2", wrap=True)
        self.short = ElidedText(theme, "", "small", "text2")
        self.figures = Figures(theme, calibrating)
        self.body.addWidget(self.short)
        self.body.addWidget(self.state)
        choice = QHBoxLayout()
        choice.addWidget(self.kind)
        choice.addStretch(1)
        choice.addWidget(self.figures.use)
        self.body.addLayout(choice)
        self.body.addWidget(self.plots, 100)
        self.body.addWidget(self.figures)
        self.body.addStretch(0)
        self.again.clicked.connect(calibrating.measure)
        self.expand.clicked.connect(self.larger)
        self.kind.chosen.connect(lambda _: self.follow())
        self.figures.wanted.connect(calibrating.set)
        for plot in (self.curves, self.det):
            plot.moved.connect(calibrating.moved)
            plot.settled.connect(calibrating.set)
        calibrating.moved.connect(self._moved)
        calibrating.changed.connect(self.follow)
        self.follow()

    def fold(self, on: bool) -> None:
        self.folded = on
        self.setFixedHeight(FOLDED_PX if on else OPEN_PX)
        self.follow()

    def follow(self) -> None:
        """Show what is true now."""
        now = self.calibrating
        rates = now.found.at(now.threshold) if now.found is not None else None
        state = now.failure or (self.tr("Measuring…") if now.busy and now.found is None else "")
        opened = not self.folded
        self.again.setEnabled(not now.busy)
        self.again.setToolTip(self.tr("It is being measured.") if now.busy else self.tr("Measure again on all samples"))
        self.again.setVisible(opened)
        self.state.setText(state)
        self.state.set_role("error" if now.failure else "text2")
        self.state.setVisible(opened and bool(state))
        self.plots.setVisible(opened and rates is not None)
        self.kind.setVisible(opened and rates is not None)
        self.figures.setVisible(opened and now.found is not None)
        self.short.setVisible(self.folded)
        if rates is not None and now.found is not None:
            self.short.set_text(self.tr("{threshold} · lets in {accept} %, refuses {reject} %").format(
                threshold=words.similarity(now.threshold), accept=percent(rates.false_accept),
                reject=percent(rates.false_reject)))
            for plot in (self.curves, self.det):
                plot.show_found(now.found, now.threshold)
            self.plots.setCurrentWidget(self.det if self.kind.value == "det" else self.curves)
        else:
            self.short.set_text(state or self.tr("{} · too little data to tell").format(words.similarity(now.threshold)))
        self.figures.follow()
        if not opened:
            self.figures.use.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.detail.setVisible(self.folded or self.width() >= WIDE_PX)

    def _moved(self, threshold: float) -> None:
        for plot in (self.curves, self.det):
            plot.set_threshold(threshold)
        self.figures.show_at(threshold)
