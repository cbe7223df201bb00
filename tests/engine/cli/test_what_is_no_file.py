"""Wherever a command takes a file, a pipe, a socket or a device is refused in words; nobody waits for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

COMMANDS = {
    "identify": ("voices", "identify", "x.wav"),
    "enroll": ("voices", "enroll", "Carla", "x.wav"),
    "timeline": ("voices", "timeline", "x.wav"),
    "classify": ("classify", "x.wav", "--label", "rain", "--label", "wind"),
    "labels": ("classify", "sound.wav", "--labels", "x.txt"),
    "describe": ("describe", "x.wav"),
    "captions": ("describe", "sound.wav", "--captions", "x.txt"),
    "locate": ("locate", "x.wav", "rain"),
    "locate like": ("locate", "sound.wav", "--like", "x.wav"),
    "search like": ("search", "--like", "x.wav"),
    "tag": ("library", "tag", "x.txt"),
    "add": ("library", "add", "x.wav"),
}


@pytest.fixture(params=["pipe", "socket", "/dev/zero", "/dev/random"])
def nothing(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which x.wav and x.txt are no files."""
    from engine.audio import files
    from tests.true_models import chord

    files.write(tmp_path / "sound.wav", chord())
    sockets = []
    with monkeypatch.context() as here:
        here.chdir(tmp_path)  # the name of a socket must be short
        for name in ("x.wav", "x.txt"):
            if request.param == "pipe":
                os.mkfifo(name)
            elif request.param == "socket":
                sockets.append(socket.socket(socket.AF_UNIX))
                sockets[-1].bind(name)
            else:
                Path(name).symlink_to(request.param)
    yield tmp_path
    for one in sockets:
        with closing(one):
            pass


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_refuses_it_in_words(run, furnished, nothing, command):
    arguments = [str(nothing / word) if word.partition(".")[2] in ("wav", "txt") else word for word in command]
    ran = run(*arguments, "--json", workspace=furnished / "workspace")
    assert ran.code in (1, 2)
    assert ran.document
    assert "unexpected" not in ran.out
    assert "device" in ran.out or "pipe" in ran.out or "socket" in ran.out or "not a folder" in ran.out
