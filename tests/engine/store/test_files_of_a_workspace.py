"""The files of a workspace: whose they are, and what is said where they cannot be opened or written."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.app import Earmark
from engine.audio.recorder import Recorder, recover
from engine.describing import kept
from engine.errors import Busy, StoreError
from engine.store import Store, sqlite
from engine.store.database import told
from engine.store.lock import WorkspaceLock
from engine.store.migrations import HEAD, REVISIONS
from engine.store.opening import create, prepare, revision_of
from engine.store.recordings import write_whole
from engine.store.vectors import VectorFile
from tests.engine.store.test_opening import next_revision, workspace

__all__ = ["workspace"]
POSIX = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
NOBODY = 65534


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """No umask: what a file may be is what the program says."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Of everything below a folder, by its name there."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_nobody_else_looks_into_a_workspace_that_earmark_made(workspace, tmp_path):
    before = os.umask(0)
    try:
        with Store(tmp_path / "made") as store:
            store.voices.create("Anna")
        prepare(workspace / "earmark.db", workspace / "backups", WorkspaceLock(workspace), (*REVISIONS, "9999"),
                next_revision(tmp_path, "pass"))
        (tmp_path / "there").mkdir(0o755)
        Store(tmp_path / "there").close()
    finally:
        os.umask(before)
    made = tmp_path / "made"
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (made, *made.iterdir()) if folder.is_dir()} == {0o700}
    assert stat.S_IMODE((made / "earmark.db").stat().st_mode) == 0o600
    assert [stat.S_IMODE(file.stat().st_mode) for file in (workspace / "backups").iterdir()] == [0o600]
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o755  # a folder of the user's own stays as it was
    assert stat.S_IMODE((tmp_path / "there" / "recordings").stat().st_mode) == 0o700



@POSIX
def test_everything_in_a_workspace_is_its_owners_alone(tmp_path, open_to_all):
    folder = tmp_path / "above" / "workspace"
    with Earmark(folder, "cpu") as app:
        app.claim()
        app.store.voices.create("Anna")
        app.settings.change(theme="dark")
        logging.getLogger("engine.app").info("something for the log")
        VectorFile(app.store.vectors / "space.f32", 2).write(np.arange(1), np.zeros((1, 2), np.float32))
        write_whole(app.store.recordings / "takes" / "1-ab.wav", b"take")
        kept.write(folder / "captions" / "c.npy", np.zeros((1, 2), np.float32))
        with closing(sqlite3.connect(app.store.database)) as reader:  # keeps the log of the database alive
            reader.execute("SELECT * FROM voice").fetchall()
            recorder = Recorder(app.store.recordings / "live.wav", 16_000)
            recorder.write(np.zeros(16_000, np.float32))
            found = modes(folder)
            recorder.close()
        assert {"earmark.db", "earmark.db-wal", "earmark.db-shm", "earmark.lock", "earmark.pid", "settings.toml",
                "logs/earmark.log", "recordings/live.wav.part", "recordings/takes/1-ab.wav", "captions/c.npy",
                "vectors/space.f32"} <= set(found)
        for name, mode in {**found, **modes(tmp_path / "above")}.items():
            assert mode & 0o077 == 0, name
    assert stat.S_IMODE((tmp_path / "above").stat().st_mode) == 0o700


