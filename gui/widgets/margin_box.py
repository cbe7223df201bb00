"""The margin as a field, in the unit of what compares voices now."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from engine.records import MarginUnit
from engine.settings import MOST_NATS, Settings
from gui.theme import Theme
from gui.widgets.controls import NumberBox


class MarginBox(NumberBox):
    """chosen: the user set another margin; a dict with the one setting that is meant."""

    chosen = Signal(dict)

    def __init__(self, theme: Theme, settings: Settings, unit: MarginUnit, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", 0.0, 2.0, 0.01, width=92, parent=parent)
        self.setAccessibleName(self.tr("Margin"))
        self._unit = unit
        self.show_margin(settings, unit)
        self.settled.connect(self._choose)

    def show_margin(self, settings: Settings, unit: MarginUnit) -> None:
        """What the settings say, without a word to anybody, as `show_value`."""
        self._unit, nats = unit, unit == "nats"
        with QSignalBlocker(self):
            self.setRange(0.0, MOST_NATS if nats else 2.0)
            self.setSingleStep(0.1 if nats else 0.01)
            self.setSuffix(self.tr(" nats") if nats else "")
        self.show_value(settings.margin_in(unit))
        self.setToolTip(self.tr(
            "How much likelier the nearest voice must be than the runner-up, as a natural logarithm: 1.61 nats is five times as "
            "likely. With less, the name is only tentative.") if nats else self.tr(
            "How much more similar the nearest voice must be than the runner-up. With less, the name is only tentative."))

    def _choose(self, value: float) -> None:
        self.chosen.emit({"margin_nats" if self._unit == "nats" else "margin": round(value, 2)})
