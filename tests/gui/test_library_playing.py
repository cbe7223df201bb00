"""What plays in the Library: one truth for the mark, the playhead and the player; and the keys that the page promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import DecodeError
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.library import LibraryPage
from gui.pages.library.player import KeyHints
from gui.theme import Theme
from gui.widgets.result_table import WAVE, ResultTable
from gui.window import MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    return shown(context, qtbot)


def wave(table: ResultTable, row: int) -> QImage:
    """What is drawn in the waveform of a row."""
    return table.viewport().grab(table.visualRect(table.rows.index(row, WAVE))).toImage()


def test_mark_playhead_and_player_follow_what_plays_not_what_is_chosen(page: LibraryPage, player: FakePlayer,
                                                                   qtbot: QtBot) -> None:
    still = wave(page.table, 3)
    page.table.pick(0)
    qtbot.waitUntil(lambda: page.audition.state == "playing")
    for _ in range(3):
        qtbot.keyClick(page.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert page.table.current_row() == 3 and page.table.selected_rows() == [0, 1, 2, 3]
    drawn = []
    for player.position_s in (60.0, 200.0):
        with qtbot.waitSignal(page.audition.moved):
            pass
        drawn.append((wave(page.table, 0), wave(page.table, 3)))
    assert page.table.held_row == 0 and page.player.name.text() == "Door_Wood_Slam_Hall_03.wav"
    assert drawn[0][0] != drawn[1][0]  # the playhead moves where it plays,
    assert drawn[0][1] == drawn[1][1] and still.size() == drawn[0][1].size()  # and not where it is chosen


def test_when_it_has_ended_the_player_holds_what_is_chosen(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    page.table.pick(0)
    rest(page, qtbot)
    page.table.choose(3)
    assert page.table.held_row == 0
    player.state = "stopped"  # as at its end
    qtbot.waitUntil(lambda: page.player.name.text() == "church_foot_and_door.ogg")
    assert page.table.held_row == 3
    qtbot.keyClick(page.table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(player.played) == 2)
    assert Path(player.played[1][0]).name == "church_foot_and_door.ogg"


def test_what_cannot_be_played_cuts_off_what_was_played(page: LibraryPage, player: FakePlayer, qtbot: QtBot,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    page.table.pick(0)
    qtbot.waitUntil(lambda: page.audition.state == "playing")

    def broken(*_: object, **__: object) -> None:
        raise DecodeError(Path("castle_gate_close_heavy.flac"), "it ends too early")

    monkeypatch.setattr(player, "play", broken)
    page.table.pick(1)
    rest(page, qtbot)
    assert page.player.problem.text() and page.audition.state == "stopped"


def test_the_player_shows_no_position_of_the_sound_before(page: LibraryPage, player: FakePlayer, context: Context,
                                                      qtbot: QtBot) -> None:
    moved: list[float] = []
    page.table.pick(0)
    qtbot.waitUntil(lambda: page.audition.state == "playing")
    player.position_s = 77.0
    page.audition.moved.connect(moved.append)
    page.table.pick(1)
    page.audition._tick()  # the second is still being decoded
    assert moved == []
    rest(page, qtbot)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, player: FakePlayer, qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: player), remember=False)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.show_page("library")
    made.warm()
    rest(page_of(made), qtbot)
    yield made
    made.close()


def page_of(window: MainWindow) -> LibraryPage:
    page = window.page("library")
    assert isinstance(page, LibraryPage)
    return page


def press(window: MainWindow, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, where the window has the focus."""
    qtbot.keyClick(QApplication.focusWidget() or window, key, modifier)


