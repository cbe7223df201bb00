"""Recordings on the Live page: who spoke when, listening to it, naming strangers, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from engine.errors import DecodeError, Locked, UnlikeVoice
from gui.context import Context
from gui.pages.live import LivePage, LiveSession, recording_view
from gui.widgets.timeline.geometry import GUTTER
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.test_voices import answer


@dataclass(frozen=True)
class Device:
    name: str
    rate_hz: int = 48_000
    default: bool = True

    @property
    def title(self) -> str:
        return self.name


Make = Callable[[], LivePage]


@pytest.fixture
def make(context: Context, qtbot: QtBot) -> Iterator[Make]:
    session = LiveSession.of(context)
    session.find_inputs = lambda rescan: []
    session.why_none = lambda: "none"
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
    session.close()


@pytest.fixture
def page(make: Make, qtbot: QtBot) -> LivePage:
    """With a recording open."""
    page = make()
    page.open(Path("/talks/interview.wav"))
    qtbot.waitUntil(lambda: page.view.who.isVisible() and page.view.shelf.names() == ["interview.wav"])
    qtbot.waitUntil(lambda: bool(page.view._voices))
    return page


def x_of(page: LivePage, time_s: float, lane: int) -> QPoint:
    line = page.view.who.timeline
    return QPointF(line._x(time_s), line.lane_box(lane).center().y()).toPoint()


def names(page: LivePage) -> list[str]:
    return [lane.name for lane in page.view.who.timeline.lanes()]


def test_without_recordings_the_page_says_what_they_give(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.show_recordings(True)
    assert page.view.empty.isVisible() and not page.view.who.isVisible()
    assert page.view.shelf.nothing.isVisible()
    assert not page.listen.isVisible() and not page.devices.isVisible()
    page.toolbar_left().back.click()
    assert page.absent.isVisible() and not page.view.isVisible()


def test_a_recording_is_heard_and_its_lanes_are_shown(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    app.timelines.hold.set()
    page.open(Path("/talks/interview.wav"))
    qtbot.waitUntil(lambda: "real time" in page.view.progress.words.text())
    assert page.view.progress.isVisible() and page.view.progress.words.text().startswith("Listening to interview.wav")
    app.timelines.hold.clear()
    qtbot.waitUntil(lambda: page.view.who.isVisible())
    assert not page.view.progress.isVisible()
    assert names(page) == ["Amara Okafor", "Ben Lindqvist", "Stranger 1", "Stranger 2"]
    line = page.view.who.timeline
    assert line.shown == (0, 120) and page.view.who.scope.text() == "2 voices · all of it shown"
    assert [one.status for one in line.stretches][:3] == ["match", "tentative", "unknown"]
    assert page.view.title.text() == "interview.wav"
    assert "2:00 · 2 voices · 2 strangers" in page.view.sentence.text()
    assert [(row.label, row.unknown) for row in page.view.spoken.rows.rows][-1] == ("Stranger 2", True)
    assert page.view.spoken.title.text() == "This recording"


def test_how_many_people_speak_can_be_said(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    menu = page.view.ask_people()
    assert menu is not None
    choices = {action.text(): action for action in menu.actions() if action.isEnabled() and action.text()}
    assert list(choices)[:3] == ["Find out", "1 person", "2 people"] and list(choices)[-1] == "8 people"
    said: list[str] = []
    page.view.said.connect(said.append)
    choices["8 people"].trigger()
    assert not page.view.people_button.isEnabled() and page.view.ask_people() is None
    qtbot.waitUntil(lambda: said == ["Only 4 people could be told apart."])
    choices = {action.text(): action for action in page.view.ask_people().actions()}
    choices["Find out"].trigger()
    qtbot.waitUntil(lambda: app.timelines.people == [(1, None), (8, 8), (1, None)] and page.view.people_button.isEnabled())
    assert said == ["Only 4 people could be told apart."]


def test_the_command_shows_the_recordings_that_it_is_about(make: Make, page: LivePage, context: Context, qtbot: QtBot) -> None:
    page.show_recordings(False)
    context.actions.trigger("live.people")
    assert page.view.isVisible()
    qtbot.waitUntil(lambda: bool(page.view.findChildren(QMenu)) and page.view.findChildren(QMenu)[0].isVisible())
    page.view.findChildren(QMenu)[0].close()
    page.view.recordings.show(None)
    said: list[str] = []
    page.view.said.connect(said.append)
    assert page.view.ask_people() is None and said == ["Open a recording first."]


def test_how_many_people_speak_is_not_asked_of_a_file_that_is_gone(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.open(Path("/talks/gone.wav"))
    qtbot.waitUntil(lambda: page.view.recordings.gone == frozenset({1}))
    assert not page.view.people_button.isEnabled() and page.view.ask_people() is None


def test_hearing_a_file_can_be_cancelled(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    app.timelines.hold.set()
    page.open(Path("/talks/interview.wav"))
    qtbot.waitUntil(lambda: page.view.progress.isVisible())
    page.view.progress.stop.click()
    assert page.view.empty.isVisible() and not page.view.progress.isVisible()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert app.timelines.kept == []


def test_a_file_that_is_no_sound_is_said_and_what_was_open_stays(page: LivePage, qtbot: QtBot) -> None:
    page.open(Path("/talks/notes.txt"))
    qtbot.waitUntil(lambda: page.view.notice.isVisible())
    assert page.view.notice.title.text() == "notes.txt could not be heard"
    assert page.view.notice.sentence.text() == "notes.txt: this is not a sound file."
    assert names(page)


def test_silence_and_nobody_enrolled(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.timelines._voices = type(app.voices)(empty=True)
    page = make()
    page.open(Path("/talks/silence.wav"))
    qtbot.waitUntil(lambda: page.view.who.isVisible())
    assert page.view.who.hint.isVisible() and page.view.who.hint.text() == "Nobody speaks in this recording."
    assert not page.view.who.export_button.isEnabled()
    page.open(Path("/talks/nobody known.wav"))
    qtbot.waitUntil(lambda: len(names(page)) == 4)
    assert names(page) == [f"Stranger {n}" for n in range(1, 5)]


def test_a_press_plays_from_there_and_space_pauses(page: LivePage, player: FakePlayer, qtbot: QtBot) -> None:
    line = page.view.who.timeline
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=x_of(page, 35, 2))
    qtbot.waitUntil(lambda: bool(player.played))
    what, start_s, _, _ = player.played[-1]
    assert what == Path("/talks/interview.wav") and start_s == pytest.approx(35, abs=0.2)
    assert line.chosen == 2
    player.position_s = 37.5
    qtbot.waitUntil(lambda: line.position_s == 37.5)
    assert page.view.clock.text() == "0:37 / 2:00"
    page._space()
    qtbot.waitUntil(lambda: player.state == "paused")
    page._space()
    qtbot.waitUntil(lambda: player.state == "playing")
    player.state = "stopped"  # the end of the file
    qtbot.waitUntil(lambda: line.position_s is None)


def test_arrows_go_from_turn_to_turn(page: LivePage, player: FakePlayer, qtbot: QtBot) -> None:
    line = page.view.who.timeline
    page._turn(1)
    page._turn(1)
    assert (line.chosen, line.position_s, player.played) == (1, 13, [])
    page._space()
    qtbot.waitUntil(lambda: bool(player.played))
    assert player.played[-1][1] == 13
    page._turn(-1)  # while it plays, it goes on there
    qtbot.waitUntil(lambda: player.played[-1][1] == 0.5)


def test_a_file_that_cannot_be_played_is_said(page: LivePage, player: FakePlayer, qtbot: QtBot,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any, **more: Any) -> None:
        raise DecodeError(Path("interview.wav"), "the file is not there.")

    monkeypatch.setattr(player, "play", gone)
    page._space()
    qtbot.waitUntil(lambda: page.view.notice.isVisible())
    assert page.view.notice.title.text() == "The recording cannot be played"
    assert page.view.who.timeline.position_s is None


def test_the_tip_tells_name_status_similarity_and_time(page: LivePage) -> None:
    line = page.view.who.timeline
    assert line.tip_at(QPointF(x_of(page, 5, 0))) == "Amara Okafor · match · similarity 0.84 · 0:00.5 – 0:12.0"
    assert "Stranger 1 · unknown" in line.tip_at(QPointF(x_of(page, 35, 2)))
    assert line.tip_at(QPointF(x_of(page, 5, 1))) == ""
    assert "give this voice a name" in line.tip_at(QPointF(20, line.lane_box(2).center().y()))


def test_zooming_keeps_the_moment_under_the_pointer_and_dragging_pans(page: LivePage, qtbot: QtBot) -> None:
    line = page.view.who.timeline
    line.view.zoom(4, 60)
    assert line.window_s == pytest.approx(30)
    assert line.shown == pytest.approx((45, 75))
    start = x_of(page, 60, 0)
    qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(line, start - QPoint(100, 0))
    moved = line.shown[0] - 45
    assert moved == pytest.approx(100 / (line.width() - GUTTER - 12) * 30, rel=0.1)
    qtbot.mouseRelease(line, Qt.MouseButton.LeftButton, pos=start - QPoint(100, 0))
    line.fit()
    assert line.shown == (0, 120)


def test_a_stranger_is_named_once_and_undone(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.open(Path("/talks/second talk.wav"))
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["second talk.wav", "interview.wav"])
    before = app.timelines.list()
    offers: list[tuple[str, str, Any]] = []
    page.offered.connect(lambda *offer: offers.append(offer))
    line = page.view.who.timeline
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPointF(60, line.lane_box(2).center().y()).toPoint())
    naming = page.view.naming
    assert naming.isVisible() and naming.field.placeholderText() == "Who is Stranger 1?"
    assert not naming.button.isEnabled()
    qtbot.keyClicks(naming.field, "Dora")
    assert "Becomes a voice" in naming.hint.text()
    qtbot.keyClick(naming.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(page)[2] == "Dora")
    assert not naming.isVisible()
    assert line.lanes()[2].colour is not None and not line.lanes()[2].can_name
    assert line.stretches[2].status == "match"
    sentence, verb, slot = offers[-1]
    assert (sentence, verb) == ("Dora is a voice now. In 1 other recording, too.", "Undo")
    slot()
    qtbot.waitUntil(lambda: names(page)[2] == "Stranger 1")
    assert app.timelines.list() == before
    assert "Dora" not in [voice.name for voice in app.voices.list()]


def test_the_key_takes_no_older_naming_back_over_a_later_change(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    """Somebody removed a voice and went to this page: what Ctrl+Z would take back here is not what was done last."""
    page.view.recordings.name(page.view.recordings.kept[0], 1, "Dora")
    qtbot.waitUntil(lambda: bool(app.timelines.named))
    app.voices.remove("Chen Yu")
    page.view.recordings.undo()
    qtbot.waitUntil(lambda: page.view.notice.isVisible())
    assert page.view.notice.title.text() == "The naming was not undone"
    assert "Dora" in [voice.name for voice in app.voices.list()]
    app.voices.undo()
    page.view.recordings.undo()
    qtbot.waitUntil(lambda: "Dora" not in [voice.name for voice in app.voices.list()])


def test_a_stranger_can_join_a_voice_that_is_there(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.view.ask_name()
    naming = page.view.naming
    completer = naming.field.completer()
    assert completer is not None and completer.model().rowCount() == len(app.voices.list())
    naming.field.setText("chen yu")
    assert naming.hint.text() == "Becomes one more take of Chen Yu, here and in other recordings."
    naming.button.click()
    qtbot.waitUntil(lambda: "Chen Yu" in names(page))
    assert app.timelines.named[-1][0].made_voice is False


@pytest.mark.parametrize("label", ["Stranger 2", "ｓtranger_２", "unknown"])
def test_a_label_of_strangers_is_refused_while_it_is_written(page: LivePage, app: FakeEarmark, qtbot: QtBot, label: str) -> None:
    page.view.ask_name(3)
    naming = page.view.naming
    naming.field.setText(label)
    assert not naming.button.isEnabled() and naming.hint.text().startswith(f"“{label}” is what Earmark itself says")
    assert naming.height() >= naming.sizeHint().height()
    qtbot.keyClick(naming.field, Qt.Key.Key_Return)
    assert naming.isVisible() and app.timelines.named == []
    naming.field.setText(f"{label} Smith")
    assert naming.button.isEnabled() and "Becomes a voice" in naming.hint.text()


@pytest.mark.parametrize("yes", [False, True])
def test_a_stranger_unlike_the_voice_of_that_name_is_asked_about(page: LivePage, app: FakeEarmark, qtbot: QtBot,
                                                                 monkeypatch: pytest.MonkeyPatch, yes: bool) -> None:
    name_stranger = app.timelines.name_stranger

    def unlike(timeline_id: int, number: int, name: str, anyway: bool = False) -> Any:
        if not anyway:
            raise UnlikeVoice(name, 0.2, 0.5, what=f"Stranger {number}")
        return name_stranger(timeline_id, number, name)

    monkeypatch.setattr(app.timelines, "name_stranger", unlike)
    asked: list[str] = []
    answer("Name it anyway" if yes else "Cancel", [], asked)
    page.view.recordings.name(page.view.recordings.kept[0], 1, "Chen Yu")
    qtbot.waitUntil(lambda: bool(asked))
    assert "Stranger 1 does not sound like Chen Yu: its likeness to the nearest take of Chen Yu is 0.20" in asked[0]
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert [naming.voice for naming, _ in app.timelines.named] == (["Chen Yu"] if yes else [])


def test_escape_leaves_the_field_and_names_nobody(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.view.ask_name(3)
    qtbot.keyClicks(page.view.naming.field, "Dora")
    qtbot.keyClick(page.view.naming.field, Qt.Key.Key_Escape)
    assert not page.view.naming.isVisible() and app.timelines.named == []


def test_a_naming_that_fails_is_said(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.view.ask_name(2)
    app.timelines.fail = Locked("passphrase")
    page.view.naming.field.setText("Dora")
    page.view.naming.button.click()
    qtbot.waitUntil(lambda: page.view.notice.isVisible())
    assert page.view.notice.title.text() == "Stranger 1 was not named"
    assert names(page)[2] == "Stranger 1"


@pytest.mark.parametrize(("kind", "suffix", "first"), [
    ("rttm", ".rttm", "SPEAKER interview 1 0.500 11.500"), ("csv", ".csv", "start_s,end_s,speaker"),
    ("audacity", ".txt", "0.500000\t12.000000\tAmara Okafor"), ("srt", ".srt", "1\n00:00:00,500 --> 00:00:12,000")])
def test_export_writes_the_format_that_was_chosen(page: LivePage, tmp_path: Path, qtbot: QtBot,
                                                  monkeypatch: pytest.MonkeyPatch, kind: str, suffix: str, first: str) -> None:
    asked: list[str] = []

    def choose(parent: Any, title: str, name: str, words: str) -> Path:
        asked.append(name)
        return tmp_path / f"out{suffix}"

    monkeypatch.setattr(recording_view, "ask_where", choose)
    menu = page.view.who.ask_export()
    assert menu is not None and len(menu.actions()) == 4
    menu.close()
    said: list[str] = []
    page.said.connect(said.append)
    page.view.who.export.emit(kind)
    qtbot.waitUntil(lambda: said == [f"Exported out{suffix}."])
    assert asked == [f"interview{suffix}"]
    assert (tmp_path / f"out{suffix}").read_text(encoding="utf-8").startswith(first)


def test_an_export_that_cannot_be_written_is_said(page: LivePage, tmp_path: Path, qtbot: QtBot,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_view, "ask_where", lambda *_: tmp_path / "no folder" / "out.srt")
    page.view.export("srt")
    qtbot.waitUntil(lambda: page.view.notice.isVisible())
    assert page.view.notice.title.text() == "out.srt was not exported"


def test_what_the_microphone_heard_is_exported_too(make: Make, context: Context, tmp_path: Path, qtbot: QtBot,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    session = LiveSession.of(context)
    session.find_inputs = lambda rescan: [Device("Webcam")]
    session.make_source = lambda name: name
    page = make()
    assert not page.who.export_button.isEnabled()
    page.listen.click()
    qtbot.waitUntil(lambda: session.listening)
    page._draw_turns()
    out = tmp_path / "session.csv"
    monkeypatch.setattr(recording_view, "ask_where", lambda *_: out)
    page.who.export.emit("csv")
    qtbot.waitUntil(out.exists)
    rows = out.read_text(encoding="utf-8").splitlines()
    assert rows[1] == "0.000,12.000,Amara Okafor,match," and len(rows) == 14
    assert "78.000,80.000,Unknown,unknown," in rows
    monkeypatch.setattr(recording_view, "ask_where", lambda *_: tmp_path / "no folder" / "a.csv")
    page.who.export.emit("csv")
    qtbot.waitUntil(lambda: page.answer.notice.isVisible())
    assert page.answer.notice.title.text() == "a.csv was not exported"


def test_a_session_can_be_heard_where_it_was_recorded(make: Make, app: FakeEarmark, context: Context, player: FakePlayer,
                                                      qtbot: QtBot) -> None:
    session = LiveSession.of(context)
    session.find_inputs = lambda rescan: [Device("Webcam")]
    session.make_source = lambda name: name
    page = make()
    page.listen.click()
    qtbot.waitUntil(lambda: session.listening)
    listener = app.voices.listener_
    assert listener is not None
    page._draw_turns()
    said: list[str] = []
    page.said.connect(said.append)
    page.who.timeline.sought.emit(3.0)
    assert said == ["This was not recorded, so it cannot be heard. Press Record to keep the sound."] and not player.played
    last = listener.updates_[-1]
    page.record.click()
    path = listener.recording
    listener.updates_.append(replace(last, time_s=20.0))
    page.record.click()
    listener.updates_.append(replace(last, time_s=30.0))
    page.who.timeline.sought.emit(last.time_s + 4)
    qtbot.waitUntil(lambda: bool(player.played))
    assert player.played[-1][:2] == (path, 4.0)
    qtbot.waitUntil(lambda: page.who.timeline.position_s == last.time_s + 4)
    page._turn(1)  # the first turn began before the recording: it is said, and nothing plays on
    page.who.timeline.sought.emit(25.0)
    assert len(said) >= 2
    assert page.who.timeline.position_s is None


def test_recordings_are_opened_again_and_removed(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    page.open(Path("/talks/second talk.wav"))
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["second talk.wav", "interview.wav"])
    page.view.shelf.list.setCurrentRow(1)
    assert page.view.title.text() == "interview.wav"
    page.show_recordings(False)
    page.view.recordings.show(None)
    page.show_recordings(True)  # the last one that was heard
    assert page.view.title.text() == "second talk.wav"
    page.view.shelf.list.setCurrentRow(1)
    page.view.recordings.remove(app.timelines.kept[1])
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["second talk.wav"])
    assert page.view.empty.isVisible()


def test_encrypted_voices_hide_the_names_until_they_are_opened(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.timelines.fail = Locked("passphrase")
    page.refresh()
    qtbot.waitUntil(lambda: page.view.locked.isVisible())
    assert page.view.shelf.names() == [] and not page.view.who.isVisible()
    page.view.recordings.refresh()
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["interview.wav"])
    assert not page.view.locked.isVisible()


def test_what_is_not_kept_is_shown_and_cannot_be_named(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.timelines.busy = True
    page = make()
    page.open(Path("/talks/interview.wav"))
    qtbot.waitUntil(lambda: page.view.who.isVisible() and not page.jobs.running)
    assert names(page)[2] == "Stranger 1" and not any(lane.can_name for lane in page.view.who.timeline.lanes())
    assert "not kept" in page.view.sentence.text()
    assert page.view.spoken.kept.text() == "Not kept. The disk is full."


@pytest.mark.parametrize("size", [(1364, 820), (1204, 720), (1044, 620), (2484, 1360)])
def test_it_fits_every_window(page: LivePage, size: tuple[int, int], qtbot: QtBot) -> None:
    page.resize(*size)
    qtbot.waitUntil(lambda: page.width() == size[0])
    assert (page.minimumSizeHint().width(), page.minimumSizeHint().height()) <= size
    assert page.view._side.width() <= 420
