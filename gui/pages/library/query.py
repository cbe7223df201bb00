"""The query of the Library: words, an example sound as a chip, suggestions, and how many were found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from engine.records import Sound
from gui.theme import Theme
from gui.widgets.controls import Chip, Icon, IconButton, KeyCap, Text
from gui.widgets.result_table import shown_name

TYPING_MS = 250  # after the last key the search begins by itself
SUGGESTIONS = 5
NEVER_SUGGESTED = {"silence"}


@dataclass(frozen=True)
class Query:
    """What is asked: words, an example (a sound of the library or any file), or both. Empty: everything is listed."""

    text: str = ""
    like: Path | int | None = None
    like_name: str = ""

    def __bool__(self) -> bool:
        return bool(self.text or self.like is not None)


class QueryBox(QWidget):
    """The framed line. changed(): another query. Files dropped on it become the example; folders go to `folders`."""

    changed = Signal()
    wants_file = Signal()
    folders = Signal(list)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._query = Query()
        self._over = False
        self.setFixedHeight(40)
        self.setAcceptDrops(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 0, 10, 0)
        row.setSpacing(8)
        row.addWidget(Icon(theme, "magnifying-glass", "text2", 16))
        self.field = _Field()
        self.field.setProperty("bare", True)
        font = theme.font("body")
        font.setPixelSize(14)
        self.field.setFont(font)
        self.field.setAcceptDrops(False)
        self.field.setAccessibleName(self.tr("Describe a sound"))
        self.field.focus_moved.connect(self.update)
        row.addWidget(self.field, 1)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        row.addLayout(self._chips)
        self.key = KeyCap(theme, "Ctrl F")
        row.addWidget(self.key)
        self.by_file = IconButton(theme, "file-search", self.tr("Search by a sound file…"), size=26)
        self.by_file.clicked.connect(self.wants_file)
        row.addWidget(self.by_file)
        self._timer = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._timer.timeout.connect(self._typed)
        self.field.textEdited.connect(lambda _: self._timer.start())
        self.field.returnPressed.connect(self._typed)
        theme.changed.connect(self.update)
        self.set_ready(True)

    @property
    def query(self) -> Query:
        return self._query

    def set_ready(self, ready: bool) -> None:
        """Off while there is nothing to search."""
        self.field.setEnabled(ready)
        self.key.setVisible(ready)
        self.by_file.setVisible(ready)
        self.field.setPlaceholderText(self.tr("Describe a sound, or drop one here") if ready
                                      else self.tr("Search opens when the first sounds are indexed"))

    def set_text(self, text: str) -> None:
        """Ask for these words now."""
        self.field.setText(text)
        self._typed()

    def set_like(self, like: Path | int, name: str) -> None:
        """Ask for what is like this; words that were typed stay."""
        self._ask(Query(self.field.text().strip(), like, name))

    def set_like_sound(self, sound: Sound) -> None:
        self.field.clear()
        self._ask(Query("", sound.id, shown_name(sound)))

    def clear(self) -> None:
        self.field.clear()
        self._ask(Query())

    def stop(self) -> None:
        self._timer.stop()

    def _typed(self) -> None:
        self._timer.stop()
        self._ask(Query(self.field.text().strip(), self._query.like, self._query.like_name))

    def _ask(self, query: Query) -> None:
        self._timer.stop()
        if query == self._query:
            return
        self._query = query
        _empty(self._chips)
        if query.like is not None:
            chip = Chip(self.theme, query.like_name, self.tr("like"), "equals", removable=True)
            chip.removed.connect(self._drop_example)
            self._chips.addWidget(chip)
        self.changed.emit()

    def _drop_example(self) -> None:
        self._ask(Query(self.field.text().strip()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _paths(event):
            self._over = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._over = False
        self.update()
        self.take(_paths(event))
        event.acceptProposedAction()

    def take(self, paths: list[Path]) -> None:
        """Dropped paths: folders are to be added, the first file is the example."""
        folders = [path for path in paths if path.is_dir()]
        files = [path for path in paths if not path.is_dir()]
        if folders:
            self.folders.emit(folders)
        elif files and self.field.isEnabled():
            self.set_like(files[0], files[0].name)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        live = self.field.hasFocus() or self._over
        inset = 1.0 if live else 0.5
        painter.setPen(QPen(self.theme.colour("accent" if live else "edge" if self.field.isEnabled() else "line"),
                            2 if live else 1))
        painter.setBrush(self.theme.colour("accent_wash" if self._over else
                                           "field" if self.field.isEnabled() else "window"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)


class _Field(QLineEdit):
    focus_moved = Signal()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_moved.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_moved.emit()


class QueryLine(QWidget):
    """Below the query: suggestions at the left, how many were found at the right. suggested(words)."""

    suggested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setFixedHeight(24)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._words: list[str] = []
        self._label = Text(theme, self.tr("Try also"), "small", "text3")
        row.addWidget(self._label)
        row.addSpacing(8)
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        row.addLayout(self._row)
        row.addStretch(1)
        self.found = Text(theme, "", "small", "text1", weight=600)
        self.of = Text(theme, "", "small", "text2")
        row.addWidget(self.found)
        row.setSpacing(4)
        row.addWidget(self.of)
        self.show_suggestions([])

    def show_suggestions(self, words: list[str]) -> None:
        _empty(self._row)
        self._words = list(words)
        self._label.setVisible(bool(words))
        for word in words:
            chip = Chip(self.theme, word, outline=True)
            chip.clicked.connect(lambda word=word: self.suggested.emit(word))
            self._row.addWidget(chip)

    def suggestions(self) -> list[str]:
        return list(self._words)

    def say(self, found: str, of: str) -> None:
        """"1,284" and " of 48,217 · 18 ms"."""
        self.found.setText(found)
        self.of.setText(of)


def suggest(query: str, sounds: list[Sound]) -> list[str]:
    """Words to try: the classes heard most in these sounds that the query does not name already."""
    weights: dict[str, float] = {}
    for sound in sounds:
        for tag in sound.tags:
            name = tag.name.lower().split(",")[0]
            weights[name] = weights.get(name, 0.0) + tag.probability
    asked = query.lower()
    names = sorted(weights, key=lambda name: -weights[name])
    return [name for name in names if name not in asked and name not in NEVER_SUGGESTED][:SUGGESTIONS]


def _empty(row: QHBoxLayout) -> None:
    while (item := row.takeAt(0)) is not None:
        if (gone := item.widget()) is not None:
            gone.hide()
            gone.deleteLater()


def _paths(event: QDropEvent) -> list[Path]:
    mime = event.mimeData()
    if mime is None or not mime.hasUrls() or event.source() is not None:
        return []
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
