"""The question before something is lost, waited for."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gui.theme import Theme
from gui.widgets.controls import question_box


def sure(parent: QWidget, theme: Theme, title: str, sentence: str, verb: str) -> bool:
    """A dialog with the verb on the button; Cancel has the focus. True when the verb was pressed."""
    box, act = question_box(parent, theme, title, sentence, verb)
    box.exec()
    box.deleteLater()
    return box.clickedButton() is act
