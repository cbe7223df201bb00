"""The status bar: what is open and what it runs on, what is under way, and the way to all commands."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.jobs import Jobs
from gui.theme import STATUS_PX, Theme
from gui.widgets.controls import ElidedText, KeyCap, ProgressLine, Text, rule


class StatusBar(QWidget):
    """commands: "Ctrl K Commands" was pressed."""

    commands = Signal()

    def __init__(self, theme: Theme, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._jobs = theme, jobs
        self.setProperty("surface", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(STATUS_PX)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(rule())
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(16)
        outer.addLayout(row, 1)
        self._pairs: dict[str, Pair] = {}
        for key, word in (("workspace", self.tr("Workspace")), ("voice", self.tr("Voice encoder")),
                          ("joint", self.tr("Sound encoder")), ("device", "")):
            pair = Pair(theme, word)
            self._pairs[key] = pair
            row.addWidget(pair)
        row.addStretch(1)
        self.words = ElidedText(theme, "", "caption", "text2")
        self.words.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.words.hide()
        row.addWidget(self.words)
        self.progress = ProgressLine(theme)
        self.progress.words.setFont(theme.font("caption"))
        self.progress.hide()
        self.progress.cancelled.connect(self._cancel)
        row.addWidget(self.progress)
        link = _Link(theme, self.tr("Commands"))
        link.pressed.connect(self.commands)
        row.addWidget(link)
        jobs.changed.connect(self._follow)

    def set(self, key: str, value: str) -> None:
        """key: workspace, voice, joint or device. An empty value hides the pair."""
        self._pairs[key].set(value)

    def value(self, key: str) -> str:
        return self._pairs[key].value.text()

    def set_words(self, text: str) -> None:
        """The page's own words; they give way while a job with a title runs."""
        self.words.set_text(text)
        self._follow()

    def _follow(self) -> None:
        told = [job for job in self._jobs.running if job.title and not job.ticket.cancelled]
        self.progress.setVisible(bool(told))
        self.words.setVisible(not told and bool(self.words.text()))
        if told:
            more = self.tr(" · and {} more").format(len(told) - 1) if len(told) > 1 else ""
            self.progress.set(told[0].title + more, told[0].progress)

    def _cancel(self) -> None:
        for job in self._jobs.running:
            if job.title and not job.ticket.cancelled:
                job.cancel()
                break
        self._follow()


class Pair(QWidget):
    """A grey word and a white value."""

    def __init__(self, theme: Theme, word: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._word = word
        if word:
            row.addWidget(Text(theme, word, "caption", "text3"))
        self.value = Text(theme, "", "caption", "text2", weight=500 if word else 400)
        row.addWidget(self.value)
        self.hide()

    def set(self, value: str) -> None:
        self.value.setText(value)
        self.setAccessibleName(f"{self._word} {value}".strip())
        self.setVisible(bool(value))


class _Link(QFrame):
    pressed = Signal()

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(KeyCap(theme, "Ctrl K"))
        row.addWidget(Text(theme, text, "caption", "text2"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()
