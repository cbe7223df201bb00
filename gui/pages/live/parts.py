"""Which parts of a live session were recorded, and in which files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.audio.recorder import so_far


class RecordedParts:
    """Of one session, in the order in which they were recorded. Times are those of the session, in seconds."""

    def __init__(self) -> None:
        self._parts: list[tuple[Path, float, float | None]] = []  # from when, until when (None: it goes on)

    def begin(self, path: Path, at_s: float) -> None:
        self._parts.append((path, at_s, None))

    def end(self, at_s: float) -> None:
        """The last part is over; nothing where it was already."""
        if self._parts and self._parts[-1][2] is None:
            path, begins_s, _ = self._parts[-1]
            self._parts[-1] = (path, begins_s, at_s)

    def at(self, time_s: float) -> tuple[Path, float] | None:
        """The file that holds a moment, and when it began; None where nothing was recorded."""
        for path, begins_s, ends_s in self._parts:
            if begins_s <= time_s and (ends_s is None or time_s < ends_s):
                return so_far(path), begins_s
        return None


@dataclass(frozen=True)
class Past:
    """A session that was put away: who listened, who spoke when in it (LiveLanes), and what was recorded."""

    listener: Any
    lanes: Any
    recorded: RecordedParts
    began_at: datetime | None
    ended_at: datetime | None
