"""Shortcuts: the table of actions with their keys."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from gui.actions import TABLE, display_keys, words
from gui.context import Context
from gui.pages.settings.section import Section
from gui.widgets.controls import KeyCap, Text


class ShortcutsSection(Section):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        pages = {"": self.tr("Everywhere"), "live": self.tr("Live"), "voices": self.tr("Voices"),
                 "library": self.tr("Library"), "map": self.tr("Map")}
        ground = QHBoxLayout()
        ground.setSpacing(12)
        columns = (QVBoxLayout(), QVBoxLayout())
        for column in columns:
            column.setSpacing(12)
            ground.addLayout(column, 1)
        for number, (page, name) in enumerate(pages.items()):
            panel = self.panel(name)
            self.column.removeWidget(panel)
            for entry in TABLE:
                if entry.page != page or not entry.keys:
                    continue
                line = QHBoxLayout()
                line.setSpacing(4)
                line.addWidget(Text(self.theme, words(entry.id), "body", wrap=True), 1)
                for key in entry.keys:
                    line.addWidget(KeyCap(self.theme, display_keys(key)))
                panel.body.addLayout(line)
            columns[number % 2].addWidget(panel)
        for column in columns:
            column.addStretch(1)
        self.column.addLayout(ground)
        self.column.addWidget(Text(self.theme, self.tr(
            "Letters and Space work while no text field has the focus. Press beside a field to leave it."),
            "small", "text3"))
        self.column.addStretch(1)
