"""Opening a workspace: new, old, newer, damaged, in use."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import Busy, StoreError, TooNew
from engine.records import Embedding, EncoderSpec
from engine.store import NewTake, Store
from engine.store.database import connect
from engine.store.lock import WorkspaceLock
from engine.store.migrations import HEAD, REVISIONS
from engine.store.opening import BACKUPS_KEPT, SCRIPTS, migrate, prepare, revision_of
from engine.store.schema import metadata

ROOT = Path(__file__).parents[3]
OLD = Path(__file__).parent / "databases"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    with Store(tmp_path / "workspace") as store:
        store.voices.create("Anna")
    return tmp_path / "workspace"


def layout(path: Path) -> list[tuple[str, ...]]:
    """Tables with their columns, and indexes, as SQLite holds them."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: list[tuple[str, ...]] = []
        for table in sorted(tables):
            found += [(table, *map(str, row[1:])) for row in connection.execute(f"PRAGMA table_info({table})")]
            keys = sorted(connection.execute(f"PRAGMA foreign_key_list({table})"))
            found += [(table, *map(str, row)) for row in keys]
        indexes = connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'")
        return found + sorted(tuple(map(str, row)) for row in indexes)


def test_a_workspace_is_made_with_all_its_folders(tmp_path):
    with Store(tmp_path / "a" / "b") as store:
        assert sorted(path.name for path in store.folder.iterdir() if path.is_dir()) == [
            "backups", "logs", "recordings", "vectors"]
        assert store.voices.list() == []
        assert store.sounds.folders() == []


def test_settings_of_every_connection(workspace):
    engine = connect(workspace / "earmark.db")
    with engine.connect() as connection:
        pragma = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                  for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")}
    engine.dispose()
    assert pragma == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "secure_delete": 1}


def test_what_a_closed_workspace_held_is_there_again(workspace):
    with Store(workspace) as store:
        assert [voice.name for voice in store.voices.list()] == ["Anna"]
        store.close()  # twice does no harm


def test_opening_an_up_to_date_workspace_imports_neither_sqlalchemy_nor_alembic(workspace):
    code = ("import sys, time; from pathlib import Path; import numpy; began = time.perf_counter()\n"
            "from engine.store import Store; store = Store(Path(sys.argv[1]))\n"
            "print(time.perf_counter() - began, [m for m in ('sqlalchemy', 'alembic') if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code, str(workspace)], cwd=ROOT, capture_output=True, text=True,
                         check=True).stdout
    assert out.endswith("[]\n")


