"""Walking the folders of the library: which sound files are there now, and what could not be looked at.

Everything is looked at but names that begin with a dot; files that are no sounds by their names are counted by kind; pipes,
sockets and devices are named in what failed. Symbolic links are followed; each real folder is visited once, by its own path
where there is one, so that a loop of links ends and a sound is not listed once for each link to it.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.files import kind_of
from engine.records import Failure, Folder, PassedOver
from engine.store import FileKey, KnownSound
from engine.tasks import Ticket

log = logging.getLogger(__name__)

EXAMPLES = 20
"""Files of a kind that are named where a scan passes them over."""
_LATEST_NS, _EARLIEST_NS = 2**63 - 1, -(2**63)  # what the database can hold: the years 1677 to 2262

GONE = "The folder cannot be reached. Its sounds were kept."


@dataclass(frozen=True)
class Found:
    """A sound file that is there."""

    path: Path
    folder_id: int
    key: FileKey


@dataclass
class Seen:
    """What a walk saw.

    offline: folders that cannot be reached or whose disk is gone. unsure: places inside reachable folders that could
    not be looked at; nothing is said about the sounds below. devices: st_dev of each reachable folder. others: files that
    are no sounds by their names, how many of each ending and the first of them.
    """

    found: list[Found] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    offline: set[int] = field(default_factory=set)
    unsure: set[Path] = field(default_factory=set)
    devices: dict[int, int] = field(default_factory=dict)
    others: dict[str, tuple[int, list[Path]]] = field(default_factory=dict)

    def pass_over(self, path: Path, kind: str) -> None:
        number, named = self.others.setdefault(kind, (0, []))
        if len(named) < EXAMPLES:
            named.append(path)
        self.others[kind] = (number + 1, named)

    def passed_over(self) -> tuple[PassedOver, ...]:
        kinds = sorted(self.others.items(), key=lambda one: (-one[1][0], one[0]))
        return tuple(PassedOver(kind, number, tuple(named)) for kind, (number, named) in kinds)

    def vouches_for(self, sound: KnownSound) -> bool:
        """Whether the walk would have found this sound if it were there."""
        if sound.folder_id in self.offline:
            return False
        return not self.unsure or not any(place in self.unsure for place in (sound.path, *sound.path.parents))


def device_if_online(path: Path, sounds: int, last_device: int | None) -> int | None:
    """st_dev of a folder; None when it is offline.

    A disk that is not mounted may leave an empty folder behind. The device tells it from a folder that was emptied: an
    empty folder that held sounds and stands on another device than before is offline.
    """
    try:
        device = path.stat().st_dev
        with os.scandir(path) as entries:
            empty = next(iter(entries), None) is None
    except OSError:
        return None
    if empty and sounds and last_device is not None and device != last_device:
        return None
    return device


def key_of(status: os.stat_result) -> FileKey:
    """Size and time of change; of a time that the database cannot hold, the nearest."""
    return FileKey(status.st_size, min(_LATEST_NS, max(_EARLIEST_NS, status.st_mtime_ns)))


def walk(folders: Sequence[Folder], suffixes: Collection[str], last_device: Callable[[int], int | None],
         ticket: Ticket) -> Seen:
    """Look through the folders. Raises Cancelled."""
    seen = Seen()
    visited: set[tuple[int, int]] = set()
    links: list[tuple[Path, int]] = []
    for folder in folders:
        device = device_if_online(folder.path, folder.sounds, last_device(folder.id))
        if device is None:
            seen.offline.add(folder.id)
            seen.failed.append(Failure(folder.path, GONE))
            continue
        seen.devices[folder.id] = device
        _walk_one(folder.path, folder.id, suffixes, seen, visited, links, ticket)
    for path, folder_id in _growing(links):
        _walk_one(path, folder_id, suffixes, seen, visited, links, ticket)
    for folder in folders:
        if folder.id not in seen.offline and not folder.path.is_dir():
            seen.offline.add(folder.id)
            seen.failed.append(Failure(folder.path, GONE))
    if seen.unsure or seen.offline:
        log.warning("%d folders are offline, %d places could not be looked at", len(seen.offline), len(seen.unsure))
    return seen


def _walk_one(top: Path, folder_id: int, suffixes: Collection[str], seen: Seen, visited: set[tuple[int, int]],
              links: list[tuple[Path, int]], ticket: Ticket) -> None:
    waiting = [top]
    while waiting:
        ticket.report(len(seen.found), None, "Looking for sounds")
        place = waiting.pop()
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(place) as entries:
                inside = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            seen.unsure.add(place)
            seen.failed.append(Failure(place, f"The folder cannot be read: {error.strerror or error}."))
            continue
        below = []
        for entry in inside:
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            try:
                if entry.is_dir():
                    if entry.is_symlink():
                        links.append((path, folder_id))
                    else:
                        below.append(path)
                elif not entry.is_file() and not stat.S_ISREG(mode := entry.stat().st_mode):
                    seen.failed.append(Failure(path, f"This is {kind_of(mode)}, not a file."))
                elif (kind := os.path.splitext(entry.name)[1].lower()) in suffixes:  # noqa: PTH122 - entry is no Path
                    seen.found.append(Found(path, folder_id, key_of(entry.stat())))
                else:
                    seen.pass_over(path, kind)
            except FileNotFoundError:
                seen.failed.append(Failure(path, "This link points to a file that is not there."
                                           if entry.is_symlink() else "The file disappeared during the scan."))
            except OSError as error:
                seen.unsure.add(path)
                seen.failed.append(Failure(path, f"The file cannot be read: {error.strerror or error}."))
        waiting += reversed(below)


def _growing(items: list[tuple[Path, int]]) -> Iterator[tuple[Path, int]]:
    """All items of a list that grows while it is worked through."""
    at = 0
    while at < len(items):
        yield items[at]
        at += 1
