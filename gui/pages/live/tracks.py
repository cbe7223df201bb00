"""A recording's timeline as lanes, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.records import IdentificationStatus, Timeline, TimelineTrack, TimelineTurn, Turn
from gui import words
from gui.widgets.timeline import Lane, Stretch, lanes_of_turns


def lanes(timeline: Timeline) -> tuple[list[Lane], list[Stretch]]:
    """Lanes in the order of `Timeline.tracks`, and its turns in them."""
    made = [Lane(label(track), track.speech_s, track.colour if track.voice is not None else None,
                 track.stranger if can_name(timeline, track) else None, _tip(track)) for track in timeline.tracks]
    return made, [Stretch(turn.track, status(timeline.tracks[turn.track]), turn.span) for turn in timeline.turns]


def label(track: TimelineTrack) -> str:
    if track.voice is not None:
        return track.voice
    return _tr("Unknown") if track.stranger is None else _tr("Stranger {}").format(track.stranger)


def status(track: TimelineTrack) -> IdentificationStatus:
    """How it is drawn: somebody who was named by the user is as sure as a match."""
    if track.voice is None:
        return "unknown"
    return "match" if was_named(track) else track.status


def was_named(track: TimelineTrack) -> bool:
    """It was a stranger until the user gave it a name."""
    return track.voice is not None and track.stranger is not None


def can_name(timeline: Timeline, track: TimelineTrack) -> bool:
    return timeline.id is not None and track.voice is None and track.stranger is not None and track.samples > 0


def summary(timeline: Timeline) -> str:
    """"2 voices · 1 stranger"."""
    voices = sum(track.voice is not None for track in timeline.tracks)
    strangers = sum(track.voice is None and track.stranger is not None for track in timeline.tracks)
    bits = []
    if voices:
        bits.append(_tr("1 voice") if voices == 1 else _tr("{} voices").format(voices))
    if strangers:
        bits.append(_tr("1 stranger") if strangers == 1 else _tr("{} strangers").format(strangers))
    return " · ".join(bits) or (_tr("nobody known") if timeline.tracks else _tr("nobody speaks"))


def of_session(turns: Sequence[Turn], elapsed_s: float, began: datetime, colours: Mapping[str, int]) -> Timeline:
    """What a live session found, as a timeline to be exported. All who have no number share one track."""
    found, stretches = lanes_of_turns(turns, colours)
    status: dict[int, IdentificationStatus] = {}
    for one in stretches:
        status[one.lane] = "match" if "match" in (one.status, status.get(one.lane)) else one.status
    tracks = tuple(TimelineTrack(0, None, None if lane.can_name else lane.name, lane.stranger, lane.colour, status[at], None,
                                 lane.spoken_s, 0) for at, lane in enumerate(found))
    return Timeline(None, Path(f"Live {began:%Y-%m-%d %H-%M-%S}.wav"), "", elapsed_s, began, tracks,
                    tuple(TimelineTurn(one.lane, one.span) for one in stretches))


def _tip(track: TimelineTrack) -> str:
    if was_named(track):
        return _tr("named by you")
    if track.voice is None:
        word = _tr("unknown")
        return word if track.similarity is None else _tr("{} · similarity to the nearest voice {}").format(
            word, words.similarity(track.similarity))
    word = _tr("tentative") if track.status == "tentative" else _tr("match")
    return word if track.similarity is None else _tr("{} · similarity {}").format(word, words.similarity(track.similarity))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Tracks", text)
