"""A recording is written beside what hears it: a slow or full disk stops the recording at most, never the hearing."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import numpy as np
import pytest

from engine.audio import files
from engine.audio.microphone import FileSource
from engine.audio.recorder import WAIT_S, Recorder, live_path
from engine.errors import StoreError
from engine.records import Audio
from engine.voices.listening import Listener

RATE_HZ = 16_000
SECOND = np.full(RATE_HZ, 0.25, np.float32)


class Stuck:
    """A file on a disk that does not answer until it is told to. full: it answers with an error then."""

    def __init__(self, inner, full=False):
        self._inner, self._full = inner, full
        self.go_on = threading.Event()

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def write(self, wave):
        assert self.go_on.wait(30)
        if self._full:
            raise OSError(28, "No space left on device")
        self._inner.write(wave)


def stuck(recorder, full=False):
    recorder._file = Stuck(recorder._file, full)
    return recorder._file


def test_writing_does_not_wait_for_the_disk(tmp_path):
    recorder = Recorder(tmp_path / "talk.wav", RATE_HZ)
    disk = stuck(recorder)
    began = time.monotonic()
    for _ in range(10):
        recorder.write(SECOND)
    assert time.monotonic() - began < 1
    disk.go_on.set()
    recorder.close()
    assert files.info(tmp_path / "talk.wav").duration_s == 10


def test_a_disk_that_is_too_slow_ends_the_recording_and_what_came_before_is_kept(tmp_path):
    """No more than WAIT_S waits in memory."""
    recorder = Recorder(tmp_path / "talk.wav", RATE_HZ)
    disk = stuck(recorder)
    with pytest.raises(StoreError, match="too slow"):
        for taken in range(1000):  # noqa: B007  (it is looked at below)
            recorder.write(SECOND)
    assert taken <= WAIT_S + 1
    disk.go_on.set()
    with pytest.raises(StoreError, match="too slow"):
        recorder.close()
    assert files.info(tmp_path / "talk.wav").duration_s == taken


def test_a_full_disk_is_said_by_the_next_block_and_the_file_is_finished(tmp_path):
    recorder = Recorder(tmp_path / "talk.wav", RATE_HZ)
    for _ in range(3):
        recorder.write(SECOND)
    until = time.monotonic() + 10
    while recorder.safe_s < 2 and time.monotonic() < until:
        time.sleep(0.01)
    disk = stuck(recorder, full=True)
    disk.go_on.set()
    with pytest.raises(StoreError, match="disk is full"):
        while time.monotonic() < until:
            recorder.write(SECOND)
            time.sleep(0.01)
    with pytest.raises(StoreError, match="disk is full"):
        recorder.close()
    assert files.info(tmp_path / "talk.wav").duration_s >= 2


class NoSpeech:
    def stream(self):
        return self

    def push(self, wave):
        return [0.0] * (len(wave) // 512)


class NoEncoder:
    spec = None


def test_the_meter_moves_while_the_disk_does_not(tmp_path):
    """What is drawn and measured is asked under a lock that no write to the disk may hold."""
    files.write(tmp_path / "tone.wav", Audio(np.tile(SECOND, 4), RATE_HZ))
    listener = Listener(FileSource(tmp_path / "tone.wav"), NoEncoder(), NoSpeech(), lambda: None)
    listener.record(tmp_path / "talk.wav")
    disk = stuck(listener._recorder)
    listener.start()
    time.sleep(0.5)
    slowest, reached = 0.0, listener.elapsed_s
    for _ in range(20):
        began = time.monotonic()
        listener.level()
        listener.recent(0.1)
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    assert listener.elapsed_s > reached + 0.5
    assert slowest < 0.2
    began = time.monotonic()
    listener.end_recording()
    assert listener.recording is None
    assert time.monotonic() - began < 0.2
    disk.go_on.set()
    listener.stop()
    listener.take_recorded()
    assert files.info(tmp_path / "talk.wav").duration_s > 1


def test_two_recordings_of_one_second_do_not_take_each_others_place(tmp_path):
    now = datetime(2026, 11, 29, 12, 0, 1)
    first = Recorder(live_path(tmp_path, now), RATE_HZ)
    second = Recorder(live_path(tmp_path, now), RATE_HZ)
    first.write(SECOND)
    assert first.close().name == "Live 2026-11-29 12-00-01.wav"
    assert second.close().name == "Live 2026-11-29 12-00-01 (2).wav"
    assert live_path(tmp_path, now).name == "Live 2026-11-29 12-00-01 (3).wav"
    assert files.info(first.path).duration_s == 1
