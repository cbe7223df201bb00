"""Voices: enroll, list, change, identify, listen. What pages and commands call."""

from __future__ import annotations

import builtins
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from engine.audio import files
from engine.errors import AudioError, EarmarkError, EnrollmentError, ShapeError, TooLittleSpeech, VoiceUnknown
from engine.records import (
    Audio,
    Embedding,
    EncoderSpec,
    Failure,
    Identification,
    Sample,
    Take,
    Voice,
)
from engine.settings import SettingsFile
from engine.store import NewTake, Store
from engine.store.records import TAKES
from engine.tasks import Ticket
from engine.voices.identification import MIN_SPEECH_S, Identifier, nobody
from engine.voices.takes import Heard, TakeQuality, judge, net_speech, sample_parts

if TYPE_CHECKING:
    from engine.audio.microphone import Source
    from engine.audio.speech import SpeechDetector
    from engine.encoders.protocols import TagListener, VoiceEncoder
    from engine.voices.listening import Listener

log = logging.getLogger(__name__)
T = TypeVar("T")

ENROLL_S = 15.0
"""Net speech that an enrollment aims at, over three or more takes."""
MAX_READ_S = 900.0  # of a file that is enrolled or identified; a quarter of an hour is plenty


class Voices:
    """The voices of one workspace. Methods raise StoreError and EnrollmentError where they say nothing else."""

    def __init__(self, store: Store, settings: SettingsFile, encoder: Callable[[], VoiceEncoder],
                 spec: Callable[[], EncoderSpec], detector: Callable[[], SpeechDetector],
                 tagger: Callable[[], TagListener]) -> None:
        """encoder, detector, tagger load what they give on first use; spec loads nothing."""
        self._store, self._settings = store, settings
        self._encoder, self._spec, self._detector, self._tagger = encoder, spec, detector, tagger
        self._cached: tuple[object, Identifier] | None = None
        self._generation = 0  # raised by every change, so that what was read before it is not cached after it
        self._caching = threading.Lock()

    # --- reading ------------------------------------------------------------------------------------------------------

    def list(self) -> list[Voice]:
        """All voices by name, those that are being enrolled included."""
        return self._store.voices.list()

    def get(self, name: str) -> Voice:
        """Raises VoiceUnknown."""
        voice = self._store.voices.find(name)
        if voice is None:
            raise VoiceUnknown(name)
        return voice

    def samples(self, voice_id: int | None = None) -> builtins.list[Sample]:
        """Samples of the current encoder, with their similarity to their own centroid."""
        return self._store.voices.samples(self._spec(), voice_id)

    def takes(self, voice_id: int) -> builtins.list[Take]:
        return self._store.voices.takes(voice_id)

    # --- changing -----------------------------------------------------------------------------------------------------

    def begin(self, name: str) -> Voice:
        """A new voice that is being enrolled; it is named by nobody until `finish`. Raises VoiceExists, UsageError."""
        return self._changed(self._store.voices.create(name, state="enrolling"))

    def add_take(self, voice_id: int, audio: Audio, source: str = "microphone", keep: bool = False) -> Take:
        """Enroll one take: find its speech, embed it in parts of about 3 s, store them.

        keep: the person agreed that the recording is kept; the date of the consent is stored with it. Raises
        TooLittleSpeech, EnrollmentError (the same take twice), EncoderError.
        """
        digest = content_hash(audio)
        if digest in self._store.voices.take_hashes(voice_id, self._spec()):
            raise EnrollmentError("This take is enrolled already.")
        quality = judge(audio, self._detector())
        if quality.speech_s < MIN_SPEECH_S:
            raise TooLittleSpeech(quality.speech_s, MIN_SPEECH_S)
        parts = sample_parts(net_speech(audio, quality.spans))
        embeddings = self._encoder().embed_many(parts)
        now = datetime.now(UTC)
        recording = None
        try:
            with self._store.writing():  # the file and the row that names it: nobody looks for strays in between
                recording = self._keep(voice_id, audio, digest) if keep else None
                made = self._store.voices.add_take(voice_id, NewTake(
                    source=source, sha256=digest, recorded_at=now, duration_s=audio.duration_s,
                    speech_s=quality.speech_s, level_dbfs=quality.level_dbfs, snr_db=quality.snr_db or 0.0,
                    clipped=quality.clipped, recording=recording, consent_at=now if keep else None, spec=self._spec(),
                    samples=[(e, p.duration_s) for e, p in zip(embeddings, parts, strict=True)]))
            return self._changed(made)
        except EarmarkError:
            if recording is not None:
                recording.unlink(missing_ok=True)
            raise

    def finish(self, voice_id: int) -> Voice:
        """The voice counts from now on. Raises EnrollmentError when it has no take."""
        if not self._store.voices.get(voice_id).samples:
            raise EnrollmentError("A voice needs at least one take with enough speech.")
        return self._changed(self._store.voices.set_state(voice_id, "enrolled"))

    def enroll_files(self, name: str, paths: Iterable[Path], keep: bool = False,
                     ticket: Ticket | None = None) -> builtins.list[Take | Failure]:
        """Enroll files as takes of a voice, new or known; what is enrolled already is skipped, so it can be repeated.

        Every take is stored as soon as it is ready. Returns one Take or Failure a file that was not skipped. A new
        voice of which no file could be used is not kept. Raises EnrollmentError when the voice is removed meanwhile.
        """
        ticket = ticket or Ticket()
        paths = list(paths)
        known = self._store.voices.find(name)
        voice = known or self._store.voices.create(name, state="enrolling")
        results: list[Take | Failure] = []
        try:
            for number, path in enumerate(paths):
                ticket.report(number, len(paths), path.name)
                self._store.voices.get(voice.id)  # raises when the voice was removed
                try:
                    audio = files.read(path, duration_s=MAX_READ_S)
                    if content_hash(audio) in self._store.voices.take_hashes(voice.id, self._spec()):
                        continue
                    results.append(self.add_take(voice.id, audio, path.name, keep))
                except (AudioError, ShapeError, EnrollmentError) as error:  # missing or damaged weights are no file's fault
                    self._store.voices.get(voice.id)  # nor is a voice that was removed while the file was embedded
                    results.append(Failure(path, getattr(error, "reason", str(error))))
        finally:
            if known is None:
                self._remove_unused(voice.id)
        if (known is not None and known.samples) or any(isinstance(result, Take) for result in results):
            self.finish(voice.id)
        ticket.report(len(paths), len(paths), "")
        return results

    def rename(self, old: str, new: str) -> Voice:
        """Raises VoiceUnknown, VoiceExists, UsageError."""
        return self._changed(self._store.voices.rename(self.get(old).id, new))

    def remove(self, name: str) -> None:
        """Remove a voice with its takes, samples and recordings. Raises VoiceUnknown."""
        try:
            self._store.voices.remove(self.get(name).id)
        finally:  # also where the voice is removed and only its traces could not be
            self.forget_cached()

    def remove_take(self, take_id: int) -> None:
        """Remove one take with its samples and recording; the centroid is that of what is left."""
        try:
            self._store.voices.remove_take(take_id)
        finally:
            self.forget_cached()

    def forget_cached(self) -> None:
        """What was read from the store counts no more, for instance after *forget everything*."""
        with self._caching:
            self._generation += 1
            self._cached = None

    # --- asking -------------------------------------------------------------------------------------------------------

    def judge(self, audio: Audio) -> TakeQuality:
        """How good a take is, without storing anything."""
        return judge(audio, self._detector())

    def identifier(self) -> Identifier:
        """The centroids of the enrolled voices as they are now; cheap when nothing has changed."""
        settings = self._settings.value
        key = (settings.threshold, settings.margin, settings.measure)
        with self._caching:
            cached, generation = self._cached, self._generation
        if cached is not None and cached[0] == key:
            return cached[1]
        voices = [v for v in self.list() if v.state == "enrolled"]
        samples = self._store.voices.samples(self._spec(), enrolled_only=True)
        identifier = Identifier(voices, samples, settings.threshold, settings.margin, settings.measure)
        with self._caching:
            if generation == self._generation:
                self._cached = (key, identifier)
        return identifier

    def hear(self, audio: Audio) -> Heard:
        """Judge, embed and identify a take so far, without storing anything. Raises EncoderError."""
        quality = self.judge(audio)
        found, embedding = self._who(net_speech(audio, quality.spans))
        return Heard(quality, found, embedding)

    def identify(self, audio: Audio) -> Identification:
        """Who speaks in a stretch of sound. Raises EncoderError."""
        return self._who(net_speech(audio, self._detector().spans(audio)))[0]

    def embed_file(self, path: Path) -> Embedding:
        """The embedding of the speech in a file. Raises AudioError, EncoderError, TooLittleSpeech."""
        audio = files.read(path, duration_s=MAX_READ_S)
        speech = net_speech(audio, self._detector().spans(audio))
        if speech.duration_s < MIN_SPEECH_S:
            raise TooLittleSpeech(speech.duration_s, MIN_SPEECH_S)
        return self._encoder().embed(speech)

    def identify_file(self, path: Path) -> Identification:
        """Who speaks in a file (its first quarter of an hour). Raises AudioError, EncoderError."""
        return self.identify(files.read(path, duration_s=MAX_READ_S))

    def listener(self, source: Source) -> Listener:
        """A listener on a microphone or file, not yet started."""
        from engine.voices.listening import Listener

        return Listener(source, self._encoder(), self._detector(), self.identifier, self._tagger)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _remove_unused(self, voice_id: int) -> None:
        """Remove a voice that has got no sample; one that is gone already is gone."""
        with self._store.writing():
            if any(voice.id == voice_id and not voice.samples for voice in self.list()):
                self._store.voices.remove(voice_id)

    def _who(self, speech: Audio) -> tuple[Identification, Embedding | None]:
        """speech: net, put end to end. No embedding where there is too little of it."""
        if speech.duration_s < MIN_SPEECH_S:
            return nobody("too-short", speech.duration_s), None
        embedding = self._encoder().embed(speech)
        return self.identifier().identify(embedding, speech.duration_s), embedding

    def _changed(self, value: T) -> T:
        self.forget_cached()
        return value

    def _keep(self, voice_id: int, audio: Audio, digest: str) -> Path:
        path = self._store.recordings / TAKES / f"{voice_id}-{digest[:16]}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, audio)
        return path


def content_hash(audio: Audio) -> str:
    """Hex SHA-256 of the decoded sound and its rate: the same take is known again, whatever its file is called."""
    digest = hashlib.sha256(str(audio.rate_hz).encode())
    digest.update(np.ascontiguousarray(audio.samples, np.float32).tobytes())
    return digest.hexdigest()
