"""Files appear whole or not at all; what is no file is neither replaced nor waited for."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from engine.files import PRIVATE, open_regular, remove_left, whole, write_whole

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes, modes and links of POSIX systems")


def test_a_file_is_there_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_whole(target, b"one")
    write_whole(target, b"two")
    assert target.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_fails_in_the_middle_leaves_the_file_before_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), whole(target) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    contents = [bytes([n]) * 100_000 for n in range(8)]
    threads = [threading.Thread(target=write_whole, args=(target, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() in contents
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 251 + ".csv")
    write_whole(target, b"x")
    assert target.read_bytes() == b"x"


@on_posix
def test_modes(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_whole(tmp_path / "private", b"x", PRIVATE)
        write_whole(tmp_path / "usual", b"x")
        (tmp_path / "strict").touch(0o640)
        write_whole(tmp_path / "strict", b"x")
        (tmp_path / "open").touch(0o666)
        write_whole(tmp_path / "open", b"x", PRIVATE)
    finally:
        os.umask(old)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert modes == {"private": 0o600, "usual": 0o666, "strict": 0o640, "open": 0o600}


@on_posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"before")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("made")
    write_whole(tmp_path / "link", b"after")
    write_whole(tmp_path / "dangling", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"after"
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "made").read_bytes() == b"new"


@on_posix
def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError):  # nobody reads it: said at once
        write_whole(pipe, b"x")
    heard: list[bytes] = []
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"through")
    heard.append(os.read(reader, 100))
    os.close(reader)
    assert heard == [b"through"] and stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system with /dev/full")
def test_a_device_is_not_replaced() -> None:
    with pytest.raises(OSError):
        write_whole(Path("/dev/full"), b"x" * 100_000)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    write_whole(Path("/dev/null"), b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_whole(tmp_path, b"x")
    with pytest.raises(OSError):
        open_regular(tmp_path)


@on_posix
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="a named pipe"):
        open_regular(pipe)
    (tmp_path / "file").write_bytes(b"x")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"x"


def test_what_a_killed_program_was_writing_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".0123456789ab.part", ".mine.part", "a.part", ".0123456789ab.part.wav"):
        (tmp_path / name).touch()
    remove_left(tmp_path, older_s=60)
    assert len([*tmp_path.iterdir()]) == 4
    remove_left(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".0123456789ab.part.wav", ".mine.part", "a.part"]
