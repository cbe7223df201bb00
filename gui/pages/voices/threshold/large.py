"""The threshold as a page of its own: both plots side by side, a slider, the figures and what they rest on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.pages.voices.threshold.calibrating import Calibrating
from gui.pages.voices.threshold.figures import Figures
from gui.theme import Theme
from gui.widgets.controls import Button, IconButton, NumberBox, Panel, Slider, Text
from gui.widgets.rates import DetCurve, RateCurves
from gui.widgets.rates.plot import HIGHEST, LOWEST, RatePlot


class ThresholdView(Panel):
    """closed: back to the voice."""

    closed = Signal()

    def __init__(self, theme: Theme, calibrating: Calibrating, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.calibrating = calibrating
        self.title.setText(self.tr("Threshold"))
        self.detail.setText(self.tr("from your own voices"))
        self.body.setContentsMargins(16, 8, 16, 16)
        self.body.setSpacing(12)
        self.again = Button(theme, self.tr("Recalculate"), "arrows-clockwise", "ghost")
        self.close_ = IconButton(theme, "arrows-in-simple", self.tr("Back to the voice (Esc)"))
        self.header.addWidget(self.again)
        self.header.addWidget(self.close_)
        self.state = Text(theme, "", "body", "text2", wrap=True)
        self.body.addWidget(self.state)
        self.curves, self.det = RateCurves(theme), DetCurve(theme)
        self.plots = QWidget()
        row = QHBoxLayout(self.plots)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(20)
        for title, plot, stretch in ((self.tr("Error rates over the threshold"), self.curves, 3),
                                     (self.tr("One against the other (DET)"), self.det, 2)):
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(Text(theme, title, "small", "text3", 600))
            column.addWidget(plot, 1)
            row.addLayout(column, stretch)
        self.body.addWidget(self.plots, 1)
        self.body.addLayout(self._line(theme))
        self.figures = Figures(theme, calibrating)
        self.figures.setMaximumWidth(720)
        low = QHBoxLayout()
        low.addWidget(self.figures, 100)
        low.addStretch(1)
        low.addWidget(self.figures.use, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(low)
        self._rest = QWidget()
        self.body.addWidget(self._rest, 1)
        self.again.clicked.connect(calibrating.measure)
        self.close_.clicked.connect(self.closed)
        self.figures.wanted.connect(calibrating.set)
        for plot in (self.curves, self.det):
            plot.moved.connect(calibrating.moved)
            plot.settled.connect(calibrating.set)
        calibrating.moved.connect(self._moved)
        calibrating.changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show what is true now; what the user is changing counts first."""
        self.slider.settle()
        self.number.settle()
        now = self.calibrating
        known = now.found is not None and now.found.at(now.threshold) is not None
        self.again.setEnabled(not now.busy)
        self.again.setToolTip(self.tr("It is being measured.") if now.busy else "")
        state = now.failure or (self.tr("Measuring…") if now.busy and now.found is None else "")
        self.state.setText(state)
        self.state.set_role("error" if now.failure else "text2")
        self.state.setVisible(bool(state))
        self.plots.setVisible(known)
        self._rest.setVisible(not known)
        self.figures.setVisible(now.found is not None)
        if known and now.found is not None:
            for plot in (self.curves, self.det):
                plot.show_found(now.found, now.threshold)
            self.slider.blockSignals(True)
            self.slider.setRange(round(self.curves.low * 100), round(self.curves.high * 100))
            self.slider.blockSignals(False)
        self.figures.follow()
        self._show_number(now.threshold)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _line(self, theme: Theme) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(12)
        self.slider = Slider(self.tr("Threshold"), round(LOWEST * 100), round(HIGHEST * 100), 0)
        self.number = NumberBox(theme, self.tr("Threshold"), LOWEST, HIGHEST, 0.01)
        line.addWidget(Text(theme, self.tr("Threshold"), "body", "text2"))
        line.addWidget(self.slider, 1)
        line.addWidget(self.number)
        line.setAlignment(self.slider, Qt.AlignmentFlag.AlignVCenter)
        self.slider.valueChanged.connect(self._slid)
        self.slider.settled.connect(lambda value: self.calibrating.set(value / 100))
        self.number.settled.connect(lambda value: self.calibrating.set(round(value, 2)))
        return line

    def _slid(self, value: int) -> None:
        self.calibrating.moved.emit(value / 100)

    def _moved(self, threshold: float) -> None:
        plots: tuple[RatePlot, ...] = (self.curves, self.det)
        for plot in plots:
            plot.set_threshold(threshold)
        self.figures.show_at(threshold)
        self._show_number(threshold)

    def _show_number(self, threshold: float) -> None:
        for control, value in ((self.slider, round(threshold * 100)), (self.number, threshold)):
            control.blockSignals(True)
            control.setValue(value)  # type: ignore[arg-type]
            control.blockSignals(False)
