"""Appearance: dark or light, and how much moves."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QSignalBlocker

from gui.context import Context
from gui.pages.settings.section import Section
from gui.theme import Mode
from gui.widgets.controls import Check, Segmented


class AppearanceSection(Section):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = self.app.settings.value
        panel = self.panel(self.tr("Look"))
        self.mode = Segmented(self.theme, [("system", self.tr("Like the system")), ("dark", self.tr("Dark")),
                                           ("light", self.tr("Light"))], settings.theme, name=self.tr("Theme"))
        self.mode.chosen.connect(self._chosen)
        self.row(panel, self.tr("Theme"), self.mode, self.tr("It changes at once, also while sound plays."))
        self.motion = Check(self.theme, self.tr("Reduce motion"))
        self.motion.setChecked(settings.reduced_motion)
        self.motion.toggled.connect(self._moved)
        self.row(panel, self.tr("Motion"), self.motion, self.tr("Maps jump to a new fit instead of gliding there."))
        self.column.addStretch(1)

    def refresh(self) -> None:
        settings = self.app.settings.value
        self.mode.set_value(settings.theme)
        with QSignalBlocker(self.motion):
            self.motion.setChecked(settings.reduced_motion)

    def _chosen(self, mode: str) -> None:
        if self.change(theme=mode):
            self.theme.set_mode(cast(Mode, mode))

    def _moved(self, reduced: bool) -> None:
        if self.change(reduced_motion=reduced):
            self.theme.reduced_motion = reduced
