"""The sound library: folders, sounds, files that could not be taken. Spans and vectors are in `spans.py`."""

from __future__ import annotations

import builtins
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, select, update

from engine.errors import LibraryError
from engine.index import ExactIndex
from engine.records import EncoderSpec, Folder, LibraryStats, Sound, Tag
from engine.store.database import Database, counted, inserted_id, plain_rows, set_counter, table_of
from engine.store.records import FileKey, IntArray, KnownSound, NewSound, RememberedFailure
from engine.store.schema import counter, failed_file, folder, sound, sound_tag, span
from engine.store.sound_changes import LIBRARY, changed, prune, since
from engine.store.spaces import find_space
from engine.store.spans import SpanStore
from engine.store.tags import Labels, one_of

MANY = 500
"""Values in one statement; SQLite's oldest limit is 999."""

SCAN_DONE, SCAN_TOTAL = "scan done", "scan total"
"""Counters that are there from the beginning of a scan to its end: files taken, and files to be read (0 at first)."""

T = TypeVar("T")


class SoundStore:
    """Reads and writes the library. Writes raise Busy and StoreError; an id that is not there raises LibraryError."""

    def __init__(self, database: Database, vectors: Path) -> None:
        self._database = database
        self._spans = SpanStore(database, vectors)

    # --- folders ---

    def folders(self) -> list[Folder]:
        """All folders by path, with what they hold; online tells whether the folder can be reached now."""
        query = (select(folder.c.id, folder.c.path, func.count(sound.c.id).label("sounds"),
                        func.coalesce(func.sum(sound.c.duration_s), 0.0).label("audio_s"))
                 .outerjoin(sound, sound.c.folder_id == folder.c.id).group_by(folder.c.id).order_by(folder.c.path))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [Folder(row.id, row.path, row.sounds, float(row.audio_s), row.path.is_dir()) for row in rows]

    def places(self, under: Path) -> dict[Path, int]:
        """How many sounds stand in each place on the disk, in a folder and below. Reads the index on paths alone."""
        separator = os.fsencode(os.sep)
        with self._database.reading() as connection, plain_rows(connection, select(sound.c.path).where(_below(under))) as rows:
            found = Counter(path.rpartition(separator)[0] for path, in rows)
        return {Path(os.fsdecode(place or separator)): count for place, count in found.items()}

    def folder_ids(self) -> builtins.list[int]:
        with self._database.reading() as connection:
            return [*connection.execute(select(folder.c.id)).scalars()]

    def add_folder(self, path: Path, absorbing: Sequence[int] = ()) -> int:
        """Add a folder; it takes over the sounds of folders that lie inside it. Returns its id."""
        with self._database.writing() as connection:
            folder_id = connection.execute(select(folder.c.id).where(folder.c.path == path)).scalar_one_or_none()
            if folder_id is None:
                folder_id = inserted_id(connection.execute(insert(folder).values(path=path)))
            for inner in absorbing:
                for table in (sound, failed_file):
                    connection.execute(update(table).where(table.c.folder_id == inner).values(folder_id=folder_id))
                connection.execute(delete(folder).where(folder.c.id == inner))
            changed(connection, None if absorbing else ())
            return int(folder_id)

    def remove_folder(self, folder_id: int) -> None:
        """Remove a folder and its sounds from the library; the files themselves are not touched."""
        with self._database.writing() as connection:
            sounds = connection.execute(select(sound.c.id).where(sound.c.folder_id == folder_id)).scalars().all()
            if not connection.execute(delete(folder).where(folder.c.id == folder_id)).rowcount:
                raise LibraryError("This folder is not part of the library any more.")
            changed(connection, sounds)

    def folder_device(self, folder_id: int) -> int | None:
        """The st_dev the folder had at its last scan; None before the first."""
        with self._database.reading() as connection:
            found: int | None = connection.execute(
                select(folder.c.device).where(folder.c.id == folder_id)).scalar_one_or_none()
            return found

    def set_folder_device(self, folder_id: int, device: int) -> None:
        with self._database.writing() as connection:
            connection.execute(update(folder).where(folder.c.id == folder_id).values(device=device))

    # --- sounds ---

    def sound(self, sound_id: int) -> Sound:
        found = self.many([sound_id])
        if not found:
            raise LibraryError("This sound is not in the library any more.")
        return found[sound_id]

    def many(self, sound_ids: Iterable[int]) -> dict[int, Sound]:
        """Sounds by id; those that are gone are left out."""
        found: dict[int, Sound] = {}
        with self._database.reading() as connection:
            for ids in _portions(sound_ids):
                for row in connection.execute(select(sound).where(sound.c.id.in_(ids))):
                    found[row.id] = _sound(row)
        return found

    def find(self, path: Path) -> Sound | None:
        with self._database.reading() as connection:
            row = connection.execute(select(sound).where(sound.c.path == path)).one_or_none()
        return None if row is None else _sound(row)

    def list(self, folder_id: int | None = None, offset: int = 0, limit: int | None = None, under: Path | None = None,
             tags: Sequence[Labels] = ()) -> builtins.list[Sound]:
        """Sounds in order of their paths. under: only those below this folder, which may be any. tags: with one of each."""
        query = select(sound).where(*_only(folder_id, under, tags)).order_by(sound.c.path).offset(max(0, offset)).limit(limit)
        with self._database.reading() as connection:
            return [_sound(row) for row in connection.execute(query)]

    def count(self, folder_id: int | None = None, under: Path | None = None, tags: Sequence[Labels] = ()) -> int:
        """How many `list` would give without a limit."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(sound).where(*_only(folder_id, under, tags))).scalar_one()

    def ids(self, under: Path) -> IntArray:
        """Ids of the sounds below a folder: int64 (n,), in order of their paths."""
        with self._database.reading() as connection:
            return table_of(connection, select(sound.c.id).where(_below(under)).order_by(sound.c.path), {"ids": np.int64})["ids"]

    def version(self) -> int:
        """Raised by every change to the library, in whatever process."""
        with self._database.reading() as connection:
            return counted(connection, LIBRARY)

    def changed_since(self, version: int) -> IntArray | None:
        """Ids of the sounds that are new, different or gone since then, increasing, int64 (n,); None where it may be all."""
        with self._database.reading() as connection:
            return since(connection, version)

    def stats(self, spec: EncoderSpec, database_bytes: int) -> LibraryStats:
        """spans: of this space."""
        with self._database.reading() as connection:
            folders = connection.execute(select(func.count()).select_from(folder)).scalar_one()
            sounds, audio_s = connection.execute(
                select(func.count(), func.coalesce(func.sum(sound.c.duration_s), 0.0)).select_from(sound)).one()
            spans = connection.execute(select(func.count()).select_from(span).where(
                span.c.spec_id == find_space(connection, spec))).scalar_one()
        return LibraryStats(folders, sounds, spans, float(audio_s), self._spans.bytes, database_bytes)

    # --- what a scan needs ---

    def begin_scan(self, spec: EncoderSpec) -> None:
        """Find the rows that can be written again, and spans whose vectors were lost. The scan is unfinished from now on."""
        self._spans.index(spec)  # where it is not known yet, it takes longer than a transaction should
        with self._database.writing() as connection:
            if self.scan_mark() is None:  # what an earlier one came to is known until this one knows better
                self.mark_scan(0, 0)
            lost = self._spans.drop_lost(connection, spec)
            if len(lost):
                changed(connection, lost)
            prune(connection)
        self._spans.forget_free_rows()

    def mark_scan(self, done: int, total: int) -> None:
        """How far the scan is that has begun, so that whoever comes after a kill knows."""
        with self._database.writing() as connection:
            for name, value in ((SCAN_DONE, done), (SCAN_TOTAL, total)):
                set_counter(connection, name, value)

    def end_scan(self) -> None:
        """The scan has come to its end."""
        with self._database.writing() as connection:
            connection.execute(delete(counter).where(counter.c.name.in_((SCAN_DONE, SCAN_TOTAL))))

    def scan_mark(self) -> tuple[int, int] | None:
        """done and total of a scan that has begun and not come to its end; total 0: it was not known yet."""
        with self._database.reading() as connection:
            found = {row.name: row.value for row in connection.execute(select(counter).where(
                counter.c.name.in_((SCAN_DONE, SCAN_TOTAL))))}
        return (found[SCAN_DONE], found[SCAN_TOTAL]) if len(found) == 2 else None

    def known(self, spec: EncoderSpec) -> builtins.list[KnownSound]:
        """All sounds as a scan sees them."""
        with self._database.reading() as connection:
            has = exists().where(span.c.spec_id == find_space(connection, spec), span.c.sound_id == sound.c.id)
            asked = select(sound.c.id, sound.c.folder_id, sound.c.path, sound.c.size, sound.c.mtime_ns, sound.c.sha256, has)
            with plain_rows(connection, asked) as rows:
                return [KnownSound(sound_id, folder_id, Path(os.fsdecode(path)), FileKey(size, mtime_ns), sha256, bool(indexed))
                        for sound_id, folder_id, path, size, mtime_ns, sha256, indexed in rows]

    def missing(self, spec: EncoderSpec, beside: EncoderSpec) -> builtins.list[Path]:
        """Sounds that have vectors in the space `beside` and none in the space `spec`, and no failure that says why."""
        with self._database.reading() as connection:
            here, there = find_space(connection, spec), find_space(connection, beside)
            in_space = exists().where(span.c.spec_id == here, span.c.sound_id == sound.c.id)
            beside_it = exists().where(span.c.spec_id == there, span.c.sound_id == sound.c.id)
            refused = exists().where(failed_file.c.path == sound.c.path, (
                failed_file.c.space.is_(None)) | (failed_file.c.space == spec.key))
            return [*connection.execute(select(sound.c.path).where(beside_it, ~in_space, ~refused)).scalars()]

    def counted(self, spec: EncoderSpec) -> tuple[int, int]:
        """How many sounds have vectors in this space, and how many there are."""
        with self._database.reading() as connection:
            indexed = connection.execute(select(func.count(span.c.sound_id.distinct())).where(
                span.c.spec_id == find_space(connection, spec))).scalar_one()
            return indexed, connection.execute(select(func.count()).select_from(sound)).scalar_one()

    def purge(self, keep: Collection[EncoderSpec]) -> None:
        """Take away the spans and matrices of all spaces but these."""
        with self._database.writing() as connection:
            if self._spans.purge(connection, keep):
                changed(connection, None)

    def settle_tags(self, taken: bool) -> None:
        """The library has changed over (taken), or stays with its encoder: the tags that waited become the tags, or go."""
        waiting = update(sound).where(sound.c.tags_next.is_not(None))
        with self._database.writing() as connection:
            if connection.execute(waiting.values(tags_next=None, **({"tags": sound.c.tags_next} if taken else {}))).rowcount:
                changed(connection, ())

    def put(self, spec: EncoderSpec, sounds: Sequence[NewSound], pending: bool = False) -> builtins.list[int]:
        """Write sounds with their spans and vectors, all or none. Returns their ids.

        pending: the library is not searched in this space yet, so that sounds of the same content keep their tags until
        `settle_tags`.

        Vectors are on the disk before the rows that name them are committed. Raises ShapeError, LibraryError (same_as
        names a sound without vectors), StoreError.
        """
        if not sounds:
            return []
        with self._database.writing() as connection:
            self.forget_failures(new.path for new in sounds)
            _free_paths(connection, {new.path: new.id for new in sounds})
            described = [_described(new, pending) if new.same_as is None else _copied(connection, new, pending)
                         for new in sounds]
            shared = [self._spans.of(connection, spec, new.same_as.sound_id) if new.same_as else [] for new in sounds]
            ids = _written(connection, sounds, described)
            for sound_id, new, spans in zip(ids, sounds, shared, strict=True):
                if new.same_as is not None:
                    self._spans.share(connection, spec, spans, sound_id)
            self._spans.write(connection, spec, [(sound_id, new.spans, new.vectors) for sound_id, new
                                                 in zip(ids, sounds, strict=True) if new.same_as is None])
            changed(connection, ids)
        return ids

    def place(self, sound_id: int, path: Path, folder_id: int, key: FileKey) -> None:
        """A sound whose content is the same stands at this path now."""
        with self._database.writing() as connection:
            _free_paths(connection, {path: sound_id})
            connection.execute(delete(failed_file).where(failed_file.c.path == path))
            connection.execute(update(sound).where(sound.c.id == sound_id).values(
                path=path, folder_id=folder_id, size=key.size, mtime_ns=key.mtime_ns))
            changed(connection, (sound_id,))

    def remove(self, sound_ids: Collection[int]) -> None:
        with self._database.writing() as connection:
            for ids in _portions(sound_ids):
                connection.execute(delete(sound).where(sound.c.id.in_(ids)))
            changed(connection, sound_ids)

    def remove_all(self) -> None:
        """Empty the library. The caller removes the vector files and wipes the database."""
        with self._database.writing() as connection:
            for table in (span, failed_file, sound, folder):
                connection.execute(delete(table))
            self.end_scan()
            changed(connection, None)
        self.close()

    def failures(self, spec: EncoderSpec) -> builtins.list[RememberedFailure]:
        """Files that could not be decoded, or not be taken by this encoder; left alone while they are the same.

        In order of their paths.
        """
        mine = (failed_file.c.space.is_(None)) | (failed_file.c.space == spec.key)
        with self._database.reading() as connection:
            rows = connection.execute(select(failed_file).where(mine).order_by(failed_file.c.path)).all()
        return [RememberedFailure(row.path, FileKey(row.size, row.mtime_ns), row.reason) for row in rows]

    def remember_failure(self, path: Path, folder_id: int, key: FileKey, reason: str,
                         spec: EncoderSpec | None = None) -> None:
        """spec: of the encoder that refused the file; None where it could not be decoded at all."""
        space = None if spec is None else spec.key
        with self._database.writing() as connection:
            connection.execute(delete(failed_file).where(failed_file.c.path == path))
            connection.execute(insert(failed_file).values(
                path=path, folder_id=folder_id, size=key.size, mtime_ns=key.mtime_ns, reason=reason,
                space=space))

    def forget_failures(self, paths: Iterable[Path]) -> None:
        with self._database.writing() as connection:
            for some in _portions(paths):
                connection.execute(delete(failed_file).where(failed_file.c.path.in_(some)))

    # --- search ---

    def index(self, spec: EncoderSpec) -> ExactIndex:
        """Everything that can be searched in a space as it is now; the same object until the library or the matrix changes."""
        return self._spans.index(spec)

    def stamp(self, spec: EncoderSpec) -> object:
        """Something small that is equal as long as `index` gives the same object; quick."""
        return self._spans.stamp(spec)

    def close(self) -> None:
        """Let go of the memory maps."""
        self._spans.forget_indexes()
        self._spans.forget_free_rows()


def _only(folder_id: int | None, under: Path | None, tags: Sequence[Labels]) -> builtins.list[ColumnElement[bool]]:
    """The conditions of a list of sounds."""
    found = [] if under is None else [_below(under)]
    if folder_id is not None:  # + 0 sets the index on folders aside where the one on paths gives the order, too
        found.append((sound.c.folder_id if under is None else sound.c.folder_id + 0) == folder_id)
    for labels in tags:
        found.append(sound.c.id.in_(select(sound_tag.c.sound_id).where(one_of(labels))))
    return found


def _below(under: Path) -> ColumnElement[bool]:
    """Whether a sound's path begins with a folder and a separator: one range of bytes, read from the index on paths."""
    separator = os.fsencode(os.sep)
    first = os.fsencode(under).removesuffix(separator) + separator  # a root ends with its separator already
    return and_(sound.c.path >= first, sound.c.path < first[:-1] + bytes([separator[0] + 1]))


