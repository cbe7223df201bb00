"""Vectors on disk that can be made again: each file appears whole or not at all, and what is unreadable is made anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.files import PRIVATE, own_folder, whole
from engine.records import EncoderSpec, FloatArray

log = logging.getLogger(__name__)

KEPT = 8  # files that stay in a folder, the youngest


def file_in(folder: Path, spec: EncoderSpec, things: Sequence[str]) -> Path:
    """The file for the vectors that an encoder gives to these things (texts, names)."""
    said = "\n".join((spec.name, spec.version, spec.sha256, *things))
    return folder / f"{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}.npy"


def read(file: Path, shape: tuple[int, int]) -> FloatArray | None:
    """The float32 array of this shape, None where there is none, or it is damaged."""
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.shape == shape and found.dtype == np.float32 and np.isfinite(found).all() else None


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
