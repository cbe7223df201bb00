"""Garbage is collected in the GUI thread alone.

Python collects in whatever thread happens to allocate. Qt objects that die there, running timers above all, bring the program
down. So automatic collection is off while the window is open, and a timer does the same work on Python's own thresholds.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000


class Collector(QObject):
    """Takes over garbage collection until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.collect)
        gc.disable()
        self._timer.start()

    def collect(self) -> int | None:
        """Collect the oldest generation that is due; returns it, None where none is."""
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return generation
        return None

    def close(self) -> None:
        """Give collection back to Python."""
        self._timer.stop()
        gc.enable()
