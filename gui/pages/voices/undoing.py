"""What can be taken back on this page: each change is said with an Undo beside it, and Ctrl+Z takes back the newest.

Changes to voices are held by the engine (`engine.voices.undo`); those of settings are held here. The newer of the two goes first.
What was changed before this page was made belongs to others and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.records import VoiceChange
from engine.tasks import Ticket
from gui.jobs import Jobs

if TYPE_CHECKING:
    from engine.app import Earmark

MOST = 50


class Undoing(QObject):
    """offered(sentence, word, slot): a toast with an act. said(sentence): a toast. changed(sentence): voices were."""

    offered = Signal(str, str, object)
    said = Signal(str)
    changed = Signal(str)

    def __init__(self, app: Earmark, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.app, self._jobs = app, jobs
        self._since = datetime.now(UTC)
        self._back: list[tuple[datetime, Callable[[], object]]] = []
        self._silent = False

    def offer(self, sentence: str, back: Callable[[], object] | None = None) -> None:
        """Something was changed. back: makes it as it was; None where the engine does."""
        if self._silent:
            return
        if back is not None:
            self._back = [*self._back[1 - MOST:], (datetime.now(UTC), back)]
        self.offered.emit(sentence, self.tr("Undo"), self.undo)

    def undo(self) -> None:
        """Take the newest change back."""
        newest = self._back[-1][0] if self._back else self._since

        def work(ticket: Ticket) -> VoiceChange | None:
            change = self.app.voices.history.next_undo()
            return self.app.voices.undo() if change is not None and change.at > newest else None

        self._jobs.run(self, work, lane="store", done=self._undone, failed=self._failed, must_finish=True)

    def redo(self) -> None:
        """Make the change to voices again that was taken back last."""
        self._jobs.run(self, lambda ticket: self.app.voices.redo(), lane="store", done=self._redone, failed=self._failed,
                       must_finish=True)

    @contextmanager
    def silently(self) -> Iterator[None]:
        """What is changed meanwhile is an undoing itself."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def _undone(self, change: VoiceChange | None) -> None:
        if change is not None:
            self.changed.emit(self.tr("Taken back: {}.").format(self._words(change)))
        elif self._back:
            self._back.pop()[1]()
        else:
            self.said.emit(self.tr("There is nothing to undo."))

    def _redone(self, change: VoiceChange) -> None:
        self.changed.emit(self.tr("Made again: {}.").format(self._words(change)))

    def _failed(self, error: EarmarkError) -> None:
        self.said.emit(str(error))

    def _words(self, change: VoiceChange) -> str:
        return {
            "begin": self.tr("the new voice {}"), "finish": self.tr("the saving of {}"), "rename": self.tr("the renaming of {}"),
            "remove": self.tr("the removal of {}"), "add-take": self.tr("a take of {}"),
            "remove-take": self.tr("the removal of a take of {}"), "remove-sample": self.tr("the removal of a sample of {}"),
            "move-sample": self.tr("the moving of a sample of {}"), "enroll": self.tr("the takes from files of {}"),
        }.get(change.kind, "{}").format(change.voice)
