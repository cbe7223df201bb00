"""The field in which a stranger is given a name, over the lane."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QFrame, QHBoxLayout, QLineEdit, QMessageBox, QVBoxLayout, QWidget

from engine.errors import UnlikeVoice
from engine.texts import name_fault
from gui.theme import Theme
from gui.widgets.controls import Button, Text, ask_before_loss
from gui.widgets.timeline import Timeline

WIDTH = 300


def ask_whether_same(parent: QWidget, theme: Theme, number: int, error: UnlikeVoice, then: Callable[[], object]) -> QMessageBox:
    """Stranger `number` does not sound like the voice that it was to become: ask before they are one."""
    question = QCoreApplication.translate("NameField", "Is Stranger {number} {name}?").format(number=number, name=error.name)
    return ask_before_loss(parent, theme, question, str(error), QCoreApplication.translate("NameField", "Name it anyway"), then)


class NameField(QFrame):
    """named(stranger's number, name): Enter or the button."""

    named = Signal(int, str)

    def __init__(self, theme: Theme, parent: QWidget, elsewhere: bool = True) -> None:
        """elsewhere: other recordings learn the name, too."""
        super().__init__(parent)
        self._ground, self._elsewhere = parent, elsewhere
        self.setProperty("frame", "toast")
        self.setFixedWidth(WIDTH)
        self._number = 0
        self._voices: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        self.field = QLineEdit()
        self.field.setFont(theme.font("body"))
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._say)
        self.field.returnPressed.connect(self._go)
        self.button = Button(theme, self.tr("Name"), kind="primary")
        self.button.clicked.connect(self._go)
        self.hint = Text(theme, "", "small", "text2", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.button)
        column.addLayout(row)
        column.addWidget(self.hint)
        self.hide()

    def ask_in(self, line: Timeline, voices: list[str], lane: int | None = None) -> bool:
        """For the stranger of a lane of `line`; by default that of the chosen turn, or the first. False: there is none."""
        lane = line.lane_to_name() if lane is None else lane
        number = line.lanes()[lane].stranger if lane is not None else None
        if lane is None or number is None:
            return False
        self.ask(number, voices, 34, round(line.lane_box(lane).top()) - 4)
        return True

    def ask(self, number: int, voices: list[str], x: int, y: int) -> None:
        """For Stranger `number`; voices: names that are there already. x, y: where it opens, kept inside its parent."""
        self._number, self._voices = number, {name.casefold(): name for name in voices}
        completer = QCompleter(voices, self.field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field.setCompleter(completer)
        self.field.clear()
        self.field.setPlaceholderText(self.tr("Who is Stranger {}?").format(number))
        self.field.setAccessibleName(self.tr("Name of Stranger {}").format(number))
        self._say("")
        self._place(x, y)
        self.show()
        self.raise_()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self._close()
            return True
        if event.type() == QEvent.Type.FocusOut and not self.field.text().strip():
            self.hide()  # nothing was written: a press elsewhere takes it away
        return False

    def _say(self, text: str) -> None:
        name, empty = self._voices.get(text.strip().casefold()), not text.strip()
        fault = "" if name or empty else name_fault(text.strip()) or ""
        self.button.setEnabled(not empty and not fault)
        self.button.setToolTip(self.tr("Write a name first.") if empty else fault)
        if fault:
            words = fault
        elif self._elsewhere:
            words = (self.tr("Becomes one more take of {}, here and in other recordings.") if name
                     else self.tr("Becomes a voice, here and in other recordings."))
        else:
            words = (self.tr("Becomes one more take of {}. No sound is kept.") if name
                     else self.tr("Becomes a voice. No sound is kept."))
        self.hint.setText(fault or words.format(name))
        self._place(self.x(), self.y())

    def _place(self, x: int, y: int) -> None:
        """As large as its words ask for, inside its parent."""
        self.adjustSize()
        room = self._ground
        self.move(max(0, min(x, room.width() - self.width() - 4)), max(0, min(y, room.height() - self.height() - 4)))

    def _go(self) -> None:
        name = self.field.text().strip()
        if name and self.button.isEnabled():
            self._close()
            self.named.emit(self._number, self._voices.get(name.casefold(), name))

    def _close(self) -> None:
        self.hide()
        self._ground.setFocus()
