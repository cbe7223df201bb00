"""The query of the Library: words, terms as chips, and what was asked before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from engine.records import Sound
from gui.pages.library.chips import TermChip
from gui.pages.library.question import Part, Query, file_part, minus_written, sound_part, text_part
from gui.theme import Theme
from gui.widgets.controls import Icon, IconButton, KeyCap
from gui.widgets.flow import Flow
from gui.widgets.result_table import ResultTable

TYPING_MS = 250  # after the last key the search begins by itself
LINE_PX = 40
FIELD_PX = 240  # at least so wide is the field beside chips; where there is less room they stand below it


class QueryBox(QWidget):
    """The framed line. changed(): another query. folders(paths): folders were dropped on it; files become terms.

    wants_file: a sound file is to be chosen. history: what was asked before is to be shown. save: keep the query.
    """

    changed = Signal()
    wants_file = Signal()
    history = Signal()
    save = Signal()
    folders = Signal(list)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.query = Query()
        self._over = False
        self.setFixedHeight(LINE_PX)
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(13, 0, 10, 0)
        column.setSpacing(0)
        line = QWidget()
        line.setFixedHeight(LINE_PX)
        self._row = QHBoxLayout(line)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(Icon(theme, "magnifying-glass", "text2", 16))
        self.field = _Field()
        self.field.setProperty("bare", True)
        font = theme.font("body")
        font.setPixelSize(14)
        self.field.setFont(font)
        self.field.setAcceptDrops(False)
        self.field.setAccessibleName(self.tr("Describe a sound"))
        self.field.focus_moved.connect(self.update)
        self.field.down.connect(self.history)
        self._row.addWidget(self.field, 1)
        self.flow = Flow(after=self.field)
        self.flow.hide()
        self._row.addWidget(self.flow)
        self.key = KeyCap(theme, "Ctrl F")
        self.by_file = IconButton(theme, "file-search", self.tr("Search by a sound file…"), size=26)
        self.past = IconButton(theme, "clock-counter-clockwise", self.tr("Recent and saved searches (↓)"), size=26)
        self.keep = IconButton(theme, "bookmark-simple", self.tr("Save this search (Ctrl S)"), size=26)
        self._right: list[QWidget] = [self.key, self.by_file, self.past, self.keep]
        self.by_file.clicked.connect(self.wants_file)
        self.past.clicked.connect(self.history)
        self.keep.clicked.connect(self.save)
        for widget in self._right:
            self._row.addWidget(widget)
        self._row.setSpacing(6)
        column.addWidget(line)
        self._column = column
        self._timer = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._timer.timeout.connect(self._typed)
        self.field.textEdited.connect(lambda _: self._timer.start())
        self.field.returnPressed.connect(self._entered)
        theme.changed.connect(self.update)
        self.set_ready(True)

    @property
    def chips(self) -> list[TermChip]:
        return [chip for chip in self.flow.widgets if isinstance(chip, TermChip)]

    def set_ready(self, ready: bool) -> None:
        """Off while there is nothing to search."""
        self.field.setEnabled(ready)
        for widget in self._right:
            widget.setVisible(ready)
        self.field.setPlaceholderText(self.tr("Describe a sound, or drop one here") if ready
                                      else self.tr("Search opens when the first sounds are indexed"))

    def allow_keeping(self, on: bool) -> None:
        """Whether there is a query that could be saved."""
        self.keep.setEnabled(on)
        self.keep.set_tip(self.tr("Save this search (Ctrl S)") if on else
                          self.tr("Nothing to save yet: say what to look for"))

    def ask(self, query: Query) -> None:
        """Ask for this now, in place of everything."""
        self.field.setText(query.text)
        self._ask(query)

    def set_text(self, text: str) -> None:
        """Ask for these words now; the chips stay."""
        self.ask(Query(text, self.query.parts))

    def set_like(self, like: Path) -> None:
        """Ask for what is like this file, also; words and chips that are there stay."""
        self.add(file_part(like))

    def set_like_sound(self, sound: Sound) -> None:
        """Ask for what is like this sound, and for nothing else."""
        self.ask(Query("", (sound_part(sound),)))

    def add(self, part: Part) -> None:
        """One more term; in place of one that names the same."""
        parts = [one for one in self.query.parts if not one.same_as(part)]
        self._ask(Query(self._text(), (*parts, part)))

    def leave_out(self, rest: str, what: str) -> None:
        """Make a minus term of what was written."""
        self.field.setText(rest)
        self.add(text_part(what, -1.0))

    def clear(self) -> None:
        self.ask(Query())

    @property
    def written(self) -> Query:
        """What stands in the box, asked already or not."""
        return Query(self._text(), self.query.parts)

    def ask_now(self) -> None:
        """Ask for what was typed, without waiting for more of it."""
        if self._timer.isActive():
            self._typed()

    def stop(self) -> None:
        self._timer.stop()

    def _text(self) -> str:
        return self.field.text().strip()

    def _typed(self) -> None:
        self._ask(self.written)

    def _entered(self) -> None:
        meant = minus_written(self._text())
        if meant is not None:
            self.leave_out(*meant)
        else:
            self._typed()

    def _ask(self, query: Query) -> None:
        self._timer.stop()
        if query == self.query:
            return
        anew = query.parts != self.query.parts
        self.query = query
        if anew:
            self._show_chips()
        self.changed.emit()

    # --- chips --------------------------------------------------------------------------------------------------------

    def _show_chips(self) -> None:
        chips = []
        for part in self.query.parts:
            chip = TermChip(self.theme, part)
            chip.changed.connect(lambda new, old=part: self._put(old, new))
            chip.removed.connect(lambda old=part: self._put(old, None))
            chips.append(chip)
        self.flow.show_widgets(chips)
        self._place_chips()

    def _put(self, old: Part, new: Part | None) -> None:
        """Another one in place of a chip, or none."""
        parts = [new if part == old else part for part in self.query.parts]
        self._ask(Query(self._text(), tuple(part for part in parts if part is not None)))
        following = next((chip for chip in self.chips if chip.part == new), None)  # the chip that was changed was made anew
        (following or self.field).setFocus()

    def _place_chips(self) -> None:
        """Beside the field where there is room, below it otherwise."""
        wanted = self.flow.line_px()
        taken = FIELD_PX + sum(widget.sizeHint().width() + 6 for widget in self._right if not widget.isHidden()) + 50
        self.flow.setVisible(bool(self.flow.widgets))
        if wanted + taken <= self.width():
            self._column.removeWidget(self.flow)
            if self._row.indexOf(self.flow) < 0:
                self._row.insertWidget(2, self.flow)
            self.flow.setFixedWidth(wanted)
            self.flow.arrange()
            self.setFixedHeight(LINE_PX)
        else:
            self._row.removeWidget(self.flow)
            if self._column.indexOf(self.flow) < 0:
                self._column.addWidget(self.flow)
            self.flow.setFixedWidth(max(120, self.width() - 23))
            self.flow.arrange()
            self.setFixedHeight(LINE_PX + self.flow.height() + 8)
        self._column.setContentsMargins(13, 0, 10, 8 if self._column.indexOf(self.flow) >= 0 and self.flow.widgets else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._place_chips()

    # --- dropping -----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.field.isEnabled() and (_rows(event) or _paths(event)):
            self._over = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._over = False
        self.update()
        minus = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        for sound in _rows(event):
            self.add(sound_part(sound, -1.0 if minus else 1.0))
        self.take(_paths(event), minus)
        event.acceptProposedAction()

    def take(self, paths: list[Path], minus: bool = False) -> None:
        """Dropped paths: folders are to be added, the first file becomes a term. minus: one to be left out."""
        folders = [path for path in paths if path.is_dir()]
        files = [path for path in paths if not path.is_dir()]
        if folders:
            self.folders.emit(folders)
        elif files and self.field.isEnabled():
            self.add(file_part(files[0], -1.0 if minus else 1.0))

    def popup_at(self) -> QPoint:
        """Where a menu of earlier searches opens."""
        return self.mapToGlobal(QPoint(0, LINE_PX + 2))

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
    """down: ↓ while it is empty. With words in it, ↓ and ↑ are the page's: they lead to the results."""

    left_keys = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down})
    focus_moved = Signal()
    down = Signal()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_moved.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_moved.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._asks_back(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._asks_back(event):
            self.down.emit()
        else:
            super().keyPressEvent(event)

    def _asks_back(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Down and not self.text() and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


def _rows(event: QDropEvent) -> list[Sound]:
    """The sounds of rows dragged from the table."""
    table = event.source()
    if not isinstance(table, ResultTable):
        return []
    return [row.sound for row in map(table.rows.row, table.selected_rows()) if row is not None][:3]


def _paths(event: QDropEvent) -> list[Path]:
    mime = event.mimeData()
    if mime is None or not mime.hasUrls() or event.source() is not None:
        return []
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
