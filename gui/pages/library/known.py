"""What the Library page knows of the library: its folders, its size, what could not be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EncoderError, ListBroken
from engine.library import Library
from engine.records import Failure, Folder, LibraryStats
from gui.pages.library.folders import below


@dataclass(frozen=True)
class Known:
    """subfolders: how many sounds lie below each, by the id of the folder of the library. counted: they are those of these
    stats."""

    stats: LibraryStats
    folders: list[Folder]
    failures: list[Failure]
    subfolders: dict[int, Counter[Path]]
    counted: bool


def look(library: Library, before: Known | None, scanning: bool) -> Known:
    """What is there now. Counting below the folders reads every path, so it waits for the end of a scan."""
    folders = library.folders()
    try:
        stats, failures = library.stats(), library.failures()
    except (EncoderError, ListBroken):  # the window says so; what was indexed is listed and played all the same
        stats = LibraryStats(len(folders), sum(f.sounds for f in folders), 0, sum(f.audio_s for f in folders), 0, 0)
        failures = []
    if before is not None and (scanning or (before.counted and before.stats == stats)):
        return Known(stats, folders, failures, before.subfolders, before.counted and before.stats == stats)
    subfolders = {f.id: below(f.path, library.places(f.path)) for f in folders if f.sounds}
    return Known(stats, folders, failures, subfolders, counted=True)
