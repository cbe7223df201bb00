"""Voices: enroll, list, change, identify, listen. What pages and commands call."""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.audio import files
from engine.audio.clean import cleaned
from engine.errors import (
    AudioError,
    Doubtful,
    EncoderError,
    EnrollmentError,
    ListBroken,
    ShapeError,
    StoreError,
    TakeKnown,
    TooLittleSpeech,
    UnlikeVoice,
    UsageError,
    VoiceUnknown,
)
from engine.records import (
    Audio,
    ClosePair,
    Embedding,
    EncoderSpec,
    Failure,
    Identification,
    MarginUnit,
    Sample,
    SampleCheck,
    Take,
    Voice,
    VoiceChange,
)
from engine.settings import SettingsFile
from engine.store import NewTake, Store
from engine.tasks import Ticket, beside, result_of
from engine.voices.calibration import OwnCalibration, calibrate
from engine.voices.choice import choose
from engine.voices.cohort import shipped
from engine.voices.identification import MIN_SPEECH_S, Identifier, margin_unit_of, nobody
from engine.voices.likeness import doubt
from engine.voices.limits import limits_of
from engine.voices.mixtures import to_count, voices_in
from engine.voices.samples import check, close_pairs
from engine.voices.takes import Heard, TakeQuality, judge, net_speech, refusal, speech_in_context, spoken_parts
from engine.voices.undo import History, require

if TYPE_CHECKING:
    from engine.audio.microphone import Source
    from engine.audio.speech import SpeechDetector
    from engine.encoders.protocols import TagListener, VoiceEncoder
    from engine.voices.listening import Listener

log = logging.getLogger(__name__)

ENROLL_S = 15.0
"""Net speech that an enrollment aims at, over three or more takes."""
TAKES_SUGGESTED = 3
MAX_READ_S = 900.0  # of a file that is enrolled or identified; a quarter of an hour is plenty


