"""What a threshold does, in figures and in a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui import words
from gui.pages.voices.threshold.calibrating import Calibrating
from gui.theme import Theme
from gui.widgets.controls import Button, ElidedText, Icon, Text

if TYPE_CHECKING:
    from engine.voices.calibration import OwnCalibration


def percent(rate: float) -> str:
    """0.0021 → "0.2"."""
    return f"{rate * 100:.1f}"


def rests_on(found: OwnCalibration) -> str:
    """What the figures are made of."""
    own = _tr("{samples} samples against each other, each take left out once").format(samples=words.count(len(found.genuine)))
    if found.voices < 2:
        own = _tr("{samples} samples of one voice, each take left out once").format(samples=words.count(len(found.genuine)))
    if found.strangers:
        return _tr("{own}, and {strangers} made-up strangers.").format(own=own, strangers=words.count(found.strangers))
    if found.why:
        return f"{own}."
    return _tr("{own}. For this encoder no strangers are known to compare with.").format(own=own)


def suggested(found: OwnCalibration | None) -> float | None:
    """The suggestion, never below it at two decimals."""
    return None if found is None or found.suggested is None else math.ceil(found.suggested * 100 - 1e-6) / 100


class RateTile(QFrame):
    """One rate with its interval."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("frame", "card")
        self.name = name
        column = QVBoxLayout(self)
        column.setContentsMargins(9, 6, 9, 7)
        column.setSpacing(1)
        self.rate = Text(theme, "", "figure", weight=600)
        self.interval = ElidedText(theme, "", "small", "text2")
        column.addWidget(ElidedText(theme, name, "caption", "text2"))
        column.addWidget(self.rate)
        column.addWidget(self.interval)

    def show_rate(self, rate: float | None, interval: tuple[float, float] = (0.0, 1.0)) -> None:
        self.rate.setText("–" if rate is None else _tr("{} %").format(percent(rate)))
        low, high = interval
        self.interval.set_text("" if rate is None else _tr("{low} – {high} %, 95 %").format(low=percent(low), high=percent(high)))
        self.setAccessibleName(f"{self.name}: {self.rate.text()}, {self.interval.text()}")


class Figures(QWidget):
    """Two tiles and what they rest on; `use`, the suggestion, is placed by the owner. wanted(threshold): it was pressed."""

    wanted = Signal(float)

    def __init__(self, theme: Theme, calibrating: Calibrating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.calibrating = calibrating
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.accept = RateTile(theme, self.tr("Strangers let in"))
        self.reject = RateTile(theme, self.tr("Enrolled voices refused"))
        tiles = QHBoxLayout()
        tiles.setSpacing(10)
        tiles.addWidget(self.accept, 4)  # their words are of different length
        tiles.addWidget(self.reject, 5)
        column.addLayout(tiles)
        self.icon = Icon(theme, "info", "text3", 14)
        self.sentence = Text(theme, "", "small", "text2", wrap=True)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        said = QHBoxLayout()
        said.setSpacing(6)
        said.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.sentence, 1)
        column.addLayout(said)
        column.addStretch(0)
        self.use = Button(theme, "", small=True)
        self.use.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.use.clicked.connect(self._use)

    def follow(self) -> None:
        """The measurement or the setting is another one."""
        found = self.calibrating.found
        some = found is not None and found.at(self.calibrating.threshold) is not None
        for tile in (self.accept, self.reject):
            tile.setVisible(some)
        self.icon.set(*(("warning-fill", "warning") if found is not None and found.why else ("info", "text3")))
        bits = [found.why, rests_on(found) if some else ""] if found is not None else []
        self.sentence.setText(" ".join(bit for bit in bits if bit))
        best = suggested(found)
        self.use.setVisible(best is not None and best != round(self.calibrating.threshold, 2))
        if best is not None:
            self.use.setText(self.tr("Use the suggested {}").format(words.similarity(best)))
            self.use.setToolTip(self.tr("The lowest threshold that lets in at most one stranger in a hundred"))
        self.show_at(self.calibrating.threshold)

    def show_at(self, threshold: float) -> None:
        found = self.calibrating.found
        rates = found.at(threshold) if found is not None else None
        if rates is None:
            self.accept.show_rate(None)
            self.reject.show_rate(None)
        else:
            self.accept.show_rate(rates.false_accept, rates.false_accept_ci95)
            self.reject.show_rate(rates.false_reject, rates.false_reject_ci95)

    def _use(self) -> None:
        best = suggested(self.calibrating.found)
        if best is not None:
            self.wanted.emit(best)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Figures", text)
