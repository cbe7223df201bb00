"""SIGTERM (the end of a desktop session) and Ctrl+C in the terminal close the window as its X does.

Python's own way raises an exception in whatever runs in that moment: in the middle of painting, which Qt does not survive, or
where nobody hears of it. So the handlers do nothing, and the system writes to a socket that Qt's event loop listens to.
"""

from __future__ import annotations

import contextlib
import signal
import socket

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier


class Ending(QObject):
    """From now on until `close`. In the main thread only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading, self._writing = socket.socketpair()
        for end in (self._reading, self._writing):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._told)
        self._fd = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}

    def close(self) -> None:
        """Give the signals back."""
        for one, handler in self._before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(self._fd)
        self._notifier.setEnabled(False)
        for end in (self._reading, self._writing):
            end.close()

    def _told(self) -> None:
        with contextlib.suppress(BlockingIOError):
            told = self._reading.recv(64)
            if self._before.keys() & set(told):
                QCoreApplication.quit()
