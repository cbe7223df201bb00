"""Opening a database: make a new one, migrate an old one after a backup, refuse a newer one. Quick as a rule."""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from engine.errors import StoreError, TooNew
from engine.files import flush_folder, own_file, own_folder
from engine.store.lock import WorkspaceLock
from engine.store.migrations import REVISIONS
from engine.store.sqlite import check, check_length, opened

SCRIPTS = Path(__file__).parent / "migrations"
BACKUPS_KEPT = 3

log = logging.getLogger(__name__)


def prepare(path: Path, backups: Path, lock: WorkspaceLock, revisions: Sequence[str] = REVISIONS,
            scripts: Path = SCRIPTS) -> None:
    """Bring the database at `path` to the newest of `revisions`.

    Raises TooNew for a revision that is not known here, StoreError for a file that is no database of Earmark's (both
    leave it untouched), Busy when it has to be migrated while another program writes.
    """
    found = revision_of(path)
    if found == revisions[-1]:
        return
    if found is None:
        create(path, revisions[-1])
        return
    if found not in revisions:
        raise TooNew(path, found)
    lock.acquire()
    backup(path, backups, found)
    migrate(path, scripts)


def revision_of(path: Path) -> str | None:
    """The revision a database says it has; None for one that is missing or has no tables. Reads only, with plain SQL.

    A file without a byte is no new database: something took away what was in it. Raises StoreError.
    """
    try:
        check_length(path)
        if not os.path.lexists(path):
            return None
        check(path)
        with closing(opened(path, write=False)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return None
            rows = (connection.execute("SELECT version_num FROM alembic_version").fetchall()
                    if "alembic_version" in tables else [])
    except sqlite3.Error as error:
        from engine.store.database import told

        raise told(error, path) from error
    if len(rows) != 1:
        raise StoreError(f"“{path.name}” in the workspace is a database, but not one of Earmark's. It was left "
                         "untouched. Move it away, or choose another workspace.")
    return str(rows[0][0])


def create(path: Path, revision: str) -> None:
    """Make a new database from the tables of `schema`; it appears whole or not at all. Another program may be faster."""
    if path.exists():  # one without tables: a program that made it in its place was killed
        _fill(path, revision)
        return
    part = path.with_name(f".new{secrets.token_urlsafe(4)}")  # no longer than the name itself: see LONGEST_PATH
    try:
        own_file(part)
        _fill(part, revision)
        try:
            os.link(part, path)  # unlike a rename, it never takes the place of another program's
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not path.exists():
                part.rename(path)
        flush_folder(path.parent)
    except OSError as error:
        raise StoreError(f"The workspace cannot be written: {error.strerror or error}.") from error
    finally:
        for left in path.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)


def _fill(path: Path, revision: str) -> None:
    """Make the tables in a database without any, in one transaction."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import DBAPIError

    from engine.store.database import connect, told
    from engine.store.schema import counter, metadata

    engine = connect(path)
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if inspect(connection).get_table_names():  # another program was faster
                return
            metadata.create_all(connection)
            connection.execute(counter.insert().values(name="library", value=0))
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                                       "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))
    except DBAPIError as error:
        raise told(error, path) from error
    finally:
        engine.dispose()


def backup(path: Path, backups: Path, revision: str) -> Path:
    """Copy the database through SQLite's own backup, which is consistent whatever else happens; keep the newest few."""
    target = backups / f"earmark-{revision}-{datetime.now():%Y%m%d-%H%M%S}.db"
    temporary = target.with_suffix(".tmp")
    try:
        own_folder(backups, narrow=True)
        temporary.unlink(missing_ok=True)
        own_file(temporary)
        with closing(opened(path)) as source, closing(opened(temporary)) as copy:
            source.backup(copy)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
        flush_folder(backups)
    except (OSError, sqlite3.Error) as error:
        temporary.unlink(missing_ok=True)
        raise StoreError("The database has to be brought up to date, but no backup could be made, so it was left as it "
                         f"is: {error}.") from error
    older = [file for file in backups.glob("earmark-*.db") if file != target]  # the clock may have gone back since they were made
    for old in sorted(older, key=lambda file: file.stat().st_mtime)[:1 - BACKUPS_KEPT]:
        old.unlink()
    log.info("made a backup before migrating from revision %s", revision)
    return target


def migrate(path: Path, scripts: Path = SCRIPTS) -> None:
    """Run the migrations that are missing, all or none. Raises StoreError."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from engine.store.database import connect

    own_file(path)
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    engine = connect(path, foreign_keys=False)  # copying a table must not cascade
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone() is not None:
                raise CommandError("rows without their parents")
    except (CommandError, SQLAlchemyError) as error:
        raise StoreError("The database could not be brought up to date and was left as it was. A copy is in the "
                         f"backups folder. ({error})") from error
    finally:
        engine.dispose()
