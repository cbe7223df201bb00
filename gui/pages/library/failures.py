"""What could not be read, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from engine.records import Failure, Folder
from gui.theme import Theme
from gui.widgets.controls import Button, Text, plain_tip
from gui.words import count


def all_failures(remembered: Sequence[Failure], passing: Iterable[Failure], folders: Sequence[Folder]) -> list[Failure]:
    """By path: what the library remembers, and what only the last scan saw, where that folder is still part of it."""
    here = [one for one in passing if any(one.path.is_relative_to(folder.path) for folder in folders)]
    return sorted([*remembered, *here], key=lambda failure: failure.path)


class FailuresDialog(QDialog):
    """The list of what could not be read."""

    def __init__(self, theme: Theme, failures: Sequence[Failure], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Files that could not be read"))
        self.resize(720, 420)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(Text(theme, self.tr("One file could not be read") if len(failures) == 1 else
                              self.tr("{} files could not be read").format(count(len(failures))), "title", weight=600))
        column.addWidget(Text(theme, self.tr(
            "All others are in the library. These are tried again when they change."), "body", "text2", wrap=True))
        self.table = QTableWidget(len(failures), 2)
        self.table.setHorizontalHeaderLabels([self.tr("File"), self.tr("Why")])
        self.table.setAccessibleName(self.tr("Files that could not be read"))
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for number, failure in enumerate(failures):
            for place, text in enumerate((_words(failure), failure.reason)):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tip(text))
                self.table.setItem(number, place, item)
        column.addWidget(self.table, 1)
        row = QHBoxLayout()
        copy = Button(theme, self.tr("Copy list"), "copy")
        lines = "\n".join(f"{_words(failure)}\t{failure.reason}" for failure in failures)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(lines))
        close = Button(theme, self.tr("Close"))
        close.clicked.connect(self.accept)
        row.addWidget(copy)
        row.addStretch(1)
        row.addWidget(close)
        column.addLayout(row)


def _words(failure: Failure) -> str:
    return str(failure.path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
