"""Work off the GUI thread: lanes of threads, and one queued signal that brings everything back.

A page says `jobs.run(self, work, done=…, failed=…)` and nothing else. `work(ticket)` runs in a lane; `done(result)`,
`failed(error)`, `cancelled()` and `progress(progress)` are called in the GUI thread, and only while the owner lives and
the ticket is not cancelled (`cancelled` is the one that still comes then). `must_finish=True` is for what would be lost
otherwise: leaving the program waits for it instead of cancelling it. Lanes: `models` one thread, `store` one,
`sound` one (opening devices), `files` three. Threads are daemons: a stuck device or disk never keeps the program open.

Pages, and the closures that hold them, die in the GUI thread: a lane holds the `Job` alone, and the GUI thread empties it
when it has handed over what came out (`Job.let_go`).
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot
from shiboken6 import isValid

from engine.errors import Cancelled, EarmarkError
from engine.logs import log_fault
from engine.tasks import Progress, Ticket

log = logging.getLogger(__name__)
T = TypeVar("T")
Lane = Literal["models", "store", "sound", "files"]

THREADS: dict[Lane, int] = {"models": 1, "store": 1, "sound": 1, "files": 3}
PROGRESS_S = 1 / 15  # at most this often a job's progress reaches the screen
SHUTDOWN_S = 2.0  # how long leaving waits for work that was told to stop
READING_S = 0.3  # and for work that writes nothing, where the process ends afterwards: loading a model cannot be stopped
FINISH_S = 30.0  # and for work that must finish


class Unexpected(EarmarkError):
    """A fault of ours, not of the user's: the sentence is for the screen, the cause is in the log."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(QCoreApplication.translate(
            "Jobs", "Something went wrong inside Earmark. Nothing that was stored is lost; the log has the details."))
        self.__cause__ = cause


@dataclass(eq=False)
class Job:
    """One piece of work under way. title: words for the status bar, empty for work too short to mention."""

    title: str
    lane: Lane
    ticket: Ticket
    owner: QObject | None
    work: Callable[[Ticket], Any] | None
    done: Callable[[Any], None] | None
    failed: Callable[[EarmarkError], None] | None
    cancelled: Callable[[], None] | None
    on_progress: Callable[[Progress], None] | None
    must_finish: bool
    progress: Progress | None = None
    last_report: float = 0.0
    came: str = ""  # done, failed or cancelled, set in the lane
    result: Any = None
    worked: threading.Event = field(default_factory=threading.Event)  # set in the lane when the work has ended

    def cancel(self) -> None:
        self.ticket.cancel()

    @property
    def may_write(self) -> bool:
        """Long work has a title, and what is short and writes goes to the store."""
        return bool(self.title) or self.must_finish or self.lane == "store"

    def let_go(self) -> None:
        """Drop everything that may hold a page. In the GUI thread only, when the work has ended."""
        self.owner = self.work = self.done = self.failed = self.cancelled = self.on_progress = self.result = None


