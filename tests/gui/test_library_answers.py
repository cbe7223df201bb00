"""Answers of the Library and their questions: refreshed, paged, late, counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import LibraryError, StoreError
from engine.records import Match, Span
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.widgets.result_table import NAME
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, names, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, app: FakeEarmark, qtbot: QtBot) -> LibraryPage:
    """1,000 more sounds, which answer every question after the others, in the same order."""
    add(app, [f"{n:04}.wav" for n in range(1000)])
    app.models.joint()
    return shown(context, qtbot)


def add(app: FakeEarmark, sounds: list[str], first: bool = False) -> None:
    """More sounds, found at the end of every answer or at its beginning; the library says that it has changed."""
    library, like = app.library, app.library._sounds[-1]
    number = max(sound.id for sound in library._sounds) + 1
    made = [replace(like, id=number + n, path=library.root / "SFX" / name, folder_id=2) for n, name in enumerate(sounds)]
    found = [Match(one, 0.99 if first else 0.2, Span(0, 1)) for one in made]
    at = 0 if first else len(library._sounds)
    library._sounds[at:at] = made
    library._matches[at:at] = found
    library.changes += 1


class Gate:
    """Holds searches back until it is opened; failing: what they raise then."""

    def __init__(self, app: FakeEarmark) -> None:
        self.open_, self.began, self.failing = threading.Event(), 0, None
        search = app.library.search

        def held(**question: object) -> object:
            self.began += 1
            assert self.open_.wait(10)
            if self.failing is not None:
                raise self.failing
            return search(**question)  # type: ignore[arg-type]

        app.library.search = held  # type: ignore[method-assign, assignment]


@pytest.fixture
def gate(page: LibraryPage, app: FakeEarmark) -> Iterator[Gate]:
    gate = Gate(app)
    yield gate
    gate.open_.set()


def more(page: LibraryPage, qtbot: QtBot) -> None:
    """Go to the end of what is there, which asks for more."""
    there = page.model.rowCount()
    page.table.scrollToBottom()
    if page.model.canFetchMore(QModelIndex()):
        page.model.fetchMore(QModelIndex())
    qtbot.waitUntil(lambda: page.model.rowCount() > there)
    rest(page, qtbot)


# --- the same question again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", "door"])
def test_a_refresh_keeps_what_plays_what_is_chosen_and_what_is_in_view(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                                                     words: str, qtbot: QtBot) -> None:
    ask(page, qtbot, words)
    more(page, qtbot)
    page.table.pick(350)
    qtbot.waitUntil(lambda: page.audition.state == "playing")
    playing, top, bar = page.player.name.text(), page.table.rowAt(0), page.table.verticalScrollBar()
    offset, at_top = page.table.rowViewportPosition(top), names(page)[top]
    assert bar.value() > 0
    add(app, ["new 1.wav", "new 2.wav"], first=True)
    page.refresh()
    rest(page, qtbot)
    assert (page.audition.state, page.player.name.text(), len(player.played)) == ("playing", playing, 1)
    assert page.table.current_row() == 352 and page.table.selected_rows() == [352]
    assert names(page)[352] == playing and names(page)[:2] == ["new 1.wav", "new 2.wav"]
    assert names(page)[page.table.rowAt(0)] == at_top
    assert page.table.rowViewportPosition(page.table.rowAt(0)) == offset
    assert page.player.where.text() == "SFX · 353 of 1,017" and page.filters.found.text() == "1,017"


def test_a_refresh_keeps_several_rows_that_are_chosen_and_takes_those_that_are_gone(page: LibraryPage, app: FakeEarmark,
                                                                                 qtbot: QtBot) -> None:
    page.table.choose(20)
    qtbot.keyClick(page.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(page.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    chosen = [names(page)[row] for row in page.table.selected_rows()]
    assert len(chosen) == 3
    del app.library._sounds[21], app.library._sounds[3]
    app.library.changes += 1
    page.refresh()
    rest(page, qtbot)
    assert [names(page)[row] for row in page.table.selected_rows()] == [chosen[0], chosen[2]]
    assert names(page) == [sound.path.name for sound in app.library._sounds[:len(names(page))]]


def test_what_plays_goes_on_when_it_is_not_among_the_rows_any_more(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                                               qtbot: QtBot) -> None:
    page.table.pick(4)
    qtbot.waitUntil(lambda: page.audition.state == "playing")
    gone = app.library._sounds.pop(4)
    app.library.changes += 1
    page.refresh()
    rest(page, qtbot)
    assert page.audition.state == "playing" and page.player.name.text() == gone.path.name
    assert page.player.where.text() == "Foley/Doors" and page.table.held_row == -1


def test_a_refresh_that_fails_leaves_the_rows_and_what_plays(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                                         qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.table.pick(4)
    qtbot.waitUntil(lambda: page.audition.state == "playing")
    app.library.fail = StoreError("The database is busy.")
    page.search()
    rest(page, qtbot)
    assert page.notice.isVisible() and page.model.rowCount() == 200 and page.table.current_row() == 4
    assert page.audition.state == "playing" and page.filters.found.text() == "1,015"


def test_a_search_that_takes_long_is_not_begun_again_by_what_a_scan_finds(page: LibraryPage, app: FakeEarmark, gate: Gate,
                                                                      qtbot: QtBot) -> None:
    page.query.set_text("door")
    for n in range(3):
        add(app, [f"found {n}.wav"])
        page.refresh()
        qtbot.waitUntil(lambda n=n: page.scope.startswith(f"1,01{6 + n}"))
    gate.open_.set()
    rest(page, qtbot)
    assert gate.began == 2  # the answer, and one more with all that came meanwhile
    assert page.model.ranked and page.model.total == 1018


def test_the_folders_keep_the_keys_and_their_place_while_they_are_counted(page: LibraryPage, app: FakeEarmark,
                                                                      qtbot: QtBot) -> None:
    folders = page.folders
    item = folders.model.item(2)
    folders.choose("SFX")
    rest(page, qtbot)
    add(app, ["new.wav"])
    page.refresh()
    rest(page, qtbot)
    assert folders.model.item(2) is item and folders.tree.currentIndex() == item.index()
    assert folders.place.folder is not None and folders.place.folder.sounds == 1006
    assert page.model.total == 1006 and page.filters.found.text() == "1,006"


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_page_never_goes_on_with_another_question(page: LibraryPage, gate: Gate, qtbot: QtBot) -> None:
    for _ in range(3):
        more(page, qtbot)
    assert page.model.rowCount() == 800
    page.query.set_text("door")  # its answer waits
    page.model.fetchMore(QModelIndex())
    gate.open_.set()
    rest(page, qtbot)
    assert page.model.ranked and page.model.rowCount() == 200
    expected = [match.sound.path.name for match in page.app.library._matches]  # type: ignore[attr-defined]
    assert names(page) == expected[:200]
    more(page, qtbot)
    assert names(page) == expected[:400]


def test_a_page_that_fails_is_said_and_can_be_asked_again(page: LibraryPage, app: FakeEarmark, gate: Gate, qtbot: QtBot) -> None:
    gate.open_.set()
    ask(page, qtbot, "door")
    gate.failing = LibraryError("The disk does not answer.")
    page.model.fetchMore(QModelIndex())
    qtbot.waitUntil(page.notice.isVisible)
    assert page.notice.sentence.text() == "The disk does not answer."
    assert (page.model.rowCount(), page.model.total, page.filters.found.text()) == (200, 1015, "1,015")
    assert not page.model.canFetchMore(QModelIndex())  # not by itself, over and over
    gate.failing = None
    page._again()
    rest(page, qtbot)
    assert not page.notice.isVisible() and page.model.rowCount() == 400


def test_a_page_of_a_library_that_has_changed_leaves_nothing_out(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.table.pick(100)
    rest(page, qtbot)
    add(app, ["a.wav", "b.wav"], first=True)
    more(page, qtbot)
    assert names(page) == [sound.path.name for sound in app.library._sounds[:400]]
    assert page.table.current_row() == 102 and page.model.total == 1017


# --- between a question and its answer --------------------------------------------------------------------------------


def test_rows_of_the_words_before_are_marked_and_not_played(page: LibraryPage, gate: Gate, player: FakePlayer,
                                                        qtbot: QtBot) -> None:
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "do")
    assert page.table.stale  # from the first letter on
    qtbot.waitUntil(lambda: gate.began == 1)
    qtbot.waitUntil(lambda: page.table.pale)
    assert (page.filters.found.text(), page.filters.of.text()) == ("", "Searching…")
    at = page.table.visualRect(page.model.index(3, NAME)).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.keyClick(page.query.field, Qt.Key.Key_Down)
    qtbot.wait(50)
    assert player.played == []
    gate.open_.set()
    rest(page, qtbot)
    qtbot.waitUntil(lambda: len(player.played) == 1)  # ↓ was for the first row of the answer
    assert not page.table.stale and not page.table.pale and page.table.current_row() == 0 and page.model.ranked


def test_down_after_typing_asks_at_once_and_plays_the_answer(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                                         qtbot: QtBot) -> None:
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "door")
    qtbot.keyClick(page.query.field, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(player.played) == 1)
    assert [words for words, _, _ in app.library.asked] == ["door"] and page.model.ranked


def test_a_step_that_waits_is_forgotten_by_another_word_and_by_stop(page: LibraryPage, gate: Gate, player: FakePlayer,
                                                                qtbot: QtBot) -> None:
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "door")
    qtbot.keyClick(page.query.field, Qt.Key.Key_Down)
    qtbot.keyClick(page.table, Qt.Key.Key_Left)
    gate.open_.set()
    rest(page, qtbot)
    assert player.played == [] and page.model.ranked


def test_words_taken_back_are_answered_by_the_rows_that_are_there(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "x")
    assert page.table.stale
    qtbot.keyClick(page.query.field, Qt.Key.Key_Backspace)
    assert not page.table.stale and page.filters.found.text() == "1,015"


def test_a_question_that_fails_leaves_no_rows_of_the_one_before(page: LibraryPage, gate: Gate, qtbot: QtBot) -> None:
    gate.failing = LibraryError("This sound is not in the library any more.")
    gate.open_.set()
    ask(page, qtbot, "door")
    assert page.model.rowCount() == 0 and not page.table.stale and page.filters.found.text() == ""


def test_a_step_that_waits_does_not_outlive_a_question_that_fails(page: LibraryPage, gate: Gate, player: FakePlayer,
                                                                  qtbot: QtBot) -> None:
    gate.failing = LibraryError("The library cannot be read now.")
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "door")
    qtbot.keyClick(page.query.field, Qt.Key.Key_Down)
    gate.open_.set()
    rest(page, qtbot)
    assert page.notice.isVisible()
    gate.failing = None
    page._again()
    rest(page, qtbot)
    assert page.model.ranked and player.played == []


def test_a_saved_search_that_opens_late_gives_way_to_what_was_typed(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.saving.save()
    rest(page, qtbot)
    name, gate, open_ = page.ground.saved.names[0], threading.Event(), app.library.queries.open
    app.library.queries.open = lambda it: (gate.wait(5), open_(it))[1]  # type: ignore[method-assign]
    ask(page, qtbot, "wind")
    page.saving.open(name)
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, " and rain")
    gate.set()
    rest(page, qtbot)
    assert page.query.field.text() == "wind and rain"


# --- counts -----------------------------------------------------------------------------------------------------------


def test_what_is_found_is_never_more_than_what_there_is(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    add(app, [f"scanned {n}.wav" for n in range(48)])  # since the page was last told
    ask(page, qtbot, "door")
    assert (page.filters.found.text(), page.filters.of.text()) == ("1,063", "of 1,063 · 18 ms")
    qtbot.waitUntil(lambda: page.scope.startswith("1,063 sounds"))
    rest(page, qtbot)
