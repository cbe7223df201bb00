"""The one player of the window: what is played cuts off what was played before, on whichever page.

Opening a loudspeaker and decoding happen in the `sound` lane; the position is read by a timer that runs only while
something plays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import EarmarkError, StoreError
from engine.tasks import Ticket
from gui.jobs import Jobs
from gui.keeping import keep

if TYPE_CHECKING:
    from engine.records import Audio
    from engine.settings import SettingsFile

log = logging.getLogger(__name__)
POSITION_MS = 33
REST_MS = 400  # a volume that was not moved for so long is written to the settings


class Audition(QObject):
    """changed: started, paused, stopped or failed. moved(position_s): while playing. `error`: None if all is well."""

    changed = Signal()
    moved = Signal(float)

    def __init__(self, jobs: Jobs, settings: SettingsFile, make_player: Callable[[str, float], Any] | None = None,
                 parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._make_player = make_player or _real_player
        self._player: Any = None
        self._player_name: str | None = None
        self._ticket: Ticket | None = None
        self._coming = False  # what is to be played is still being opened; what is heard is the sound before
        self.token: object = None  # what the owner said is playing
        self.error: EarmarkError | None = None
        self._timer = QTimer(self, interval=POSITION_MS)
        self._timer.timeout.connect(self._tick)
        self._moved_to_db: float | None = None  # a volume that is in effect and not written yet
        self._rest = QTimer(self, interval=REST_MS, singleShot=True)
        self._rest.timeout.connect(self._write_volume)

    @property
    def state(self) -> str:
        """"stopped", "playing" or "paused"."""
        return str(self._player.state) if self._player is not None else "stopped"

    @property
    def position_s(self) -> float:
        return float(self._player.position_s) if self._player is not None else 0.0

    def play(self, what: Path | Audio | Callable[[], Audio], start_s: float = 0.0, end_s: float | None = None, loop: bool = False,
             token: object = None) -> None:
        """Cut off what plays and play this; what has to be made first is made in the lane. `token` names it for those who
        ask what is playing."""
        if self._ticket is not None:
            self._ticket.cancel()
        self.token = token
        name, volume_db = self._settings.value.output_device, self.volume_db

        def work(ticket: Ticket) -> None:
            player = self._open(name, volume_db)
            sound = what() if callable(what) else what
            ticket.check()
            player.play(sound, start_s=start_s, end_s=end_s, loop=loop)

        self._coming = True
        self._ticket = self._jobs.run(self, work, lane="sound", done=self._started, failed=self._not_started)

    def pause_or_resume(self) -> None:
        if self._player is not None and self.state != "stopped":
            self._order(self._player.pause if self.state == "playing" else self._player.resume)

    def stop(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self.token, self._coming = None, False
        if self._player is not None:
            self._order(self._player.stop)

    @property
    def volume_db(self) -> float:
        return self._settings.value.volume_db if self._moved_to_db is None else self._moved_to_db

    def set_volume_db(self, volume_db: float) -> None:
        """At once, also while something plays. It is written to the settings when it has come to rest, not at every step."""
        self._moved_to_db = volume_db
        self._rest.start()
        if self._player is not None:
            self._player.volume_db = volume_db

    def close(self) -> None:
        """The program ends. The loudspeaker is closed in its lane, which leaving waits for: its device may not answer."""
        self._timer.stop()
        self._rest.stop()
        try:
            self._write_volume()
        except StoreError as error:  # the volume is not remembered, and that is all
            log.info("the volume was not written: %s", error.kind)
        if self._player is not None or self._coming:  # otherwise leaving would wait for what else is in the lane, and for nothing
            self._jobs.run(self, lambda ticket: self._let_go(), lane="sound", must_finish=True)

    def _write_volume(self) -> None:
        volume_db, self._moved_to_db = self._moved_to_db, None
        if volume_db is not None and volume_db != self._settings.value.volume_db:
            keep(self._settings, self._jobs, volume_db=volume_db)

    def _open(self, name: str, volume_db: float) -> Any:
        if self._player is None or self._player_name != name:
            self._let_go()
            self._player = self._make_player(name, volume_db)
            self._player_name = name
        return self._player

    def _let_go(self) -> None:
        """In the sound lane."""
        player, self._player = self._player, None
        if player is not None:
            player.close()

    def _order(self, what: Callable[[], object]) -> None:
        """The player belongs to the sound lane."""
        self._jobs.run(self, lambda ticket: what(), lane="sound", done=lambda _: self._follow(), failed=self._failed)

    def _started(self, _: None) -> None:
        self.error, self._coming = None, False
        self._follow()

    def _not_started(self, error: EarmarkError) -> None:
        """What was played before goes silent all the same: it is not what was asked for, and nothing on the screen shows it."""
        self._coming = False
        self._failed(error)
        if self._player is not None:
            self._order(self._player.stop)

    def _failed(self, error: EarmarkError) -> None:
        self.error = error
        self._follow()

    def _follow(self) -> None:
        if self.state == "playing":
            self._timer.start()
        else:
            self._timer.stop()
        self.changed.emit()

    def _tick(self) -> None:
        if not self._coming:
            self.moved.emit(self.position_s)
        if self.state != "playing":
            self.error = getattr(self._player, "error", None)
            self._follow()


def _real_player(name: str, volume_db: float) -> Any:
    from engine.audio.playback import Player

    return Player(name, volume_db)
