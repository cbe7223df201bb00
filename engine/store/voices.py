"""Voices, their takes and samples. All of a voice is in the database, so that it can be removed with certainty."""

from __future__ import annotations

import builtins
import logging
import math
import os
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Select, delete, func, insert, select, update

from engine.errors import EnrollmentError, ShapeError, StoreError, UsageError, VoiceExists
from engine.index import SMALLEST_NORM, unit, unit_mean
from engine.records import Embedding, EncoderSpec, Sample, Take, Voice, VoiceState
from engine.store.database import Database, inserted_id
from engine.store.records import TAKES, NewTake
from engine.store.schema import sample, take, voice
from engine.store.spaces import find_space, take_space

COLOURS = 12

log = logging.getLogger(__name__)


class VoiceStore:
    """Reads and writes voices. Writes raise Busy and StoreError; an id that is not there raises EnrollmentError."""

    def __init__(self, database: Database, recordings: Path, backups: Path) -> None:
        self._database = database
        self._recordings = recordings
        self._backups = backups

    # --- voices ---

    def list(self) -> list[Voice]:
        """All voices, by name."""
        with self._database.reading() as connection:
            return [_voice(row) for row in connection.execute(_voices().order_by(voice.c.name_key))]

    def get(self, voice_id: int) -> Voice:
        with self._database.reading() as connection:
            row = connection.execute(_voices().where(voice.c.id == voice_id)).one_or_none()
        if row is None:
            raise EnrollmentError("This voice is not there any more.")
        return _voice(row)

    def find(self, name: str) -> Voice | None:
        """The voice of this name; upper and lower case, and ways of writing an accent, are the same."""
        with self._database.reading() as connection:
            row = connection.execute(_voices().where(voice.c.name_key == name_key(name))).one_or_none()
        return None if row is None else _voice(row)

    def create(self, name: str, colour: int | None = None, state: VoiceState = "enrolling") -> Voice:
        """A new voice without takes. colour: 0–11, the least used one if None. Raises VoiceExists, UsageError."""
        shown, key = _checked_name(name), name_key(name)
        with self._database.writing() as connection:
            if self.find(name) is not None:
                raise VoiceExists(shown)
            if colour is None:
                used = connection.execute(select(voice.c.colour)).scalars().all()
                colour = min(range(COLOURS), key=lambda index: (used.count(index), index))
            elif not 0 <= colour < COLOURS:
                raise UsageError(f"A colour is a number from 0 to {COLOURS - 1}.")
            made = connection.execute(insert(voice).values(
                name=shown, name_key=key, colour=colour, state=state, created_at=datetime.now(UTC)))
            return self.get(inserted_id(made))

    def rename(self, voice_id: int, name: str) -> Voice:
        """Raises VoiceExists when another voice has the name, UsageError for an empty one."""
        shown, key = _checked_name(name), name_key(name)
        with self._database.writing() as connection:
            self.get(voice_id)
            other = self.find(name)
            if other is not None and other.id != voice_id:
                raise VoiceExists(shown)
            connection.execute(update(voice).where(voice.c.id == voice_id).values(name=shown, name_key=key))
            return self.get(voice_id)

    def set_state(self, voice_id: int, state: VoiceState) -> Voice:
        with self._database.writing() as connection:
            connection.execute(update(voice).where(voice.c.id == voice_id).values(state=state))
            return self.get(voice_id)

    def remove(self, voice_id: int) -> None:
        """Remove a voice with its takes, samples and recordings, and every trace of it in the files."""
        with self._database.writing() as connection:
            self.get(voice_id)
            self._unlink_recordings(take.c.voice_id == voice_id)
            connection.execute(delete(voice).where(voice.c.id == voice_id))
        self._wipe()

    def remove_all(self) -> None:
        """Remove all voices. The caller wipes the files afterwards (`Store.forget_everything`)."""
        with self._database.writing() as connection:
            self._unlink_recordings(take.c.id > 0)
            for table in (sample, take, voice):
                connection.execute(delete(table))

    # --- takes ---

    def add_take(self, voice_id: int, new: NewTake) -> Take:
        """Store a take with its samples, all or nothing. Raises ShapeError for NaN, infinite or near-zero vectors."""
        vectors = [_checked(embedding, new.spec) for embedding, _ in new.samples]
        figures = (new.duration_s, new.speech_s, new.level_dbfs, new.snr_db, *(speech_s for _, speech_s in new.samples))
        if any(math.isnan(figure) for figure in figures):
            raise ShapeError("A take holds a figure that is not a number.")
        recording = self._kept(new)
        with self._database.writing() as connection:
            self.get(voice_id)
            made = connection.execute(insert(take).values(
                voice_id=voice_id, source=_storable(new.source), sha256=new.sha256, recorded_at=new.recorded_at,
                duration_s=float(new.duration_s), speech_s=float(new.speech_s), level_dbfs=float(new.level_dbfs),
                snr_db=float(new.snr_db), clipped=int(new.clipped), recording=recording, consent_at=new.consent_at))
            take_id = inserted_id(made)
            spec_id = take_space(connection, new.spec)
            for vector, (embedding, speech_s) in zip(vectors, new.samples, strict=True):
                connection.execute(insert(sample).values(
                    take_id=take_id, spec_id=spec_id, vector=vector.astype("<f4").tobytes(), norm=float(embedding.norm),
                    speech_s=float(speech_s)))
            return self.take(take_id)

    def takes(self, voice_id: int) -> builtins.list[Take]:
        """The takes of a voice, oldest first."""
        query = _takes().where(take.c.voice_id == voice_id).order_by(take.c.recorded_at, take.c.id)
        with self._database.reading() as connection:
            return [self._take(row) for row in connection.execute(query)]

    def take(self, take_id: int) -> Take:
        with self._database.reading() as connection:
            row = connection.execute(_takes().where(take.c.id == take_id)).one_or_none()
        if row is None:
            raise EnrollmentError("This take is not there any more.")
        return self._take(row)

    def remove_take(self, take_id: int) -> None:
        """Remove a take with its samples and recording, and every trace of it in the files."""
        with self._database.writing() as connection:
            self.take(take_id)
            self._unlink_recordings(take.c.id == take_id)
            connection.execute(delete(take).where(take.c.id == take_id))
        self._wipe()

    def remove_strays(self) -> None:
        """Remove files among the takes' recordings that no take names: a killed enrollment left them.

        Takes the workspace's lock, so that no other program is between a file and its row.
        """
        with self._database.writing() as connection:
            named = {self._recordings / file for file in connection.execute(
                select(take.c.recording).where(take.c.recording.is_not(None))).scalars()}
            for folder, _, names in os.walk(self._recordings / TAKES):
                for stray in {Path(folder, name) for name in names} - named:
                    try:
                        stray.unlink(missing_ok=True)
                    except OSError as error:
                        log.warning("a recording without a take could not be removed: %s", type(error).__name__)

    def take_hashes(self, voice_id: int, spec: EncoderSpec | None = None) -> frozenset[str]:
        """sha256 of the content of a voice's takes; with a spec, only of takes that have samples of it."""
        query = select(take.c.sha256).where(take.c.voice_id == voice_id)
        with self._database.reading() as connection:
            if spec is not None:
                query = query.where(take.c.id.in_(
                    select(sample.c.take_id).where(sample.c.spec_id == find_space(connection, spec))))
            return frozenset(connection.execute(query).scalars())

    # --- samples ---

    def samples(self, spec: EncoderSpec, voice_id: int | None = None,
                enrolled_only: bool = False) -> builtins.list[Sample]:
        """All samples of one space, in order of voice and sample.

        Each sample's similarity is its cosine to the centroid of its voice: the unit mean of the voice's unit samples.
        """
        query = (select(sample.c.id, sample.c.take_id, take.c.voice_id, sample.c.vector, sample.c.norm,
                        sample.c.speech_s)
                 .join(take, sample.c.take_id == take.c.id).join(voice, take.c.voice_id == voice.c.id)
                 .order_by(take.c.voice_id, sample.c.id))
        if voice_id is not None:
            query = query.where(take.c.voice_id == voice_id)
        if enrolled_only:
            query = query.where(voice.c.state == "enrolled")
        with self._database.reading() as connection:
            rows = connection.execute(query.where(sample.c.spec_id == find_space(connection, spec))).all()
        by_voice: dict[int, list[Any]] = {}
        for row in rows:
            by_voice.setdefault(row.voice_id, []).append(row)
        return [found for group in by_voice.values() for found in _samples(group)]

    # --- inside ---

    def _take(self, row: Any) -> Take:
        recording = None if row.recording is None else self._recordings / row.recording
        return Take(row.id, row.voice_id, row.source, row.recorded_at, row.duration_s, row.speech_s, row.level_dbfs,
                    row.snr_db, row.clipped, row.samples, recording, row.consent_at)

    def _kept(self, new: NewTake) -> Path | None:
        """The recording's path relative to the recordings folder: the workspace may move."""
        if new.recording is None:
            return None
        if new.consent_at is None:
            raise EnrollmentError("A recording is kept only after the person agreed to it.")
        try:
            return new.recording.absolute().relative_to(self._recordings)
        except ValueError:
            raise StoreError("A recording is kept only inside the workspace.") from None

    def _unlink_recordings(self, which: Any) -> None:
        """Files go before the rows that name them: a kill in between leaves no recording without an owner."""
        with self._database.reading() as connection:
            files = connection.execute(
                select(take.c.recording).where(which, take.c.recording.is_not(None))).scalars().all()
        for file in files:
            try:
                (self._recordings / file).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"A recording could not be removed: {error.strerror or error}. "
                                 "The list of voices was not changed.") from error

    def _wipe(self) -> None:
        """A removed voice must not live on in free pages, in the log, or in backups from before a migration."""
        for old in self._backups.glob("earmark-*.db"):
            old.unlink(missing_ok=True)
        self._database.wipe()