def test_the_migrations_make_the_same_database_as_the_tables(tmp_path):
    prepare(tmp_path / "made.db", tmp_path, WorkspaceLock(tmp_path))
    migrate(tmp_path / "migrated.db")
    assert layout(tmp_path / "migrated.db") == layout(tmp_path / "made.db")
    assert revision_of(tmp_path / "migrated.db") == HEAD
    engine = connect(tmp_path / "migrated.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_list_of_revisions_is_the_one_of_the_files():
    files = ScriptDirectory(str(SCRIPTS)).walk_revisions()
    assert [script.revision for script in files][::-1] == list(REVISIONS)


@pytest.mark.parametrize("dump", sorted(OLD.glob("*.sql")), ids=lambda path: path.stem)
def test_a_stored_old_database_opens_with_all_that_was_in_it(tmp_path, dump):
    (tmp_path / "workspace").mkdir()
    with closing(sqlite3.connect(tmp_path / "workspace" / "earmark.db")) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    with Store(tmp_path / "workspace") as store:
        anna = store.voices.find("anna")
        assert anna is not None
        assert (anna.name, anna.state, anna.takes, anna.samples) == ("Anna", "enrolled", 1, 2)
        assert store.voices.takes(anna.id)[0].speech_s == 2.5
        assert [sound.path.name for sound in store.sounds.list()] == ["rain.wav"]
        assert store.sounds.list()[0].tags[0].name == "Rain"
        assert (store.queries.list(), store.tags.infos()) == ([], [])
    assert revision_of(tmp_path / "workspace" / "earmark.db") == HEAD


@pytest.mark.parametrize("origin", ["made", "migrated", *sorted(path.stem for path in OLD.glob("*.sql"))])
def test_the_id_of_a_removed_voice_or_take_is_never_given_again(tmp_path, origin):
    """Work that began before the removal may still hold it."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    if origin == "migrated":
        migrate(folder / "earmark.db")
    elif origin != "made":
        with closing(sqlite3.connect(folder / "earmark.db")) as connection:
            connection.executescript((OLD / f"{origin}.sql").read_text(encoding="utf-8"))
    spec = EncoderSpec("small", "1", "ab" * 32, "voice", 4, 16_000)
    new = NewTake("microphone", "aa", datetime.now(UTC), 3.0, 2.5, -21.0, 30.0, 0, None, None, spec,
                  [(Embedding(np.eye(4, dtype=np.float32)[0], 1.0), 2.5)])
    with Store(folder) as store:
        anna = store.voices.find("Anna") or store.voices.create("Anna")
        takes = [store.voices.add_take(anna.id, new).id]
        store.voices.remove_take(takes[0])
        takes.append(store.voices.add_take(anna.id, new).id)
        store.voices.remove(anna.id)
    with Store(folder) as store:
        bert = store.voices.create("Bert")
        takes.append(store.voices.add_take(bert.id, new).id)
        store.forget_everything()
        carla = store.voices.create("Carla")
        takes.append(store.voices.add_take(carla.id, new).id)
    assert len({anna.id, bert.id, carla.id}) == 3
    assert len(set(takes)) == 4


def next_revision(folder: Path, body: str) -> Path:
    """The migrations with one more behind them, as a later Earmark would have."""
    shutil.copytree(SCRIPTS, folder / "scripts")
    (folder / "scripts" / "versions" / "9999_next.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = '9999'\ndown_revision = '{HEAD}'\n"
        f"def upgrade():\n    {body}\n")
    return folder / "scripts"


def test_an_older_database_is_backed_up_and_migrated(workspace, tmp_path):
    scripts = next_revision(tmp_path, "op.add_column('voice', sa.Column('note', sa.Text))")
    database, backups = workspace / "earmark.db", workspace / "backups"
    lock = WorkspaceLock(workspace)
    prepare(database, backups, lock, (*REVISIONS, "9999"), scripts)
    assert lock.held
    lock.release()
    assert revision_of(database) == "9999"
    kept = list(backups.iterdir())
    assert len(kept) == 1
    assert revision_of(kept[0]) == HEAD
    for path, columns in ((database, 1), (kept[0], 0)):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT name FROM voice").fetchall() == [("Anna",)]
            assert sum(row[1] == "note" for row in connection.execute("PRAGMA table_info(voice)")) == columns


def test_a_migration_that_fails_changes_nothing_and_leaves_a_backup(workspace, tmp_path):
    scripts = next_revision(tmp_path, "op.drop_table('take'); op.execute('nonsense')")
    before = layout(workspace / "earmark.db")
    lock = WorkspaceLock(workspace)
    with pytest.raises(StoreError, match="was left as it was"):
        prepare(workspace / "earmark.db", workspace / "backups", lock, (*REVISIONS, "9999"), scripts)
    lock.release()
    assert layout(workspace / "earmark.db") == before
    assert len(list((workspace / "backups").iterdir())) == 1
    with Store(workspace) as store:
        assert store.voices.find("Anna") is not None


def test_only_the_newest_backups_are_kept(workspace, tmp_path):
    scripts = next_revision(tmp_path, "pass")
    for number in range(5):
        old = workspace / "backups" / f"earmark-{HEAD}-2020010{number}-000000.db"
        old.write_bytes(b"old")
        os.utime(old, (number, number))
    lock = WorkspaceLock(workspace)
    prepare(workspace / "earmark.db", workspace / "backups", lock, (*REVISIONS, "9999"), scripts)
    lock.release()
    assert len(list((workspace / "backups").iterdir())) == BACKUPS_KEPT


def test_the_backup_that_was_just_made_is_kept_though_the_clock_has_gone_back(workspace, tmp_path):
    scripts = next_revision(tmp_path, "pass")
    for number in range(BACKUPS_KEPT):
        old = workspace / "backups" / f"earmark-{HEAD}-2099010{number}-000000.db"
        old.write_bytes(b"old")
        os.utime(old, (4_070_908_800 + number, 4_070_908_800 + number))
    lock = WorkspaceLock(workspace)
    prepare(workspace / "earmark.db", workspace / "backups", lock, (*REVISIONS, "9999"), scripts)
    lock.release()
    kept = list((workspace / "backups").iterdir())
    assert len(kept) == BACKUPS_KEPT
    assert [revision_of(file) for file in kept if file.read_bytes() != b"old"] == [HEAD]


def test_no_migration_while_another_program_writes(workspace, tmp_path):
    scripts = next_revision(tmp_path, "pass")
    with Store(workspace) as store:
        store.voices.create("Bert")
        with pytest.raises(Busy):
            prepare(workspace / "earmark.db", workspace / "backups", WorkspaceLock(workspace), (*REVISIONS, "9999"),
                    scripts)
    assert revision_of(workspace / "earmark.db") == HEAD


def test_a_database_from_a_newer_version_is_refused_and_left_untouched(workspace):
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0815'")
    before = (workspace / "earmark.db").read_bytes()
    with pytest.raises(TooNew) as caught:
        Store(workspace)
    assert caught.value.revision == "0815"
    assert (workspace / "earmark.db").read_bytes() == before
    assert list((workspace / "backups").iterdir()) == []


@pytest.mark.parametrize("content", [b"this is no database at all, only some text\n" * 50,
                                     b"SQLite format 3\0" + b"\1" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_untouched(tmp_path, content):
    (tmp_path / "earmark.db").write_bytes(content)
    with pytest.raises(StoreError, match="left untouched"):
        Store(tmp_path)
    assert (tmp_path / "earmark.db").read_bytes() == content


def test_a_database_of_another_program_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "earmark.db")) as connection, connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    with pytest.raises(StoreError, match="not one of Earmark's"):
        Store(tmp_path)


def test_a_workspace_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "workspace")


def test_a_workspace_whose_name_is_not_utf8_opens(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 100% #?"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    for _ in range(2):
        with Store(folder) as store:
            store.voices.find("x") or store.voices.create("x")


def test_two_programs_that_start_at_once_on_a_new_workspace_make_one_database(tmp_path):
    code = ("import sys; from pathlib import Path; from engine.store import Store\n"
            "store = Store(Path(sys.argv[1])); print(len(store.voices.list()))")
    programs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "new")], cwd=ROOT, stdout=subprocess.PIPE)
                for _ in range(3)]
    assert [program.communicate()[0] for program in programs] == [b"0\n"] * 3


# --- the lock ---

HOLDER = """
import sys, time
from pathlib import Path
from engine.store import Store
store = Store(Path(sys.argv[1]))
store.voices.create("Held")
print("holding", flush=True)
time.sleep(60)
"""


def test_a_second_program_may_read_but_not_write_until_the_first_is_gone_even_killed(workspace):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(workspace)], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"holding\n"
    try:
        with Store(workspace) as store:
            assert store.voices.find("Held") is not None
            with pytest.raises(Busy) as caught:
                store.voices.create("Bert")
            assert caught.value.pid == holder.pid
            assert str(holder.pid) in str(caught.value)
            assert store.voices.find("Bert") is None
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            store.voices.create("Bert")
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_lock_is_kept_until_the_workspace_is_closed(workspace):
    first, second = Store(workspace), Store(workspace)
    with first.writing():
        pass
    with pytest.raises(Busy) as caught, second.writing():
        pass
    assert caught.value.pid == os.getpid()
    first.close()
    with second.writing():
        pass
    second.close()


def test_an_error_inside_writing_takes_everything_back(workspace):
    with Store(workspace) as store:
        with pytest.raises(ZeroDivisionError), store.writing():
            store.voices.create("Bert")
            assert store.voices.find("Bert") is not None
            raise ZeroDivisionError
        assert store.voices.find("Bert") is None


def test_reading_goes_on_while_another_thread_writes(workspace):
    import threading

    with Store(workspace) as store:
        inside, done = threading.Event(), threading.Event()

        def write() -> None:
            with store.writing():
                store.voices.create("Bert")
                inside.set()
                done.wait(5)

        thread = threading.Thread(target=write)
        thread.start()
        inside.wait(5)
        began = time.monotonic()
        assert store.voices.find("Bert") is None
        assert time.monotonic() - began < 1
        done.set()
        thread.join()
        assert store.voices.find("Bert") is not None


def test_many_threads_read_at_once(workspace: Path) -> None:
    """None of them loses its connection to another one."""
    threads = 12
    together = threading.Barrier(threads, timeout=30)
    found: list[object] = []

    with Store(workspace) as store:
        def read() -> None:
            try:
                with store._opened().reading() as connection:
                    connection.exec_driver_sql("SELECT 1").one()
                    together.wait()  # each has a connection of its own now
                    found.append(connection.exec_driver_sql("SELECT name FROM voice").scalar_one())
                    together.wait()
            except Exception as error:  # noqa: BLE001 (told by the assertion below)
                found.append(error)
                together.abort()

        running = [threading.Thread(target=read) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        assert found == ["Anna"] * threads
        assert store.voices.list()[0].name == "Anna"
