"""Taking changes to voices back and making them again: a bounded history in memory, and the journal of the store behind it.

What the window does is held in memory, removed voices with their recordings included, until the program ends or the bound is
reached. The journal in the database is for the next command of the command line; it never holds a voice or a take that was
removed (a take goes with its last sample, too): what is removed there is gone. It is written with the change, in one transaction.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from engine.errors import EnrollmentError, StoreError
from engine.records import ChangeKind, VoiceChange
from engine.store import Store

if TYPE_CHECKING:
    from engine.store.changes import RowChange

CHANGES = 50
HELD_BYTES = 256_000_000

log = logging.getLogger(__name__)


@dataclass
class Step:
    """A change with what it did, oldest first. entry: its id in the journal, 0 where it is not there."""

    change: VoiceChange
    rows: list[RowChange]
    entry: int = 0

    @property
    def removes(self) -> bool:
        """Whether a voice or take was removed by it, so that nothing of it may stay in the database. A move only moves."""
        return self.change.kind != "move-sample" and any(
            table in ("voice", "take") and before is not None and after is None
            for one in self.rows for table, _, before, after in one.rows)

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.rows)


class History:
    """The changes of this session. Thread-safe; every change of voices goes through `change`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.RLock()
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._mine = threading.local()

    @contextmanager
    def change(self, kind: ChangeKind, name: str, voice_ids: Iterable[int], hold: bool = False) -> Iterator[RowChange]:
        """One transaction that can be undone. name: of the voice, before. hold: recordings may go with it.

        A voice that it makes is added to `voices` of what it yields. An error leaves everything as it was.
        """
        group: list[RowChange] | None = getattr(self._mine, "group", None)
        step = Step(VoiceChange(kind, name, datetime.now(UTC)), [])
        with self._store.writing():
            with self._store.changes.watched(voice_ids, hold) as rows:
                yield rows
            if group is None and rows.rows:
                step.rows.append(rows)
                self._note(step)
        if group is not None:
            group.append(rows)
        elif step.rows:
            self._add(step)

    @contextmanager
    def together(self, kind: ChangeKind, name: str) -> Iterator[list[RowChange]]:
        """The changes that this thread makes inside are one; clear the list to forget them. Kept also where an error ends it."""
        self._mine.group = []
        try:
            yield self._mine.group
        finally:
            rows = [one for one in self._mine.group if one.rows]
            self._mine.group = None
            if rows:
                step = Step(VoiceChange(kind, name, datetime.now(UTC)), rows)
                try:
                    self._note(step)
                except StoreError as error:  # what was done is done: only the next program cannot take it back
                    log.warning("changes could not be written in the journal: %s", error.kind)
                self._add(step)

    def next_undo(self) -> VoiceChange | None:
        """What `undo` would take back."""
        step = self._newest()
        return None if step is None else step.change

    def next_redo(self) -> VoiceChange | None:
        """What `redo` would make again."""
        with self._guard:
            return self._undone[-1].change if self._undone else None

    def undo(self) -> VoiceChange | None:
        """Take the newest change back; None where there is none. Raises EnrollmentError, StoreError; then nothing is changed."""
        with self._guard:
            step = self._newest()
            if step is None:
                return None
            self._apply(step, back=True)
            self._done = [one for one in self._done if one is not step]
            self._undone.append(step)
        return step.change

    def redo(self) -> VoiceChange | None:
        """Make the change again that was taken back last. Raises as `undo`."""
        with self._guard:
            if not self._undone:
                return None
            step = self._undone[-1]
            self._apply(step, back=False)
            self._undone.pop()
            self._keep(step)
        return step.change

    def clear(self) -> None:
        """Nothing can be undone any more, and nothing is held."""
        with self._guard:
            self._done.clear()
            self._undone.clear()

    def _add(self, step: Step) -> None:
        with self._guard:
            self._undone.clear()
            self._keep(step)

    def _keep(self, step: Step) -> None:
        self._done.append(step)
        while len(self._done) > CHANGES or (len(self._done) > 1 and sum(one.size_bytes for one in self._done) > HELD_BYTES):
            self._done.pop(0)

    def _note(self, step: Step) -> None:
        """Write a change into the journal, or see to it that nothing of what it removed stays there."""
        if step.removes:
            self._store.changes.drop_of(step.rows)
            step.entry = 0
        else:
            step.entry = self._store.changes.note(step.change.kind, step.rows)

    def _newest(self) -> Step | None:
        with self._guard:
            if self._done:
                return self._done[-1]
            if self._undone and self._undone[-1].removes:
                return None  # what the journal holds is older than what was taken back, but may rest on it
            found = self._store.changes.newest()
            if found is None:
                return None
            entry, kind, at, rows = found
            names = {voice.id: voice.name for voice in self._store.voices.list()}
            name = next((names[one] for one in sorted(set().union(*(r.voices for r in rows))) if one in names), "")
            return Step(VoiceChange(cast(ChangeKind, kind), name, at), rows, entry)

    def _apply(self, step: Step, back: bool) -> None:
        """Take a step back or make it again, in the voices and in the journal: one transaction."""
        removed = False
        rows: list[RowChange] = []
        entry = step.entry
        try:
            with self._store.writing():
                for one in reversed(step.rows) if back else step.rows:
                    rows.append(self._store.changes.apply(one, back))
                    removed = removed or any((after if back else before) is not None and (before if back else after) is None
                                             for _, _, before, after in one.rows)
                if not back:
                    self._note(step)
                elif entry:
                    self._store.changes.drop(entry)
                if removed:
                    self._store.voices.wipe()
        except BaseException:
            step.entry = entry
            with contextlib.suppress(StoreError):
                self._store.voices.remove_strays()  # recordings that were brought back for nothing
            raise
        step.rows = rows[::-1] if back else rows
        step.entry = 0 if back else step.entry


def require(change: VoiceChange | None, words: str) -> VoiceChange:
    """The change, or an EnrollmentError with these words where there is none."""
    if change is None:
        raise EnrollmentError(words)
    return change