class Voices:
    """The voices of one workspace. Methods raise StoreError and EnrollmentError where they say nothing else."""

    def __init__(self, store: Store, settings: SettingsFile, encoder: Callable[[], VoiceEncoder],
                 spec: Callable[[], EncoderSpec], detector: Callable[[], SpeechDetector],
                 tagger: Callable[[], TagListener]) -> None:
        """encoder, detector, tagger load what they give on first use; spec loads nothing."""
        self._store, self._settings = store, settings
        self._encoder, self._spec, self._detector, self._tagger = encoder, spec, detector, tagger
        self._cached: tuple[tuple[object, ...], Identifier] | None = None
        self._unsure = False  # what is cached may be old: the database did not answer
        self.history = History(store)

    # --- reading ------------------------------------------------------------------------------------------------------

    def list(self) -> list[Voice]:
        """All voices by name, those that are being enrolled included."""
        return self._store.voices.list(self._known_spec())

    def spec(self) -> EncoderSpec:
        """The space of the encoder in use; loads nothing."""
        return self._spec()

    def get(self, name: str) -> Voice:
        """Raises VoiceUnknown."""
        voice = self.find(name)
        if voice is None:
            raise VoiceUnknown(name)
        return voice

    def find(self, name: str) -> Voice | None:
        """The voice of this name, None where there is none."""
        return self._store.voices.find(name, self._known_spec())

    def samples(self, voice_id: int | None = None) -> builtins.list[Sample]:
        """Samples of the current encoder, with their similarity to their own centroid."""
        return self._store.voices.samples(self._spec(), voice_id)

    def takes(self, voice_id: int) -> builtins.list[Take]:
        return self._store.voices.takes(voice_id, self._known_spec())

    def recording(self, take_id: int) -> Audio:
        """The kept recording of a take, in memory alone. Raises EnrollmentError where it was not kept, DecodeError."""
        return files.from_bytes(self._store.voices.recording(take_id), Path(self._store.voices.take(take_id).source))

    # --- changing -----------------------------------------------------------------------------------------------------

    def begin(self, name: str) -> Voice:
        """A new voice that is being enrolled; it is named by nobody until `finish`. Raises VoiceExists, UsageError."""
        with self.history.change("begin", name, ()) as rows:
            made = self._store.voices.create(name, state="enrolling")
            rows.voices.add(made.id)
        return made

    def add_take(self, voice_id: int, audio: Audio, source: str = "microphone", keep: bool = False, anyway: bool = False) -> Take:
        """Enroll one take: find its speech, embed it in parts of about 3 s, store them.

        keep: the person agreed that the recording is kept; the date of the consent is stored with it. anyway: noise, clipping and
        being unlike the voice's other takes are no reason to refuse it. A take that is known, but has no samples of the encoder
        in use, gets them. Raises TooLittleSpeech, Doubtful (TooNoisy, Clipped, UnlikeVoice), NoSpeech, TwoVoices, TakeKnown,
        EncoderError.
        """
        if not np.isfinite(audio.samples).all():
            raise ShapeError("The sound holds values that are no numbers (NaN or infinity).")
        encoder, digest = self._encoder(), content_hash(audio)
        if digest in self._store.voices.take_hashes(voice_id, encoder.spec):
            raise TakeKnown
        clean = cleaned(audio)
        quality = judge(audio, self._detector(), clean)
        if quality.speech_s < MIN_SPEECH_S:  # nothing else has to be loaded to say so
            raise TooLittleSpeech(quality.speech_s, MIN_SPEECH_S)
        refused = refusal(clean.audio, quality, MIN_SPEECH_S, self._tagger(), encoder, anyway)
        if refused is not None and not isinstance(refused, Doubtful):
            raise refused
        parts = spoken_parts(clean.audio, quality.spans, limits_of(encoder.spec).context_s)
        embeddings = encoder.embed_many([part.audio for part in parts])
        samples = [(e, part.speech_s) for e, part in zip(embeddings, parts, strict=True)]
        new = not anyway and self._store.voices.find_take(voice_id, digest) is None
        unlike = self.unlike(voice_id, samples, encoder.spec) if new else None
        if unlike is not None:
            raise unlike.besides(refused) if refused is not None else unlike  # whoever takes it anyway was told of both
        if refused is not None:
            raise refused
        spans = [part.span for part in parts]
        now = datetime.now(UTC)
        wav = files.wav_bytes(audio) if keep else None
        recording = None
        try:  # the file and the row that names it are one transaction: nobody looks for strays in between
            with self.history.change("add-take", self._store.voices.get(voice_id).name, (voice_id,)):
                known = self._store.voices.find_take(voice_id, digest)
                if known is not None:
                    self._store.voices.add_samples(known.id, encoder.spec, samples, spans)
                    made = self._store.voices.take(known.id, encoder.spec)
                else:
                    recording = self._store.voices.keep_recording(voice_id, digest, wav) if wav else None
                    made = self._store.voices.add_take(voice_id, NewTake(
                        source=source, sha256=digest, recorded_at=now, duration_s=audio.duration_s,
                        speech_s=quality.speech_s, level_dbfs=quality.level_dbfs, snr_db=quality.snr_db or 0.0,
                        clipped=quality.clipped, recording=recording, consent_at=now if keep else None, spec=encoder.spec,
                        samples=samples, spans=spans))
            return replace(made, band=quality.band)
        except BaseException:
            if recording is not None:  # it is a stray, unless its take was stored all the same
                with contextlib.suppress(StoreError):
                    self._store.voices.remove_strays()
            raise

    def unlike(self, voice_id: int, samples: Sequence[tuple[Embedding, float]], spec: EncoderSpec,
               what: str = "This take", leaving: int | None = None) -> UnlikeVoice | None:
        """Why these samples are not added to a voice without being asked; see `engine.voices.likeness.doubt`."""
        known = self._store.voices.samples(spec, voice_id)
        if not known or limits_of(spec).alike is None:
            return None
        return doubt(samples, self._store.voices.get(voice_id), known, self.identifier(spec), limits_of(spec), what, leaving)

    def finish(self, voice_id: int) -> Voice:
        """The voice counts from now on. Raises EnrollmentError when it has no take."""
        voice = self._store.voices.get(voice_id, self._known_spec())
        if not voice.samples:
            raise EnrollmentError("A voice needs at least one take with enough speech.")
        with self.history.change("finish", voice.name, (voice_id,)):
            made = self._store.voices.set_state(voice_id, "enrolled")
        return made

    def enroll_files(self, name: str, paths: Iterable[Path], keep: bool = False, ticket: Ticket | None = None,
                     anyway: bool = False) -> builtins.list[Take | Failure]:
        """Enroll files as takes of a voice, new or known; what is enrolled already is skipped, so it can be repeated.

        Every take is stored as soon as it is ready; `undo` takes them all back. Returns one Take or Failure a file that was not
        skipped. A new voice of which no file could be used is not kept. anyway: see `add_take`. Raises EnrollmentError when the
        voice is removed meanwhile.
        """
        with self.history.together("enroll", name) as rows:
            results: list[Take | Failure] = []
            try:
                self._enroll(name, list(paths), keep, ticket or Ticket(), anyway, results)
            finally:
                if not any(isinstance(result, Take) for result in results):
                    rows.clear()
        return results

    def rename(self, old: str, new: str) -> Voice:
        """Raises VoiceUnknown, VoiceExists, UsageError."""
        voice = self.get(old)
        with self.history.change("rename", voice.name, (voice.id,)):
            renamed = self._store.voices.rename(voice.id, new)
        return renamed

    def remove(self, name: str) -> None:
        """Remove a voice with its takes, samples and recordings; `undo` holds it in memory alone. Raises VoiceUnknown."""
        voice = self.get(name)
        with self.history.change("remove", voice.name, (voice.id,), hold=True):
            self._store.voices.remove(voice.id)

    def remove_take(self, take_id: int) -> None:
        """Remove one take with its samples and recording; the centroid is that of what is left. See `remove`."""
        voice = self._store.voices.get(self._store.voices.take(take_id).voice_id)
        with self.history.change("remove-take", voice.name, (voice.id,), hold=True):
            self._store.voices.remove_take(take_id)

    def remove_sample(self, sample_id: int) -> bool:
        """Remove one sample; a take that has none left goes with its recording, as by `remove_take`. Raises EnrollmentError.

        Returns whether that was so: then only this session can take it back.
        """
        voice = self._store.voices.get(self._sample(sample_id).voice_id)
        with self.history.change("remove-sample", voice.name, (voice.id,), hold=True) as rows:
            self._store.voices.remove_sample(sample_id)
        return any(table == "take" and after is None for table, _, _, after in rows.rows)

    def move_sample(self, sample_id: int, name: str, anyway: bool = False) -> Voice:
        """Give a sample to another voice, with a copy of its recording; returns that voice.

        anyway: also where it is unlike that voice. Raises as `get`, UnlikeVoice, EnrollmentError.
        """
        sample, target = self._sample(sample_id), self.get(name)
        voice = self._store.voices.get(sample.voice_id)
        if not anyway and target.id != voice.id:
            found = self.unlike(target.id, [(sample.embedding, sample.speech_s)], self._spec(), "This sample", voice.id)
            if found is not None:
                raise found
        with self.history.change("move-sample", voice.name, (voice.id, target.id), hold=True):
            self._store.voices.move_sample(sample_id, target.id)
        return self.get(target.name)

    def undo(self) -> VoiceChange:
        """Take the newest change to voices back. Raises EnrollmentError where there is none, or it was changed again since."""
        return require(self.history.undo(), "There is nothing to undo.")

    def redo(self) -> VoiceChange:
        """Make the change again that was taken back last. Raises EnrollmentError where there is none."""
        return require(self.history.redo(), "There is nothing to make again.")

    def forget_cached(self) -> None:
        """Hold nothing in memory that was read from the store; after *forget everything*."""
        self._cached = None

    # --- looking closely ----------------------------------------------------------------------------------------------

    def sample_sound(self, sample_id: int) -> Audio:
        """The stretch of the kept recording that a sample comes from. Raises EnrollmentError where it was not kept."""
        sample = next((one for one in self.samples() if one.id == sample_id), None)
        if sample is None:
            raise EnrollmentError("This sample is not there any more.")
        audio = self.recording(sample.take_id)
        if sample.span is None:  # enrolled before the stretch was written down
            return audio
        return Audio(audio.samples[round(sample.span.start_s * audio.rate_hz):round(sample.span.end_s * audio.rate_hz)],
                     audio.rate_hz)

    def checked_samples(self, voice_id: int | None = None) -> builtins.list[SampleCheck]:
        """Samples of the encoder in use with what is odd: far from the others, nearer to another voice, short, noisy."""
        takes = {take.id: take for take in self._store.voices.takes()}
        names = {voice.id: voice.name for voice in self.list() if voice.state == "enrolled"}
        return check(self.samples(), takes, names, limits_of(self._spec()), voice_id)

    def close_pairs(self) -> builtins.list[ClosePair]:
        """Enrolled voices that are so alike that one may be taken for the other, nearest first."""
        return close_pairs(self.identifier())

    def also_in(self, voice_id: int) -> builtins.list[str]:
        """Names of other voices that share a take with this one."""
        own = self._store.voices.take_hashes(voice_id)
        return [voice.name for voice in self.list()
                if voice.id != voice_id and own & self._store.voices.take_hashes(voice.id)]

    # --- asking -------------------------------------------------------------------------------------------------------

    def judge(self, audio: Audio) -> TakeQuality:
        """How good a take is, without storing anything."""
        return judge(audio, self._detector())

    def identifier(self, spec: EncoderSpec | None = None) -> Identifier:
        """The centroids of the enrolled voices as they are now; cheap when nothing has changed.

        spec: the space to compare in; that of the encoder in use if None. Every committed change to voices counts at once, one of
        another program too; inside a transaction of this thread that writes, also what it has changed so far. Where the database
        does not say whether there was one (a disk that fails for a moment), the centroids are those of before: listening goes on.
        """
        settings, spec = self._settings.value, spec or self._spec()
        how = (settings.threshold, settings.margin, settings.margin_nats, settings.measure, settings.backend, spec)
        cached = self._cached
        try:
            version = self._store.voices.version()  # before anything is read: what is read is at least as new
        except StoreError as error:
            if cached is None or cached[0][1:] != how:
                raise
            if not self._unsure:  # Live asks some times a second
                log.warning("whether voices changed cannot be read: %s", error.kind)
            self._unsure = True
            return cached[1]
        self._unsure = False
        key = (version, *how)
        if version is not None and cached is not None and cached[0] == key:
            return cached[1]
        voices = [v for v in self.list() if v.state == "enrolled"]
        samples = self._store.voices.samples(spec, enrolled_only=True)
        method = choose(settings.backend, shipped(spec))
        margin = settings.margin_in(margin_unit_of(method, settings.measure))
        identifier = Identifier(voices, samples, settings.threshold, margin, settings.measure, method)
        if version is not None:  # else a transaction of this thread is open, and may be rolled back
            self._cached = (key, identifier)
        return identifier

    def margin_unit(self) -> MarginUnit:
        """What the margin in effect is measured in."""
        settings, spec = self._settings.value, self._known_spec()
        return margin_unit_of(choose(settings.backend, shipped(spec) if spec else None), settings.measure)

    def calibration(self) -> OwnCalibration:
        """What thresholds do to the user's own voices, by the back-end in use; see `engine.voices.calibration`.

        Raises UsageError while voices are compared by dot products.
        """
        if self._settings.value.measure == "dot":
            raise UsageError("Dot products are there to compare with; choose cosine to calibrate its threshold.")
        enrolled = self._store.voices.samples(self._spec(), enrolled_only=True)
        return calibrate(enrolled, choose(self._settings.value.backend, shipped(self._spec())))

    def hear(self, audio: Audio) -> Heard:
        """Judge, embed and identify a take so far, without storing anything. Raises EncoderError."""
        clean = cleaned(audio)
        quality = judge(audio, self._detector(), clean)
        speech = net_speech(clean.audio, quality.spans)
        found, embedding = self._who(clean.audio, quality)
        return Heard(quality, replace(found, band=quality.band), embedding, speech)

    def identify(self, audio: Audio) -> Identification:
        """Who speaks in a stretch of sound. Raises EncoderError."""
        return self.hear(audio).identification

    def embed_file(self, path: Path) -> Embedding:
        """The embedding of the speech in a file. Raises AudioError, EncoderError, TooLittleSpeech."""
        audio = cleaned(files.read(path, duration_s=MAX_READ_S)).audio
        spans = self._detector().spans(audio)
        if (speech_s := sum(span.duration_s for span in spans)) < MIN_SPEECH_S:
            raise TooLittleSpeech(speech_s, MIN_SPEECH_S)
        encoder = self._encoder()
        return encoder.embed(speech_in_context(audio, spans, limits_of(encoder.spec).context_s))

    def identify_file(self, path: Path) -> Identification:
        """Who speaks in a file (its first quarter of an hour), and how many do. Raises AudioError, EncoderError."""
        heard = self.hear(files.read(path, duration_s=MAX_READ_S))
        return replace(heard.identification, voices_heard=self._voices_heard(heard.speech))

    def listener(self, source: Source, after: Listener | None = None) -> Listener:
        """A listener on a microphone or file, not yet started. It stays with the encoder that is in use now.

        after: whose session goes on; by default a new one begins.
        """
        from engine.voices.listening import Listener

        encoder = self._encoder()
        return Listener(source, encoder, self._detector(), lambda: self.identifier(encoder.spec), self._tagger,
                        after.lanes if after is not None else None)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _sample(self, sample_id: int) -> Sample:
        sample = next((one for one in self.samples() if one.id == sample_id), None)
        if sample is None:
            raise EnrollmentError("This sample is not there any more.")
        return sample

    def _enroll(self, name: str, paths: builtins.list[Path], keep: bool, ticket: Ticket, anyway: bool,
                results: builtins.list[Take | Failure]) -> None:
        """Fills results."""
        known = self._store.voices.find(name)
        voice = known or self.begin(name)
        try:
            for number, path in enumerate(paths):
                ticket.report(number, len(paths), path.name)
                self._store.voices.get(voice.id)  # raises when the voice was removed
                try:
                    reading = beside(lambda path=path: files.read(path, duration_s=MAX_READ_S), "read-take")  # type: ignore[misc]
                    audio = result_of(reading, ticket, path.name)
                    if content_hash(audio) in self._store.voices.take_hashes(voice.id, self._spec()):
                        continue
                    results.append(self.add_take(voice.id, audio, path.name, keep, anyway))
                except (AudioError, ShapeError, EnrollmentError) as error:  # missing or damaged weights are no file's fault
                    self._store.voices.get(voice.id)  # nor is a voice that was removed while the file was embedded
                    results.append(Failure(path, getattr(error, "reason", str(error)), isinstance(error, Doubtful)))
        finally:
            if known is None:
                self._remove_unused(voice.id)
        usable = known is not None and self._store.voices.get(known.id, self._known_spec()).samples
        if usable or any(isinstance(result, Take) for result in results):
            self.finish(voice.id)
        ticket.report(len(paths), len(paths), "")

    def _remove_unused(self, voice_id: int) -> None:
        """Remove a voice that has got no sample; one that is gone already is gone."""
        with self._store.writing():
            if any(voice.id == voice_id and not voice.samples for voice in self.list()):
                self._store.voices.remove(voice_id)

    def _who(self, audio: Audio, quality: TakeQuality) -> tuple[Identification, Embedding | None]:
        """audio: cleaned. No embedding where there is too little speech."""
        if quality.speech_s < MIN_SPEECH_S:
            return nobody("too-short", quality.speech_s), None
        encoder = self._encoder()
        embedding = encoder.embed(speech_in_context(audio, quality.spans, limits_of(encoder.spec).context_s))
        return self.identifier(encoder.spec).identify(embedding, quality.speech_s, quality.snr_db,
                                                      quality.band == "narrow"), embedding

    def _voices_heard(self, speech: Audio | None) -> int | None:
        cut = to_count(speech) if speech is not None else []
        limits = limits_of(self._spec())
        if not cut or limits.apart is None:
            return None
        return voices_in(np.array([one.vector for one in self._encoder().embed_many(cut)]), limits)

    def _known_spec(self) -> EncoderSpec | None:
        """The space in use; None where its encoder is lost: the voices can be listed, renamed and removed all the same."""
        try:
            return self._spec()
        except (EncoderError, ListBroken):
            return None


def content_hash(audio: Audio) -> str:
    """Hex SHA-256 of the decoded sound and its rate: the same take is known again, whatever its file is called."""
    digest = hashlib.sha256(str(audio.rate_hz).encode())
    digest.update(np.ascontiguousarray(audio.samples, np.float32).tobytes())
    return digest.hexdigest()
