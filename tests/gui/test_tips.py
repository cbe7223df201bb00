"""Tooltips of names and paths: what looks like HTML is shown as it is written."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from gui.theme import Theme
from gui.widgets.controls.text import ElidedText, plain_tip


@pytest.mark.parametrize("name", ["<b>x</b>", "<img src='http://somewhere/x'>.wav", "a &amp; <i>b", "<h1>Forged", "Anna",
                                  "a < b"])
def test_a_name_in_a_tooltip_is_no_markup(name: str, qtbot: QtBot) -> None:
    document = QTextDocument()
    tip = plain_tip(name)
    if tip == name:
        document.setPlainText(tip)
    else:
        document.setHtml(tip)
    assert document.toPlainText() == name
    label = ElidedText(Theme("dark"), name)
    qtbot.addWidget(label)
    label.resize(6, 20)
    label.show()
    qtbot.waitUntil(lambda: label.toolTip() == tip)
