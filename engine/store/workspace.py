"""The workspace folder and what it holds. Opening it imports no SQLAlchemy where the database is up to date."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StoreError, Unfinished
from engine.files import own_file, own_folder
from engine.store.lock import WorkspaceLock, closed
from engine.store.opening import prepare
from engine.store.sqlite import check_length, plain

if TYPE_CHECKING:
    from engine.store.changes import ChangeStore
    from engine.store.database import Database
    from engine.store.queries import QueryStore
    from engine.store.resealing import Encrypting
    from engine.store.seals import Ask, Seals
    from engine.store.sounds import SoundStore
    from engine.store.spaces import SpaceStore
    from engine.store.tags import TagStore
    from engine.store.timelines import TimelineStore
    from engine.store.voices import VoiceStore

log = logging.getLogger(__name__)


class Store:
    """One workspace: `earmark.db`, `vectors/`, `recordings/`, `backups/`, `logs/`. Thread-safe.

    Opening makes what is missing and migrates an older database after a backup. Raises TooNew, Busy, StoreError.
    Reading needs no lock; the first write takes the workspace's lock and keeps it until `close`.
    """

    def __init__(self, folder: Path, ask: Ask | None = None) -> None:
        """ask: gives the passphrase of a sealed workspace when it is needed."""
        self.folder = folder.absolute()
        self.database = self.folder / "earmark.db"
        self.vectors = self.folder / "vectors"
        self.recordings = self.folder / "recordings"
        self.backups = self.folder / "backups"
        self.maps = self.folder / "maps"  # that can be drawn anew; made with the first
        self.logs = self.folder / "logs"
        self._guard = threading.RLock()
        self._shut = False
        self._ask = ask
        self._db: Database | None = None
        self._seals: Seals | None = None
        self._voices: VoiceStore | None = None
        self._sounds: SoundStore | None = None
        check_length(self.database)
        self._make_folders()
        self._lock = WorkspaceLock(self.folder)
        try:
            prepare(self.database, self.backups, self._lock)
        except StoreError:
            self._lock.release()
            raise

    @property
    def voices(self) -> VoiceStore:
        with self._guard:
            if self._voices is None:
                from engine.store.voices import VoiceStore

                self._voices = VoiceStore(self._opened(), self.recordings, self.backups, self.seals)
            return self._voices

    @property
    def seals(self) -> Seals:
        with self._guard:
            if self._seals is None:
                from engine.store.seals import Seals

                self._seals = Seals(self._opened(), self._ask)
            return self._seals

    @property
    def encrypting(self) -> Encrypting:
        from engine.store.resealing import Encrypting

        return Encrypting(self._opened(), self.seals, self.voices, self.recordings)

    @property
    def sounds(self) -> SoundStore:
        with self._guard:
            if self._sounds is None:
                from engine.store.sounds import SoundStore

                self._sounds = SoundStore(self._opened(), self.vectors)
            return self._sounds

    @property
    def claimed(self) -> bool:
        """Whether this is the one program that writes to the workspace: it took the lock."""
        return self._lock.held

    @property
    def plain(self) -> bool:
        """Whether nothing is encrypted; quick."""
        return plain(self.database)

    @property
    def changes(self) -> ChangeStore:
        from engine.store.changes import ChangeStore

        return ChangeStore(self._opened(), self.recordings, self.voices, self.seals)

    @property
    def queries(self) -> QueryStore:
        from engine.store.queries import QueryStore

        return QueryStore(self._opened())

    @property
    def tags(self) -> TagStore:
        from engine.store.tags import TagStore

        return TagStore(self._opened())

    @property
    def spaces(self) -> SpaceStore:
        from engine.store.spaces import SpaceStore

        return SpaceStore(self._opened())

    @property
    def timelines(self) -> TimelineStore:
        from engine.store.timelines import TimelineStore

        return TimelineStore(self._opened(), self.voices, self.seals)

    def claim(self) -> None:
        """Take the workspace's lock now instead of with the first write. Raises Busy, StoreError."""
        with self._guard:
            if self._shut:
                raise closed()
            self._lock.acquire()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Any]:
        """One transaction around several writes of this thread; takes the workspace's lock. Raises Busy, StoreError."""
        with self._opened().writing() as connection:
            yield connection

    def unfinished(self) -> Unfinished | None:
        """What a change of this program left to be done after it, None where nothing is left. The change itself is made."""
        pending = None if self._voices is None else self._voices.pending
        return None if pending is None else Unfinished("This was done.", (
            "What was there before may still lie in old pages and files of the workspace, because they could not be wiped yet. "
            f"({pending}) The next command that changes something does it, or the window when it starts."))

    @property
    def database_bytes(self) -> int:
        """Size of the database with its write-ahead log."""
        files = (self.database, self.database.with_name("earmark.db-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def forget_everything(self) -> None:
        """Remove all voices, timelines, sounds, folders, saved queries, tags, recordings, vectors and backups.

        Every trace of them goes, too. Encryption is off afterwards, and its key is gone; the key is not needed for this.
        Settings and downloaded models stay. Raises Busy, StoreError, Unfinished.
        """
        failed: OSError | None = None
        with self._opened().writing():
            self.encrypting.forget_key()
            self.timelines.remove_all()
            self.voices.remove_all()
            self.queries.remove_all()
            self.tags.remove_all()
            self.sounds.remove_all()
            for folder in (self.vectors, self.recordings, self.backups, self.maps):  # before the commit: killed now, it is told
                try:
                    with contextlib.suppress(FileNotFoundError):
                        shutil.rmtree(folder)
                    own_folder(folder)
                except OSError as error:
                    failed = error
        if failed is not None:
            raise Unfinished("All voices, timelines, sounds, searches and tags are forgotten.",
                             f"Not everything could be removed: {failed.strerror or failed}. Try again.") from failed
        log.info("forgot everything")

    def close(self) -> None:
        """Close the database and free the workspace's lock, for good. May be called twice.

        A thread that writes is waited for, but not for ever: one that takes longer closes what is left when it is done.
        """
        with self._guard:
            self._shut, database = True, self._db
        if database is None:
            self._lock.release()
        else:
            database.close(self._closed)  # not under the guard: whoever writes needs it

    def _closed(self) -> None:
        with self._guard:
            if self._sounds is not None:
                self._sounds.close()
            self._voices, self._sounds, self._seals, self._db = None, None, None, None
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _opened(self) -> Database:
        with self._guard:
            if self._db is None:
                if self._shut:  # a job that is late must not take the lock again
                    raise closed()
                from engine.store.database import Database

                self._db = Database(self.database, self._lock)
            return self._db

    def _make_folders(self) -> None:
        try:
            own_folder(self.folder)
            for folder in (self.vectors, self.recordings, self.backups, self.logs):
                own_folder(folder, narrow=True)
            for file in self.folder.glob(f"{self.database.name}*"):
                own_file(file)
        except OSError as error:
            raise StoreError(f"The workspace folder “{self.folder.name}” cannot be made: "
                             f"{error.strerror or error}.") from error
