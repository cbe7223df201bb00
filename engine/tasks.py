"""A ticket for long work: progress goes out, cancellation comes in. No threads and no Qt in here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import Cancelled


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
