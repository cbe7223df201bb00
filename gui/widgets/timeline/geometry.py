"""Where everything of a timeline lies: lanes, stretches, the strip of the whole below."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtWidgets import QWidget

from gui.widgets.timeline.lanes import Lane, Stretch
from gui.widgets.timeline.view import View

GUTTER, RIGHT, HEAD, OVERVIEW = 148, 12, 26, 44
LANE, LANE_LOW, LANE_HIGH = 40, 28, 52  # the last one in recordings, which have the page to themselves
SLACK_PX = 3  # beside a stretch still counts as on it


class TimelineGround(QWidget):
    """view: the seconds in view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = View()
        self._lanes: list[Lane] = []
        self._stretches: list[Stretch] = []
        self._top_lane = 0
        self._live = True

    @property
    def window_s(self) -> float:
        return self.view.window_s

    @property
    def shown(self) -> tuple[float, float]:
        return self.view.shown

    def sizeHint(self) -> QSize:
        return QSize(600, HEAD + 4 * LANE + OVERVIEW)

    def _lane_height(self) -> float:
        room = self.height() - HEAD - OVERVIEW
        return min(LANE if self._live else LANE_HIGH, max(LANE_LOW, room / max(1, len(self._lanes))))

    def _fitting(self) -> int:
        return max(1, int((self.height() - HEAD - OVERVIEW + 0.5) // self._lane_height()))

    def _track(self) -> tuple[float, float]:
        return float(GUTTER), float(self.width() - RIGHT)

    def _x(self, time_s: float) -> float:
        left, right = self._track()
        start, end = self.shown
        return left + (time_s - start) / max(end - start, 1e-6) * (right - left)

    def _time(self, x: float) -> float:
        left, right = self._track()
        start, end = self.shown
        return start + (x - left) / max(right - left, 1.0) * (end - start)

    def _whole(self) -> float:
        return max(self.view.whole_s, 1.0)

    def _overview(self) -> QRectF:
        left, right = self._track()
        lanes = min(len(self._lanes), self._fitting())
        top = HEAD + lanes * self._lane_height() + 14
        return QRectF(left, min(top, self.height() - 30), right - left, 18)

    def _on_strip(self, at: QPointF) -> bool:
        strip = self._overview().adjusted(0, -8, 0, 8)
        return bool(self._lanes) and strip.top() <= at.y() <= strip.bottom() and at.x() >= GUTTER - 8

    def _lane_at(self, y: float) -> int | None:
        found = int((y - HEAD) // self._lane_height())
        if y < HEAD or found >= self._fitting():
            return None
        found += self._top_lane
        return found if found < len(self._lanes) else None

    def _name_at(self, at: QPointF) -> int | None:
        """The lane at whose name the pointer is, if it can be named."""
        lane = self._lane_at(at.y()) if at.x() < GUTTER else None
        return lane if lane is not None and self._lanes[lane].can_name else None

    def _bar_box(self, one: Stretch) -> QRectF | None:
        """Where a stretch is drawn; None out of view."""
        height = self._lane_height()
        row = one.lane - self._top_lane
        left, right = self._track()
        x0, x1 = max(self._x(one.span.start_s), left), min(self._x(one.span.end_s), right)
        if not 0 <= row < self._fitting() or x1 <= left or x0 >= right:
            return None
        bar = 28.0 if height >= LANE_HIGH else 22.0 if height >= 36 else height - 8
        return QRectF(x0, HEAD + row * height + (height - bar) / 2, max(3.0, x1 - x0), bar)

    def stretch_at(self, at: QPointF) -> int | None:
        """Position of the stretch under the pointer."""
        lane = self._lane_at(at.y()) if at.x() >= GUTTER else None
        time_s = self._time(at.x())
        slack = SLACK_PX / max(1.0, self._track()[1] - self._track()[0]) * self.window_s
        for position, one in enumerate(self._stretches):
            if one.lane == lane and one.span.start_s - slack <= time_s <= one.span.end_s + slack:
                return position
        return None

    def lane_box(self, lane: int) -> QRectF:
        """Where the name of a lane stands; it is brought into view."""
        self._show_lane(lane)
        height = self._lane_height()
        return QRectF(0, HEAD + (lane - self._top_lane) * height, GUTTER, height)

    def _show_lane(self, lane: int) -> None:
        self._top_lane = min(lane, max(self._top_lane, lane - self._fitting() + 1))

    def _keep_inside(self) -> None:
        self._top_lane = max(0, min(self._top_lane, len(self._lanes) - self._fitting()))