def _free_paths(connection: Connection, owners: dict[Path, int | None]) -> None:
    """Other rows that have these paths keep their content, which may turn up elsewhere in the same scan."""
    for paths in _portions(owners):
        for other, path in connection.execute(select(sound.c.id, sound.c.path).where(sound.c.path.in_(paths))).all():
            if other != owners[path]:
                connection.execute(update(sound).where(sound.c.id == other).values(
                    path=path.with_name(f"{path.name}.gone-{other}")))


def _written(connection: Connection, sounds: Sequence[NewSound],
             described: Sequence[dict[str, Any]]) -> builtins.list[int]:
    """Update the rows that have an id, insert the others. Returns the ids in order."""
    for new, values in zip(sounds, described, strict=True):
        if new.id is not None:  # spans in whatever space go with the content they were made of
            old = select(sound.c.id).where(sound.c.id == new.id, sound.c.sha256 != new.sha256)
            connection.execute(delete(span).where(span.c.sound_id.in_(old)))
            same = connection.execute(select(sound.c.tags).where(
                sound.c.id == new.id, sound.c.sha256 == new.sha256)).scalar_one_or_none()
            if same is not None and values["tags_next"] is not None:
                values["tags"] = same  # what it was heard to be until now stays, while the library is searched in that space
            if not connection.execute(update(sound).where(sound.c.id == new.id).values(values)).rowcount:
                raise LibraryError("This sound is not in the library any more.")
    added = [values for new, values in zip(sounds, described, strict=True) if new.id is None]
    made = iter(connection.execute(insert(sound).returning(sound.c.id, sort_by_parameter_order=True), added).scalars()
                if added else ())
    return [next(made) if new.id is None else new.id for new in sounds]


