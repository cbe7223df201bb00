"""The Library by keyboard and pointer: what is chosen, in which order the Tab key goes, what hangs at the pointer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.records import Tag
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.pages.library.line import suggest
from gui.pages.library.question import text_part
from gui.theme import Theme
from gui.widgets.drag_label import LONGEST_PX, drag_label
from gui.widgets.result_table import NAME
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    return shown(context, qtbot)


def test_a_row_that_is_only_selected_is_shown_and_not_played(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    at = page.table.visualRect(page.model.index(3, NAME)).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.RightButton, pos=at)
    assert page.table.current_row() == 3 and page.player.name.text() == "church_foot_and_door.ogg"
    assert page.player.play.isEnabled()
    rest(page, qtbot)
    assert player.played == []


def test_what_is_heard_stays_in_the_player_while_another_row_is_selected(page: LibraryPage, player: FakePlayer,
                                                                         qtbot: QtBot) -> None:
    page.table.pick(0)
    qtbot.waitUntil(lambda: page.audition.state == "playing")
    page.table.choose(3)
    assert page.player.name.text() == "Door_Wood_Slam_Hall_03.wav"


def test_down_plays_the_first_row_after_the_tab_key(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    page.table.selectionModel().setCurrentIndex(page.model.index(0, NAME), QItemSelectionModel.SelectionFlag.NoUpdate)  # as Tab
    assert page.table.current_row() == -1 and page.player.row is None
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(player.played) == 1)
    assert page.table.current_row() == 0


def test_the_tab_key_goes_through_chips_where_they_are_seen(page: LibraryPage, qtbot: QtBot) -> None:
    page.tagging.tag("audioset")
    rest(page, qtbot)
    ask(page, qtbot, "door")
    for text in ("rain", "wind"):  # made anew each time
        page.query.add(text_part(text, -1.0))
        rest(page, qtbot)
    page.filters.add("audioset:Door")
    rest(page, qtbot)
    expected = [page.query.field, *page.query.chips, page.query.by_file, page.query.past, page.query.keep, *page.filters.chips(),
                page.filters.more, *page.line.chips(), page.table]
    qtbot.waitUntil(lambda: all(widget is not None and widget.isVisible() for widget in expected))
    assert len(expected) > 9 and _followers(page.query.field, len(expected)) == expected


def test_the_keys_stay_with_a_chip_that_is_changed_or_taken_away(page: LibraryPage, qtbot: QtBot) -> None:
    page.tagging.tag("audioset")
    rest(page, qtbot)
    page.query.add(text_part("rain"))
    page.filters.set(["audioset:Door", "audioset:Metal"])
    rest(page, qtbot)
    chip = page.query.chips[0]
    chip.setFocus()
    next(act for act in chip.menu().actions() if act.text() == "2 × the weight").trigger()
    assert page.query.chips[0] is not chip and page.query.chips[0].hasFocus()
    page.filters.chips()[0].setFocus()
    qtbot.keyClick(page.filters.chips()[0], Qt.Key.Key_Delete)
    assert page.filters.tags == ("audioset:Metal",) and page.filters.more.hasFocus()
    rest(page, qtbot)


def _followers(start: QWidget, count: int) -> list[QWidget]:
    """The widgets that the Tab key would come to, in order."""
    found, here = [start], start.nextInFocusChain()
    while len(found) < count and here is not start:
        if here.focusPolicy() & Qt.FocusPolicy.TabFocus and here.isVisible() and here.isEnabled():
            found.append(here)
        here = here.nextInFocusChain()
    return found


def test_a_label_hangs_at_the_pointer_not_a_picture_of_rows(page: LibraryPage, theme: Theme) -> None:
    label = drag_label(theme, "a_very_long_name_of_a_sound_" * 8 + ".wav")
    assert LONGEST_PX < label.width() < LONGEST_PX + 60 and label.height() <= 28


def test_what_cannot_be_pressed_says_why(page: LibraryPage, qtbot: QtBot) -> None:
    keep, loop, play = page.query.keep, page.player.loop, page.player.play
    assert not keep.isEnabled() and keep.toolTip() == "Nothing to save yet: say what to look for"
    assert not play.isEnabled() and play.toolTip() == "Play (Space) · no sound is chosen"
    page.table.pick(0)
    assert play.isEnabled() and not loop.isEnabled() and loop.accessibleName() == "Loop the matched span (O) · a query marks one"
    rest(page, qtbot)
    ask(page, qtbot, "door")
    page.table.pick(0)
    assert keep.isEnabled() and keep.toolTip() == "Save this search (Ctrl S)"
    assert loop.isEnabled() and loop.toolTip() == "Loop the matched span (O)"


def test_only_a_matched_span_can_be_played_alone(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    page.table.pick(0)
    qtbot.waitUntil(lambda: len(player.played) == 1)
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_S)
    assert said == ["There is no matched span: a query marks one."]
    rest(page, qtbot)
    assert len(player.played) == 1
    ask(page, qtbot, "door")
    page.table.pick(1)
    qtbot.waitUntil(lambda: len(player.played) == 2)
    qtbot.keyClick(page, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(player.played) == 3)
    assert said[-1] == "Only the matched span is played." and player.played[-1][2] is not None


def test_keys_that_can_do_nothing_say_why(page: LibraryPage, qtbot: QtBot) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    for key, modifiers in ((Qt.Key.Key_P, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier),
                           (Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)):
        qtbot.keyClick(page, key, modifiers)
    assert said == ["No sound is chosen. Press a row, or ↓."] * 3 and not page.query.chips
    page.table.pick(0)
    qtbot.keyClick(page, Qt.Key.Key_P)
    assert said[3:] == ["Say what to look for first; then it is looked for all along the sound."]
    rest(page, qtbot)


def test_saved_searches_stand_below_the_folders_and_failures_at_the_foot(page: LibraryPage, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.saving.save()
    rest(page, qtbot)
    page.folders.show_failures(2)
    qtbot.waitUntil(lambda: page.folders.failed.isVisible())
    side = page.ground.side

    def top(widget: QWidget) -> int:
        return widget.mapTo(side, QPoint(0, 0)).y()

    rows = page.folders.model.rowCount()
    assert page.folders.tree.height() == page.folders.tree.sizeHint().height() >= 28 * rows
    assert 0 <= top(page.ground.saved) - (top(page.folders.tree) + page.folders.tree.height()) < 40
    assert side.height() - top(page.folders.failed) < 50 < top(page.folders.failed) - top(page.ground.saved)
    before = page.folders.tree.height()
    page.folders.tree.expandAll()
    qtbot.waitUntil(lambda: page.folders.tree.height() > before)


def test_a_suggestion_is_never_half_a_name(app: FakeEarmark) -> None:
    sound = replace(app.library.sounds()[0], tags=(Tag("Roaring cats (lions, tigers)", 0.9), Tag("Walk, footsteps", 0.5)))
    assert suggest("", [sound]) == ["roaring cats", "walk"]
