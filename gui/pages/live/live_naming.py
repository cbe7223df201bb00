"""Strangers of the live session are given names: asked over their lane, stored as a voice, and taken back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError, EnrollmentError, UnlikeVoice
from engine.records import Voice
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.live.naming import NameField, ask_whether_same
from gui.pages.live.session import LiveSession
from gui.widgets.timeline import Timeline


class LiveNaming(QObject):
    """said(sentence), offered(sentence, verb, slot): toasts. failed(title, error).

    field: where the name is written, over the lanes of `line`.
    """

    said = Signal(str)
    offered = Signal(str, str, object)
    failed = Signal(str, object)

    def __init__(self, context: Context, session: LiveSession, line: Timeline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.app, self._jobs, self.session, self.line = context.app, context.jobs, session, line
        self._theme = context.theme
        self.named = ""  # the voice that was made last and can be taken back
        self.field = NameField(context.theme, line, elsewhere=False)
        self.field.named.connect(self.name)
        line.wanted_name.connect(self.ask)
        session.forgot.connect(self._forget)

    def ask(self, lane: int | None = None) -> None:
        """Open the field for a lane; by default that of the chosen turn, or the first stranger."""
        if not self.field.ask_in(self.line, [voice.name for voice in self.session.voices], lane):
            self.said.emit(self.tr("There is no stranger here to be named."))

    def name(self, number: int, name: str, anyway: bool = False) -> None:
        """Make a stranger a voice, or one more take of the voice that has this name. anyway: also where it is unlike."""
        listener, known = self.session.listener, any(voice.name == name for voice in self.session.voices)
        if listener is None:
            return

        def done(voice: Voice) -> None:
            self.named = voice.name
            self.session.refresh_map()
            words = self.tr("The stranger is {}.") if known else self.tr("{} is a voice now.")
            self.offered.emit(words.format(voice.name), self.tr("Undo"), self.undo)

        self._jobs.run(self, lambda ticket: self.app.timelines.name_live_stranger(listener, number, name, anyway), lane="store",
                       done=done, must_finish=True, failed=lambda error: self._failed(number, name, error))

    def undo(self) -> None:
        """Take the last naming back; not when voices were changed since, which is undone where that was done."""
        name = self.named

        def work(ticket: Ticket) -> None:
            change = self.app.voices.history.next_undo()
            if change is None or (change.kind, change.voice) != ("enroll", name):
                raise EnrollmentError("Voices were changed since. Take that back on the Voices page first.")
            self.app.voices.undo()

        self._jobs.run(self, work, lane="store", done=lambda _: self._undone(name), must_finish=True,
                       failed=lambda error: self.failed.emit(self.tr("The naming was not undone"), error))

    def _undone(self, name: str) -> None:
        self.named = ""
        self.session.refresh_map()
        self.said.emit(self.tr("{} is a stranger again, as before.").format(name))

    def _failed(self, number: int, name: str, error: EarmarkError) -> None:
        if isinstance(error, UnlikeVoice):
            ask_whether_same(self.line, self._theme, number, error, lambda: self.name(number, name, True))
            return
        self.failed.emit(self.tr("Stranger {} was not named").format(number), error)

    def _forget(self) -> None:
        """A new session has other strangers."""
        self.field.hide()
        self.named = ""
