"""Changes that a scan collects and commits together, in the order they were decided in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path

from engine.library.scan import Found
from engine.records import EncoderSpec
from engine.store import NewSound, Store

FLUSH_EVERY = 200
FLUSH_EVERY_S = 2.0

Change = Callable[[frozenset[int]], None]
"""Gets the ids of the folders that are still there."""
Written = Callable[[int], None]


class Writer:
    """Collects changes; `flush` commits them in one transaction.

    What belongs to a folder that was removed from the library meanwhile is left out.
    """

    def __init__(self, store: Store, spec: EncoderSpec, done: Callable[[], tuple[int, int]], pending: bool = False) -> None:
        """done: how many files are done, and of how many; kept with every commit. pending: as for `SoundStore.put`."""
        self._store = store
        self._spec = spec
        self._done = done
        self._pending = pending
        self._changes: list[Change | tuple[NewSound, Written]] = []
        self._since = time.monotonic()

    def place(self, sound_id: int, found: Found) -> None:
        """The sound's file stands here now."""
        self._add_for(found, lambda: self._store.sounds.place(sound_id, found.path, found.folder_id, found.key))

    def put(self, new: NewSound, written: Written) -> None:
        """Write a sound; `written` gets its id."""
        self._add((new, written))

    def refuse(self, found: Found, reason: str, spec: EncoderSpec | None) -> None:
        """Remember that this file could not be taken."""
        self._add_for(found, lambda: self._store.sounds.remember_failure(
            found.path, found.folder_id, found.key, reason, spec))

    def remove(self, sound_ids: list[int]) -> None:
        if sound_ids:
            self._add(lambda folders: self._store.sounds.remove(sound_ids))

    def finish(self, stale: Iterable[Path], devices: Mapping[int, int]) -> None:
        """Commit the rest, with what the next scan has to know."""

        def last(folders: frozenset[int]) -> None:
            self._store.sounds.forget_failures(stale)
            for folder_id in folders & devices.keys():
                self._store.sounds.set_folder_device(folder_id, devices[folder_id])

        self._changes.append(last)
        self.flush()

    def flush(self) -> None:
        """Raises StoreError; then nothing of this portion is written."""
        changes, self._changes = self._changes, []
        self._since = time.monotonic()
        if not changes:
            return
        written: list[tuple[Written, int]] = []
        with self._store.writing():
            folders = frozenset(self._store.sounds.folder_ids())
            for is_put, portion in groupby(changes, key=lambda change: isinstance(change, tuple)):
                if is_put:
                    puts = [one for one in portion if isinstance(one, tuple) and one[0].folder_id in folders]
                    ids = self._store.sounds.put(self._spec, [new for new, _ in puts], self._pending)
                    written += zip((tell for _, tell in puts), ids, strict=True)
                else:
                    for change in portion:
                        assert not isinstance(change, tuple)
                        change(folders)
            if self._store.sounds.scan_mark() is not None:
                self._store.sounds.mark_scan(*self._done())
        for tell, sound_id in written:
            tell(sound_id)

    def _add_for(self, found: Found, change: Callable[[], None]) -> None:
        def guarded(folders: frozenset[int]) -> None:
            if found.folder_id in folders:
                change()

        self._add(guarded)

    def _add(self, change: Change | tuple[NewSound, Written]) -> None:
        self._changes.append(change)
        if len(self._changes) >= FLUSH_EVERY or time.monotonic() - self._since > FLUSH_EVERY_S:
            self.flush()
