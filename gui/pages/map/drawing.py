"""Which map is asked for, and the one run that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.records import Sound, Space
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.jobs import Lane
from gui.pages.map.parameters import NAMES

if TYPE_CHECKING:
    from engine.projection.maps import ProjectedMap
    from engine.projection.methods import Method
    from engine.projection.service import Look

Sounds = dict[int, Sound]


@dataclass(eq=False)
class Run:
    """One run of a method. ticket: None until it has begun."""

    space: Space
    method: Method
    title: str
    ticket: Ticket | None = None


class Drawing(QObject):
    """Looks whether there is a map of the space and method that are asked for, and makes one. At most one run is under way.

    It goes on while another page is shown. What arrives for a map that is not asked for any more is dropped.

    looked(Look, sounds by id): what there is without a run.    drawn(ProjectedMap, sounds by id): a run ended well.
    moved(title, Progress or None): how far it is; an empty title: nothing runs.    failed(error): of looking or of a run.
    """

    looked = Signal(object, object)
    drawn = Signal(object, object)
    moved = Signal(str, object)
    failed = Signal(object)

    def __init__(self, context: Context, space: Space, method: Method, parent: QObject) -> None:
        super().__init__(parent)
        self._app, self._jobs = context.app, context.jobs
        self.space, self.method = space, method
        self.revision = ""  # of what there was to draw when it was looked at last
        self._declined: tuple[Space, Method] | None = None
        self._set: dict[tuple[Space, Method], dict[str, Any]] = {}
        self._run: Run | None = None
        self._looking: Ticket | None = None

    @property
    def running(self) -> bool:
        return self._run is not None

    @property
    def declined(self) -> bool:
        """Whether the user stopped the run of what is asked for: it begins again only when he says so."""
        return self._declined == (self.space, self.method)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """The user chose parameters; the next run of this space and method takes them."""
        self._set[self.space, self.method] = dict(params)

    def params(self) -> dict[str, Any] | None:
        """Those the user chose for what is asked for; None where he chose none since the start."""
        return self._set.get((self.space, self.method))

    def choose(self, space: Space, method: Method) -> None:
        """Ask for another map; a run of the one before ends."""
        self.stop()
        self._declined = None
        self.space, self.method = space, method

    def look(self) -> None:
        """Ask what there is, without drawing anything."""
        if self._looking is not None:
            self._looking.cancel()
        space, method, params = self.space, self.method, self.params()

        def work(ticket: Ticket) -> tuple[Look, Sounds]:
            found = self._app.maps.look(space, method, params)
            return found, self._sounds(space) if found.map is not None else {}

        lane: Lane = "store" if space == "voices" else "files"  # voices are read at once, a large library is not
        self._looking = self._jobs.run(self, work, lane=lane, done=lambda found: self._looked(*found), failed=self.failed.emit)

    def run(self, params: Mapping[str, Any], again: bool) -> None:
        """Make the map. again: also where one with these parameters is kept, and nothing changed since it was made."""
        self.stop()
        self._declined = None
        wanted = dict(params)
        run = Run(self.space, self.method, self.tr("Drawing by {}").format(NAMES[self.method]))

        def work(ticket: Ticket) -> tuple[ProjectedMap, Sounds]:
            found = None if again else self._app.maps.look(run.space, run.method, wanted)
            if found is not None and found.current and found.map is not None and made_with(found.map, wanted):
                return found.map, self._sounds(run.space)
            drawn = self._app.maps.project(run.space, run.method, wanted, ticket=ticket, keep=True)
            return drawn, self._sounds(run.space)

        self._run = run
        self.moved.emit(run.title, None)
        run.ticket = self._jobs.run(
            self, work, lane="files", title=run.title if run.method != "pca" else "", done=partial(self._drawn, run),
            failed=partial(self._failed, run), cancelled=partial(self._cancelled, run), progress=partial(self._progressed, run))

    def decline(self) -> None:
        """The user does not want this run."""
        if self._run is not None:
            self._declined = (self.space, self.method)
            self.stop()

    def stop(self) -> None:
        """End the run, if there is one; nothing of it arrives any more."""
        run, self._run = self._run, None
        if run is not None:
            if run.ticket is not None:
                run.ticket.cancel()
            self.moved.emit("", None)

    # --- what comes back ----------------------------------------------------------------------------------------------

    def _sounds(self, space: Space) -> Sounds:
        """In a lane."""
        return {sound.id: sound for sound in self._app.library.sounds()} if space == "sounds" else {}

    def _looked(self, found: Look, sounds: Sounds) -> None:
        self.revision = found.revision
        if not found.points:
            self.stop()
        self.looked.emit(found, sounds)

    def _drawn(self, run: Run, result: tuple[ProjectedMap, Sounds]) -> None:
        if run is self._run:
            self._run = None
            self.moved.emit("", None)
            self.drawn.emit(*result)

    def _failed(self, run: Run, error: EarmarkError) -> None:
        if run is self._run:
            self._run = None
            self.moved.emit("", None)
            self.failed.emit(error)

    def _cancelled(self, run: Run) -> None:
        """From elsewhere: the status bar, or what has to have the workspace to itself."""
        if run is self._run:
            self.decline()

    def _progressed(self, run: Run, progress: Progress) -> None:
        if run is self._run:
            self.moved.emit(run.title, progress)


def made_with(shown: ProjectedMap, params: Mapping[str, Any]) -> bool:
    """Whether a map was asked for with these parameters."""
    return all(shown.asked.get(name) == value for name, value in params.items())


def space_of(name: str) -> Space:
    return "sounds" if name == "sounds" else "voices"


def method_of(name: str) -> Method:
    return "tsne" if name == "tsne" else "umap" if name == "umap" else "pca"


def identity(shown: ProjectedMap) -> tuple[object, ...]:
    """What makes it the same map with other points: only then the view of the user stays."""
    return shown.space, shown.method, sorted(shown.asked.items())
