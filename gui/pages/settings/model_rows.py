"""The table of models: one row each, with its state and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from engine.records import ModelInfo
from engine.tasks import Progress
from gui.theme import ROW_TABLE_PX, Theme
from gui.widgets.controls import Badge, Bar, Button, ElidedText, Panel, Text, rule
from gui.words import data_size, time_left

# (stretch, least width, right-aligned) of model, role, version, vector, rate, size, licence, state
COLUMNS = ((26, 150, False), (11, 90, False), (8, 60, False), (7, 60, True), (8, 60, True), (8, 64, True),
           (10, 84, False), (25, 240, False))


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
        head.setContentsMargins(16, 0, 14, 0)
        head.setSpacing(10)
        words = (self.tr("Model"), self.tr("Role"), self.tr("Version"), self.tr("Vector"), self.tr("Rate"),
                 self.tr("Size"), self.tr("Licence"), self.tr("State"))
        for (stretch, least, right), word in zip(COLUMNS, words, strict=True):
            head.addWidget(_cell(Text(theme, word, "caption", "text3", weight=500), least, right), stretch)
        top = QWidget()
        top.setFixedHeight(31)
        top.setLayout(head)
        self.body.addWidget(top)
        self.body.addWidget(rule())

    def show_models(self, models: Sequence[ModelInfo], loaded: set[str]) -> None:
        for model in models:
            if model.name not in self.rows:
                row = ModelRow(self.theme, model)
                row.pressed.connect(self.chosen)
                row.fetch.connect(self.fetch)
                row.cancel.connect(self.cancel)
                self.rows[model.name] = row
                self.body.addWidget(row)
            self.rows[model.name].show_model(model, model.name in loaded)

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

    def __init__(self, theme: Theme, model: ModelInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.model, self.on = theme, model, False
        self.setFixedHeight(ROW_TABLE_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.update)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 0, 14, 0)
        line.setSpacing(10)
        roles = {"voice": self.tr("Voices"), "sound": self.tr("Sounds"), "text": self.tr("Text"),
                 "joint": self.tr("Sounds + text"), "speech": self.tr("Speech")}
        texts = (model.title, roles[model.kind], model.version, f"{model.dim}-d" if model.dim else "–",
                 f"{model.rate_hz / 1000:g} kHz" if model.rate_hz else "–", data_size(model.size_bytes), model.licence)
        for number, ((stretch, least, right), text) in enumerate(zip(COLUMNS, texts, strict=False)):
            label = ElidedText(theme, text, "body", "text1", weight=500) if number == 0 else Text(
                theme, text, "body", "text1" if number == 3 else "text2")
            line.addWidget(_cell(label, least, right), stretch)
        line.addWidget(self._state(), COLUMNS[-1][0])

    def show_model(self, model: ModelInfo, loaded: bool) -> None:
        self.model = model
        words, tone, icon = state_words(self, model, loaded)
        self.badge.set(words, tone, icon)  # type: ignore[arg-type]
        self.setAccessibleName(f"{model.title}, {words}")
        fetchable = model.state in ("missing", "damaged")
        self.button.setVisible(fetchable)
        self.button.setText(self.tr("Fetch again") if model.state == "damaged" else
                            self.tr("Fetch {}").format(data_size(model.size_bytes)))

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
            painter.setPen(self.theme.colour("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit(self.model.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit(self.model.name)
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
        self.button.clicked.connect(lambda: self.fetch.emit(self.model.name))
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
        self._bar = Bar(self.theme, self.tr("Fetching {}").format(self.model.title), 0.0, "accent")
        words.addWidget(self._bar)
        words.addStretch(1)
        line.addLayout(words, 1)
        cancel = Button(self.theme, self.tr("Cancel"), small=True)
        cancel.clicked.connect(lambda: self.cancel.emit(self.model.name))
        line.addWidget(cancel)
        self._states.addWidget(still)
        self._states.addWidget(moving)
        return cell


def state_words(owner: QWidget, model: ModelInfo, loaded: bool) -> tuple[str, str, str]:
    """(word, tone, icon) of a model's state."""
    if model.state == "damaged":
        return owner.tr("damaged"), "error", ""
    if model.state == "missing":
        return owner.tr("not fetched"), "plain", "download-simple"
    return (owner.tr("in use"), "ok", "") if loaded else (owner.tr("present"), "plain", "")


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
