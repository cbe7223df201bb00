"""Spans with their vectors, and the snapshot a search runs on."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, insert, select

from engine.errors import LibraryError, ShapeError
from engine.records import EncoderSpec, FloatArray, Span
from engine.store.database import Database
from engine.store.records import IntArray, Snapshot
from engine.store.schema import counter, encoder_spec, failed_file, sound, span
from engine.store.spaces import find_space, take_space
from engine.store.vectors import VectorFile, whole_rows

LIBRARY = "library"
"""The counter that every change to the library raises, in whatever process."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Whole:
    """Rows of a matrix that were found as they were written. stamp: of its file then. rows: bool (n,)."""

    stamp: tuple[int, ...]
    rows: NDArray[np.bool_]


@dataclass(frozen=True)
class _FreeRows:
    """holes: int64 (n,), unnamed rows inside the matrix, increasing. end: the first row behind it."""

    holes: IntArray
    end: int


class SpanStore:
    """Writes spans and their rows; gives snapshots. Thread-safe; writes happen inside the caller's transaction."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._guard = threading.Lock()
        self._snapshots: dict[str, tuple[tuple[int, ...], Snapshot]] = {}  # each with the state it shows
        self._whole: dict[str, _Whole] = {}
        self._free: dict[str, _FreeRows] = {}  # by space

    def file(self, spec: EncoderSpec) -> VectorFile:
        return VectorFile(self._matrix(spec.key), spec.dim)

    def _matrix(self, key: str) -> Path:
        return self._folder / f"{key[:16]}.f32"

    def write(self, connection: Connection, spec: EncoderSpec,
              sounds: Sequence[tuple[int, Sequence[Span], FloatArray]]) -> None:
        """Give sounds their spans and vectors in place of those they had in this space.

        sounds: (sound id, n spans, float32 (n, dim) of unit rows) each. Raises ShapeError, StoreError.
        """
        if not sounds:
            return
        for _, spans, vectors in sounds:
            _check(spec, spans, vectors)
        spec_id = take_space(connection, spec)
        rows = self._take_rows(connection, spec, spec_id, sum(len(spans) for _, spans, _ in sounds))
        try:
            self._write(spec, rows, np.concatenate([vectors for _, _, vectors in sounds]))
            next_row = iter(rows.tolist())
            connection.execute(delete(span).where(span.c.spec_id == spec_id, span.c.sound_id == bindparam("old")),
                               [{"old": sound_id} for sound_id, _, _ in sounds])
            connection.execute(insert(span), [
                {"spec_id": spec_id, "sound_id": sound_id, "position": position, "start_s": float(one.start_s),
                 "end_s": float(one.end_s), "row": next(next_row)}
                for sound_id, spans, _ in sounds for position, one in enumerate(spans)])
        except BaseException:
            self.forget_free_rows()  # the rows taken stay unnamed
            raise

    def of(self, connection: Connection, spec: EncoderSpec, sound_id: int) -> list[dict[str, Any]]:
        """The spans of a sound with the rows they name, to be shared with another of equal content."""
        return [dict(row) for row in connection.execute(
            select(span.c.position, span.c.start_s, span.c.end_s, span.c.row)
            .where(span.c.spec_id == find_space(connection, spec), span.c.sound_id == sound_id)).mappings()]

    def share(self, connection: Connection, spec: EncoderSpec, spans: Sequence[dict[str, Any]], sound_id: int) -> None:
        """Let a sound name the same rows as another. Raises LibraryError when there are none."""
        if not spans:
            raise LibraryError("The sound to copy from has no vectors.")
        spec_id = take_space(connection, spec)
        connection.execute(delete(span).where(span.c.spec_id == spec_id, span.c.sound_id == sound_id))
        connection.execute(insert(span), [{**one, "spec_id": spec_id, "sound_id": sound_id} for one in spans])

    def snapshot(self, spec: EncoderSpec) -> Snapshot:
        """Everything that can be searched in a space as it is now; the same object until the library or the matrix changes.

        Sounds whose vectors are lost or damaged are left out, and counted.
        """
        key = spec.key
        with self._database.reading() as connection:
            version, of_file = _version(connection), self.file(spec).stamp
            stamp = (version, *of_file)
            with self._guard:
                before, cached = self._snapshots.get(key, ((), None))
            if cached is not None and before == stamp:
                return cached
            rows = connection.execute(
                select(span.c.sound_id, span.c.row, sound.c.folder_id, span.c.start_s, span.c.end_s)
                .join(sound, sound.c.id == span.c.sound_id).where(span.c.spec_id == find_space(connection, spec))
                .order_by(span.c.sound_id, span.c.position)).all()
            matrix = self.file(spec).open()
        # not in the transaction: looking at all rows may take seconds, and what is removed meanwhile could not be wiped
        table = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 5)
        made = _snapshot(version, spec, matrix, table, self._held(key, of_file, table[:, 1].astype(np.int64), matrix))
        with self._guard:
            self._snapshots = {key: (stamp, made)}  # one space is searched at a time
        if made.damaged:
            log.warning("the vectors of %d sounds are lost or damaged", made.damaged)
        return made

    def stamp(self, spec: EncoderSpec) -> tuple[object, ...]:
        """Equal as long as `snapshot` gives the same object; reads no matrix."""
        with self._database.reading() as connection:
            return (spec, _version(connection), *self.file(spec).stamp)

    def drop_lost(self, connection: Connection, spec: EncoderSpec) -> int:
        """Take out the spans of sounds whose vectors are lost or damaged, so that a scan makes them again."""
        spec_id = find_space(connection, spec)
        named = connection.execute(select(span.c.sound_id, span.c.row).where(span.c.spec_id == spec_id)).all()
        if not named:
            return 0
        table = np.array([tuple(row) for row in named], np.int64)
        of_file, matrix = self.file(spec).stamp, self.file(spec).open()
        lost = np.unique(table[~self._held(spec.key, of_file, table[:, 1], matrix), 0]).tolist()
        for sound_id in lost:
            connection.execute(delete(span).where(span.c.spec_id == spec_id, span.c.sound_id == sound_id))
        if lost:
            log.warning("the vectors of %d sounds are lost or damaged and will be made again", len(lost))
        return len(lost)

    def purge(self, connection: Connection, keep: Collection[EncoderSpec]) -> int:
        """Take away all other spaces of the library: spans, failures, matrices. Returns how many spans went.

        Inside a write transaction, so that nobody writes to a matrix that is about to go. A kill before the commit leaves
        spans without rows, which `drop_lost` and the next purge take out.
        """
        kept, gone = {spec.key for spec in keep}, 0
        rows = connection.execute(select(encoder_spec.c.id, encoder_spec.c.key).where(encoder_spec.c.kind == "joint")).all()
        for spec_id, key in rows:
            if key in kept:
                continue
            gone += connection.execute(delete(span).where(span.c.spec_id == spec_id)).rowcount
            connection.execute(delete(failed_file).where(failed_file.c.space == key))
            with contextlib.suppress(OSError):  # where it is still mapped and the system minds: the next purge takes it
                self._matrix(key).unlink(missing_ok=True)
            with self._guard:
                self._free.pop(key, None)
                self._snapshots.pop(key, None)
                self._whole.pop(key, None)
        return gone

    def forget_free_rows(self) -> None:
        """Look again which rows are unnamed. Not while a transaction is open that has removed spans."""
        with self._guard:
            self._free = {}

    def forget_snapshots(self) -> None:
        with self._guard:
            self._snapshots, self._whole = {}, {}

    @property
    def bytes(self) -> int:
        """Size of all matrices on the disk."""
        return sum(file.stat().st_size for file in self._folder.glob("*.f32"))

    def _write(self, spec: EncoderSpec, rows: IntArray, vectors: FloatArray) -> None:
        """Write rows. All others are as they were: those that were found whole need not be looked at again."""
        file, key = self.file(spec), spec.key
        before = file.stamp
        file.write(rows, vectors)
        after = file.stamp
        with self._guard:
            known = self._whole.get(key)
            if known is not None and known.stamp == before:
                self._whole[key] = _Whole(after, known.rows)

    def _held(self, key: str, stamp: tuple[int, ...], rows: IntArray, matrix: FloatArray) -> NDArray[np.bool_]:
        """Which of the named rows the matrix holds as they were written: int64 (n,) → bool (n,). stamp: of its file, got before
        it was opened."""
        with self._guard:
            known = self._whole.get(key)
        whole = np.zeros(len(matrix), bool)
        if known is not None and known.stamp == stamp:
            whole[:len(known.rows)] = known.rows[:len(matrix)]
        there = (rows >= 0) & (rows < len(matrix))
        named = np.zeros(len(matrix), bool)
        named[rows[there]] = True
        new = np.flatnonzero(named & ~whole)
        whole[new] = whole_rows(matrix, new)
        with self._guard:
            self._whole = {key: _Whole(stamp, whole)}
        there[there] = whole[rows[there]]
        return there

    def _take_rows(self, connection: Connection, spec: EncoderSpec, spec_id: int, count: int) -> IntArray:
        """Rows that nobody names: holes first, then new ones at the end. int64 (count,), increasing.

        Holes are looked for once and again after `forget_free_rows`, never in between: a row that an open transaction
        has just given up must keep its content until that is committed.
        """
        key = spec.key
        with self._guard:
            free = self._free.get(key)
        if free is None:
            named = connection.execute(select(span.c.row).distinct().where(span.c.spec_id == spec_id)).scalars().all()
            held = self.file(spec).rows
            taken = np.zeros(max([held, *(row + 1 for row in named)]), bool)
            taken[np.asarray(named, np.int64)] = True
            free = _FreeRows(np.flatnonzero(~taken), len(taken))
        from_holes = free.holes[:count]
        new = count - len(from_holes)
        rows = np.concatenate([from_holes, np.arange(free.end, free.end + new)]).astype(np.int64)
        with self._guard:
            self._free[key] = _FreeRows(free.holes[count:], free.end + new)
        return rows


def _check(spec: EncoderSpec, spans: Sequence[Span], vectors: FloatArray) -> None:
    if not len(spans) or vectors.shape != (len(spans), spec.dim):
        raise ShapeError(f"{len(spans)} spans in a space of {spec.dim} dimensions do not fit vectors of the shape "
                         f"{vectors.shape}.")
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not (np.isfinite(norms).all() and np.abs(norms - 1).max() < 1e-3):
        raise ShapeError("A vector is zero, not finite, or not of unit norm.")


def _version(connection: Connection) -> int:
    return int(connection.execute(select(counter.c.value).where(counter.c.name == LIBRARY)).scalar_one())


def _snapshot(version: int, spec: EncoderSpec, matrix: FloatArray, table: NDArray[np.float64],
              held: NDArray[np.bool_]) -> Snapshot:
    """table: (n, 5), a span each: sound, row, folder, start and end. held: bool (n,), whose vectors are whole."""
    lost = np.unique(table[~held, 0])
    table = table[~np.isin(table[:, 0], lost)]
    sound_ids, rows, folder_ids = (table[:, column].astype(np.int64) for column in range(3))
    starts = np.flatnonzero(np.diff(sound_ids, prepend=-1))
    return Snapshot(version, spec, matrix, rows, starts, sound_ids[starts], folder_ids[starts],
                    table[:, 3].copy(), table[:, 4].copy(), len(lost))
