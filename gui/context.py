"""What every page is given: the program, the look, the jobs, the actions, and the one player."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.actions import Actions
from gui.audition import Audition
from gui.jobs import Jobs
from gui.keeping import keep
from gui.theme import Theme

if TYPE_CHECKING:
    from engine.app import Earmark


@dataclass(frozen=True)
class Context:
    app: Earmark
    theme: Theme
    jobs: Jobs
    actions: Actions
    audition: Audition

    def keep(self, **changes: object) -> bool:
        """Write settings; a failure is said by the window, and is False."""
        return keep(self.app.settings, self.jobs, **changes)
