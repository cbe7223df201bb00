"""The one live session of the window: who owns the microphone, what it hears, and the map that the × moves on.

`LiveSession.of(context)` gives it to the Live, Voices and Map pages. Opening and closing the microphone happens in the
`sound` lane; what the listener found is asked for by a timer that runs only while it listens.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.audio.recorder import so_far
from engine.errors import EarmarkError
from engine.records import LiveUpdate, Turn, Voice
from engine.tasks import Ticket
from gui.context import Context
from gui.jobs import Jobs
from gui.widgets.projection_plot import Link

if TYPE_CHECKING:
    from engine.app import Earmark

log = logging.getLogger(__name__)
POLL_MS = 100

State = Literal["idle", "starting", "listening", "lost"]


class LiveSession(QObject):
    """changed: state, recording or error changed. updated: a list of new LiveUpdates. mapped: voices or their map did.
    forgot: nothing that was found is to be seen any more.

    voices: those that are enrolled, by name. map: their PCA (a ProjectedMap), None while there is none.
    make_source, find_inputs, why_none: replaced in tests.
    """

    changed = Signal()
    updated = Signal(object)
    mapped = Signal()
    forgot = Signal()

    def __init__(self, app: Earmark, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.app, self._jobs = app, jobs
        self.state: State = "idle"
        self.error: EarmarkError | None = None
        self.listener: Any = None
        self.last: LiveUpdate | None = None
        self.began_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.saved: Path | None = None
        self.voices: list[Voice] = []
        self.map: Any = None
        self.make_source: Callable[[str], Any] = _microphone
        self.find_inputs: Callable[[bool], list[Any]] = _inputs
        self.why_none: Callable[[], str] = _why_no_input
        self._since = 0
        self._opening = Ticket()  # of the microphone that is being opened; cancelled when it is not wanted any more
        self._record_on_start = False
        self._path: Path | None = None  # of the recording that runs
        self._recorded: list[tuple[Path, float, float | None]] = []  # of this session: from when, until when (None: goes on)
        self._told: EarmarkError | None = None  # why the last recording was not made or broke off
        self._map_ticket: Ticket | None = None
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self.poll)

    @classmethod
    def of(cls, context: Context) -> LiveSession:
        """The one session of a window: made by the page that first asks for it, shared by all."""
        found = context.jobs.findChild(cls)
        return found if found is not None else cls(context.app, context.jobs, context.jobs)

    # --- listening --------------------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        return self.state == "listening"

    @property
    def elapsed_s(self) -> float:
        return float(self.listener.elapsed_s) if self.listener is not None else 0.0

    @property
    def turns(self) -> list[Turn]:
        """Of this session or, when it is over, of the last one."""
        return self.listener.turns() if self.listener is not None else []

    def named(self, stranger: int | None) -> str:
        """What a stranger of this session was named; empty where it was not."""
        if stranger is None:
            return ""
        return next((turn.voice for turn in reversed(self.turns) if turn.voice and turn.stranger == stranger), "")

    @property
    def recording(self) -> Path | None:
        return self.listener.recording if self.listening else None

    @property
    def recording_failed(self) -> bool:
        """`error` is about a recording, not about listening."""
        return self.error is not None and self.error is self._told

    def start(self, device: str = "") -> None:
        """Open the microphone ("" for the default) and listen. Ends in "listening", or in "idle" with an error."""
        if self.state in ("starting", "listening"):
            return
        self.error, self.saved = None, None
        opening = self._opening = Ticket()
        self._set("starting")

        def work(ticket: Ticket) -> Any:
            opening.check()
            listener = self.app.voices.listener(self.make_source(device))
            listener.start()
            if opening.cancelled:
                listener.stop()  # before another one is opened
            return listener

        self._jobs.run(self, work, lane="sound", done=lambda listener: self._started(listener, opening),
                       failed=lambda error: self._failed(error, opening))

    def change(self, device: str) -> None:
        """Go on with another microphone; one that is still being opened is let go."""
        record = self._record_on_start
        self.stop()
        self.start(device)
        self._record_on_start = record

    def stop(self) -> None:
        """Stop listening. What was found stays to be looked at."""
        self._opening.cancel()
        self._record_on_start = False
        if self.state == "starting":
            self._set("idle")
        if self.state in ("listening", "lost"):
            self._keep_saved()
            self._end("idle")
            self._close(self.listener)

    def recorded_at(self, time_s: float) -> tuple[Path, float] | None:
        """The recording that holds a moment of this session, and when it began; None where nothing was recorded."""
        for path, begins_s, ends_s in self._recorded:
            if begins_s <= time_s and (ends_s is None or time_s < ends_s):
                return so_far(path), begins_s
        return None

    def record(self, on: bool) -> None:
        """Save the microphone from now on (listening begins if it has not), or finish the recording."""
        if on and self.state != "listening":
            self._record_on_start = True
            self.start(self.app.settings.value.input_device)
        elif on and self.recording is None:
            self.error, self.saved = None, None
            name = f"Live {datetime.now():%Y-%m-%d %H-%M-%S}.wav"
            try:
                self.listener.record(self.app.store.recordings / name)
                self._path = self.listener.recording
                if self._path is not None:
                    self._recorded.append((self._path, self.elapsed_s, None))
            except EarmarkError as error:
                self.error = self._told = error
            self.changed.emit()
        elif not on and self.recording is not None:
            self.listener.stop_recording()
            self._keep_saved()
            self._look_at_recording()
            self.changed.emit()

    def poll(self) -> None:
        """Ask the listener what is new."""
        if self.listener is None:
            return
        self._since, new = self.listener.updates(self._since)
        if new:
            self.last = new[-1]
            self.updated.emit(new)
        self._look_at_recording()
        if self.state == "listening" and self.listener.state in ("lost", "stopped"):
            self.error = self.listener.error
            self._keep_saved()
            self._end("lost" if self.listener.state == "lost" else "idle")
            self._close(self.listener)

    def forget(self) -> Callable[[], None]:
        """Stop, and let go of all that was found. Returns what a job calls to close the microphone."""
        close = self.listener.stop if self.listening else lambda: None
        if self.listening:
            self._end("idle")
        self.stop()
        if self._map_ticket is not None:
            self._map_ticket.cancel()
        self.listener = self.last = self.began_at = self.ended_at = self.saved = self.error = self.map = None
        self._path = None
        self._recorded = []
        self.voices = []
        self.changed.emit()
        self.mapped.emit()
        self.forgot.emit()
        return close

    def close(self) -> None:
        """The program ends: let go of the microphone now."""
        self._opening.cancel()
        self._timer.stop()
        if self.listener is not None:
            self.listener.stop()

    # --- voices and their map ---------------------------------------------------------------------------------------

    def refresh_map(self) -> None:
        """Voices changed, or nobody has asked for their map yet: read them and project them again."""
        if self._map_ticket is not None:
            self._map_ticket.cancel()

        listener = self.listener

        def work(ticket: Ticket) -> tuple[list[Voice], Any]:
            voices = [voice for voice in self.app.voices.list() if voice.state == "enrolled"]
            if listener is not None:
                listener.look_again()  # a stranger that was named may have lost its voice
            ticket.check()
            return voices, self.app.maps.project("voices", "pca", ticket=ticket) if voices else None

        self._map_ticket = self._jobs.run(self, work, lane="files", done=self._mapped, failed=self._not_mapped)

    def colours(self) -> dict[str, int]:
        return {voice.name: voice.colour for voice in self.voices}

    def place(self, on: Any, update: LiveUpdate) -> tuple[float, float, list[Link]] | None:
        """Where the × of an update belongs on a map of voices, with lines to the nearest centroids; None if nowhere."""
        if on is None or update.embedding is None:
            return None
        centroids = {point.ref: point for point in on.points if point.kind == "centroid"}
        x, y = on.place(update.embedding.vector)
        near = update.identification.candidates if update.identification else ()
        links = [Link(centroids[c.voice_id].x, centroids[c.voice_id].y, c.similarity)
                 for c in near[:3] if c.voice_id in centroids]
        return float(x), float(y), links

    # --- inside -----------------------------------------------------------------------------------------------------

    def _started(self, listener: Any, opening: Ticket) -> None:
        if opening.cancelled:
            self._close(listener)
            return
        self.listener, self._since, self.last = listener, 0, None
        self.began_at, self.ended_at = datetime.now(), None
        self._recorded = []
        self._timer.start()
        self._set("listening")
        if self._record_on_start:
            self._record_on_start = False
            self.record(True)

    def _failed(self, error: EarmarkError, opening: Ticket) -> None:
        if opening.cancelled:
            return
        self.error, self._record_on_start = error, False
        self._set("idle")

    def _look_at_recording(self) -> None:
        """A recording that ended by itself, or could not be finished, is said once; listening goes on."""
        if self.recording is None and self._recorded and self._recorded[-1][2] is None:
            path, begins_s, _ = self._recorded[-1]
            self._recorded[-1] = (path, begins_s, self.elapsed_s)
        broken = self.listener.recording_error
        if broken is not None and broken is not self._told:
            self.error = self._told = broken
            self._path = self.saved = None
            self.changed.emit()

    def _keep_saved(self) -> None:
        """The recording is over; where it is."""
        if self._path is not None and self.listener.recording_error is None:
            self.saved = self._path
        self._path = None

    def _end(self, state: State) -> None:
        self._timer.stop()
        self.ended_at = datetime.now()
        self._set(state)

    def _close(self, listener: Any) -> None:
        def closed(_: object) -> None:
            if listener is self.listener:
                self._look_at_recording()

        self._jobs.run(self, lambda ticket: listener.stop(), lane="sound", done=closed, must_finish=True)

    def _set(self, state: State) -> None:
        self.state = state
        self.changed.emit()

    def _mapped(self, result: tuple[list[Voice], Any]) -> None:
        self.voices, self.map = result
        self.mapped.emit()

    def _not_mapped(self, error: EarmarkError) -> None:
        log.info("no map of voices: %s", error.kind)
        self.map = None
        self.mapped.emit()


def _microphone(name: str) -> Any:
    from engine.audio.microphone import Microphone

    return Microphone(name)


def _inputs(rescan: bool) -> list[Any]:
    from engine.audio.devices import inputs

    return inputs(rescan)


def _why_no_input() -> str:
    """The sound system's own words."""
    from engine.audio.devices import portaudio

    return portaudio().why_none("input")
