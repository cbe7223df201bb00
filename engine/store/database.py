"""Connections to the database: transactions for reading and for writing. SQLite's peculiarities live here."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, CursorResult, Engine, create_engine, event, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool

from engine.errors import Busy, StoreError
from engine.store.lock import WorkspaceLock, closed
from engine.store.schema import counter, sample, take, voice
from engine.store.sqlite import damaged, not_opened, opened

WIPE_TRIES = 10
LEAST_ROOM = 64 * 1024
"""Bytes on the disk; with less SQLite cannot begin."""
CLOSE_S = 10.0
"""How long closing waits for a transaction that writes."""
VOICES = "voices"
"""The counter that every change to voices raises, in whatever process."""
OF_VOICES = (voice, take, sample)

log = logging.getLogger(__name__)


def connect(path: Path, foreign_keys: bool = True) -> Engine:
    """An engine over a database file, with the settings every connection needs."""

    # The pool that this URL would get keeps a connection for each thread, five at the most, and closes the one of a thread
    # that is using it when a sixth comes: the program would die inside SQLite.
    engine = create_engine("sqlite://", creator=lambda: opened(path), poolclass=QueuePool, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def settings(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA temp_store=MEMORY")  # VACUUM must leave no copy of a voiceprint in /tmp
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Database:
    """Transactions over one file. Thread-safe; one write at a time in this process."""

    def __init__(self, path: Path, lock: WorkspaceLock) -> None:
        self._path = path
        self._lock = lock
        self._turn = threading.Lock()
        self._mine = threading.local()
        self._closed = False
        self._leaving: Callable[[], object] | None = None
        self._engine = connect(path)

        @event.listens_for(self._engine, "before_execute")
        def seen(connection: Connection, statement: Any, *_: object) -> None:
            if getattr(statement, "is_dml", False) and statement.table in OF_VOICES:
                self._mine.voices = True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the database; inside `writing` of the same thread, that transaction."""
        open_already = getattr(self._mine, "connection", None)
        if open_already is not None:
            yield open_already
            return
        with self._told("reading"), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end and rolled back by an error. May be nested: the outermost counts.

        Takes the workspace's lock the first time. Raises Busy, StoreError; nothing is changed then. What `afterwards` put off is
        done once it is committed, and raises nothing: the change is made, whatever becomes of the rest.
        """
        open_already = getattr(self._mine, "connection", None)
        if open_already is not None:
            yield open_already
            return
        waiting: list[Callable[[], object]] = []
        with self._told("writing"), self._my_turn(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                self._mine.connection, self._mine.waiting, self._mine.voices = connection, waiting, False
                try:
                    yield connection
                    if self._mine.voices:
                        count_up(connection, VOICES)
                finally:
                    self._mine.connection = None
        for work in waiting:
            try:
                work()
            except (StoreError, OSError) as error:
                log.warning("what follows a change could not be done: %s", type(error).__name__)

    @property
    def changing(self) -> bool:
        """Whether this thread is in a transaction that writes: what it reads may never be committed."""
        return getattr(self._mine, "connection", None) is not None

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do something, once, as soon as the transaction of this thread is committed; at once where there is none."""
        if getattr(self._mine, "connection", None) is None:
            work()
        elif work not in self._mine.waiting:
            self._mine.waiting.append(work)

    def voices_version(self) -> int | None:
        """A number that the commit of every change to voices raises, in whatever process.

        What was read after asking for it is the present state as long as the number is the same. None inside a transaction of
        this thread that writes: what it reads may never be committed, and nobody else may see it.
        """
        if getattr(self._mine, "connection", None) is not None:
            return None
        with self.reading() as connection:
            return connection.execute(select(counter.c.value).where(counter.c.name == VOICES)).scalar_one_or_none() or 0

    def wipe(self) -> bool:
        """Leave no deleted byte behind: rebuild the file and empty the write-ahead log.

        `secure_delete` zeroes what is deleted, but pages that were rebalanced may hold older copies; only a rebuild is
        certain. Not inside a transaction (see `afterwards`). Another program that reads at this moment can keep the log
        alive; then it is emptied by the last one to close, and False is returned.
        """
        with self._told("writing"), self._my_turn():
            connection = self._engine.raw_connection()
            waited_ms = connection.driver_connection.execute("PRAGMA busy_timeout").fetchone()[0]  # type: ignore[union-attr]
            try:
                connection.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
                connection.driver_connection.execute("PRAGMA busy_timeout = 0")  # type: ignore[union-attr]
                for _ in range(WIPE_TRIES):  # each of them would wait for the reader as long as a write does
                    row = connection.driver_connection.execute(  # type: ignore[union-attr]
                        "PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                    if row[0] == 0:
                        return True
                    time.sleep(0.05)
                log.warning("the write-ahead log is in use by a reader and will be emptied later")
                return False
            finally:
                connection.driver_connection.execute(f"PRAGMA busy_timeout = {int(waited_ms)}")  # type: ignore[union-attr]
                connection.close()

    def sync(self) -> None:
        """What was committed is on the disk when this returns (a commit alone outlives a kill, not a loss of power)."""
        for path in (self._path.with_name(self._path.name + "-wal"), self._path):
            try:
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            except FileNotFoundError:
                continue
            except OSError as error:
                raise told(error, self._path, "writing") from error

    def close(self, ended: Callable[[], object]) -> None:
        """Let nothing be written any more, and close the file. May be called again.

        A transaction that writes is waited for, CLOSE_S at most. ended: called, once, when none runs any more: by this call as a
        rule, else by the thread that writes, at its end.
        """
        self._closed, self._leaving = True, ended
        mine = getattr(self._mine, "connection", None) is not None  # nobody waits for himself
        if not mine and self._turn.acquire(timeout=CLOSE_S):
            self._turn.release()
        self._leave()
        if self._leaving is not None:
            log.warning("something is being written while the workspace is closed: it is closed by whoever writes")

    def _leave(self) -> None:
        """The rest of `close`, unless somebody writes."""
        if self._leaving is None or not self._turn.acquire(blocking=False):
            return
        try:
            ended, self._leaving = self._leaving, None
        finally:
            self._turn.release()
        if ended is not None:
            self._engine.dispose()
            ended()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """Be the one thread of this program, and the one program, that writes. Raises Busy, StoreError."""
        try:
            with self._turn:
                if self._closed:
                    raise closed()
                self._lock.acquire()
                yield
        finally:
            self._leave()

    @contextmanager
    def _told(self, at: Literal["reading", "writing"]) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise StoreError(f"The workspace refused a change that does not fit: {error.orig}.") from error
        except (DBAPIError, sqlite3.Error) as error:
            raise told(error, self._path, at) from error


def inserted_id(result: CursorResult[Any]) -> int:
    """The primary key of the row that was just inserted."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def count_up(connection: Connection, name: str) -> None:
    """Count a counter up; one that an older Earmark did not have begins."""
    if not connection.execute(update(counter).where(counter.c.name == name).values(value=counter.c.value + 1)).rowcount:
        connection.execute(insert(counter).values(name=name, value=1))


def counted(connection: Connection, name: str) -> int:
    """A counter; 0 for one that has not begun."""
    return int(connection.execute(select(counter.c.value).where(counter.c.name == name)).scalar_one_or_none() or 0)


def set_counter(connection: Connection, name: str, value: int) -> None:
    """Put a counter to a value; one that is not there begins."""
    if not connection.execute(update(counter).where(counter.c.name == name).values(value=value)).rowcount:
        connection.execute(insert(counter).values(name=name, value=value))


@contextmanager
def plain_rows(connection: Connection, statement: Any) -> Iterator[Iterator[tuple[Any, ...]]]:
    """The rows of a statement as the database has them, one after the other; paths are bytes."""
    result = connection.execute(statement)
    rows: Any = result.cursor
    try:
        yield rows
    finally:
        result.close()


def table_of(connection: Connection, statement: Any, kinds: Mapping[str, type]) -> dict[str, NDArray[Any]]:
    """The rows of a statement as columns, without an object a row. kinds: name and kind of number of each, in their order."""
    with plain_rows(connection, statement) as rows:
        table = np.fromiter(rows, np.dtype([(name, kind) for name, kind in kinds.items()]))
    return {name: np.ascontiguousarray(table[name]) for name in kinds}


def _no_room(path: Path) -> bool:
    """Whether the disk is full: SQLite says no more than that something went wrong where its shared memory finds no room."""
    try:
        return shutil.disk_usage(path.parent).free < LEAST_ROOM
    except OSError:
        return False


def told(error: Exception, path: Path, at: Literal["reading", "writing"] = "reading") -> StoreError:
    """A database error as a sentence. Work of several transactions may get it in the midst of it: what is committed stays.

    at: what was being done.
    """
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError):  # its text names the path, in which any word may stand
        return _full() if cause.errno == errno.ENOSPC else StoreError(f"The workspace cannot be used: {cause.strerror or cause}.")
    words = str(cause)
    if "locked" in words or "busy" in words:
        return Busy(path.parent, None, at)
    if "full" in words or ("disk I/O" in words and _no_room(path)):
        return _full()
    if "readonly" in words or "read-only" in words:
        return StoreError("The workspace cannot be written: it is read-only.")
    if "not a database" in words or "malformed" in words or "unsupported file format" in words:
        return damaged(path)
    if "unable to open" in words:
        return not_opened(path)
    return StoreError(f"The workspace cannot be used: {words}.")


def _full() -> StoreError:
    return StoreError("The disk of the workspace is full. What was finished before is kept; the rest was not done. Make room "
                      "and try again.")
