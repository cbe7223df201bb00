"""What a timeline plays: from a moment on, paused and gone on with, with a position for the playhead."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from gui.audition import Audition


class Playing(QObject):
    """Plays files through the window's one player. moved(position_s or None): in the time of the timeline; None: nothing
    of it plays. failed(error).

    A file may begin later than its timeline: `begins_s`.
    """

    moved = Signal(object)
    changed = Signal()
    failed = Signal(object)

    def __init__(self, audition: Audition, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._audition = audition
        self._begins_s = 0.0
        self._mine = False
        self._asked = False  # play was asked for, and nothing was heard yet
        audition.moved.connect(self._moved)
        audition.changed.connect(self._changed)

    @property
    def state(self) -> str:
        """"stopped", "playing" or "paused"; of what else is played: "stopped"."""
        return self._audition.state if self._is_mine() else "stopped"

    def play(self, path: Path, at_s: float, begins_s: float = 0.0) -> None:
        self._begins_s, self._mine, self._asked = begins_s, True, True
        self._audition.play(path, max(0.0, at_s - begins_s), token=self)
        self.moved.emit(at_s)

    def pause_or_resume(self) -> None:
        if self._is_mine():
            self._audition.pause_or_resume()

    def stop(self) -> None:
        if self._is_mine():
            self._audition.stop()
        self._mine = False
        self.moved.emit(None)

    def _is_mine(self) -> bool:
        return self._mine and self._audition.token is self

    def _moved(self, position_s: float) -> None:
        if self._is_mine() and self._audition.state != "stopped":
            self.moved.emit(position_s + self._begins_s)

    def _changed(self) -> None:
        if not self._mine:
            return
        error: EarmarkError | None = self._audition.error if self._is_mine() else None
        if error is not None:
            self._mine = False
            self.moved.emit(None)
            self.failed.emit(error)
        elif not self._is_mine() or (self._audition.state == "stopped" and not self._asked):
            self._mine = False
            self.moved.emit(None)
        self._asked = self._asked and self._audition.state == "stopped"
        self.changed.emit()
