"""A passphrase to be typed: hidden, twice where it is new, not kept by the widget once it is out of view."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gui.theme import CONTROL_PX, Theme
from gui.widgets.controls.buttons import Button
from gui.widgets.controls.text import Text

FIELD_PX = 190
LEAST = 8  # letters; the engine refuses fewer, too


class PassphraseForm(QWidget):
    """given(passphrase): the verb or Enter was pressed. cancelled: the other button.

    What was typed stays until the form is hidden or asks anew, so that a wrong one can be mended (`refuse`).
    """

    given = Signal(str)
    cancelled = Signal()

    def __init__(self, theme: Theme, verb: str = "", new: bool = True, primary: bool = False,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._new = theme, new
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.why = Text(theme, "", "small", "text2", wrap=True)
        self.why.hide()
        column.addWidget(self.why)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.field = self._field(self.tr("Passphrase"))
        self.again = self._field(self.tr("Once more"))
        self.go = Button(theme, verb, kind="primary" if primary else "plain")
        self.cancel = Button(theme, self.tr("Cancel"), kind="ghost")
        for widget in (self.field, self.again, self.go, self.cancel):
            row.addWidget(widget)
        row.addStretch(1)
        column.addLayout(row)
        self.again.setVisible(new)
        self.words = Text(theme, "", "small", "error", wrap=True)
        self.words.hide()
        column.addWidget(self.words)
        self.field.returnPressed.connect(lambda: self.again.setFocus() if self._new else self._give())
        self.again.returnPressed.connect(self._give)
        for field in (self.field, self.again):
            field.textEdited.connect(lambda _: self.say(""))
        self.go.clicked.connect(self._give)
        self.cancel.clicked.connect(self._leave)

    def ask(self, verb: str, why: str = "", new: bool = True, prompt: str = "") -> None:
        """Show itself, empty, with the focus in the first field."""
        self._new = new
        self.clear()
        self.go.say(verb)
        self.again.setVisible(new)
        self.why.setText(why)
        self.why.setVisible(bool(why))
        self.field.setPlaceholderText(prompt or self.tr("Passphrase"))
        self.field.setAccessibleName(prompt or self.tr("Passphrase"))
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def say(self, words: str) -> None:
        """A sentence under the fields; an empty one takes it away."""
        self.words.setText(words)
        self.words.setVisible(bool(words))

    def refuse(self, words: str) -> None:
        """What was typed is wrong: say why, and select it, so that the next key begins anew."""
        self.say(words)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    def set_busy(self, busy: bool) -> None:
        """Nothing can be typed or given meanwhile. The focus stays where it is: it must not wander to another button."""
        for field in (self.field, self.again):
            field.setReadOnly(busy)
        self.go.setEnabled(not busy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # Enter is the form's: no dialog around it may act on it
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # a window that is only minimised keeps what was typed
            self.clear()

    def clear(self) -> None:
        for field in (self.field, self.again):
            field.clear()
        self.say("")

    def _give(self) -> None:
        typed = self.field.text()
        if not self.go.isEnabled():
            return
        if self._new and len(typed.strip()) < LEAST:
            self.say(self.tr("At least {} characters. Several words are easy to remember and hard to guess.").format(LEAST))
        elif self._new and typed != self.again.text():
            self.say(self.tr("The two are not the same."))
        elif not typed:
            self.say(self.tr("Type it first."))
        else:
            self.say("")
            self.given.emit(typed)

    def _leave(self) -> None:
        self.clear()
        self.cancelled.emit()

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setFont(self.theme.font("body"))
        field.setPlaceholderText(name)
        field.setAccessibleName(name)
        field.setFixedHeight(CONTROL_PX)
        field.setFixedWidth(FIELD_PX)
        field.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        return field
