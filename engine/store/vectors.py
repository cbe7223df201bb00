"""One matrix of float32 rows in a file, read through a memory map.

The file has no header: row r of a space of dimension d is the d little-endian floats from byte 4·d·r on. Which rows
mean something is known by the database alone. Rows are written and synced before the transaction that names them
commits, so that a kill at any moment leaves at most rows that nobody names, and those are written again.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError, StoreError
from engine.files import own_file
from engine.records import FloatArray


class VectorFile:
    """The matrix of one space. One writer at a time (the workspace's lock sees to it), any number of readers."""

    def __init__(self, path: Path, dim: int) -> None:
        self._path = path
        self._dim = dim
        self._row_bytes = 4 * dim

    @property
    def rows(self) -> int:
        """How many whole rows the file holds; a row torn by a kill does not count."""
        try:
            return self._path.stat().st_size // self._row_bytes
        except FileNotFoundError:
            return 0

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
        rows = self.rows
        if rows == 0:
            return np.zeros((0, self._dim), np.float32)
        try:
            mapped = np.memmap(self._path, dtype="<f4", mode="r", shape=(rows, self._dim))
        except (OSError, ValueError) as error:
            raise StoreError(f"The vectors cannot be read: {error}.") from error
        return np.asarray(mapped)
