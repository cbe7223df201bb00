"""Which seconds of a timeline are in view: zooming, panning, following the end."""

from __future__ import annotations

WINDOWS_S = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)
START_S = 120.0  # shown at first
LEAST_S = 2.0
TICKS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
TICK_PX = 92  # least distance of two times that are written


class View:
    """follows: the end of what grows stays in view until it is moved away from. window_s: seconds in view."""

    def __init__(self) -> None:
        self.whole_s = 0.0
        self.window_s = START_S
        self.follows = True
        self._start = 0.0

    @property
    def shown(self) -> tuple[float, float]:
        """Seconds (first, last); they may reach beyond the end of what is there."""
        if self.follows:
            end = max(self.whole_s, self.window_s)
            return end - self.window_s, end
        return self._start, self._start + self.window_s

    def set_whole(self, whole_s: float) -> None:
        self.whole_s = whole_s

    def fit(self) -> None:
        """All of it."""
        self.window_s = max(self.whole_s, LEAST_S)
        self._start, self.follows = 0.0, True

    @property
    def fitted(self) -> bool:
        return self.window_s >= self.whole_s

    def zoom(self, factor: float, at_s: float | None = None) -> None:
        """Factors above 1 show less time. at_s stays where it is; by default the end, where it is followed, or the middle."""
        start, end = self.shown
        window = min(self._most(), max(LEAST_S, self.window_s / factor))
        if at_s is None:
            at_s = end if self.follows else (start + end) / 2
        share = (at_s - start) / self.window_s
        self.window_s = window
        self._put(at_s - share * window)

    def step(self, steps: int) -> None:
        """To the next round number of seconds: +1 shows less time, −1 more."""
        rounds = [float(s) for s in WINDOWS_S if s < self._most()] + [self._most()]
        if steps > 0:
            wanted = [s for s in reversed(rounds) if s < self.window_s - 1e-6]
        else:
            wanted = [s for s in rounds if s > self.window_s + 1e-6]
        if wanted:
            self.zoom(self.window_s / wanted[0])

    def can_step(self, steps: int) -> bool:
        return self.window_s > WINDOWS_S[0] if steps > 0 else self.window_s < self._most() - 1e-6

    def pan(self, seconds: float) -> None:
        """Later by so many seconds."""
        self._put(self.shown[0] + seconds)

    def centre(self, at_s: float) -> None:
        self._put(at_s - self.window_s / 2)

    def reveal(self, at_s: float) -> None:
        """Bring a moment into view; nothing moves where it is there already."""
        start, end = self.shown
        if not start <= at_s <= end:
            self._put(at_s - self.window_s * 0.1)

    def ticks(self, width_px: float) -> tuple[float, list[float]]:
        """Distance of the times to be written, and the times in view at half of that distance."""
        start, end = self.shown
        step = next((s for s in TICKS_S if s / self.window_s * max(width_px, 1) >= TICK_PX), TICKS_S[-1])
        first = int(start / step * 2)
        times = [n * step / 2 for n in range(first, int(end / step * 2) + 1)]
        return step, [t for t in times if start - 1e-6 <= t <= end + 1e-6]

    def _most(self) -> float:
        return max(self.whole_s, START_S)

    def _put(self, start: float) -> None:
        """Begin at start, but never before 0 or after the end."""
        last = max(0.0, self.whole_s - self.window_s)
        self.follows = start >= last - 1e-6
        self._start = min(max(0.0, start), last)
