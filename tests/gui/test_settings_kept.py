"""Settings that cannot be written, and sections of Settings whose state cannot be read: it is said, and nothing stays stuck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from filelock import FileLock
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import DeviceError, StoreError
from engine.records import Voice
from gui.audition import Audition
from gui.jobs import Jobs
from gui.pages.library.player import PlayerBar
from gui.pages.live.limits import Limits
from gui.pages.settings import SettingsPage
from gui.pages.settings.appearance import AppearanceSection
from gui.pages.settings.audio import AudioSection
from gui.pages.settings.general import GeneralSection
from gui.pages.settings.privacy import PrivacySection
from gui.theme import Theme
from gui.window import MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer

FULL = "The settings cannot be written: No space left on device."


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(devices, "inputs", lambda rescan=False: [devices.Device("Scarlett", 0, 48000, 1, True, "ALSA"),
                                                                 devices.Device("Webcam", 1, 48000, 1, False, "ALSA")])
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: [devices.Device("Desk", 2, 48000, 2, True, "ALSA")])
    made = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()), remember=False)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    return made


@pytest.fixture
def full(app: FakeEarmark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written any more."""
    def change(**changes: Any) -> None:
        raise StoreError(FULL)

    monkeypatch.setattr(app.settings, "change", change)


def said(window: MainWindow) -> str:
    words = window.toast.words.text()
    window.toast.words.setText("")
    return words


def section(window: MainWindow, qtbot: QtBot, key: str) -> Any:
    page = window.show_page("settings", key)
    assert isinstance(page, SettingsPage)
    qtbot.waitUntil(lambda: not window.jobs.running)
    return page.sections[key]


def test_every_control_survives_settings_that_cannot_be_written(window: MainWindow, app: FakeEarmark, theme: Theme, jobs: Jobs,
                                                                qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    general: GeneralSection = section(window, qtbot, "general")
    audio: AudioSection = section(window, qtbot, "audio")
    live, library, map_ = (cast(Any, window.show_page(page)) for page in ("live", "library", "map"))
    limits, player = Limits(window.context), PlayerBar(window.context)
    for widget in (limits, player):
        qtbot.addWidget(widget)
    player.show_outputs(["Desk"], "")
    qtbot.waitUntil(lambda: not jobs.running)
    before = app.settings.value
    acts: dict[str, Callable[[], object]] = {
        "theme": lambda: window.set_theme("light"),
        "threshold in General": lambda: (general.threshold.setValue(0.9), general.threshold.settle()),
        "threshold on Live": lambda: (limits.threshold.setValue(0.9), limits.threshold.settle()),
        "output in the Library": lambda: player.output.setCurrentIndex(1),
        "output in Audio": lambda: audio.output.setCurrentIndex(1),
        "microphone on Live": lambda: live.devices.activated.emit(1),
        "loop": lambda: library.player.loop.toggle(),
        "space of the map": lambda: map_._choose_space("sounds"),
        "method of the map": lambda: map_._choose_method("umap"),
        "hear on hover": lambda: map_.canvas.hear.toggle(),
        "volume": lambda: (window.audition.set_volume_db(-20.0), window.audition._write_volume())}

    def change(**changes: Any) -> None:
        raise StoreError(FULL)

    with qtbot.captureExceptions() as wrong, monkeypatch.context() as full:
        full.setattr(app.settings, "change", change)
        for name, act in acts.items():
            act()
            assert said(window) == FULL, name
        qtbot.waitUntil(lambda: not jobs.running)
    assert wrong == [] and app.settings.value == before and theme.dark
    assert limits.threshold.value() == general.threshold.value() == pytest.approx(before.threshold)
    assert player.output.currentIndex() == audio.output.currentIndex() == 0
    assert window.audition.volume_db == before.volume_db


def test_a_tick_that_could_not_be_kept_is_taken_back(window: MainWindow, theme: Theme, qtbot: QtBot, full: None) -> None:
    look: AppearanceSection = section(window, qtbot, "appearance")
    moved = theme.reduced_motion
    look.motion.toggle()
    look.mode.choose("light")
    assert look.motion.isChecked() == moved == theme.reduced_motion and theme.dark and look.mode.value != "light"
    assert said(window) == FULL


def test_the_window_waits_as_long_as_it_is_told_to_for_another_program(window: MainWindow, app: FakeEarmark) -> None:
    app.settings.wait_s = 0.1
    with FileLock(app.workspace / "settings.toml.lock"):
        window.set_theme("light")
    assert "another program has been writing them for 0.1 s" in said(window)
    window.set_theme("light")
    assert said(window) == "" and app.settings.value.theme == "light"


def test_privacy_says_why_nothing_is_known_with_an_act(window: MainWindow, app: FakeEarmark, qtbot: QtBot,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> bool:
        raise StoreError("The keyring does not answer.")

    monkeypatch.setattr(app.privacy, "keyring_usable", locked)
    privacy: PrivacySection = section(window, qtbot, "privacy")
    assert privacy.notice.isVisible() and privacy.notice.sentence.text() == "The keyring does not answer."
    assert privacy.rows["voices"].text() == privacy.encryption.badge.text() == "not known"
    assert "not known" in privacy.carrying.export.toolTip()
    monkeypatch.undo()
    privacy.again.click()
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert not privacy.notice.isVisible() and privacy.encryption.by_passphrase.isVisible()
    assert privacy.encryption.badge.text() == "not encrypted" and privacy.carrying.export.isEnabled()


def test_a_sound_system_that_does_not_answer_leaves_no_looking(window: MainWindow, app: FakeEarmark, qtbot: QtBot,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(rescan: bool = False) -> list[devices.Device]:
        raise DeviceError("The sound system does not answer.")

    app.settings.change(input_device="Scarlett")
    inputs = devices.inputs
    monkeypatch.setattr(devices, "inputs", broken)
    audio: AudioSection = section(window, qtbot, "audio")
    assert "does not answer" in audio._input_why.text()
    assert audio.input.currentText() == "Scarlett" and audio.output.currentText() == "System default"
    monkeypatch.setattr(devices, "inputs", inputs)
    audio._look(rescan=True)
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert audio.input.isEnabled() and audio.input.currentText() == "Scarlett" and not audio._input_why.isVisible()


def test_export_from_the_commands_asks_for_a_file_once_the_voices_are_known(window: MainWindow, qtbot: QtBot,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("gui.pages.settings.carrying.ask_where", lambda parent, title, name, what: asked.append(name))
    window.page("settings")
    window.do("settings.export")
    qtbot.waitUntil(lambda: bool(asked))
    qtbot.waitUntil(lambda: not window.jobs.running)
    qtbot.wait(30)
    assert asked == ["voices.earmark"]
    window.do("settings.export")
    assert len(asked) == 2


def test_export_of_no_voices_says_so(window: MainWindow, app: FakeEarmark, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[Voice]:
        return []

    monkeypatch.setattr(app.voices, "list", none)
    window.do("settings.export")
    qtbot.waitUntil(lambda: said(window) == "There are no voices yet.")
