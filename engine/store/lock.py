"""One writer a workspace: a lock that the system frees when its holder dies."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Busy, StoreError

if TYPE_CHECKING:
    from filelock import BaseFileLock


class WorkspaceLock:
    """Taken by the first write and kept until `release`. Reading needs no lock. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid_file = folder / "earmark.pid"
        self._guard = threading.Lock()
        self._lock: BaseFileLock | None = None

    @property
    def held(self) -> bool:
        return self._lock is not None

    def acquire(self) -> None:
        """Take the lock if this object does not hold it yet. Raises Busy with the holder's process id, StoreError."""
        with self._guard:
            if self._lock is not None:
                return
            from filelock import FileLock, Timeout

            lock = FileLock(self._folder / "earmark.lock", timeout=0, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                raise Busy(self._folder, self._holder()) from None
            except OSError as error:
                raise StoreError(f"The workspace cannot be written: {error.strerror or error}.") from error
            self._lock = lock
            with contextlib.suppress(OSError):  # only names the holder; the lock itself stands
                self._pid_file.write_text(str(os.getpid()), encoding="ascii")

    def release(self) -> None:
        with self._guard:
            if self._lock is None:
                return
            with contextlib.suppress(OSError):
                self._pid_file.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _holder(self) -> int | None:
        try:
            return int(self._pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
