"""Timelines of an Earmark in memory: two voices and two strangers speak in every file."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import DecodeError, EarmarkError, EnrollmentError, VoiceUnknown
from engine.records import Span, Timeline, TimelineTrack, TimelineTurn, Voice
from engine.store.records import Naming
from engine.tasks import Ticket
from engine.voices.timeline.people import ANY, People

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLAN = ((0, 0.5, 12), (1, 13, 28), (2, 30, 41), (0, 44, 51), (3, 53, 56), (1, 58, 69), (2, 71, 76), (0, 78, 118))

BUSY = "The disk is full."


class FakeTimelines:
    """`hold`: while set, making stays where it is. `fail`: raised by the next act. `busy`: what is made is not kept."""

    def __init__(self, voices: Any) -> None:
        self._voices = voices
        self.kept: list[Timeline] = []
        self.named: list[tuple[Naming, list[Timeline]]] = []
        self.hold = threading.Event()
        self.fail: EarmarkError | None = None
        self.busy = False
        self.people: list[People] = []  # as they were told
        self.left: list[tuple[Path, datetime]] = []  # recordings of a killed program
        self._ids = 0

    def make(self, path: Path, keep: bool = True, ticket: Ticket | None = None, people: People = ANY) -> Timeline:
        ticket = ticket or Ticket()
        self.people.append(people)
        for done in range(5):
            ticket.report(30.0 * done, 120.0, path.name, "× real time", 48.0)
            while self.hold.is_set():
                ticket.check()
                time.sleep(0.01)
        self._refuse()
        if path.suffix == ".txt":
            raise DecodeError(path, "this is not a sound file.")
        made = self._timeline(path, silent="silence" in path.name)
        if self.busy:
            return replace(made, not_kept=BUSY)
        self._ids += 1
        made = replace(made, id=self._ids)
        self.kept.insert(0, made)
        return made

    def keep_recorded(self, recorded: Path) -> Timeline:
        """What a fake listener recorded is told by its path."""
        self._refuse()
        self._ids += 1
        made = replace(self._timeline(recorded, silent=False), id=self._ids)
        self.kept.insert(0, made)
        return made

    def list(self) -> list[Timeline]:
        self._refuse()
        return list(self.kept)

    def gone(self, timelines: Any) -> frozenset[int]:
        """Those whose name says so."""
        return frozenset(one.id for one in timelines if "gone" in one.path.name)

    def unheard(self, timelines: Any) -> list[tuple[Path, datetime]]:
        return [one for one in self.left if all(one[0] != kept.path for kept in timelines)]

    def get(self, timeline_id: int) -> Timeline:
        for one in self.kept:
            if one.id == timeline_id:
                return one
        raise EnrollmentError("This timeline is not there any more.")

    def remove(self, timeline_id: int) -> None:
        self._refuse()
        self.kept.remove(self.get(timeline_id))

    def name_stranger(self, timeline_id: int, number: int, name: str, anyway: bool = False) -> Naming:
        """Stranger 1 of all recordings is the same person."""
        self._refuse()
        if not any(track.stranger == number and track.voice is None for track in self.get(timeline_id).tracks):
            raise VoiceUnknown(f"Stranger {number}")
        before = list(self.kept)
        known = next((v for v in self._voices.list() if v.name.casefold() == name.casefold()), None)
        voice = known or self._voices.begin(name)
        self._voices.finish(voice.id)
        count = 0
        for at, one in enumerate(self.kept):
            tracks = []
            for track in one.tracks:
                hit = track.voice is None and track.stranger == number and (one.id == timeline_id or number == 1)
                count += hit
                tracks.append(replace(track, voice_id=voice.id, voice=voice.name, colour=voice.colour) if hit else track)
            self.kept[at] = replace(one, tracks=tuple(tracks))
        naming = Naming(len(self.named) + 1, voice.name, 1, known is None, datetime.now(UTC), count)
        self.named.append((naming, before))
        return naming

    def name_live_stranger(self, listener: Any, number: int, name: str, anyway: bool = False) -> Voice:
        self._refuse()
        known = next((v for v in self._voices.list() if v.name == name), None)
        self._voices.note_enrolled(name)
        voice = known or self._voices.begin(name)
        self._voices.finish(voice.id)
        listener.name_stranger(number, voice.id)
        listener.look_again()
        return self._voices.get(name)

    def namings(self) -> Sequence[Naming]:
        return [naming for naming, _ in reversed(self.named)]

    def undo_naming(self, naming_id: int | None = None) -> Naming:
        if not self.named:
            raise EnrollmentError("There is no naming to undo.")
        naming, self.kept = self.named.pop()
        if naming.made_voice:
            self._voices.remove(naming.voice)
        return naming

    def _refuse(self) -> None:
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure

    def _timeline(self, path: Path, silent: bool) -> Timeline:
        voices = self._voices.list()[:2]
        plan = () if silent else PLAN
        spoken = [sum(end - start for who, start, end in PLAN if who == n) for n in range(4)]
        tracks = [TimelineTrack(n + 1, v.id, v.name, None, v.colour, "match" if n == 0 else "tentative", 0.84 - 0.11 * n,
                                spoken[n], 0) for n, v in enumerate(voices)]
        tracks += [TimelineTrack(n + 1, None, None, n - len(voices) + 1, None, "unknown", 0.41 if voices else None, spoken[n], 4)
                   for n in range(len(voices), 4)]
        return Timeline(None, path, f"{len(path.name):064x}", 120.0, NOON, () if silent else tuple(tracks),
                        tuple(TimelineTurn(who, Span(start, end)) for who, start, end in plan))
