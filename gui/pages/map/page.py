"""The Map page: voices or sounds in two dimensions, by PCA, t-SNE or UMAP."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from engine.errors import EarmarkError, EncoderError, UsageError
from engine.records import LiveUpdate, MapPoint, Sound, Space
from engine.tasks import Progress
from gui import words
from gui.actions import key_text
from gui.context import Context
from gui.pages.base import Page
from gui.pages.live.session import LiveSession
from gui.pages.map.canvas import MapCanvas
from gui.pages.map.drawing import Drawing, Sounds, identity, made_with, method_of, space_of
from gui.pages.map.empty import EmptyMap
from gui.pages.map.export import PICTURES, written
from gui.pages.map.grouping import Group, group_sounds, group_voices
from gui.pages.map.inspector import Inspector
from gui.pages.map.toolbar import MapToolbar
from gui.widgets.controls import ask_where
from gui.widgets.projection_plot import CardWords

if TYPE_CHECKING:
    from engine.projection.maps import ProjectedMap
    from engine.projection.methods import Method
    from engine.projection.service import Look

NARROW_PX = 1120  # of the page: below, the inspector lies over the plot
INSPECTOR_PX = (300, 420)
SCAN_MS = 1000  # how often it is asked whether a scan has ended


class MapPage(Page):
    """MapPage(context, session). open("voices") and open("sounds") choose the space."""

    id = "map"
    icon = "scatter"

    def __init__(self, context: Context, session: LiveSession | None = None, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.session = session or LiveSession.of(context)
        settings = self.app.settings.value
        self.drawing = Drawing(context, space_of(settings.map_space), method_of(settings.map_method), self)
        self.map: ProjectedMap | None = None  # that is shown
        self._current = False  # whether it is of the samples or sounds that are there now
        self._looks_after_scan = False  # what is shown is not of all sounds, as more are coming
        self._as_of = ""  # the revision after which nothing that was gone is in it
        self._sounds: dict[int, Sound] = {}
        self._groups: tuple[Group, ...] = ()
        self._kept: MapPoint | None = None
        self._build()
        self._connect()
        self.every(SCAN_MS, self._look_after_scan)

    @property
    def title(self) -> str:
        return self.tr("Map")

    def toolbar_left(self) -> QWidget:
        return self.bar.left

    def toolbar_right(self) -> QWidget:
        return self.bar.right

    def hidden(self) -> None:
        super().hidden()
        self._silence()

    def leaving(self) -> None:
        self.drawing.stop()

    @property
    def space(self) -> Space:
        return self.drawing.space

    @property
    def method(self) -> Method:
        return self.drawing.method

    def open(self, what: object) -> None:
        if what in ("voices", "sounds"):
            self.bar.spaces.choose(str(what))

    def refresh(self) -> None:
        """Look whether there is something new to draw; draw it if so."""
        self.bar.show_space(self.space)
        self.drawing.look()

    # --- acts -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Make the map of the chosen space and method; the one that is shown stays until the new one is there."""
        params = self.inspector.method.params()
        self.inspector.show_failure("")
        self.drawing.run(params, again=self._current and self._is_of_choice and self.map is not None
                         and made_with(self.map, params))

    def cancel(self) -> None:
        self.drawing.decline()

    def fit(self) -> None:
        self.canvas.plot.fit()

    def clear(self) -> None:
        """Let go of the chosen point and group."""
        self._keep(None)
        self.inspector.groups.choose("")

    def toggle_hearing(self) -> None:
        self.canvas.hear.setChecked(not self.canvas.hear.isChecked())

    def export(self, path: Path) -> None:
        """Save what is shown, in the format of the suffix. Pictures are drawn in this thread; what is slow, the disk, is not."""
        shown, points = self.map, self.canvas.plot.points
        if shown is None:
            return
        picture = self.canvas.picture(form := path.suffix.lower().lstrip("."))
        if not picture and form in PICTURES:
            self._exported(path, False)
            return

        self.jobs.run(self, lambda ticket: written(path, picture, shown, points), lane="files", must_finish=True,
                      done=partial(self._exported, path))

    def _exported(self, path: Path, fine: bool) -> None:
        self.said.emit((self.tr("Saved as {}.") if fine else self.tr("{} could not be written.")).format(path.name))

    # --- what came in -----------------------------------------------------------------------------------------------

    @property
    def _is_of_choice(self) -> bool:
        """Whether the map that is shown is one of the chosen space and method."""
        return self.map is not None and (self.map.space, self.map.method) == (self.space, self.method)

    def _looked(self, found: Look, sounds: Sounds) -> None:
        some = found.points > 0
        self.stack.setCurrentWidget(self.canvas if some else self.empty)
        self.bar.export.setEnabled(some and self.map is not None)
        self._place_inspector()
        if not some:
            self._show_nothing()
            self._say_empty()
            return
        if found.map is None and self.map is not None and self._as_of != found.revision:
            self._show_nothing()  # what is gone must not be seen any more
        if found.map is not None:
            if self.drawing.params() is None:
                self.inspector.method.show_method(self.method, found.map.asked)
            self._sounds = sounds
            self._as_of = found.revision
            self._show(found.map, found.current)
        if found.current:
            self.inspector.show_failure("")  # of a run before: there is a map now
        elif self._waits_for_scan():
            self._looks_after_scan = True
        elif not self.drawing.running and not self.drawing.declined and self._is_shown:
            self.drawing.run(self.inspector.method.params(), again=True)
        self._say_facts()

    def _drawn(self, projected: ProjectedMap, sounds: Sounds) -> None:
        self._sounds, self._as_of = sounds, projected.revision
        self.inspector.show_failure("")
        self._show(projected, True)
        if self._is_shown and self.drawing.revision and projected.revision != self.drawing.revision:
            self.refresh()  # what there is to draw changed meanwhile

    def _waits_for_scan(self) -> bool:
        """Whether a map of this choice is shown and a scan adds to it: drawn after each batch of sounds, it would never rest."""
        return self.space == "sounds" and self._is_of_choice and self.app.library.scanning

    def _look_after_scan(self) -> None:
        if self._looks_after_scan and not self.app.library.scanning:
            self._looks_after_scan = False
            self.refresh()

    def _show(self, projected: ProjectedMap, current: bool) -> None:
        before, self.map, self._current = self.map, projected, current
        points = projected.points
        if projected.space == "sounds":
            points, self._groups = group_sounds(points, self._sounds, str(self.bar.colour.currentData()),
                                                self.tr("others"))
        else:
            self._groups = group_voices(points)
        if self._kept is not None and all(point.id != self._kept.id for point in points):
            self._keep(None)
        same = before is not None and identity(before) == identity(projected)
        self.canvas.plot.clear_query()  # it was placed on the map before
        self.canvas.show_points(points, projected.variance or (), projected.space, keep_view=same)
        self.inspector.show_groups(projected.space, self._groups)
        self._pointed(None)
        self._say_facts()
        self.bar.export.setEnabled(True)
        if projected.space == "voices" and self.session.last is not None and self.session.listening:
            self._updated([self.session.last])
        self._say_status(self.tr("{} points").format(words.count(len(points))))

    def _show_nothing(self) -> None:
        """No map is shown: of another space than the chosen one it would be a lie."""
        self.map, self._current, self._groups = None, False, ()
        self._keep(None)
        self.canvas.show_nothing()
        self.inspector.show_groups(self.space, ())
        self.bar.export.setEnabled(False)
        self._say_facts()
        self._say_status("")

    def _say_facts(self) -> None:
        """Figures only of a map by the chosen method; otherwise what is seen instead."""
        true = self._is_of_choice and self._current
        self.inspector.show_facts(self.method, self.map, true, self.drawing.running)

    def _failed(self, error: EarmarkError) -> None:
        if isinstance(error, UsageError) and self.map is None:
            self.stack.setCurrentWidget(self.empty)
            self._say_empty()
        if isinstance(error, EncoderError) and self.map is None:
            self._say_lost(error)
        self.inspector.show_failure(str(error), stays=self.map is not None)
        self._say_facts()

    def _moved(self, title: str, progress: Progress | None) -> None:
        self.inspector.method.show_progress(title, progress)
        self.canvas.show_progress(title, progress)
        if not title or progress is None:  # it ended or began
            self._say_facts()

    def _updated(self, updates: list[LiveUpdate]) -> None:
        if not self._is_shown or self.space != "voices" or self.map is None or self.map.space != "voices":
            return
        last = updates[-1]
        for update in updates:
            began = time.perf_counter()
            found = self.session.place(self.map, update)
            took_ms = (time.perf_counter() - began) * 1000
            if found is None:
                self.canvas.plot.tick_query(update.time_s)
                continue
            x, y, links = found
            note = self.tr("now · {} s").format(f"{update.used_s:.1f}")
            self.canvas.plot.move_query(update.time_s, x, y, links, note)
            self._say_status(self.tr("Live point placed in {} ms").format(f"{took_ms:.1f}"))
        found_now = last.identification if last.speaking else None
        self.inspector.show_found(found_now, self.tr("Nobody speaks."), self.app.settings.value.threshold, last.time_s)

    def _session_changed(self) -> None:
        if not self.session.listening:
            self.canvas.plot.clear_query()
            if self.map is not None and self.map.space == "voices":
                self.inspector.show_found(None, "", 0.0, 0.0)

    # --- points and groups ------------------------------------------------------------------------------------------

    def _describe(self, point: MapPoint) -> CardWords:
        if point.kind == "sound":
            sound = self._sounds.get(point.ref or 0)
            if sound is not None:
                return CardWords(point.label, point.group, words.length(sound.duration_s), sound.peaks)
            return CardWords(point.label, point.group)
        kind = self.tr("centroid ▲") if point.kind == "centroid" else self.tr("sample △")
        return CardWords(point.label, kind)

    def _pointed(self, point: MapPoint | None) -> None:
        shown = point or self._kept
        sound = self._sounds.get(shown.ref or 0) if shown is not None and shown.kind == "sound" else None
        self.inspector.show_sound(sound, shown.group if shown else "")

    def _hovered(self, point: MapPoint | None) -> None:
        if point is None:
            self._silence()
        elif self.canvas.hear.isChecked() and point.kind == "sound" and point.ref in self._sounds:
            self.audition.play(self._sounds[point.ref].path, token=("map", point.ref))

    def _silence(self) -> None:
        token = self.audition.token
        if isinstance(token, tuple) and token and token[0] == "map":
            self.audition.stop()

    def _keep(self, point: MapPoint | None) -> None:
        self._kept = point
        self.canvas.plot.select(point.id if point else None)
        voice = point is not None and point.kind in ("sample", "centroid")
        if point is not None and voice and self.inspector.groups.current != point.group:
            self.inspector.groups.choose(point.group)
        self._pointed(None)

    # --- showing ----------------------------------------------------------------------------------------------------

    def _choose_space(self, space: str) -> None:
        self._ask(space_of(space), self.method)
        self.context.keep(map_space=self.space)

    def _choose_method(self, method: str) -> None:
        self._ask(self.space, method_of(method))
        self.context.keep(map_method=self.method)

    def _ask(self, space: Space, method: Method) -> None:
        """Another map is wanted."""
        self.drawing.choose(space, method)
        self.inspector.show_failure("")
        self.inspector.method.show_method(method, self.drawing.params() or {})
        if self.map is not None and self.map.space != space:
            self._show_nothing()
        self._say_facts()
        self.refresh()

    def _choose_colour(self) -> None:
        if self.map is not None and self.map.space == self.space:
            self._show(self.map, self._current)

    def _say_empty(self) -> None:
        self.empty.show_space(self.space)
        self._say_status("")

    def _say_lost(self, error: EncoderError) -> None:
        self._show_nothing()
        self.empty.show_lost(error)
        self.stack.setCurrentWidget(self.empty)
        self._place_inspector()

    def _say_status(self, text: str) -> None:
        if text != self.status:
            self.set_status(text)

    def _choose_file(self, form: str) -> None:
        if self.map is None:
            return
        path = ask_where(self, self.tr("Export the map"), f"{self.map.space}-{self.map.method}.{form}", form.upper())
        if path is not None:
            self.export(path)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        theme = self.theme
        self.bar = MapToolbar(theme, self.space, self.method)
        self.canvas = MapCanvas(theme, key_text("map.hover"))
        self.canvas.plot.describe = self._describe
        self.canvas.hear.setChecked(self.app.settings.value.hear_on_hover)
        self.empty = EmptyMap(theme)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.canvas)
        self.stack.addWidget(self.empty)
        self.inspector = Inspector(theme, self.app.settings.value.seed, self)
        self.inspector.method.show_method(self.method, {})
        self.setMinimumSize(480, 360)

    def _connect(self) -> None:
        self.bar.spaces.chosen.connect(self._choose_space)
        self.bar.methods.chosen.connect(self._choose_method)
        self.bar.colour.activated.connect(self._choose_colour)
        self.bar.save.connect(self._choose_file)
        self.bar.fold.toggled.connect(lambda _: self._place_inspector())
        self.empty.leave.connect(self.go)
        plot = self.canvas.plot
        plot.pointed.connect(self._pointed)
        plot.hovered.connect(self._hovered)
        plot.clicked.connect(self._keep)
        self.canvas.cancel.connect(self.cancel)
        self.canvas.hear.toggled.connect(lambda on: self.context.keep(hear_on_hover=on))
        self.inspector.group.connect(lambda name: plot.set_focus_group(name or None))
        self.inspector.play.connect(lambda sound: self.audition.play(sound.path, token=("map-kept", sound.id)))
        self.inspector.show_in_library.connect(lambda sound: self.go.emit("library", sound))
        self.inspector.method.run.connect(self.run)
        self.inspector.method.cancel.connect(self.cancel)
        self.inspector.method.changed.connect(lambda: self.drawing.set_params(self.inspector.method.params()))
        self.drawing.looked.connect(self._looked)
        self.drawing.drawn.connect(self._drawn)
        self.drawing.moved.connect(self._moved)
        self.drawing.failed.connect(self._failed)
        self.session.updated.connect(self._updated)
        self.session.changed.connect(self._session_changed)
        self.bind("map.run", self.run)
        self.bind("map.fit", self.fit)
        self.bind("map.clear", self.clear)
        self.bind("map.hover", self.toggle_hearing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_inspector()

    def _place_inspector(self) -> None:
        narrow = self.width() < NARROW_PX
        self.bar.fold.setVisible(narrow)
        low, high = INSPECTOR_PX
        wide = max(low, min(high, round(self.width() * 0.258)))
        some = self.stack.currentWidget() is self.canvas
        shown = some and (not narrow or self.bar.fold.isChecked())
        self.inspector.setVisible(shown)
        self.inspector.setGeometry(self.width() - wide, 0, wide, self.height())
        self.stack.setGeometry(0, 0, self.width() - (wide if shown and not narrow else 0), self.height())
        self.inspector.raise_()
        self.canvas.cover(wide if shown and narrow else 0)
