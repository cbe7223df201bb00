"""Folders that loop, vanish, cannot be read, or hold names that are no text; and a program that is killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine import tasks
from engine.errors import Cancelled, DecodeError, LibraryError
from engine.library import indexing, reading, scan, service
from engine.records import Folder
from engine.tasks import Ticket

ROOT = Path(__file__).parents[3]


def test_a_name_that_is_not_utf8_is_indexed_and_found(world):
    good = world.tone("good.wav")
    strange = os.path.join(os.fsencode(world.folder), b"caf\xe9 \xff.wav")  # noqa: PTH118
    try:
        os.rename(good, strange)  # noqa: PTH104
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    world.scan(added=1)
    world.reopen()
    sound = world.library.search("low").matches[0].sound
    assert os.fsencode(sound.path) == strange
    assert sound.path.exists()
    world.scan(unchanged=1)


def test_a_loop_of_symbolic_links_ends(world):
    world.tone("inner/a.wav")
    (world.folder / "inner" / "up").symlink_to(world.folder, target_is_directory=True)
    (world.folder / "inner" / "self").symlink_to(world.folder / "inner" / "self")
    (world.folder / "loop.wav").symlink_to(world.folder / "loop.wav")
    world.scan(added=1, failed=2)
    assert world.names() == ["inner/a.wav"]


def test_a_linked_folder_is_followed_once_and_by_its_own_name_where_it_has_one(world, tmp_path):
    (world.folder / "a-link").symlink_to(world.folder / "real", target_is_directory=True)
    (world.folder / "away").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    world.tone("real/x.wav")
    world.tone("../elsewhere/y.wav", 300)
    world.scan(added=2)
    assert world.names() == ["away/y.wav", "real/x.wav"]


def test_a_link_that_points_nowhere_is_reported(world):
    (world.folder / "lost.wav").symlink_to(world.folder / "nothing.wav")
    world.scan(failed=1)


def test_pipes_sockets_and_devices_are_named_whatever_they_are_called(world, monkeypatch):
    os.mkfifo(world.folder / "pipe.wav")
    os.mkfifo(world.folder / "orders")
    (world.folder / "zero.wav").symlink_to("/dev/zero")
    monkeypatch.chdir(world.folder)
    world.tone("a.wav")
    with closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind("talk.flac")
        world.scan(added=1, failed=4)
    assert {failure.path.name: failure.reason for failure in world.report.failed} == {
        "pipe.wav": "This is a named pipe, not a file.", "orders": "This is a named pipe, not a file.",
        "zero.wav": "This is a device, not a file.", "talk.flac": "This is a socket, not a file."}


def test_a_file_that_becomes_a_pipe_after_the_walk_holds_nothing_up(world, monkeypatch):
    world.tone("a.wav")
    world.tone("b.wav", 300)
    looking = service.walk

    def walk(*arguments):
        seen = looking(*arguments)
        (world.folder / "a.wav").unlink()
        os.mkfifo(world.folder / "a.wav")
        return seen

    monkeypatch.setattr(service, "walk", walk)
    world.scan(added=1, failed=1)
    assert world.report.failed[0].reason == "The file cannot be read: this is a named pipe, not a file."


@pytest.fixture
def dead(world):
    """Files that never answer, as on a network disk that is gone; they do in the end, so that no thread is left alive."""
    answer = threading.Event()

    class Dead:
        waits = threading.Event()

        def hangs(self, name):
            if Path(name).name == "dead.wav":
                self.waits.set()
                answer.wait(60)

    dead = Dead()
    yield dead
    answer.set()


@pytest.mark.parametrize("hanging", ["hash", "header", "samples", "long"])
def test_a_file_that_does_not_answer_holds_up_no_cancelling_and_is_named(world, dead, monkeypatch, hanging):
    for number in range(4):
        world.tone(f"{number}.wav", 200 + number)
    world.tone("dead.wav", 777, seconds=70 if hanging == "long" else 0.5)
    world.tone("last.wav", 900)
    inner_info, inner_stream, inner_hash = world.files.info, world.files.stream, reading.sha256_of

    def info(path):
        if hanging == "header":
            dead.hangs(path)
        return inner_info(path)

    def stream(path, *rest, **options):
        for block in inner_stream(path, *rest, **options):
            if hanging in ("samples", "long"):
                dead.hangs(path)
            yield block

    def hashed(path, go_on):
        if hanging == "hash":
            dead.hangs(path)
        return inner_hash(path, go_on)

    world.files.info, world.files.stream = info, stream
    monkeypatch.setattr(reading, "sha256_of", hashed)
    monkeypatch.setattr(reading, "COMING_HOME_S", 0.2)
    monkeypatch.setattr(tasks, "STUCK_S", 0.3)
    monkeypatch.setattr(indexing, "STUCK_S", 0.3)
    notes = []
    ticket = Ticket(lambda progress: notes.append(progress.note))
    cancelled = []

    def cancel():
        dead.waits.wait(30)
        time.sleep(1.0)
        cancelled.append(time.monotonic())
        ticket.cancel()

    threading.Thread(target=cancel).start()
    with pytest.raises(Cancelled, match=r"dead\.wav"):
        world.library.scan(ticket)
    assert time.monotonic() - cancelled[0] < 5
    if hanging != "long":
        assert "Waiting for dead.wav" in notes
    assert {"0.wav", "1.wav", "2.wav", "3.wav"} >= {sound.path.name for sound in world.library.sounds()}


@pytest.mark.parametrize("hanging", ["decoded", "refused"])
def test_a_file_that_is_looked_at_once_more_holds_up_no_cancelling(world, dead, monkeypatch, hanging):
    """Decoded only now, because what had its content is gone; looked for, because it broke off in the middle."""
    inner_stream, inner = world.files.stream, getattr(reading.Reader, hanging)

    def stream(path, *rest, **options):
        yield from inner_stream(path, *rest, **options)
        raise DecodeError(path, "it is cut off.")

    def hangs(reader, found, *rest):
        dead.hangs(found.path)
        return inner(reader, found, *rest)

    world.tone("dead.wav", 777, seconds=70 if hanging == "refused" else 0.5)
    if hanging == "refused":
        world.files.stream = stream
    else:
        monkeypatch.setattr(reading.Claims, "claim", lambda claims, sha256: False)
    monkeypatch.setattr(reading.Reader, hanging, hangs)
    monkeypatch.setattr(tasks, "STUCK_S", 0.3)
    ticket = Ticket()
    threading.Timer(1.5, ticket.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled, match=r"dead\.wav"):
        world.library.scan(ticket)
    assert time.monotonic() - began < 8


def test_a_folder_that_does_not_answer_holds_up_no_cancelling(world, monkeypatch):
    answer = threading.Event()
    monkeypatch.setattr(service, "walk", lambda *arguments: answer.wait(60))
    ticket = Ticket()
    threading.Timer(0.3, ticket.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        world.library.scan(ticket)
    assert time.monotonic() - began < 3
    answer.set()


PROGRAM = """
import sys, threading, time
from pathlib import Path
from engine import tasks
from engine.audio import files
from engine.library import reading, scan
from engine.tasks import Ticket
tasks.STUCK_S = 0.3
threading.Timer(1.0, lambda: print("waiting", flush=True)).start()
reading.sha256_of = lambda path, go_on: time.sleep(600)
found = scan.Found(Path("dead.wav"), 1, scan.FileKey(1, 1))
next(reading.Reader(files, 8000, reading.Claims(())).ahead([found], Ticket()))
"""


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_waits_for_a_dead_file_ends_when_it_is_told_to(which):
    program = "import signal\nsignal.signal(signal.SIGTERM, signal.default_int_handler)\n" + PROGRAM
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "waiting\n"
    child.send_signal(which)
    _, said = child.communicate(timeout=15)
    assert child.returncode == 1
    assert "Cancelled while “dead.wav” did not answer." in said


def test_the_sounds_of_a_folder_that_is_offline_are_kept(world):
    world.tone("a.wav")
    world.scan(added=1)
    world.folder.rename(world.root / "unplugged")
    world.scan(failed=1)
    assert world.report.failed[0].path == world.folder
    assert not world.library.folders()[0].online
    assert world.top("low") == ["a.wav"]
    (world.root / "unplugged").rename(world.folder)
    world.scan(unchanged=1)


def test_an_empty_folder_where_a_disk_was_mounted_counts_as_offline(world):
    world.tone("a.wav").unlink()
    here = world.folder.stat().st_dev
    assert scan.device_if_online(world.folder, 1, here) == here
    assert scan.device_if_online(world.folder, 1, here + 1) is None
    assert scan.device_if_online(world.folder, 0, here + 1) == here


def test_a_folder_that_disappears_during_a_scan_is_reported_once_and_its_sounds_are_kept(world):
    for number in range(40):
        world.tone(f"{number:02}.wav", 100 + 10 * number)
    world.scan(added=40)
    for number in range(40):
        world.tone(f"{number:02}.wav", 1000 + 10 * number, seconds=0.6)
    inner = world.encoder.analyse

    def analyse(blocks):
        shutil.rmtree(world.folder, ignore_errors=True)
        return inner(blocks)

    world.encoder.analyse = analyse
    report = world.library.scan()
    assert [failure.path for failure in report.failed] == [world.folder]
    assert report.removed == 0
    assert len(world.library.sounds()) == 40
    assert report.updated >= 16


def test_a_folder_inside_that_cannot_be_listed_is_reported_and_its_sounds_are_kept(world, monkeypatch):
    world.tone("shut/a.wav")
    world.tone("open/b.wav", 300)
    world.scan(added=2)
    listing = os.scandir

    def refuse(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(scan.os, "scandir", refuse)
    world.scan(unchanged=1, failed=1)
    assert world.report.failed[0].reason == "The folder cannot be read: Permission denied."
    assert world.names() == ["open/b.wav", "shut/a.wav"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_reported_and_tried_again(world):
    path = world.tone("a.wav")
    path.chmod(0)
    world.scan(failed=1)
    path.chmod(0o600)
    world.scan(added=1)


def test_a_file_that_cannot_be_opened_is_tried_again_without_having_changed(world, monkeypatch):
    path = world.tone("a.wav")
    opening = os.open

    def refuse(name, *args, **options):
        if name == path:
            raise PermissionError(13, "Permission denied")
        return opening(name, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        world.scan(failed=1)
    assert world.report.failed[0].reason == "The file cannot be read: Permission denied."
    world.scan(added=1)


def test_a_file_that_vanishes_during_a_scan_is_reported(world):
    world.tone("a.wav")
    seen = scan.walk([Folder(1, world.folder, 0, 0.0, True)], {".wav"}, lambda folder: None, Ticket())
    assert len(seen.found) == 1
    world.tone("b.wav", 300)
    inner = world.files.info

    def info(path):
        (world.folder / "a.wav").unlink(missing_ok=True)
        return inner(path)

    world.files.info = info
    world.scan(added=1, failed=1)
    assert world.report.failed[0].reason == "The file disappeared during the scan."
    world.scan(unchanged=1)


def test_folders_do_not_overlap(world, tmp_path):
    world.tone("inside/a.wav")
    world.scan(added=1)
    assert world.library.add(world.folder).id == world.library.folders()[0].id
    with pytest.raises(LibraryError):
        world.library.add(world.folder / "inside")
    with pytest.raises(LibraryError):
        world.library.add(tmp_path / "nothing")
    with pytest.raises(LibraryError):
        world.library.add(world.folder / "inside" / "a.wav")
    with pytest.raises(LibraryError):
        world.library.remove(tmp_path)
    outer = world.library.add(tmp_path)
    assert [(folder.path, folder.sounds) for folder in world.library.folders()] == [(tmp_path, 1)]
    world.scan(unchanged=1)
    assert world.library.sounds(outer.id)[0].path.name == "a.wav"
    world.library.remove(tmp_path)
    assert world.library.sounds() == []


def test_one_scan_at_a_time(world):
    world.tone("a.wav")
    inner = world.encoder.analyse

    def analyse(blocks):
        with pytest.raises(LibraryError, match="already"):
            world.library.scan()
        return inner(blocks)

    world.encoder.analyse = analyse
    world.scan(added=1)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.engine.library.conftest import PitchEncoder
from engine.library import Library
from engine.store import Store
encoder = PitchEncoder(wait_s=0.02)
print("scanning", flush=True)
Library(Store(Path(sys.argv[2])), lambda: encoder, lambda: encoder.spec).scan()
"""


@pytest.mark.parametrize("after", [1, 30])
def test_kill_9_during_a_scan_loses_only_the_last_batch_and_the_rest_is_resumed(world, after):
    for number in range(100):
        world.tone(f"{number:03}.wav", 100 + 10 * number)
    workspace = world.store.folder
    world.store.close()
    program = subprocess.Popen([sys.executable, "-c", KILLED, str(ROOT), str(workspace)], stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and _rows(workspace) < after:
            time.sleep(0.02)
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()
    world.open()
    done = len(world.names())
    assert after <= done < 100
    with closing(sqlite3.connect(world.store.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert world.library.search("low", k=100).sounds == done
    world.scan(added=100 - done, unchanged=done)
    assert world.encoder.analysed == 100 - done
    assert world.library.search("low", k=1000).sounds == 100


def _rows(workspace: Path) -> int:
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection:
        return connection.execute("SELECT COUNT(*) FROM sound").fetchone()[0]
