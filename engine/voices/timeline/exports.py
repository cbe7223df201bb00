"""Timelines as files for other programs: RTTM, CSV, Audacity labels, SRT. A file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.errors import StoreError, UsageError
from engine.files import write_whole
from engine.records import Timeline
from engine.texts import as_name, csv_table, decoded


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
    """CSV with a head: start_s, end_s, speaker, status, similarity; status and similarity of the whole track."""
    rows = []
    for turn in timeline.turns:
        track = timeline.tracks[turn.track]
        rows.append((f"{turn.span.start_s:.3f}", f"{turn.span.end_s:.3f}", track.label, track.status,
                     "" if track.similarity is None else f"{track.similarity:.4f}"))
    return csv_table(("start_s", "end_s", "speaker", "status", "similarity"), rows).decode("utf-8")


def audacity(timeline: Timeline) -> str:
    """A label track of Audacity: start, end and name with tabs between them."""
    return "".join(f"{turn.span.start_s:.6f}\t{turn.span.end_s:.6f}\t{_joined(timeline.tracks[turn.track].label, ' ')}\n"
                   for turn in timeline.turns)


def srt(timeline: Timeline) -> str:
    """SubRip subtitles that show who speaks."""
    return "\n".join(
        f"{number}\n{_clock(turn.span.start_s)} --> {_clock(turn.span.end_s)}\n"
        f"{_joined(timeline.tracks[turn.track].label, ' ').replace('-->', '→').translate(_NO_MARKUP)}\n"
        for number, turn in enumerate(timeline.turns, 1))


KINDS: dict[str, Callable[[Timeline], str]] = {"rttm": rttm, "csv": table, "audacity": audacity, "srt": srt}
SUFFIXES = {"rttm": (".rttm", ".txt"), "csv": (".csv", ".txt"), "audacity": (".txt", ".audacity", ".lab"),
            "srt": (".srt", ".txt")}
"""How the name of a file of each kind may end."""
_NO_MARKUP = str.maketrans("<>{}", "‹›()")
"""Players of subtitles take what stands between these for markup."""


def write(timeline: Timeline, kind: str, path: Path) -> None:
    """Write one of KINDS, UTF-8, in place of a file that is there. Raises UsageError (kind), StoreError (disk, folder)."""
    if kind not in KINDS:
        raise UsageError(f"A timeline is exported as {', '.join(KINDS)}, not as “{kind}”.")
    try:
        write_whole(path, KINDS[kind](timeline).encode("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path.name} cannot be written: {getattr(error, 'strerror', None) or error}.") from error


def _joined(name: str, glue: str) -> str:
    """A name in one line without tabs: white space and what cannot be seen become the glue; bytes that are no text escaped."""
    return glue.join(as_name(decoded(name)).split()) or "_"


def _clock(seconds: float) -> str:
    """HH:MM:SS,mmm."""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"
