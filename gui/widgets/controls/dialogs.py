"""Message boxes: what cannot be done, and the question before something is lost (the verb on the button, Cancel in focus)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QWidget

from gui.theme import Theme
from gui.words import breakable


def message_box(theme: Theme, title: str, text: str, detail: str = "", parent: QWidget | None = None) -> QMessageBox:
    """A box without buttons. Its words are shown whole, as they are (a name may look like HTML), and can be copied."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, breakable(text), QMessageBox.StandardButton.NoButton, parent)
    box.setIconPixmap(theme.pixmap("warning", "warning", 28))
    box.setInformativeText(breakable(detail))
    for label in box.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
    return box


def question_box(parent: QWidget, theme: Theme, question: str, detail: str, verb: str) -> tuple[QMessageBox, QPushButton]:
    """The question before something is lost, not shown yet, and the button that says yes. Enter and Escape say no."""
    box = message_box(theme, verb, question, detail, parent)
    act = box.addButton(verb, QMessageBox.ButtonRole.DestructiveRole)
    act.setProperty("kind", "danger")
    act.style().unpolish(act)
    act.style().polish(act)
    cancel = box.addButton(QCoreApplication.translate("Dialogs", "Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    cancel.setFocus()
    return box, act


def ask_before_loss(parent: QWidget, theme: Theme, question: str, detail: str, verb: str,
                    then: Callable[[], object]) -> QMessageBox:
    """Open (not wait for) the question; `then` is called when the verb is pressed."""
    box, act = question_box(parent, theme, question, detail, verb)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    act.clicked.connect(lambda: then())
    box.open()
    box.defaultButton().setFocus()
    return box
