"""The measurement behind the threshold panel and the threshold page: made in a job, shown by both, set in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.records import Voice
from engine.tasks import Ticket
from gui.jobs import Jobs

if TYPE_CHECKING:
    from engine.app import Earmark
    from engine.voices.calibration import OwnCalibration


class Calibrating(QObject):
    """changed: begun, found or failed. moved(threshold): shown, not set yet. set_to(old, new): the setting was changed."""

    changed = Signal()
    moved = Signal(float)
    set_to = Signal(float, float)

    def __init__(self, app: Earmark, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.app, self._jobs = app, jobs
        self.found: OwnCalibration | None = None
        self.failure = ""
        self._ticket: Ticket | None = None
        self._of: object = None  # what the measurement was made of

    @property
    def threshold(self) -> float:
        return self.app.settings.value.threshold

    @property
    def busy(self) -> bool:
        return self._ticket is not None

    def follow(self, voices: list[Voice]) -> None:
        """Measure again where other voices, samples or ways to compare are in use than last time."""
        settings = self.app.settings.value
        of = (settings.backend, settings.measure, settings.voice,
              [(voice.id, voice.samples, voice.takes) for voice in voices if voice.state == "enrolled"])
        if of != self._of:
            self._of = of
            self.measure()
        else:
            self.changed.emit()  # the threshold may be another one

    def measure(self) -> None:
        """Whatever was measured before counts until this is done."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._jobs.run(self, lambda ticket: self.app.voices.calibration(), done=self._measured,
                                      failed=self._failed)
        self.changed.emit()

    def set(self, threshold: float) -> None:
        """In effect at once, for whoever is identified next."""
        old, new = self.threshold, round(threshold, 4)
        if new == old:
            return
        try:
            self.app.settings.change(threshold=new)
        except EarmarkError as error:
            self.failure = str(error)
            self.changed.emit()
            return
        self.failure = ""
        self.changed.emit()
        self.set_to.emit(old, new)

    def _measured(self, found: OwnCalibration) -> None:
        self._ticket, self.found, self.failure = None, found, ""
        self.changed.emit()

    def _failed(self, error: EarmarkError) -> None:
        self._ticket, self.found, self.failure, self._of = None, None, str(error), None
        self.changed.emit()
