"""All encoders of the program, each loaded once, when it is first asked for.

A joint space is one of several: the program's own (JOINT) or one that the user added (`added.py`). Which one is in use is a
setting of the workspace.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engine.encoders import compact, sound, text, voice
from engine.encoders import joint as joint_space
from engine.encoders.added import AddedModel, AddedModels, load_joint
from engine.encoders.protocols import TextAudioEncoder
from engine.errors import EncoderError
from engine.records import EncoderKind, EncoderSpec
from engine.weights import Weights

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector

T = TypeVar("T")


@dataclass(frozen=True)
class OwnJoint:
    """A joint space that comes with the program. parts: the weights it stands on."""

    title: str
    parts: tuple[str, ...]
    spec: Callable[[Weights], EncoderSpec]
    load: Callable[[Models], TextAudioEncoder]


JOINT: dict[str, OwnJoint] = {
    "bridge": OwnJoint("Tag bridge", ("yamnet", "minilm"), joint_space.spec,
                       lambda models: joint_space.TagBridge(models.weights, models.sound(), models.text())),
    "compact": OwnJoint("Compact", ("yamnet", "minilm"), compact.spec,
                        lambda models: compact.CompactEncoder(models.weights, models.sound(), models.text())),
}
"""A new one is one entry here."""


class Models:
    """Gives out encoders. Thread-safe; a second caller waits while the first loads.

    added: what the user added to this workspace. in_use: gives the name of the joint space the library uses.
    """

    def __init__(self, weights: Weights, device: str = "auto", added: AddedModels | None = None,
                 in_use: Callable[[], str] = lambda: "bridge") -> None:
        self.weights: Weights = weights
        self.device = device
        self.added = added
        self._in_use = in_use
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._loaded: dict[str, Any] = {}

    def voice(self) -> voice.GE2EEncoder:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device), like the others."""
        return self._once("voice", lambda: voice.GE2EEncoder(self.weights, self.device))

    def sound(self) -> sound.YAMNetEncoder:
        return self._once("sound", lambda: sound.YAMNetEncoder(self.weights, self.device))

    def text(self) -> text.MiniLMEncoder:
        return self._once("text", lambda: text.MiniLMEncoder(self.weights, self.device))

    def joint(self) -> TextAudioEncoder:
        """The joint space in use."""
        return self.joint_named(self._in_use())

    def joint_named(self, name: str) -> TextAudioEncoder:
        """Raises EncoderError (files that are gone, changed, or do not fit), WeightsMissing, UsageError (device)."""
        if name in JOINT:
            return self._once(f"joint {name}", lambda: JOINT[name].load(self))
        found = self._added_joint(name)
        kept_in = self.added.kept(found) if self.added else None
        return self._once(f"joint {found.name}", lambda: load_joint(found, self.weights, self.device, kept_in))

    def joint_spec(self, name: str) -> EncoderSpec:
        """The spec of a joint space, without loading it. Raises EncoderError when there is none of this name."""
        return JOINT[name].spec(self.weights) if name in JOINT else self._added_joint(name).spec

    def joint_names(self) -> list[str]:
        """The program's own joint spaces, then those that were added."""
        added = self.added.list() if self.added else []
        return [*JOINT, *(one.name for one in added if one.kind == "joint")]

    @property
    def own_names(self) -> list[str]:
        """Names that no added model may have."""
        return [*self.weights.names, *JOINT, "compact"]

    def forget(self, name: str) -> None:
        """Drop a joint space from memory."""
        self._loaded.pop(f"joint {name}", None)

    def speech(self) -> SpeechDetector:
        from engine.audio.speech import SpeechDetector

        return self._once("speech", SpeechDetector)

    @property
    def ready(self) -> frozenset[str]:
        """The kinds that are loaded; "joint" means the one in use."""
        loaded = set(self._loaded)
        kinds = {name for name in loaded if not name.startswith("joint ")}
        return frozenset(kinds | {"joint"} if f"joint {self._in_use()}" in loaded else kinds)

    def spec(self, kind: EncoderKind) -> EncoderSpec:
        """The spec of the encoder in use, without loading it. Raises EncoderError like `joint_spec`."""
        if kind == "joint":
            return self.joint_spec(self._in_use())
        makers: dict[str, Callable[[Weights], EncoderSpec]] = {"voice": voice.spec, "sound": sound.spec, "text": text.spec}
        return makers[kind](self.weights)

    @property
    def device_label(self) -> str:
        """The processor in words; imports torch."""
        from engine.encoders import device

        return device.label(device.resolve(self.device))

    def use_device(self, device: str) -> None:
        """Choose another processor: what is loaded is dropped and loaded again when it is asked for."""
        if device != self.device:
            self.device = device
            self._loaded.clear()

    def _added_joint(self, name: str) -> AddedModel:
        found = self.added.find(name) if self.added else None
        if found is None or found.kind != "joint":
            raise EncoderError(f"There is no encoder “{name}” for sounds and texts. There are: "
                               f"{', '.join(self.joint_names())}. Choose one with: python main.py models use bridge")
        return found

    def _once(self, kind: str, make: Callable[[], T]) -> T:
        with self._guard:
            lock = self._locks[kind]
        with lock:
            if kind not in self._loaded:
                self._loaded[kind] = make()
            return cast(T, self._loaded[kind])
