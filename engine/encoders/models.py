"""All encoders of the program, each loaded once, when it is first asked for.

A joint space and a voice encoder are each one of several: the program's own (JOINT, VOICE) or one that the user added
(`added.py`). Which ones are in use are settings of the workspace.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engine.encoders import campplus, compact, sound, text, voice
from engine.encoders import joint as joint_space
from engine.encoders.added import AddedModel, AddedModels, load_joint, load_voice
from engine.encoders.protocols import TextAudioEncoder, VoiceEncoder
from engine.errors import EncoderError, ListBroken
from engine.records import EncoderKind, EncoderSpec
from engine.settings import DEFAULT_JOINT, DEFAULT_VOICE
from engine.weights import Weights

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector
    from engine.encoders.segmentation import SpeakerSegmentation

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


@dataclass(frozen=True)
class OwnVoice:
    """A voice encoder that comes with the program; its name is that of its weights."""

    spec: Callable[[Weights], EncoderSpec]
    load: Callable[[Weights, str], VoiceEncoder]


VOICE: dict[str, OwnVoice] = {
    "ge2e": OwnVoice(voice.spec, lambda weights, device: voice.GE2EEncoder(weights, device)),
    "campplus": OwnVoice(campplus.spec, lambda weights, device: campplus.CAMPlusPlusEncoder(weights, device)),
}
"""A new one is one entry here, and its statistics in resources/cohort (`train voice --encoder NAME`)."""


class Models:
    """Gives out encoders. Thread-safe; a second caller waits while the first loads.

    added: what the user added to this workspace. in_use, voice_in_use: give the names of the joint space that the library
    uses and of the voice encoder.
    """

    def __init__(self, weights: Weights, device: str = "auto", added: AddedModels | None = None,
                 in_use: Callable[[], str] = lambda: DEFAULT_JOINT,
                 voice_in_use: Callable[[], str] = lambda: DEFAULT_VOICE) -> None:
        self.weights: Weights = weights
        self.device = device
        self.added = added
        self._in_use = in_use
        self._voice_in_use = voice_in_use
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._loaded: dict[str, Any] = {}

    def voice(self) -> VoiceEncoder:
        """The voice encoder in use. Raises as `voice_named`."""
        return self.voice_named(self._voice_in_use())

    def voice_named(self, name: str) -> VoiceEncoder:
        """Raises EncoderError (a file that is gone, changed, or does not fit), WeightsMissing, WeightsCorrupt, UsageError."""
        if name in VOICE:
            return self._once(f"voice {name}", lambda: VOICE[name].load(self.weights, self.device))
        found = self._added_voice(name)
        return self._once(f"voice {found.name}", lambda: load_voice(found, self.device))

    def voice_spec(self, name: str) -> EncoderSpec:
        """The spec of a voice encoder, without loading it. Raises EncoderError when there is none of this name."""
        return VOICE[name].spec(self.weights) if name in VOICE else self._added_voice(name).spec

    def voice_names(self) -> list[str]:
        """The program's own voice encoders, then those that were added."""
        return [*VOICE, *self._added_names("voice")]

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
        return [*JOINT, *self._added_names("joint")]

    def joint_of(self, spec: EncoderSpec) -> str:
        """The name of the joint space that a stored spec belongs to, also in an older version. Raises StoreError.

        Where there is none any more, the name that the spec gives itself: what is chosen is said to be lost then.
        """
        return _name_of(spec, self.joint_names(), self.joint_spec, tuple(JOINT))

    def voice_of(self, spec: EncoderSpec) -> str:
        """As `joint_of`, of a voice encoder."""
        return _name_of(spec, self.voice_names(), self.voice_spec, tuple(VOICE))

    def lost(self, name: str) -> str:
        """Why a joint space that was chosen cannot be used any more, in one sentence; empty where nothing speaks against it.

        Looks whether its entry and its files are there, and reads none of these files.
        """
        if name in JOINT:
            return ""
        try:
            found = self.added.find(name) if self.added else None
        except ListBroken as error:
            return str(error)
        if found is not None and found.kind == "joint":
            return "" if found.present else f"The files of “{found.name}” are not in “{found.folder}” any more."
        return f"“{name}” is not on the list of added models any more."

    @property
    def own_names(self) -> list[str]:
        """Names that no added model may have."""
        return [*self.weights.names, *JOINT]

    def forget(self, name: str) -> None:
        """Drop a joint space or a voice encoder from memory."""
        for kind in ("joint", "voice"):
            self._loaded.pop(f"{kind} {name}", None)

    def speech(self) -> SpeechDetector:
        from engine.audio.speech import SpeechDetector

        return self._once("speech", SpeechDetector)

    def turns(self) -> SpeakerSegmentation:
        """The net that says who of three people speaks. Raises WeightsMissing, WeightsCorrupt, UsageError (device)."""
        from engine.encoders.segmentation import SpeakerSegmentation

        return self._once("turns", lambda: SpeakerSegmentation(self.weights, self.device))

    @property
    def ready(self) -> frozenset[str]:
        """The kinds that are loaded; "joint" and "voice" mean the ones in use."""
        loaded = set(self._loaded)
        chosen = {"joint": self._in_use(), "voice": self._voice_in_use()}
        return frozenset({name for name in loaded if " " not in name}
                         | {kind for kind, name in chosen.items() if f"{kind} {name}" in loaded})

    def spec(self, kind: EncoderKind) -> EncoderSpec:
        """The spec of the encoder in use, without loading it. Raises EncoderError like `joint_spec`."""
        if kind == "joint":
            return self.joint_spec(self._in_use())
        if kind == "voice":
            return self.voice_spec(self._voice_in_use())
        makers: dict[str, Callable[[Weights], EncoderSpec]] = {"sound": sound.spec, "text": text.spec}
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
                               f"{', '.join(self.joint_names())}. Choose one with: python main.py models use {DEFAULT_JOINT}")
        return found

    def _added_voice(self, name: str) -> AddedModel:
        found = self.added.find(name) if self.added else None
        if found is None or found.kind != "voice":
            raise EncoderError(f"There is no voice encoder “{name}”. There are: {', '.join(self.voice_names())}. Choose one "
                               f"with: python main.py models use {DEFAULT_VOICE}")
        return found

    def _added_names(self, kind: str) -> list[str]:
        """None where the list is broken: whoever asks for one of them is told so, and the program's own can be used."""
        try:
            added = self.added.list() if self.added else []
        except ListBroken:
            return []
        return [one.name for one in added if one.kind == kind]

    def _once(self, kind: str, make: Callable[[], T]) -> T:
        with self._guard:
            lock = self._locks[kind]
        with lock:
            found = self._loaded.get(kind)
            if found is None:
                device, found = self.device, make()
                if device == self.device:  # another one may have been chosen while it was loading
                    self._loaded[kind] = found
            return cast(T, found)


def _name_of(spec: EncoderSpec, names: Sequence[str], spec_of: Callable[[str], EncoderSpec], own: Collection[str]) -> str:
    """own: the names whose specs bear one name in all their versions; those that were added share theirs."""
    older = ""
    for name in names:
        with contextlib.suppress(EncoderError):  # it is not installed as it should be
            there = spec_of(name)
            if there == spec:
                return name
            if name in own and there.name == spec.name:
                older = name
    return older or spec.name