def name_key(name: str) -> str:
    """What makes two names the same: NFC, case folded, single spaces."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).casefold().split()))


def _checked_name(name: str) -> str:
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    if not shown:
        raise UsageError("A voice needs a name.")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in shown):
        raise UsageError("The name holds characters that cannot be shown.")
    return shown


def _storable(text: str) -> str:
    """File names may hold bytes that are no text; show them escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _checked(embedding: Embedding, spec: EncoderSpec) -> np.ndarray[Any, np.dtype[np.float32]]:
    if embedding.vector.shape != (spec.dim,):
        raise ShapeError(f"A vector of {spec.name} has {spec.dim} numbers, not the shape {embedding.vector.shape}.")
    if not math.isfinite(embedding.norm) or embedding.norm < SMALLEST_NORM:
        raise ShapeError("A vector is zero or not finite, so it has no direction.")
    return unit(embedding.vector)


def _samples(rows: Sequence[Any]) -> list[Sample]:
    vectors = np.stack([np.frombuffer(row.vector, dtype="<f4").astype(np.float32) for row in rows])  # (n, dim)
    try:
        similarity = vectors @ unit_mean(vectors)
    except ShapeError:  # samples that cancel each other out have no centroid
        similarity = np.zeros(len(rows), np.float32)
    return [Sample(row.id, row.take_id, row.voice_id, Embedding(vector, row.norm), row.speech_s, float(likeness))
            for row, vector, likeness in zip(rows, vectors, similarity, strict=True)]


def _voice(row: Any) -> Voice:
    return Voice(row.id, row.name, row.colour, row.state, row.created_at, row.takes, row.samples, float(row.speech_s))


def _voices() -> Select[Any]:
    mine = take.c.voice_id == voice.c.id
    return select(
        voice,
        select(func.count()).select_from(take).where(mine).scalar_subquery().label("takes"),
        select(func.count()).select_from(sample.join(take)).where(mine).scalar_subquery().label("samples"),
        select(func.coalesce(func.sum(take.c.speech_s), 0.0)).where(mine).scalar_subquery().label("speech_s"),
    )


def _takes() -> Select[Any]:
    return select(take, select(func.count()).select_from(sample).where(sample.c.take_id == take.c.id)
                  .scalar_subquery().label("samples"))
