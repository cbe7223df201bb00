"""The samples of a voice: how near each is to the centroid, what is odd about it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QMenu, QVBoxLayout, QWidget

from engine.records import Sample, SampleCheck
from gui import words
from gui.pages.voices.details import short_name
from gui.pages.voices.hearing import PlayButton
from gui.theme import Theme
from gui.widgets.controls import Bar, ElidedText, Icon, IconButton, Text, plain_tip

ROW_PX, BAR_PX = 26, 160
MOST = 60  # rows; the odd ones first where there are more


@dataclass(frozen=True)
class SampleRow:
    """One line. odd: why it may not belong here, why: the same at length; note: how good it is. playable: its recording was
    kept."""

    id: int  # of the sample, which holds arrays and cannot be compared itself
    sample: Sample = field(compare=False)
    label: str
    value: str
    odd: str
    why: str
    note: str
    playable: bool


class SamplesTable(QWidget):
    """play(Sample), remove(Sample), move(Sample, name of another voice)."""

    play = Signal(object)
    remove = Signal(object)
    move_to = Signal(object, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.others: tuple[str, ...] = ()
        self.setAccessibleName(self.tr("Samples"))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._inner: QWidget | None = None
        self._rows: tuple[SampleRow, ...] = ()
        self._colour = -1
        theme.changed.connect(self._build)

    @property
    def rows(self) -> tuple[SampleRow, ...]:
        return self._rows

    def show_samples(self, samples: Sequence[Sample], checks: Sequence[SampleCheck], number: dict[int, int], kept: set[int],
                     colour: int) -> None:
        """number: of each take, by its id. kept: ids of takes with a recording. colour: of the voice."""
        by_id = {check.sample.id: check for check in checks}
        rows = [self._row(sample, by_id.get(sample.id), number.get(sample.take_id, 0), sample.take_id in kept)
                for sample in samples]
        if len(rows) > MOST:
            rows = sorted(rows, key=lambda row: not row.odd)[:MOST]
        if (tuple(rows), colour) != (self._rows, self._colour):
            self._rows, self._colour = tuple(rows), colour
            self._build()

    def _row(self, sample: Sample, check: SampleCheck | None, take: int, playable: bool) -> SampleRow:
        odd, why, note = [], [], []
        flags = check.flags if check is not None else ()
        if check is not None and "far" in flags and check.likeness is not None:
            odd.append(self.tr("unlike the others"))
            why.append(self.tr("Its similarity to the other samples is {}.").format(words.similarity(check.likeness)))
        if check is not None and "nearer" in flags and check.nearer_to:
            odd.append(self.tr("nearer to {}").format(short_name(check.nearer_to)))
            why.append(self.tr("It is nearer to {}.").format(check.nearer_to))
        if "short" in flags:
            note.append(self.tr("short"))
        if "noisy" in flags:
            note.append(self.tr("noisy"))
        label = self.tr("△ take {take} · {speech} s").format(take=take or "?", speech=f"{sample.speech_s:.1f}")
        return SampleRow(sample.id, sample, label, words.similarity(sample.similarity), " · ".join(odd), " ".join(why),
                         " · ".join(note), playable)

    def _build(self) -> None:
        if self._inner is not None:
            self._column.removeWidget(self._inner)
            self._inner.hide()
            self._inner.deleteLater()
        self._inner = QWidget()
        grid = QGridLayout(self._inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(4, 3)
        for at, row in enumerate(self._rows):
            self._line(grid, at, row)
        self.setMinimumHeight(ROW_PX * len(self._rows))  # or a full panel would press the rows together
        self._column.addWidget(self._inner)

    def _line(self, grid: QGridLayout, at: int, row: SampleRow) -> None:
        theme, sample = self.theme, row.sample
        label = Text(theme, row.label, "small", "text2")
        label.setFixedHeight(ROW_PX)
        bar = Bar(theme, row.label, sample.similarity, theme.category(self._colour))
        bar.setMaximumWidth(BAR_PX)
        grid.addWidget(label, at, 0)
        grid.addWidget(bar, at, 1)
        grid.addWidget(Text(theme, row.value, "small"), at, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if row.odd:
            icon = Icon(theme, "warning", "warning", 14)
            icon.setToolTip(plain_tip(row.why))
            icon.setAccessibleName(row.why)
            grid.addWidget(icon, at, 3)
        said = " · ".join(bit for bit in (row.odd, row.note) if bit)
        grid.addWidget(ElidedText(theme, said, "small", "warning" if row.odd else "text3"), at, 4)
        listen = PlayButton(theme, self.tr("Play this sample"), ("sample", sample.id))
        if not row.playable:
            listen.say_not_kept()
        listen.clicked.connect(lambda *_: self.play.emit(sample))
        carry = IconButton(theme, "arrow-bend-up-right", self.tr("Move this sample to another voice…"), size=24)
        if not self.others:
            carry.say("", self.tr("There is no other voice."))
        carry.clicked.connect(lambda *_: self._choose(sample, carry))
        bin_ = IconButton(theme, "trash", self.tr("Remove this sample"), size=24)
        bin_.clicked.connect(lambda *_: self.remove.emit(sample))
        for column, button in enumerate((listen, carry, bin_), 5):
            button.setAccessibleName(f"{button.accessibleName()} ({row.label})")
            grid.addWidget(button, at, column)

    def menu(self, sample: Sample) -> QMenu:
        """The voices that a sample can be moved to."""
        menu = QMenu(self)
        for name in self.others:
            menu.addAction(name.replace("&", "&&")).triggered.connect(lambda *_, name=name: self.move_to.emit(sample, name))
        return menu

    def _choose(self, sample: Sample, button: QWidget) -> None:
        menu = self.menu(sample)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))
