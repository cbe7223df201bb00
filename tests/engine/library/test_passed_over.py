"""A scan says what it passed over, and no single file ends it."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import soundfile

from engine.library.scan import key_of
from engine.records import PassedOver
from engine.voices.timeline.service import _time_of
from tests.made_sounds import make, speech_like


def test_files_of_other_kinds_are_counted_and_named(world) -> None:
    world.tone("a.wav")
    (world.folder / "deep").mkdir()
    for name in ("song.mid", "deep/Other.MID", "notes.txt", "README", ".hidden"):
        (world.folder / name).write_text("no sound")
    report = world.library.scan()
    assert report.added == 1 and not report.failed
    assert report.passed_over == (
        PassedOver(".mid", 2, (world.folder / "song.mid", world.folder / "deep" / "Other.MID")),
        PassedOver("", 1, (world.folder / "README",)), PassedOver(".txt", 1, (world.folder / "notes.txt",)))


def test_many_of_a_kind_are_counted_and_the_first_named(world) -> None:
    for number in range(45):
        (world.folder / f"{number:02}.doc").touch()
    one, = world.library.scan().passed_over
    assert (one.files, len(one.examples), one.examples[0].name) == (45, 20, "00.doc")


def test_a_folder_of_what_telephones_write_is_read(world) -> None:
    for name in ("memo.m4a", "talk.webm", "b.opus"):
        make(world.folder / name, speech_like(2))
    for name, kind in (("c.au", "AU"), ("d.caf", "CAF"), ("e.w64", "W64")):
        soundfile.write(world.folder / name, speech_like(2), 16000, format=kind, subtype="PCM_16")
    world.scan(added=6)
    assert sorted(sound.path.name for sound in world.library.sounds()) == [
        "b.opus", "c.au", "d.caf", "e.w64", "memo.m4a", "talk.webm"]
    assert all(abs(sound.duration_s - 2) < 0.05 for sound in world.library.sounds())
    world.scan(unchanged=6)


@pytest.mark.parametrize("year", [1902, 1969, 2038, 2261, 2263, 2445])
def test_the_time_of_a_file_may_be_anything(world, year: int) -> None:
    path, other = world.tone("a.wav"), world.tone("b.wav", 900)
    seconds = round((year - 1970) * 365.2425 * 86400)
    os.utime(path, (seconds, seconds))
    if path.stat().st_mtime != seconds:
        pytest.skip(f"this file system cannot say that a file is from the year {year}")
    world.scan(added=2)
    world.scan(unchanged=2)
    path.write_bytes(other.read_bytes() + b"\0\0")
    os.utime(path, (seconds, seconds))
    world.scan(updated=1, unchanged=1)
    assert _time_of(path).year in range(1, 10000)


@pytest.mark.parametrize("seconds", [-(10**12), -(10**10), 10**10, 10**15])
def test_the_database_holds_the_nearest_time(world, seconds: int) -> None:
    key = key_of(SimpleNamespace(st_size=1, st_mtime_ns=seconds * 10**9))  # type: ignore[arg-type]
    assert -(2**63) <= key.mtime_ns < 2**63 and (key.mtime_ns < 0) == (seconds < 0)


@pytest.mark.parametrize("change", ["grows", "shrinks", "goes", "becomes a folder", "is emptied"])
def test_a_file_that_changes_while_it_is_read(world, change: str) -> None:
    world.tone("a.wav", seconds=2)
    world.tone("z.wav", 900)
    reading = world.files.stream

    def changing(path: Path, rate_hz: int | None = None, block_s: float = 30):
        path = Path(path)
        if path.name == "a.wav" and path.is_file():
            if change in ("goes", "becomes a folder"):
                path.unlink()
                if change == "becomes a folder":
                    path.mkdir()
            else:
                with path.open("r+b") as file:
                    file.truncate({"grows": 100_000, "shrinks": 1000, "is emptied": 0}[change])
        return reading(path, rate_hz, block_s)

    world.files.stream = changing
    report = world.library.scan()
    assert report.added + len(report.failed) == 2 and report.added >= 1
    assert {sound.path.name for sound in world.library.sounds()} >= {"z.wav"}
    world.files.stream = reading
    world.library.scan()
    assert {sound.path.name for sound in world.library.sounds()} >= {"z.wav"}
