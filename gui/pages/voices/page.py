"""The Voices page: the list, one voice, and where its samples fall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.audio.files import SUFFIXES
from engine.errors import EarmarkError
from engine.records import Audio, Failure, Take, Voice
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.pages.base import Page
from gui.pages.live.session import LiveSession
from gui.pages.voices.confirm import sure
from gui.pages.voices.details import Details, details
from gui.pages.voices.new_voice import NewVoice
from gui.pages.voices.panel import VoicePanel
from gui.pages.voices.side import WherePanel
from gui.pages.voices.take import TakeRecorder
from gui.pages.voices.voice_list import VoiceList
from gui.widgets.controls import Button, IconButton

if TYPE_CHECKING:
    from engine.voices.takes import Heard

NARROW_PX = 1120  # of the page: below, the list folds to a button


class VoicesPage(Page):
    """VoicesPage(context, session). open("new"): the form of a new voice; open(name): that voice."""

    id = "voices"
    icon = "users"

    def __init__(self, context: Context, session: LiveSession | None = None, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.session = session or LiveSession.of(context)
        self.recorder = TakeRecorder(self.app, self.jobs, lambda name: self.session.make_source(name), self)
        self.voices: list[Voice] = []
        self._selected: int | None = None
        self._making = False
        self._taken_for: tuple[int, bool] | None = None  # voice id and consent of the take that runs
        self._build()
        self._connect()

    @property
    def title(self) -> str:
        return self.tr("Voices")

    def toolbar_left(self) -> QWidget:
        return self.fold

    def toolbar_right(self) -> QWidget:
        return self.new

    def refresh(self) -> None:
        self.jobs.run(self, lambda ticket: self.app.voices.list(), lane="store", done=self._listed, failed=self._failed)

    def open(self, what: object) -> None:
        if what == "new":
            self.make_new()
        else:
            found = next((voice for voice in self.voices if voice.name == what), None)
            self._select(found.id if found else None)

    def hidden(self) -> None:
        super().hidden()
        if self.recorder.state != "idle":
            self.recorder.stop()

    def leaving(self) -> None:
        self.recorder.stop()

    # --- acts -------------------------------------------------------------------------------------------------------

    def make_new(self) -> None:
        """Show the form of a new voice; not while a take runs, which belongs to the shown voice."""
        if self.recorder.state != "idle":
            self.said.emit(self.tr("Stop the take first."))
            return
        self._making = True
        self.list.select(None)
        self._show()
        self.form.ask()

    def take_or_stop(self) -> None:
        """Start a take of the shown voice, or stop it."""
        if self.recorder.state == "recording":
            self.recorder.stop()
        elif self.recorder.state == "idle" and self.panel.details is not None and self._shows_voice():
            if self.session.state in ("starting", "listening"):
                self.session.stop()
                self.said.emit(self.tr("Listening was stopped: the microphone is needed for the take."))
            if self.panel.details.voice.state == "enrolled":
                self.panel.add_takes(True)
            self._taken_for = self.panel.details.voice.id, self.panel.recording.keep
            self.recorder.start(self.app.settings.value.input_device)

    def add_files(self, paths: list[Path]) -> None:
        """Enroll files as takes of the shown voice."""
        if not paths or self.panel.details is None:
            return
        voice, keep = self.panel.details.voice, self.panel.recording.keep

        def work(ticket: Ticket) -> list[Take | Failure]:
            return self.app.voices.enroll_files(voice.name, paths, keep, ticket)

        self.panel.recording.busy(self.tr("Enrolling files"))
        self.jobs.run(self, work, lane="models", title=self.tr("Enrolling {}").format(voice.name),
                      done=lambda results: self._files_taken(voice.id, results), failed=self._act_failed,
                      progress=self._files_progress, cancelled=self._changed)

    def save(self) -> None:
        self._act(lambda voice: self.app.voices.finish(voice.id),
                  lambda voice: self.said.emit(self.tr("{} is enrolled.").format(voice.name)))

    def rename(self, name: str) -> None:
        found = self.panel.details
        if found is None or not name or name == found.voice.name:
            self.panel.stop_renaming()
            return
        self.jobs.run(self, lambda ticket: self.app.voices.rename(found.voice.name, name), lane="store",
                      done=lambda _: self._renamed(),
                      failed=lambda error: self.panel.stop_renaming(str(error)), must_finish=True)

    def remove(self, asked: bool = False) -> None:
        """Remove the shown voice, after asking."""
        found = self.panel.details
        if found is None:
            return
        voice, draft = found.voice, found.voice.state == "enrolling"
        if not asked and not (draft and not found.takes) and not sure(
                self, self.tr("Discard the enrollment of {}?").format(voice.name) if draft
                else self.tr("Remove {}?").format(voice.name),
                self.tr("Its takes, samples and kept recordings are deleted. This cannot be undone."),
                self.tr("Discard") if draft else self.tr("Remove voice")):
            return
        self.recorder.cancel()
        self._selected = None
        self.jobs.run(self, lambda ticket: self.app.voices.remove(voice.name), lane="store",
                      done=lambda _: self._changed(self.tr("{} was removed.").format(voice.name)),
                      failed=self._failed, must_finish=True)

    def remove_take(self, take: Take, asked: bool = False) -> None:
        if asked or sure(self, self.tr("Remove this take?"),
                         self.tr("Its samples go too, and the centroid is made from what is left."),
                         self.tr("Remove take")):
            self._act(lambda voice: self.app.voices.remove_take(take.id))

    # --- what came in -----------------------------------------------------------------------------------------------

    def _listed(self, voices: list[Voice]) -> None:
        self.voices = voices
        if not voices:
            self.panel.forget()
            self.where.show_nearest(None, 0.0)
        if self._selected not in [voice.id for voice in voices]:
            ordered = sorted(voices, key=lambda v: (v.state == "enrolled", v.name.casefold()))
            self._selected = ordered[0].id if ordered else None
        self.list.set_voices(voices, None if self._making else self._selected)
        enrolled = [voice for voice in voices if voice.state == "enrolled"]
        self.set_scope(self.tr("{voices} enrolled · {samples} samples").format(
            voices=len(enrolled), samples=sum(voice.samples for voice in enrolled)) if voices else "")
        self._show()
        if self._selected is not None:
            wanted = self._selected
            self.jobs.run(self, lambda ticket: details(self.app, wanted), lane="store", done=self._detailed,
                          failed=self._failed)

    def _detailed(self, found: Details | None) -> None:
        if found is None or found.voice.id != self._selected:
            return
        self.panel.show_details(found)
        self.where.focus(found.voice.name)
        self.where.show_nearest(found.nearest, self.app.settings.value.threshold)
        self._show()

    def _mapped(self) -> None:
        self.where.show_map(self.session.map)
        if self.panel.details is not None:
            self.where.focus(self.panel.details.voice.name)

    def _renamed(self) -> None:
        self.panel.stop_renaming()
        self._changed()

    def _changed(self, sentence: str = "") -> None:
        """Something was stored: read everything again. sentence: said aloud."""
        self._over()
        if sentence:
            self.said.emit(sentence)
        self.refresh()
        self.session.refresh_map()

    def _begin(self, name: str, from_files: bool) -> None:
        def begun(voice: Voice) -> None:
            self._making, self._selected = False, voice.id
            self.panel.show_details(Details(voice, (), (), None))
            self._show()
            self.refresh()
            if from_files:
                self._choose_files()

        self.jobs.run(self, lambda ticket: self.app.voices.begin(name), lane="store", done=begun,
                      failed=lambda error: self.form.fail(str(error)))

    def _take_finished(self, audio: Audio) -> None:
        """Enroll it into the voice that was shown when it began, whatever is shown now."""
        if self._taken_for is None:
            return
        (voice_id, keep), self._taken_for = self._taken_for, None
        self.panel.recording.busy(self.tr("Enrolling the take"))
        self.jobs.run(self, lambda ticket: self.app.voices.add_take(voice_id, audio, "microphone", keep), lane="models",
                      done=lambda _: self._changed(), failed=lambda error: self._take_refused(voice_id, error),
                      cancelled=self._over, must_finish=True)
        self.panel.recording.next_prompt()

    def _consent_changed(self, keep: bool) -> None:
        """The person may still change their mind while their take runs."""
        found = self.panel.details
        if self._taken_for is not None and found is not None and found.voice.id == self._taken_for[0]:
            self._taken_for = found.voice.id, keep

    def _take_refused(self, voice_id: int, error: EarmarkError) -> None:
        self._over()
        self.panel.refuse(voice_id, str(error))

    def _files_progress(self, progress: Progress) -> None:
        self.panel.recording.progress.set(self.tr("Enrolling files"), progress)

    def _files_taken(self, voice_id: int, results: list[Take | Failure]) -> None:
        for result in results:
            if isinstance(result, Failure):
                self.panel.refuse(voice_id, self.tr("{file}: {reason}").format(file=result.path.name,
                                                                               reason=result.reason))
        self._changed()

    def _over(self) -> None:
        self.panel.recording.busy("")

    def _judged(self, heard: Heard) -> None:
        self.where.show_query(heard.embedding)
        if heard.identification.candidates and self.panel.details is not None:
            own = self.panel.details.voice.id
            near = next((c for c in heard.identification.candidates if c.voice_id != own), None)
            self.where.show_nearest(near, self.app.settings.value.threshold)

    def _recorder_changed(self) -> None:
        recording = self.recorder.state == "recording"
        self.microphone.emit(recording or self.session.listening)
        self.list.recording_id = self._taken_for[0] if recording and self._taken_for else None
        self.list.list.viewport().update()
        self.panel._follow()
        if not recording:
            self.where.show_query(None)
        self.new.setEnabled(self.recorder.state == "idle")
        self.new.setToolTip("" if self.recorder.state == "idle" else self.tr("Stop the take first."))
        self.set_status(self.tr("Recording a take") if recording else "")

    def _act(self, work: Any, done: Any = None) -> None:
        """Change the shown voice in the store, then read again; a failure is a sentence in the panel."""
        found = self.panel.details
        if found is None:
            return

        def finished(result: Any) -> None:
            if done is not None:
                done(result)
            self._changed()

        self.jobs.run(self, lambda ticket: work(found.voice), lane="store", done=finished, failed=self._act_failed,
                      must_finish=True)

    def _act_failed(self, error: EarmarkError) -> None:
        self._over()
        self.panel.recording.say_failure(str(error))
        if not self.panel.recording.isVisible():
            self.said.emit(str(error))

    def _failed(self, error: EarmarkError) -> None:
        self.said.emit(str(error))

    def _lost(self) -> None:
        self.panel.recording.say_failure(self.tr("The microphone went away. What was recorded until then is looked at "
                                                 "now; plug it in again for the next take."))

    # --- showing ----------------------------------------------------------------------------------------------------

    def _shows_voice(self) -> bool:
        return self.stack.currentWidget() is self.panel

    def _select(self, voice_id: int | None) -> None:
        if voice_id is None or (voice_id == self._selected and not self._making):
            return
        if self.recorder.state != "idle":
            self.recorder.stop()
        self._making, self._selected = False, voice_id
        self.list.select(voice_id)
        self.refresh()

    def _show(self) -> None:
        form = self._making or not self.voices
        self.stack.setCurrentWidget(self.form if form else self.panel if self.panel.details else self.blank)
        self.new.setVisible(not form)
        draft = self.panel.details is not None and self.panel.details.voice.state == "enrolling"
        self.new.set_kind("plain" if draft or self.panel.adding else "primary")

    def _close_recording(self) -> None:
        if self.panel.details is not None and self.panel.details.voice.state == "enrolling":
            self.remove()
        else:
            self.recorder.stop()
            self.panel.add_takes(False)

    def _choose_files(self) -> None:
        if not self._shows_voice():
            return
        pattern = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Enroll from files"), "",
                                                self.tr("Sound ({})").format(pattern))
        self.add_files([Path(name) for name in names])

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        theme = self.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.new = Button(theme, self.tr("Enroll new voice"), "user-plus", "primary")
        self.new.clicked.connect(self.make_new)
        self.fold = IconButton(theme, "list", self.tr("Show the list of voices"), checkable=True)
        self.list = VoiceList(theme)
        self.list.setMinimumWidth(200)
        self.list.hide()  # until there is known to be room
        self.panel = VoicePanel(self.context, self.recorder)
        self.form = NewVoice(theme)
        self.stack = QStackedWidget()
        self.blank = QFrame()
        self.blank.setProperty("frame", "panel")
        self.stack.addWidget(self.blank)
        self.stack.addWidget(self.form)
        self.stack.addWidget(self.panel)
        self.where = WherePanel(theme)
        self.splitter = QSplitter()
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        main = QWidget()
        inner = QHBoxLayout(main)
        inner.setContentsMargins(12, 12, 12, 12)
        inner.setSpacing(12)
        inner.addWidget(self.stack, 65)
        side = QVBoxLayout()
        side.addWidget(self.where)
        side.addStretch(1)
        self._side = QWidget()
        self._side.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        self._side.setMinimumWidth(260)
        self._side.setMaximumWidth(420)
        inner.addWidget(self._side, 35)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(main)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([264, 1100])
        self.list.setMaximumWidth(420)
        self.splitters["list"] = self.splitter
        row.addWidget(self.splitter)

    def _connect(self) -> None:
        self.list.chosen.connect(lambda voice: self._select(voice.id))
        self.fold.toggled.connect(lambda on: self.list.setVisible(on or self.width() >= NARROW_PX))
        self.form.begin.connect(self._begin)
        self.form.cancelled.connect(self._leave_form)
        self.panel.renamed.connect(self.rename)
        self.panel.removed.connect(self.remove)
        self.panel.play.connect(lambda take: self.audition.play(take.recording, token=("take", take.id)))
        self.panel.remove_take.connect(self.remove_take)
        part = self.panel.recording
        part.take.connect(self.take_or_stop)
        part.files.connect(self._choose_files)
        part.save.connect(self.save)
        part.cancel.connect(self._close_recording)
        part.consent.toggled.connect(self._consent_changed)
        self.recorder.changed.connect(self._recorder_changed)
        self.recorder.finished.connect(self._take_finished)
        self.recorder.judged.connect(self._judged)
        self.recorder.failed.connect(lambda error: part.say_failure(str(error)))
        self.recorder.lost.connect(self._lost)
        self.session.mapped.connect(self._mapped)
        self.where.open_map.connect(lambda: self.go.emit("map", "voices"))
        self.bind("voices.new", self.make_new)
        self.bind("voices.take", self.take_or_stop)
        self.bind("voices.prompt", part.next_prompt)
        self.bind("voices.find", self.list.search.setFocus)
        self.bind("voices.files", self._choose_files)

    def _leave_form(self) -> None:
        self._making = False
        self.list.select(self._selected)
        self._show()

    def shown(self) -> None:
        super().shown()
        if self.session.map is None:
            self.session.refresh_map()
        else:
            self._mapped()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_PX
        self.fold.setVisible(narrow)
        self.list.setVisible(not narrow or self.fold.isChecked())
        self.where.fit_into(self.height() - 24)
