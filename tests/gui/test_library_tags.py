"""Tags on the Library page: tagging with a list, filtering by tags, removing a list."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.describing.lists import TagList, tag_list
from engine.errors import Cancelled, LibraryError, TagUnknown
from engine.records import TagListInfo
from engine.tasks import Ticket
from engine.weights import Weights
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.widgets.controls import IconButton
from gui.widgets.result_table import TAGS
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, ask, names, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    return shown(context, qtbot)


@pytest.fixture
def tagged(page: LibraryPage, qtbot: QtBot) -> LibraryPage:
    page.tagging.show_panel()
    rest(page, qtbot)
    page.ground.tag_panel.go.click()
    rest(page, qtbot)
    page.ground.tag_panel.closed.emit()
    return page


def test_the_library_is_tagged_with_a_list(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    page.tagging.show_panel()
    rest(page, qtbot)
    panel = page.ground.tag_panel
    assert panel.isVisible() and panel.go.text() == "Tag 15 sounds" and panel.go.isEnabled()
    panel.go.click()
    assert not panel.go.isEnabled() and panel.progress.isVisible()
    rest(page, qtbot)
    assert list(app.library.tagging.kept) == ["audioset"] and not panel.progress.isVisible()
    tagged = sum(bool({"Door", "Slam", "Metal", "Thunder"} & {tag.name for tag in one.tags}) for one in app.library.sounds())
    assert 0 < tagged < 15 and said[-1] == f"{tagged} of 15 sounds are tagged with “audioset”."
    assert page.model.rows[0].labels[0].name == "Door"
    assert page.model.index(0, TAGS).data() == "Door, Slam, Echo"  # each name once
    tip = page.model.data(page.model.index(0, TAGS), Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("audioset: Door 0.90") and "heard: Door 0.90" in tip


def test_tags_filter_with_and_without_a_query(tagged: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    picker = tagged.tagging.pick()
    assert picker.shown_words()[0] == "Door" and "Harp" not in picker.shown_words()
    qtbot.keyClicks(picker.field, "met")
    qtbot.keyClick(picker.field, Qt.Key.Key_Return)
    rest(tagged, qtbot)
    (chip,) = tagged.filters.chips()
    assert (chip.key, chip.value) == ("audioset", "Metal")
    wanted = ["MetalDoor_BigRoom_take2.wav", "DR_Hatch_Submarine_01.wav", "vault_handle_release.wav"]
    assert sorted(names(tagged)) == sorted(wanted) and tagged.filters.found.text() == "3" and not tagged.model.ranked
    assert tagged.filters.of.text() == "of 15"
    ask(tagged, qtbot, "door")
    assert names(tagged) == wanted and tagged.model.ranked
    tagged.filters.add("audioset:Door")
    rest(tagged, qtbot)
    assert names(tagged) == [wanted[0], wanted[2]]
    qtbot.keyClick(tagged.filters.chips()[0], Qt.Key.Key_Delete)
    rest(tagged, qtbot)
    assert len(names(tagged)) > 2 and [chip.value for chip in tagged.filters.chips()] == ["Door"]


def test_tags_are_saved_with_a_search(tagged: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    ask(tagged, qtbot, "clang")
    tagged.filters.add("audioset:Metal")
    tagged.saving.save()
    rest(tagged, qtbot)
    assert app.library.queries.kept["clang · Metal"].tags == ("audioset:Metal",)
    tagged.filters.set(())
    tagged.query.clear()
    rest(tagged, qtbot)
    tagged.saving.open("clang · Metal")
    rest(tagged, qtbot)
    assert len(names(tagged)) == 3 and tagged.query.field.text() == "clang"


def test_typed_labels_need_a_name(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.tagging.show_panel()
    panel = page.ground.tag_panel
    panel.source.choose("typed")
    assert not panel.go.isEnabled() and panel.go.toolTip() == "Write a label first."
    panel.labels.setPlainText("Thunder, Drum\n\nPiano")
    assert not panel.go.isEnabled() and panel.go.toolTip() == "Give the list a name."
    panel.name.setText(" my  list ")
    panel.go.click()
    rest(page, qtbot)
    assert app.library.tagging.kept["my list"].labels == ("Thunder", "Drum", "Piano")
    assert [choice.name for choice in page.tagging.lists] == ["my list"]


def test_a_file_that_is_no_list_is_a_sentence_in_the_panel(page: LibraryPage, app: FakeEarmark, qtbot: QtBot,
                                                           tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n\n")
    page.tagging.show_panel()
    panel = page.ground.tag_panel
    panel.source.choose("file")
    assert not panel.go.isEnabled()
    panel.take_file(tmp_path / "empty.txt")
    panel.go.click()
    rest(page, qtbot)
    assert panel.failure.isVisible() and panel.failure.text() == "empty.txt holds no label. It needs at least one."
    assert app.library.tagging.kept == {} and panel.go.isEnabled()
    (tmp_path / "mine.txt").write_text("door\nmetal\n")
    panel.take_file(tmp_path / "mine.txt")
    panel.go.click()
    rest(page, qtbot)
    assert list(app.library.tagging.kept) == ["mine.txt"] and not panel.failure.isVisible()


def test_tagging_can_be_cancelled(page: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    started = threading.Event()

    def slow(labels: TagList, ticket: Ticket | None = None, **more: object) -> TagListInfo:
        assert ticket is not None
        while True:
            ticket.report(3, 15, "", "sounds")
            started.set()

    app.library.tagging.tag = slow  # type: ignore[method-assign, assignment]
    page.tagging.show_panel()
    panel = page.ground.tag_panel
    panel.go.click()
    qtbot.waitUntil(started.is_set)
    qtbot.waitUntil(lambda: "3 of 15" in panel.progress.words.text())
    panel.progress.stop.click()
    rest(page, qtbot)
    assert panel.go.isEnabled() and not panel.progress.isVisible() and not panel.failure.isVisible()
    with pytest.raises(Cancelled):
        ticket = Ticket()
        ticket.cancel()
        slow(TagList.of(["a"]), ticket)


def test_a_list_is_removed_with_its_tags_and_filters(tagged: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    tagged.filters.add("audioset:Metal")
    tagged.tagging.show_panel()
    rest(tagged, qtbot)
    trash = next(button for button in tagged.ground.tag_panel.findChildren(IconButton)
                 if button.accessibleName() == "Remove the list audioset" and not button.isHidden())
    trash.click()
    box = tagged.findChild(QMessageBox)
    assert box is not None
    next(button for button in box.findChildren(QPushButton) if button.text() == "Remove list").click()
    rest(tagged, qtbot)
    assert app.library.tagging.kept == {} and tagged.filters.chips() == [] and len(names(tagged)) == 15
    assert tagged.model.rows[0].labels == ()


def test_the_sizes_of_the_lists_are_what_is_said_of_them(page: LibraryPage) -> None:
    panel, source = page.ground.tag_panel, page.ground.inspector.source
    said = {}
    for name in ("audioset", "ucs"):
        panel.source.choose(name)
        said[name] = [int(words.split()[place]) for words, place in (
            (panel.about.text(), 0), (source.itemText(source.findData(name)), 1))]
    lists = {name: len(tag_list(name, Weights()).labels) for name in said}
    assert said == {name: [size, size] for name, size in lists.items()}


def test_a_question_before_a_loss_is_wide_enough_to_be_read(tagged: LibraryPage) -> None:
    tagged.tagging.remove("audioset")
    box = tagged.findChild(QMessageBox)
    assert box is not None
    detail = box.findChild(QLabel, "qt_msgbox_informativelabel")
    assert detail is not None and detail.width() >= 340


def test_without_tags_the_picker_leads_to_tagging(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    picker = page.tagging.pick()
    assert picker.shown_words() == [] and not picker.field.isVisible()
    next(button for button in picker.findChildren(QPushButton) if button.text() == "Tag the library…").click()
    rest(page, qtbot)
    assert page.ground.tag_panel.isVisible() and not picker.isVisible()


def test_a_filter_whose_list_was_removed_can_be_dropped(tagged: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    tagged.filters.add("audioset:Door")
    rest(tagged, qtbot)
    assert not tagged.notice.isVisible()
    app.library.fail = TagUnknown("audioset:Door", [])
    ask(tagged, qtbot, "a door")
    assert tagged.notice.isVisible() and tagged.drop_filter.isVisible()
    assert "python" not in tagged.notice.title.text() + tagged.notice.sentence.text()
    app.library.fail = None
    tagged.drop_filter.click()
    rest(tagged, qtbot)
    assert tagged.filters.tags == () and names(tagged) and not tagged.notice.isVisible()
    app.library.fail = LibraryError("Something else.")
    ask(tagged, qtbot, "a cat")
    assert tagged.notice.isVisible() and not tagged.drop_filter.isVisible()
