"""Closing the window in the middle of a take: what was recorded is enrolled, the microphone let go, and nothing is left half."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.app import Earmark
from engine.audio import files
from engine.records import Audio, FloatArray, Take
from gui.audition import Audition
from gui.jobs import READING_S, Jobs
from gui.pages.live import LiveSession
from gui.pages.voices import VoicesPage
from gui.theme import Theme
from gui.window import MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.test_voices import FakeMicrophone, draft
from tests.true_models import share_models, spoken

LONG_MS = 60_000
Close = Callable[[MainWindow, QtBot], None]


def by_its_x(window: MainWindow, qtbot: QtBot) -> None:
    assert window.close()


def by_its_key(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)


CLOSERS = pytest.mark.parametrize("close", [by_its_x, by_its_key], ids=["X", "Ctrl+Q"])


def voices_page(app: Any, theme: Theme, jobs: Jobs, microphone: Any, qtbot: QtBot) -> tuple[MainWindow, VoicesPage]:
    """The true window with its true page of voices, on which a take can be begun."""
    window = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()), remember=False)
    LiveSession.of(window.context).make_source = lambda name: microphone
    qtbot.addWidget(window)
    window.start()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.current == "live" and QApplication.activeWindow() is not None)
    page = window.show_page("voices")
    assert isinstance(page, VoicesPage)
    qtbot.waitUntil(lambda: page.panel.details is not None, timeout=LONG_MS)
    return window, page


def record(page: VoicesPage, qtbot: QtBot, seconds: float = 1.0) -> None:
    page.panel.recording.record.click()
    qtbot.waitUntil(lambda: page.recorder.state == "recording" and page.recorder.elapsed_s >= seconds)


@CLOSERS
def test_what_was_recorded_until_the_window_closes_is_enrolled(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot,
                                                               monkeypatch: pytest.MonkeyPatch, close: Close) -> None:
    voice_id, microphone, enroll, given = draft(app), FakeMicrophone(), app.voices.add_take, list[tuple[int, float, bool]]()

    def add_take(voice_id: int, audio: Audio, source: str, keep: bool, anyway: bool) -> Take:
        time.sleep(0.5)  # its model
        given.append((voice_id, audio.duration_s, keep))
        return enroll(voice_id, audio, source, keep, anyway)

    monkeypatch.setattr(app.voices, "add_take", add_take)
    window, page = voices_page(app, theme, jobs, microphone, qtbot)
    page.panel.recording.consent.click()
    record(page, qtbot)
    recorded_s = page.recorder.elapsed_s
    with qtbot.captureExceptions() as wrong:
        began = time.monotonic()
        close(window, qtbot)
        assert not window.isVisible() and time.monotonic() - began < 0.4
        assert page.recorder.state == "idle"
        jobs.shutdown(READING_S)
        assert time.monotonic() - began < 3
        qtbot.wait(30)
    assert wrong == []
    assert [(one, keep) for one, _, keep in given] == [(voice_id, True)] and given[0][1] >= recorded_s
    assert microphone.closed


@CLOSERS
def test_a_take_that_is_being_enrolled_is_enrolled(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot,
                                                   monkeypatch: pytest.MonkeyPatch, close: Close) -> None:
    voice_id, enroll, begun = draft(app, takes=0), app.voices.add_take, threading.Event()

    def add_take(*args: Any) -> Take:
        begun.set()
        time.sleep(0.5)
        return enroll(*args)

    monkeypatch.setattr(app.voices, "add_take", add_take)
    window, page = voices_page(app, theme, jobs, FakeMicrophone(), qtbot)
    record(page, qtbot)
    page.panel.recording.record.click()
    assert begun.wait(5)
    with qtbot.captureExceptions() as wrong:
        close(window, qtbot)
        jobs.shutdown(READING_S)
        qtbot.wait(30)
    assert wrong == [] and len(app.voices.takes(voice_id)) == 1


@CLOSERS
def test_a_microphone_that_is_being_opened_is_let_go_and_nothing_is_enrolled(app: FakeEarmark, theme: Theme, jobs: Jobs,
                                                                             qtbot: QtBot, close: Close) -> None:
    voice_id, go, opening = draft(app, takes=0), threading.Event(), threading.Event()

    class Slow(FakeMicrophone):
        def start(self) -> None:
            opening.set()
            go.wait(10)

    microphone = Slow()
    window, page = voices_page(app, theme, jobs, microphone, qtbot)
    page.panel.recording.record.click()
    assert opening.wait(5)
    with qtbot.captureExceptions() as wrong:
        began = time.monotonic()
        close(window, qtbot)
        jobs.shutdown(READING_S)
        assert time.monotonic() - began < 1.5
        go.set()
        qtbot.wait(100)
    assert wrong == [] and microphone.closed and app.voices.takes(voice_id) == []


class Speaker:
    """A microphone into which one of the made voices speaks, as fast as it is read."""

    rate_hz = 16_000
    lost = False

    def __init__(self, sound: FloatArray) -> None:
        self._left, self.closed = sound, False

    def start(self) -> None:
        pass

    def read(self) -> FloatArray:
        block, self._left = self._left[:16_000], self._left[16_000:]
        return block

    def close(self) -> None:
        self.closed = True


@CLOSERS
def test_with_the_true_engine_the_take_and_its_recording_are_whole_at_the_next_start(
        tmp_path: Path, theme: Theme, jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, close: Close) -> None:
    share_models(monkeypatch)
    said = np.concatenate([spoken(1, take).samples for take in range(2)])
    speaker = Speaker(said)
    with Earmark(tmp_path / "Studio", "cpu") as earmark:
        earmark.claim()
        anna = earmark.voices.begin("Anna")
        window, page = voices_page(earmark, theme, jobs, speaker, qtbot)
        page.panel.recording.consent.click()
        record(page, qtbot, 6.0)
        with qtbot.captureExceptions() as wrong:
            close(window, qtbot)
            jobs.shutdown(READING_S)
            qtbot.wait(30)
        assert wrong == [] and speaker.closed
    with Earmark(tmp_path / "Studio", "cpu") as again:
        takes = again.voices.takes(anna.id)
        assert len(takes) == 1 and takes[0].speech_s > 3
        kept = again.voices.recording(takes[0].id)
        assert 6.0 <= kept.duration_s <= len(said) / 16_000
    there = [path for path in (tmp_path / "Studio" / "recordings").rglob("*") if path.is_file()]
    assert len(there) == 1 and files.read(there[0]).duration_s == pytest.approx(kept.duration_s)


def test_closing_does_not_wait_for_models_that_listening_still_loads(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    go, loading = threading.Event(), threading.Event()

    def load(*_: object) -> Any:
        loading.set()
        go.wait(10)
        raise RuntimeError("nobody listens any more")

    monkeypatch.setattr(app.voices, "listener", load)
    window, _ = voices_page(app, theme, jobs, FakeMicrophone(), qtbot)
    LiveSession.of(window.context).start()
    assert loading.wait(5)
    began = time.monotonic()
    window.close()
    jobs.shutdown(READING_S)
    assert time.monotonic() - began < 1.5
    go.set()
