"""The Settings page as its user sees it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import EncoderError, FetchError
from engine.tasks import Ticket
from gui.actions import TABLE, words
from gui.context import Context
from gui.pages.live import LivePage
from gui.pages.settings import SettingsPage
from gui.pages.settings.appearance import AppearanceSection
from gui.pages.settings.audio import AudioSection
from gui.pages.settings.general import GeneralSection
from gui.pages.settings.models import ModelsSection
from gui.pages.settings.privacy import PrivacySection
from gui.theme import Theme
from gui.widgets.controls import Select, Text
from tests.gui.fakes import FakeEarmark


@pytest.fixture(autouse=True)
def sound_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: [])
    monkeypatch.setattr(devices, "inputs", lambda rescan=False: [devices.Device("Scarlett", 0, 48000, 1, True, "ALSA")])


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> SettingsPage:
    page = SettingsPage(context)
    qtbot.addWidget(page)
    page.resize(1364, 820)
    page.show()
    page.shown()
    qtbot.waitUntil(lambda: page.context.jobs.running == [])
    return page


def go(page: SettingsPage, qtbot: QtBot, section: str) -> None:
    page.open(section)
    qtbot.waitUntil(lambda: page.context.jobs.running == [])


def test_the_measure_is_chosen_and_explained(page: SettingsPage, app: FakeEarmark) -> None:
    section = page.sections["general"]
    assert isinstance(section, GeneralSection)
    section.measure.choose("dot")
    assert app.settings.value.measure == "dot" and "Lengths count too" in section._why.text()
    section.threshold.setValue(0.72)
    section.threshold.settle()
    assert app.settings.value.threshold == pytest.approx(0.72)


def test_models_show_their_state_and_a_damaged_one_says_what_to_do(page: SettingsPage, app: FakeEarmark,
                                                                   qtbot: QtBot) -> None:
    app.weights.states.update(minilm="damaged", ge2e="missing")
    go(page, qtbot, "models")
    section = page.sections["models"]
    assert isinstance(section, ModelsSection) and page.scope == "Models"
    rows = section.table.rows
    assert [rows[n].badge.text() for n in ("ge2e", "yamnet", "minilm")] == ["not fetched", "present", "damaged"]
    assert rows["ge2e"].button.text() == "Fetch 16 MB" and rows["minilm"].button.text() == "Fetch again"
    section.choose("minilm")
    assert section.detail.notice.isVisible() and "checksum" in section.detail.notice.title.text()
    qtbot.mouseClick(rows["minilm"].button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: rows["minilm"].badge.text() == "present")
    assert not section.detail.notice.isVisible() and app.weights.fetched == [["minilm"]]


def test_a_fetch_that_fails_leaves_its_sentence(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.weights.states["ge2e"] = "missing"
    app.weights.fail = FetchError("There is no network.")
    go(page, qtbot, "models")
    section = page.sections["models"]
    assert isinstance(section, ModelsSection)
    section.fetch("ge2e")
    qtbot.waitUntil(lambda: page.context.jobs.running == [])
    assert section.table.rows["ge2e"].button.isVisible()


def test_another_processor_is_used_at_once(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    go(page, qtbot, "models")
    section = page.sections["models"]
    assert isinstance(section, ModelsSection)
    section.device.setCurrentIndex(section.device.findData("cpu"))
    qtbot.waitUntil(lambda: section.in_use.device_words.text() == "CPU · 2 threads")
    assert app.settings.value.device == "cpu" and app.models.device == "cpu"


def test_the_theme_changes_at_once(page: SettingsPage, theme: Theme, app: FakeEarmark) -> None:
    section = page.sections["appearance"]
    assert isinstance(section, AppearanceSection)
    section.mode.choose("light")
    assert not theme.dark and app.settings.value.theme == "light"


def test_devices_are_listed_and_a_missing_one_is_a_sentence(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    go(page, qtbot, "audio")
    section = page.sections["audio"]
    assert isinstance(section, AudioSection)
    assert [section.input.itemText(i) for i in range(section.input.count())] == ["System default", "Scarlett"]
    assert section.input.itemData(0, Select.DETAIL) == "Scarlett" and section.output.itemData(0, Select.DETAIL) == ""
    assert "No loudspeaker was found" in section._output_why.text()
    section.input.setCurrentIndex(1)
    assert app.settings.value.input_device == "Scarlett"


def test_forgetting_everything_asks_with_cancel_in_focus(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    go(page, qtbot, "privacy")
    section = page.sections["privacy"]
    assert isinstance(section, PrivacySection)
    assert section.rows["voices"].text() == "6 voices · 36 samples"
    box = section.ask()
    assert box.defaultButton().text().replace("&", "") == "Cancel"
    box.reject()
    assert not app.forgotten
    box = section.ask()
    with qtbot.waitSignal(page.forgotten):
        next(b for b in box.findChildren(QPushButton) if b.text() == "Forget everything").click()
    qtbot.waitUntil(lambda: section.rows["voices"].text() == "0 voices · 0 samples")
    assert app.forgotten


def test_forgetting_everything_stops_what_listens_and_what_would_write(
        page: SettingsPage, app: FakeEarmark, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    live, stored, order = LivePage(page.context), [], []
    qtbot.addWidget(live)
    session = live.session
    session.make_source = lambda name: name
    session.start()
    qtbot.waitUntil(lambda: session.listening)
    session.record(True)
    session.refresh_map()
    qtbot.waitUntil(lambda: session.map is not None)
    session.poll()
    live._draw_turns()
    listener = app.voices.listener_
    assert listener is not None and live.who.timeline.lanes() and live.spoken.rows.rows
    begun, go, ended = threading.Event(), threading.Event(), []

    def scan(ticket: Ticket) -> None:
        begun.set()
        go.wait(5)
        order.append("scan ended")
        ticket.check()

    def forget() -> None:
        order.append(f"forgot, listener {listener.state}")
        FakeEarmark.forget_everything(app)

    monkeypatch.setattr(app, "forget_everything", forget)
    page.jobs.run(page, scan, lane="models", title="Indexing", cancelled=lambda: ended.append(True))
    page.jobs.run(page, lambda ticket: stored.append("take"), lane="models", must_finish=True)
    page.forgotten.connect(live.refresh)
    assert begun.wait(5)
    go_to = page.sections["privacy"]
    assert isinstance(go_to, PrivacySection)
    go_to._forget()
    assert not session.listening and live.listen.text() == "Listen"
    go.set()
    qtbot.waitUntil(lambda: app.forgotten and page.jobs.running == [])
    assert order == ["scan ended", "forgot, listener stopped"]
    assert stored == [] and ended == [True]
    assert live.who.timeline.lanes() == [] and live.spoken.rows.rows == ()
    assert session.voices == [] and session.map is None and session.turns == []
    assert live.plot.empty.isVisibleTo(live)
    assert not [label.text() for label in live.findChildren(Text) if "Okafor" in label.text()]
    session.close()


@pytest.mark.parametrize("section", ["general", "audio", "models", "appearance", "privacy", "shortcuts", "about"])
def test_every_control_has_a_name(page: SettingsPage, qtbot: QtBot, section: str) -> None:
    go(page, qtbot, section)
    for control in page.findChildren(QWidget):
        if control.focusPolicy() & Qt.FocusPolicy.TabFocus and control.isVisible():
            assert control.accessibleName() or getattr(control, "text", str)(), control


def test_every_key_is_listed(page: SettingsPage, qtbot: QtBot) -> None:
    go(page, qtbot, "shortcuts")
    listed = {label.text() for label in page.sections["shortcuts"].findChildren(Text)}
    assert {words(entry.id) for entry in TABLE if entry.keys} <= listed


def test_credits_name_every_model(page: SettingsPage, qtbot: QtBot) -> None:
    go(page, qtbot, "about")
    listed = " ".join(label.text() for label in page.sections["about"].findChildren(Text))
    assert "GE2E d-vector 0.1.4 · Apache-2.0" in listed and "arXiv 1710.10467" in listed


# --- encoders that are chosen and added --------------------------------------------------------------------------------


def models_of(page: SettingsPage, qtbot: QtBot) -> ModelsSection:
    go(page, qtbot, "models")
    section = page.sections["models"]
    assert isinstance(section, ModelsSection)
    return section


def rest(page: SettingsPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.context.jobs.running == [])


def test_the_joint_spaces_are_rows_and_the_one_in_use_says_so(page: SettingsPage, qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    rows = section.table.rows
    assert [rows[name].badge.text() for name in ("bridge", "compact")] == ["present", "in use"]
    section.choose("compact")
    assert not section.detail.use_button.isVisible() and not section.detail.remove_button.isVisible()
    section.choose("bridge")
    assert section.detail.use_button.isVisible()
    assert section.detail.facts["vector"].text() == "521 dimensions · 16 kHz"


def test_a_model_is_added_tried_and_shown(page: SettingsPage, app: FakeEarmark, qtbot: QtBot, tmp_path: Path) -> None:
    section = models_of(page, qtbot)
    assert not section.form.isVisible()
    section.show_form()
    assert section.form.isVisible() and not section.form.add_button.isEnabled()
    assert "Say where" in section.form.add_button.toolTip()
    section.form.source.setText(str(tmp_path / "clap"))
    with qtbot.waitSignal(section.said) as said:
        qtbot.mouseClick(section.form.add_button, Qt.MouseButton.LeftButton)
    assert said.args == ["Added clap: 24-d, 48 kHz, 1.2 MB, licence not stated."]
    rest(page, qtbot)
    assert not section.form.isVisible()
    assert section.table.rows["clap"].on and section.table.rows["clap"].badge.text() == "present"
    assert section.detail.name.text() == "clap" and section.detail.facts["vector"].text() == "24 dimensions · 48 kHz"
    assert section.detail.facts["licence"].text() == "not stated in its files"
    assert "clap" in [section.in_use.joint.itemText(i) for i in range(section.in_use.joint.count())]


def test_what_cannot_be_added_leaves_its_sentence_and_the_form(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    section.show_form()
    section.form.source.setText("nobody/none")
    app.refuse = FetchError("“nobody/none” could not be fetched.")
    section.form.add()
    rest(page, qtbot)
    assert section.form.notice.isVisible() and section.form.notice.title.text() == "It was not added. Nothing was changed."
    assert section.form.notice.sentence.text() == "“nobody/none” could not be fetched."
    assert section.form.source.text() == "nobody/none" and section.form.add_button.isEnabled()


def test_the_keyboard_stays_in_the_form_when_a_model_is_refused(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    page.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is not None)
    section.show_form()
    qtbot.keyClicks(QApplication.focusWidget(), "nobody/none")
    app.refuse = FetchError("“nobody/none” could not be fetched.")
    qtbot.keyClick(section.form.source, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is section.form.progress.stop
    qtbot.waitUntil(section.form.notice.isVisible)
    assert QApplication.focusWidget() is section.form.source


def test_adding_can_be_stopped(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    section.show_form()
    app.slow.set()
    section.form.source.setText("a/large-one")
    section.form.add()
    qtbot.waitUntil(lambda: "trying it" in section.form.progress.words.text())
    assert not section.form.source.isEnabled()
    qtbot.mouseClick(section.form.progress.stop, Qt.MouseButton.LeftButton)
    rest(page, qtbot)
    assert "stopped" in section.form.notice.title.text() and app.added_models == {}
    assert section.form.source.isEnabled()


def test_using_another_encoder_indexes_for_it_and_search_stays_until_then(page: SettingsPage, app: FakeEarmark,
                                                                           qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    app.library.hold.set()
    section.choose("bridge")
    qtbot.mouseClick(section.detail.use_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: section.reindexing.running and section.reindexing.progress is not None)
    assert section.changeover.isVisible()
    assert section.changeover.title.text() == "Indexing the library for bridge"
    assert "Searches stay in compact" in section.changeover.words.text()
    assert section.in_use.joint.currentText() == "compact"
    qtbot.waitUntil(lambda: section.table.rows["bridge"].badge.text() == "indexing 0 %")
    qtbot.mouseClick(section.changeover.progress.stop, Qt.MouseButton.LeftButton)
    rest(page, qtbot)
    assert section.changeover.title.text() == "The library is not indexed for bridge yet"
    assert app.settings.value.joint == "compact" and app.library.scans == 1
    app.library.hold.clear()
    with qtbot.waitSignal(section.reindexing.in_use_changed):
        qtbot.mouseClick(section.changeover.go_on, Qt.MouseButton.LeftButton)
    rest(page, qtbot)
    assert app.settings.value.joint == "bridge" and not section.changeover.isVisible()
    assert section.in_use.joint.currentText() == "bridge" and section.table.rows["bridge"].badge.text() == "in use"
    assert section.table.rows["compact"].badge.text() == "present"


def test_a_change_is_given_up_while_it_runs(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    app.library.hold.set()
    section.use("bridge")
    qtbot.waitUntil(lambda: section.reindexing.running)
    assert section.changeover.give_up.text() == "Stay with compact"
    qtbot.mouseClick(section.changeover.give_up, Qt.MouseButton.LeftButton)
    rest(page, qtbot)
    assert (app.settings.value.joint, app.settings.value.joint_next) == ("compact", "")
    assert not section.changeover.isVisible()


def test_an_encoder_that_cannot_be_loaded_is_refused_with_its_reason(page: SettingsPage, app: FakeEarmark,
                                                                      qtbot: QtBot) -> None:
    section = models_of(page, qtbot)
    app.refuse = EncoderError("Its files have changed.")
    section.in_use.joint.setCurrentIndex(section.in_use.joint.findData("bridge"))
    rest(page, qtbot)
    assert section.refusal.isVisible() and section.refusal.sentence.text() == "Its files have changed."
    assert section.in_use.joint.currentText() == "compact" and app.settings.value.joint_next == ""


def test_removing_asks_and_is_off_while_the_model_is_used(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.add_model("/models/clap", name="clap")
    app.settings.change(joint="clap")
    section = models_of(page, qtbot)
    section.choose("clap")
    assert not section.detail.remove_button.isEnabled() and "in use" in section.detail.remove_button.toolTip()
    app.settings.change(joint="compact")
    section.refresh()
    rest(page, qtbot)
    assert section.detail.remove_button.isEnabled()
    box = section.ask_to_remove("clap")
    assert box.defaultButton().text().replace("&", "") == "Cancel"
    next(b for b in box.findChildren(QPushButton) if b.text() == "Remove model").click()
    rest(page, qtbot)
    assert "clap" not in section.table.rows and app.added_models == {}


def test_a_lost_encoder_says_what_happened_and_offers_compact(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.add_model("/models/clap", name="clap")
    app.settings.change(joint="clap")
    app.lost["clap"] = "The files of “clap” are not in “/models/clap” any more."
    section = models_of(page, qtbot)
    assert section.lost.isVisible() and "clap" in section.lost.title.text()
    for said in ("not in “/models/clap” any more", "settings are safe", "look again"):
        assert said in section.lost.sentence.text()
    assert section.table.rows["clap"].badge.text() == "in use, files gone"
    assert section.detail.name.text() == "clap" and section.detail.notice.title.text() == "Its files are gone."
    assert "choose another encoder above" in section.detail.notice.sentence.text()
    assert not section.detail.remove_button.isEnabled()
    app.library.hold.set()
    qtbot.mouseClick(section.lost.fallback, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: section.reindexing.running)
    assert "searches open when that is done" in section.lost.sentence.text() and not section.lost.fallback.isVisible()
    app.library.hold.clear()
    qtbot.waitUntil(lambda: app.settings.value.joint == "compact")
    rest(page, qtbot)
    assert not section.lost.isVisible()


def test_when_the_pending_one_is_lost_one_can_stay(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.settings.change(joint_next="clap")
    app.lost["clap"] = "“clap” is not on the list of added models any more."
    section = models_of(page, qtbot)
    assert section.lost.isVisible() and "cannot be changed over to “clap”" in section.lost.title.text()
    assert not section.lost.fallback.isVisible() and app.library.scans == 0
    qtbot.mouseClick(section.lost.stay, Qt.MouseButton.LeftButton)
    rest(page, qtbot)
    assert not section.lost.isVisible() and app.settings.value.joint_next == ""


def test_another_voice_encoder_is_used_and_one_can_go_back(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.add_model("/models/voices.onnx", name="redimnet")
    app.added_models["redimnet"] = replace(app.added_models["redimnet"], kind="voice", dim=192, rate_hz=16000)
    section = models_of(page, qtbot)
    section.choose("redimnet")
    assert section.detail.use_button.text() == "Use for voices"
    with qtbot.waitSignal(section.said) as said:
        qtbot.mouseClick(section.detail.use_button, Qt.MouseButton.LeftButton)
    assert said.args == ["Voices are recognised with redimnet from now on. Without a recording, to be enrolled again: 1. "
                         "Its threshold is a guess until you set it."]
    rest(page, qtbot)
    assert section.table.rows["redimnet"].badge.text() == "in use" and section.table.rows["ge2e"].badge.text() == "present"
    assert section.in_use.voice.currentText() == "redimnet" and not section.detail.remove_button.isEnabled()
    assert section.in_use.joint.currentText() == "compact"
    section.in_use.voice.setCurrentIndex(section.in_use.voice.findData("ge2e"))
    rest(page, qtbot)
    assert app.settings.value.voice == "ge2e"


def test_there_are_two_voice_encoders_of_the_program_and_one_is_in_use(page: SettingsPage, app: FakeEarmark,
                                                                        qtbot: QtBot) -> None:
    app.models.ready = frozenset({"voice"})
    section = models_of(page, qtbot)
    badges = {name: section.table.rows[name].badge.text() for name in ("ge2e", "campplus")}
    assert badges == {"ge2e": "in use", "campplus": "present"}
    app.models.ready = frozenset()
    assert [row.used for row in section._rows() if row.info.kind == "voice"] == [True, False]  # while it is loaded, too
    assert [section.in_use.voice.itemData(at) for at in range(section.in_use.voice.count())] == ["ge2e", "campplus"]
    section.choose("campplus")
    with qtbot.waitSignal(section.said) as said:
        qtbot.mouseClick(section.detail.use_button, Qt.MouseButton.LeftButton)
    assert said.args == ["Voices are recognised with campplus from now on. Without a recording, to be enrolled again: 1."]
    rest(page, qtbot)
    assert app.settings.value.voice == "campplus" and section.in_use.voice.currentText().startswith("CAM++")
    badges = {name: section.table.rows[name].badge.text() for name in ("ge2e", "campplus")}
    assert badges == {"ge2e": "present", "campplus": "in use"}


def test_voices_without_a_recording_are_named_before_another_encoder_is_used(page: SettingsPage, app: FakeEarmark,
                                                                             qtbot: QtBot) -> None:
    app.unrecorded = ("Anna", "Ben", "Chen", "Dora", "Emil", "Fatima", "Goran")
    section = models_of(page, qtbot)
    section.in_use.voice.setCurrentIndex(section.in_use.voice.findData("campplus"))
    rest(page, qtbot)
    asked = section.findChild(QMessageBox)
    assert "Anna, Ben, Chen, Dora, Emil and 2 more" in asked.informativeText() + asked.text()
    assert app.settings.value.voice == "ge2e" == section.in_use.voice.currentData()  # nothing happens before the answer
    asked.reject()
    rest(page, qtbot)
    assert app.settings.value.voice == "ge2e"
    section.use("campplus")
    rest(page, qtbot)
    asked = next(box for box in section.findChildren(QMessageBox) if box.isVisible())
    next(button for button in asked.buttons() if button.text() == "Use it").click()
    rest(page, qtbot)
    assert app.settings.value.voice == "campplus" == section.in_use.voice.currentData()


def test_a_voice_encoder_that_cannot_be_used_is_refused(page: SettingsPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.add_model("/models/voices.onnx", name="redimnet")
    app.added_models["redimnet"] = replace(app.added_models["redimnet"], kind="voice")
    section = models_of(page, qtbot)
    app.refuse = EncoderError("The file has changed.")
    section.use("redimnet")
    rest(page, qtbot)
    assert section.refusal.sentence.text() == "The file has changed." and app.settings.value.voice == "ge2e"
    assert section.in_use.voice.currentText() == "GE2E d-vector"
