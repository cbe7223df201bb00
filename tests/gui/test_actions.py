"""The table of actions and its keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout
from pytestqt.qtbot import QtBot

from gui.actions import TABLE, Actions, display_keys
from gui.context import Context
from gui.pages.base import Page
from gui.widgets.controls import Button, Chip, Segmented


class Sheet(Page):
    """A page with a text field, a button and two keys."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.done: list[str] = []
        column = QVBoxLayout(self)
        self.field = QLineEdit()
        self.button = Button(self.theme, "Press")
        self.button.clicked.connect(lambda: self.done.append("button"))
        column.addWidget(self.field)
        column.addWidget(self.button)
        self.bind("library.span", lambda: self.done.append("span"))
        self.bind("library.pause", lambda: self.done.append("pause"))
        self.bind("library.next", lambda: self.done.append("next"))


@pytest.fixture
def sheet(context: Context, qtbot: QtBot) -> Sheet:
    sheet = Sheet(context)
    qtbot.addWidget(sheet)
    sheet.show()
    qtbot.waitExposed(sheet)
    sheet.activateWindow()
    sheet.setFocus()
    return sheet


def test_a_letter_acts_when_no_field_has_the_focus(sheet: Sheet, qtbot: QtBot) -> None:
    qtbot.keyClick(sheet, Qt.Key.Key_S)
    qtbot.keyClick(sheet, Qt.Key.Key_Space)
    assert sheet.done == ["span", "pause"]


def test_a_letter_typed_into_a_field_is_text(sheet: Sheet, qtbot: QtBot) -> None:
    sheet.field.setFocus()
    qtbot.keyClicks(sheet.field, "slam s")
    assert sheet.field.text() == "slam s" and sheet.done == []


def test_arrows_belong_to_a_field_that_does_not_leave_them(sheet: Sheet, qtbot: QtBot) -> None:
    sheet.field.setFocus()
    qtbot.keyClick(sheet.field, Qt.Key.Key_Down)
    assert sheet.done == []
    sheet.field.left_keys = {Qt.Key.Key_Down}  # type: ignore[attr-defined]
    qtbot.keyClick(sheet.field, Qt.Key.Key_Down)
    assert sheet.done == ["next"]


def test_arrows_belong_to_lists_trees_and_choices_that_have_the_focus(sheet: Sheet, qtbot: QtBot) -> None:
    tree, choice = QTreeWidget(), Segmented(sheet.theme, [("one", "One"), ("two", "Two")])
    sheet.bind("library.replay", lambda: sheet.done.append("replay"))
    for n in range(3):
        tree.addTopLevelItem(QTreeWidgetItem([str(n)]))
    for widget in (tree, choice):
        sheet.layout().addWidget(widget)
        widget.show()
    tree.setCurrentItem(tree.topLevelItem(0))
    tree.setFocus()
    qtbot.keyClick(tree, Qt.Key.Key_Down)
    assert tree.currentItem() is tree.topLevelItem(1)
    choice.setFocus()
    qtbot.keyClick(choice, Qt.Key.Key_Right)
    assert choice.value == "two" and sheet.done == []


def test_space_presses_what_looks_like_a_button(sheet: Sheet, qtbot: QtBot) -> None:
    chip = Chip(sheet.theme, "Door")
    chip.clicked.connect(lambda: sheet.done.append("chip"))
    sheet.layout().addWidget(chip)
    chip.show()
    chip.setFocus()
    qtbot.keyClick(chip, Qt.Key.Key_Space)
    assert sheet.done == ["chip"]


def test_space_presses_the_button_that_has_the_focus(sheet: Sheet, qtbot: QtBot) -> None:
    sheet.button.setFocus()
    qtbot.keyClick(sheet.button, Qt.Key.Key_Space)
    assert sheet.done == ["button"]


def test_no_two_actions_of_a_page_share_a_key() -> None:
    for page in {entry.page for entry in TABLE if entry.page}:
        keys = [key for entry in TABLE if entry.page in ("", page) for key in entry.keys]
        assert len(keys) == len(set(keys)), page


def test_keys_are_written_as_people_read_them() -> None:
    assert display_keys("Ctrl+K") == "Ctrl K" and display_keys("Down") == "↓"


def test_asking_for_what_nobody_bound_is_passed_on(qtbot: QtBot) -> None:
    actions = Actions()
    with qtbot.waitSignal(actions.wanted) as asked:
        actions.trigger("map.fit")
    assert asked.args == ["map.fit"]
