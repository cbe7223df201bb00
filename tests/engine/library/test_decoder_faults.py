"""What no decoder should raise: the file is named as one that cannot be read, the others are done, the log holds no names."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from engine import logs
from engine.audio import files
from engine.audio.decoding.sndfile import SndfileSound
from engine.errors import DecodeError

SENTENCE = "it could not be read: something went wrong inside Earmark; the log has the details."
FAULTS = [ZeroDivisionError("private words"), IndexError("private words"), AttributeError("private words"),
          np.linalg.LinAlgError("private words"), RecursionError("private words"), UnicodeDecodeError("utf-8", b"x", 0, 1, "y")]


@pytest.fixture
def log(tmp_path: Path):
    handler = logs.begin(tmp_path / "logs")
    yield tmp_path / "logs" / "earmark.log"
    logs.end(handler)


def breaks(monkeypatch: pytest.MonkeyPatch, where: str, error: Exception, only: str) -> None:
    """Make the decoder of one file fail. where: when it is opened, asked for its length, or in the middle of its sound."""
    inner = getattr(SndfileSound, where)

    def opened(self, path, *rest):
        if path.name == only:
            raise error
        inner(self, path, *rest)

    def seconds(self):
        if self._path.name == only:
            raise error
        return inner(self)

    def pieces(self, first):
        for piece in inner(self, first):
            yield piece
            if self._path.name == only:
                raise error

    monkeypatch.setattr(SndfileSound, where, {"__init__": opened, "seconds": seconds, "pieces": pieces}[where])


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["__init__", "seconds", "pieces"])
def test_a_scan_goes_on_with_the_other_files(world, monkeypatch, log: Path, error: Exception, where: str) -> None:
    world.tone("a.wav", 200)
    world.tone("private name.wav", 300)
    world.tone("z.wav", 400)
    with monkeypatch.context() as patched:
        breaks(patched, where, error, "private name.wav")
        world.scan(added=2, failed=1)
    failed = world.report.failed[0]
    assert (failed.path.name, failed.reason) == ("private name.wav", SENTENCE)
    said = log.read_text()
    assert type(error).__name__ in said and "test_decoder_faults.py\", line" in said and "private" not in said
    world.scan(added=1, unchanged=2)  # tried again as it is


@pytest.mark.parametrize("where", ["__init__", "pieces"])
def test_a_long_sound_does_not_end_the_scan_either(world, monkeypatch, where: str) -> None:
    world.tone("a.wav", 200)
    world.tone("long.wav", 300, seconds=70)
    with monkeypatch.context() as patched:
        breaks(patched, where, KeyError("private words"), "long.wav")
        world.scan(added=1, failed=1)
    assert world.report.failed[0].reason == SENTENCE
    world.scan(added=1, unchanged=1)


@pytest.mark.parametrize("what", ["info", "stream"])
@pytest.mark.parametrize("seconds", [0.5, 70])
def test_whoever_reads_the_files(world, monkeypatch, what: str, seconds: float) -> None:
    """Another reader than the program's own, as a test or an extension brings it."""
    world.tone("a.wav", 200)
    world.tone("bad.wav", 300, seconds=seconds)
    inner = getattr(world.files, what)

    def broken(path, *rest, **options):
        if path.name == "bad.wav":
            raise ValueError("private words")
        return inner(path, *rest, **options)

    monkeypatch.setattr(world.files, what, broken)
    world.scan(added=1, failed=1)
    assert world.report.failed[0].reason == SENTENCE


def test_a_disk_that_fails_says_so_in_its_own_words(world, monkeypatch) -> None:
    world.tone("a.wav", 200)
    world.tone("bad.wav", 300)
    with monkeypatch.context() as patched:
        breaks(patched, "pieces", OSError(5, "Input/output error"), "bad.wav")
        world.scan(added=1, failed=1)
    assert world.report.failed[0].reason == "the file cannot be read: Input/output error."
    world.scan(added=1, unchanged=1)


def test_no_memory_is_no_matter_of_the_file(world, monkeypatch) -> None:
    world.tone("bad.wav", 300)
    breaks(monkeypatch, "pieces", MemoryError(), "bad.wav")
    with pytest.raises(MemoryError):
        world.library.scan()


@pytest.mark.parametrize("ask", [files.info, files.read, lambda path: list(files.stream(path))])
def test_everybody_who_reads_gets_the_same_error(world, monkeypatch, caplog, ask) -> None:
    path = world.tone("bad.wav", 300)
    breaks(monkeypatch, "__init__", ArithmeticError("private words"), "bad.wav")
    with caplog.at_level(logging.ERROR), pytest.raises(DecodeError) as found:
        ask(path)
    assert found.value.reason == SENTENCE and found.value.passing
    assert "ArithmeticError" in caplog.text and "private" not in caplog.text
