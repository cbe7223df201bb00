"""The Library page as its user sees it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, Qt, QUrl
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import DeviceError, EarmarkError, EncoderError, LibraryError, ListBroken
from engine.records import Failure, Match, PassedOver, Span, Term
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.library import LibraryPage
from gui.pages.library.failures import FailuresDialog
from gui.pages.library.folders import below
from gui.pages.library.line import suggest
from gui.widgets.result_table import SIMILARITY, SPAN, TAGS
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, names, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    return shown(context, qtbot)


def test_without_a_query_everything_is_listed(page: LibraryPage) -> None:
    assert page.scope == "15 sounds · 21 min"
    assert page.model.rowCount() == 15 and not page.model.ranked
    assert page.table.isColumnHidden(SIMILARITY) and page.table.isColumnHidden(SPAN)


def test_a_query_shows_the_nearest_first_with_similarity_and_span(page: LibraryPage, qtbot: QtBot) -> None:
    ask(page, qtbot, "door slam in a large hall")
    assert names(page)[:2] == ["Door_Wood_Slam_Hall_03.wav", "castle_gate_close_heavy.flac"]
    assert page.model.index(0, SIMILARITY).data() == "0.81"
    assert page.model.index(0, SPAN).data() == "2:14.6 – 2:16.1"
    likenesses = [row.similarity or 0 for row in page.model.rows]
    assert likenesses == sorted(likenesses, reverse=True)
    assert page.filters.of.text().endswith("18 ms")


def test_typing_searches_by_itself(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "rain")
    qtbot.waitUntil(lambda: app.library.asked != [])
    assert [asked[0] for asked in app.library.asked] == ["rain"]


def test_down_plays_the_next_result_and_cuts_the_previous(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    for expected in (1, 2):
        qtbot.keyClick(page, Qt.Key.Key_Down)
        qtbot.waitUntil(lambda n=expected: len(player.played) == n)
    assert [Path(p[0]).name for p in player.played] == ["Door_Wood_Slam_Hall_03.wav", "castle_gate_close_heavy.flac"]
    assert player.played[0][1] == pytest.approx(134.6)  # from the matched span on
    assert page.player.name.text() == "castle_gate_close_heavy.flac"
    assert page.player.where.text() == "Foley/Doors · 2 of 15"
    qtbot.keyClick(page, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: len(player.played) == 3)
    assert page.table.current_row() == 0


def test_left_stops_right_replays_space_pauses(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    qtbot.keyClick(page, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: player.state == "playing")
    qtbot.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: player.state == "paused")
    qtbot.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: player.state == "playing")
    qtbot.keyClick(page, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: player.state == "stopped")
    qtbot.keyClick(page, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: len(player.played) == 2)


def test_keys_do_not_play_while_a_query_is_typed(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    page.query.field.setFocus()
    qtbot.keyClicks(page.query.field, "s o ")
    qtbot.keyClick(page.query.field, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: page.context.jobs.running == [])
    assert page.query.field.text() == "s o " and player.played == []


def test_looping_plays_the_span_over_and_over(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                              qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.player.loop_check.click()
    page.table.pick(1)
    qtbot.waitUntil(lambda: player.played != [])
    assert player.played[-1][1:] == (0.0, 2.4, True) and app.settings.value.loop_span


def test_a_folder_narrows_the_list(page: LibraryPage, qtbot: QtBot) -> None:
    page.folders.choose("SFX")
    qtbot.waitUntil(lambda: page.model.rowCount() == 5)
    page.folders.choose("Doors")
    qtbot.waitUntil(lambda: page.model.rowCount() == 5 and "Door_Wood_Slam_Hall_03.wav" in names(page))
    assert page.folders.words() == ["All sounds", "Foley", "SFX", "Field", "Instruments", "NAS – Loops"]


def test_a_sub_folder_is_searched_by_itself_and_paged(context: Context, app: FakeEarmark, qtbot: QtBot) -> None:
    sound = app.library.sounds()[6]
    many = [replace(sound, id=100 + n, folder_id=1, path=app.library.root / f"Foley/Doors/{n:03}.wav") for n in range(450)]
    app.library._sounds += many
    app.library._matches += [Match(one, 0.3, Span(0, 1)) for one in many]
    page = shown(context, qtbot)
    page.folders.choose("Doors")
    qtbot.waitUntil(lambda: page.model.total == 455 and len(page.model.rows) == 200)
    assert page.filters.found.text() == "455"
    for expected in (400, 455):
        page.model.fetchMore(QModelIndex())
        qtbot.waitUntil(lambda n=expected: len(page.model.rows) == n)
    assert not page.model.canFetchMore(QModelIndex())
    ask(page, qtbot, "door")
    assert names(page)[:5] == [m.sound.path.name for m in app.library._matches if "/Doors/" in str(m.sound.path)][:5]
    assert (page.model.total, page.filters.found.text()) == (455, "455")
    page.model.fetchMore(QModelIndex())
    qtbot.waitUntil(lambda: len(page.model.rows) == 400)
    assert {row.sound.path.parent.name for row in page.model.rows} == {"Doors"}
    page.folders.choose("Footsteps")
    qtbot.waitUntil(lambda: names(page) == ["church_foot_and_door.ogg"])


def test_sounds_are_counted_below_their_folders() -> None:
    counted = below(Path("/a"), {Path("/a"): 9, Path("/a/b"): 1, Path("/a/b/c"): 4, Path("/a/b/c/d"): 2, Path("/ab"): 5})
    assert counted == {Path("/a/b"): 7, Path("/a/b/c"): 6}


def test_an_example_becomes_a_chip_that_can_be_removed(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.query.take([Path("slam.wav")])
    qtbot.waitUntil(lambda: app.library.asked != [])
    assert app.library.asked[-1][1] == Path("slam.wav")
    (chip,) = page.query.chips
    assert (chip.key, chip.value) == ("like", "slam.wav")
    qtbot.keyClick(chip, Qt.Key.Key_Delete)
    assert not page.query.query and page.query.chips == []


def test_find_similar_asks_by_the_sound_of_the_row(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.table.pick(4)
    page.find_similar()
    qtbot.waitUntil(lambda: app.library.asked != [])
    assert app.library.asked[-1] == ("", 5, None)


def test_suggestions_are_classes_heard_that_were_not_asked_for(page: LibraryPage, app: FakeEarmark,
                                                               qtbot: QtBot) -> None:
    assert "door" not in suggest("a door", app.library.sounds())
    ask(page, qtbot, "door")
    words = page.line.suggestions()
    assert 0 < len(words) <= 5 and "door" not in words
    page.line.suggested.emit(words[0])
    assert page.query.field.text() == words[0]


def test_a_search_that_fails_says_its_sentence(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.library.fail = LibraryError("This sound is not in the library any more.")
    ask(page, qtbot, "door")
    assert page.notice.isVisible() and page.notice.sentence.text() == "This sound is not in the library any more."
    ask(page, qtbot, "door slam")
    assert not page.notice.isVisible() and page.model.rowCount() == 15


@pytest.mark.parametrize("why", [EncoderError("“my clap” is not on the list of models any more."),
                                 ListBroken(Path("models.toml"), 1, "it is not on the list of models.", "Put that right")])
def test_a_lost_encoder_leaves_the_sounds_to_be_listed_and_played(page: LibraryPage, app: FakeEarmark, player: FakePlayer,
                                                                  qtbot: QtBot, why: EarmarkError) -> None:
    app.library.lost = why
    page.refresh()
    rest(page, qtbot)
    assert page.scope == "15 sounds · 21 min" and page.model.rowCount() == 15 and not page.notice.isVisible()
    app.library.fail = app.library.lost
    ask(page, qtbot, "door")
    assert page.notice.isVisible() and "not on the list of models" in page.notice.sentence.text()
    page.query.clear()
    rest(page, qtbot)
    page.table.pick(0)
    qtbot.waitUntil(lambda: len(player.played) == 1)
    assert not page.notice.isVisible() and page.model.rowCount() == 15


def test_only_the_last_of_two_searches_is_shown(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    gate, search = threading.Event(), app.library.search

    def slow(terms: tuple[Term, ...] = (), **more: object) -> object:
        if terms[0].text == "first":
            gate.wait(5)
            raise LibraryError("too late")
        return search(terms=terms, **more)  # type: ignore[arg-type]

    app.library.search = slow  # type: ignore[method-assign, assignment]
    page.query.set_text("first")
    page.query.set_text("second")
    gate.set()
    qtbot.waitUntil(lambda: page.context.jobs.running == [])
    assert page.model.rowCount() == 15 and not page.notice.isVisible()


def test_rows_are_dragged_as_their_original_files(page: LibraryPage) -> None:
    data = page.model.mimeData([page.model.index(0, 1), page.model.index(0, 2), page.model.index(2, 1)])
    assert isinstance(data, QMimeData)
    assert [Path(url.toLocalFile()).name for url in data.urls()] == ["Door_Wood_Slam_Hall_03.wav",
                                                                    "MetalDoor_BigRoom_take2.wav"]
    assert data.urls()[0] == QUrl.fromLocalFile(str(page.model.rows[0].sound.path))


def test_a_small_table_leaves_tags_and_rate_out(page: LibraryPage) -> None:
    assert not page.table.isColumnHidden(TAGS)
    page.resize(1000, 620)
    assert page.table.isColumnHidden(TAGS)


def test_the_first_start_says_what_to_do(tmp_path: Path, context: Context, qtbot: QtBot) -> None:
    empty = FakeEarmark(tmp_path / "New", empty=True)
    page = shown(Context(empty, context.theme, context.jobs, context.actions, context.audition), qtbot)  # type: ignore[arg-type]
    assert page.scope == "No sounds yet" and page.empty.isVisible() and not page.player.isVisible()
    assert page.query.field.placeholderText() == "Search opens when the first sounds are indexed"
    assert not page.query.field.isEnabled()
    (tmp_path / "Foley").mkdir()
    page.query.take([tmp_path / "Foley"])
    qtbot.waitUntil(lambda: page.table.isVisible() and page.model.rowCount() == 15)
    assert empty.library.scans == 1 and page.query.field.isEnabled()


def test_files_that_could_not_be_read_are_listed_with_their_reason(page: LibraryPage, app: FakeEarmark,
                                                                   qtbot: QtBot) -> None:
    app.library.remembered = [Failure(app.library.root / "SFX" / "notes.wav", "This is text, not sound.")]
    app.library.scan_failures = tuple(app.library.remembered)
    said = []
    page.said.connect(said.append)
    page.scanning.scan()
    qtbot.waitUntil(page.folders.failed.isVisible)
    assert "1 could not be read" in said[-1]
    dialog = page.show_failures()
    item = dialog.table.item(0, 1)
    assert item is not None and item.text() == "This is text, not sound."
    dialog.accept()


def test_what_a_scan_passed_over_is_said_by_kind(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    kinds = (PassedOver(".mid", 1200, ()), PassedOver(".txt", 2, ()), PassedOver("", 1, ()), PassedOver(".doc", 1, ()))
    app.library.finished = lambda report: replace(report, passed_over=kinds)
    said = []
    page.said.connect(said.append)
    page.scanning.scan()
    qtbot.waitUntil(lambda: bool(said))
    assert said[-1] == "Looked through the folders: 1,204 passed over (.mid, .txt, no ending, …)."


def test_files_that_could_not_be_read_are_listed_after_a_restart(context: Context, app: FakeEarmark,
                                                                 qtbot: QtBot) -> None:
    strange = app.library.root / "SFX" / "caf\udce9.wav"
    app.library.remembered = [Failure(strange, "This is text, not sound."), Failure(strange, "It is empty.")]
    page = shown(context, qtbot)
    assert page.folders.failed.isVisible() and page.folders.failed.text() == "2 could not be read"
    page.folders.failed.click()
    dialog = page.findChild(FailuresDialog)
    assert dialog is not None
    first, why = dialog.table.item(0, 0), dialog.table.item(1, 1)
    assert first is not None and first.text().endswith("caf�.wav") and why is not None and why.text() == "It is empty."
    dialog.accept()
    app.library.remembered = []
    page.refresh()
    qtbot.waitUntil(lambda: not page.folders.failed.isVisible())


def test_what_only_the_last_scan_saw_is_listed_until_its_folder_goes(page: LibraryPage, app: FakeEarmark,
                                                                     qtbot: QtBot) -> None:
    root = app.library.root
    app.library.remembered = [Failure(root / "Foley" / "notes.wav", "This is text, not sound.")]
    app.library.scan_failures = (Failure(root / "SFX", "The folder cannot be reached."), *app.library.remembered)
    page.scanning.scan()
    qtbot.waitUntil(lambda: page.folders.failed.text() == "2 could not be read")
    assert [failure.path.name for failure in page.failures] == ["notes.wav", "SFX"]
    page.scanning.remove(app.library.folders()[1])
    qtbot.waitUntil(lambda: page.folders.failed.text() == "1 could not be read")
    app.library.remembered = []  # mended, or tried again by a scan that was stopped
    page.refresh()
    qtbot.waitUntil(lambda: not page.folders.failed.isVisible())


def test_no_loudspeaker_is_a_sentence_and_search_goes_on(context: Context, monkeypatch: pytest.MonkeyPatch,
                                                         qtbot: QtBot) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: [])
    page = shown(context, qtbot)
    assert "No loudspeaker was found" in page.player.problem.text()
    ask(page, qtbot, "door")
    assert page.model.rowCount() == 15


def test_a_loudspeaker_that_does_not_open_is_a_sentence(app: FakeEarmark, context: Context, jobs: Jobs,
                                                        qtbot: QtBot) -> None:
    def broken(name: str, volume_db: float) -> FakePlayer:
        raise DeviceError("The loudspeaker is used by another program.")

    page = shown(Context(app, context.theme, jobs, context.actions,  # type: ignore[arg-type]
                         Audition(jobs, app.settings, broken)), qtbot)
    page.table.pick(0)
    qtbot.waitUntil(lambda: page.player.problem.text() == "The loudspeaker is used by another program.")


def test_removing_a_folder_asks_first_and_cancel_has_the_focus(page: LibraryPage, app: FakeEarmark,
                                                               qtbot: QtBot) -> None:
    page.remove_folder(app.library.folders()[1])
    box = page.findChild(QMessageBox)
    assert box is not None and box.defaultButton().text().replace("&", "") == "Cancel"
    button = next(b for b in box.findChildren(QPushButton) if b.text() == "Remove folder")
    button.click()
    qtbot.waitUntil(lambda: "SFX" not in page.folders.words())


def test_every_control_has_a_name(page: LibraryPage, qtbot: QtBot) -> None:
    ask(page, qtbot, "door")
    page.table.pick(0)
    for control in page.findChildren(QWidget):
        if control.focusPolicy() & Qt.FocusPolicy.TabFocus and control.isVisible():
            words = control.accessibleName() or getattr(control, "text", str)()
            assert words, control


def test_folders_are_counted_again_when_sounds_came(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    asked = []
    sounds = app.library.sounds
    app.library.sounds = lambda *a, **k: (asked.append(a), sounds(*a, **k))[1]  # type: ignore[method-assign]
    page.refresh()
    qtbot.waitUntil(lambda: page.context.jobs.running == [])
    assert asked == []  # nothing changed: nothing is read
    app.library.remove(app.library.folders()[1].path)
    page.refresh()
    qtbot.waitUntil(lambda: page.context.jobs.running == [])
    assert asked != []


def test_a_hidden_page_runs_no_timer(page: LibraryPage) -> None:
    assert any(timer.isActive() for timer in page._timers)
    page.hidden()
    assert not any(timer.isActive() for timer in page._timers)
