"""The dialog before something is lost: the verb on the button, Cancel in focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from gui.theme import Theme


def ask_before_loss(parent: QWidget, theme: Theme, question: str, detail: str, verb: str,
                    then: Callable[[], object]) -> QMessageBox:
    """Open (not wait for) the question; `then` is called when the verb is pressed."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, verb, question, QMessageBox.StandardButton.NoButton, parent)
    box.setIconPixmap(theme.pixmap("warning", "warning", 28))
    box.setInformativeText(detail)
    act = box.addButton(verb, QMessageBox.ButtonRole.DestructiveRole)
    act.setProperty("kind", "danger")
    act.style().unpolish(act)
    act.style().polish(act)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    act.clicked.connect(lambda: then())
    box.open()
    cancel.setFocus()
    return box
