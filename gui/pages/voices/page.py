"""The Voices page: the list, one voice, and where its samples fall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from engine.audio.files import SUFFIXES
from engine.errors import EarmarkError, UnlikeVoice
from engine.records import Sample, Take, Voice
from gui import words
from gui.context import Context
from gui.pages.live.session import LiveSession
from gui.pages.voices.confirm import sure
from gui.pages.voices.details import Details, details, first_details, marks
from gui.pages.voices.enrolling import Enrolling
from gui.pages.voices.ground import NARROW_PX, VoicesGround
from gui.pages.voices.hearing import Hearing
from gui.pages.voices.undoing import Undoing
from gui.widgets.controls import ask_before_loss

if TYPE_CHECKING:
    from engine.voices.takes import Heard


class VoicesPage(VoicesGround):
    """VoicesPage(context, session). open("new"): the form of a new voice; open(name): that voice."""

    def __init__(self, context: Context, session: LiveSession | None = None, parent: QWidget | None = None) -> None:
        super().__init__(context, session or LiveSession.of(context), parent)
        self.undoing = Undoing(self.app, self.jobs, self)
        self.voices: list[Voice] = []
        self._selected: int | None = None
        self._making = False
        self._threshold_large = False
        self._known = False  # whether `voices` were read
        self._connect()

    @property
    def title(self) -> str:
        return self.tr("Voices")

    def refresh(self) -> None:
        self.jobs.run(self, lambda ticket: self.app.voices.list(), lane="store", done=self._listed, failed=self._unreadable)
        self.jobs.run(self, lambda ticket: marks(self.app), done=self.list.set_marks, failed=lambda _: self.list.set_marks({}))

    def open(self, what: object) -> None:
        if what == "new":
            self.make_new()
        elif what == "threshold":
            self.show_threshold(True)
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
        self.where.focus(None)
        self.where.show_nearest(None, 0.0)
        self._show()
        self.form.ask()

    def take_or_stop(self) -> None:
        """Start a take of the shown voice, or stop it."""
        if self.recorder.state != "idle" or self._shows_voice():
            self.enrolling.take_or_stop()
            self.panel.focus_on_acts()

    def add_files(self, paths: list[Path]) -> None:
        """Enroll files as takes of the shown voice."""
        self.enrolling.add_files(paths)

    def save(self) -> None:
        self._act(lambda voice: self.app.voices.finish(voice.id),
                  said=self.tr("{} is enrolled.").format(self.panel.details.voice.name if self.panel.details else ""))

    def rename(self, name: str) -> None:
        found = self.panel.details
        if found is None or not name or name == found.voice.name:
            self.panel.stop_renaming()
            return
        self.jobs.run(self, lambda ticket: self.app.voices.rename(found.voice.name, name), lane="store",
                      done=lambda _: self._renamed(found.voice.name, name),
                      failed=lambda error: self.panel.stop_renaming(str(error)), must_finish=True)

    def ask_to_remove(self) -> None:
        """By the command; without a voice in view it says what to do first."""
        if self.panel.details is None:
            self.said.emit(self.tr("Choose the voice to remove first."))
        self.remove()

    def remove(self, asked: bool = False) -> None:
        """Remove the shown voice, after asking."""
        found = self.panel.details
        if found is None:
            return
        voice, draft = found.voice, found.voice.state == "enrolling"
        if not asked and not (draft and not found.takes) and not sure(
                self, self.theme, self.tr("Discard the enrollment of {}?").format(voice.name) if draft
                else self.tr("Remove {}?").format(voice.name),
                self.tr("Its takes, samples and kept recordings are deleted. Undo brings them back until Earmark is closed.")
                if draft else self.tr("Its takes, samples and kept recordings are deleted, and what it said goes from the "
                                      "timelines of Recordings. Undo brings all of it back until Earmark is closed."),
                self.tr("Discard") if draft else self.tr("Remove voice")):
            return
        self.recorder.cancel()
        self._selected = None
        self.jobs.run(self, lambda ticket: self.app.voices.remove(voice.name), lane="store",
                      done=lambda _: self._undoable(self.tr("{} was removed.").format(voice.name)),
                      failed=self._failed, must_finish=True)

    def remove_take(self, take: Take) -> None:
        self._act(lambda voice: self.app.voices.remove_take(take.id), said=self.tr("The take is removed."))

    def remove_sample(self, sample: Sample) -> None:
        self._act(lambda voice: self.app.voices.remove_sample(sample.id), said=self.tr("The sample is removed."))

    def move_sample(self, sample: Sample, name: str, anyway: bool = False) -> None:
        """anyway: also where it does not sound like that voice, which is asked about else."""
        def failed(error: EarmarkError) -> None:
            if isinstance(error, UnlikeVoice):
                self._over()
                ask_before_loss(self, self.theme, self.tr("Is this a sample of {}?").format(error.name), str(error),
                                self.tr("Move it anyway"), lambda: self.move_sample(sample, name, True))
            else:
                self._act_failed(error)

        self._act(lambda voice: self.app.voices.move_sample(sample.id, name, anyway),
                  said=self.tr("The sample belongs to {} now.").format(name), failed=failed)

    def show_threshold(self, on: bool) -> None:
        """The threshold as a page of its own, or back."""
        if on and self._known and not self.voices:
            self.said.emit(self.tr("Enroll a voice first."))
            return
        self._threshold_large = on
        self._show()
        if on:
            self.large.curves.setFocus()

    # --- what came in -----------------------------------------------------------------------------------------------

    def _unreadable(self, error: EarmarkError) -> None:
        """A workspace that is locked or in use: said where the voices would be."""
        self.notice.sentence.setText(str(error))
        self.notice.show()
        self.panel.forget()
        self.voices, self._selected = [], None
        self.list.set_voices([], None)
        self.set_scope("")
        self.stack.setCurrentWidget(self.blank)
        self.side.hide()

    def _listed(self, voices: list[Voice]) -> None:
        self.notice.hide()
        self.voices, self._known = voices, True
        self._threshold_large = self._threshold_large and bool(voices)
        self.panel.set_others([voice.name for voice in voices if voice.state == "enrolled"])
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
        self.calibrating.follow(voices)
        self._show()
        if self._selected is not None:
            wanted = self._selected
            if self.panel.details is None or self.panel.details.voice.id != wanted:  # what takes longer to find out follows
                self.jobs.run(self, lambda ticket: first_details(self.app, wanted), lane="store", done=self._detailed)
            self.jobs.run(self, lambda ticket: details(self.app, wanted), lane="store", done=self._detailed,
                          failed=self._failed)

    def _detailed(self, found: Details | None) -> None:
        if found is None or found.voice.id != self._selected:
            return
        self.panel.show_details(found)
        self.hearing.follow()
        self.where.focus(found.voice.name)
        self.where.show_nearest(found.nearest, self.app.settings.value.threshold)
        self._show()

    def _mapped(self) -> None:
        self.where.show_map(self.session.map, waiting=self.session.mapping)
        if self.panel.details is not None:
            self.where.focus(self.panel.details.voice.name)

    def _threshold_set(self, old: float, new: float) -> None:
        self.undoing.offer(self.tr("The threshold is {new} now; it was {old}.").format(
            new=words.similarity(new), old=words.similarity(old)), lambda: self._threshold_back(old))
        self._detailed(self.panel.details)

    def _threshold_back(self, old: float) -> None:
        with self.undoing.silently():
            self.calibrating.set(old)

    def _renamed(self, old: str, new: str) -> None:
        self.panel.stop_renaming()
        self._undoable(self.tr("{old} is called {new} now.").format(old=old, new=new))

    def _undoable(self, sentence: str) -> None:
        """Voices were changed; the sentence is said with an Undo."""
        self._changed()
        if sentence:
            self.undoing.offer(sentence)

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
            self.panel.focus_on_acts()
            self.refresh()
            if from_files:
                self._choose_files()

        self.jobs.run(self, lambda ticket: self.app.voices.begin(name), lane="store", done=begun,
                      failed=lambda error: self.form.fail(str(error)))

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
        taken_for = self.enrolling.taken_for
        self.list.recording_id = taken_for[0] if recording and taken_for else None
        self.list.list.viewport().update()
        self.panel._follow()
        if not recording:
            self.where.show_query(None)
        self.new.setEnabled(self.recorder.state == "idle")
        self.new.setToolTip("" if self.recorder.state == "idle" else self.tr("Stop the take first."))
        self.set_status(self.tr("Recording a take") if recording else "")

    def _act(self, work: Callable[[Voice], object], said: str, failed: Callable[[EarmarkError], None] | None = None) -> None:
        """Change the shown voice in the store, then read again; without `failed`, a failure is a sentence in the panel."""
        found = self.panel.details
        if found is not None:
            self.jobs.run(self, lambda ticket: work(found.voice), lane="store", done=lambda _: self._undoable(said),
                          failed=failed or self._act_failed, must_finish=True)

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
        self._threshold_large = False
        if voice_id is None or (voice_id == self._selected and not self._making):
            return
        if self.recorder.state != "idle":
            self.recorder.stop()
        self._making, self._selected = False, voice_id
        self.list.select(voice_id)
        self.refresh()

    def _show(self) -> None:
        form = self._making or not self.voices
        large = self._threshold_large and not form
        self.stack.setCurrentWidget(self.form if form else self.large if large else
                                    self.panel if self.panel.details else self.blank)
        self.make_room()
        self.side.threshold.setVisible(bool(self.voices))
        self.new.setVisible(not form)
        draft = self.panel.details is not None and self.panel.details.voice.state == "enrolling"
        self.new.set_kind("plain" if draft or self.panel.adding else "primary")

    def _unfold(self, on: bool) -> None:
        self.show_list(on or self.width() >= NARROW_PX)

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

    def _connect(self) -> None:
        self.hearing = Hearing(self.audition, self.panel)
        self.new.clicked.connect(self.make_new)
        self.carry.clicked.connect(lambda: self.go.emit("settings", "privacy"))
        self.list.chosen.connect(lambda voice: self._select(voice.id))
        self.fold.toggled.connect(self._unfold)
        self.form.begin.connect(self._begin)
        self.form.cancelled.connect(self._leave_form)
        self.panel.renamed.connect(self.rename)
        self.panel.removed.connect(self.remove)
        hear = self.hearing.play_or_stop
        self.panel.play.connect(lambda take: hear(("take", take.id), lambda: self.app.voices.recording(take.id)))
        self.panel.remove_take.connect(self.remove_take)
        table = self.panel.samples
        table.play.connect(lambda sample: hear(("sample", sample.id), lambda: self.app.voices.sample_sound(sample.id)))
        table.remove.connect(self.remove_sample)
        table.move_to.connect(self.move_sample)
        self.enrolling = Enrolling(self.context, self.session, self.recorder, self.panel, self)
        self.enrolling.said.connect(self.said)
        self.enrolling.changed.connect(self._undoable)
        part = self.panel.recording
        part.take.connect(self.take_or_stop)
        part.files.connect(self._choose_files)
        part.save.connect(self.save)
        part.cancel.connect(self._close_recording)
        part.consent.toggled.connect(self.enrolling.consent_changed)
        self.recorder.changed.connect(self._recorder_changed)
        self.recorder.finished.connect(self.enrolling.take_finished)
        self.recorder.judged.connect(self._judged)
        self.recorder.failed.connect(lambda error: part.say_failure(str(error)))
        self.recorder.lost.connect(self._lost)
        self.session.mapped.connect(self._mapped)
        self.side.threshold.larger.connect(lambda: self.show_threshold(True))
        self.large.closed.connect(lambda: self.show_threshold(False))
        self.calibrating.set_to.connect(self._threshold_set)
        self.undoing.offered.connect(self.offered)
        self.undoing.said.connect(self.said)
        self.undoing.changed.connect(self._changed)
        self.where.open_map.connect(lambda: self.go.emit("map", "voices"))
        self.bind("voices.new", self.make_new)
        self.bind("voices.take", self.take_or_stop)
        self.bind("voices.prompt", part.next_prompt)
        self.bind("voices.find", self.list.search.setFocus)
        self.bind("voices.files", self._choose_files)
        self.bind("voices.remove", self.ask_to_remove)
        self.bind("voices.threshold", lambda: self.show_threshold(not self._threshold_large))
        self.bind("voices.undo", self.undoing.undo)
        self.bind("voices.redo", self.undoing.redo)

    def _leave_form(self) -> None:
        self._making = False
        self.list.select(self._selected)
        self._show()
        self.panel.focus_on_acts()
        self._detailed(self.panel.details)

    def shown(self) -> None:
        super().shown()
        if self.session.map is None:
            self.session.refresh_map()
        else:
            self._mapped()
