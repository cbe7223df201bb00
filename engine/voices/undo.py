"""Taking changes to voices back and making them again: a bounded history in memory, and the journal of the store behind it.

What the window does is held in memory, removed voices with their recordings included, until the program ends or the bound is
reached. The journal in the database is for the next command of the command line; it never holds a voice or a take that was
removed: what is removed there is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from engine.errors import EnrollmentError
from engine.records import ChangeKind, VoiceChange
from engine.store import Store

if TYPE_CHECKING:
    from engine.store.changes import RowChange

CHANGES = 50
HELD_BYTES = 256_000_000
NOT_KEPT = frozenset({"remove", "remove-take"})
"""Kinds that leave nothing behind in the database."""


@dataclass
class Step:
    """A change with what it did, oldest first. entry: its id in the journal, 0 where it is not there."""

    change: VoiceChange
    rows: list[RowChange]
    entry: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(one.size_bytes for one in self.rows)


class History:
    """The changes of this session. Thread-safe; every change of voices goes through `change`."""

    def __init__(self, store: Store, changed: Callable[[], None]) -> None:
        """changed: called after something was taken back or made again."""
        self._store, self._changed = store, changed
        self._guard = threading.RLock()
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._mine = threading.local()

    @contextmanager
    def change(self, kind: ChangeKind, name: str, voice_ids: Iterable[int], hold: bool = False) -> Iterator[RowChange]:
        """One transaction that can be undone. name: of the voice, before. hold: recordings may go with it.

        A voice that it makes is added to `voices` of what it yields. An error leaves everything as it was.
        """
        with self._store.changes.watched(voice_ids, hold) as rows:
            yield rows
        group: list[RowChange] | None = getattr(self._mine, "group", None)
        if group is not None:
            group.append(rows)
        elif rows.rows:
            self._add(Step(VoiceChange(kind, name, datetime.now(UTC)), [rows]))

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
                self._add(Step(VoiceChange(kind, name, datetime.now(UTC)), rows))

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
            if self._done and self._done[-1] is step:
                self._done.pop()
            if step.entry:
                self._store.changes.drop(step.entry)
            self._undone.append(step)
        self._changed()
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
        self._changed()
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
        step.entry = 0 if step.change.kind in NOT_KEPT else self._store.changes.note(step.change.kind, step.rows)
        self._done.append(step)
        while len(self._done) > CHANGES or (len(self._done) > 1 and sum(one.size_bytes for one in self._done) > HELD_BYTES):
            self._done.pop(0)

    def _newest(self) -> Step | None:
        with self._guard:
            if self._done:
                return self._done[-1]
            if self._undone and self._undone[-1].change.kind in NOT_KEPT:
                return None  # what the journal holds is older than what was taken back, but may rest on it
            found = self._store.changes.newest()
            if found is None:
                return None
            entry, kind, at, rows = found
            names = {voice.id: voice.name for voice in self._store.voices.list()}
            name = next((names[one] for one in sorted(set().union(*(r.voices for r in rows))) if one in names), "")
            return Step(VoiceChange(cast(ChangeKind, kind), name, at), rows, entry)

    def _apply(self, step: Step, back: bool) -> None:
        removed = False
        with self._store.writing():
            for rows in reversed(step.rows) if back else step.rows:
                self._store.changes.apply(rows, back)
                removed = removed or any((after if back else before) is not None and (before if back else after) is None
                                         for _, _, before, after in rows.rows)
            if removed:
                self._store.voices.wipe()


def require(change: VoiceChange | None, words: str) -> VoiceChange:
    """The change, or an EnrollmentError with these words where there is none."""
    if change is None:
        raise EnrollmentError(words)
    return change
