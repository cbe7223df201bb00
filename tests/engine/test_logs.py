"""A log that cannot be written stops nothing, and puts no traceback on the screen."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from engine import logs


@pytest.fixture
def log(tmp_path: Path):
    handler = logs.begin(tmp_path / "logs")
    yield logging.getLogger("engine.test")
    logs.end(handler)


class Full:
    """A file on a disk that is full."""

    def __init__(self, file):
        self.file = file

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    def __getattr__(self, name):
        return getattr(self.file, name)


def handler_of() -> logs.LogFile:
    return next(one for one in logging.getLogger("engine").handlers if isinstance(one, logs.LogFile))


def test_a_full_disk_is_said_once_in_plain_words(log, capsys):
    log.info("begun")
    handler_of().stream = Full(handler_of().stream)
    for number in range(5):
        try:
            raise ValueError("of the program's own")
        except ValueError:
            log.exception("line %s", number)
    assert capsys.readouterr().err == (
        "earmark: The log cannot be written: No space left on device. The program goes on without it.\n")


def test_closing_it_on_a_full_disk_raises_nothing(tmp_path, capsys):
    handler = logs.begin(tmp_path / "logs")
    logging.getLogger("engine.test").info("begun")
    handler.stream = Full(handler.stream)
    logs.end(handler)
    assert capsys.readouterr().err == ""


def test_a_folder_that_is_none_stops_nothing(tmp_path, capsys):
    (tmp_path / "logs").write_text("a file")
    handler = logs.begin(tmp_path / "logs")
    logging.getLogger("engine.test").warning("begun")
    logs.end(handler)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("earmark: The log cannot be written: ")


def test_without_a_terminal_it_is_silent(log, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    log.info("begun")
    handler_of().stream = Full(handler_of().stream)
    log.info("nobody hears this")
