"""The file of the database as SQLite takes it: opened to write or, on a disk that is read-only, to read; and what is the matter
where it cannot be opened."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from engine.errors import StoreError
from engine.files import kind_of

LONGEST_PATH = 504
"""Bytes of the database's path: SQLite takes 512, with what it puts behind the name for the files beside it."""
WAIT_S = 5.0
"""How long a transaction waits for another one before giving up."""


def opened(path: Path, write: bool = True) -> sqlite3.Connection:
    """A connection to the database, in autocommit mode, for any thread.

    Where nothing can be written it reads what is there as it is: nobody can change it meanwhile on a read-only disk, and nobody
    does in somebody else's folder while no program has it open (SQLite could not read it otherwise). With one that has, it reads
    along. write: False for a look that changes nothing. Raises sqlite3.Error, StoreError.
    """
    # by address: with `mode`, a database that is missing is not made; the path need not be UTF-8
    way = "mode=rw" if write else "mode=ro"
    if not _writable(path):
        shared = _unfinished(path) or (_in_use(path) and not _read_only_disk(path))
        way = "mode=ro" if shared else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{way}", uri=True, timeout=WAIT_S, isolation_level=None,
                           check_same_thread=False)


def check(path: Path) -> None:
    """Look whether a file that is there can be a database, before SQLite takes an empty one for a new one.

    Raises StoreError, which says what is the matter; the file is left untouched.
    """
    check_length(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(f"“{path.name}” in the workspace is {kind_of(found.st_mode)}, not a database. It was left "
                             "untouched. Move it away, or choose another workspace.")
        if found.st_size == 0:
            raise damaged(path, "is empty")
        if not _allowed(path, os.R_OK):
            raise StoreError(f"“{path.name}” in the workspace may not be read by this user.")
    except OSError as error:
        raise StoreError(f"The workspace cannot be read: {error.strerror or error}.") from error


def not_opened(path: Path) -> StoreError:
    """What is the matter with a database that SQLite could not open."""
    try:
        check(path)
    except StoreError as error:
        return error
    if not _writable(path) and _unfinished(path):
        return StoreError("The workspace is read-only, and the program that wrote to it last did not come to its end. Open it "
                          "once where it can be written, or copy it to such a place.")
    return StoreError("The database of the workspace cannot be opened, and nothing shows why: the disk may be full, or gone.")


def check_length(path: Path) -> None:
    """Raises StoreError where SQLite does not take a path because it is too long."""
    length = len(os.fsencode(path.absolute()))
    if length > LONGEST_PATH:
        raise StoreError(f"The path of the workspace is too long for its database: {length} bytes with “{path.name}”, and "
                         f"{LONGEST_PATH} is the most. Move the workspace to a folder with a shorter path.")


def damaged(path: Path, how: str = "is damaged or not a database") -> StoreError:
    """The sentence about a database that cannot be used. It names a backup where there is one."""
    kept = sorted(path.parent.glob("backups/earmark-*.db"), key=lambda file: file.stat().st_mtime)
    then = (f"Move it away and put a copy of backups/{kept[-1].name} in its place: that is how it was when the program was "
            "updated. Or move it away and begin anew" if kept else
            "Put a copy of your own in its place, if you have one, or move it away and begin anew")
    return StoreError(f"“{path.name}” in the workspace {how}. It was left untouched. {then}: your sound files are not in it.")


def plain(path: Path) -> bool:
    """Whether a database says that nothing in it is sealed. Reads only, quickly, with plain SQL."""
    try:
        with closing(opened(path, write=False)) as connection:
            row = connection.execute("SELECT way FROM seal").fetchone()
    except (sqlite3.Error, StoreError):
        return False  # whoever looks closely has the words for it
    return row is None or row[0] == "off"


def _writable(path: Path) -> bool:
    """Whether SQLite can put its files beside the database, and change it."""
    return _allowed(path.parent, os.W_OK | os.X_OK) and (not path.exists() or _allowed(path, os.W_OK))


def _allowed(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _unfinished(path: Path) -> bool:
    """Whether a program that wrote was killed, or runs yet: the log beside the database holds something."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _in_use(path: Path) -> bool:
    """Whether files lie beside the database that are there only while somebody has it open, or was killed."""
    return any(path.with_name(f"{path.name}-{kind}").exists() for kind in ("wal", "shm"))


def _read_only_disk(path: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
