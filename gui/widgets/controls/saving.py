"""The dialog that asks where a file is to be written."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


def saving_dialog(parent: QWidget, title: str, name: str, words: str, folder: Path | None = None) -> QFileDialog:
    """name: what is suggested, with its ending; words: what such files are called.

    An ending that is left out is added before the dialog looks whether a file would be replaced.
    """
    ending = Path(name).suffix
    dialog = QFileDialog(parent, title, str(folder or Path.home()), f"{words} (*{ending})")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ending.removeprefix("."))
    dialog.selectFile(re.sub(r'[/\\:*?"<>|]', "-", name))
    return dialog


def ask_where(parent: QWidget, title: str, name: str, words: str, folder: Path | None = None) -> Path | None:
    """Where the file is to be written, as `saving_dialog`; None where that was given up."""
    dialog = saving_dialog(parent, title, name, words, folder)
    found = Path(dialog.selectedFiles()[0]) if dialog.exec() else None
    dialog.deleteLater()
    return found
