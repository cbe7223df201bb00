"""Which voice encoder is in use, and changing over to another one.

Samples of every encoder are kept, each in its own space, so that going back loses nothing. A change first makes the samples that
are missing, from the recordings that were kept; only then the new encoder is in use. Voices without a recording have to be
enrolled again, or wait until their encoder is back. Thresholds do not carry over: each encoder has its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.encoders.models import VOICE, Models
from engine.errors import EncoderError, ListBroken
from engine.records import EncoderSpec, VoiceEncoderState
from engine.settings import Settings, SettingsFile, default_threshold
from engine.store import Store
from engine.tasks import Ticket
from engine.voices.reembedding import reembed

log = logging.getLogger(__name__)


class VoiceSwitching:
    """Reads and changes the choice of one workspace. Thread-safe as far as its settings and its store are."""

    def __init__(self, store: Store, settings: SettingsFile, models: Callable[[], Models]) -> None:
        self._store, self._settings, self._models = store, settings, models

    def state(self) -> VoiceEncoderState:
        """Raises EncoderError when the encoder in use is not on the list any more."""
        name = self._settings.value.voice
        spec = self._models().voice_spec(name)
        takes = self._store.voices.takes(spec=spec)
        missing = [take for take in takes if not take.samples]
        return VoiceEncoderState(
            name, len(takes), len(takes) - len(missing), sum(take.recording is not None for take in missing),
            tuple(voice.name for voice in self._store.voices.list(spec) if voice.needs_enrollment),
            self._settings.value.threshold, calibrated(self._settings.value, name, spec))

    def unknown_to(self, name: str) -> tuple[str, ...]:
        """Voices that another encoder would not know: it has no sample of them, and there is no recording to make some of.

        To be said before a change. Raises EncoderError, StoreError.
        """
        spec = self._models().voice_spec(self._known(name))
        recorded = {take.voice_id for take in self._store.voices.takes(spec=spec) if take.recording is not None}
        return tuple(voice.name for voice in self._store.voices.list(spec)
                     if voice.needs_enrollment and voice.id not in recorded)

    def stored(self) -> dict[str, str]:
        """The choice that follows from what is stored, by the name of the setting: for settings that do not say it any more.

        The encoder that most takes have samples of, of equals the one that came last. Empty where there are none. Raises
        StoreError.
        """
        spaces = self._store.spaces.list("voice")
        if not spaces:
            return {}
        most = max(reversed(spaces), key=lambda one: one.count)
        return {"voice": self._models().voice_of(most.spec)}

    def use(self, name: str, ticket: Ticket | None = None) -> VoiceEncoderState:
        """Make the samples that are missing, then change over. With the encoder in use: only make what is missing.

        Cancelled or killed, the old encoder stays in use, and the next call goes on. Raises Cancelled, EncoderError,
        WeightsMissing (nothing is changed then), Busy, StoreError.
        """
        models, name = self._models(), self._known(name)
        encoder = models.voice_named(name)
        failed = reembed(self._store, encoder, models.speech(), ticket)
        with self._store.writing():
            if name != self._settings.value.voice:
                self._settings.change(voice=name, **self._thresholds(name, encoder.spec))
                log.info("the voices have changed over to another encoder")
        return replace(self.state(), failed=failed)

    def _known(self, name: str) -> str:
        """The name as the list has it, whatever its case."""
        return next((one for one in self._models().voice_names() if one.casefold() == name.casefold()), name)

    def _thresholds(self, name: str, new: EncoderSpec) -> dict[str, Any]:
        """The threshold of the encoder in use is put away, that of the new one is taken out, or the default."""
        now, kept = self._settings.value, dict(self._settings.value.thresholds)
        try:
            old = self._models().voice_spec(now.voice).sha256
        except (EncoderError, ListBroken):  # its entry is gone, and nobody can say which it was
            old = ""
        if old and (now.threshold != default_threshold(now) or old in kept):
            kept[old] = now.threshold
        return {"thresholds": kept, "threshold": kept.get(new.sha256, default_threshold(replace(now, voice=name)))}


def calibrated(settings: Settings, name: str, spec: EncoderSpec) -> bool:
    """Whether the threshold in effect was measured, or set by hand, for this encoder; those of the program come with theirs."""
    return name in VOICE or spec.sha256 in settings.thresholds or settings.threshold != default_threshold(settings)
