"""Every dialog: what Enter and Escape do, where the focus is, and that its words can be read whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.jobs import Jobs
from gui.pages.library.failures import FailuresDialog
from gui.pages.voices.confirm import sure
from gui.theme import Theme
from gui.unlock import UnlockDialog
from gui.widgets.controls import Button, PassphraseForm, ask_before_loss, message_box
from tests.gui.fakes import FakeEarmark

SECRET = "seven words are easy to remember"
LONG = "Another Earmark (process 12345) has the workspace “neverland” open for writing."


@pytest.fixture
def locked(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> UnlockDialog:
    app.privacy.locked, app.privacy.secret = "passphrase", SECRET  # type: ignore[assignment]
    dialog = UnlockDialog(app, theme, jobs, "passphrase")  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.form.field.hasFocus)
    return dialog


def test_enter_unlocks_with_the_right_passphrase(locked: UnlockDialog, qtbot: QtBot) -> None:
    ended: list[int] = []
    locked.finished.connect(ended.append)
    qtbot.keyClicks(locked.form.field, SECRET)
    qtbot.keyClick(locked.form.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == [QDialog.DialogCode.Accepted]
    assert locked.form.field.text() == ""


def test_enter_with_a_wrong_passphrase_says_so_and_the_next_key_begins_anew(locked: UnlockDialog, qtbot: QtBot) -> None:
    ended: list[int] = []
    locked.finished.connect(ended.append)
    field = locked.form.field
    qtbot.keyClicks(field, "wrong")
    for _ in range(3):  # a key that is held
        qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: locked.form.words.isVisible() or bool(ended))
    qtbot.waitUntil(lambda: not locked.jobs.running)
    assert ended == [] and locked.isVisible()
    assert locked.form.words.text() == "This passphrase is wrong. Nothing was changed."
    assert field.hasFocus() and field.selectedText() == "wrong"
    qtbot.keyClicks(field, SECRET)
    assert not locked.form.words.isVisible()
    qtbot.keyClick(field, Qt.Key.Key_Enter)
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == [QDialog.DialogCode.Accepted]


def test_enter_while_the_keyring_is_asked_does_not_quit(locked: UnlockDialog, app: FakeEarmark, qtbot: QtBot) -> None:
    ended: list[int] = []
    locked.finished.connect(ended.append)
    locked.again.show()
    locked.again.setFocus()
    qtbot.keyClick(locked.again, Qt.Key.Key_Return)
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget() or locked, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not locked.jobs.running)
    assert ended == [] and locked.form.words.text()


def test_escape_leaves(locked: UnlockDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(locked.rejected):
        qtbot.keyClick(locked.form.field, Qt.Key.Key_Escape)


def test_enter_in_a_passphrase_form_never_presses_a_button_of_the_dialog_around_it(theme: Theme, qtbot: QtBot) -> None:
    dialog, pressed, given = QDialog(), [], []
    qtbot.addWidget(dialog)
    column, form, other = QVBoxLayout(dialog), PassphraseForm(theme, new=False), QPushButton("Quit")
    other.setDefault(True)
    other.clicked.connect(lambda: pressed.append("Quit"))
    form.given.connect(given.append)
    column.addWidget(form)
    column.addWidget(other)
    dialog.show()
    form.ask("Unlock", new=False)
    qtbot.keyClick(form.field, Qt.Key.Key_Return)
    qtbot.keyClicks(form.field, SECRET)
    qtbot.keyClick(form.field, Qt.Key.Key_Return)
    assert (pressed, given) == ([], [SECRET])


def test_no_button_of_ours_is_pressed_by_enter_from_elsewhere(theme: Theme, locked: UnlockDialog, qtbot: QtBot) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    for dialog in (locked, FailuresDialog(theme, [], around)):
        dialog.show()
        assert [one.text() for one in dialog.findChildren(QPushButton) if one.isDefault() or one.autoDefault()] == []


def test_enter_presses_the_button_that_has_the_focus(theme: Theme, qtbot: QtBot) -> None:
    button, pressed = Button(theme, "Do it"), []
    qtbot.addWidget(button)
    button.clicked.connect(lambda: pressed.append(1))
    button.show()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    qtbot.keyClick(button, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)  # a shortcut of the page
    assert pressed == [1]


def test_a_message_is_as_wide_as_its_words_or_wraps_them(theme: Theme, qtbot: QtBot) -> None:
    box = message_box(theme, "Earmark", LONG)
    qtbot.addWidget(box)
    label = box.findChild(QLabel, "qt_msgbox_label")
    assert isinstance(label, QLabel)
    box.show()
    label.setWordWrap(False)  # as Qt measures whether it has to wrap
    room = label.minimumWidth() or label.minimumSizeHint().width()  # a least width of a style sheet stands for the other
    assert room >= label.fontMetrics().horizontalAdvance(LONG)


def test_words_of_a_message_are_plain_and_can_be_copied(theme: Theme, qtbot: QtBot) -> None:
    box = message_box(theme, "Earmark", "The workspace “<b>x</b>” is open.", "Close “<i>it</i>” first.")
    qtbot.addWidget(box)
    for name in ("qt_msgbox_label", "qt_msgbox_informativelabel"):
        label = box.findChild(QLabel, name)
        assert isinstance(label, QLabel) and label.textFormat() == Qt.TextFormat.PlainText
        assert label.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_before_a_loss_enter_and_escape_say_no(theme: Theme, qtbot: QtBot, key: Qt.Key) -> None:
    done: list[int] = []
    around = QWidget()
    qtbot.addWidget(around)
    around.show()
    box = ask_before_loss(around, theme, "Forget everything?", "It is gone then.", "Forget", lambda: done.append(1))
    assert box.defaultButton().text() == "Cancel"
    qtbot.waitUntil(box.defaultButton().hasFocus)
    with qtbot.waitSignal(box.finished):
        qtbot.keyClick(box, key)
    assert done == []


def test_sure_waits_for_the_answer(theme: Theme, qtbot: QtBot) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    around.show()

    def press(words: str) -> Callable[[], None]:
        def now() -> None:
            box = QApplication.activeModalWidget()
            assert box is not None
            next(one for one in box.findChildren(QPushButton) if one.text() == words).click()
        return now

    for words, expected in (("Cancel", False), ("Remove voice", True)):
        QTimer.singleShot(30, press(words))
        assert sure(around, theme, "Remove Anna?", "Her takes are deleted.", "Remove voice") is expected
