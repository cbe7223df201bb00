"""What stands in the place of the live panels while there is no microphone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from engine.errors import EarmarkError
from engine.records import Identification
from gui import words
from gui.context import Context
from gui.widgets.controls import Button, ErrorPanel, KeyCap, Notice, ProgressLine, rule

ACTS_PX = 560  # three buttons side by side


class NoMicrophone(QFrame):
    """look: search again.    file: identify from a file.    recording: see who spoke when in one."""

    look = Signal()
    file = Signal()
    recording = Signal()

    def __init__(self, context: Context, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("frame", "panel")
        column = QVBoxLayout(self)
        column.addStretch(1)
        self.panel = ErrorPanel(
            context.theme, "microphone-slash", self.tr("No microphone found"),
            self.tr("The sound system lists no input. Plug one in and it appears here by itself, usually within two "
                    "seconds."))
        self.again = self.panel.add_act(self.tr("Look again"), self.look.emit, "primary", "arrows-clockwise")
        self.panel.acts.insertWidget(1, KeyCap(context.theme, key))
        file = self.panel.add_act(self.tr("Identify from a file…"), self.file.emit, icon="file")
        recording = self.panel.add_act(self.tr("Open a recording…"), self.recording.emit, icon="folder-open")
        self.panel.hints.insertWidget(0, rule())
        self.panel.add_hint("link-simple", self.tr("It is plugged in but not listed"),
                            self.tr("Another program may hold it. Close that program, then look again."))
        self.panel.add_hint("clock-counter-clockwise", self.tr("It worked a moment ago"),
                            self.tr("The sound server may have stopped. What was recorded until then is safe in the "
                                    "workspace."))
        self.panel.add_hint("monitor", self.tr("This is a remote or virtual machine"),
                            self.tr("It may have no sound input at all. Files and the Library work without one."))
        if (inner := self.panel.column.parentWidget()) is not None:
            inner.setFixedWidth(ACTS_PX)
        QWidget.setTabOrder(self.again, file)
        QWidget.setTabOrder(file, recording)
        for button in reversed(self.panel.details.findChildren(Button)):
            QWidget.setTabOrder(recording, button)
        column.addWidget(self.panel)
        column.addStretch(1)

    def set_raw(self, raw: str, asked_at: datetime) -> None:
        """raw: the sound system's own words, one line or more."""
        lines = [raw] if raw else []
        lines.append(self.tr("0 inputs · asked at {}").format(f"{asked_at:%H:%M:%S}"))
        self.panel.set_detail("\n".join(lines))


class FileAnswer(QWidget):
    """Who speaks in a file: asked in a job, answered in one sentence at the top of the page."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.notice = Notice(context.theme, tone="warning")
        self.notice.setProperty("frame", "panel")
        self.progress = ProgressLine(context.theme, "")
        self.notice.add_act(self.tr("Close"), self.hide)
        column.addWidget(self.progress)
        column.addWidget(self.notice)
        self.progress.cancelled.connect(self._cancel)
        self.hide()

    def ask(self, path: Path) -> None:
        app = self._context.app
        self._ticket = self._context.jobs.run(
            self, lambda ticket: app.voices.identify_file(path), lane="models", title=self.tr("Identifying"),
            done=lambda found: self._answer(path, found), failed=lambda error: self._fail(path, error),
            cancelled=self.hide)
        self.progress.set(self.tr("Listening to {}").format(path.name), None)
        self.progress.show()
        self.notice.hide()
        self.show()

    def _cancel(self) -> None:
        self._ticket.cancel()
        self.hide()

    def _answer(self, path: Path, found: Identification) -> None:
        near = self.tr("nearest {name} {similarity}").format(
            name=found.nearest, similarity=words.similarity(found.similarity or 0.0)) if found.nearest else ""
        title = {
            "match": self.tr("{} speaks in {}").format(found.voice, path.name),
            "tentative": self.tr("Perhaps {} speaks in {}").format(found.nearest, path.name),
            "unknown": self.tr("Somebody unknown speaks in {}").format(path.name),
            "too-short": self.tr("Too little speech in {}").format(path.name),
        }[found.status]
        bits = [near]
        if found.margin is not None:
            bits.append(self.tr("margin {}").format(words.margin(found)))
        if found.status == "too-short":
            bits = [self.tr("At least 1.0 s is needed")]
        bits.append(self.tr("{} s of speech").format(f"{found.speech_s:.1f}"))
        if found.band == "narrow" and found.voice is None:
            bits.append(self.tr("the sound has a telephone’s band"))
        if found.voices_heard is not None and found.voices_heard > 1:
            bits.append(self.tr("{} voices seem to speak in it: Recordings says who when").format(found.voices_heard))
        self.say(title, " · ".join(bit for bit in bits if bit))

    def _fail(self, path: Path, error: EarmarkError) -> None:
        self.say(self.tr("{} was not identified").format(path.name), str(error))

    def say(self, title: str, sentence: str) -> None:
        """Something happened."""
        self.notice.title.setText(title)
        self.notice.sentence.setText(sentence)
        self.progress.hide()
        self.notice.show()
        self.show()
