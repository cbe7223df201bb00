"""One writer a workspace: a lock that the system frees when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Busy, StoreError
from engine.files import PRIVATE, open_regular, write_whole

if TYPE_CHECKING:
    from filelock import BaseFileLock

LONGEST_PID = 10  # digits


def closed() -> StoreError:
    """What whoever comes too late is told."""
    return StoreError("The workspace is closed, so this was not done.")


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

            lock = FileLock(self._folder / "earmark.lock", timeout=0, thread_local=False, mode=PRIVATE)
            try:
                lock.acquire()
            except Timeout:
                raise Busy(self._folder, self._holder()) from None
            except OSError as error:
                why = ("it is read-only" if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
                       else error.strerror or str(error))
                raise StoreError(f"The workspace cannot be written: {why}. What is in it can be read.") from error
            self._lock = lock
            with contextlib.suppress(OSError):  # only names the holder; the lock itself stands
                write_whole(self._pid_file, str(os.getpid()).encode(), PRIVATE)

    def release(self) -> None:
        with self._guard:
            if self._lock is None:
                return
            with contextlib.suppress(OSError):
                self._pid_file.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _holder(self) -> int | None:
        """The process that the holder says it is; None where what stands there cannot be one."""
        try:
            with open_regular(self._pid_file) as file:
                said = int(file.read(LONGEST_PID + 1).decode("ascii"))
        except (OSError, ValueError):
            return None
        return said if 0 < said < 10 ** LONGEST_PID else None
