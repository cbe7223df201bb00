"""The one live session of the window: who owns the microphone, what it hears, and the map that the × moves on.

`LiveSession.of(context)` gives it to the Live, Voices and Map pages. Opening and closing the microphone happens in the
`sound` lane; what the listener found is asked for by a timer that runs only while it listens. Listening again goes on with
the session; `begin_anew` ends it. What was recorded is kept as a timeline when the recording is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.audio.recorder import live_path
from engine.errors import EarmarkError
from engine.records import LiveUpdate, Timeline, Turn, Voice
from engine.tasks import Ticket
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.live import sources
from gui.pages.live.parts import Past, RecordedParts
from gui.widgets.projection_plot import Link

if TYPE_CHECKING:
    from engine.app import Earmark

log = logging.getLogger(__name__)
POLL_MS = 100

State = Literal["idle", "starting", "listening", "lost"]


class LiveSession(QObject):
    """changed: state, recording or error changed. updated: a list of new LiveUpdates. mapped: voices or their map did.
    forgot: nothing that was found is to be seen any more. kept(a list of Timelines): recordings were kept. not_kept(error): their
    files are there, but who spoke in them could not be written down.

    recorded: which parts of the session were. voices: those that are enrolled, by name; known: they have been read. map: their
    PCA (a ProjectedMap), None while there is none; mapping: it is being made.
    make_source, find_inputs, why_none: replaced in tests.
    """

    changed = Signal()
    updated = Signal(object)
    mapped = Signal()
    forgot = Signal()
    kept = Signal(object)
    not_kept = Signal(object)

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
        self.known = False
        self.map: Any = None
        self.make_source: Callable[[str], Any] = sources.microphone
        self.find_inputs: Callable[[bool], list[Any]] = sources.inputs
        self.why_none: Callable[[], str] = sources.why_no_input
        self._since = 0
        self._opening = Ticket()  # of the microphone that is being opened; cancelled when it is not wanted any more
        self._record_on_start = False
        self._began_to_record = False  # the microphone is opened for a recording alone
        self._path: Path | None = None  # of the recording that runs
        self.saving: Path | None = None  # a recording that is being finished
        self.recorded = RecordedParts()
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
        """Of this session, whether one listens or not."""
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
    def recording_wanted(self) -> bool:
        """It runs, or begins as soon as the microphone is open."""
        return self._record_on_start or self.recording is not None

    @property
    def can_begin_anew(self) -> bool:
        """There is something to put away, and nothing under way that needs it."""
        return self.began_at is not None and self.recording is None and self.state != "starting"

    @property
    def recording_failed(self) -> bool:
        """`error` is about a recording, not about listening."""
        return self.error is not None and self.error is self._told

    def start(self, device: str = "") -> None:
        """Open the microphone ("" for the default) and listen. Ends in "listening", or in "idle" with an error.

        The session goes on with what it found so far.
        """
        if self.state in ("starting", "listening"):
            return
        self.error, self.saved = None, None
        opening = self._opening = Ticket()
        before = self.listener
        self._set("starting")

        def work(ticket: Ticket) -> Any:
            opening.check()
            listener = self.app.voices.listener(self.make_source(device), before)
            listener.start()
            if opening.cancelled:
                listener.stop()  # before another one is opened
            return listener

        self._jobs.run(self, work, lane="sound", done=lambda listener: self._started(listener, opening),
                       failed=lambda error: self._failed(error, opening))

    def change(self, device: str) -> None:
        """Go on with another microphone, and with recording; one that is still being opened is let go."""
        record = self.recording_wanted
        self.stop()
        self.start(device)
        self._record_on_start = record

    def stop(self) -> None:
        """Stop listening, or let go of the microphone that is being opened. What was found stays."""
        self._opening.cancel()
        self._record_on_start = self._began_to_record = False
        if self.state == "starting":
            self._set("idle")
        if self.state in ("listening", "lost"):
            self._end_recording()
            self._end("idle")
            self._close(self.listener)

    def begin_anew(self) -> Callable[[], bool] | None:
        """Put away what was found and begin with nothing; listening goes on. Returns what brings it back (False: not now)."""
        if not self.can_begin_anew:
            return None
        left = self.listener.begin_anew()
        past = Past(self.listener, left, self.recorded, self.began_at, self.ended_at)
        if not self.listening:
            self.listener = None
        self._show(Past(self.listener, None, RecordedParts(), datetime.now() if self.listening else None, None))

        def bring_back() -> bool:
            if self.recording is not None or self.state == "starting":
                return False
            if self.listener is None:
                self.listener = past.listener
            self.listener.begin_anew(past.lanes)
            self._show(past)
            return True

        return bring_back

    def _show(self, past: Past) -> None:
        self.last, self.saved, self.error = None, None, None
        if self.listener is not None:
            self._since, _ = self.listener.updates(self._since)  # those that nobody asked for tell of the session that was left
        self.recorded, self.began_at = past.recorded, past.began_at
        self.ended_at = None if self.listening else past.ended_at
        self.forgot.emit()
        self.changed.emit()

    def record(self, on: bool) -> None:
        """Save the microphone from now on (listening begins if it has not), or finish the recording.

        Off while the microphone is being opened: nothing is recorded, and where it was opened for that, it is let go.
        """
        if on and self.state != "listening":
            self._began_to_record = self._began_to_record or self.state != "starting"
            self._record_on_start = True
            self.start(self.app.settings.value.input_device)
            self.changed.emit()
        elif on and self.recording is None:
            self.error, self.saved = None, None
            try:
                self.listener.record(live_path(self.app.store.recordings, datetime.now()))
                self._path = self.listener.recording
                if self._path is not None:
                    self.recorded.begin(self._path, self.elapsed_s)
            except EarmarkError as error:
                self.error = self._told = error
            self.changed.emit()
        elif not on and self.recording is not None:
            self._end_recording()
            self._look_at_recording()
            self.changed.emit()
        elif not on and self._began_to_record:
            self.stop()
        elif not on and self._record_on_start:
            self._record_on_start = False
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
            self._end_recording()
            self._end("lost" if self.listener.state == "lost" else "idle")
            self._close(self.listener)

    def forget(self) -> Callable[[], None]:
        """Stop, and let go of all that was found. Returns what a job calls to close the microphone. Nothing is kept."""
        listener, self._path = self.listener, None

        def close() -> None:
            if listener is not None:
                listener.stop()
                listener.take_recorded()

        if self.listening:
            self._end("idle")
        self.stop()
        if self._map_ticket is not None:
            self._map_ticket.cancel()
            self._map_ticket = None
        self.listener = self.last = self.began_at = self.ended_at = self.saved = self.error = self.map = None
        self._path = self.saving = None
        self.recorded = RecordedParts()
        self.voices = []
        self.changed.emit()
        self.mapped.emit()
        self.forgot.emit()
        return close

    def close(self) -> None:
        """The program ends: let go of the microphone, and keep what was recorded. Waits for neither; leaving does."""
        self._opening.cancel()
        self._timer.stop()
        if self.listener is not None:
            self._end_recording()
            self._close(self.listener)

    # --- voices and their map ---------------------------------------------------------------------------------------

    def refresh_map(self) -> None:
        """Voices changed, or nobody has asked for their map yet: read them and project them again."""
        if self._map_ticket is not None:
            self._map_ticket.cancel()

        listener = self.listener

        def read(ticket: Ticket) -> list[Voice]:
            voices = [voice for voice in self.app.voices.list() if voice.state == "enrolled"]
            if listener is not None:
                listener.look_again()  # a stranger that was named may have lost its voice
            return voices

        self._map_ticket = self._jobs.run(self, read, lane="files", done=self._voices_read, failed=self._not_mapped)

    @property
    def mapping(self) -> bool:
        return self._map_ticket is not None

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
        self.began_at, self.ended_at = self.began_at or datetime.now(), None
        self._began_to_record = False
        self._timer.start()
        self._set("listening")
        if self._record_on_start:
            self._record_on_start = False
            self.record(True)

    def _failed(self, error: EarmarkError, opening: Ticket) -> None:
        if opening.cancelled:
            return
        self.error, self._record_on_start, self._began_to_record = error, False, False
        self._set("idle")

    def _look_at_recording(self) -> None:
        """A recording that ended by itself, or could not be finished, is said once; listening goes on."""
        if self.recording is None:
            self.recorded.end(self.elapsed_s)
        if self._path is not None and self.recording is None:  # it ended by itself
            self._end_recording()
        broken = self.listener.recording_error if self.listener is not None else None
        if broken is not None and broken is not self._told:
            self.error = self._told = broken
            self.saved = self.saving = None
            self.changed.emit()

    def _end_recording(self) -> None:
        """The recording is over: its file is finished, and who spoke in it is kept, where that takes nobody's time."""
        path, self._path, listener = self._path, None, self.listener
        if path is None:
            return
        self.saving = path
        listener.end_recording()

        def work(ticket: Ticket) -> list[Timeline]:
            kept = []
            for one in listener.take_recorded():
                ticket.check()
                kept.append(self.app.timelines.keep_recorded(one))
            return kept

        def over() -> None:
            if self.saving == path:
                self.saving = None
                self.saved = path if listener.recording_error is None else None
            self._look_at_recording()
            self.changed.emit()

        def done(kept: list[Timeline]) -> None:
            over()
            self.kept.emit(kept)

        def failed(error: EarmarkError) -> None:
            over()
            if listener.recording_error is None:  # that one is told already
                self.not_kept.emit(error)

        self._jobs.run(self, work, lane="files", must_finish=True, done=done, failed=failed)

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

    def _voices_read(self, voices: list[Voice]) -> None:
        self.voices, self.known = voices, True
        if not voices:
            self._mapped(None)
            return
        self._map_ticket = self._jobs.run(self, lambda ticket: self.app.maps.project("voices", "pca", ticket=ticket),
                                          lane="files", done=self._mapped, failed=self._not_mapped)
        self.mapped.emit()

    def _mapped(self, found: Any) -> None:
        self.map, self._map_ticket = found, None
        self.mapped.emit()

    def _not_mapped(self, error: EarmarkError) -> None:
        log.info("no map of voices: %s", error.kind)
        self._mapped(None)
