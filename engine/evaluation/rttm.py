"""References of who spoke when: RTTM, Rich Transcription Time Marked (NIST RT-09)."""

from __future__ import annotations

import math
from pathlib import Path

from engine.errors import UsageError
from engine.records import Span

Turns = list[tuple[str, Span]]


def read(path: Path) -> dict[str, Turns]:
    """The turns of each recording that a file names, in the order of the file: (speaker, stretch).

    Lines: `SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>`, in seconds. Empty lines, comments (`;;`) and lines
    of other types are passed over. Raises UsageError, with the number of the line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    found: dict[str, Turns] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            recording, speaker, span = _turn(fields, f"Line {number} of {path}")
            found.setdefault(recording, []).append((speaker, span))
    return found


def _turn(fields: list[str], where: str) -> tuple[str, str, Span]:
    if len(fields) < 8:
        raise UsageError(f"{where} has {len(fields)} fields; a turn has at least 8.")
    try:
        start_s, length_s = float(fields[3]), float(fields[4])
    except ValueError:
        raise UsageError(f"{where} gives no start and length in seconds.") from None
    if not (math.isfinite(start_s) and math.isfinite(length_s) and start_s >= 0 and length_s >= 0):
        raise UsageError(f"{where}: start and length must not be below 0.")
    return fields[1], fields[7], Span(start_s, start_s + length_s)
