"""Threshold and margin, in the toolbar of the Live page."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.context import Context
from gui.widgets.controls import Button, NumberBox, Text
from gui.widgets.margin_box import MarginBox


class Limits(QWidget):
    """changed: one of them is another one, and written to the settings. calibrate: the button was pressed."""

    changed = Signal()
    calibrate = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, theme = context, context.theme
        self._settings, self._voices = context.app.settings, context.app.voices
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        value = self._settings.value
        self.threshold = NumberBox(theme, self.tr("Threshold"), -1.0, 1.0, 0.01, value=value.threshold)
        self.margin = MarginBox(theme, value, self._voices.margin_unit())
        self.threshold.settled.connect(lambda number: self._set(threshold=round(number, 2)))
        self.margin.chosen.connect(lambda chosen: self._set(**chosen))
        for words, box in ((self.tr("Threshold"), self.threshold), (self.tr("Margin"), self.margin)):
            row.addWidget(Text(theme, words, "body", "text2"))
            row.addWidget(box)
        self.measure = Button(theme, self.tr("Calibrate…"), "sliders-horizontal")
        self.measure.setToolTip(self.tr("Measure on your own voices what the threshold does"))
        self.measure.clicked.connect(self.calibrate)
        row.addWidget(self.measure)

    def refresh(self) -> None:
        """Show what the settings say, once what is on its way is in them."""
        self.threshold.settle()
        self.margin.settle()
        value = self._settings.value
        self.threshold.show_value(value.threshold)
        self.margin.show_margin(value, self._voices.margin_unit())

    def _set(self, **values: float) -> None:
        current = self._settings.value
        if any(getattr(current, key) != value for key, value in values.items()):
            if self._context.keep(**values):
                self.changed.emit()
            else:
                self.refresh()
