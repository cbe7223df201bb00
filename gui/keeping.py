"""Writing settings from the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import EarmarkError

if TYPE_CHECKING:
    from engine.settings import SettingsFile
    from gui.jobs import Jobs

WAIT_S = 1.0  # the longest that a change made in the window waits for another program's: the window stands still meanwhile


def keep(settings: SettingsFile, jobs: Jobs, **changes: object) -> bool:
    """Write settings. Where that is not possible the window says why, nothing is changed, and it is False: whoever shows the
    setting shows it as it was."""
    try:
        settings.change(**changes)
    except EarmarkError as error:
        jobs.unheard.emit("", error)
        return False
    return True
