"""The form of a new voice: a name, then takes from the microphone or files. Also the page's empty state."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls import Button, EmptyState, Text


class NewVoice(QFrame):
    """begin(name, from files?)    cancelled: Escape."""

    begin = Signal(str, bool)
    cancelled = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("frame", "panel")
        column = QVBoxLayout(self)
        self.state = EmptyState(
            theme, self.tr("Enroll a voice"),
            self.tr("Whose voice is it? Fifteen seconds of speech over three or more takes are enough. Everything stays "
                    "on this machine."))
        self.name = QLineEdit()
        self.name.setFont(theme.font("body"))
        self.name.setPlaceholderText(self.tr("Name"))
        self.name.setAccessibleName(self.tr("Name of the new voice"))
        self.name.setFixedWidth(320)
        self.failure = Text(theme, "", "small", "error")
        self.microphone = Button(theme, self.tr("Record takes"), "microphone", "primary", large=True)
        self.files = Button(theme, self.tr("Add files…"), "file-plus", large=True)
        self.state.acts.addWidget(self.microphone)
        self.state.acts.addWidget(self.files)
        inner = self.state.layout()
        assert isinstance(inner, QVBoxLayout)
        at = inner.indexOf(self.state.sentence) + 1
        inner.insertSpacing(at, 16)
        inner.insertWidget(at + 1, self.name, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.insertWidget(at + 2, self.failure, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.state)
        self.microphone.clicked.connect(lambda: self._go(False))
        self.files.clicked.connect(lambda: self._go(True))
        self.name.returnPressed.connect(lambda: self._go(False))
        self.name.textChanged.connect(lambda _: self.fail(""))
        self.fail("")

    def ask(self) -> None:
        """Start anew."""
        self.name.clear()
        self.fail("")
        self.name.setFocus()

    def fail(self, sentence: str) -> None:
        self.failure.setText(sentence)
        empty = not self.name.text().strip()
        for button in (self.microphone, self.files):
            button.setEnabled(not empty)
            button.setToolTip(self.tr("Write a name first.") if empty else "")

    def _go(self, files: bool) -> None:
        name = self.name.text().strip()
        if name:
            self.begin.emit(name, files)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