@POSIX
def test_what_an_older_earmark_left_open_is_closed(workspace, open_to_all):
    (workspace / "earmark.db").chmod(0o644)
    (workspace / "recordings").chmod(0o755)
    Store(workspace).close()
    assert stat.S_IMODE((workspace / "earmark.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((workspace / "recordings").stat().st_mode) == 0o700


def test_a_recording_of_a_killed_program_is_made_whole(tmp_path):
    recorder = Recorder(tmp_path / "live.wav", 16_000)
    recorder.write(np.zeros(40_000, np.float32))
    recorder._file.flush()
    shutil.copy(tmp_path / "live.wav.part", tmp_path / "left.wav.part")  # nobody writes to this one any more
    assert recover(tmp_path) == [tmp_path / "left.wav"]
    assert recorder.close() == tmp_path / "live.wav"


# --- what is the matter -------------------------------------------------------------------------------------------------


def test_an_empty_database_is_damaged_and_not_new(workspace):
    (workspace / "earmark.db").write_bytes(b"")
    with pytest.raises(StoreError, match=r"“earmark\.db” in the workspace is empty\. It was left untouched"):
        Store(workspace)
    assert (workspace / "earmark.db").read_bytes() == b""


def test_a_backup_is_named_only_where_there_is_one(workspace):
    (workspace / "earmark.db").write_bytes(b"this is no database at all, only some text\n" * 50)
    with pytest.raises(StoreError) as caught:
        Store(workspace)
    assert "backup" not in str(caught.value)
    assert "begin anew" in str(caught.value)
    (workspace / "backups" / "earmark-0005-20260101-000000.db").write_bytes(b"older")
    os.utime(workspace / "backups" / "earmark-0005-20260101-000000.db", (1, 1))
    (workspace / "backups" / "earmark-0005-20260201-000000.db").write_bytes(b"newer")
    with pytest.raises(StoreError, match=r"backups/earmark-0005-20260201-000000\.db"):
        Store(workspace)


def test_what_is_no_file_is_said(tmp_path):
    (tmp_path / "earmark.db").mkdir()
    with pytest.raises(StoreError, match="is a folder, not a database"):
        Store(tmp_path)


def test_a_path_that_is_too_long_for_the_database_is_said_before_anything_is_made(tmp_path):
    folder = tmp_path
    while len(os.fsencode(folder)) < 500:
        folder /= "n" * 60
    with pytest.raises(StoreError, match=r"too long for its database: \d{3} bytes .*shorter path"):
        Store(folder)
    assert [*tmp_path.iterdir()] == []


def test_the_longest_path_that_is_allowed_works(tmp_path):
    folder = tmp_path
    while (left := 504 - len("/earmark.db") - len(os.fsencode(folder)) - 1) > 0:
        folder /= "n" * (left if left <= 200 else 100)
    for _ in range(2):
        with Store(folder) as store:
            assert len(os.fsencode(store.database)) == 504
            store.voices.find("x") or store.voices.create("x")


def test_a_database_that_goes_away_is_not_made_anew_by_a_reader(workspace):
    with Store(workspace) as store:
        for file in workspace.glob("earmark.db*"):
            file.unlink()
        with pytest.raises(StoreError, match="cannot be read"):
            store.voices.list()
    assert not (workspace / "earmark.db").exists()


def test_a_new_database_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def killed(path, revision):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("engine.store.opening._fill", killed)
        with pytest.raises(KeyboardInterrupt):
            create(tmp_path / "earmark.db", HEAD)
    assert [*tmp_path.iterdir()] == []
    create(tmp_path / "earmark.db", HEAD)
    assert [path.name for path in tmp_path.iterdir()] == ["earmark.db"]
    assert revision_of(tmp_path / "earmark.db") == HEAD


# --- a disk that is read-only -------------------------------------------------------------------------------------------


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A copy of a workspace that this user may read and not write."""
    above = Path(tempfile.mkdtemp())
    copy = above / "workspace"
    shutil.copytree(folder, copy)
    for path in (above, copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield copy
    finally:
        if root:
            os.seteuid(0)
        for path in (above, copy, *copy.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(above)


@POSIX
def test_a_workspace_on_a_read_only_disk_can_be_read(tmp_path, capfd):
    with Earmark(tmp_path / "workspace", "cpu") as app:
        app.store.voices.create("Anna")
    shutil.rmtree(tmp_path / "workspace" / "maps", ignore_errors=True)  # an older Earmark made none
    with read_only(tmp_path / "workspace") as folder, Earmark(folder, "cpu") as app:
        assert [voice.name for voice in app.store.voices.list()] == ["Anna"]
        assert app.locked() is None
        logging.getLogger("engine.app").info("there is no log to write this to")
        for work in (app.claim, lambda: app.store.voices.create("Bert")):
            with pytest.raises(StoreError, match=r"cannot be written: it is read-only\. What is in it can be read"):
                work()
        with pytest.raises(StoreError, match="settings cannot be written"):
            app.settings.change(theme="dark")
    assert capfd.readouterr().err.count("\n") <= 1  # said once, and no traceback


@POSIX
@pytest.mark.skipif(os.name != "nt" and os.geteuid() != 0, reason="two users are needed")
def test_who_may_only_read_somebody_elses_workspace_sees_what_its_owner_does_meanwhile(tmp_path):
    with Store(tmp_path / "workspace") as store:
        store.voices.create("Anna")
    with read_only(tmp_path / "workspace") as folder:
        os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        with closing(sqlite3.connect(folder / "earmark.db")) as owner:
            owner.execute("UPDATE voice SET name = 'Bert'")
            owner.commit()
            owner.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # nothing is left in the log, and it is open all the same
            os.seteuid(NOBODY)
            with Store(folder) as reader:
                assert [voice.name for voice in reader.voices.list()] == ["Bert"]
                os.seteuid(0)
                owner.execute("UPDATE voice SET name = 'Carla'")
                owner.commit()
                os.seteuid(NOBODY)
                assert [voice.name for voice in reader.voices.list()] == ["Carla"]
            os.seteuid(0)


@POSIX
def test_a_workspace_of_a_killed_program_on_a_read_only_disk_is_said(tmp_path):
    with Store(tmp_path / "workspace") as store:
        store.voices.create("Anna")
        shutil.copytree(store.folder, tmp_path / "killed")  # with the log that a program leaves behind when it is killed
    (tmp_path / "killed" / "earmark.db-shm").unlink()
    assert (tmp_path / "killed" / "earmark.db-wal").stat().st_size > 0
    with read_only(tmp_path / "killed") as folder, pytest.raises(StoreError, match="read-only, and the program that wrote"):
        Store(folder)


def test_on_a_read_only_file_system_what_a_reader_left_behind_is_no_hindrance(workspace, monkeypatch):
    for kind in ("wal", "shm"):
        (workspace / f"earmark.db-{kind}").touch()
    for disk, way in ((os.ST_RDONLY, "mode=ro&immutable=1"), (0, "mode=ro")):
        asked = []
        with monkeypatch.context() as patched:
            patched.setattr(sqlite, "_allowed", lambda path, what: False)
            patched.setattr(os, "statvfs", lambda path, disk=disk: SimpleNamespace(f_flag=disk))
            patched.setattr(sqlite3, "connect", lambda where, asked=asked, **_: asked.append(where))
            sqlite.opened(workspace / "earmark.db")
        assert [where.partition("?")[2] for where in asked] == [way]


def test_a_workspace_that_is_a_file_is_said_by_what_it_is(tmp_path):
    (tmp_path / "song.wav").touch()
    for folder in (tmp_path / "song.wav", tmp_path / "song.wav" / "below"):
        with pytest.raises(StoreError, match=r"^The workspace folder “.*” cannot be made: "):
            Earmark(folder)


# --- errors of the database as sentences --------------------------------------------------------------------------------


def test_the_words_of_a_path_say_nothing_about_an_error(tmp_path):
    path = tmp_path / "busy full disk locked" / "earmark.db"
    said = str(told(OSError(errno.EIO, "Input/output error", str(path)), path))
    assert said == "The workspace cannot be used: Input/output error."
    assert "disk of the workspace is full" in str(told(OSError(errno.ENOSPC, "No space left on device", str(path)), path))


def test_who_only_looks_is_not_told_that_something_was_not_done(workspace):
    locked = sqlite3.OperationalError("database is locked")
    with Store(workspace) as store:
        for part, rest in ((store._opened().reading, False), (store._opened().writing, True)):
            with pytest.raises(Busy, match="Another program holds the database") as caught, part():
                raise locked
            assert ("the rest was not done" in str(caught.value)) is rest
            assert "Nothing was changed" not in str(caught.value)
