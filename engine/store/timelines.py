"""Timelines: recordings, who speaks in them, and the strangers with what they can be known again by.

Voices are named by their id, so that a timeline shows the name of today, and what a removed voice said goes with it.
Vectors are kept of strangers alone, and of strangers that were named, because naming can be undone.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from engine.errors import EnrollmentError, ShapeError, StrangerUnknown
from engine.index import unit
from engine.records import Embedding, EncoderSpec, Span, Timeline, TimelineTrack, TimelineTurn
from engine.store.database import Database, inserted_id
from engine.store.records import Naming, NewTimeline, NewTrack, Stranger
from engine.store.schema import naming, stranger_sample, take, timeline, track, turn, voice
from engine.store.sealed import Records, of_name, of_stranger, of_timeline
from engine.store.seals import Seals
from engine.store.spaces import find_space, take_space
from engine.store.voices import VoiceStore


class TimelineStore:
    """Reads and writes timelines. Writes raise Busy and StoreError; an id that is not there raises EnrollmentError."""

    def __init__(self, database: Database, voices: VoiceStore, seals: Seals) -> None:
        self._database, self._voices, self._seals = database, voices, seals

    # --- timelines ---

    def list(self) -> builtins.list[Timeline]:
        """All timelines, newest first."""
        with self._database.reading() as connection:
            ids = connection.execute(select(timeline.c.id).order_by(timeline.c.made_at.desc(), timeline.c.id.desc())).scalars()
            return [self._read(connection, found) for found in ids.all()]

    def get(self, timeline_id: int) -> Timeline:
        with self._database.reading() as connection:
            return self._read(connection, timeline_id)

    def add(self, new: NewTimeline) -> Timeline:
        """Keep a timeline, in place of older ones of the same content. Raises ShapeError, EnrollmentError (a voice is gone)."""
        with self._database.writing() as connection:
            older = connection.execute(select(timeline.c.id).where(timeline.c.sha256 == new.sha256)).scalars().all()
            for found in older:
                connection.execute(delete(timeline).where(timeline.c.id == found))
            records = self._seals.records(connection)
            made = inserted_id(connection.execute(insert(timeline).values(
                path=b"", sha256=new.sha256, duration_s=float(new.duration_s), noise_dbfs=float(new.noise_dbfs),
                spec_id=take_space(connection, new.spec), made_at=new.made_at)))
            connection.execute(update(timeline).where(timeline.c.id == made).values(
                path=records.data(os.fsencode(new.path), *of_timeline(made))))
            for one in new.tracks:
                _add_track(connection, made, one, new.spec, records)
            if older:
                self._voices.wipe()  # what is known of strangers is a voiceprint, too
            return self._read(connection, made)

    def remove(self, timeline_id: int) -> None:
        """Remove a timeline with its strangers, and every trace of them in the files. Voices that were named stay."""
        with self._database.writing() as connection:
            if not connection.execute(delete(timeline).where(timeline.c.id == timeline_id)).rowcount:
                raise _gone()
            self._voices.wipe()  # what is known of strangers is a voiceprint, too

    def remove_all(self) -> None:
        """Remove all timelines, and every trace of them in the files."""
        with self._database.writing() as connection:
            for table in (stranger_sample, turn, track, naming, timeline):
                connection.execute(delete(table))
            self._voices.wipe()

    # --- strangers ---

    def stranger(self, timeline_id: int, number: int, spec: EncoderSpec) -> Stranger:
        """An unnamed stranger of a timeline that was made in this space. Raises EnrollmentError (also for another space),
        StrangerUnknown."""
        with self._database.reading() as connection:
            self._read(connection, timeline_id)
            row = connection.execute(_strangers().where(
                track.c.timeline_id == timeline_id, track.c.stranger == number)).one_or_none()
            if row is None:
                raise StrangerUnknown(number)
            if row.spec_id != find_space(connection, spec):
                raise EnrollmentError(f"Stranger {number} was heard by another voice encoder than the one in use. Make the "
                                      "timeline again.")
            return _stranger(connection, row, self._seals.records(connection))

    def strangers(self, spec: EncoderSpec) -> builtins.list[Stranger]:
        """All unnamed strangers of one space that can be known again."""
        with self._database.reading() as connection:
            rows = connection.execute(_strangers().where(timeline.c.spec_id == find_space(connection, spec)).order_by(track.c.id))
            records = self._seals.records(connection)
            return [one for row in rows.all() if (one := _stranger(connection, row, records)).samples]

    def name(self, voice_id: int, take_id: int, made_voice: bool, tracks: Sequence[int]) -> int:
        """Write down that strangers (ids of their tracks) became a voice; returns the id of the naming."""
        with self._database.writing() as connection:
            made = inserted_id(connection.execute(insert(naming).values(
                voice_id=voice_id, take_id=take_id, made_voice=made_voice, made_at=datetime.now(UTC))))
            connection.execute(update(track).where(track.c.id.in_(tracks)).values(voice_id=voice_id, naming_id=made))
            return made

    def namings(self) -> builtins.list[Naming]:
        """What was named and can be undone, newest first."""
        count = select(func.count()).select_from(track).where(track.c.naming_id == naming.c.id).scalar_subquery()
        query = (select(naming, voice.c.name, count.label("tracks"))
                 .join(voice, naming.c.voice_id == voice.c.id).order_by(naming.c.id.desc()))
        with self._database.reading() as connection:
            records = self._seals.records(connection)
            return [Naming(row.id, records.plain_text(row.name, *of_name(row.voice_id)), row.take_id, row.made_voice,
                           row.made_at, row.tracks) for row in connection.execute(query)]

    def unname(self, naming_id: int) -> tuple[int, int, bool]:
        """Make strangers again of what a naming named. Returns (voice id, take id, nothing else is left of the voice).

        Where the voice was made by the naming and has no other take, it will be removed: timelines that were made
        meanwhile and found it get a stranger with a new number instead. Call it inside `Store.writing`.
        """
        with self._database.writing() as connection:
            row = connection.execute(select(naming).where(naming.c.id == naming_id)).one_or_none()
            if row is None:
                raise EnrollmentError("There is no naming to undo.")
            connection.execute(update(track).where(track.c.naming_id == naming_id).values(voice_id=None, naming_id=None))
            takes = connection.execute(select(func.count()).select_from(take).where(take.c.voice_id == row.voice_id)).scalar_one()
            alone = bool(row.made_voice) and takes == 1
            if alone:
                for found in connection.execute(select(track).where(track.c.voice_id == row.voice_id)).all():
                    _make_stranger(connection, found)
            connection.execute(delete(naming).where(naming.c.id == naming_id))
            return row.voice_id, row.take_id, alone

    # --- inside ---

    def _read(self, connection: Connection, timeline_id: int) -> Timeline:
        row = connection.execute(select(timeline).where(timeline.c.id == timeline_id)).one_or_none()
        if row is None:
            raise _gone()
        samples = (select(func.count()).select_from(stranger_sample).where(stranger_sample.c.track_id == track.c.id)
                   .scalar_subquery())
        speakers = connection.execute(
            select(track, voice.c.name, voice.c.colour, samples.label("samples"))
            .outerjoin(voice, track.c.voice_id == voice.c.id).where(track.c.timeline_id == timeline_id)).all()
        turns = connection.execute(
            select(turn.c.track_id, turn.c.start_s, turn.c.end_s).join(track, turn.c.track_id == track.c.id)
            .where(track.c.timeline_id == timeline_id).order_by(turn.c.start_s, turn.c.id)).all()
        lengths: dict[int, float] = {}  # by track, in the order of the first turns
        for one in turns:
            lengths[one.track_id] = lengths.get(one.track_id, 0.0) + one.end_s - one.start_s
        by_id = {one.id: one for one in speakers}
        records = self._seals.records(connection)
        names = {one.id: None if one.name is None else records.plain_text(one.name, *of_name(one.voice_id)) for one in speakers}
        tracks = tuple(TimelineTrack(one.id, one.voice_id, names[one.id], one.stranger, one.colour, one.status, one.similarity,
                                     lengths[one.id], one.samples) for one in (by_id[found] for found in lengths))
        position = {one.id: at for at, one in enumerate(tracks)}
        return Timeline(row.id, _path(row.path, row.id, records), row.sha256, row.duration_s, row.made_at, tracks, tuple(
            TimelineTurn(position[one.track_id], Span(one.start_s, one.end_s)) for one in turns))


def _path(stored: bytes, timeline_id: int, records: Records) -> Path:
    return Path(os.fsdecode(records.plain_data(stored, *of_timeline(timeline_id))))


def _gone() -> EnrollmentError:
    return EnrollmentError("This timeline is not there any more.")


def _add_track(connection: Connection, timeline_id: int, new: NewTrack, spec: EncoderSpec, records: Records) -> None:
    if new.voice_id is not None and connection.execute(
            select(voice.c.id).where(voice.c.id == new.voice_id)).one_or_none() is None:
        raise EnrollmentError("A voice of this timeline was removed meanwhile. Make the timeline again.")
    made = inserted_id(connection.execute(insert(track).values(
        timeline_id=timeline_id, stranger=new.stranger, voice_id=new.voice_id, status=new.status,
        similarity=None if new.similarity is None else float(new.similarity), level_dbfs=float(new.level_dbfs),
        clipped=int(new.clipped))))
    for span in new.turns:
        connection.execute(insert(turn).values(track_id=made, start_s=float(span.start_s), end_s=float(span.end_s)))
    for embedding, speech_s in new.samples:
        if embedding.vector.shape != (spec.dim,):
            raise ShapeError(f"A vector of {spec.name} has {spec.dim} numbers, not the shape {embedding.vector.shape}.")
        kept = inserted_id(connection.execute(insert(stranger_sample).values(
            track_id=made, vector=b"", norm=float(embedding.norm), speech_s=float(speech_s))))
        vector = unit(embedding.vector).astype("<f4").tobytes()
        connection.execute(update(stranger_sample).where(stranger_sample.c.id == kept).values(
            vector=records.data(vector, *of_stranger(kept, made))))


def release(connection: Connection, voices: Sequence[int], takes: Sequence[int]) -> None:
    """Strangers again: all tracks of these voices, and those that became a voice when one of these takes was made of them."""
    named = select(naming.c.id).where(naming.c.take_id.in_(takes) | naming.c.voice_id.in_(voices))
    connection.execute(update(track).where(track.c.naming_id.in_(named)).values(voice_id=None, naming_id=None))
    for found in connection.execute(select(track).where(track.c.voice_id.in_(voices))).all():
        _make_stranger(connection, found)


@dataclass(frozen=True)
class Said:
    """What timelines say of one voice: rows as they stand, sealed where they are. It goes from them with the voice."""

    namings: tuple[Any, ...]
    tracks: tuple[Any, ...]
    turns: tuple[Any, ...]
    samples: tuple[Any, ...]  # of strangers that were named so

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self.namings) + len(self.tracks) + len(self.turns) + len(self.samples)


def said_by(connection: Connection, voice_id: int) -> Said:
    tracks = select(track.c.id).where(track.c.voice_id == voice_id)
    queries = (select(naming).where(naming.c.voice_id == voice_id), select(track).where(track.c.voice_id == voice_id),
               select(turn).where(turn.c.track_id.in_(tracks)).order_by(turn.c.id),
               select(stranger_sample).where(stranger_sample.c.track_id.in_(tracks)).order_by(stranger_sample.c.id))
    return Said(*(tuple(connection.execute(query).all()) for query in queries))


def say_again(connection: Connection, said: Said, records: Records) -> None:
    """Bring back what timelines said of a voice that is there again; what was said in timelines that went meanwhile is not.

    Numbers of tracks may have been given to others meanwhile, so they get new ones, and what is sealed is sealed anew for them.
    """
    for one in said.namings:
        connection.execute(insert(naming).values(one._asdict()))
    there = set(connection.execute(select(timeline.c.id).where(
        timeline.c.id.in_({one.timeline_id for one in said.tracks}))).scalars())
    new = {one.id: inserted_id(connection.execute(insert(track).values(_without_id(one))))
           for one in said.tracks if one.timeline_id in there}
    for one in said.turns:
        if one.track_id in new:
            connection.execute(insert(turn).values(_without_id(one) | {"track_id": new[one.track_id]}))
    for one in said.samples:
        if one.track_id in new:
            vector = records.plain_data(one.vector, *of_stranger(one.id, one.track_id))
            owner = new[one.track_id]
            kept = inserted_id(connection.execute(insert(stranger_sample).values(
                _without_id(one) | {"track_id": owner, "vector": b""})))
            connection.execute(update(stranger_sample).where(stranger_sample.c.id == kept).values(
                vector=records.data(vector, *of_stranger(kept, owner))))


def _without_id(row: Any) -> dict[str, Any]:
    return {column: value for column, value in row._asdict().items() if column != "id"}


def _make_stranger(connection: Connection, found: Any) -> None:
    """A track whose voice goes away becomes the next stranger of its timeline."""
    number = found.stranger
    if number is None:
        last = connection.execute(select(func.max(track.c.stranger)).where(track.c.timeline_id == found.timeline_id)).scalar_one()
        number = (last or 0) + 1
    connection.execute(update(track).where(track.c.id == found.id).values(
        voice_id=None, naming_id=None, stranger=number, status="unknown", similarity=None))


def _strangers() -> Select[Any]:
    speech = (select(func.coalesce(func.sum(turn.c.end_s - turn.c.start_s), 0.0)).where(turn.c.track_id == track.c.id)
              .scalar_subquery())
    return (select(track.c.id, track.c.timeline_id, track.c.stranger, track.c.level_dbfs, track.c.clipped, timeline.c.path,
                   timeline.c.sha256, timeline.c.made_at, timeline.c.duration_s, timeline.c.noise_dbfs, timeline.c.spec_id,
                   speech.label("speech_s"))
            .join(timeline, track.c.timeline_id == timeline.c.id)
            .where(track.c.voice_id.is_(None), track.c.stranger.is_not(None)))


def _stranger(connection: Connection, row: Any, records: Records) -> Stranger:
    rows = connection.execute(select(stranger_sample).where(stranger_sample.c.track_id == row.id).order_by(stranger_sample.c.id))
    samples = tuple(
        (Embedding(np.frombuffer(records.plain_data(one.vector, *of_stranger(one.id, row.id)), "<f4").astype(np.float32),
                   one.norm), one.speech_s) for one in rows.all())
    path = _path(row.path, row.timeline_id, records)
    return Stranger(row.id, row.timeline_id, row.stranger, path, row.sha256, row.made_at, float(row.speech_s),
                    row.duration_s, row.level_dbfs, row.noise_dbfs, row.clipped, samples)
