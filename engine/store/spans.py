"""Spans with their vectors, and the index that a search asks."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine.errors import LibraryError, ShapeError
from engine.index import Changes, ExactIndex
from engine.records import EncoderSpec, FloatArray, Span
from engine.store.database import Database, counted, table_of
from engine.store.records import IntArray
from engine.store.schema import encoder_spec, failed_file, sound, span
from engine.store.sound_changes import LIBRARY, changed, since
from engine.store.spaces import find_space, take_space
from engine.store.vectors import VectorFile, whole_rows

MANY = 500
"""Ids in one statement."""
_KINDS = {"ids": np.int64, "folder_ids": np.int64, "rows": np.int64, "start_s": np.float64, "end_s": np.float64}

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class _Whole:
    """Rows of a matrix that were found as they were written. stamp: of its file then. rows: bool (n,). settled: the stamp is what
    the last commit left, so that whoever writes next says whether anybody else wrote in between."""

    stamp: tuple[int, ...]
    rows: NDArray[np.bool_]
    settled: bool


@dataclass(frozen=True)
class _FreeRows:
    """holes: int64 (n,), unnamed rows inside the matrix, increasing. end: the first row behind it."""

    holes: IntArray
    end: int


class SpanStore:
    """Writes spans and their rows; gives indexes. Thread-safe; writes happen inside the caller's transaction."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._guard = threading.Lock()
        self._indexes: dict[str, tuple[tuple[int, ...], ExactIndex]] = {}  # each with the state it shows
        self._building = threading.Lock()
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
            self._write(connection, spec, spec_id, rows, np.concatenate([vectors for _, _, vectors in sounds]))
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

    def index(self, spec: EncoderSpec) -> ExactIndex:
        """Everything that can be searched in a space as it is now; the same object until the library or the matrix changes.

        Sounds whose vectors are lost or damaged are left out, and counted. After a change no more is read than what changed.
        """
        key = spec.key
        with self._building:
            with self._database.reading() as connection:
                version, file = counted(connection, LIBRARY), self.file(spec)
                of_file = file.stamp
                stamp = (version, *of_file)
                with self._guard:
                    before, cached = self._indexes.get(key, ((), None))
                    known = self._whole.get(key)
                if cached is not None and before == stamp:
                    return cached
                settled = _written(of_file) == self._left(connection, key)
                sounds = None
                if cached is not None and known is not None and (known.stamp == of_file or (known.settled and settled)):
                    sounds = since(connection, cached.version)
                table = self._table(connection, find_space(connection, spec), sounds)
                matrix = file.open()
            # not in the transaction: looking at all rows may take seconds, and what is removed meanwhile could not be wiped
            held = self._held(key, _Whole(of_file, np.zeros(0, bool), settled), table["rows"], matrix, goes_on=sounds is not None)
            lost = np.unique(table["ids"][~held])
            if len(lost):
                log.warning("the vectors of %d sounds are lost or damaged", len(lost))
                there = ~np.isin(table["ids"], lost)
                table = {name: column[there] for name, column in table.items()}
            changes = Changes(np.zeros(0, np.int64) if sounds is None else sounds, **table, lost=lost)
            made = (ExactIndex.empty(spec.dim) if cached is None or sounds is None else cached).applied(version, matrix, changes)
            if not self._database.changing:  # else its version may be that of another change later
                with self._guard:
                    self._indexes = _newest(self._indexes, key, (stamp, made))
            return made

    def stamp(self, spec: EncoderSpec) -> tuple[object, ...]:
        """Equal as long as `index` gives the same object; reads no matrix."""
        with self._database.reading() as connection:
            return (spec, counted(connection, LIBRARY), *self.file(spec).stamp)

    def drop_lost(self, connection: Connection, spec: EncoderSpec) -> IntArray:
        """Take out the spans of sounds whose vectors are lost or damaged, so that a scan makes them again; returns their ids."""
        spec_id = find_space(connection, spec)
        lost = self.index(spec).lost
        for first in range(0, len(lost), MANY):
            some = lost[first:first + MANY].tolist()
            connection.execute(delete(span).where(span.c.spec_id == spec_id, span.c.sound_id.in_(some)))
        if len(lost):
            log.warning("the vectors of %d sounds are lost or damaged and will be made again", len(lost))
        return lost

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
                self._indexes.pop(key, None)
                self._whole.pop(key, None)
        return gone

    def forget_free_rows(self) -> None:
        """Look again which rows are unnamed. Not while a transaction is open that has removed spans."""
        with self._guard:
            self._free = {}

    def forget_indexes(self) -> None:
        with self._guard:
            self._indexes, self._whole = {}, {}

    @property
    def bytes(self) -> int:
        """Size of all matrices on the disk."""
        return sum(file.stat().st_size for file in self._folder.glob("*.f32"))

    def _table(self, connection: Connection, spec_id: int | None, sounds: IntArray | None) -> dict[str, NDArray[Any]]:
        """Spans of a space, all or those of some sounds, in order of sounds and time; columns as `Changes` has them."""
        asked = (select(span.c.sound_id, sound.c.folder_id, span.c.row, span.c.start_s, span.c.end_s)
                 .join(sound, sound.c.id == span.c.sound_id).where(span.c.spec_id == spec_id)
                 .order_by(span.c.sound_id, span.c.position))
        if sounds is None:
            return table_of(connection, asked, _KINDS)
        parts = [table_of(connection, asked.where(span.c.sound_id.in_(sounds[first:first + MANY].tolist())), _KINDS)
                 for first in range(0, len(sounds), MANY)]
        return {name: np.concatenate([np.zeros(0, kind), *(part[name] for part in parts)]) for name, kind in _KINDS.items()}

    def _left(self, connection: Connection, key: str) -> str | None:
        """The stamp of a matrix as the last write that was committed left it."""
        return connection.execute(select(encoder_spec.c.matrix).where(encoder_spec.c.key == key)).scalar_one_or_none()

    def _write(self, connection: Connection, spec: EncoderSpec, spec_id: int, rows: IntArray, vectors: FloatArray) -> None:
        """Write rows. All others are as they were: those that were found whole need not be looked at again, by whoever knows that
        nobody else wrote to the file."""
        file, key = self.file(spec), spec.key
        before = file.stamp
        file.write(rows, vectors)
        after = file.stamp
        left = self._left(connection, key)
        if _written(before) != left and (left is not None or before[0]):  # not the first write to a new space
            changed(connection, None)
        connection.execute(update(encoder_spec).where(encoder_spec.c.id == spec_id).values(matrix=_written(after)))
        with self._guard:
            known = self._whole.get(key)
            if known is not None and known.stamp == before:
                self._whole[key] = _Whole(after, known.rows, known.settled)

    def _held(self, key: str, now: _Whole, rows: IntArray, matrix: FloatArray, goes_on: bool) -> NDArray[np.bool_]:
        """Which of the named rows the matrix holds as they were written: int64 (n,) → bool (n,). now: the stamp of its file, got
        before it was opened. goes_on: rows that were found whole before still are."""
        with self._guard:
            known = self._whole.get(key)
        whole = np.zeros(len(matrix), bool)
        if known is not None and (goes_on or known.stamp == now.stamp):
            whole[:len(known.rows)] = known.rows[:len(matrix)]
        there = (rows >= 0) & (rows < len(matrix))
        new = np.unique(rows[there][~whole[rows[there]]])
        whole[new] = whole_rows(matrix, new)
        with self._guard:
            self._whole = _newest(self._whole, key, _Whole(now.stamp, whole, now.settled))
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
            named = table_of(connection, select(span.c.row).where(span.c.spec_id == spec_id), {"rows": np.int64})["rows"]
            taken = np.zeros(max(self.file(spec).rows, int(named.max(initial=-1)) + 1), bool)
            taken[named] = True
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


def _newest(held: dict[str, T], key: str, value: T) -> dict[str, T]:
    """What is held of two spaces: the one that is searched, and the one that the library may change over to."""
    others = [(one, what) for one, what in held.items() if one != key]
    return dict([*others[-1:], (key, value)])


def _written(stamp: tuple[int, ...]) -> str:
    return " ".join(map(str, stamp))
