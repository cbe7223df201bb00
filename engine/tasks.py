"""A ticket for long work: progress goes out, cancellation comes in; and work that nobody has to wait for. No Qt in here.

Reading a file can take for ever (a network disk that does not answer), and no signal and no flag ends that. So work with
a ticket reads the user's files in other threads (`beside`), while its own goes on to look at the ticket (`patiently`).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TypeVar

from engine.errors import Cancelled

LOOK_EVERY_S = 0.1
STUCK_S = 2.0
"""Longer than this, whoever waits for a file says so."""
COMING_HOME_S = 2.0
"""How long a thread that was told to stop is waited for. One that hangs in a file stays behind and ends with the program."""

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """done of total (total None: unknown), what is being done, and since when.

    rate: things done a second, in the unit of `unit` (or × real time where unit is "× real time").
    """

    done: float
    total: float | None
    note: str
    elapsed_s: float
    unit: str = ""
    rate: float | None = None

    @property
    def fraction(self) -> float | None:
        return None if not self.total else min(1.0, self.done / self.total)

    @property
    def left_s(self) -> float | None:
        """Time left at the pace so far; None until there is a pace."""
        if not self.total or self.done <= 0 or self.elapsed_s < 0.5:
            return None
        return max(0.0, self.total - self.done) * self.elapsed_s / self.done


class Ticket:
    """Handed to long work. The work calls `report` and `check`; the owner calls `cancel`. Thread-safe."""

    def __init__(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        self._on_progress = on_progress
        self._cancelled = threading.Event()
        self._started = time.monotonic()

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise Cancelled when the owner has cancelled."""
        if self._cancelled.is_set():
            raise Cancelled()

    def report(self, done: float, total: float | None = None, note: str = "", unit: str = "",
               rate: float | None = None) -> None:
        """Tell how far the work is. Raises Cancelled like `check`."""
        self.check()
        if self._on_progress is not None:
            self._on_progress(Progress(done, total, note, time.monotonic() - self._started, unit, rate))


def beside(work: Callable[[], T], name: str = "beside") -> Future[T]:
    """Begin work in a thread of its own that holds up neither the end of the program nor anybody who stops waiting for it."""
    future: Future[T] = Future()

    def run() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that asked
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def result_of(future: Future[T], ticket: Ticket, what: str, stuck: Callable[[], None] = lambda: None) -> T:
    """What work in another thread gives, or raises; otherwise as `patiently`."""
    patiently(lambda most_s: bool(wait([future], most_s).done), ticket, what, stuck)
    return future.result()


def patiently(arrived: Callable[[float], bool], ticket: Ticket, what: str, stuck: Callable[[], None] = lambda: None) -> None:
    """Wait until something has arrived; Cancelled as soon as the ticket or Ctrl+C says so, whatever is waited for.

    arrived: waits so many seconds at the most, and tells. what: the file or folder that is waited for, named in Cancelled
    where it has not answered for STUCK_S. stuck: called then, again and again, as long as it goes on.
    """
    began = time.monotonic()
    try:
        while not arrived(LOOK_EVERY_S):
            ticket.check()
            if time.monotonic() - began > STUCK_S:
                stuck()
    except (Cancelled, KeyboardInterrupt):
        if time.monotonic() - began > STUCK_S:
            raise Cancelled(f"Cancelled while “{what}” did not answer.") from None
        raise


def prefetched(items: Iterator[T], depth: int, ticket: Ticket, what: str) -> Generator[T, None, None]:
    """The same items, made by a thread up to `depth` ahead. Errors come out where they happened.

    what: the file they come from. Raises Cancelled, also while nothing comes.
    """
    ready: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(depth)
    there = threading.Semaphore(0)  # how many are in it: it can be waited for in steps
    stopped = threading.Event()

    def put(item: tuple[bool, T | BaseException | None]) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=LOOK_EVERY_S)
                there.release()
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that asked
            put((False, error))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=make, name="decode-ahead", daemon=True)
    thread.start()
    try:
        while True:
            patiently(lambda most_s: there.acquire(timeout=most_s), ticket, what)
            more, item = ready.get()
            if not more:
                if isinstance(item, BaseException):
                    raise item
                return
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join(COMING_HOME_S)
