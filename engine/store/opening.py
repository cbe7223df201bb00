"""Opening a database: make a new one, migrate an old one after a backup, refuse a newer one. Quick as a rule."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from engine.errors import StoreError, TooNew
from engine.store.lock import WorkspaceLock
from engine.store.migrations import REVISIONS

SCRIPTS = Path(__file__).parent / "migrations"
BACKUPS_KEPT = 3
OWN = 0o600  # of a new file: its owner reads it, and nobody else

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
    """The revision a database says it has; None for a missing or empty one. Reads only, with plain SQL."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            return None
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return None
            rows = (connection.execute("SELECT version_num FROM alembic_version").fetchall()
                    if "alembic_version" in tables else [])
    except OSError as error:
        raise StoreError(f"The workspace cannot be read: {error.strerror or error}.") from error
    except sqlite3.Error as error:
        from engine.store.database import told

        raise told(error, path) from error
    if len(rows) != 1:
        raise StoreError(f"“{path.name}” in the workspace is a database, but not one of Earmark's. It was left "
                         "untouched. Move it away, or choose another workspace.")
    return str(rows[0][0])


def plain(path: Path) -> bool:
    """Whether a database says that nothing in it is sealed. Reads only, quickly, with plain SQL."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT way FROM seal").fetchone()
    except sqlite3.Error:
        return False  # whoever looks closely has the words for it
    return row is None or row[0] == "off"


def create(path: Path, revision: str) -> None:
    """Make a new database from the tables of `schema`, in one transaction."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import DBAPIError

    from engine.store.database import connect, told
    from engine.store.schema import counter, metadata

    try:
        path.touch(OWN)
    except OSError as error:
        raise StoreError(f"The workspace cannot be written: {error.strerror or error}.") from error
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
    backups.mkdir(exist_ok=True)
    target = backups / f"earmark-{revision}-{datetime.now():%Y%m%d-%H%M%S}.db"
    temporary = target.with_suffix(".tmp")
    try:
        temporary.unlink(missing_ok=True)
        temporary.touch(OWN)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(temporary)) as copy:
            source.backup(copy)
        temporary.replace(target)
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
