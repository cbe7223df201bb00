"""The Live page: what a user sees while they speak, and when something is missing."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.audio.devices import Device
from engine.errors import DeviceError, StoreError
from engine.records import LiveUpdate, Span, Turn
from gui.context import Context
from gui.pages.live import LivePage, LiveSession
from gui.pages.live.tracks import of_session
from gui.theme import Theme
from gui.widgets.controls import Button
from tests.gui.fakes import FakeEarmark, FakeListener

Make = Callable[[], LivePage]


@dataclass(frozen=True)
class FakeDevice:
    name: str
    rate_hz: int = 48_000
    default: bool = True

    @property
    def title(self) -> str:
        return self.name


@pytest.fixture
def session(context: Context) -> Iterator[LiveSession]:
    session = LiveSession.of(context)
    session.find_inputs = lambda rescan: [FakeDevice("Scarlett 2i2 USB"), FakeDevice("Webcam", 16_000, False)]
    session.make_source = lambda name: name
    session.why_none = lambda: "Error querying device -1"
    yield session
    session.close()


@pytest.fixture
def make(context: Context, session: LiveSession, qtbot: QtBot) -> Iterator[Make]:
    pages: list[LivePage] = []

    def make() -> LivePage:
        page = LivePage(context)
        pages.append(page)
        qtbot.addWidget(page)
        for part in (page.toolbar_left(), page.toolbar_right()):
            qtbot.addWidget(part)
        page.resize(1364, 820)
        page.show()
        page.shown()
        qtbot.waitUntil(lambda: page.devices.looked)
        return page

    yield make
    for page in pages:
        page.hidden()
        page.leaving()


def listen(page: LivePage, qtbot: QtBot) -> None:
    page.listen.click()
    qtbot.waitUntil(lambda: page.session.listening)
    page.session.poll()


def last_update(app: FakeEarmark, **changes: Any) -> LiveUpdate:
    return replace(app.voices.made_updates()[-1], **changes)


def test_the_pages_share_one_session(context: Context) -> None:
    assert LiveSession.of(context) is LiveSession.of(context)


def test_the_microphones_are_offered_with_their_rate(make: Make) -> None:
    page = make()
    assert [page.devices.itemText(i) for i in range(page.devices.count())] == ["Scarlett 2i2 USB", "Webcam"]
    assert page.devices.itemData(0, page.devices.DETAIL) == "48 kHz · mono"
    assert page.listen.text() == "Listen"
    assert page.listen.kind == "primary"
    assert "not saved" in page.spoken.kept.text()


def test_a_microphone_has_its_true_name_in_the_box(make: Make, session: LiveSession, app: FakeEarmark, qtbot: QtBot) -> None:
    """“default” says nothing to anybody; it stays what the settings and PortAudio call it."""
    session.find_inputs = lambda rescan: [Device("default", 0, 48_000, 2, True, "ALSA", "Built-in Microphone"),
                                          Device("sysdefault", 1, 48_000, 2, False, "ALSA")]
    page = make()
    assert [page.devices.itemText(i) for i in range(2)] == ["Default – Built-in Microphone", "System default"]
    page.devices.setCurrentIndex(1)
    page.devices.activated.emit(1)
    assert app.settings.value.input_device == "sysdefault"


def test_listening_says_who_speaks_and_how_sure_it_is(make: Make, qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    assert page.now.name.text() == "Amara Okafor"
    assert page.now.badge.text() == "match"
    assert page.now.similarity.text() == "0.84"
    assert page.now.margin.text() == "+0.20"
    assert "speaking for 6.2 s" in page.now.sentence.text()
    assert [row.label for row in page.now.nearest.rows] == ["Amara Okafor", "Ben Lindqvist", "Chen Yu"]
    assert [row.value for row in page.now.heard.rows] == ["0.93", "0.31", "0.14"]
    assert page.listen.text().startswith("Stop")
    assert page.listen.kind == "danger"
    assert page.status == "Update 21 ms   Overflows 0"


def test_a_telephones_band_is_said(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    found = replace(app.voices.identification(0.84), band="narrow")
    app.voices.listener_ = FakeListener([last_update(app, identification=found)])
    page = make()
    listen(page, qtbot)
    assert page.now.sentence.text() == "a telephone’s band · for 6.2 s"


@pytest.mark.parametrize(("similarity", "name", "badge"), [(0.63, "Amara Okafor", "tentative"),
                                                           (0.4, "Unknown", "unknown")])
def test_a_doubtful_voice_is_tentative_or_unknown(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                  similarity: float, name: str, badge: str) -> None:
    found = app.voices.identification(similarity)
    app.voices.listener_ = FakeListener([last_update(app, identification=found)])
    page = make()
    listen(page, qtbot)
    assert page.now.name.text() == name
    assert page.now.badge.text() == badge


def test_too_little_speech_and_silence_name_nobody(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    short = replace(app.voices.identification(0.84), status="too-short", voice=None, nearest=None, similarity=None,
                    candidates=())
    app.voices.listener_ = FakeListener([last_update(app, identification=short, used_s=0.6)])
    page = make()
    listen(page, qtbot)
    assert page.now.name.text() == "Listening…"
    assert page.now.sentence.text() == "0.6 of 1.0 s of speech"
    update = last_update(app)
    app.voices.listener_.updates_ += [update, replace(update, time_s=9.25, speaking=False, identification=None,
                                                      embedding=None)]
    page.session.poll()
    page.now.show_update(update)
    page.now.show_update(app.voices.listener_.updates_[-1])
    assert page.now.name.text() == "Silence"
    assert page.now.sentence.text() == "Amara Okafor spoke 3 s ago"
    assert page.now.badge.isHidden()


def test_the_cross_moves_on_the_plot_with_lines_to_the_two_nearest(make: Make, session: LiveSession,
                                                                   qtbot: QtBot) -> None:
    page = make()
    qtbot.waitUntil(lambda: session.map is not None)
    assert page.plot.detail.text() == "PCA · 49 % of variance"
    listen(page, qtbot)
    query = page.plot.plot.query
    assert query.at == pytest.approx(session.map.place(session.last.embedding.vector))
    assert [round(link.similarity, 2) for link in query.links] == [0.84, 0.64]
    page.listen.click()
    assert query.at is None


def test_the_lanes_and_the_shares_of_who_spoke(make: Make, session: LiveSession, qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    qtbot.waitUntil(lambda: session.map is not None)
    page._draw_turns()
    assert (page.who.timeline.lanes()[-1].name, page.who.timeline.lanes()[-1].spoken_s) == ("Unknown", 2)
    assert page.who.scope.text() == "3 voices · 2 minutes shown"
    rows = page.spoken.rows.rows
    assert [(row.label, row.value, row.extra) for row in rows][:2] == [("Amara Okafor", "0:46", "44 %"),
                                                                       ("Ben Lindqvist", "0:43", "41 %")]
    assert rows[-1].unknown


def test_the_sound_is_drawn_once_as_it_comes(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    page._draw_sound()
    first = page.sound.picture._pixels.copy()
    assert first.any()
    assert page.sound.wave._peaks.max() > 20
    page._draw_sound()  # nothing new: nothing moves
    np.testing.assert_array_equal(first, page.sound.picture._pixels)
    assert page.sound.level.text() == "−14 dB"
    assert page.sound.clips.text() == "no clips"
    page.sound.scale.choose("linear")
    assert page.sound.picture._pixels.any()
    assert (page.sound.picture._pixels != first).any()


def test_recording_is_a_separate_act_and_says_where(make: Make, app: FakeEarmark, session: LiveSession,
                                                    qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    assert app.voices.listener_ is not None and app.voices.listener_.recording is None
    page.record.click()
    path = app.voices.listener_.recording
    assert path is not None and path.parent == app.store.recordings
    assert page.spoken.kept.text() == f"Saving to recordings/{path.name}"
    assert page.record.text() == "Stop recording"
    page.record.click()
    assert app.voices.listener_.recording is None
    qtbot.waitUntil(lambda: page.spoken.kept.text() == f"Saved as recordings/{path.name}")
    assert session.listening


def test_record_starts_listening_when_nobody_listens(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.record.click()
    qtbot.waitUntil(lambda: page.session.recording is not None)
    assert page.session.listening


def test_a_recording_that_cannot_be_made_is_said(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: FakeListener, path: Path) -> None:
        raise StoreError("The recording cannot be written: no space left.")

    monkeypatch.setattr(FakeListener, "record", refuse)
    page = make()
    listen(page, qtbot)
    page.record.click()
    assert page.notice.isVisible()
    assert "no space left" in page.notice.sentence.text()
    assert page.session.listening


def test_without_a_microphone_the_page_says_what_to_do_and_looks_again(make: Make,
                                                                       session: LiveSession, qtbot: QtBot) -> None:
    asked: list[bool] = []

    def none(rescan: bool) -> list[FakeDevice]:
        asked.append(rescan)
        raise DeviceError("PortAudio is not there.", "Error querying device -1")

    session.find_inputs = none
    page = make()
    qtbot.waitUntil(lambda: page.absent.isVisible())
    assert not page.now.isVisible() and not page.sound.isVisible()
    assert page.absent.panel.title.text() == "No microphone found"
    assert "Error querying device -1" in page.absent.panel.details._raw.text()
    assert page.devices.currentText() == "No microphone"
    assert not page.record.isEnabled() and page.record.toolTip()
    assert page.plot.isVisible()
    session.find_inputs = lambda rescan: [FakeDevice("Plugged in")] if rescan else []
    page._look_while_none()  # the timer does this every two seconds
    qtbot.waitUntil(lambda: page.now.isVisible())
    assert page.devices.currentText() == "Plugged in"
    assert asked == [False]


def test_the_sound_systems_own_words_are_told_where_it_lists_nothing(make: Make, session: LiveSession,
                                                                     qtbot: QtBot) -> None:
    session.find_inputs = lambda rescan: []
    page = make()
    qtbot.waitUntil(lambda: page.absent.isVisible())
    assert page.absent.panel.details._raw.text().startswith("Error querying device -1\n0 inputs · asked at ")


def test_a_microphone_that_goes_away_keeps_what_was_found(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    page.record.click()
    listener = app.voices.listener_
    assert listener is not None and listener.recording is not None
    name = listener.recording.name
    listener.lose(DeviceError("gone"))
    page.session.poll()
    assert page.notice.isVisible()
    assert page.notice.title.text() == "The microphone went away"
    assert name in page.notice.sentence.text()
    assert page.listen.text() == "Listen"
    assert page.spoken.title.text() == "This session" and " – " in page.spoken.scope.text()
    assert page.who.timeline.lanes()


def test_a_full_disk_ends_the_recording_and_is_not_called_a_lost_microphone(make: Make, app: FakeEarmark,
                                                                            qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    page.record.click()
    listener = app.voices.listener_
    assert listener is not None
    listener.fail_recording(StoreError("The recording cannot be written: no space left on the disk."))
    page.session.poll()
    assert page.session.listening
    assert page.record.text() == "Record" and page.record.kind == "plain"
    assert page.notice.isVisible() and page.notice.title.text() == "Recording stopped"
    assert page.notice.sentence.text() == "The recording cannot be written: no space left on the disk."
    assert not page.again.isVisible()  # listening goes on: there is nothing to begin again
    page.record.click()
    page.session.poll()
    assert page.record.text() == "Stop recording" and not page.notice.isVisible()


def test_a_recording_that_cannot_be_finished_is_not_called_saved(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    page = make()
    listen(page, qtbot)
    page.record.click()
    listener = app.voices.listener_
    assert listener is not None
    def fail(self: FakeListener) -> list[Path]:
        self.recording_error = StoreError("The disk is full.")
        return []

    monkeypatch.setattr(FakeListener, "take_recorded", fail)
    page.listen.click()
    qtbot.waitUntil(lambda: page.notice.isVisible())
    assert page.notice.title.text() == "Recording stopped" and page.notice.sentence.text() == "The disk is full."
    assert "Saved" not in page.spoken.kept.text()


def test_listening_that_ends_for_another_reason_says_the_reason(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    listener = app.voices.listener_
    assert listener is not None
    listener.lose(StoreError("The database cannot be read."))
    page.session.poll()
    assert page.notice.title.text() == "Listening stopped"
    assert page.notice.sentence.text() == "The database cannot be read."
    assert page.again.isVisible()


def test_a_microphone_that_cannot_be_opened_is_said_in_place(make: Make, session: LiveSession, qtbot: QtBot) -> None:
    def busy(name: str) -> Any:
        raise DeviceError("The microphone “Scarlett” cannot be opened.", "Device unavailable")

    session.make_source = busy
    page = make()
    page.listen.click()
    qtbot.waitUntil(lambda: page.notice.isVisible())
    assert "cannot be opened" in page.notice.sentence.text()
    assert page.listen.text() == "Listen"


def test_stop_while_it_is_opening_closes_the_microphone(make: Make, app: FakeEarmark, session: LiveSession,
                                                       qtbot: QtBot) -> None:
    opening, go = threading.Event(), threading.Event()
    session.make_source = lambda name: (opening.set(), go.wait(5))
    page = make()
    page.listen.click()
    assert opening.wait(5)
    page.listen.click()
    assert session.state == "idle" and page.listen.text() == "Listen"
    go.set()
    qtbot.waitUntil(lambda: app.voices.listener_ is not None and app.voices.listener_.state == "stopped")


def test_threshold_and_margin_are_settings(make: Make, app: FakeEarmark) -> None:
    page = make()
    page.threshold.setValue(0.71)
    page.margin.setValue(0.09)
    page.threshold.settle()
    page.margin.settle()
    assert (app.settings.value.threshold, app.settings.value.margin) == (0.71, 0.09)
    assert "0.71" in page.now.mark.text()


def test_a_margin_in_nats_is_one_to_see_and_to_set(make: Make, app: FakeEarmark) -> None:
    app.voices.unit = "nats"
    page = make()
    assert page.margin.suffix() == " nats" and page.margin.value() == pytest.approx(1.61)
    page._right.refresh()
    assert app.settings.value.margin_nats == math.log(5)  # showing it rounded writes nothing
    page.margin.setValue(3.0)
    page.margin.settle()
    assert (app.settings.value.margin_nats, app.settings.value.margin) == (3.0, 0.05)


def test_a_first_start_asks_to_enroll_but_listens(context: Context, app: FakeEarmark, make: Make,
                                                  session: LiveSession, qtbot: QtBot) -> None:
    app.voices = type(app.voices)(empty=True)
    page = make()
    qtbot.waitUntil(lambda: page.now.empty.isVisible())
    assert page.plot.empty.isVisible() and not page.plot.plot.isVisible()
    went: list[tuple[str, object]] = []
    page.go.connect(lambda where, what: went.append((where, what)))
    page.now.enroll.emit()
    assert went == [("voices", "new")]
    listen(page, qtbot)
    assert page.now.name.text() == "Unknown"


def test_a_file_is_answered_in_a_sentence(make: Make, app: FakeEarmark, qtbot: QtBot,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    page = make()
    page.identify_file(Path("interview.wav"))
    qtbot.waitUntil(lambda: page.answer.notice.isVisible())
    assert page.answer.notice.title.text() == "Amara Okafor speaks in interview.wav"
    assert "margin +0.20" in page.answer.notice.sentence.text()

    def fail(path: Path) -> Any:
        raise DeviceError("This is not a sound file.")

    monkeypatch.setattr(app.voices, "identify_file", fail)
    page.identify_file(Path("notes.txt"))
    qtbot.waitUntil(lambda: "not identified" in page.answer.notice.title.text())
    assert page.answer.notice.sentence.text() == "This is not a sound file."


def test_nothing_ticks_while_the_page_is_hidden(make: Make, qtbot: QtBot) -> None:
    page = make()
    listen(page, qtbot)
    page.hidden()
    assert not any(timer.isActive() for timer in page._timers)
    assert page.session.listening  # the Map may still show the ×


def test_another_microphone_is_taken_while_listening(make: Make, app: FakeEarmark, session: LiveSession,
                                                     qtbot: QtBot) -> None:
    opened: list[str] = []
    session.make_source = opened.append
    page = make()
    listen(page, qtbot)
    page.devices.setCurrentIndex(1)
    page.devices.activated.emit(1)
    qtbot.waitUntil(lambda: session.listening and opened == ["", "Webcam"])
    assert app.settings.value.input_device == "Webcam"


def test_another_microphone_is_taken_while_the_first_is_opening(make: Make, app: FakeEarmark, session: LiveSession,
                                                                qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, go = FakeListener(), FakeListener(), threading.Event()

    def listener(source: str, after: FakeListener | None) -> FakeListener:
        if source != "Webcam":
            go.wait(5)
            return first
        assert first.state != "listening"  # one microphone is let go before the next is opened
        return second

    monkeypatch.setattr(app.voices, "listener", listener)
    page = make()
    page.record.click()
    assert page.listen.text() == "Cancel" and page.now.name.text() == "Opening…"
    page.devices.setCurrentIndex(1)
    page.devices.activated.emit(1)
    go.set()
    qtbot.waitUntil(lambda: session.listening)
    assert session.listener is second and session.error is None
    assert session.recording is not None  # Record was pressed, and still counts


@pytest.mark.parametrize("size", [(1364, 820), (1204, 720), (1044, 620), (2484, 1360)])
def test_it_fits_every_window(make: Make, theme: Theme, qtbot: QtBot, size: tuple[int, int]) -> None:
    page = make()
    listen(page, qtbot)
    page.resize(*size)
    assert (page.minimumSizeHint().width(), page.minimumSizeHint().height()) <= size
    qtbot.waitUntil(lambda: page.width() == size[0])
    assert page.height() == size[1]
    assert page._side.width() <= 420


# --- strangers of the session ---


def strangers(app: FakeEarmark) -> list[Turn]:
    """Two strangers, one who has no number yet, and Amara Okafor speak; the last one is Stranger 2."""
    plan: tuple[tuple[str | None, int | None, int, int], ...] = (
        (None, 1, 0, 4), ("Amara Okafor", None, 5, 9), (None, 2, 10, 13), (None, None, 14, 15), (None, 1, 16, 20),
        (None, 2, 21, 22))
    unknown = replace(app.voices.identification(0.2), voice=None, status="unknown")
    turns = [Turn(voice, "match" if voice else "unknown", Span(a, b), number) for voice, number, a, b in plan]
    app.voices.listener_ = FakeListener([last_update(app, time_s=22.0, identification=unknown, stranger=2)], turns)
    return turns


def lanes_of(page: LivePage) -> list[tuple[str, float, bool]]:
    page._draw_turns()
    return [(lane.name, lane.spoken_s, lane.can_name) for lane in page.who.timeline.lanes()]


def test_each_stranger_has_a_lane_and_a_number_and_who_has_none_comes_last(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    strangers(app)
    listen(page, qtbot)
    assert lanes_of(page) == [("Amara Okafor", 4, False), ("Stranger 1", 8, True), ("Stranger 2", 4, True), ("Unknown", 1, False)]
    assert page.now.name.text() == "Stranger 2" and page.now.badge.text() == "unknown"
    assert [row.label for row in page.spoken.rows.rows] == ["Amara Okafor", "Stranger 1", "Stranger 2", "Unknown"]
    exported = of_session(page.session.turns, 22.0, datetime(2026, 11, 20), {})
    assert [track.label for track in exported.tracks] == ["Amara Okafor", "Stranger 1", "Stranger 2", "Unknown"]


def test_a_stranger_of_the_session_is_named_and_the_naming_taken_back(make: Make, app: FakeEarmark, session: LiveSession,
                                                                     context: Context, qtbot: QtBot) -> None:
    page = make()
    strangers(app)
    listen(page, qtbot)
    before = lanes_of(page)
    offered: list[tuple[str, str, Any]] = []
    page.offered.connect(lambda *what: offered.append(what))
    line = page.who.timeline
    box = line.lane_box(2)
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(60, round(box.center().y())))
    field = page.naming.field
    assert field.isVisible() and field.field.placeholderText() == "Who is Stranger 2?"
    assert field.hint.text() == "Becomes a voice. No sound is kept."
    qtbot.keyClicks(field.field, "Dora")
    field.button.click()
    qtbot.waitUntil(lambda: bool(offered))
    assert offered[0][:2] == ("Dora is a voice now.", "Undo")
    qtbot.waitUntil(lambda: "Dora" in session.colours())
    assert ("Dora", 4, False) in lanes_of(page)
    page._updated([session.last])
    assert page.now.name.text() == "Dora" and page.now.badge.text() == "tentative"
    said: list[str] = []
    page.said.connect(said.append)
    context.actions.trigger("live.undo")
    qtbot.waitUntil(lambda: bool(said))
    assert said == ["Dora is a stranger again, as before."]
    qtbot.waitUntil(lambda: "Dora" not in session.colours())
    assert lanes_of(page) == before


def test_a_naming_is_not_taken_back_over_a_later_change(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    strangers(app)
    listen(page, qtbot)
    lanes_of(page)
    page.naming.name(1, "Dora")
    qtbot.waitUntil(lambda: page.naming.named == "Dora")
    app.voices.rename("Chen Yu", "Chen")
    page.naming.undo()
    qtbot.waitUntil(lambda: page.answer.isVisible())
    assert page.answer.notice.title.text() == "The naming was not undone"
    assert {"Dora", "Chen"} <= {voice.name for voice in app.voices.list()}


def test_where_nobody_can_be_named_the_key_says_so(make: Make, context: Context, qtbot: QtBot) -> None:
    page = make()
    said: list[str] = []
    page.said.connect(said.append)
    context.actions.trigger("live.name")
    assert said == ["There is no stranger here to be named."] and page.naming.field.isHidden()


# --- nothing is cut ---


def test_who_has_no_row_is_counted_with_the_others(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    qtbot.waitUntil(lambda: page.session.map is not None)  # or its turns are drawn over these
    turns = [Turn(None, "unknown", Span(n, n + 1), n + 1) for n in range(9)]
    page.spoken.setFixedHeight(168)
    page.spoken.set_turns(turns, 9.0, {}, True, None, None)
    rows = page.spoken.rows.rows
    assert rows[-1].label == "7 others" and rows[-1].value == "0:07"
    qtbot.wait(30)
    assert page.spoken.rows.height() >= len(rows) * 26 and page.spoken.rows.geometry().bottom() < page.spoken.kept.y()
    assert page.spoken.rows.geometry().bottom() < page.spoken.kept.geometry().top()
    page.spoken.setFixedHeight(400)
    assert len(page.spoken.rows.rows) == 9


def test_the_buttons_without_a_microphone_show_all_of_their_words(make: Make, session: LiveSession, qtbot: QtBot) -> None:
    session.find_inputs = lambda rescan: []
    page = make()
    qtbot.waitUntil(page.absent.isVisible)
    page.resize(1044, 648)
    for button in page.absent.findChildren(Button):
        assert button.width() >= button.sizeHint().width(), button.text()


@pytest.mark.parametrize("width", [1044, 1204, 1364, 2484])
def test_the_words_beside_who_spoke_when_are_whole_or_left_out(make: Make, qtbot: QtBot, width: int) -> None:
    page = make()
    page.resize(width, 820)
    listen(page, qtbot)
    page._draw_turns()
    QApplication.processEvents()
    scope = page.who.scope
    assert scope.fontMetrics().horizontalAdvance(scope.text()) <= scope.width()
    assert scope.text() or width < 1204


def test_calibrating_is_a_button_away(make: Make, qtbot: QtBot) -> None:
    page = make()
    gone: list[tuple[str, object]] = []
    page.go.connect(lambda *to: gone.append(to))
    page._right.measure.click()
    assert gone == [("voices", "threshold")]


def test_the_cross_does_not_stay_where_it_was_on_another_map(make: Make, session: LiveSession, qtbot: QtBot) -> None:
    page = make()
    qtbot.waitUntil(lambda: session.map is not None)
    listen(page, qtbot)
    assert page.plot.plot.query.at is not None
    session.mapped.emit()
    assert page.plot.plot.query.at is None


def test_a_voice_that_is_gone_has_no_colour_of_another(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    qtbot.waitUntil(lambda: page.session.map is not None)
    app.voices.listener_ = FakeListener(app.voices.made_updates(), [Turn("Gone", "match", Span(0, 4))])
    listen(page, qtbot)
    page._draw_turns()
    assert [(lane.name, lane.colour) for lane in page.who.timeline.lanes()] == [("Gone", None)]


def test_the_panel_and_the_plot_tell_of_the_same_step(make: Make, app: FakeEarmark, session: LiveSession, qtbot: QtBot) -> None:
    page = make()
    qtbot.waitUntil(lambda: session.map is not None)
    listen(page, qtbot)
    near = last_update(app, time_s=9.0, identification=app.voices.identification(0.71))
    short = replace(app.voices.identification(0.2), status="too-short", candidates=())
    page._updated([near, replace(near, time_s=9.25, identification=short, embedding=None)])
    assert page.now.name.text() == "Listening…"
    links = [f"{link.similarity:.2f}" for link in page.plot.plot.query.links]
    assert [row.value for row in page.now.nearest.rows][:2] == links and links[0] == "0.71"
