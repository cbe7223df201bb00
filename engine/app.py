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
from engine.errors import Unfinished, UsageError
from engine.files import remove_left
from engine.records import EncoderChoice, JointState, LockedWhy, Space, VoiceEncoderState
from engine.settings import DEFAULT_JOINT, DEFAULT_VOICE, SettingsFile
from engine.store import Store
from engine.tasks import Ticket
from engine.weights import Weights

if TYPE_CHECKING:
    from engine.describing.service import Describing
    from engine.encoders.added import AddedModel, AddedModels
    from engine.encoders.models import Models
    from engine.library import Library
    from engine.library.switching import Switching
    from engine.projection.service import Maps
    from engine.store.seals import Ask
    from engine.voices.privacy import Privacy
    from engine.voices.service import Voices
    from engine.voices.switching import VoiceSwitching
    from engine.voices.timeline.service import Timelines

log = logging.getLogger(__name__)
LEFT_S = 3600.0  # after that, nobody is writing a file of a few kilobytes any more
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

    def __init__(self, workspace: Path | None = None, device: str | None = None, ask: Ask | None = None) -> None:
        """device: auto|cpu|cuda|mps, for this run only (default: what the settings say). ask: gives the passphrase when it
        is needed, where the voices are encrypted.

        Raises StoreError (TooNew, Busy, SettingsBroken) when the workspace cannot be opened.
        """
        self.workspace = (workspace or default_workspace()).expanduser().absolute()
        self.settings = SettingsFile(self.workspace / "settings.toml")  # first: where it cannot be used, nothing is touched
        there = (self.workspace / "earmark.db").exists()
        self.weights = Weights()
        self._device = device
        self._making = threading.RLock()
        self.store = Store(self.workspace, ask)
        self._log = logs.begin(self.store.logs)
        try:
            self._know_encoders(new=not there)
        except BaseException:
            self.close()
            raise

    def _know_encoders(self, new: bool) -> None:
        """A workspace names its encoders from the beginning; where the settings do not say them any more, what is stored does."""
        if not self.settings.unsaid("joint", "voice"):
            return
        if not new:
            self.settings.suppose(**self.switching.stored(), **self.voice_switching.stored())
        elif not self.settings.path.exists():
            self.settings.change()

    @_Once
    def models(self) -> Models:
        from engine.encoders.models import Models

        return Models(self.weights, self._device or self.settings.value.device, self.added,
                      lambda: self.settings.value.joint, lambda: self.settings.value.voice)

    @_Once
    def added(self) -> AddedModels:
        """The models that the user added to this workspace."""
        from engine.encoders.added import AddedModels

        return AddedModels(self.workspace / "models.toml")

    @_Once
    def switching(self) -> Switching:
        from engine.library.switching import Switching

        return Switching(self.store, self.settings, lambda: self.models)

    @_Once
    def voice_switching(self) -> VoiceSwitching:
        from engine.voices.switching import VoiceSwitching

        return VoiceSwitching(self.store, self.settings, lambda: self.models)

    @_Once
    def voices(self) -> Voices:
        from engine.voices.service import Voices

        return Voices(self.store, self.settings, lambda: self.models.voice(), lambda: self.models.spec("voice"),
                      lambda: self.models.speech(), lambda: self.models.sound())

    @_Once
    def privacy(self) -> Privacy:
        from engine.voices.privacy import Privacy

        return Privacy(self.store, self.voices)

    @_Once
    def timelines(self) -> Timelines:
        """Who spoke when in recordings."""
        from engine.voices.timeline.service import Timelines

        return Timelines(self.store, self.voices, lambda: self.models.voice(), lambda: self.models.spec("voice"),
                         lambda: self.models.speech(), lambda: self.models.turns())

    @_Once
    def library(self) -> Library:
        from engine.library import Library

        return Library(self.store, joint=lambda: self.models.joint(), spec=lambda: self.models.spec("joint"),
                       switching=self.switching)

    @_Once
    def describing(self) -> Describing:
        from engine.describing.service import Describing

        return Describing(lambda: self.models.joint(), self.weights, self.workspace / "captions")

    @_Once
    def maps(self) -> Maps:
        from engine.projection.kept import KeptMaps
        from engine.projection.maps import MapSource, sound_sources, voice_sources
        from engine.projection.service import Maps

        def points_of(space: Space) -> list[MapSource]:
            if space == "voices":
                return voice_sources((v for v in self.voices.list() if v.state == "enrolled"), self.voices.samples())
            sounds, vectors = self.library.vectors()
            return sound_sources((s, v[None]) for s, v in zip(sounds, vectors, strict=True))

        def stamp_of(space: Space) -> object | None:
            """Another one when the library, its vectors or the encoder changed. Voices are few, so they are read."""
            return None if space == "voices" else self.store.sounds.stamp(self.models.spec("joint"))

        return Maps(points_of, KeptMaps(self.store.maps, lambda space: space != "voices" or self.store.plain), stamp_of)

    def use_joint(self, name: str) -> JointState:
        """Search the library in another joint space; the next scan indexes for it, and then it is changed over.

        Raises EncoderError, WeightsMissing (nothing is changed then), Busy, StoreError. See `engine.library.switching`.
        """
        self.claim()
        return self.switching.use(name)

    def joint_state(self) -> JointState:
        """Which joint space the library is searched in, which one is pending, and how far that is.

        Says in `lost` what cannot be used any more, and why. Raises StoreError.
        """
        return self.switching.state()

    def encoders(self) -> list[EncoderChoice]:
        """The joint spaces there are: the program's own, then those that were added. Loads nothing. Raises StoreError."""
        from engine.encoders.catalogue import joints

        chosen = self.settings.value
        return joints(self.models, chosen.joint, chosen.joint_next, chosen.voice)

    def own_encoders(self) -> list[EncoderChoice]:
        """As `encoders`, without those that were added: for where their list is broken."""
        from engine.encoders.catalogue import own

        return own(self.models, self.settings.value.joint, self.settings.value.joint_next)

    def begin_models_anew(self) -> Path | None:
        """Put a broken list of added models aside; see `AddedModels.begin_anew`. Raises Busy, StoreError."""
        self.claim()
        return self.added.begin_anew()

    def kinds_to_add(self) -> list[str]:
        """The kinds of models that `add_model` takes."""
        from engine.encoders.added import PROBERS

        return list(PROBERS)

    def use_voice(self, name: str, ticket: Ticket | None = None) -> VoiceEncoderState:
        """Recognise voices with another encoder, after their kept recordings were embedded with it; takes as long as it takes.

        Raises Cancelled, EncoderError, WeightsMissing (then the old one stays), Busy, StoreError. See `engine.voices.switching`.
        """
        self.claim()
        try:
            return self.voice_switching.use(name, ticket)
        finally:
            self.maps.forget()

    def voices_unknown_to(self, name: str) -> tuple[str, ...]:
        """Voices that would have to be enrolled again with another voice encoder: said before it is used. Raises EncoderError."""
        return self.voice_switching.unknown_to(name)

    def voice_state(self) -> VoiceEncoderState:
        """Which voice encoder is in use, and which voices it does not know. Raises EncoderError."""
        return self.voice_switching.state()

    def add_model(self, source: str, kind: str = "joint", name: str = "", ticket: Ticket | None = None) -> AddedModel:
        """Add a model to this workspace: a file, a folder, or a name of the Hugging Face hub, which is fetched.

        It is loaded and tried before it is written down; that takes as long as it takes. Raises UsageError, EncoderError,
        FetchError, Busy, StoreError, Cancelled; then nothing is changed.
        """
        self.claim()
        return self.added.add(source, kind, name, self.models.device, self.models.own_names, ticket)

    def remove_model(self, name: str) -> AddedModel:
        """Take a model that was added off the list; its files stay. Raises UsageError (unknown, in use), Busy, StoreError."""
        self.claim()
        chosen = self.settings.value
        if name.casefold() in {one.casefold() for one in self.models.own_names}:
            raise UsageError(f"“{name}” comes with the program and cannot be removed.")
        if name.casefold() in (chosen.joint.casefold(), chosen.joint_next.casefold()):
            raise UsageError(f"The library uses “{name}”, or is being indexed for it. Choose another encoder first: "
                             f"python main.py models use {DEFAULT_JOINT}")
        if name.casefold() == chosen.voice.casefold():
            raise UsageError(f"The voices are recognised with “{name}”. Choose another encoder first: "
                             f"python main.py models use {DEFAULT_VOICE}")
        gone = self.added.remove(name)
        self.models.forget(gone.name)
        return gone

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
        self.store.encrypting.finish()
        for folder in (self.workspace, self.workspace / "captions", self.store.maps):
            remove_left(folder, LEFT_S)
        with self.store.writing():
            self.store.voices.remove_strays()
            return recorder.recover(self.store.recordings)

    def locked(self) -> LockedWhy | None:
        """Why the voices cannot be read now, nobody being asked; None where they can. Quick where nothing is encrypted."""
        return None if self.store.plain else self.privacy.state().locked

    def forget_everything(self) -> None:
        """Remove every voice, sound, recording, vector and log of this workspace. Settings and models stay.

        Raises Busy, StoreError, Unfinished (a file could not be removed: the rest is forgotten).
        """
        left: Unfinished | None = None
        try:
            self.store.forget_everything()
        except Unfinished as error:
            left = error
        self.voices.history.clear()
        self.voices.forget_cached()
        self.maps.forget()
        self.describing.forget()
        logs.forget(self._log)
        if left is not None:
            raise left

    def close(self) -> None:
        self.store.close()
        logs.end(self._log)

    def __enter__(self) -> Earmark:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
