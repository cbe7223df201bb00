"""The Settings page as its user sees it."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import FetchError
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
from gui.widgets.controls import Text
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
    qtbot.waitUntil(lambda: section._device_words.text() == "CPU · 2 threads")
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
    qtbot.waitUntil(lambda: bool(session.voices))
    session.poll()
    live._draw_turns()
    listener = app.voices.listener_
    assert listener is not None and live.who.timeline.lanes() and live.spoken.rows.rows
    go, ended = threading.Event(), []

    def scan(ticket: Ticket) -> None:
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
