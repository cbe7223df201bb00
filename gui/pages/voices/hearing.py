"""Takes and samples are heard from their rows: the button that plays one stops it while it is heard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from engine.records import Audio
from gui.audition import Audition
from gui.theme import Theme
from gui.widgets.controls import IconButton

Token = tuple[str, int]  # "take" or "sample", id


class PlayButton(IconButton):
    """token: what the player calls the sound."""

    def __init__(self, theme: Theme, tip: str, token: Token, parent: QWidget | None = None) -> None:
        super().__init__(theme, "play", tip, size=24, parent=parent)
        self.token, self._tip, self.is_heard = token, tip, False

    def say_not_kept(self) -> None:
        """There is no recording: seen by the shape of the icon too, because no frame tells that this button is off."""
        self.say("", self.tr("The recording of this take was not kept."))
        self.set_icon("speaker-slash")

    def follow(self, heard: object) -> None:
        """heard: the token of what is playing, None for nothing."""
        before, now = self._words(), heard == self.token
        if now == self.is_heard:
            return
        self.is_heard = now
        self.set_icon("stop-fill" if now else "play")
        self.setToolTip(self._words())
        self.setAccessibleName(self.accessibleName().replace(before, self._words(), 1))

    def _words(self) -> str:
        return self.tr("Stop") if self.is_heard else self._tip


class Hearing(QObject):
    """Plays for the buttons below a widget, and shows on them what is heard."""

    def __init__(self, audition: Audition, ground: QWidget) -> None:
        super().__init__(ground)
        self._audition, self._ground = audition, ground
        audition.changed.connect(self.follow)

    def play_or_stop(self, token: Token, sound: Callable[[], Audio]) -> None:
        """sound: makes what is to be heard, in the lane of the player."""
        if self._heard() == token:
            self._audition.stop()
        else:
            self._audition.play(sound, token=token)

    def follow(self) -> None:
        """Something began or ended, or the rows are new."""
        heard = self._heard()
        for button in self._ground.findChildren(PlayButton):
            button.follow(heard)

    def _heard(self) -> object:
        return self._audition.token if self._audition.state != "stopped" else None
