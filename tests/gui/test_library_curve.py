"""Where a query is heard in a long sound: the curve under the waveform, and its stretches."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import DecodeError
from engine.records import Localisation
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.reindexing import Reindexing
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, rest, shown

CHURCH, STAIRWELL, SHORT = 3, 7, 1  # rows: 72 s, 871 s, 3.9 s


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    page = shown(context, qtbot)
    ask(page, qtbot, "door")
    return page


def locate(page: LibraryPage, qtbot: QtBot, row: int) -> None:
    with qtbot.waitSignal(page.locating.located):
        page.table.pick(row)


def test_a_long_sound_gets_a_curve_with_its_stretches(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    curve = page.player.curve
    assert curve.isHidden()
    locate(page, qtbot, CHURCH)
    assert curve.isVisible() and [round(one.start_s, 1) for one in curve.spans] == [41.0, 57.6]
    assert curve.accessibleName() == "door: heard at 0:41.0 – 0:42.5, 0:57.6 – 1:00.6"
    page.table.pick(SHORT)
    assert curve.isHidden() and page.hearing.found == ()
    page.table.pick(CHURCH)  # known already
    assert curve.isVisible() and len(app.library.located) == 1


def test_a_press_on_a_stretch_plays_it_alone(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    locate(page, qtbot, CHURCH)
    curve = page.player.curve
    played = len(player.played)
    qtbot.mouseClick(curve, Qt.MouseButton.LeftButton, pos=QPoint(round(curve.width() * 59 / 72), 10))
    qtbot.waitUntil(lambda: len(player.played) == played + 1)
    assert player.played[-1][1:3] == (pytest.approx(57.6), pytest.approx(60.6))
    qtbot.mouseClick(curve, Qt.MouseButton.LeftButton, pos=QPoint(round(curve.width() * 20 / 72), 10))
    qtbot.waitUntil(lambda: len(player.played) == played + 2)
    assert player.played[-1][1] == pytest.approx(20, abs=0.2) and player.played[-1][2] is None


def test_s_goes_from_stretch_to_stretch(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    locate(page, qtbot, CHURCH)
    qtbot.keyClick(page, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: player.state == "stopped")
    for start_s in (41.0, 57.6, 41.0):
        played = len(player.played)
        qtbot.keyClick(page, Qt.Key.Key_S)
        qtbot.waitUntil(lambda n=played: len(player.played) == n + 1)
        assert player.played[-1][1] == pytest.approx(start_s) and player.played[-1][2] is not None
        qtbot.waitUntil(lambda s=start_s: page.player.strip.position_s == pytest.approx(s))


def test_a_very_long_sound_is_looked_through_when_asked(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.table.pick(STAIRWELL)
    curve = page.player.curve
    assert curve.go.isVisible() and app.library.located == []
    with qtbot.waitSignal(page.locating.located):
        curve.go.click()
    assert not curve.go.isVisible() and len(curve.spans) == 2


def test_looking_through_can_be_cancelled_and_stops_for_the_next_sound(page: LibraryPage, app: FakeEarmark,
                                                                       qtbot: QtBot) -> None:
    stopped = threading.Event()

    def endless(sound: int, terms: object = (), ticket: Ticket | None = None) -> Localisation:
        assert ticket is not None
        try:
            while True:
                ticket.report(1, 4, "", "× real time", 180.0)
        finally:
            stopped.set()

    app.library.localise = endless  # type: ignore[method-assign]
    page.table.pick(CHURCH)
    curve = page.player.curve
    qtbot.waitUntil(lambda: "180 × real time" in curve.words.text())
    curve.stop.click()
    qtbot.waitUntil(stopped.is_set)
    assert curve.go.isVisible() and not curve.stop.isVisible()
    stopped.clear()
    curve.go.click()
    qtbot.waitUntil(lambda: "180 × real time" in curve.words.text())
    page.table.pick(SHORT)
    qtbot.waitUntil(stopped.is_set)
    assert curve.isHidden()
    rest(page, qtbot)


def test_not_heard_and_not_readable_are_said(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    ask(page, qtbot, "silence")
    locate(page, qtbot, CHURCH)
    assert page.player.curve.words.text() == "Not heard in this sound" and page.hearing.found == ()

    def broken(sound: int, terms: object = (), ticket: Ticket | None = None) -> Localisation:
        raise DecodeError(app.library.sound(sound).path, "the file is gone.")

    app.library.localise = broken  # type: ignore[method-assign]
    ask(page, qtbot, "door slam")
    page.table.pick(CHURCH)
    qtbot.waitUntil(lambda: "the file is gone" in page.player.curve.words.text())


def test_another_encoder_has_another_curve(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    """Vectors of different spaces never meet: what the encoder before has found is neither shown nor remembered."""
    locate(page, qtbot, CHURCH)
    assert page.player.curve.isVisible() and len(app.library.located) == 1
    Reindexing.of(page.context).in_use_changed.emit()
    assert page.player.curve.isHidden() and page.hearing.found == ()
    with qtbot.waitSignal(page.locating.located):
        page.models_ready()
    assert len(app.library.located) == 2 and page.player.curve.isVisible()
    assert page.player.row is not None and page.player.row.sound.path.name == "church_foot_and_door.ogg"


def test_words_over_a_curve_have_a_ground_of_their_own(page: LibraryPage, qtbot: QtBot) -> None:
    ask(page, qtbot, "silence")
    locate(page, qtbot, CHURCH)
    curve = page.player.curve
    words = curve.words.geometry()
    picture = curve.grab().toImage()
    ratio = picture.devicePixelRatio()
    gap = [picture.pixelColor(round(x * ratio), round(y * ratio)).lightness()
           for x in range(words.left() - 7, words.left() - 1) for y in range(3, curve.height() - 3)]
    assert max(gap) - min(gap) < 40  # the line of the curve does not come through


def test_without_a_query_there_is_no_curve(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    locate(page, qtbot, CHURCH)
    page.query.clear()
    rest(page, qtbot)
    page.table.pick(CHURCH)
    qtbot.wait(500)
    assert page.player.curve.isHidden() and len(app.library.located) == 1
