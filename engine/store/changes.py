"""What a change to voices did to their rows, so that it can be taken back and made again; the newest ones are kept in a journal.

A change is the rows of the tables voice, take and sample before and after it, as they stand in the database: what is private in
them stays sealed. Recordings that went with it, and what timelines said of a voice that went, are held by the caller, in memory.
In the journal they are left out, so a change that is taken back from there brings samples back without their recording. A voice
that is removed takes its entries along.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from engine.errors import EnrollmentError, StoreError
from engine.store.database import Database, inserted_id
from engine.store.recordings import write_whole
from engine.store.schema import sample, take, voice, voice_change
from engine.store.seals import Seals
from engine.store.timelines import Said, release, said_by, say_again
from engine.store.voices import VoiceStore, drop_changes

TABLES = {"voice": voice, "take": take, "sample": sample}  # parents first
JOURNAL = 50
"""Changes that the journal keeps."""
Row = dict[str, Any]


@dataclass
class RowChange:
    """What one change did. rows: (table, id, before, after): whole rows, or the columns that differ; None = no such row.

    recordings: content by path of files that are not there in the present state. voices: ids that it touches. said: what
    timelines said of voices that are not there in the present state.
    """

    rows: list[tuple[str, int, Row | None, Row | None]] = field(default_factory=list)
    recordings: dict[Path, bytes] = field(default_factory=dict)
    voices: set[int] = field(default_factory=set)
    said: list[Said] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        return sum(map(len, self.recordings.values())) + 3_000 * (len(self.rows) + sum(one.size for one in self.said))


class ChangeStore:
    """Watches changes, takes them back, and keeps the journal."""

    def __init__(self, database: Database, recordings: Path, voices: VoiceStore, seals: Seals) -> None:
        self._database, self._recordings, self._voices, self._seals = database, recordings, voices, seals

    @contextmanager
    def watched(self, voice_ids: Iterable[int], hold: bool = False) -> Iterator[RowChange]:
        """One transaction; afterwards the RowChange says what it did to these voices and to those added to its `voices`.

        hold: recordings that it removes, and what timelines said of voices that it removes, are held in memory.
        """
        found = RowChange(voices=set(voice_ids))
        with self._database.writing() as connection:
            before = _rows_of(connection, found.voices)
            if hold:
                files = [row["recording"] for row in before["take"].values() if row["recording"] is not None]
                found.recordings = self._contents(files)
            said = {key: said_by(connection, key) for key in before["voice"]} if hold else {}
            yield found
            after = _rows_of(connection, found.voices)
            found.rows = list(_difference(before, after))
            kept = {row["recording"] for row in after["take"].values()}
            found.recordings = {path: data for path, data in found.recordings.items() if path not in kept}
            found.said = [said[key] for key in said if key not in after["voice"]]

    def apply(self, change: RowChange, back: bool) -> RowChange:
        """Take a change back, or make it again; returns what does the opposite, once this is committed.

        What timelines say of a voice or take that is taken back is a stranger's again; what they said of a voice that comes back
        is hers again. Recordings that go are strays once it is committed. Raises EnrollmentError, and does nothing, where its
        rows have changed since.
        """
        with self._database.writing() as connection:
            steps = [(table, key, after, before) if back else (table, key, before, after)
                     for table, key, before, after in change.rows]
            steps = [(table, key, _checked(connection, table, key, now, then), then) for table, key, now, then in steps]
            going = [now["recording"] for table, _, now, then in steps
                     if table == "take" and now is not None and then is None and now["recording"] is not None]
            coming = [then["recording"] for table, _, now, then in steps
                      if table == "take" and then is not None and now is None and then["recording"] is not None]
            held = self._contents(going)
            for path in coming:
                if path in change.recordings:
                    write_whole(self._recordings / path, change.recordings[path])
            if back:
                release(connection, *([key for table, key, _, then in steps if table == kind and then is None]
                                      for kind in ("voice", "take")))
            said = [said_by(connection, key) for table, key, _, then in steps if table == "voice" and then is None]
            _write(connection, steps, {path for path in coming if path not in change.recordings})
            for one in change.said:
                say_again(connection, one, self._seals.records(connection))
        rows = [(table, key, then, now) if back else (table, key, now, then) for table, key, now, then in steps]
        return RowChange(rows, held, change.voices, said)

    # --- the journal ---

    def note(self, kind: str, changes: Sequence[RowChange]) -> int:
        """Keep a change; the oldest ones go, and every trace of samples that they held with them. Returns its id."""
        ids = sorted(set().union(*(one.voices for one in changes)))
        rows = json.dumps([[[table, key, _coded(before), {} if before is None else _coded(after)]  # what came is only counted
                            for table, key, before, after in one.rows] for one in changes]).encode("ascii")
        with self._database.writing() as connection:
            made = inserted_id(connection.execute(insert(voice_change).values(
                kind=kind, voices=f",{','.join(map(str, ids))},", rows=rows, at=datetime.now(UTC))))
            old = voice_change.c.id <= made - JOURNAL
            going = connection.execute(select(voice_change.c.kind).where(old)).scalars().all()
            connection.execute(delete(voice_change).where(old))
            if "remove-sample" in going:
                self._voices.wipe()
        return made

    def newest(self) -> tuple[int, str, datetime, list[RowChange]] | None:
        """(id, kind, time, changes) of the newest entry. Raises StoreError where it cannot be understood."""
        with self._database.reading() as connection:
            row = connection.execute(select(voice_change).order_by(voice_change.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        ids = {int(part) for part in row.voices.split(",") if part}
        try:
            changes = [RowChange([(table, key, _decoded(before), _decoded(after)) for table, key, before, after in one], {}, ids)
                       for one in json.loads(row.rows)]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError("What could be undone cannot be read any more. Nothing was changed.") from error
        return row.id, row.kind, row.at, changes

    def drop(self, change_id: int) -> None:
        """Take an entry out of the journal."""
        with self._database.writing() as connection:
            connection.execute(delete(voice_change).where(voice_change.c.id == change_id))

    def drop_of(self, changes: Sequence[RowChange]) -> None:
        """Take out every entry of the voices that some changes touch."""
        with self._database.writing() as connection:
            drop_changes(connection, set().union(*(one.voices for one in changes)))

    def _contents(self, files: Iterable[Path]) -> dict[Path, bytes]:
        found = {}
        for file in files:
            try:
                found[file] = (self._recordings / file).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"A recording cannot be read: {error.strerror or error}. Nothing was changed.") from error
        return found


def _rows_of(connection: Connection, voice_ids: Iterable[int]) -> dict[str, dict[int, Row]]:
    ids = list(voice_ids)
    queries = {"voice": select(voice).where(voice.c.id.in_(ids)), "take": select(take).where(take.c.voice_id.in_(ids)),
               "sample": select(sample).where(sample.c.take_id.in_(select(take.c.id).where(take.c.voice_id.in_(ids))))}
    return {table: {row.id: row._asdict() for row in connection.execute(query)} for table, query in queries.items()}


def _difference(before: dict[str, dict[int, Row]],
                after: dict[str, dict[int, Row]]) -> Iterator[tuple[str, int, Row | None, Row | None]]:
    for table in TABLES:
        for key in sorted({*before[table], *after[table]}):
            old, new = before[table].get(key), after[table].get(key)
            if old is not None and new is not None:
                columns = [column for column in old if old[column] != new[column]]
                if columns:
                    yield table, key, {c: old[c] for c in columns}, {c: new[c] for c in columns}
            else:
                yield table, key, old, new


def _checked(connection: Connection, table: str, key: int, expected: Row | None, then: Row | None) -> Row | None:
    """What is there now: the whole row where it goes, what was expected where it changes. Raises EnrollmentError."""
    row = connection.execute(select(TABLES[table]).where(TABLES[table].c.id == key)).one_or_none()
    found = None if row is None else row._asdict()
    same = found is None if expected is None else found is not None and all(found[c] == expected[c] for c in expected)
    if not same:
        raise EnrollmentError("This was changed again since, so it cannot be undone.")
    return found if then is None else expected


def _write(connection: Connection, steps: Sequence[tuple[str, int, Row | None, Row | None]], lost: set[Path]) -> None:
    """Parents come first and go last. lost: recordings that are not there any more."""
    for name, table in TABLES.items():
        for _, key, now, then in (step for step in steps if step[0] == name):
            if then is not None and now is None:
                gone = {"recording": None, "consent_at": None} if then.get("recording") in lost else {}
                connection.execute(insert(table).values({**then, **gone}))
            elif then is not None and then:
                connection.execute(update(table).where(table.c.id == key).values(then))
    for name, table in reversed(TABLES.items()):
        for _, key, _, then in (step for step in steps if step[0] == name):
            if then is None:
                connection.execute(delete(table).where(table.c.id == key))


def _coded(row: Row | None) -> Any:
    """A row as JSON."""
    if row is None:
        return None
    coded: dict[str, Any] = {}
    for column, value in row.items():
        if isinstance(value, bytes):
            value = {"bytes": base64.b64encode(value).decode("ascii")}
        elif isinstance(value, datetime):
            value = {"time": value.isoformat()}
        elif isinstance(value, Path):
            value = {"path": base64.b64encode(os.fsencode(value)).decode("ascii")}
        coded[column] = value
    return coded


def _decoded(row: Any) -> Row | None:
    if row is None:
        return None
    found: Row = {}
    for column, value in row.items():
        if isinstance(value, dict):
            (kind, text), = value.items()
            value = (datetime.fromisoformat(text) if kind == "time" else base64.b64decode(text) if kind == "bytes"
                     else Path(os.fsdecode(base64.b64decode(text))))
        found[column] = value
    return found
