"""Privacy: what is kept and where, whether it is encrypted, taking voices along, and how to forget everything."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMessageBox

from engine.errors import EarmarkError
from engine.records import Encryption, Voice
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.live.session import LiveSession
from gui.pages.settings.carrying import CarryingRows
from gui.pages.settings.encryption import EncryptionRows
from gui.pages.settings.section import Section
from gui.widgets.controls import Button, Notice, Text, ask_before_loss
from gui.words import count, data_size

LOOKING = "…"  # until it is known


class PrivacySection(Section):
    """forgotten: everything was removed."""

    forgotten = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.notice = Notice(self.theme, self.tr("What is kept could not be read."), tone="error")
        self.again = self.notice.add_act(self.tr("Try again"), self.refresh, icon="arrows-clockwise")
        self.column.addWidget(self.notice)
        self.notice.hide()
        kept = self.panel(self.tr("What is kept"), self.tr("all of it in the workspace, on this machine"))
        self.rows: dict[str, Text] = {}
        for key, word, why in (
                ("voices", self.tr("Voices"), self.tr(
                    "Name, samples and centroid of each voice. Voiceprints never leave this machine.")),
                ("recordings", self.tr("Recordings"), self.tr(
                    "Enrollment takes whose speaker agreed, with the date; and what you recorded on Live. Listening "
                    "alone keeps no audio.")),
                ("timelines", self.tr("Timelines"), self.tr(
                    "Who spoke when in recordings, and what their strangers are known by, so that one can be named later.")),
                ("sounds", self.tr("Sounds"), self.tr(
                    "Paths, outlines, tags and vectors. Your files stay where they are and are never changed.")),
                ("logs", self.tr("Logs"), self.tr("What the program did, without audio, vectors or names."))):
            value = Text(self.theme, LOOKING, "body", "text1")
            self.rows[key] = value
            self.row(kept, word, value, why)
        self.encryption = EncryptionRows(self, self.panel(self.tr("Encryption")))
        self.carrying = CarryingRows(self, self.panel(self.tr("Taking voices along")))
        for part in (self.encryption, self.carrying):
            part.said.connect(self.said)
            part.changed.connect(self._changed)
        forget = self.panel(self.tr("Forget"))
        self.button = Button(self.theme, self.tr("Forget everything…"), "trash", "danger")
        self.button.clicked.connect(self.ask)
        self.row(forget, self.tr("This workspace"), self.button, self.tr(
            "Removes all voices, samples, recordings, sounds and vectors, and wipes them from the database; encryption is "
            "off afterwards, and its key is gone. Your sound files, settings and models stay. This cannot be undone."))
        self.column.addStretch(1)

    def refresh(self) -> None:
        def work(ticket: Ticket) -> tuple[dict[str, str], list[Voice], Encryption, bool]:
            voices = self.app.voices.list()
            sounds = self.app.joint_state().sounds  # unlike `stats`, also where the encoder is lost
            vectors = sum(file.stat().st_size for file in (self.app.workspace / "vectors").glob("*.f32"))
            takes = sum(t.recording is not None for v in voices for t in self.app.voices.takes(v.id))  # type: ignore[attr-defined]
            timelines = len(self.app.timelines.list())
            folder = self.app.store.recordings
            files = [f for f in folder.rglob("*") if f.is_file()] if folder.is_dir() else []
            size = sum(f.stat().st_size for f in files)
            return ({
                "voices": " · ".join((self.tr("1 voice") if len(voices) == 1 else self.tr("{} voices").format(count(len(voices))),
                                      self.tr("{} samples").format(count(sum(v.samples for v in voices))))),
                "recordings": " · ".join((
                    self.tr("1 take kept with consent") if takes == 1 else
                    self.tr("{} takes kept with consent").format(count(takes)),
                    self.tr("1 file") if len(files) == 1 else self.tr("{} files").format(count(len(files))),
                    data_size(size))) if files else self.tr("none"),
                "timelines": self.tr("none") if not timelines else self.tr("1 timeline") if timelines == 1 else
                self.tr("{} timelines").format(count(timelines)),
                "sounds": self.tr("{sounds} sounds · {size} of vectors").format(
                    sounds=count(sounds), size=data_size(vectors)),
                "logs": str(getattr(self.app.store, "logs", ""))}, voices, self.app.privacy.state(),
                self.app.privacy.keyring_usable())

        self.jobs.run(self, work, lane="store", done=self._show, failed=self._not_known)

    def ask(self) -> QMessageBox:
        """Ask once, in a dialog where Cancel has the focus."""
        return ask_before_loss(
            self, self.theme, self.tr("Forget all voices, recordings and sounds of “{}”?").format(
                self.app.workspace.name),
            self.tr("They are wiped and cannot be brought back. Your own sound files stay."),
            self.tr("Forget everything"), self._forget)

    def _show(self, found: tuple[dict[str, str], list[Voice], Encryption, bool]) -> None:
        words, voices, state, keyring_usable = found
        self.notice.hide()
        for key, text in words.items():
            self.rows[key].setText(text)
        self.encryption.show_state(state, keyring_usable)
        self.carrying.show_voices(voices)

    def _not_known(self, error: EarmarkError) -> None:
        self.notice.sentence.setText(str(error))
        self.notice.show()
        for value in self.rows.values():
            if value.text() == LOOKING:
                value.setText(self.tr("not known"))
        self.bring_into_view(self.notice)
        self.encryption.show_unknown()
        self.carrying.show_unknown()

    def _changed(self) -> None:
        LiveSession.of(self.context).refresh_map()
        self.refresh()

    def _forget(self) -> None:
        """Stop what listens, records or writes, wait until it has stopped, then forget."""
        self.button.say(self.tr("Forgetting…"), self.tr("It is being wiped."))
        close, ended = LiveSession.of(self.context).forget(), self.jobs.cancel_changes()

        def work(ticket: Ticket) -> None:
            close()
            ended()
            self.app.forget_everything()

        self.jobs.run(self, work, lane="store", done=lambda _: self._forgot(), failed=self._not_forgot,
                      must_finish=True)

    def _forgot(self) -> None:
        self.button.say(self.tr("Forget everything…"))
        self.said.emit(self.tr("Everything was forgotten."))
        self.forgotten.emit()
        self.refresh()

    def _not_forgot(self, error: EarmarkError) -> None:
        self.button.say(self.tr("Forget everything…"))
        self.said.emit(str(error))
        LiveSession.of(self.context).refresh_map()
        self.refresh()  # whatever was under way and was stopped is not under way any more
