"""Voices, their takes and samples. All of a voice is in the database, so that it can be removed with certainty."""

from __future__ import annotations

import builtins
import logging
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, true, update

from engine.errors import EnrollmentError, RecordDamaged, ShapeError, StoreError, UsageError, VoiceExists
from engine.files import remove_left
from engine.index import SMALLEST_NORM, unit, unit_mean
from engine.records import Embedding, EncoderSpec, Sample, Span, Take, Voice, VoiceState
from engine.store import moving
from engine.store.database import Database, inserted_id
from engine.store.recordings import recording_path, remove_strays, write_whole
from engine.store.records import TAKES, NewTake
from engine.store.schema import encoder_spec, sample, take, voice, voice_change
from engine.store.sealed import PLAIN, SUFFIX, Records, of_name, of_recording, of_source, of_vector
from engine.store.seals import Seals, cleaned, soiled, times_soiled
from engine.store.spaces import find_space, take_space
from engine.texts import name_fault, name_key

COLOURS = 12

log = logging.getLogger(__name__)


class VoiceStore:
    """Reads and writes voices. Writes raise Busy and StoreError; an id that is not there raises EnrollmentError.

    Where the workspace is sealed (`engine.store.seals`) and the key is not at hand, everything but removing raises Locked.
    """

    def __init__(self, database: Database, recordings: Path, backups: Path, seals: Seals) -> None:
        self._database = database
        self._recordings = recordings
        self._backups = backups
        self._seals = seals
        self.pending: str | None = None
        """Why what this program removed could not be wiped yet, in a sentence; None where nothing waits."""

    # --- voices ---

    def list(self, spec: EncoderSpec | None = None) -> list[Voice]:
        """All voices, by name. spec: only samples of this space are counted (so in `get` and `find`)."""
        with self._database.reading() as connection:
            records = self._seals.records(connection)
            found = [_voice(row, records) for row in connection.execute(_voices(spec))]
        return sorted(found, key=lambda one: name_key(one.name))

    def get(self, voice_id: int, spec: EncoderSpec | None = None) -> Voice:
        with self._database.reading() as connection:
            row = connection.execute(_voices(spec).where(voice.c.id == voice_id)).one_or_none()
            if row is None:
                raise _gone()
            return _voice(row, self._seals.records(connection))

    def find(self, name: str, spec: EncoderSpec | None = None) -> Voice | None:
        """The voice of this name; upper and lower case, and ways of writing an accent, are the same."""
        with self._database.reading() as connection:
            records = self._seals.records(connection)
            row = connection.execute(_voices(spec).where(voice.c.name_key == records.key(name_key(name)))).one_or_none()
            return None if row is None else _voice(row, records)

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
            records = self._seals.records(connection)
            made = inserted_id(connection.execute(insert(voice).values(
                name="", name_key=records.key(key), colour=colour, state=state, created_at=datetime.now(UTC))))
            connection.execute(update(voice).where(voice.c.id == made).values(name=records.text(shown, *of_name(made))))
            return self.get(made)

    def rename(self, voice_id: int, name: str) -> Voice:
        """Raises VoiceExists when another voice has the name, UsageError where none can have it (`name_fault`)."""
        shown, key = _checked_name(name), name_key(name)
        with self._database.writing() as connection:
            self.get(voice_id)
            other = self.find(name)
            if other is not None and other.id != voice_id:
                raise VoiceExists(shown)
            records = self._seals.records(connection)
            connection.execute(update(voice).where(voice.c.id == voice_id).values(
                name=records.text(shown, *of_name(voice_id)), name_key=records.key(key)))
            return self.get(voice_id)

    def set_state(self, voice_id: int, state: VoiceState) -> Voice:
        with self._database.writing() as connection:
            connection.execute(update(voice).where(voice.c.id == voice_id).values(state=state))
            return self.get(voice_id)

    def remove(self, voice_id: int) -> None:
        """Remove a voice with its takes, samples and recordings, and every trace of it in the files."""
        with self._database.writing() as connection:
            if not connection.execute(delete(voice).where(voice.c.id == voice_id)).rowcount:
                raise _gone()
            drop_changes(connection, [voice_id])
            self.wipe()

    def remove_all(self) -> None:
        """Remove all voices, and every trace of them in the files."""
        with self._database.writing() as connection:
            for table in (sample, take, voice, voice_change):
                connection.execute(delete(table))
            self.wipe()

    # --- takes ---

    def add_take(self, voice_id: int, new: NewTake) -> Take:
        """Store a take with its samples, all or nothing. Raises ShapeError for NaN, infinite or near-zero vectors."""
        _check_samples(new.spec, new.samples)
        if any(math.isnan(figure) for figure in (new.duration_s, new.speech_s, new.level_dbfs, new.snr_db)):
            raise ShapeError("A take holds a figure that is not a number.")
        recording = self._kept(new)
        with self._database.writing() as connection:
            self.get(voice_id)
            records = self._seals.records(connection)
            if recording is not None and (recording.suffix == SUFFIX) != records.sealed:
                raise StoreError("A recording is kept through `keep_recording`, which knows whether it has to be sealed.")
            made = connection.execute(insert(take).values(
                voice_id=voice_id, source="", sha256=new.sha256, recorded_at=new.recorded_at,
                duration_s=float(new.duration_s), speech_s=float(new.speech_s), level_dbfs=float(new.level_dbfs),
                snr_db=float(new.snr_db), clipped=int(new.clipped), recording=recording, consent_at=new.consent_at))
            take_id = inserted_id(made)
            connection.execute(update(take).where(take.c.id == take_id).values(
                source=records.text(_storable(new.source), *of_source(take_id))))
            self.add_samples(take_id, new.spec, new.samples, new.spans)
            return self.take(take_id, new.spec)

    def add_samples(self, take_id: int, spec: EncoderSpec, samples: Sequence[tuple[Embedding, float]],
                    spans: Sequence[Span | None] = ()) -> None:
        """Give a take samples in one more space, in place of those it has there; the other spaces keep theirs.

        samples: (embedding, seconds of speech) each. spans: see NewTake. Raises ShapeError as `add_take`.
        """
        vectors = _check_samples(spec, samples)
        with self._database.writing() as connection:
            voice_id, records = self.take(take_id).voice_id, self._seals.records(connection)
            spec_id = take_space(connection, spec)
            connection.execute(delete(sample).where(sample.c.take_id == take_id, sample.c.spec_id == spec_id))
            places: builtins.list[tuple[float | None, float | None]] = [
                (None, None) if one is None else (one.start_s, one.end_s) for one in spans or [None] * len(vectors)]
            for vector, (embedding, speech_s), (start_s, end_s) in zip(vectors, samples, places, strict=True):
                sample_id = inserted_id(connection.execute(insert(sample).values(
                    take_id=take_id, spec_id=spec_id, vector=b"", norm=float(embedding.norm), speech_s=float(speech_s),
                    start_s=start_s, end_s=end_s)))
                connection.execute(update(sample).where(sample.c.id == sample_id).values(vector=records.data(
                    vector.astype("<f4").tobytes(), *of_vector(sample_id, take_id, voice_id, spec_id))))

    def takes(self, voice_id: int | None = None, spec: EncoderSpec | None = None) -> builtins.list[Take]:
        """The takes of a voice, or of all, in the order they were added (clocks go back).

        spec: only samples of this space are counted (so in `take`).
        """
        query = _takes(spec).order_by(take.c.id)
        if voice_id is not None:
            query = query.where(take.c.voice_id == voice_id)
        with self._database.reading() as connection:
            records = self._seals.records(connection)
            return [self._take(row, records) for row in connection.execute(query)]

    def take(self, take_id: int, spec: EncoderSpec | None = None) -> Take:
        with self._database.reading() as connection:
            row = connection.execute(_takes(spec).where(take.c.id == take_id)).one_or_none()
            if row is None:
                raise EnrollmentError("This take is not there any more.")
            return self._take(row, self._seals.records(connection))

    def remove_take(self, take_id: int) -> None:
        """Remove a take with its samples and recording, and every trace of it in the files."""
        with self._database.writing() as connection:
            voice_id = connection.execute(select(take.c.voice_id).where(take.c.id == take_id)).scalar_one_or_none()
            if voice_id is None:
                raise EnrollmentError("This take is not there any more.")
            connection.execute(delete(take).where(take.c.id == take_id))
            drop_changes(connection, [voice_id])
            self.wipe()

    def keep_recording(self, voice_id: int, sha256: str, wav: bytes) -> Path:
        """Write the recording of a take that is about to be added, sealed where the workspace is; returns the file.

        Inside the transaction that adds the take, so that nobody takes it for a stray in between. Raises StoreError.
        """
        with self._database.reading() as connection:
            records = self._seals.records(connection)
        path = self._recordings / recording_path(voice_id, sha256, records)
        write_whole(path, records.data(wav, *of_recording(sha256)))
        return path

    def recording(self, take_id: int) -> bytes:
        """The recording of a take as a wav file in memory. Raises EnrollmentError where there is none, StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(select(take.c.recording, take.c.sha256).where(take.c.id == take_id)).one_or_none()
            if row is None or row.recording is None:
                raise EnrollmentError("The recording of this take was not kept.")
            records = self._seals.records(connection)
            try:
                data = (self._recordings / row.recording).read_bytes()
            except FileNotFoundError:
                raise EnrollmentError("The recording of this take is not in the workspace any more.") from None
            except OSError as error:
                raise StoreError(f"The recording cannot be read: {error.strerror or error}.") from error
            return records.plain_data(data, *of_recording(row.sha256))

    def remove_strays(self) -> bool:
        """Remove files among the takes' recordings that no take names: of takes that were removed, or of a killed enrollment.

        Takes the workspace's lock, so that no other program is between a file and its row. Returns whether none is left.
        """
        with self._database.writing() as connection:
            return remove_strays(self._recordings, {self._recordings / file for file in connection.execute(
                select(take.c.recording).where(take.c.recording.is_not(None))).scalars()})

    def everything(self, voice_id: int) -> Iterator[tuple[NewTake, int]]:
        """The takes of a voice as they were added, with their ids: one NewTake for each take and encoder spec."""
        for one in self.takes(voice_id):
            with self._database.reading() as connection:
                records = self._seals.records(connection)
                sha256 = connection.execute(select(take.c.sha256).where(take.c.id == one.id)).scalar_one()
                rows = connection.execute(
                    select(*sample.c, *encoder_spec.c["name", "version", "sha256", "kind", "dim", "rate_hz"])
                    .join(encoder_spec, sample.c.spec_id == encoder_spec.c.id)
                    .where(sample.c.take_id == one.id).order_by(encoder_spec.c.id, sample.c.id)).all()
            by_spec: dict[EncoderSpec, builtins.list[Any]] = {}
            for row in rows:
                spec = EncoderSpec(row.name, row.version, row.sha256, row.kind, row.dim, row.rate_hz)
                by_spec.setdefault(spec, []).append(row)
            for spec, mine in by_spec.items():
                samples = [(Embedding(_vector(row, records, one.voice_id), row.norm), row.speech_s) for row in mine]
                yield NewTake(one.source, sha256, one.recorded_at, one.duration_s, one.speech_s, one.level_dbfs, one.snr_db,
                              one.clipped, one.recording, one.consent_at, spec, samples, [_span(row) for row in mine]), one.id

    def take_hashes(self, voice_id: int, spec: EncoderSpec | None = None) -> frozenset[str]:
        """sha256 of the content of a voice's takes; with a spec, only of takes that have samples of it."""
        query = select(take.c.sha256).where(take.c.voice_id == voice_id)
        with self._database.reading() as connection:
            if spec is not None:
                query = query.where(take.c.id.in_(
                    select(sample.c.take_id).where(sample.c.spec_id == find_space(connection, spec))))
            return frozenset(connection.execute(query).scalars())

    def find_take(self, voice_id: int, sha256: str) -> Take | None:
        """The take of a voice with this content."""
        query = _takes().where(take.c.voice_id == voice_id, take.c.sha256 == sha256).order_by(take.c.id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else self._take(row, self._seals.records(connection))

    # --- samples ---

    def samples(self, spec: EncoderSpec, voice_id: int | None = None,
                enrolled_only: bool = False) -> builtins.list[Sample]:
        """All samples of one space, in order of voice and sample.

        Each sample's similarity is its cosine to the centroid of its voice: the unit mean of the voice's unit samples.
        """
        query = (select(sample, take.c.voice_id)
                 .join(take, sample.c.take_id == take.c.id).join(voice, take.c.voice_id == voice.c.id)
                 .order_by(take.c.voice_id, sample.c.id))
        if voice_id is not None:
            query = query.where(take.c.voice_id == voice_id)
        if enrolled_only:
            query = query.where(voice.c.state == "enrolled")
        with self._database.reading() as connection:
            rows = connection.execute(query.where(sample.c.spec_id == find_space(connection, spec))).all()
            records = self._seals.records(connection) if rows else PLAIN
        by_voice: dict[int, list[Any]] = {}
        for row in rows:
            by_voice.setdefault(row.voice_id, []).append(row)
        found: list[Sample] = []
        for owner, group in by_voice.items():
            try:
                found += _samples(group, records)
            except RecordDamaged:
                raise RecordDamaged(self.get(owner).name) from None
        return found

    def spans(self, take_id: int) -> builtins.list[Span]:
        """The stretches that samples of a take come from, of whatever encoder, in order; empty where that is not known."""
        with self._database.reading() as connection:
            rows = connection.execute(select(sample.c.start_s, sample.c.end_s).where(sample.c.take_id == take_id)).all()
        return sorted({Span(row.start_s, row.end_s) for row in rows if row.start_s is not None}, key=lambda one: one.start_s)

    def remove_sample(self, sample_id: int) -> None:
        """Remove a sample, and those of the same stretch in other spaces; a take without any is removed as by `remove_take`."""
        with self._database.writing() as connection:
            emptied = moving.remove(connection, sample_id)
            if emptied is not None:
                self.remove_take(emptied)

    def move_sample(self, sample_id: int, voice_id: int) -> None:
        """Give a sample, and those of the same stretch in other spaces, to another voice, in a take with the same content.

        The recording is copied, so that either voice can be removed. Raises EnrollmentError where it is its own voice.
        """
        with self._database.writing() as connection:
            self.get(voice_id)
            emptied = moving.move(connection, sample_id, voice_id, self._recordings, self._seals.records(connection))
            if emptied is not None:
                connection.execute(delete(take).where(take.c.id == emptied))
                self._database.afterwards(self.remove_strays)

    # --- versions ---

    def version(self) -> int | None:
        """A number that stays the same as long as no change to voices is committed; see `Database.voices_version`."""
        return self._database.voices_version()

    # --- inside ---

    def _take(self, row: Any, records: Records) -> Take:
        recording = None if row.recording is None else self._recordings / row.recording
        source = records.plain_text(row.source, *of_source(row.id))
        return Take(row.id, row.voice_id, source, row.recorded_at, row.duration_s, row.speech_s, row.level_dbfs,
                    row.snr_db, row.clipped, row.samples, recording, row.consent_at)

    def _kept(self, new: NewTake) -> Path | None:
        """The recording's path relative to the recordings folder: the workspace may move."""
        if new.recording is None:
            return None
        if new.consent_at is None:
            raise EnrollmentError("A recording is kept only after the person agreed to it.")
        path = new.recording.absolute()
        if not path.is_relative_to(self._recordings / TAKES):  # elsewhere it would not be found when its take is gone
            raise StoreError("A recording is kept only among the recordings of takes in the workspace.")
        return path.relative_to(self._recordings)

    def wipe(self) -> None:
        """What was removed must not live on in free pages, in the log, in backups from before a migration, or in files.

        Inside a transaction it is noted with it, and done once that is committed. What keeps it from being done (a kill, a full
        disk, a program that reads) does not undo the removal: `pending` says so, and `Encrypting.finish` does it later.
        """
        with self._database.writing() as connection:
            soiled(connection)
            self._database.afterwards(self.clean)

    def clean(self) -> bool:
        """Do now what `wipe` noted; not inside a transaction. Whether it could be done; else `pending` says why not."""
        try:
            self.pending = self._cleaned()
        except (StoreError, OSError) as error:
            self.pending = str(error) if isinstance(error, StoreError) else f"{error.strerror or error}."
        except KeyboardInterrupt:  # whoever stops the wiping does not stop the change: it is made, and has to be said
            self.pending = "It was stopped."
        if self.pending is not None:
            log.warning("what was removed could not be wiped yet")
        return self.pending is None

    def _cleaned(self) -> str | None:
        """Why it is not clean, None where it is. Raises StoreError, OSError."""
        with self._database.reading() as connection:
            before = times_soiled(connection)
        if not self.remove_strays():
            return "A recording could not be removed."
        maps = self._backups.parent / "maps"
        for old in (*self._backups.glob("earmark-*"), *maps.glob("voices-*")):
            old.unlink(missing_ok=True)  # a map tells where removed samples lay; `engine.projection.kept` draws it anew
        remove_left(maps)
        if not self._database.wipe():
            return "Another program was reading."
        with self._database.writing() as connection:
            if times_soiled(connection) == before:  # else something was removed after the wiping: whoever did that wipes again
                cleaned(connection)
        return None


def drop_changes(connection: Connection, voice_ids: Iterable[int]) -> None:
    """Nothing that was done to these voices can be taken back any more: the journal holds what they were."""
    for one in voice_ids:
        connection.execute(delete(voice_change).where(voice_change.c.voices.contains(f",{one},")))


def _gone() -> EnrollmentError:
    return EnrollmentError("This voice is not there any more.")


def _checked_name(name: str) -> str:
    fault = name_fault(name)
    if fault is not None:
        raise UsageError(fault)
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _storable(text: str) -> str:
    """File names may hold bytes that are no text; show them escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _checked(embedding: Embedding, spec: EncoderSpec) -> np.ndarray[Any, np.dtype[np.float32]]:
    if embedding.vector.shape != (spec.dim,):
        raise ShapeError(f"A vector of {spec.name} has {spec.dim} numbers, not the shape {embedding.vector.shape}.")
    if not math.isfinite(embedding.norm) or embedding.norm < SMALLEST_NORM:
        raise ShapeError("A vector is zero or not finite, so it has no direction.")
    return unit(embedding.vector)


def _samples(rows: Sequence[Any], records: Records) -> list[Sample]:
    vectors = np.stack([_vector(row, records, row.voice_id) for row in rows])  # (n, dim)
    try:
        similarity = vectors @ unit_mean(vectors)
    except ShapeError:  # samples that cancel each other out have no centroid
        similarity = np.zeros(len(rows), np.float32)
    return [Sample(row.id, row.take_id, row.voice_id, Embedding(vector, row.norm), row.speech_s, float(likeness), _span(row))
            for row, vector, likeness in zip(rows, vectors, similarity, strict=True)]


def _span(row: Any) -> Span | None:
    return None if row.start_s is None else Span(row.start_s, row.end_s)


def _vector(row: Any, records: Records, voice_id: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The vector of a row of `sample`."""
    bound = of_vector(row.id, row.take_id, voice_id, row.spec_id)
    return np.frombuffer(records.plain_data(row.vector, *bound), dtype="<f4").astype(np.float32)


def _voice(row: Any, records: Records) -> Voice:
    return Voice(row.id, records.plain_text(row.name, *of_name(row.id)), row.colour, row.state, row.created_at, row.takes,
                 row.samples, float(row.speech_s))


def _check_samples(spec: EncoderSpec, samples: Sequence[tuple[Embedding, float]]) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    if any(math.isnan(speech_s) for _, speech_s in samples):
        raise ShapeError("A sample holds a figure that is not a number.")
    return [_checked(embedding, spec) for embedding, _ in samples]


def _of(spec: EncoderSpec | None) -> ColumnElement[bool]:
    """Samples of one space, or of all."""
    if spec is None:
        return true()
    return sample.c.spec_id == select(encoder_spec.c.id).where(encoder_spec.c.key == spec.key).scalar_subquery()


def _voices(spec: EncoderSpec | None = None) -> Select[Any]:
    mine = take.c.voice_id == voice.c.id
    return select(
        voice,
        select(func.count()).select_from(take).where(mine).scalar_subquery().label("takes"),
        select(func.count()).select_from(sample.join(take)).where(mine, _of(spec)).scalar_subquery().label("samples"),
        select(func.coalesce(func.sum(take.c.speech_s), 0.0)).where(mine).scalar_subquery().label("speech_s"),
    )


def _takes(spec: EncoderSpec | None = None) -> Select[Any]:
    return select(take, select(func.count()).select_from(sample).where(sample.c.take_id == take.c.id, _of(spec))
                  .scalar_subquery().label("samples"))
