"""Takes from the microphone and from files: enrolled into the voice they were begun for, or refused with the reason."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import Doubtful, EarmarkError
from engine.records import Audio, Failure, Take
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.pages.live.session import LiveSession
from gui.pages.voices.panel import VoicePanel
from gui.pages.voices.take import TakeRecorder


class Enrolling(QObject):
    """said(sentence): a toast. changed(sentence): there are other samples now; can be undone where there is a sentence."""

    said = Signal(str)
    changed = Signal(str)

    def __init__(self, context: Context, session: LiveSession, recorder: TakeRecorder, panel: VoicePanel,
                 parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.app, self.jobs = context.app, context.jobs
        self.session, self.recorder, self.panel = session, recorder, panel
        self.taken_for: tuple[int, bool] | None = None  # voice id and consent of the take that runs

    def take_or_stop(self) -> None:
        """Start a take of the shown voice, or stop it; let go of the microphone while it is being opened."""
        if self.recorder.state == "recording":
            self.recorder.stop()
        elif self.recorder.state == "opening":
            self.taken_for = None
            self.recorder.cancel()
        elif self.panel.details is not None:
            if self.session.state in ("starting", "listening"):
                self.session.stop()
                self.said.emit(self.tr("Listening was stopped: the microphone is needed for the take."))
            if self.panel.details.voice.state == "enrolled":
                self.panel.add_takes(True)
            self.taken_for = self.panel.details.voice.id, self.panel.recording.keep
            self.recorder.start(self.app.settings.value.input_device)

    def consent_changed(self, keep: bool) -> None:
        """The person may still change their mind while their take runs."""
        found = self.panel.details
        if self.taken_for is not None and found is not None and found.voice.id == self.taken_for[0]:
            self.taken_for = found.voice.id, keep

    def take_finished(self, audio: Audio) -> None:
        """Enroll it into the voice that was shown when it began, whatever is shown now."""
        if self.taken_for is None:
            return
        (voice_id, keep), self.taken_for = self.taken_for, None
        self._enroll(voice_id, audio, keep)
        self.panel.recording.next_prompt()

    def add_files(self, paths: list[Path], anyway: bool = False) -> None:
        """Enroll files as takes of the shown voice. anyway: those that had better not be enrolled, too."""
        if not paths or self.panel.details is None:
            return
        voice, keep = self.panel.details.voice, self.panel.recording.keep

        def work(ticket: Ticket) -> list[Take | Failure]:
            return self.app.voices.enroll_files(voice.name, paths, keep, ticket, anyway)

        self.panel.recording.busy(self.tr("Enrolling files"))
        self.jobs.run(self, work, lane="models", title=self.tr("Enrolling {}").format(voice.name),
                      done=lambda results: self._files_taken(voice.id, results), failed=self._failed,
                      progress=self._files_progress, cancelled=lambda: self.changed.emit(""))

    def _enroll(self, voice_id: int, audio: Audio, keep: bool, anyway: bool = False) -> None:
        self.panel.recording.busy(self.tr("Enrolling the take"))
        self.jobs.run(self, lambda ticket: self.app.voices.add_take(voice_id, audio, "microphone", keep, anyway), lane="models",
                      done=lambda take: self.changed.emit(self.tr("The take is enrolled.") + self._telephone([take])),
                      failed=lambda error: self._refused(voice_id, audio, keep, error), cancelled=self._over, must_finish=True)

    def _refused(self, voice_id: int, audio: Audio, keep: bool, error: EarmarkError) -> None:
        self._over()
        again = isinstance(error, Doubtful)
        self.panel.refuse(voice_id, str(error), (lambda: self._enroll(voice_id, audio, keep, True)) if again else None)

    def _files_progress(self, progress: Progress) -> None:
        self.panel.recording.progress.set(self.tr("Enrolling files"), progress)

    def _files_taken(self, voice_id: int, results: list[Take | Failure]) -> None:
        taken = [result for result in results if isinstance(result, Take)]
        for result in results:
            if isinstance(result, Failure):
                self.panel.refuse(voice_id, self.tr("{file}: {reason}").format(file=result.path.name, reason=result.reason),
                                  partial(self.add_files, [result.path], True) if result.anyway else None)
        words = self.tr("1 take is enrolled.") if len(taken) == 1 else self.tr("{} takes are enrolled.").format(len(taken))
        self.changed.emit(words + self._telephone(taken) if taken else "")

    def _telephone(self, takes: list[Take]) -> str:
        return " " + self.tr("The sound has a telephone’s band.") if any(take.band == "narrow" for take in takes) else ""

    def _failed(self, error: EarmarkError) -> None:
        self._over()
        self.panel.recording.say_failure(str(error))
        if not self.panel.recording.isVisible():
            self.said.emit(str(error))

    def _over(self) -> None:
        self.panel.recording.busy("")
