"""Removing single samples, and giving them to another voice. Inside a write transaction of the caller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.errors import EnrollmentError, StoreError
from engine.store.database import inserted_id
from engine.store.recordings import recording_path, write_whole
from engine.store.schema import sample, take
from engine.store.sealed import Records, of_source, of_vector


def remove(connection: Connection, sample_id: int) -> int | None:
    """Remove a sample, and those of the same stretch in other spaces. Returns the take where it holds no sample any more."""
    row, twins = _with_twins(connection, sample_id)
    connection.execute(delete(sample).where(sample.c.id.in_(twins)))
    _add_speech(connection, row.take_id, -row.speech_s)
    return _emptied(connection, row.take_id)


def move(connection: Connection, sample_id: int, voice_id: int, recordings: Path, records: Records) -> int | None:
    """Give a sample, and those of the same stretch in other spaces, to another voice.

    There it belongs to a take with the same content, which is made with a copy of the recording where it is not there. Returns
    the take that it came from, where that holds no sample any more. Raises EnrollmentError, StoreError.
    """
    row, twins = _with_twins(connection, sample_id)
    if row.voice_id == voice_id:
        raise EnrollmentError("The sample belongs to this voice already.")
    target = connection.execute(select(take.c.id).where(
        take.c.voice_id == voice_id, take.c.sha256 == row.sha256).order_by(take.c.id)).scalars().first()
    if target is None:
        target = _copied(connection, row.take_id, voice_id, recordings, records)
    for one in connection.execute(select(sample).where(sample.c.id.in_(twins))).all():
        data = records.plain_data(one.vector, *of_vector(one.id, row.take_id, row.voice_id, one.spec_id))
        connection.execute(update(sample).where(sample.c.id == one.id).values(
            take_id=target, vector=records.data(data, *of_vector(one.id, target, voice_id, one.spec_id))))
    _add_speech(connection, row.take_id, -row.speech_s)
    _add_speech(connection, target, row.speech_s)
    return _emptied(connection, row.take_id)


def _with_twins(connection: Connection, sample_id: int) -> tuple[Any, list[int]]:
    """The row of a sample with its take's, and the ids of all samples of the same stretch."""
    row = connection.execute(
        select(sample.c.take_id, sample.c.speech_s, sample.c.start_s, take.c.voice_id, take.c.sha256)
        .join(take, sample.c.take_id == take.c.id).where(sample.c.id == sample_id)).one_or_none()
    if row is None:
        raise EnrollmentError("This sample is not there any more.")
    if row.start_s is None:
        return row, [sample_id]
    return row, list(connection.execute(select(sample.c.id).where(
        sample.c.take_id == row.take_id, sample.c.start_s == row.start_s)).scalars())


def _copied(connection: Connection, take_id: int, voice_id: int, recordings: Path, records: Records) -> int:
    """A copy of a take without its samples, for another voice; returns its id."""
    old = connection.execute(select(take).where(take.c.id == take_id)).one()._asdict()
    source = records.plain_text(old["source"], *of_source(old.pop("id")))
    recording = None
    if old["recording"] is not None:
        try:
            data = (recordings / old["recording"]).read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise StoreError(f"The recording cannot be read: {error.strerror or error}. Nothing was changed.") from error
        if data:
            recording = recording_path(voice_id, old["sha256"], records)
            write_whole(recordings / recording, data)
    made = inserted_id(connection.execute(insert(take).values(
        {**old, "voice_id": voice_id, "source": "", "speech_s": 0.0, "recording": recording})))
    connection.execute(update(take).where(take.c.id == made).values(source=records.text(source, *of_source(made))))
    return made


def _add_speech(connection: Connection, take_id: int, speech_s: float) -> None:
    now = connection.execute(select(take.c.speech_s).where(take.c.id == take_id)).scalar_one()
    connection.execute(update(take).where(take.c.id == take_id).values(speech_s=max(0.0, now + speech_s)))


def _emptied(connection: Connection, take_id: int) -> int | None:
    left = connection.execute(select(func.count()).select_from(sample).where(sample.c.take_id == take_id)).scalar_one()
    return None if left else take_id
