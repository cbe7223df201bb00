"""The form of a new voice: a name, then takes from the microphone or files. Also the page's empty state."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from engine.texts import name_fault
from gui.theme import Theme
from gui.widgets.controls import Button, Text


class NewVoice(QFrame):
    """begin(name, from files?)    cancelled: Escape."""

    begin = Signal(str, bool)
    cancelled = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("frame", "panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        centre = Qt.AlignmentFlag.AlignHCenter
        title = Text(theme, self.tr("Enroll a voice"), "name", weight=600)
        words = Text(theme, self.tr("Whose voice is it? Fifteen seconds of speech over three or more takes are enough. "
                                    "Everything stays on this machine."), "body", "text2", wrap=True)
        words.setAlignment(centre)
        words.setFixedWidth(420)
        self.name = QLineEdit()
        self.name.setFont(theme.font("body"))
        self.name.setPlaceholderText(self.tr("Name"))
        self.name.setAccessibleName(self.tr("Name of the new voice"))
        self.name.setFixedWidth(320)
        self.failure = Text(theme, "", "small", "error", wrap=True)
        self.failure.setAlignment(centre)
        self.failure.setFixedWidth(420)
        self.microphone = Button(theme, self.tr("Record takes"), "microphone", large=True)
        self.files = Button(theme, self.tr("Add files…"), "file-plus", large=True)
        acts = QHBoxLayout()
        acts.setSpacing(8)
        acts.addStretch(1)
        acts.addWidget(self.microphone)
        acts.addWidget(self.files)
        acts.addStretch(1)
        column.addStretch(1)
        for widget in (title, words, self.name, self.failure):
            column.addWidget(widget, 0, centre)
        column.addLayout(acts)
        column.addStretch(1)
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
        """sentence: why it did not begin. What is wrong with a name is said while it is written."""
        empty = not self.name.text().strip()
        fault = self.tr("Write a name first.") if empty else name_fault(self.name.text().strip()) or ""
        said = sentence or ("" if empty else fault)
        self.failure.setText(said)
        self.failure.setVisible(bool(said))
        self.microphone.set_kind("plain" if fault else "primary")
        for button in (self.microphone, self.files):
            button.setEnabled(not fault)
            button.setToolTip(fault)

    def _go(self, files: bool) -> None:
        name = self.name.text().strip()
        if name and name_fault(name) is None:
            self.begin.emit(name, files)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
