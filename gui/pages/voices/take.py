"""One take from the microphone: sound comes in by a timer, is judged once a second, and is handed over at the end.

The sound stays in memory until it is enrolled; a file is only made by the engine, and only after the consent tick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import DeviceError, EarmarkError
from engine.records import Audio, FloatArray
from engine.tasks import Ticket
from gui.jobs import Jobs

if TYPE_CHECKING:
    from engine.app import Earmark
    from engine.voices.takes import Heard

POLL_MS = 66
JUDGE_S = 1.0
LONGEST_S = 120.0  # a take that nobody stops is stopped here


class TakeRecorder(QObject):
    """arrived(samples, rate_hz): new sound. judged(Heard): what it is like so far. finished(Audio): stopped, here is all of it.

    failed(error): the microphone could not be opened. lost: it went away; `finished` follows with what there is.
    """

    changed = Signal()
    arrived = Signal(object, int)
    judged = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    lost = Signal()

    def __init__(self, app: Earmark, jobs: Jobs, make_source: Callable[[str], Any], parent: QObject) -> None:
        super().__init__(parent)
        self._app, self._jobs, self._make_source = app, jobs, make_source
        self.state = "idle"  # "idle", "opening", "recording"
        self._source: Any = None
        self._blocks: list[FloatArray] = []
        self._length = 0
        self._judged_at = 0.0
        self._judging: Ticket | None = None
        self._opening = Ticket()  # of the microphone that is being opened; cancelled when it is not wanted any more
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self.poll)

    @property
    def elapsed_s(self) -> float:
        return self._length / self._source.rate_hz if self._source is not None else 0.0

    def start(self, device: str) -> None:
        if self.state != "idle":
            return
        self._blocks, self._length, self._judged_at = [], 0, 0.0
        opening = self._opening = Ticket()
        self._set("opening")

        def work(ticket: Ticket) -> Any:
            opening.check()
            source = self._make_source(device)
            source.start()
            if opening.cancelled:
                source.close()  # before another one is opened
            return source

        self._jobs.run(self, work, lane="sound", done=lambda source: self._opened(source, opening),
                       failed=lambda error: self._not_opened(error, opening))

    def stop(self) -> None:
        """End the take; `finished` brings it. A microphone that is being opened is let go, and nothing comes."""
        self._let_go()
        if self.state == "recording":
            self._drain()
            self._end()
            self.finished.emit(self.audio())

    def cancel(self) -> None:
        """End it and forget it."""
        self._let_go()
        if self.state == "recording":
            self._end()

    def audio(self) -> Audio:
        samples = np.concatenate(self._blocks) if self._blocks else np.zeros(0, dtype=np.float32)
        return Audio(samples, self._source.rate_hz if self._source is not None else 16_000)

    def poll(self) -> None:
        self._drain()
        if self._source.lost:
            self._end()
            self.lost.emit()
            self.finished.emit(self.audio())
        elif self.elapsed_s >= LONGEST_S:
            self.stop()
        elif self.elapsed_s - self._judged_at >= JUDGE_S and self._judging is None:
            self._judge()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        self._opening.cancel()
        if self.state == "opening":
            self._set("idle")

    def _drain(self) -> None:
        block = self._source.read()
        if len(block):
            self._blocks.append(block)
            self._length += len(block)
            self.arrived.emit(block, self._source.rate_hz)

    def _judge(self) -> None:
        audio, app = self.audio(), self._app
        self._judged_at = self.elapsed_s

        def work(ticket: Ticket) -> Heard:
            return app.voices.hear(audio)

        self._judging = self._jobs.run(self, work, lane="models", done=self._was_judged, failed=self._not_judged,
                                       cancelled=self._judge_free)

    def _was_judged(self, result: Heard) -> None:
        self._judging = None
        if self.state == "recording":
            self.judged.emit(result)

    def _not_judged(self, error: EarmarkError) -> None:
        self._judging = None

    def _judge_free(self) -> None:
        self._judging = None

    def _opened(self, source: Any, opening: Ticket) -> None:
        if opening.cancelled:
            self._jobs.run(self, lambda ticket: source.close(), lane="sound")
            return
        self._source = source
        self._timer.start()
        self._set("recording")

    def _not_opened(self, error: EarmarkError, opening: Ticket) -> None:
        if opening.cancelled:
            return
        self._set("idle")
        self.failed.emit(error if isinstance(error, DeviceError) else DeviceError(str(error)))

    def _end(self) -> None:
        self._timer.stop()
        if self._judging is not None:
            self._judging.cancel()
        source = self._source
        self._jobs.run(self, lambda ticket: source.close(), lane="sound")
        self._set("idle")

    def _set(self, state: str) -> None:
        self.state = state
        self.changed.emit()
