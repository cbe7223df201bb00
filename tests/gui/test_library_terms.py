"""The query of the Library: terms as chips, minus terms, what was asked before, saved searches."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMenu, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import LibraryError
from engine.records import Term
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.pages.library.menus import row_menu
from gui.pages.library.question import Query, minus_meant, minus_written, sound_part, text_part
from gui.pages.library.recent import Recent
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, names, press, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    return shown(context, qtbot)


def menu_of(page: LibraryPage) -> QMenu:
    """The menu that is open."""
    return next(menu for menu in page.findChildren(QMenu) if menu.isVisible())


def choose(menu: QMenu, words: str) -> None:
    next(act for act in menu.actions() if act.text() == words).trigger()


# --- terms ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("text", "meant"), [
    ("rain -speech", ("rain", "speech")), ("rain − loud speech", ("rain", "loud speech")), ("-speech", ("", "speech")),
    ("rain without speech", ("rain", "speech")), ("rain, no voices", ("rain", "voices")), ("rain but no wind", ("rain", "wind")),
    ("traffic except for horns", ("traffic", "horns")), ("high-pitched bell", None), ("a 90s beat -3 dB", None),
    ("piano note", None), ("knot", None), ("rain without", None), ("rain -", None)])
def test_what_is_to_be_left_out_is_read_from_the_words(text: str, meant: tuple[str, str] | None) -> None:
    assert minus_meant(text) == meant


def test_only_a_minus_sign_is_certain() -> None:
    assert minus_written("rain -speech") == ("rain", "speech") and minus_written("rain without speech") is None


def test_a_typed_minus_becomes_a_chip_with_enter(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    press(page, qtbot, "rain -speech")
    qtbot.keyClick(page.query.field, Qt.Key.Key_Return)
    rest(page, qtbot)
    assert page.query.field.text() == "rain"
    assert [(chip.part.name, chip.part.minus) for chip in page.query.chips] == [("speech", True)]
    assert app.library.terms[-1] == (Term("rain"), Term("speech", weight=-1.0))


def test_a_written_without_is_offered_as_a_minus_term(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    press(page, qtbot, "rain without speech")
    rest(page, qtbot)
    (chip,) = page.line.chips()
    assert chip is not None and chip.accessibleName() == "Leave out speech" and page.line.suggestions() == []
    qtbot.keyClick(chip, Qt.Key.Key_Return)
    rest(page, qtbot)
    assert page.query.field.text() == "rain" and app.library.terms[-1] == (Term("rain"), Term("speech", weight=-1.0))
    assert page.line.suggestions() != []


def test_the_menu_of_a_chip_changes_sign_and_weight(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.query.add(text_part("hall"))
    for words, weight in (("2 × the weight", 2.0), ("Leave it out", -2.0), ("Normal weight", -1.0), ("Look for it", 1.0)):
        (chip,) = page.query.chips
        choose(chip.menu(), words)
        rest(page, qtbot)
        assert app.library.terms[-1] == (Term("door"), Term("hall", weight=weight))
    (chip,) = page.query.chips
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    choose(menu_of(page), "Remove")
    rest(page, qtbot)
    assert page.query.chips == [] and app.library.terms[-1] == (Term("door"),)


def test_more_and_less_like_a_row(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    sound = page.model.rows[1].sound
    for words, weight in (("More like this", 1.0), ("Less like this", -1.0)):
        choose(row_menu(page, sound, page.query, QPoint(0, 0)), words)
        rest(page, qtbot)
        (chip,) = page.query.chips
        assert (chip.part.name, chip.part.term) == ("castle_gate_close_heavy.flac", Term(like=sound.id, weight=weight))
    assert not page.model.ranked and "not only what to leave out" in page.filters.of.text()
    ask(page, qtbot, "door")
    assert app.library.terms[-1] == (Term("door"), Term(like=sound.id, weight=-1.0)) and page.model.ranked


@pytest.mark.parametrize(("modifiers", "weight"), [
    (Qt.KeyboardModifier.NoModifier, 1.0), (Qt.KeyboardModifier.AltModifier, -1.0)])
def test_a_sound_dropped_with_alt_is_left_out(page: LibraryPage, qtbot: QtBot, tmp_path: Path, modifiers: Qt.KeyboardModifier,
                                              weight: float) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "slam.wav"))])
    act, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    page.query.dragEnterEvent(QDragEnterEvent(QPoint(5, 5), act, data, button, modifiers))
    page.query.dropEvent(QDropEvent(QPointF(5, 5), act, data, button, modifiers))
    rest(page, qtbot)
    assert [chip.part.term for chip in page.query.chips] == [Term(like=tmp_path / "slam.wav", weight=weight)]


def test_many_chips_go_below_the_field(page: LibraryPage, qtbot: QtBot) -> None:
    for word in ("music", "speech"):
        page.query.add(text_part(word, -1.0))
    assert page.query.height() == 40 and page.query.chips[0].mapTo(page.query, QPoint(0, 0)).y() < 40
    for number in range(6):
        page.query.add(text_part(f"a rather long description {number}"))
    assert page.query.height() > 70 and page.query.chips[0].mapTo(page.query, QPoint(0, 0)).y() >= 40
    assert all(chip.mapTo(page.query, QPoint(chip.width(), 0)).x() <= page.query.width() for chip in page.query.chips)
    page.query.clear()
    assert page.query.height() == 40 and page.query.chips == []


# --- what was asked before --------------------------------------------------------------------------------------------

def test_refining_a_question_counts_once() -> None:
    recent = Recent()
    for text in ("rain", "rain on tin", "door", "rain on tin"):
        recent.note(Query(text))
    recent.note(Query("", (text_part("noise", -1.0),)))
    assert [query.text for query in recent.queries] == ["rain on tin", "door"]


def test_down_in_the_empty_field_shows_what_was_asked(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                                      qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.query.add(text_part("music", -1.0))
    rest(page, qtbot)
    page.query.clear()
    rest(page, qtbot)
    page.query.field.setFocus()
    qtbot.keyClick(page.query.field, Qt.Key.Key_Down)
    menu = menu_of(page)
    words = [act.text() for act in menu.actions()]
    assert words == ["Recent", "door − music", "door"] and player.played == []
    assert menu.activeAction().text() == "door − music"
    qtbot.keyClick(menu, Qt.Key.Key_Return)
    rest(page, qtbot)
    assert page.query.query.terms == (Term("door"), Term("music", weight=-1.0)) and page.query.field.text() == "door"


def test_down_in_a_field_with_words_plays_the_next_sound(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.query.field.setFocus()
    qtbot.keyClick(page.query.field, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(player.played) == 1)


# --- saved searches ---------------------------------------------------------------------------------------------------

def test_a_search_is_saved_named_opened_and_removed(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    assert not page.ground.saved.isVisible()
    page.saving.save()
    assert app.library.queries.kept == {} and "nothing to save" in said[-1]
    page.folders.choose("Doors")
    ask(page, qtbot, "door")
    page.query.add(sound_part(app.library.sounds()[3], -2.0))
    rest(page, qtbot)
    qtbot.mouseClick(page.query.keep, Qt.MouseButton.LeftButton)
    rest(page, qtbot)
    name = "door − 2 × church_foot_and_door.ogg · Doors"
    assert page.ground.saved.names == [name] and page.ground.saved.isVisible() and said[-1] == f"Saved as “{name}”."
    editor = page.ground.saved.list.findChild(type(page.query.field).__mro__[1])
    editor.setText("heavy doors")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    rest(page, qtbot)
    assert page.ground.saved.names == ["heavy doors"]
    page.query.clear()
    page.folders.choose("All sounds")
    rest(page, qtbot)
    asked = len(app.library.terms)
    page.ground.saved.opened.emit("heavy doors")
    rest(page, qtbot)
    assert len(app.library.terms) == asked + 1 and app.library.terms[-1] == (Term("door"), Term(like=4, weight=-2.0))
    assert page.folders.place.path == app.library.root / "Foley" / "Doors" and len(names(page)) == 5
    page.saving.remove("heavy doors")
    box = page.findChild(QMessageBox)
    assert box is not None and "heavy doors" in box.text()
    next(button for button in box.findChildren(QPushButton) if button.text() == "Remove search").click()
    rest(page, qtbot)
    assert app.library.queries.kept == {} and not page.ground.saved.isVisible()


def test_a_saved_search_below_an_unknown_folder_keeps_it_as_a_chip(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    deep = app.library.root / "Foley" / "Doors" / "Wood" / "Old"
    app.library.queries.save("old doors", terms=(Term("door"),), under=deep)
    page.saving.open("old doors")
    rest(page, qtbot)
    (chip,) = page.filters.chips()
    assert (chip.key, chip.value) == ("Folder", "Old") and page.model.rowCount() == 0
    qtbot.keyClick(chip, Qt.Key.Key_Delete)
    rest(page, qtbot)
    assert page.model.rowCount() == 15


def test_a_name_that_is_taken_leaves_both_as_they_were(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    for name in ("bells", "doors"):
        app.library.queries.save(name, terms=(Term(name),))
    page.saving.refresh()
    rest(page, qtbot)
    page.ground.saved.renamed.emit("bells", "doors")
    rest(page, qtbot)
    assert page.ground.saved.names == ["bells", "doors"]
    assert page.notice.isVisible() and page.notice.sentence.text() == "A saved search called “doors” exists already."


def test_a_saved_search_that_cannot_be_opened_says_why(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.library.queries.fail = LibraryError("That file is gone.")
    page.saving.open("doors")
    rest(page, qtbot)
    assert page.notice.isVisible() and page.notice.sentence.text() == "That file is gone."
    assert page.model.rowCount() == 15


# --- the window -------------------------------------------------------------------------------------------------------

def test_a_narrow_page_folds_the_folders_to_a_button(page: LibraryPage, qtbot: QtBot) -> None:
    assert page.folders.isVisible() and page.fold.isHidden()
    page.resize(1044, 600)
    assert not page.folders.isVisible() and not page.fold.isHidden()
    page.fold.click()
    assert page.folders.isVisible()
    page.resize(1364, 820)
    assert page.folders.isVisible() and page.fold.isHidden()
