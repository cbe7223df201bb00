"""The Voices page: the list, enrolling from the microphone and from files, changing, removing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QScrollArea
from pytestqt.qtbot import QtBot

from engine.errors import DeviceError, TooLittleSpeech
from engine.records import Audio, Take
from gui.context import Context
from gui.pages.live import LiveSession
from gui.pages.voices import VoicesPage
from gui.pages.voices.details import Details
from gui.pages.voices.progress import Part, SpeechBar
from gui.pages.voices.prompts import prompts
from gui.theme import Theme
from gui.widgets.controls import IconButton, Text
from tests.gui.fakes import NOON, FakeEarmark

Make = Callable[[], VoicesPage]


class FakeMicrophone:
    """Gives half a second of a tone at every read until it is lost or closed."""

    rate_hz = 16_000
    lost = False
    closed = False

    def start(self) -> None:
        pass

    def read(self) -> np.ndarray:
        at = np.arange(8_000) / self.rate_hz
        return (0.2 * np.sin(2 * np.pi * 200 * at)).astype(np.float32)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def microphone() -> FakeMicrophone:
    return FakeMicrophone()


@pytest.fixture
def session(context: Context, app: FakeEarmark, microphone: FakeMicrophone) -> Iterator[LiveSession]:
    session = LiveSession.of(context)
    session.make_source = lambda name: microphone
    yield session
    session.close()


@pytest.fixture
def make(context: Context, session: LiveSession, qtbot: QtBot) -> Iterator[Make]:
    pages: list[VoicesPage] = []

    def make() -> VoicesPage:
        page = VoicesPage(context)
        pages.append(page)
        qtbot.addWidget(page)
        for part in (page.toolbar_left(), page.toolbar_right()):
            qtbot.addWidget(part)
        page.resize(1364, 820)
        page.show()
        page.shown()
        qtbot.waitUntil(lambda: page.panel.details is not None or not page.jobs.running)
        return page

    yield make
    for page in pages:
        page.leaving()


def draft(app: FakeEarmark, takes: int = 1) -> int:
    voice = app.voices.begin("Grace Mensah")
    for _ in range(takes):
        app.voices.add_take(voice.id, Audio(np.zeros(16_000, np.float32), 16_000))
    return voice.id


def record(page: VoicesPage, qtbot: QtBot) -> None:
    page.panel.recording.record.click()
    qtbot.waitUntil(lambda: page.recorder.state == "recording")


def answer(text: str, focus: list[str], said: list[str] | None = None) -> None:
    """Press the button of this name in the next dialog, and remember what had the focus and what it said."""
    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        default = box.defaultButton()
        focus.append(default.text() if default else "")
        if said is not None:
            said.append(box.informativeText())
        next(button for button in box.buttons() if button.text() == text).click()

    QTimer.singleShot(50, press)


@pytest.mark.parametrize("label", ["Stranger 1", "ｓtranger_１", "Unknown"])
def test_a_label_of_strangers_is_refused_while_it_is_written(make: Make, app: FakeEarmark, qtbot: QtBot, label: str) -> None:
    page = make()
    page.make_new()
    form = page.form
    form.name.setText(label)
    assert form.failure.isVisible() and form.failure.text().startswith(f"“{label}” is what Earmark itself says")
    assert not form.microphone.isEnabled() and not form.files.isEnabled() and form.files.toolTip() == form.failure.text()
    qtbot.keyClick(form.name, Qt.Key.Key_Return)
    assert form.isVisible() and len(app.voices.list()) == 6
    form.name.setText(f"{label} Smith")
    assert not form.failure.isVisible() and form.microphone.isEnabled()
    page.open("Chen Yu")
    qtbot.waitUntil(lambda: page.panel.details is not None and page.panel.details.voice.name == "Chen Yu")
    page.rename(label)
    qtbot.waitUntil(lambda: page.panel.failure.isVisible())
    assert page.panel.failure.text().startswith(f"“{label}” is what Earmark itself says")


def test_a_voice_with_such_a_name_from_before_is_shown_and_to_be_renamed(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.voices._replace(replace(app.voices.get("Chen Yu"), name="Stranger 1"))
    page = make()
    old = app.voices.get("Stranger 1").id
    qtbot.waitUntil(lambda: old in page.list.marks)
    assert page.list.marks[old].words == "rename it" and "Stranger 1" in page.list.names()
    page.open("Stranger 1")
    qtbot.waitUntil(lambda: page.panel.warning.title.text() == "Give Stranger 1 another name")
    page.rename("Chen Yu")
    qtbot.waitUntil(lambda: not page.panel.warning.isVisible() and old not in page.list.marks)


def test_the_list_shows_every_voice_and_finds_one(make: Make) -> None:
    page = make()
    assert page.list.names() == ["Amara Okafor", "Ben Lindqvist", "Chen Yu", "Dilek Aydın", "Farid Nazari",
                                 "Mateo Ruiz"]
    assert page.scope == "6 enrolled · 36 samples"
    page.list.search.setText("yu")
    assert page.list.names() == ["Chen Yu"]
    page.list.search.setText("nobody")
    assert page.list.nothing.isVisible()


def test_a_voice_shows_its_takes_samples_and_nearest_voice(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.settings.change(threshold=0.75)
    page = make()
    assert page.panel.name.text() == "Amara Okafor"
    rows = page.panel.table.rows
    assert [(row.number, row.state, row.result, row.speech_s) for row in rows] == [
        (number, "accepted", "2 samples △", 6.1) for number in (1, 2, 3)]
    assert [row.value for row in page.panel.samples.rows] == ["0.90"] * 6
    assert page.where.nearest.text() == "Nearest other voice: Ben Lindqvist 0.64"
    assert page.where.apart.text() == "well apart"
    assert not page.panel.recording.isVisible()
    page.open("Chen Yu")
    qtbot.waitUntil(lambda: page.panel.name.text() == "Chen Yu")


def test_a_take_is_played_only_where_it_was_kept(make: Make, app: FakeEarmark, player: Any, qtbot: QtBot) -> None:
    kept = app.store.recordings / "take.wav"
    app.voices._takes[1] = replace(app.voices._takes[1], recording=kept, consent_at=NOON)
    page = make()
    buttons = {button.accessibleName(): button for button in page.panel.table.findChildren(IconButton)}
    assert not buttons["Play take 1"].isEnabled()
    assert "not kept" in buttons["Play take 1"].toolTip()
    off, on = (buttons[f"Play take {number}"].icon().pixmap(16).toImage() for number in (1, 2))
    assert off.createAlphaMask() != on.createAlphaMask()  # another shape, not a paler one alone
    buttons["Play take 2"].click()
    qtbot.waitUntil(lambda: [what for what, *_ in player.played] == [app.voices.recording(app.voices._takes[1].id)])


def test_a_first_start_is_the_form_of_a_new_voice(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.voices = type(app.voices)(empty=True)
    page = make()
    form = page.form
    assert form.isVisible() and not page.panel.isVisible()
    assert not form.microphone.isEnabled() and form.microphone.toolTip() == "Write a name first."
    form.name.setText("Grace Mensah")
    form.microphone.click()
    qtbot.waitUntil(lambda: page.panel.isVisible() and page.panel.recording.isVisible())
    qtbot.waitUntil(lambda: page.panel.name.text() == "Grace Mensah")
    assert app.voices.get("Grace Mensah").state == "enrolling"
    assert page.panel.recording.save_.text() == "Save voice · 15.0 s to go"
    assert not page.panel.recording.save_.isEnabled()
    assert "At least 3 s" in page.panel.recording.save_.toolTip()


def test_a_name_that_is_taken_is_said_under_the_field(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.new.click()
    page.form.name.setText("Chen Yu")
    page.form.microphone.click()
    qtbot.waitUntil(lambda: page.form.failure.text() == "A voice called “Chen Yu” exists already.")
    assert page.form.isVisible()


def test_a_take_is_drawn_judged_and_enrolled(make: Make, app: FakeEarmark, microphone: FakeMicrophone,
                                             qtbot: QtBot) -> None:
    voice_id = draft(app)
    page = make()
    part = page.panel.recording
    first = part.prompt.text()
    record(page, qtbot)
    assert part.record.text() == "Stop take"
    assert [row.state for row in page.panel.table.rows] == ["accepted", "recording"]
    assert page.list.recording_id == voice_id
    qtbot.waitUntil(lambda: part.cards.level.value.text() == "−16 dBFS", timeout=3000)
    assert part.cards.noise.value.text() == "24 dB SNR"
    assert part.cards.clipping.advice.text() == "None in this take."
    assert len(part.wave._spans) == 3
    assert part.wave._peaks and part.picture._filled > 10
    assert page.panel.share.text() == "76 %"  # 6.1 s of the first take and 5.3 s of this one
    assert page.where.plot.query.at is not None
    assert not part.save_.isEnabled()
    part.record.click()
    assert microphone.closed or page.recorder.state == "idle"
    qtbot.waitUntil(lambda: len(app.voices.takes(voice_id)) == 2)
    qtbot.waitUntil(lambda: [row.state for row in page.panel.table.rows] == ["accepted", "accepted"])
    assert part.prompt.text() != first
    assert page.where.plot.query.at is None
    qtbot.waitUntil(lambda: microphone.closed)


def test_saving_is_possible_early_and_the_main_act_at_fifteen_seconds(make: Make, app: FakeEarmark,
                                                                      qtbot: QtBot) -> None:
    voice_id = draft(app, takes=2)
    page = make()
    save = page.panel.recording.save_
    assert save.text() == "Save anyway · 2.8 s to go" and save.isEnabled() and save.kind == "plain"
    app.voices.add_take(voice_id, Audio(np.zeros(16_000, np.float32), 16_000))
    page.refresh()
    qtbot.waitUntil(lambda: save.text() == "Save voice")
    assert save.kind == "primary"
    said: list[str] = []
    page.offered.connect(lambda sentence, act, slot: said.append(f"{sentence} [{act}]"))
    save.click()
    qtbot.waitUntil(lambda: app.voices.get("Grace Mensah").state == "enrolled")
    qtbot.waitUntil(lambda: not page.panel.recording.isVisible())
    assert said == ["Grace Mensah is enrolled. [Undo]"]


def test_a_take_with_too_little_speech_is_refused_with_the_reason(make: Make, app: FakeEarmark,
                                                                  qtbot: QtBot,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    draft(app)

    def refuse(*args: Any, **options: Any) -> Take:
        raise TooLittleSpeech(0.6, 1.0)

    monkeypatch.setattr(app.voices, "add_take", refuse)
    page = make()
    record(page, qtbot)
    page.panel.recording.record.click()
    qtbot.waitUntil(lambda: page.panel.table.rows[-1].state == "refused")
    assert page.panel.table.rows[-1].result == "Only 0.6 s of speech was found; at least 1.0 s is needed."
    assert page.panel.recording.record.isEnabled()


def test_recordings_are_kept_only_after_the_tick(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    draft(app)
    kept: list[bool] = []
    original = app.voices.add_take

    def add_take(voice_id: int, audio: Audio, source: str = "microphone", keep: bool = False, anyway: bool = False) -> Take:
        kept.append(keep)
        return original(voice_id, audio, source, keep)

    monkeypatch.setattr(app.voices, "add_take", add_take)
    page = make()
    assert not page.panel.recording.consent.isChecked()
    for count, tick in enumerate((False, True), 1):
        page.panel.recording.consent.setChecked(tick)
        record(page, qtbot)
        page.panel.recording.record.click()
        qtbot.waitUntil(lambda wanted=count: len(kept) == wanted)
        qtbot.waitUntil(lambda: page.panel.recording.record.isEnabled())
    assert kept == [False, True]
    page.open("Chen Yu")
    qtbot.waitUntil(lambda: page.panel.name.text() == "Chen Yu")
    assert not page.panel.recording.consent.isChecked()  # asked anew for each voice


def taken(app: FakeEarmark, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Grows by (voice id, keep) for every take that is stored."""
    stored: list[tuple[int, bool]] = []
    original = app.voices.add_take

    def add_take(voice_id: int, audio: Audio, source: str = "microphone", keep: bool = False, anyway: bool = False) -> Take:
        stored.append((voice_id, keep))
        return original(voice_id, audio, source, keep)

    monkeypatch.setattr(app.voices, "add_take", add_take)
    return stored


