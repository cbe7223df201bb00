"""Vectors on disk that can be made again: each file appears whole or not at all, and what is unreadable is made anew."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.files import PRIVATE, open_regular, own_folder, whole
from engine.records import EncoderSpec, FloatArray

log = logging.getLogger(__name__)

ROUNDING = 0.01
"""How far the squared norm of a unit row can be from 1."""
KEPT = 8  # files that stay in a folder, the youngest


def file_in(folder: Path, spec: EncoderSpec, things: Sequence[str]) -> Path:
    """The file for the vectors that an encoder gives to these things (texts, names)."""
    said = "\n".join((spec.key, *things))
    return folder / f"{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}.npy"


def read(file: Path, shape: tuple[int, int]) -> FloatArray | None:
    """The unit rows, float32 of this shape; None where there are none, or they are damaged."""
    head = io.BytesIO()  # as it is for this shape; a damaged one may promise anything, and numpy's reader trips over some
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    start, size = len(head.getvalue()), 4 * shape[0] * shape[1]
    try:
        with open_regular(file) as opened:
            data = opened.read(start + size + 1)
    except OSError:
        return None
    if len(data) != start + size or data[:start] != head.getvalue():
        return None
    found = np.frombuffer(data, np.float32, offset=start).reshape(shape)
    with np.errstate(all="ignore"):
        squared = np.einsum("rd,rd->r", found, found)
    return found if bool((np.abs(squared - 1) < ROUNDING).all()) else None


def write(file: Path, vectors: FloatArray) -> None:
    """Keep vectors; where they cannot be written, the next run makes them again."""
    try:
        own_folder(file.parent, narrow=True)
        with whole(file, PRIVATE) as opened:
            np.save(opened, vectors.astype(np.float32), allow_pickle=False)
        old = sorted(file.parent.glob("*.npy"), key=lambda p: p.stat().st_mtime)[:-KEPT]
        for stale in old:
            stale.unlink(missing_ok=True)
    except OSError as error:
        log.warning("vectors could not be kept: %s", error.strerror)
