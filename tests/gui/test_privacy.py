"""Settings › Privacy and the dialog before the window, as their user sees them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keyring
import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from engine.app import Earmark
from engine.audio import files
from engine.errors import KeyringMissing, UnlikeVoice, WrongPassphrase
from engine.records import Audio, Embedding
from engine.store import NewTake
from gui import app as program
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.settings.privacy import PrivacySection
from gui.theme import Theme
from gui.unlock import UnlockDialog
from tests.gui.fakes import CODE, FakeEarmark
from tests.gui.test_voices import answer
from tests.keyring_in_a_folder import FolderKeyring

SECRET = "seven words are easy to remember"


@pytest.fixture
def section(context: Context, qtbot: QtBot) -> PrivacySection:
    made = PrivacySection(context)
    qtbot.addWidget(made)
    made.resize(1100, 820)
    made.show()
    made.refresh()
    rest(made, qtbot)
    return made


def rest(section: PrivacySection, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: section.jobs.running == [])


def type_twice(section: PrivacySection, first: str, second: str) -> None:
    form = section.encryption.form
    form.field.setText(first)
    form.again.setText(second)
    form.go.click()


def test_one_of_a_kind_is_said_as_one(section: PrivacySection, app: FakeEarmark, monkeypatch: pytest.MonkeyPatch,
                                      qtbot: QtBot) -> None:
    voice = app.voices.list()[0]
    take = replace(app.voices.takes(voice.id)[0], recording=Path("a.wav"))
    monkeypatch.setattr(app.voices, "list", lambda: [voice])
    monkeypatch.setattr(app.voices, "takes", lambda voice_id: [take])
    monkeypatch.setattr(app.timelines, "list", lambda: [object()])
    app.store.recordings.mkdir(parents=True, exist_ok=True)
    (app.store.recordings / "a.wav").write_bytes(b"x" * 2_000)
    section.refresh()
    rest(section, qtbot)
    said = {key: text.text() for key, text in section.rows.items()}
    assert said["voices"].startswith("1 voice · ") and said["timelines"] == "1 timeline"
    assert said["recordings"].startswith("1 take kept with consent · 1 file · ")


def test_the_keyring_keeps_the_key_and_the_recovery_code_is_shown_once(section: PrivacySection, app: FakeEarmark,
                                                                      qtbot: QtBot) -> None:
    part = section.encryption
    assert (part.badge.text(), part.by_keyring.text()) == ("not encrypted", "Encrypt with the keyring")
    assert not part.off.isVisible() and not part.code.isVisible()
    part.by_keyring.click()
    rest(section, qtbot)
    assert app.privacy.way == "keyring"
    assert part.badge.text() == "encrypted" and "since 2026-11-20" in part.key.text()
    assert part.code.isVisible() and part.code.title.text() == CODE
    next(b for b in part.code.findChildren(QPushButton) if b.text() == "Copy").click()
    assert QApplication.clipboard().text() == CODE
    next(b for b in part.code.findChildren(QPushButton) if b.text() == "I have written it down").click()
    assert not part.code.isVisible() and part.code.title.text() == ""
    part.off.click()
    box = section.findChild(QMessageBox)
    assert box is not None and box.defaultButton().text() == "Cancel" and "recovery code" in box.informativeText()
    box.reject()
    rest(section, qtbot)
    assert app.privacy.way == "keyring"
    next(b for b in part.ask_to_turn_off().findChildren(QPushButton) if b.text() == "Turn off encryption").click()
    rest(section, qtbot)
    assert app.privacy.way == "off" and part.badge.text() == "not encrypted" and part.off.isHidden()


def test_nothing_is_said_before_it_is_known(context: Context, app: FakeEarmark, qtbot: QtBot) -> None:
    app.privacy.way = "keyring"
    made = PrivacySection(context)
    qtbot.addWidget(made)
    made.show()
    part = made.encryption
    assert part.badge.text() == "Looking…" and part.about.text().strip() == part.key.text().strip() == ""
    assert not any(button.isEnabled() and button.isVisible() for button in (part.by_keyring, part.by_passphrase, part.off))
    assert "Looking" in made.carrying.export.toolTip() and not made.carrying.export.isEnabled()
    made.refresh()
    rest(made, qtbot)
    assert part.badge.text() == "encrypted" and part.off.isVisible() and made.carrying.export.isEnabled()


def test_a_passphrase_is_typed_twice_hidden_and_not_kept(section: PrivacySection, app: FakeEarmark, qtbot: QtBot) -> None:
    part = section.encryption
    part.by_passphrase.click()
    assert part.form.isVisible() and part.form.field.hasFocus()
    assert part.form.field.echoMode() == part.form.again.echoMode() == QLineEdit.EchoMode.Password
    type_twice(section, "short", "short")
    assert "At least 8" in part.form.words.text() and app.privacy.way == "off"
    type_twice(section, SECRET, SECRET + "!")
    assert part.form.words.text() == "The two are not the same."
    type_twice(section, SECRET, SECRET)
    rest(section, qtbot)
    assert (app.privacy.way, app.privacy.secret) == ("passphrase", SECRET)
    assert part.form.isHidden() and part.form.field.text() == part.form.again.text() == ""
    assert part.by_passphrase.text() == "Change passphrase…" and part.by_keyring.text() == "Use the keyring"


def test_the_recovery_code_is_seen_before_anything_is_sealed(section: PrivacySection, app: FakeEarmark, qtbot: QtBot,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    go, part = threading.Event(), section.encryption
    encrypt = app.privacy.encrypt

    def slow(passphrase: str | None = None, show: Any = None) -> str | None:
        show(CODE)
        assert go.wait(5)
        return encrypt(passphrase)

    monkeypatch.setattr(app.privacy, "encrypt", slow)
    part.by_keyring.click()
    qtbot.waitUntil(part.code.isVisible)
    assert part.code.title.text() == CODE and app.privacy.way == "off"
    go.set()
    rest(section, qtbot)
    assert part.code.isVisible() and app.privacy.way == "keyring"


def test_a_code_that_opens_nothing_does_not_stay(section: PrivacySection, app: FakeEarmark, qtbot: QtBot) -> None:
    app.privacy.fail = KeyringMissing()
    section.encryption.by_keyring.click()
    rest(section, qtbot)
    assert section.encryption.code.isHidden() and section.encryption.code.title.text() == ""


def test_without_a_keyring_its_button_says_why_and_a_failure_is_a_sentence(section: PrivacySection, app: FakeEarmark,
                                                                          qtbot: QtBot) -> None:
    said: list[str] = []
    section.said.connect(said.append)
    app.privacy.fail = KeyringMissing()
    section.encryption.by_keyring.click()
    rest(section, qtbot)
    assert "choose a passphrase" in said[0] and section.encryption.badge.text() == "not encrypted"
    assert section.encryption.by_keyring.isEnabled()
    app.privacy.keyring = False
    section.refresh()
    rest(section, qtbot)
    assert not section.encryption.by_keyring.isEnabled()
    assert "no keyring" in section.encryption.by_keyring.toolTip()
    assert section.encryption.by_passphrase.isEnabled()


def test_exporting_one_voice_and_importing_it(section: PrivacySection, app: FakeEarmark, qtbot: QtBot, tmp_path: Path) -> None:
    said: list[str] = []
    section.said.connect(said.append)
    part = section.carrying
    assert [part.which.itemText(i) for i in range(3)] == ["All voices", "Amara Okafor", "Ben Lindqvist"]
    part.which.setCurrentIndex(2)
    part.ask_for_export(tmp_path / "ben.earmark")
    part.form.field.setText(SECRET)
    part.form.again.setText(SECRET)
    part.form.go.click()
    rest(section, qtbot)
    assert app.privacy.asked == [("export", tmp_path / "ben.earmark", SECRET, ("Ben Lindqvist",))]
    assert "are in ben.earmark" in said[-1]
    part.clash.choose("merge")
    app.privacy.fail = WrongPassphrase()
    part.ask_for_import(tmp_path / "ben.earmark")
    assert part.form.again.isHidden()
    for _ in range(2):
        part.form.field.setText(SECRET)
        part.form.go.click()
        rest(section, qtbot)
        if len(app.privacy.asked) == 1:
            assert part.form.isVisible() and part.form.words.text().startswith("This passphrase is wrong.")
    assert app.privacy.asked[-1] == ("import", tmp_path / "ben.earmark", SECRET, "merge")
    assert "Imported: Chen Yu (2)." in said[-1] and "enrolled again" in said[-1]
    assert part.form.isHidden()


@pytest.mark.parametrize("yes", [False, True])
def test_before_takes_are_added_to_a_voice_that_they_are_unlike_one_is_asked(section: PrivacySection, app: FakeEarmark,
                                                                             tmp_path: Path, qtbot: QtBot, yes: bool) -> None:
    part = section.carrying
    app.privacy.fail = UnlikeVoice("Ben Lindqvist", 0.2, 0.5, what="Ben Lindqvist of the file")
    part.clash.choose("merge")
    part.ask_for_import(tmp_path / "ben.earmark")
    part.form.field.setText(SECRET)
    asked: list[str] = []
    answer("Add the takes anyway" if yes else "Cancel", [], asked)
    part.form.go.click()
    qtbot.waitUntil(lambda: bool(asked))
    assert asked[0].startswith("Ben Lindqvist of the file does not sound like Ben Lindqvist")
    rest(section, qtbot)
    assert app.privacy.asked == ([("import", tmp_path / "ben.earmark", SECRET, "merge", "anyway")] if yes else [])
    assert part.form.isHidden() == yes  # who says no can choose the other way, with the passphrase that is still there
    assert part.import_.isEnabled()


def test_a_start_without_encryption_asks_nothing(app: FakeEarmark, theme: Theme, jobs: Jobs) -> None:
    assert program.unlocked(app, theme, jobs)  # type: ignore[arg-type]


@pytest.mark.parametrize(("why", "words", "prompt"), [
    ("passphrase", "Type the passphrase", "Passphrase"), ("keyring", "missing or locked", "Recovery code"),
    ("key", "not in the keyring of this computer any more", "Recovery code")])
def test_the_dialog_says_why_and_opens_with_the_right_words(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot,
                                                            why: str, words: str, prompt: str) -> None:
    app.privacy.locked, app.privacy.secret = why, SECRET  # type: ignore[assignment]
    dialog = UnlockDialog(app, theme, jobs, why)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    assert words in dialog.why.text() and dialog.form.field.accessibleName() == prompt
    assert dialog.again.isVisible() == (why == "keyring")
    dialog.form.field.setText("wrong")
    dialog.form.go.click()
    qtbot.waitUntil(lambda: dialog.form.words.isVisible())
    assert dialog.form.words.text() == "This passphrase is wrong. Nothing was changed."
    assert not dialog.form.field.isReadOnly() and dialog.form.field.selectedText() == "wrong"
    dialog.form.field.setText(SECRET)
    with qtbot.waitSignal(dialog.accepted):
        dialog.form.go.click()


def test_all_words_of_the_dialog_can_be_read_also_when_one_more_line_comes(app: FakeEarmark, theme: Theme, jobs: Jobs,
                                                                            qtbot: QtBot) -> None:
    dialog = UnlockDialog(app, theme, jobs, "keyring")  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    before = dialog.height()
    dialog.form.say("This passphrase is wrong. Nothing was changed.")
    qtbot.waitUntil(lambda: all(label.isVisible() and label.height() >= label.heightForWidth(label.width()) > 0
                                for label in (dialog.why, dialog.form.words)), timeout=2_000)
    assert dialog.height() > before
    dialog.form.say("")
    qtbot.waitUntil(lambda: dialog.height() == before)


def test_a_keyring_that_was_unlocked_meanwhile_is_asked_again(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> None:
    app.privacy.locked = "keyring"  # type: ignore[assignment]
    dialog = UnlockDialog(app, theme, jobs, "keyring")  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.again.click()
    qtbot.waitUntil(lambda: jobs.running == [] and dialog.again.isEnabled())
    assert dialog.isVisible()
    app.privacy.locked = None
    with qtbot.waitSignal(dialog.accepted):
        dialog.again.click()


def test_who_lost_the_passphrase_can_forget_everything_or_leave(app: FakeEarmark, theme: Theme, jobs: Jobs,
                                                               qtbot: QtBot) -> None:
    dialog = UnlockDialog(app, theme, jobs, "passphrase")  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    box = dialog.ask_to_forget()
    assert box.defaultButton().text().replace("&", "") == "Cancel"  # type: ignore[attr-defined]
    with qtbot.waitSignal(dialog.accepted):
        next(b for b in box.findChildren(QPushButton) if b.text() == "Forget everything").click()
    assert app.forgotten
    with qtbot.waitSignal(dialog.rejected):
        dialog.form.cancel.click()


def test_with_a_true_workspace_from_encrypting_to_unlocking_and_playing(tmp_path: Path, theme: Theme, jobs: Jobs,
                                                                       qtbot: QtBot) -> None:
    """No fake but the keyring: a store, a key, a kill of the memory, the dialog, and the recording of a take."""
    before, ours = keyring.get_keyring(), FolderKeyring(tmp_path / "keyring")
    keyring.set_keyring(ours)
    try:
        sound = Audio((np.sin(np.arange(8000) / 9) * 0.3).astype(np.float32), 16_000)
        with Earmark(tmp_path / "Studio") as app:
            voice, spec, now = app.store.voices.create("Anna"), app.models.spec("voice"), datetime.now(UTC)
            with app.store.writing():
                kept = app.store.voices.keep_recording(voice.id, "ab" * 32, files.wav_bytes(sound))
                take = app.store.voices.add_take(voice.id, NewTake(
                    "microphone", "ab" * 32, now, 0.5, 0.5, -20.0, 30.0, 0, kept, now, spec,
                    [(Embedding(np.eye(spec.dim, dtype=np.float32)[0], 1.0), 0.5)]))
            code = app.privacy.encrypt()
            assert code is not None and app.locked() is None
        for entry in ours.folder.iterdir():
            entry.unlink()
        with Earmark(tmp_path / "Studio") as app:
            why = app.locked()
            assert why == "key"
            dialog = UnlockDialog(app, theme, jobs, why)
            qtbot.addWidget(dialog)
            dialog.show()
            dialog.form.field.setText(code.lower())
            with qtbot.waitSignal(dialog.accepted, timeout=20_000):
                dialog.form.go.click()
            assert app.locked() is None
            assert [one.name for one in app.voices.list()] == ["Anna"]
            heard = app.voices.recording(take.id)
            assert np.abs(heard.samples - sound.samples).max() < 1e-4
            assert list((tmp_path / "Studio" / "recordings").rglob("*.wav")) == []
    finally:
        keyring.set_keyring(before)
