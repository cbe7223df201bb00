"""Timelines as files for other programs: RTTM, CSV, Audacity labels, SRT. A file appears whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path

from engine.errors import StoreError, UsageError
from engine.records import Timeline


def rttm(timeline: Timeline) -> str:
    """Rich Transcription Time Marked (NIST RT-09): one line a turn, times in seconds.

    Fields are parted by spaces, so that white space in names and in the file's name becomes “_”; two speakers whose
    names become the same are numbered.
    """
    names: list[str] = []
    for track in timeline.tracks:
        name = wanted = _joined(track.label, "_")
        number = 1
        while name in names:
            number += 1
            name = f"{wanted}_{number}"
        names.append(name)
    file = _joined(timeline.path.stem, "_")
    return "".join(
        f"SPEAKER {file} 1 {turn.span.start_s:.3f} {turn.span.duration_s:.3f} <NA> <NA> {names[turn.track]} <NA> <NA>\n"
        for turn in timeline.turns)


def table(timeline: Timeline) -> str:
    """CSV (RFC 4180) with a head: start_s, end_s, speaker, status, similarity; status and similarity of the whole track."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("start_s", "end_s", "speaker", "status", "similarity"))
    for turn in timeline.turns:
        track = timeline.tracks[turn.track]
        rows.writerow((f"{turn.span.start_s:.3f}", f"{turn.span.end_s:.3f}", track.label, track.status,
                       "" if track.similarity is None else f"{track.similarity:.4f}"))
    return text.getvalue()


def audacity(timeline: Timeline) -> str:
    """A label track of Audacity: start, end and name with tabs between them."""
    return "".join(f"{turn.span.start_s:.6f}\t{turn.span.end_s:.6f}\t{_joined(timeline.tracks[turn.track].label, ' ')}\n"
                   for turn in timeline.turns)


def srt(timeline: Timeline) -> str:
    """SubRip subtitles that show who speaks."""
    return "\n".join(
        f"{number}\n{_clock(turn.span.start_s)} --> {_clock(turn.span.end_s)}\n"
        f"{_joined(timeline.tracks[turn.track].label, ' ').replace('-->', '→')}\n"
        for number, turn in enumerate(timeline.turns, 1))


KINDS: dict[str, Callable[[Timeline], str]] = {"rttm": rttm, "csv": table, "audacity": audacity, "srt": srt}


def write(timeline: Timeline, kind: str, path: Path) -> None:
    """Write one of KINDS, UTF-8, in place of a file that is there. Raises UsageError (kind), StoreError (disk, folder)."""
    if kind not in KINDS:
        raise UsageError(f"A timeline is exported as {', '.join(KINDS)}, not as “{kind}”.")
    content = KINDS[kind](timeline).encode("utf-8", "backslashreplace")
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path.name} cannot be written: {getattr(error, 'strerror', None) or error}.") from error


def _joined(name: str, glue: str) -> str:
    """A name in one line without tabs: white space and control characters become the glue; bytes that are no text are escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return glue.join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split()) or "_"


def _clock(seconds: float) -> str:
    """HH:MM:SS,mmm."""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"
