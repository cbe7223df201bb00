"""One matrix of float32 rows in a file, read through a memory map.

The file has no header: row r of a space of dimension d is the d little-endian floats from byte 4·d·r on. Which rows
mean something is known by the database alone. Rows are written and synced before the transaction that names them
commits, so that a kill at any moment leaves at most rows that nobody names, and those are written again.

The file can be lost or damaged all the same (a disk, a copy that stopped, another program). Every row that was written has
unit norm, so `whole_rows` knows those that are not what was written, unless a few of their bits alone have changed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError, StoreError
from engine.files import NotAFile, open_regular, own_file
from engine.records import FloatArray

ROUNDING = 4e-3
"""How far the squared norm of a whole row can be from 1; `SpanStore.write` lets in norms within 1e-3."""
ROWS_AT_ONCE = 4096


class VectorFile:
    """The matrix of one space. One writer at a time (the workspace's lock sees to it), any number of readers."""

    def __init__(self, path: Path, dim: int) -> None:
        self._path = path
        self._dim = dim
        self._row_bytes = 4 * dim

    @property
    def rows(self) -> int:
        """How many whole rows the file holds; a row torn by a kill does not count, and what is no file holds none."""
        return self.stamp[0] // self._row_bytes

    @property
    def stamp(self) -> tuple[int, ...]:
        """Size, and what else changes when somebody writes to the file or puts another one in its place."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return (0,)
        return (found.st_size if stat.S_ISREG(found.st_mode) else 0, found.st_mtime_ns, found.st_ino)

    def write(self, rows: NDArray[np.int64], vectors: FloatArray) -> None:
        """Write rows and wait until they are on the disk.

        rows: int64 (n,), increasing. vectors: float32 (n, dim). Raises ShapeError, StoreError.
        """
        if vectors.shape != (len(rows), self._dim):
            raise ShapeError(f"{len(rows)} rows of {self._dim} numbers were expected, got the shape {vectors.shape}.")
        if not np.isfinite(vectors).all():
            raise ShapeError("A vector holds NaN or infinity.")
        data = np.ascontiguousarray(vectors, dtype="<f4")
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        try:
            own_file(self._path)
            if not stat.S_ISREG(kind := self._path.stat().st_mode):
                raise NotAFile(kind)
            with self._path.open("r+b") as file:
                for run, block in zip(np.split(rows, breaks), np.split(data, breaks), strict=True):
                    if len(run):
                        file.seek(int(run[0]) * self._row_bytes)
                        file.write(block.tobytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"The vectors cannot be written: {error.strerror or error}.") from error

    def open(self) -> FloatArray:
        """The matrix as it is now: float32 (rows, dim), memory-mapped, read-only. Raises StoreError."""
        try:
            with open_regular(self._path) as file:
                rows = os.fstat(file.fileno()).st_size // self._row_bytes
                mapped = np.memmap(file, dtype="<f4", mode="r", shape=(rows, self._dim)) if rows else None
        except (FileNotFoundError, NotAFile):
            mapped = None
        except (OSError, ValueError) as error:
            raise StoreError(f"The vectors cannot be read: {error}.") from error
        return np.zeros((0, self._dim), np.float32) if mapped is None else np.asarray(mapped)


def whole_rows(matrix: FloatArray, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows of a matrix (n, dim) are finite and of unit norm, as all are that were written: int64 (m,) → bool (m,).

    Reads these rows once.
    """
    whole = np.zeros(len(rows), bool)
    with np.errstate(all="ignore"):  # the sum of what is no number is none, or overflows
        for first in range(0, len(rows), ROWS_AT_ONCE):
            block = matrix[rows[first:first + ROWS_AT_ONCE]]
            whole[first:first + ROWS_AT_ONCE] = np.abs(np.einsum("rd,rd->r", block, block) - 1) < ROUNDING
    return whole