def test_no_new_voice_is_begun_while_a_take_runs(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    voice_id, stored = draft(app), taken(app, monkeypatch)
    page = make()
    record(page, qtbot)
    said: list[str] = []
    page.said.connect(said.append)
    page.context.actions.trigger("voices.new")
    page.open("new")
    assert page.panel.isVisible() and not page.form.isVisible()
    assert said == ["Stop the take first."] * 2
    page.panel.recording.record.click()
    qtbot.waitUntil(lambda: stored == [(voice_id, False)])


def test_a_take_belongs_to_the_voice_it_was_begun_for(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    voice_id, stored = draft(app), taken(app, monkeypatch)
    page = make()
    record(page, qtbot)
    page.panel.show_details(Details(app.voices.get("Chen Yu"), (), (), None))
    page.panel.recording.consent.setChecked(True)  # of Chen Yu, not of who speaks
    assert page.list.recording_id == voice_id
    page.recorder.stop()
    qtbot.waitUntil(lambda: stored == [(voice_id, False)])


def test_a_take_that_runs_when_the_window_closes_is_stored(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    voice_id, stored, busy = draft(app), taken(app, monkeypatch), threading.Event()
    page = make()
    record(page, qtbot)
    page.jobs.run(page, lambda ticket: busy.wait(0.3), lane="models")  # so that the take has to wait
    page.leaving()
    assert page.jobs.shutdown()
    assert stored == [(voice_id, False)]


def test_choosing_another_voice_ends_the_take_and_stores_it_where_it_belongs(
        make: Make, app: FakeEarmark, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    voice_id, stored = draft(app), taken(app, monkeypatch)
    page = make()
    record(page, qtbot)
    page.panel.recording.consent.setChecked(True)  # they made up their mind while speaking
    page.open("Chen Yu")
    assert page.recorder.state == "idle"
    qtbot.waitUntil(lambda: stored == [(voice_id, True)])


def test_files_are_added_to_no_voice_while_the_form_is_shown(make: Make, qtbot: QtBot,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (asked.append(True), ([], ""))[1])
    page = make()
    page.make_new()
    page.context.actions.trigger("voices.files")
    assert asked == []
    page.form.name.setText("Grace Mensah")
    page.form.files.click()
    qtbot.waitUntil(lambda: asked == [True])


def test_a_draft_is_there_after_a_restart_and_can_be_discarded(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    draft(app)
    page = make()
    assert page.list.names()[0] == "Grace Mensah"
    assert page.list.line(app.voices.get("Grace Mensah")) == "enrolling · 6.1 of 15 s"
    assert page.panel.recording.isVisible()
    assert page.panel.share.text() == "41 %"
    focus: list[str] = []
    answer("Discard", focus)
    page.panel.recording.close_.click()
    qtbot.waitUntil(lambda: "Grace Mensah" not in page.list.names())
    assert focus == ["Cancel"]


def test_removing_a_voice_asks_first(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    focus: list[str] = []
    said: list[str] = []
    answer("Cancel", focus, said)
    page.panel.bin.click()
    assert "what it said goes from the timelines" in said[0]
    assert "Amara Okafor" in page.list.names()
    answer("Remove voice", focus)
    page.panel.bin.click()
    qtbot.waitUntil(lambda: page.list.names()[0] == "Ben Lindqvist")
    assert focus == ["Cancel", "Cancel"]
    qtbot.waitUntil(lambda: page.panel.name.text() == "Ben Lindqvist")


def test_when_everything_was_forgotten_no_name_stays(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.panel.refuse(1, "notes.txt: This is not a sound file.")
    app.forget_everything()
    page.refresh()
    qtbot.waitUntil(lambda: page.form.isVisible())
    assert page.list.names() == [] and page.panel.details is None and page.panel.refused == {}
    assert page.where.nearest.text() == ""


def test_removing_a_take_leaves_the_others(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.remove_take(app.voices.takes(1)[0])
    qtbot.waitUntil(lambda: len(page.panel.table.rows) == 2)
    assert app.voices.get("Amara Okafor").samples == 4


def test_a_voice_is_renamed_in_place_and_a_taken_name_is_refused(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.panel.start_renaming()
    page.panel.field.setText("Chen Yu")
    page.panel.field.returnPressed.emit()
    qtbot.waitUntil(lambda: page.panel.failure.isVisible())
    assert page.panel.failure.text() == "A voice called “Chen Yu” exists already."
    page.panel.field.setText("Amara O.")
    page.panel.field.returnPressed.emit()
    qtbot.waitUntil(lambda: "Amara O." in page.list.names())
    assert not page.panel.field.isVisible()


def test_files_are_enrolled_and_the_bad_one_is_named(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.add_files([Path("a.wav"), Path("notes.txt")])
    qtbot.waitUntil(lambda: len(app.voices.takes(1)) == 4)
    qtbot.waitUntil(lambda: page.panel.table.rows[-1].state == "refused")
    assert page.panel.table.rows[-1].result == "notes.txt: This is not a sound file."
    qtbot.waitUntil(lambda: page.panel.table.rows[3].result == "2 samples △ · a.wav")


def test_a_new_voice_whose_files_all_fail_stays_a_draft_and_says_why(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ["/tmp/notes.txt", "/tmp/list.txt"]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (chosen, ""))
    page = make()
    page.make_new()
    page.form.name.setText("Grace Mensah")
    page.form.files.click()
    qtbot.waitUntil(lambda: len(page.panel.table.rows) == 2)
    qtbot.waitUntil(lambda: page.jobs.running == [])
    assert page.panel.isVisible() and page.panel.name.text() == "Grace Mensah"
    assert page.panel.recording.isVisible() and not page.panel.recording.progress.isVisible()
    assert [(row.state, row.result) for row in page.panel.table.rows] == [
        ("refused", "notes.txt: This is not a sound file."), ("refused", "list.txt: This is not a sound file.")]
    assert app.voices.get("Grace Mensah").state == "enrolling"
    assert len(app.voices.list()) == 7 and len(app.voices.samples()) == 36
    page.add_files([Path("a.wav")])
    qtbot.waitUntil(lambda: app.voices.get("Grace Mensah").state == "enrolled")


def test_more_takes_are_added_to_an_enrolled_voice(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.panel.more.click()
    part = page.panel.recording
    assert part.isVisible() and not part.save_.isVisible()
    assert part.close_.text() == "Close"
    record(page, qtbot)
    part.record.click()
    qtbot.waitUntil(lambda: len(app.voices.takes(1)) == 4)
    part.close_.click()
    assert not part.isVisible()


def test_a_microphone_that_is_missing_or_goes_away_is_said(make: Make, app: FakeEarmark,
                                                           session: LiveSession, microphone: FakeMicrophone,
                                                           qtbot: QtBot) -> None:
    voice_id = draft(app)
    page = make()

    def none(name: str) -> Any:
        raise DeviceError("No microphone was found. Plug one in, or check the sound settings of the system.")

    session.make_source = none
    page.panel.recording.record.click()
    qtbot.waitUntil(lambda: "No microphone was found" in page.panel.recording.failure.text())
    assert page.panel.recording.record.text() == "Record take"
    session.make_source = lambda name: microphone
    record(page, qtbot)
    assert not page.panel.recording.failure.text()
    microphone.lost = True
    qtbot.waitUntil(lambda: "went away" in page.panel.recording.failure.text())
    qtbot.waitUntil(lambda: len(app.voices.takes(voice_id)) == 2)  # what was recorded until then is not lost


def test_live_listening_gives_up_the_microphone_for_a_take(make: Make, app: FakeEarmark,
                                                           session: LiveSession, qtbot: QtBot) -> None:
    draft(app)
    session.start()
    qtbot.waitUntil(lambda: session.listening)
    page = make()
    said: list[str] = []
    page.said.connect(said.append)
    record(page, qtbot)
    assert not session.listening
    assert said == ["Listening was stopped: the microphone is needed for the take."]
    page.hidden()
    assert page.recorder.state == "idle"


def test_the_prompts_are_there_and_turn() -> None:
    texts = prompts()
    assert len(texts) == 8 == len(set(texts))
    assert all(60 < len(text) < 160 for text in texts)


@pytest.mark.parametrize(("size", "list_shown"), [((1364, 820), True), ((1204, 720), True), ((1044, 620), False)])
def test_it_fits_every_window(make: Make, app: FakeEarmark, qtbot: QtBot, size: tuple[int, int],
                              list_shown: bool) -> None:
    draft(app)
    page = make()
    page.resize(*size)
    qtbot.waitUntil(lambda: page.width() == size[0])
    assert page.list.isVisible() is list_shown
    if not list_shown:
        page.fold.click()
        assert page.list.isVisible()


# --- nothing is cut where there is little room ---


REASON = "The wave is cut off in 1621 places. Record it again from further away, or turn the input down."


@pytest.mark.parametrize("size", [(1044, 648), (1204, 748), (1364, 848)])
def test_a_new_voice_with_refused_takes_fits_into_the_panel(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                            size: tuple[int, int]) -> None:
    app.voices.quality.speech_s = 3.7
    number = draft(app)
    page = make()
    qtbot.waitUntil(lambda: page.panel.details is not None and page.panel.details.voice.id == number)
    page.resize(*size)
    page.panel.refuse(number, REASON, lambda: None)
    qtbot.waitUntil(lambda: page.panel.recording.save_.text().startswith("Save anyway"))
    QApplication.processEvents()
    scroll = page.panel.findChild(QScrollArea)
    assert scroll is not None and scroll.widget().width() <= scroll.viewport().width()
    reason = next(label for label in page.panel.table.findChildren(Text) if label.text() == REASON)
    assert reason.height() >= reason.heightForWidth(reason.width()) - 1


def test_a_new_voice_is_not_near_anybody_yet(make: Make, qtbot: QtBot) -> None:
    page = make()
    assert page.where.nearest.text() and not page.where.apart.isHidden()
    page.make_new()
    assert page.where.nearest.text() == "" and page.where.apart.isHidden()
    page.form.cancelled.emit()
    assert page.where.nearest.text().startswith("Nearest other voice")


def test_a_take_tells_its_figures_while_it_is_recorded(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    number = draft(app)
    page = make()
    qtbot.waitUntil(lambda: page.panel.details is not None and page.panel.details.voice.id == number)
    record(page, qtbot)
    qtbot.waitUntil(lambda: page.panel.table.rows[-1].speech_s == 5.3)
    row = page.panel.table.rows[-1]
    assert (row.state, row.snr_db, row.level_dbfs) == ("recording", 24.0, -16.0)
    page.take_or_stop()
    qtbot.waitUntil(lambda: page.recorder.state == "idle")


def test_a_voice_of_few_takes_is_told_that_more_make_it_surer(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    assert page.panel.advice.isHidden()  # three takes, 18 s
    number = draft(app)
    app.voices.finish(number)
    page.refresh()
    qtbot.waitUntil(lambda: "Grace Mensah" in page.list.names())
    page.open("Grace Mensah")
    qtbot.waitUntil(page.panel.advice.isVisible)
    assert page.panel.advice.text() == "3 takes or more, 15 s of speech in all, make a voice surer."
    page.panel.add_takes(True)
    assert page.panel.advice.isHidden()


def test_the_bar_ends_at_what_it_shows(theme: Theme, qtbot: QtBot) -> None:
    bar = SpeechBar(theme)
    qtbot.addWidget(bar)
    bar.set_parts([Part("take 1", 4.0)])
    assert bar.end_words() == "15 s"
    bar.set_parts([Part("take 1", 4.0), Part("take 2", 25.0)])
    assert bar.end_words() == "29 s"


def test_tab_goes_from_the_head_of_a_voice_to_its_takes_and_samples(make: Make) -> None:
    page = make()
    widget, names = page.panel.bin.nextInFocusChain(), []
    while len(names) < 4:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
            names.append(widget.accessibleName())
        widget = widget.nextInFocusChain()
    assert names == ["Remove take 1", "Remove take 2", "Remove take 3", "Move this sample to another voice… (△ take 1 · 3.0 s)"]