class Jobs(QObject):
    """`running` holds the jobs under way; `changed` fires when one starts, moves or ends.

    `unheard` carries (title, error) of a failed job whose owner gave no `failed`, and of settings that could not be written.
    """

    changed = Signal()
    unheard = Signal(str, object)
    _moved = Signal(object, object)  # job, progress: emitted in lanes, received in the GUI thread
    _ended = Signal(object)  # job, as `_moved`

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []
        self._lanes: dict[Lane, queue.SimpleQueue[Callable[[], None] | None]] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._moved.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(self, owner: QObject, work: Callable[[Ticket], T], *, lane: Lane = "files",
            done: Callable[[T], None] | None = None, failed: Callable[[EarmarkError], None] | None = None,
            cancelled: Callable[[], None] | None = None, progress: Callable[[Progress], None] | None = None,
            title: str = "", must_finish: bool = False) -> Ticket:
        """Start work(ticket) in a lane. Returns its ticket; cancel it and nothing but `cancelled` comes back."""
        ticket = Ticket(lambda p: self._report(known(), p))
        job = Job(title, lane, ticket, owner, work, done, failed, cancelled, progress, must_finish)
        known = weakref.ref(job)  # pages keep tickets: a job that a ticket held would hold its page
        if self._closed:
            ticket.cancel()
            return ticket
        self.running.append(job)
        self._lane(lane).put(partial(self._work, job))
        self.changed.emit()
        return ticket

    def cancel_owned(self, owner: QObject) -> None:
        """Cancel everything this owner asked for."""
        for job in self.running:
            if job.owner is owner:
                job.cancel()

    def cancel_changes(self) -> Callable[[], None]:
        """Cancel long work and what must finish. Short work of the store is let through: it ends by itself, most of it
        only reads, and who asked for it counts on an answer.

        Returns what a job calls that is asked for after this: it waits (at most FINISH_S) until all that may write has ended.
        """
        writing = [job for job in self.running if job.may_write]
        for job in writing:
            if job.title or job.must_finish:
                job.cancel()

        def wait() -> None:
            deadline = time.monotonic() + FINISH_S
            for job in writing:
                job.worked.wait(max(0.0, deadline - time.monotonic()))

        return wait

    def shutdown(self, reading_s: float = SHUTDOWN_S) -> bool:
        """Cancel all but what must finish, and wait: FINISH_S for that, SHUTDOWN_S for what may be writing, reading_s for
        the rest. True when every thread came home."""
        self._closed = True
        finishing = [job for job in self.running if job.must_finish and not job.ticket.cancelled]
        for job in self.running:
            if job not in finishing:
                job.cancel()
        for name, waiting in self._lanes.items():
            for _ in range(THREADS[name]):
                waiting.put(None)
        deadline = time.monotonic() + FINISH_S
        for job in finishing:
            job.worked.wait(max(0.0, deadline - time.monotonic()))
        now = time.monotonic()
        for job in self.running:
            job.worked.wait(max(0.0, now + (SHUTDOWN_S if job.may_write else reading_s) - time.monotonic()))
        deadline = max(now, time.monotonic()) + reading_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for job in self.running:
            if job.worked.is_set():
                job.let_go()
        self.running.clear()
        return not any(thread.is_alive() for thread in self._threads)

    # --- in a lane ---

    def _lane(self, name: Lane) -> queue.SimpleQueue[Callable[[], None] | None]:
        if name not in self._lanes:
            self._lanes[name] = queue.SimpleQueue()
            for number in range(THREADS[name]):
                thread = threading.Thread(target=_serve, args=(self._lanes[name],), daemon=True,
                                          name=f"{name}-{number}")
                thread.start()
                self._threads.append(thread)
        return self._lanes[name]

    def _work(self, job: Job) -> None:
        """Nothing but the job may be held here when it is sent back: whatever else it leads to is the GUI thread's."""
        assert job.work is not None
        try:
            job.ticket.check()
            job.result = job.work(job.ticket)
            job.came = "done"
        except Cancelled:
            job.came = "cancelled"
        except EarmarkError as error:
            log.info("a job in lane %s: %s", job.lane, error.kind)
            job.came, job.result = "failed", _without_frames(error)
        except Exception as error:  # noqa: BLE001  (log_fault logs it, without its words)
            log_fault(log, f"a job in lane {job.lane}", error)
            job.came, job.result = "failed", _without_frames(Unexpected(error))
        try:
            self._ended.emit(job)
        except RuntimeError:  # the program is leaving: this object is gone, and so is everybody who would listen
            log.debug("nobody is left to hear of a job in lane %s", job.lane)
        finally:
            job.worked.set()

    def _report(self, job: Job | None, progress: Progress) -> None:
        if job is None:  # the work went on after its end
            return
        now = time.monotonic()
        last = progress.total is not None and progress.done >= progress.total
        if now - job.last_report >= PROGRESS_S or last:
            job.last_report = now
            with contextlib.suppress(RuntimeError):  # as in `_work`
                self._moved.emit(job, progress)

    # --- in the GUI thread ---

    @Slot(object, object)
    def _tell(self, job: Job, progress: Progress) -> None:
        if self._listens(job) and not job.ticket.cancelled:
            job.progress = progress
            if job.on_progress is not None:
                job.on_progress(progress)
        if isValid(self):
            self.changed.emit()

    @Slot(object)
    def _deliver(self, job: Job) -> None:
        if job in self.running:
            self.running.remove(job)
        try:
            if self._listens(job):
                self._hand_over(job)
        finally:
            job.let_go()
        if isValid(self):
            self.changed.emit()

    def _listens(self, job: Job) -> bool:
        """Whether somebody is there to hear of the job; where nobody is, it may stop."""
        alive = job.owner is not None and isValid(job.owner) and not self._closed
        if not alive and not job.must_finish:
            job.cancel()
        return alive

    def _hand_over(self, job: Job) -> None:
        if job.came == "cancelled" or job.ticket.cancelled:
            if job.cancelled is not None:
                job.cancelled()
        elif job.came == "done":
            if job.done is not None:
                job.done(job.result)
        elif job.failed is not None:
            job.failed(job.result)
        else:
            self.unheard.emit(job.title, job.result)


def _without_frames(error: EarmarkError) -> EarmarkError:
    """The error without its tracebacks: their frames hold the closure that was running, and whoever keeps the error
    would keep the page."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error


def _serve(waiting: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (work := waiting.get()) is not None:
        work()
        del work  # until the next one comes, nothing is held
