"""All encoders of the program, each loaded once, when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engine.encoders import joint as joint_space
from engine.encoders import sound, text, voice
from engine.records import EncoderKind, EncoderSpec
from engine.weights import Weights

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector

T = TypeVar("T")


class Models:
    """Gives out encoders. Thread-safe; a second caller waits while the first loads."""

    def __init__(self, weights: Weights, device: str = "auto") -> None:
        self.weights = weights
        self.device = device
        kinds = ("voice", "sound", "text", "joint", "speech")
        self._locks: dict[str, threading.Lock] = {kind: threading.Lock() for kind in kinds}
        self._loaded: dict[str, Any] = {}

    def voice(self) -> voice.GE2EEncoder:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device), like the others."""
        return self._once("voice", lambda: voice.GE2EEncoder(self.weights, self.device))

    def sound(self) -> sound.YAMNetEncoder:
        return self._once("sound", lambda: sound.YAMNetEncoder(self.weights, self.device))

    def text(self) -> text.MiniLMEncoder:
        return self._once("text", lambda: text.MiniLMEncoder(self.weights, self.device))

    def joint(self) -> joint_space.TagBridge:
        return self._once("joint", lambda: joint_space.TagBridge(self.weights, self.sound(), self.text()))

    def speech(self) -> SpeechDetector:
        from engine.audio.speech import SpeechDetector

        return self._once("speech", SpeechDetector)

    @property
    def ready(self) -> frozenset[str]:
        """The kinds that are loaded."""
        return frozenset(self._loaded)

    def spec(self, kind: EncoderKind) -> EncoderSpec:
        """The spec of the encoder in use, without loading it."""
        makers: dict[str, Callable[[Weights], EncoderSpec]] = {
            "voice": voice.spec, "sound": sound.spec, "text": text.spec, "joint": joint_space.spec}
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

    def _once(self, kind: str, make: Callable[[], T]) -> T:
        with self._locks[kind]:
            if kind not in self._loaded:
                self._loaded[kind] = make()
            return cast(T, self._loaded[kind])
