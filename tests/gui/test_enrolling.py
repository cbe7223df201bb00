"""Recording takes by hand: the button stays where it is, has the keyboard, and no press on it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.errors import TooNoisy
from engine.records import Audio, Take
from gui.context import Context
from gui.pages.live import LiveSession
from gui.pages.voices import VoicesPage
from gui.pages.voices.progress import Part, SpeechBar
from gui.theme import Theme
from tests.gui.fakes import FakeEarmark
from tests.gui.test_voices import FakeMicrophone, draft

Make = Callable[[tuple[int, int]], VoicesPage]
SIZES = [(904, 500), (1044, 620), (1364, 820)]  # of the page in windows of 960 × 600, 1100 × 700 and 1440 × 900


@pytest.fixture
def microphone() -> FakeMicrophone:
    return FakeMicrophone()


@pytest.fixture
def session(context: Context, microphone: FakeMicrophone) -> Iterator[LiveSession]:
    session = LiveSession.of(context)
    session.make_source = lambda name: microphone
    yield session
    session.close()


@pytest.fixture
def make(context: Context, session: LiveSession, qtbot: QtBot) -> Iterator[Make]:
    pages: list[VoicesPage] = []

    def make(size: tuple[int, int] = SIZES[-1]) -> VoicesPage:
        page = VoicesPage(context)
        pages.append(page)
        qtbot.addWidget(page)
        for part in (page.toolbar_left(), page.toolbar_right()):
            qtbot.addWidget(part)
        page.setMinimumSize(100, 100)  # as the window has one of its own: what a layout asks for does not make it wider
        page.resize(*size)
        page.show()
        page.shown()
        qtbot.waitUntil(lambda: page.panel.details is not None)
        page.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is not None)
        return page

    yield make
    for page in pages:
        page.leaving()


def place(page: VoicesPage) -> tuple[int, int, int]:
    """Left, top and width of the button, once the layout has come to rest."""
    for _ in range(3):
        QApplication.sendPostedEvents()
        QApplication.processEvents()
    button = page.panel.recording.record
    corner = button.mapTo(page, QPoint(0, 0))
    shown = QRect(corner, button.size())
    assert page.rect().contains(shown) and button.visibleRegion().boundingRect() == button.rect()
    return corner.x(), corner.y(), button.width()


@pytest.mark.parametrize("size", SIZES)
def test_record_take_stays_where_it_is(make: Make, app: FakeEarmark, session: LiveSession, microphone: FakeMicrophone,
                                       qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    """A second press on the same spot hits it: while it opens and records, while a take is enrolled, after each take, with a take
    that was refused, with long sentences above, and with the next prompt."""
    voice_id, enrolling, refuse = draft(app, takes=0), threading.Event(), [False]
    enroll = app.voices.add_take

    def add_take(*args: Any, **options: Any) -> Take:
        enrolling.wait(5)
        if refuse[0]:
            raise TooNoisy(4.0, 10.0)
        return enroll(*args, **options)

    page = make(size)
    part = page.panel.recording
    places = {"at first": place(page)}
    monkeypatch.setattr(app.voices, "add_take", add_take)
    for number in range(5):
        refuse[0] = number in (1, 3)
        opening = threading.Event()
        session.make_source = lambda name, opening=opening: (opening.wait(5), microphone)[1]
        enrolling.clear()
        part.record.click()
        assert page.recorder.state == "opening"
        places[f"opening {number}"] = place(page)
        opening.set()
        qtbot.waitUntil(lambda: page.recorder.state == "recording")
        places[f"recording {number}"] = place(page)
        qtbot.waitUntil(lambda: part.cards.level.value.text() == "−16 dBFS", timeout=5000)
        places[f"judged {number}"] = place(page)
        part.record.click()
        places[f"enrolling {number}"] = place(page)
        rows = len(page.panel.table.rows)
        enrolling.set()
        qtbot.waitUntil(lambda rows=rows: len(page.panel.table.rows) > rows or not part.progress.isVisible())
        qtbot.waitUntil(lambda: not part.progress.isVisible() and not page.jobs.running)
        places[f"after take {number}"] = place(page)
    assert {row.state for row in page.panel.table.rows} == {"accepted", "refused"}
    assert len(app.voices.takes(voice_id)) == 3
    part.say_failure("The microphone went away. What was recorded until then is looked at now. " * 4)
    places["a failure"] = place(page)
    page.panel.warning.title.setText("A take of this voice is also one of others")
    page.panel.warning.sentence.setText("It can be of one of them only. Remove it where it does not belong. " * 3)
    page.panel.warning.show()
    places["a warning"] = place(page)
    for number in range(8):
        part.next_prompt()
        places[f"prompt {number}"] = place(page)
    assert set(places.values()) == {places["at first"]}, places


@pytest.mark.parametrize("unfolded", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_the_buttons_have_room_beside_each_other(make: Make, app: FakeEarmark, qtbot: QtBot, size: tuple[int, int],
                                                unfolded: bool) -> None:
    """Also where the list of voices is unfolded in a small window, and whatever the last one says."""
    draft(app, takes=1)
    page = make(size)
    if page.fold.isVisible() and unfolded:
        page.fold.click()
    part = page.panel.recording
    place(page)
    assert page.width() == size[0]
    for _ in range(3):
        shown = [one for one in (part.record, part.files_, part.close_, part.save_) if one.isVisible()]
        for left, right in pairwise(shown):
            assert left.geometry().right() < right.geometry().left()
        for one in shown:
            assert one.width() >= one.sizeHint().width() and one.visibleRegion().boundingRect() == one.rect(), one.text()
        app.voices.add_take(app.voices.get("Grace Mensah").id, Audio(np.zeros(16_000, np.float32), 16_000))
        page.refresh()
        qtbot.waitUntil(lambda: not page.jobs.running)


def test_space_records_and_never_renames(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    """From the form on: the key that is written beside the button does what the button says."""
    page = make()
    record = page.panel.recording.record
    page.make_new()
    page.form.name.setText("Grace Mensah")
    qtbot.keyClick(page.form.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.panel.isVisible() and page.panel.name.text() == "Grace Mensah")
    assert QApplication.focusWidget() is record
    for number in range(2):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: page.recorder.state == "recording")
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
        assert page.recorder.state == "idle"
        voice_id = app.voices.get("Grace Mensah").id
        qtbot.waitUntil(lambda voice_id=voice_id, n=number: len(app.voices.takes(voice_id)) == n + 1 and not page.jobs.running)
        assert QApplication.focusWidget() is record
    assert not page.panel.field.isVisible()


def test_the_rows_of_takes_do_not_blink_when_they_are_made_anew(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    """They are, once a second while a take runs; what is painted next shows them."""
    draft(app, takes=2)
    page = make()
    qtbot.waitUntil(lambda: len(page.panel.table.rows) == 2)
    page.panel.table.set_rows(page.panel.table.rows[:1])
    inner = page.panel.table._inner
    assert inner is not None and inner.isVisible()


def test_the_keyboard_does_not_fall_to_remove_voice_when_a_voice_is_saved(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    draft(app, takes=3)
    page = make()
    page.panel.recording.save_.setFocus()
    qtbot.keyClick(page.panel.recording.save_, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: app.voices.get("Grace Mensah").state == "enrolled" and not page.panel.recording.isVisible())
    assert QApplication.focusWidget() in (None, page.panel)


def test_add_takes_gives_the_keyboard_to_record_take(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.panel.more.setFocus()
    qtbot.keyClick(page.panel.more, Qt.Key.Key_Space)
    assert QApplication.focusWidget() is page.panel.recording.record


def test_a_press_while_the_microphone_opens_cancels_and_the_next_one_starts_again(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                                                 session: LiveSession) -> None:
    draft(app)
    opened: list[Slow] = []

    class Slow(FakeMicrophone):
        def __init__(self) -> None:
            self.go = threading.Event()
            opened.append(self)

        def start(self) -> None:
            assert all(other.closed for other in opened if other is not self)  # one at a time
            self.go.wait(5)

    session.make_source = lambda name: Slow()
    page = make()
    part = page.panel.recording
    part.record.click()
    assert part.record.text() == "Cancel"
    qtbot.waitUntil(lambda: len(opened) == 1)
    part.record.click()
    assert page.recorder.state == "idle" and part.record.text() == "Record take"
    part.record.click()
    assert page.recorder.state == "opening"
    opened[0].go.set()
    qtbot.waitUntil(lambda: len(opened) == 2)
    opened[1].go.set()
    qtbot.waitUntil(lambda: page.recorder.state == "recording")
    assert opened[0].closed and not opened[1].closed
    page.recorder.cancel()
    assert np.isfinite(page.recorder.audio().samples).all()


def test_a_microphone_that_cannot_be_opened_after_cancelling_is_not_complained_about(make: Make, app: FakeEarmark,
                                                                                    session: LiveSession, qtbot: QtBot) -> None:
    from engine.errors import DeviceError

    draft(app)
    go = threading.Event()

    def busy(name: str) -> Any:
        go.wait(5)
        raise DeviceError("The microphone is in use.")

    session.make_source = busy
    page = make()
    page.panel.recording.record.click()
    page.panel.recording.record.click()
    go.set()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert not page.panel.recording.failure.isVisible()
    assert isinstance(page.recorder.audio(), Audio)


def test_no_take_of_the_bar_loses_its_words_to_a_short_one_before_it(theme: Theme, qtbot: QtBot) -> None:
    bar = SpeechBar(theme)
    qtbot.addWidget(bar)
    metrics = QFontMetricsF(theme.font("caption"))
    bar.set_parts([Part("take 1", 5.9), Part("take 2", 2.1), Part("take 3", 6.0), Part("take 4", 5.8)])
    assert bar.labels(metrics, 550) == ["take 1 · 5.9 s", "take 2", "take 3 · 6.0 s", "take 4 · 5.8 s"]
    bar.set_parts([Part("take 1", 0.4, running=True)])
    assert bar.labels(metrics, 550) == ["take 1 · 0.4 s so far"]
    bar.set_parts([Part("take 1", 14.9)])
    bar.resize(550, 36)
    assert not bar.grab().isNull()