def _placed(new: NewSound) -> dict[str, Any]:
    return {"folder_id": new.folder_id, "path": new.path, "size": new.key.size, "mtime_ns": new.key.mtime_ns,
            "sha256": new.sha256}


def _described(new: NewSound, pending: bool) -> dict[str, Any]:
    tags = json.dumps([[tag.name, round(float(tag.probability), 5)] for tag in new.tags], ensure_ascii=False)
    return {**_placed(new), "duration_s": float(new.duration_s), "rate_hz": int(new.rate_hz),
            "channels": int(new.channels), "format": new.format, "peaks": np.asarray(new.peaks, np.uint8).tobytes(),
            "tags": tags, "tags_next": tags if pending else None}


def _copied(connection: Connection, new: NewSound, pending: bool) -> dict[str, Any]:
    assert new.same_as is not None
    columns = (sound.c.duration_s, sound.c.rate_hz, sound.c.channels, sound.c.format, sound.c.peaks, sound.c.tags,
               sound.c.tags_next)
    row = connection.execute(select(*columns).where(sound.c.id == new.same_as.sound_id)).mappings().one_or_none()
    if row is None:
        raise LibraryError("The sound to copy from is not in the library any more.")
    return {**_placed(new), **row, "tags_next": (row["tags_next"] or row["tags"]) if pending else None}


def _sound(row: Any) -> Sound:
    tags = tuple(Tag(name, probability) for name, probability in json.loads(row.tags))
    return Sound(row.id, row.folder_id, row.path, row.duration_s, row.rate_hz, row.channels, row.format, row.sha256,
                 tags, np.frombuffer(row.peaks, np.uint8))


def _portions(values: Iterable[T]) -> Iterator[builtins.list[T]]:
    rest = iter(values)
    while portion := [*islice(rest, MANY)]:
        yield portion
