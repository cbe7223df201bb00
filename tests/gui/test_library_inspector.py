"""The inspector of the Library: the chosen sound in words."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import EncoderError
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.pages.library.inspector import SoundInspector
from gui.reindexing import Reindexing
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> LibraryPage:
    page = shown(context, qtbot)
    page.table.pick(0)
    qtbot.keyClick(page, Qt.Key.Key_I)
    qtbot.waitUntil(lambda: page.ground.inspector.ranking.lines != ())
    return page


@pytest.fixture
def box(page: LibraryPage) -> SoundInspector:
    return page.ground.inspector


def test_a_sound_is_described_and_classified(page: LibraryPage, box: SoundInspector) -> None:
    assert box.isVisible() and page.info.isChecked()
    assert (box.name.text(), box.facts.text()) == ("Door_Wood_Slam_Hall_03.wav", "4:48 · 48 kHz · stereo · wav")
    assert box.captions.lines[0][0] == "a heavy door slams shut" and len(box.captions.lines) == 5
    assert [(words, near) for words, near, _ in box.ranking.lines] == [("speech", 0.5), ("music", 0.4), ("machine", 0.3)]
    assert box.ranking.lines[0][2] == "probability 0.60 · nearest at 2:14.6 – 2:16.1"
    assert [words for words, _, _ in box.heard.lines] == ["Door", "Slam", "Echo"] and not box.none_fits.isVisible()
    assert box.tags.lines == ()


def test_the_tags_of_the_lists_stand_with_their_list(page: LibraryPage, box: SoundInspector, qtbot: QtBot) -> None:
    page.tagging.tag("audioset")
    rest(page, qtbot)
    assert [(words, near) for words, near, _ in box.tags.lines] == [
        ("Door · audioset", pytest.approx(0.9)), ("Slam · audioset", pytest.approx(0.7))]


def test_another_encoder_is_asked_anew(page: LibraryPage, box: SoundInspector, app: FakeEarmark, qtbot: QtBot) -> None:
    app.describing.captions = lambda vectors, k=5: ()  # type: ignore[method-assign, assignment]
    Reindexing.of(page.context).in_use_changed.emit()
    rest(page, qtbot)
    assert box.isVisible() and box.captions.lines == () and box.ranking.lines != ()


def test_what_is_still_asked_for_is_told_from_what_is_not_there(page: LibraryPage, box: SoundInspector, app: FakeEarmark,
                                                               qtbot: QtBot) -> None:
    app.describing.captions = lambda vectors, k=5: ()  # type: ignore[method-assign, assignment]
    page.table.pick(1)
    assert (box.captions.none, box.ranking.none, box.tags.none) == ("…", "…", "–")
    qtbot.waitUntil(lambda: box.ranking.lines != ())
    assert box.captions.none == "–"


def test_words_of_the_sound_before_never_stand_below_another(page: LibraryPage, box: SoundInspector, app: FakeEarmark,
                                                             qtbot: QtBot) -> None:
    gate, spans, asked = threading.Event(), app.library.spans, []

    def slow(sound_id: int) -> object:
        asked.append(sound_id)
        assert gate.wait(5)
        return spans(sound_id)

    app.library.spans = slow  # type: ignore[method-assign, assignment]
    page.table.pick(1)
    qtbot.waitUntil(lambda: asked == [2])
    page.table.pick(2)  # the answer about the sound before comes now
    shown = []
    box.show_captions = shown.append  # type: ignore[method-assign, assignment]
    gate.set()
    rest(page, qtbot)
    qtbot.waitUntil(lambda: asked == [2, 3] and len(shown) == 1)


def test_tags_that_the_row_shows_are_those_of_the_inspector(page: LibraryPage, box: SoundInspector, qtbot: QtBot) -> None:
    row = page.model.rows[0]
    assert [name for name, _ in row.tag_names()] == [words for words, _, _ in box.heard.lines] and not box.tags.isVisible()
    page.tagging.tag("audioset")
    rest(page, qtbot)
    row = page.model.rows[0]
    inspected = [words.split(" · ")[0] for words, _, _ in (*box.tags.lines, *box.heard.lines)]
    assert list(dict.fromkeys(inspected)) == [name for name, _ in row.tag_names()] and box.tags.isVisible()


def test_it_stands_beside_the_table_or_over_it(page: LibraryPage, box: SoundInspector) -> None:
    ground = page.ground
    assert ground.stack.width() == ground.beside.width() - box.width() and box.x() == ground.stack.width()
    page.resize(1000, 700)
    assert ground.stack.width() == ground.beside.width() and box.x() == ground.beside.width() - box.width()
    page.info.setChecked(False)
    page.resize(1364, 700)
    assert ground.stack.width() == ground.beside.width() and not box.isVisible()


def test_it_follows_the_arrow_keys_and_closes(page: LibraryPage, box: SoundInspector, player: FakePlayer, qtbot: QtBot) -> None:
    qtbot.keyClick(page, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(player.played) == 2)
    assert box.name.text() == "castle_gate_close_heavy.flac"
    qtbot.waitUntil(lambda: box.captions.lines != ())
    qtbot.keyClick(page, Qt.Key.Key_I)
    assert not box.isVisible() and not page.info.isChecked()


def test_labels_are_edited_and_none_may_fit(page: LibraryPage, box: SoundInspector, qtbot: QtBot) -> None:
    box.labels.setPlainText("harp\ncello")
    qtbot.waitUntil(lambda: [words for words, _, _ in box.ranking.lines] == ["harp", "cello"])
    assert box.none_fits.isVisible() and box.none_fits.text() == "None of them fits"
    box.source.setCurrentIndex(1)
    qtbot.waitUntil(lambda: [words for words, _, _ in box.ranking.lines] == ["Door", "Slam", "Metal"])
    assert not box.none_fits.isVisible() and not box.labels.isVisible()


def test_a_wording_without_its_place_is_said_and_captions_stay(page: LibraryPage, box: SoundInspector, qtbot: QtBot) -> None:
    box.wording.selectAll()
    qtbot.keyClicks(box.wording, "a sound")
    qtbot.waitUntil(box.failure.isVisible)
    assert "must hold {label} exactly once" in box.failure.text() and len(box.captions.lines) == 5 and box.ranking.lines == ()
    box.wording.selectAll()
    qtbot.keyClicks(box.wording, "the sound of {label}")
    qtbot.waitUntil(lambda: box.ranking.lines != ())
    assert not box.failure.isVisible()


def test_an_encoder_that_is_lost_is_a_sentence(page: LibraryPage, box: SoundInspector, app: FakeEarmark, qtbot: QtBot) -> None:
    def lost(sound_id: int) -> object:
        raise EncoderError("“my clap” is not on the list of models any more.")

    app.library.spans = lost  # type: ignore[method-assign, assignment]
    page.table.pick(2)
    qtbot.waitUntil(box.failure.isVisible)
    rest(page, qtbot)
    assert "not on the list of models" in box.failure.text() and box.captions.lines == ()
    assert box.heard.lines != ()
