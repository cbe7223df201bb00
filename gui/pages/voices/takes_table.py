"""The takes of a voice: what was accepted with its figures, what was refused and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from engine.records import Take
from gui.pages.voices.hearing import PlayButton
from gui.theme import Theme
from gui.widgets.controls import Badge, Button, ElidedText, IconButton, Text, rule

NO_SNR_DB = 99.0  # what the engine stores where nothing lies between the words
COLUMNS = 8


@dataclass(frozen=True)
class Row:
    """One line. take: None for what was refused or is being recorded. again: enrolls what was refused all the same; dismiss:
    takes the line away."""

    number: int
    state: str  # "accepted", "refused", "recording"
    result: str
    take: Take | None = None
    speech_s: float | None = None
    snr_db: float | None = None
    level_dbfs: float | None = None
    again: Callable[[], object] | None = None
    dismiss: Callable[[], object] | None = None


class TakesTable(QWidget):
    """play(Take), remove(Take)."""

    play = Signal(object)
    remove = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setAccessibleName(self.tr("Takes"))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._inner: QWidget | None = None
        self._rows: tuple[Row, ...] | None = None
        self.set_rows(())

    @property
    def rows(self) -> tuple[Row, ...]:
        return self._rows or ()

    def set_rows(self, rows: Sequence[Row]) -> None:
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        if self._inner is not None:
            self._column.removeWidget(self._inner)
            self._inner.hide()
            self._inner.deleteLater()
        self._inner = QWidget()
        grid = QGridLayout(self._inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(5, 1)
        self._head(grid)
        for i, row in enumerate(self._rows):
            self._line(grid, 2 + 2 * i, row)
        self._column.addWidget(self._inner)
        self._inner.show()  # at once: a layout would do it with the next event, and the rows would blink

    def _head(self, grid: QGridLayout) -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        titles = ((self.tr("Takes"), None), ("", None), (self.tr("Speech"), right), (self.tr("SNR"), right),
                  (self.tr("Level"), right), (self.tr("Result"), None))
        for i, (title, align) in enumerate(titles):
            label = Text(self.theme, title, "caption", "text3", 500)
            label.setFixedHeight(26)
            grid.addWidget(label, 0, i, align or Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(rule(), 1, 0, 1, COLUMNS)

    def _line(self, grid: QGridLayout, at: int, row: Row) -> None:
        tone, icon = {"accepted": ("ok", ""), "refused": ("error", "x-circle-fill"),
                      "recording": ("plain", "record-fill")}[row.state]
        word = {"accepted": self.tr("accepted"), "refused": self.tr("refused"),
                "recording": self.tr("recording")}[row.state]
        name = Text(self.theme, self.tr("Take {}").format(row.number))
        name.setMinimumHeight(31)
        grid.addWidget(name, at, 0)
        grid.addWidget(Badge(self.theme, word, tone, icon), at, 1)  # type: ignore[arg-type]
        if row.state == "refused":  # there are no figures: the reason has their room
            grid.addLayout(self._result(row), at, 2, 1, 4)
        else:
            self._figures(grid, at, row)
            grid.addLayout(self._result(row), at, 5)
        self._acts(grid, at, row)
        grid.addWidget(rule(), at + 1, 0, 1, COLUMNS)

    def _figures(self, grid: QGridLayout, at: int, row: Row) -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        figures = (self._figure(row.speech_s, "{:.1f} s"), self._figure(row.snr_db, "{:.0f} dB"),
                   self._figure(row.level_dbfs, "{:.0f} dB"))
        for i, text in enumerate(figures):
            grid.addWidget(Text(self.theme, text), at, 2 + i, right)

    def _acts(self, grid: QGridLayout, at: int, row: Row) -> None:
        take = row.take
        if take is not None:
            listen = PlayButton(self.theme, self.tr("Play take {}").format(row.number), ("take", take.id))
            if take.recording is None:
                listen.say_not_kept()
            listen.clicked.connect(lambda *_: self.play.emit(take))
            bin_ = IconButton(self.theme, "trash", self.tr("Remove take {}").format(row.number), size=24)
            bin_.clicked.connect(lambda *_: self.remove.emit(take))
            grid.addWidget(listen, at, 6)
            grid.addWidget(bin_, at, 7)
        if row.dismiss is not None:
            dismiss = row.dismiss
            close = IconButton(self.theme, "x", self.tr("Take this line away"), size=24)
            close.clicked.connect(lambda *_: dismiss())
            grid.addWidget(close, at, 7)

    def _result(self, row: Row) -> QHBoxLayout:
        """What came of it, and what can be done with a take that was refused."""
        line, again = QHBoxLayout(), row.again
        if row.state == "refused":
            line.setContentsMargins(0, 5, 0, 5)
            line.setSpacing(10)
            line.addWidget(Text(self.theme, row.result, "small", "text2", wrap=True), 1)
        else:
            line.addWidget(ElidedText(self.theme, row.result, "body", "text2"), 1)
        if again is not None:
            button = Button(self.theme, self.tr("Enroll anyway"), small=True)
            button.setToolTip(self.tr("It may make the voice harder to tell from others."))
            button.clicked.connect(lambda *_: again())
            line.addWidget(button)
        return line

    @staticmethod
    def _figure(value: float | None, form: str) -> str:
        if value is None or value >= NO_SNR_DB:
            return "–"
        return form.format(value).replace("-", "−")
