"""The table of models: one row each, with its state and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from engine.records import EncoderChoice, ModelInfo
from engine.tasks import Progress
from gui.theme import ROW_TABLE_PX, Theme
from gui.widgets.controls import Badge, Bar, Button, ElidedText, Panel, Text, rule
from gui.words import data_size, short_version, time_left

# (stretch, least width, right-aligned) of model, role, version, vector, rate, size, licence, state
COLUMNS = ((26, 116, False), (11, 92, False), (8, 50, False), (7, 52, True), (8, 52, True), (8, 54, True),
           (10, 76, False), (25, 212, False))
SPARE = (4, 6)  # of these columns; in a small window they are left out: what is said of the chosen model has them too
GAP_PX, LEFT_PX, RIGHT_PX = 10, 16, 14
WIDE_PX = sum(least for _, least, _ in COLUMNS) + GAP_PX * (len(COLUMNS) - 1) + LEFT_PX + RIGHT_PX + 2  # with all columns
LEAST_PX = WIDE_PX - sum(COLUMNS[number][1] + GAP_PX for number in SPARE)


@dataclass(frozen=True)
class Row:
    """A model as a row shows it. used: it is in use now. choice: what can be done with it, where it can be chosen.

    pending: the library is being indexed for it; share: how far that is (0–1), or None. failed: it could not be loaded.
    selectable: it can be put in the place of the one that is used now, where its files are there.
    """

    info: ModelInfo
    used: bool
    choice: EncoderChoice | None = None
    pending: bool = False
    share: float | None = None
    failed: bool = False
    selectable: bool = False

    @property
    def fetchable(self) -> bool:
        """Whether its files can be fetched from where they come from."""
        return self.choice is None and self.info.state in ("missing", "damaged")

    @property
    def lost(self) -> bool:
        """Whether its files cannot be fetched, and are not there."""
        return self.choice is not None and self.choice.added and self.info.state != "present"

    @property
    def usable(self) -> bool:
        """Whether it could be used from now on instead of another one."""
        return self.selectable and self.info.state == "present" and not self.used and not self.pending


class ModelTable(Panel):
    """chosen, fetch, cancel: with the name of a model."""

    chosen = Signal(str)
    fetch = Signal(str)
    cancel = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self.rows: dict[str, ModelRow] = {}
        self.body.setContentsMargins(1, 1, 1, 1)
        self.body.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(LEFT_PX, 0, RIGHT_PX, 0)
        head.setSpacing(GAP_PX)
        words = (self.tr("Model"), self.tr("Role"), self.tr("Version"), self.tr("Vector"), self.tr("Rate"),
                 self.tr("Size"), self.tr("Licence"), self.tr("State"))
        self._head = [_cell(Text(theme, word, "caption", "text3", weight=500), least, right)
                      for (_, least, right), word in zip(COLUMNS, words, strict=True)]
        for (stretch, _, _), cell in zip(COLUMNS, self._head, strict=True):
            head.addWidget(cell, stretch)
        self.setMinimumWidth(LEAST_PX)
        top = QWidget()
        top.setFixedHeight(31)
        top.setLayout(head)
        self.body.addWidget(top)
        self.body.addWidget(rule())

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these, in this order; what is not among them goes."""
        for name in self.rows.keys() - {row.info.name for row in rows}:
            self._drop(name)
        for row in rows:
            name = row.info.name
            if name in self.rows and self.rows[name].words != row_words(self, row.info):
                self._drop(name)  # it was added again, and is another one
            if name not in self.rows:
                made = ModelRow(self.theme, row)
                made.pressed.connect(self.chosen)
                made.fetch.connect(self.fetch)
                made.cancel.connect(self.cancel)
                self.rows[name] = made
                made.show_spare(self.width() >= WIDE_PX)
                self.body.addWidget(made)
            self.rows[name].show_row(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE_PX
        for number in SPARE:
            self._head[number].setVisible(wide)
        for row in self.rows.values():
            row.show_spare(wide)

    def _drop(self, name: str) -> None:
        gone = self.rows.pop(name)
        self.body.removeWidget(gone)
        gone.hide()
        gone.deleteLater()

    def set_current(self, name: str) -> None:
        for key, row in self.rows.items():
            row.set_on(key == name)

    def show_progress(self, name: str, progress: Progress | None) -> None:
        if name in self.rows:
            self.rows[name].show_progress(progress)


class ModelRow(QWidget):
    """One model."""

    pressed = Signal(str)
    fetch = Signal(str)
    cancel = Signal(str)

    def __init__(self, theme: Theme, row: Row, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.row, self.on = theme, row, False
        self.words = row_words(self, row.info)
        self.setFixedHeight(ROW_TABLE_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.update)
        line = QHBoxLayout(self)
        line.setContentsMargins(LEFT_PX, 0, RIGHT_PX, 0)
        line.setSpacing(GAP_PX)
        self._cells: list[QWidget] = []
        for number, ((stretch, least, right), text) in enumerate(zip(COLUMNS, self.words, strict=False)):
            label = (Text(theme, text, "body", "text1" if number == 3 else "text2") if right else
                     ElidedText(theme, text, "body", "text2" if number else "text1", weight=400 if number else 500))
            self._cells.append(_cell(label, least, right))
            line.addWidget(self._cells[-1], stretch)
        line.addWidget(self._state(), COLUMNS[-1][0])

    def show_spare(self, on: bool) -> None:
        """Whether the columns that a small window has no room for are shown."""
        for number in SPARE:
            self._cells[number].setVisible(on)

    def show_row(self, row: Row) -> None:
        self.row = row
        words, tone, icon = state_words(self, row)
        self.badge.set(words, tone, icon)  # type: ignore[arg-type]
        self.setAccessibleName(f"{row.info.title}, {words}")
        self.button.setVisible(row.fetchable)
        self.button.setText(self.tr("Fetch again") if row.info.state == "damaged" else
                            self.tr("Fetch {}").format(data_size(row.info.size_bytes)))

    def show_progress(self, progress: Progress | None) -> None:
        """How far fetching is; None: it is not being fetched."""
        self._states.setCurrentIndex(0 if progress is None else 1)
        if progress is None:
            return
        self._done.setText(data_size(progress.done, progress.total) if progress.total else self.tr("fetching…"))
        bits = [f"{data_size(progress.done / progress.elapsed_s)}/s" if progress.elapsed_s > 0.5 else ""]
        bits.append(time_left(progress.left_s) if progress.left_s is not None else "")
        self._left.setText(" · ".join(bit for bit in bits if bit))
        self._bar.set(progress.fraction or 0.0)

    def set_on(self, on: bool) -> None:
        self.on = on
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.on:
            painter.fillRect(self.rect(), self.theme.colour("selected"))
            painter.fillRect(QRectF(0, 0, 3, self.height()), self.theme.colour("accent"))
        if self.hasFocus():
            painter.setPen(QPen(self.theme.colour("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit(self.row.info.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit(self.row.info.name)
        else:
            super().keyPressEvent(event)

    def _state(self) -> QWidget:
        cell = QWidget()
        cell.setMinimumWidth(COLUMNS[-1][1])
        self._states = QStackedLayout(cell)
        still = QWidget()
        row = QHBoxLayout(still)
        row.setContentsMargins(0, 0, 0, 0)
        self.badge = Badge(self.theme)
        self.button = Button(self.theme, "", small=True)
        self.button.clicked.connect(lambda: self.fetch.emit(self.row.info.name))
        row.addWidget(self.badge)
        row.addStretch(1)
        row.addWidget(self.button)
        moving = QWidget()
        line = QHBoxLayout(moving)
        line.setContentsMargins(0, 0, 0, 0)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(8)
        self._done = Text(self.theme, "", "caption", "text1", weight=500)
        self._left = Text(self.theme, "", "caption", "text3")
        top.addWidget(self._done)
        top.addWidget(self._left)
        top.addStretch(1)
        words.addLayout(top)
        self._bar = Bar(self.theme, self.tr("Fetching {}").format(self.row.info.title), 0.0, "accent")
        words.addWidget(self._bar)
        words.addStretch(1)
        line.addLayout(words, 1)
        cancel = Button(self.theme, self.tr("Cancel"), small=True)
        cancel.clicked.connect(lambda: self.cancel.emit(self.row.info.name))
        line.addWidget(cancel)
        self._states.addWidget(still)
        self._states.addWidget(moving)
        return cell


def row_words(owner: QWidget, model: ModelInfo) -> tuple[str, ...]:
    """What stands in the columns before the state."""
    roles = {"voice": owner.tr("Voices"), "sound": owner.tr("Sounds"), "text": owner.tr("Text"),
             "joint": owner.tr("Sounds + text"), "speech": owner.tr("Speech"), "turns": owner.tr("Turns")}
    return (model.title if model.source.startswith("package ") else model.name, roles[model.kind], short_version(model.version),
            f"{model.dim}-d" if model.dim else "–", f"{model.rate_hz / 1000:g} kHz" if model.rate_hz else "–",
            data_size(model.size_bytes) if model.size_bytes else "–", model.licence or owner.tr("not stated"))


def state_words(owner: QWidget, row: Row) -> tuple[str, str, str]:
    """(word, tone, icon) of a model's state."""
    if row.lost:
        return owner.tr("in use, files gone") if row.used else owner.tr("files gone"), "error", ""
    if row.failed:
        return owner.tr("in use, not loaded"), "error", ""
    if row.info.state == "damaged":
        return owner.tr("damaged"), "error", ""
    if row.info.state == "missing":
        return owner.tr("not fetched"), "plain", "download-simple"
    if row.pending:
        share = f" {100 * row.share:.0f} %" if row.share is not None else ""
        return owner.tr("indexing{}").format(share), "plain", "arrows-clockwise"
    return (owner.tr("in use"), "ok", "") if row.used else (owner.tr("present"), "plain", "")


def _cell(inner: QWidget, least: int, right: bool) -> QWidget:
    cell = QWidget()
    cell.setMinimumWidth(least)
    cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    row = QHBoxLayout(cell)
    row.setContentsMargins(0, 0, 0, 0)
    if right:
        row.addStretch(1)
    row.addWidget(inner, 0 if right else 1)
    return cell
