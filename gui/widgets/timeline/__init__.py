"""Who spoke when, drawn: lanes, the stretches in them, and the seconds that are in view."""

from gui.widgets.timeline.lanes import Lane, Stretch, lanes_of_turns
from gui.widgets.timeline.painting import paint_turn
from gui.widgets.timeline.view import View
from gui.widgets.timeline.widget import Timeline, clock

__all__ = ["Lane", "Stretch", "Timeline", "View", "clock", "lanes_of_turns", "paint_turn"]
