"""Turning encryption on and off: every private record is rewritten in one transaction, so a kill leaves all or nothing.

Recordings are written anew beside the old ones before the commit, and the old ones go after it; whatever no take names
is a stray. Until the old pages, files and backups are gone the row of `seal` says `unclean`, and the next program that
may write goes on with it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from engine.errors import RecordDamaged, StoreError, UsageError
from engine.privacy import keyrings, passphrases
from engine.privacy.sealing import new_key
from engine.records import Encryption, EncryptionWay
from engine.store.database import Database
from engine.store.recordings import write_whole
from engine.store.schema import sample, seal, stranger_sample, take, timeline, voice, voice_change
from engine.store.sealed import PLAIN, Records, of_name, of_recording, of_source, of_stranger, of_timeline, of_vector
from engine.store.seals import HeldKey, Seals, row_of, write_row
from engine.store.voices import VoiceStore
from engine.texts import name_key

log = logging.getLogger(__name__)


class Encrypting:
    """Seals and unseals the voices of one workspace. Writes raise Busy, StoreError; nothing is changed then.

    What cannot be wiped after a change raises nothing: `VoiceStore.pending` says why, and `finish` does it later.
    """

    def __init__(self, database: Database, seals: Seals, voices: VoiceStore, recordings: Path) -> None:
        self._database, self._seals, self._voices, self._recordings = database, seals, voices, recordings

    def state(self) -> Encryption:
        """How the voices are kept; asks nobody for a passphrase."""
        why = self._seals.why_locked()
        with self._database.reading() as connection:
            row = row_of(connection)
        if row is None:
            return Encryption("off", None, None, False)
        return Encryption(row.way, None if row.way == "off" else row.since, why, row.unclean)

    def turn_on(self, passphrase: str | None = None, show: Callable[[str], None] | None = None) -> str | None:
        """Seal everything under a new key, or keep the key that is there in another way.

        Without a passphrase the key goes into the keyring of the system, and a recovery code is returned: whoever has
        it opens the workspace where the keyring is lost. show: gets that code before anything is sealed, so that no kill
        leaves a sealed workspace whose code nobody has seen. Raises KeyringMissing, UsageError (too short), Locked, and what
        `show` raises; nothing is changed then, and the code opens nothing.
        """
        way: EncryptionWay = "keyring" if passphrase is None else "passphrase"
        code = passphrases.recovery_code() if passphrase is None else None
        secret = code if passphrase is None else passphrases.checked(passphrase)
        assert secret is not None
        with self._database.writing() as connection:
            held = self._seals.held(connection)
            before = row_of(connection)
        fresh = held is None
        if held is None:
            held = HeldKey.new(new_key())
        if way == "keyring":
            keyrings.keep(held.id, held.key)  # before anything is sealed with it
        try:
            if code is not None and show is not None:
                show(code)
            self._change(held, lambda connection: write_row(
                connection, way, held, secret, None if fresh else before.since))
        except BaseException:
            if way == "keyring" and not self._kept(held):
                keyrings.forget(held.id)
            raise
        if way == "passphrase" and not fresh and before.way == "keyring":
            keyrings.forget(held.id)
        log.info("the voices are sealed: %s", way)
        return code

    def turn_off(self) -> None:
        """Write everything plainly again. Raises Locked, UsageError where nothing is sealed."""
        with self._database.writing() as connection:
            held = self._seals.held(connection)
        if held is None:
            raise UsageError("The voices of this workspace are not encrypted.")
        self._change(None, lambda connection: write_row(connection, "off", None, ""))
        keyrings.forget(held.id)
        log.info("the voices are not sealed any more")

    def forget_key(self) -> None:
        """Encryption is off from now on, whatever was sealed; for *forget everything*, which needs no key."""
        with self._database.writing() as connection:
            row = row_of(connection)
            connection.execute(delete(seal))
            self._database.afterwards(self._seals.forget)
            if row is not None and row.key_id is not None:
                self._database.afterwards(lambda: keyrings.forget(row.key_id))

    def finish(self) -> bool:
        """Remove what the last change or removal left in the files, if it left anything; False where that has to wait."""
        with self._database.reading() as connection:
            row = row_of(connection)
        if row is None or not row.unclean:
            return True
        before = self._voices.pending
        done = self._voices.clean()
        if before is None:
            self._voices.pending = None  # an earlier program's: it is for `state` to tell, and no news of this one
        return done

    def _change(self, held: HeldKey | None, say: Callable[[Connection], None]) -> None:
        """From what is to `held` (None: plain), in one transaction."""
        try:
            with self._database.writing() as connection:
                old = self._seals.records(connection)
                new = PLAIN if held is None else held.records
                now = self._seals.held(connection)
                if (now.id if now else None) != (held.id if held else None):
                    reseal(connection, self._recordings, old, new)
                say(connection)
        except BaseException:
            with contextlib.suppress(StoreError):
                self._voices.remove_strays()  # what was written and is named by no take
            raise
        self._seals.hold(held)
        try:
            self._database.sync()  # before the files that it named go
        except StoreError as error:
            self._voices.pending = str(error)  # it is changed all the same; `unclean` stands
            return
        self._voices.clean()

    def _kept(self, held: HeldKey) -> bool:
        """Whether a change that was broken off had been committed: then the keyring has to keep the key."""
        try:
            with self._database.reading() as connection:
                row = row_of(connection)
        except StoreError:
            return True
        return row is not None and row.key_id == held.id and row.way == "keyring"


def reseal(connection: Connection, recordings: Path, old: Records, new: Records) -> None:
    """Rewrite every private record; recordings get new files, and the old ones stay until they are strays.

    What could be undone cannot be any more: it is written in the old way.
    """
    connection.execute(delete(voice_change))
    names: dict[int, str] = {}
    for row in connection.execute(select(voice.c.id, voice.c.name)).all():
        names[row.id] = old.plain_text(row.name, *of_name(row.id))
        connection.execute(update(voice).where(voice.c.id == row.id).values(
            name=new.text(names[row.id], *of_name(row.id)), name_key=new.key(name_key(names[row.id]))))
    for row in connection.execute(select(take)).all():
        with _told(names[row.voice_id]):
            source = old.plain_text(row.source, *of_source(row.id))
            values: dict[str, Any] = {"source": new.text(source, *of_source(row.id))}
            if row.recording is not None:
                values["recording"] = _resealed(recordings, row.recording, row.sha256, old, new)
        connection.execute(update(take).where(take.c.id == row.id).values(values))
    for one in connection.execute(select(sample.c.id, sample.c.take_id, take.c.voice_id, sample.c.spec_id, sample.c.vector)
                                  .join(take, sample.c.take_id == take.c.id)).all():
        bound = of_vector(one.id, one.take_id, one.voice_id, one.spec_id)
        with _told(names[one.voice_id]):
            vector = new.data(old.plain_data(one.vector, *bound), *bound)
        connection.execute(update(sample).where(sample.c.id == one.id).values(vector=vector))
    for found in connection.execute(select(timeline.c.id, timeline.c.path)).all():
        bound = of_timeline(found.id)
        connection.execute(update(timeline).where(timeline.c.id == found.id).values(
            path=new.data(old.plain_data(found.path, *bound), *bound)))
    for known in connection.execute(select(stranger_sample.c.id, stranger_sample.c.track_id, stranger_sample.c.vector)).all():
        bound = of_stranger(known.id, known.track_id)
        connection.execute(update(stranger_sample).where(stranger_sample.c.id == known.id).values(
            vector=new.data(old.plain_data(known.vector, *bound), *bound)))


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Say whose a record is that does not open."""
    try:
        yield
    except RecordDamaged:
        raise RecordDamaged(name) from None


def _resealed(recordings: Path, file: Path, sha256: str, old: Records, new: Records) -> Path:
    """Write a recording in the other way; the name that the take has from now on. One that is gone stays gone."""
    target = file.with_suffix(new.suffix)
    try:
        data = (recordings / file).read_bytes()
    except FileNotFoundError:
        return target
    except OSError as error:
        raise StoreError(f"A recording cannot be read: {error.strerror or error}. Nothing was changed.") from error
    bound = of_recording(sha256)
    write_whole(recordings / target, new.data(old.plain_data(data, *bound), *bound))
    return target
