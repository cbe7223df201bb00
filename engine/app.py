"""The container: settings → store → encoders → services. Opening it is cheap; nothing heavy is imported."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import platformdirs

from engine import logs
from engine.audio import recorder
from engine.records import Space
from engine.settings import SettingsFile
from engine.store import Store
from engine.weights import Weights

if TYPE_CHECKING:
    from engine.encoders.models import Models
    from engine.library import Library
    from engine.projection.service import Maps
    from engine.voices.service import Voices

log = logging.getLogger(__name__)
T = TypeVar("T")


def default_workspace() -> Path:
    """Where a workspace is when nobody says otherwise."""
    return platformdirs.user_data_path("earmark") / "Workspace"


class _Once(Generic[T]):
    """A property that is made when it is first asked for, by one thread; the others wait and get the same.

    (`functools.cached_property` has no lock since Python 3.12.) What is made lies in the instance's `__dict__`.
    """

    def __init__(self, make: Callable[[Earmark], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, app: Earmark, owner: type) -> T:
        with app._making:
            if self._name not in app.__dict__:
                app.__dict__[self._name] = self._make(app)
            made: T = app.__dict__[self._name]
            return made


class Earmark:
    """One open workspace and everything that works on it. Use it as a context manager, or call `close`."""

    def __init__(self, workspace: Path | None = None, device: str | None = None) -> None:
        """device: auto|cpu|cuda|mps, for this run only (default: what the settings say).

        Raises StoreError (TooNew, Busy) when the workspace cannot be opened.
        """
        self.workspace = (workspace or default_workspace()).expanduser().absolute()
        self.store = Store(self.workspace)
        self._log = logs.begin(self.store.logs)
        self.settings = SettingsFile(self.workspace / "settings.toml")
        self.weights = Weights()
        self._device = device
        self._making = threading.RLock()

    @_Once
    def models(self) -> Models:
        from engine.encoders.models import Models

        return Models(self.weights, self._device or self.settings.value.device)

    @_Once
    def voices(self) -> Voices:
        from engine.voices.service import Voices

        return Voices(self.store, self.settings, lambda: self.models.voice(), lambda: self.models.spec("voice"),
                      lambda: self.models.speech(), lambda: self.models.sound())

    @_Once
    def library(self) -> Library:
        from engine.library import Library

        return Library(self.store, joint=lambda: self.models.joint(), spec=lambda: self.models.spec("joint"))

    @_Once
    def maps(self) -> Maps:
        from engine.projection.maps import MapSource, sound_sources, voice_sources
        from engine.projection.service import Maps

        def points_of(space: Space) -> list[MapSource]:
            if space == "voices":
                return voice_sources((v for v in self.voices.list() if v.state == "enrolled"), self.voices.samples())
            sounds, vectors = self.library.vectors()
            return sound_sources((s, v[None]) for s, v in zip(sounds, vectors, strict=True))

        return Maps(points_of)

    def use_device(self, device: str) -> None:
        """Run on another processor from now on, and remember it."""
        self.settings.change(device=device)
        self.models.use_device(device)

    def claim(self) -> None:
        """Be the one program that writes to this workspace, until `close`. Cheap. Raises Busy when another one is."""
        self.store.claim()

    def tidy(self) -> list[Path]:
        """Put right what a killed program left: returns its unfinished recordings, made whole; what it kept of a take and
        did not enroll is removed. Raises Busy, StoreError."""
        with self.store.writing():
            self.store.voices.remove_strays()
            return recorder.recover(self.store.recordings)

    def forget_everything(self) -> None:
        """Remove every voice, sound, recording, vector and log of this workspace. Settings and models stay.

        Raises Busy, StoreError.
        """
        self.store.forget_everything()
        self.voices.forget_cached()
        self.maps.forget()
        logs.forget(self._log)

    def close(self) -> None:
        self.store.close()
        logs.end(self._log)

    def __enter__(self) -> Earmark:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
