"""The real program killed, stopped, doubled and put before a newer database: nothing finished is lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.app import Earmark
from engine.store import Store
from tests.true_models import write_takes

REPOSITORY = Path(__file__).parents[2]
TAKES = 16


def command(*arguments, workspace):
    return [sys.executable, "main.py", *map(str, arguments), "--json", "--workspace", str(workspace)]


def run(*arguments, workspace):
    return subprocess.run(command(*arguments, workspace=workspace), cwd=REPOSITORY, capture_output=True, text=True,
                          check=False, timeout=120)


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    return write_takes(tmp_path_factory.mktemp("takes"), 1, TAKES, seconds=3.0)


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


def enrolled(workspace):
    """How many takes the voice has, read beside the program that writes them."""
    if not (workspace / "earmark.db").exists():
        return 0
    with closing(sqlite3.connect(f"{(workspace / 'earmark.db').as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM take").fetchone()[0]
        except sqlite3.OperationalError:  # the tables are just being made
            return 0


def started(workspace, takes, at_least):
    """`voices enroll` in a process of its own that has stored some takes and is busy with the next."""
    process = subprocess.Popen(command("voices", "enroll", "Anna", *takes, workspace=workspace), cwd=REPOSITORY,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 90
    while enrolled(workspace) < at_least:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_kill_9_during_an_enrollment_keeps_finished_takes_and_repeating_goes_on(workspace, takes):
    process = started(workspace, takes, 3)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    finished = enrolled(workspace)
    assert 3 <= finished < TAKES, "it was killed too late"
    listed = run("voices", "list", workspace=workspace)
    assert listed.returncode == 0
    voice, = json.loads(listed.stdout)
    assert (voice["name"], voice["state"], voice["takes"], voice["samples"]) == ("Anna", "enrolling", finished, finished)

    again = run("voices", "enroll", "Anna", *takes, workspace=workspace)
    assert again.returncode == 0, again.stderr
    document = json.loads(again.stdout)
    assert (document["skipped"], len(document["takes"])) == (finished, TAKES - finished)
    voice, = json.loads(run("voices", "list", workspace=workspace).stdout)
    assert (voice["state"], voice["takes"], voice["samples"]) == ("enrolled", TAKES, TAKES)
    with Store(workspace) as store:
        sources = [take.source for take in store.voices.takes(store.voices.find("Anna").id)]
    assert sorted(sources) == sorted(path.name for path in takes)  # each once


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_a_stopped_command_says_so_and_keeps_what_is_finished(workspace, takes, which):
    process = started(workspace, takes, 2)
    process.send_signal(which)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out) == {"error": {"kind": "cancelled", "message": "Cancelled."}}
    assert "Traceback" not in err
    assert 2 <= enrolled(workspace) < TAKES
    assert not (workspace / "earmark.pid").exists()  # the lock was given back
    assert run("voices", "rename", "Anna", "Bert", workspace=workspace).returncode == 0


def test_a_second_program_may_read_but_not_write_and_is_told_who_does(workspace):
    with Earmark(workspace) as first:
        first.voices.begin("Anna")
        refused = run("voices", "rename", "Anna", "Bert", workspace=workspace)
        assert refused.returncode == 1
        error = json.loads(refused.stdout)["error"]
        assert error["kind"] == "busy"
        assert f"process {os.getpid()}" in error["message"]
        assert "Traceback" not in refused.stderr
        listed = run("voices", "list", workspace=workspace)
        assert [v["name"] for v in json.loads(listed.stdout)] == ["Anna"]
        first.voices.begin("Carla")  # the first one goes on
    assert run("voices", "rename", "Anna", "Bert", workspace=workspace).returncode == 0
    with Store(workspace) as store:
        assert [v.name for v in store.voices.list()] == ["Bert", "Carla"]


def test_the_lock_of_a_killed_program_is_free(workspace):
    holds = ("import sys, time; from pathlib import Path; from engine.store import Store\n"
             "store = Store(Path(sys.argv[1])); store.voices.create('Anna'); print('held', flush=True); time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", holds, str(workspace)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert json.loads(run("voices", "remove", "Anna", workspace=workspace).stdout)["error"]["kind"] == "busy"
    process.kill()
    process.communicate()
    assert run("voices", "remove", "Anna", workspace=workspace).returncode == 0


def test_a_database_from_a_newer_version_is_refused_and_not_touched(workspace):
    with Store(workspace) as store:
        store.voices.create("Anna")
    database = workspace / "earmark.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("UPDATE alembic_version SET version_num = '9042'")
        connection.commit()
    before = database.read_bytes()
    for arguments in (["voices", "list"], ["voices", "remove", "Anna"], ["voices", "forget-everything", "--yes"]):
        ran = run(*arguments, workspace=workspace)
        assert ran.returncode == 1
        error = json.loads(ran.stdout)["error"]
        assert error["kind"] == "too-new"
        assert "9042" in error["message"]
        assert "left untouched" in error["message"]
        assert "Traceback" not in ran.stderr
        assert database.read_bytes() == before
    assert not (workspace / "earmark.db-wal").exists()