def test_down_leaves_the_query_and_then_the_keys_are_what_they_say(window: MainWindow, player: FakePlayer, qtbot: QtBot) -> None:
    page = page_of(window)
    press(window, qtbot, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.query.field.hasFocus()
    qtbot.keyClicks(page.query.field, "door")
    qtbot.waitUntil(lambda: page.model.ranked)
    press(window, qtbot, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: player.state == "playing")
    assert page.table.hasFocus() and page.table.current_row() == 0
    press(window, qtbot, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: player.state == "stopped")
    press(window, qtbot, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: len(player.played) == 2)
    press(window, qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: player.state == "paused")
    press(window, qtbot, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(player.played) == 3)
    press(window, qtbot, Qt.Key.Key_O)
    assert page.player.loop.isChecked()
    press(window, qtbot, Qt.Key.Key_I)
    assert page.ground.inspector.isVisible()
    press(window, qtbot, Qt.Key.Key_D)  # no key of the page: nothing is looked for by its first letter
    assert page.table.current_row() == 0
    press(window, qtbot, Qt.Key.Key_Down)
    assert page.table.current_row() == 1
    press(window, qtbot, Qt.Key.Key_Up)
    assert page.table.current_row() == 0 and page.query.field.text() == "door"
    press(window, qtbot, Qt.Key.Key_Escape)
    assert page.query.field.hasFocus() and page.query.field.text() == "door" and page.query.field.selectedText() == "door"
    press(window, qtbot, Qt.Key.Key_Escape)
    assert page.query.field.text() == "" and not page.query.query
    rest(page, qtbot)


def test_arrow_keys_stay_in_the_folders_while_they_have_the_focus(window: MainWindow, player: FakePlayer, qtbot: QtBot) -> None:
    page = page_of(window)
    page.folders.tree.setFocus()
    press(window, qtbot, Qt.Key.Key_Down)
    assert page.folders.tree.currentIndex().data() == "Foley"
    press(window, qtbot, Qt.Key.Key_Right)
    assert page.folders.tree.isExpanded(page.folders.tree.currentIndex())
    press(window, qtbot, Qt.Key.Key_Left)
    assert not page.folders.tree.isExpanded(page.folders.tree.currentIndex())
    rest(page, qtbot)
    assert player.played == []


def test_arrow_keys_stay_in_saved_searches_menus_choices_and_fields(window: MainWindow, player: FakePlayer, qtbot: QtBot) -> None:
    page = page_of(window)
    for words in ("door", "rain"):
        ask(page, qtbot, words)
        page.saving.save()
        rest(page, qtbot)
    saved = page.ground.saved.list
    page.table.setFocus()  # ends the renaming that follows saving
    saved.setFocus()
    saved.setCurrentIndex(saved.model().index(0, 0))
    press(window, qtbot, Qt.Key.Key_Down)
    assert saved.currentIndex().row() == 1
    page.table.pick(2)
    rest(page, qtbot)
    played = len(player.played)
    press(window, qtbot, Qt.Key.Key_I)
    box = page.ground.inspector
    box.source.setFocus()
    press(window, qtbot, Qt.Key.Key_Down)
    assert box.source.currentIndex() == 1
    press(window, qtbot, Qt.Key.Key_Up)
    for field in (box.wording, box.labels):
        field.setFocus()
        press(window, qtbot, Qt.Key.Key_Down)
    page.saving.show_history()
    menu = next(one for one in page.query.findChildren(QMenu) if one.isVisible())
    before = menu.activeAction()
    qtbot.keyClick(menu, Qt.Key.Key_Down)
    assert menu.activeAction() is not before
    menu.close()
    page.table.menu.emit(0, page.mapToGlobal(QPoint(5, 5)))
    menu = next(one for one in page.findChildren(QMenu) if one.isVisible())
    qtbot.keyClick(menu, Qt.Key.Key_Down)
    assert menu.activeAction() is menu.actions()[0]
    menu.close()
    box.source.showPopup()
    qtbot.keyClick(box.source.view(), Qt.Key.Key_Down)
    box.source.hidePopup()
    rest(page, qtbot)
    assert len(player.played) == played and page.table.current_row() == 2


def test_the_hints_name_only_keys_that_act_where_the_focus_is(window: MainWindow, qtbot: QtBot) -> None:
    page = page_of(window)
    hints = page.player.findChild(KeyHints)
    assert hints is not None
    page.table.pick(0)
    rest(page, qtbot)
    page.table.setFocus()
    assert hints.words() == ["next", "stop", "replay", "pause", "span only"]
    page.query.field.setFocus()
    assert hints.words() == []  # ↓ shows earlier searches there, as the button beside it says
    qtbot.keyClicks(page.query.field, "door")
    assert hints.words() == ["hear the first", "clear"]
    page.folders.tree.setFocus()
    assert hints.words() == ["pause", "span only"]
    page.player.volume.setFocus()
    assert hints.words() == ["span only"]
    page.player.play.setFocus()  # Space presses it, which is the same
    assert hints.words() == ["next", "stop", "replay", "span only"]
