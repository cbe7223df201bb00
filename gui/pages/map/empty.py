"""What the Map shows where there is nothing to draw: why, and where to go."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from engine.errors import EncoderError
from gui.theme import Theme
from gui.widgets.controls import Button, EmptyState


class EmptyMap(EmptyState):
    """leave(page, what): the act was pressed."""

    leave = Signal(str, object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", "", parent=parent)
        self._to: tuple[str, object] = ("library", None)
        self.act = Button(theme, "", kind="primary", large=True)
        self.act.clicked.connect(lambda: self.leave.emit(*self._to))
        self.acts.addWidget(self.act)

    def show_space(self, space: str) -> None:
        """Nothing is there yet."""
        if space == "voices":
            self._say(self.tr("No voices to map yet"), self.tr(
                "Each enrolled voice appears here as triangles, near those that sound alike, and an × follows who speaks."),
                self.tr("Enroll a voice"), ("voices", "new"))
        else:
            self._say(self.tr("No sounds to map yet"), self.tr(
                "Each sound of the library appears here as a point, near those that sound alike. Point at one to hear it."),
                self.tr("Go to the Library"), ("library", None))

    def show_lost(self, error: EncoderError) -> None:
        """Nothing can be drawn without the encoder; the window says the ways out."""
        self._say(self.tr("The map needs its encoder"), self.tr("{} Nothing that is stored is lost.").format(error),
                  self.tr("Open Settings"), ("settings", None))

    def _say(self, title: str, sentence: str, act: str, to: tuple[str, object]) -> None:
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.act.setText(act)
        self._to = to
