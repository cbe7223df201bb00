"""Maps that took long to draw, kept in the workspace, so that the next start shows them at once.

A file says where the points lie, in the order in which they were fitted, with what parameters and how well: no vectors, no
names, no ids. It belongs to the vectors whose hash is in its name; what no longer belongs to any is removed. Every file may be
thrown away at any time: the map is drawn anew then.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import UsageError
from engine.files import PRIVATE, open_regular, own_folder, write_whole
from engine.projection.methods import Coordinates, Method, validated
from engine.records import MapQuality, Space

log = logging.getLogger(__name__)

FORMAT = 1
KEPT = 6  # maps of one space and method that stay, the youngest: each with other parameters
ABOUT_BYTES = 4096  # at most, of what is said beside the places
AROUND_BYTES = 4096  # of headers and names in a file


@dataclass(frozen=True)
class Layout:
    """Where fitted points lie. asked: the parameters as they were given; places: float64 (n, 2)."""

    asked: Mapping[str, Any]
    places: Coordinates = field(repr=False)
    quality: MapQuality
    took_s: float


class KeptMaps:
    """allowed(space): whether anything of it may lie on the disk in plain now."""

    def __init__(self, folder: Path, allowed: Callable[[Space], bool]) -> None:
        self._folder, self._allowed = folder, allowed

    def find(self, space: Space, method: Method, revision: str, points: int, asked: Mapping[str, Any] | None) -> Layout | None:
        """The map of these vectors that was drawn last, with these parameters where they are given; None where there is none."""
        self._tidy(space, revision)
        files = self._youngest_first(f"{_of(space, revision)}-{method}-*.npz")
        if asked is not None:
            wanted = self._file(space, method, revision, asked)
            files = [file for file in files if file == wanted]
        return next((found for file in files if (found := _read(file, method, points)) is not None), None)

    def keep(self, space: Space, method: Method, revision: str, layout: Layout) -> None:
        """Write a map down; where that is not possible, the next start draws it anew."""
        if not self._allowed(space):
            return
        about = json.dumps({"format": FORMAT, "asked": dict(layout.asked), "took_s": layout.took_s, "quality": [
            layout.quality.trustworthiness, layout.quality.continuity, layout.quality.neighbours_kept, layout.quality.k]})
        content = io.BytesIO()
        np.savez(content, about=np.frombuffer(about.encode(), np.uint8), places=np.asarray(layout.places, np.float64))
        try:
            own_folder(self._folder, narrow=True)
            write_whole(self._file(space, method, revision, layout.asked), content.getvalue(), PRIVATE)
            for old in self._youngest_first(f"{_of(space, revision)}-{method}-*.npz")[KEPT:]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("a map could not be kept: %s", error.strerror)
        self._tidy(space, revision)

    def drop(self, space: Space, revision: str) -> None:
        """Remove the maps of vectors that are not those of the space any more."""
        self._remove(self._folder.glob(f"{_of(space, revision)}-*"))

    def _tidy(self, space: Space, revision: str) -> None:
        """Remove maps of what the space held before, and all of it where none may be kept."""
        stays = f"{_of(space, revision)}-" if self._allowed(space) else None
        self._remove(file for file in self._folder.glob(f"{space}-*") if stays is None or not file.name.startswith(stays))

    def _remove(self, files: Iterable[Path]) -> None:
        for file in files:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                log.warning("an old map could not be removed: %s", error.strerror)

    def _youngest_first(self, pattern: str) -> list[Path]:
        found = []
        for file in self._folder.glob(pattern):
            try:
                found.append((file.stat().st_mtime_ns, file))
            except OSError:  # another program removed it just now
                continue
        return [file for _, file in sorted(found, reverse=True)]

    def _file(self, space: Space, method: Method, revision: str, asked: Mapping[str, Any]) -> Path:
        plain = {name: float(value) if isinstance(value, int | float) else value for name, value in asked.items()}
        said = json.dumps(plain, sort_keys=True)
        return self._folder / f"{_of(space, revision)}-{method}-{hashlib.sha256(said.encode()).hexdigest()[:16]}.npz"


def _of(space: Space, revision: str) -> str:
    return f"{space}-{revision[:32]}"


def _read(file: Path, method: Method, points: int) -> Layout | None:
    """The map in a file, None where the file is not one of `points` points: damaged, or not ours."""
    most = 16 * points + ABOUT_BYTES + AROUND_BYTES
    try:
        with open_regular(file) as opened:
            content = opened.read(most + 1)
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if len(content) > most or sum(part.file_size for part in parts.infolist()) > most:
                return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about, places = arrays["about"], arrays["places"]
        if about.dtype != np.uint8 or places.dtype != np.float64 or places.shape != (points, 2) or not np.isfinite(places).all():
            return None
        said = json.loads(about.tobytes())
        if said["format"] != FORMAT:
            return None
        asked, (trusted, continuity, kept, k) = validated(method, said["asked"]), said["quality"]
        quality = MapQuality(_share(trusted), _share(continuity), _share(kept), int(k))
        return Layout(asked, places, quality, _seconds(said["took_s"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, OverflowError, NotImplementedError, RuntimeError,
            zipfile.BadZipFile, zlib.error, UsageError):
        log.info("a kept map could not be used")
        return None


def _share(value: Any) -> float | None:
    if value is None:
        return None
    if not 0 <= float(value) <= 1:
        raise ValueError("no share")
    return float(value)


def _seconds(value: Any) -> float:
    if not math.isfinite(float(value)) or float(value) < 0:
        raise ValueError("no time")
    return float(value)
