"""Timelines of recordings: make, keep, list, remove; name a stranger once, everywhere, and undo it."""

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
from engine.audio.integrity import opened
from engine.errors import DecodeError, EnrollmentError, StoreError, StrangerUnknown
from engine.files import is_there
from engine.index import unit_mean
from engine.records import Embedding, EncoderSpec, Timeline, TimelineTrack, TimelineTurn, Voice
from engine.store import NewTake, Store
from engine.store.records import Naming, NewTimeline, NewTrack, Stranger
from engine.tasks import Ticket, beside, result_of
from engine.voices.limits import limits_of
from engine.voices.timeline.assignment import speech_s
from engine.voices.timeline.people import ANY, People
from engine.voices.timeline.recording import Recording, listen
from engine.voices.timeline.turns import who_spoke

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector
    from engine.encoders.protocols import VoiceEncoder
    from engine.voices.identification import Identifier
    from engine.voices.listening import Listener
    from engine.voices.service import Voices
    from engine.voices.timeline.clustering import IntArray
    from engine.voices.timeline.live_lanes import Recorded
    from engine.voices.timeline.local import Segmenter
    from engine.voices.timeline.online import HeardStranger

log = logging.getLogger(__name__)

SAMPLE_PIECES = 3  # pieces that one sample of a stranger is made of: 3 s, as long as a sample of a take
MOST_SAMPLES = 60  # of a stranger; three minutes say who somebody is
SILENT_DBFS = -90.0
HASH_BYTES = 1 << 20  # read at a time


class Timelines:
    """The timelines of one workspace. Methods raise StoreError and EnrollmentError where they say nothing else."""

    def __init__(self, store: Store, voices: Voices, encoder: Callable[[], VoiceEncoder], spec: Callable[[], EncoderSpec],
                 detector: Callable[[], SpeechDetector], segmenter: Callable[[], Segmenter]) -> None:
        """encoder, detector and segmenter load what they give on first use; spec loads nothing."""
        self._store, self._voices = store, voices
        self._encoder, self._spec, self._detector, self._segmenter = encoder, spec, detector, segmenter

    def make(self, path: Path, keep: bool = True, ticket: Ticket | None = None, people: People = ANY) -> Timeline:
        """Hear a recording and say who spoke when; strangers are numbered in the order in which they speak.

        keep: store it, in place of an older one of the same file. Where that cannot be done (another program writes to the
        workspace, a full disk), what was heard is not lost: the result's id is None, and `not_kept` says why. people: how many
        speak, at least and at most, where the user knows it. Raises AudioError, EncoderError, Cancelled.
        """
        path, ticket = path.absolute(), ticket or Ticket()
        ears = self._encoder(), self._detector(), self._segmenter()
        digest = result_of(beside(lambda: file_hash(path, ticket), "hash-recording"), ticket, path.name)
        recording = listen(path, *ears, ticket)
        made = _timeline(path, digest, recording, self._voices.identifier(), self._spec(), people)
        if keep:
            try:
                return self._store.timelines.add(made)
            except StoreError as error:
                log.warning("a timeline was not kept: %s", error.kind)
                return replace(_shown(made, self._voices.list()), not_kept=str(error))
        return _shown(made, self._voices.list())

    def keep_recorded(self, recorded: Recorded) -> Timeline:
        """Keep who spoke when in a recording of a live session, as it was found while one listened.

        Raises DecodeError (the file is gone or cannot be read), Busy, StoreError.
        """
        digest, duration_s = file_hash(recorded.path, Ticket()), files.info(recorded.path).duration_s
        tracks = recorded.kept(duration_s, {voice.id for voice in self._voices.list()})
        return self._store.timelines.add(NewTimeline(recorded.path, digest, duration_s, recorded.noise_dbfs, datetime.now(UTC),
                                                     recorded.spec, tracks))

    def list(self) -> builtins.list[Timeline]:
        """What is kept, newest first."""
        return self._store.timelines.list()

    def gone(self, timelines: Iterable[Timeline]) -> frozenset[int]:
        """Ids of those of kept timelines whose recording is not where it was."""
        return frozenset(one.id for one in timelines if one.id is not None and not is_there(one.path))

    def unheard(self, timelines: Iterable[Timeline]) -> builtins.list[tuple[Path, datetime]]:
        """Recordings of the microphone in this workspace that none of these timelines is of, with their time, newest first: for
        instance what a killed program left."""
        known, found = {one.path for one in timelines}, []
        for path in self._store.recordings.glob("*.wav"):
            with contextlib.suppress(OSError):  # gone meanwhile
                if path not in known:
                    found.append((path, _time_of(path)))
        return sorted(found, key=lambda one: one[1], reverse=True)

    def get(self, timeline_id: int) -> Timeline:
        return self._store.timelines.get(timeline_id)

    def remove(self, timeline_id: int) -> None:
        """Remove a timeline with what its strangers are known by. The file and the voices stay."""
        self._store.timelines.remove(timeline_id)

    # --- naming strangers ---------------------------------------------------------------------------------------------

    def name_stranger(self, timeline_id: int, number: int, name: str, anyway: bool = False) -> Naming:
        """Make a stranger a voice: a new one, or one more take of the voice that has this name.

        The strangers of all other timelines that are that voice become it, too. anyway: also where it is unlike that voice.
        Raises StrangerUnknown (no such unnamed stranger), EnrollmentError (nothing is kept to know it by, or by another encoder),
        UnlikeVoice, UsageError (the name).
        """
        with self._store.writing():
            stranger = self._store.timelines.stranger(timeline_id, number, self._spec())
            if not stranger.samples:
                raise EnrollmentError(f"Too little is kept of Stranger {number} to know it again. Make the timeline again.")
            known = self._store.voices.find(name)
            self._look_alike(known, stranger.samples, number, anyway)
            voice = known or self._store.voices.create(name, state="enrolling")
            take = self._store.voices.add_take(voice.id, _take(stranger, self._spec()))
            if known is None:
                self._store.voices.set_state(voice.id, "enrolled")
            same = self._same(voice.id, stranger.timeline_id)
            named = self._store.timelines.name(voice.id, take.id, known is None, [stranger.track_id, *same])
        return next(one for one in self.namings() if one.id == named)

    def name_live_stranger(self, listener: Listener, number: int, name: str, anyway: bool = False) -> Voice:
        """Make a stranger of a live session a voice, or one more take of the voice that has this name; its turns become hers.

        Only embeddings are kept, no sound. The strangers of kept timelines that are that voice become it, too. `Voices.undo`
        takes all of it back: after `look_again` the turns are the stranger's again. anyway: also where it is unlike that voice.
        Raises StrangerUnknown, EnrollmentError (nothing to know it by, another encoder), UnlikeVoice, UsageError (the name).
        """
        heard = listener.stranger(number)
        if heard is None:
            raise StrangerUnknown(number)
        if not heard.samples:
            raise EnrollmentError(f"Too little was heard of Stranger {number} to know it again. Let it speak for longer.")
        if heard.spec != self._spec():
            raise EnrollmentError(f"Stranger {number} was heard by another voice encoder than the one in use. Listen again.")
        known = self._store.voices.find(name)
        self._look_alike(known, heard.samples, number, anyway)
        with self._voices.history.change("enroll", name, () if known is None else (known.id,)) as rows:
            voice = known or self._store.voices.create(name, state="enrolling")
            rows.voices.add(voice.id)
            take = self._store.voices.add_take(voice.id, _live_take(heard))
            if known is None or known.state != "enrolled":
                self._store.voices.set_state(voice.id, "enrolled")
            if same := self._same(voice.id):
                self._store.timelines.name(voice.id, take.id, known is None, same)
        listener.name_stranger(number, voice.id)
        return self._store.voices.get(voice.id, heard.spec)

    def namings(self) -> builtins.list[Naming]:
        """What was named and can be undone, newest first."""
        return self._store.timelines.namings()

    def undo_naming(self, naming_id: int | None = None) -> Naming:
        """Undo a naming (default: the last one): strangers are strangers again.

        Its take goes, and the voice too if the naming made it and it has no other take.
        """
        namings = self.namings()
        found = next((one for one in namings if naming_id in (None, one.id)), None)
        if found is None:
            raise EnrollmentError("There is no naming to undo.")
        with self._store.writing():
            voice_id, take_id, alone = self._store.timelines.unname(found.id)
            if alone:
                self._store.voices.remove(voice_id)
            else:
                self._store.voices.remove_take(take_id)
        return found

    # --- inside -------------------------------------------------------------------------------------------------------

    def _look_alike(self, known: Voice | None, samples: Sequence[tuple[Embedding, float]], number: int, anyway: bool) -> None:
        """Raises UnlikeVoice where a stranger is to become a voice that it does not sound like."""
        if known is not None and not anyway:
            unlike = self._voices.unlike(known.id, samples, self._spec(), f"Stranger {number}")
            if unlike is not None:
                raise unlike

    def _same(self, voice_id: int, apart_from: int | None = None) -> builtins.list[int]:
        """Tracks of the strangers of all timelines but one that are identified as a voice."""
        identifier = self._voices.identifier()
        found = []
        for other in self._store.timelines.strangers(self._spec()):
            if other.timeline_id == apart_from:  # two tracks of one recording were told apart already
                continue
            who = identifier.identify(_together(other), sum(length for _, length in other.samples))
            if who.status == "match" and who.candidates[0].voice_id == voice_id:
                found.append(other.track_id)
        return found


def file_hash(path: Path, ticket: Ticket) -> str:
    """Hex SHA-256 of a file's bytes. Raises DecodeError, Cancelled."""
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            while block := file.read(HASH_BYTES):
                ticket.check()
                digest.update(block)
        return digest.hexdigest()
    except OSError as error:
        raise DecodeError(path, f"the file cannot be opened: {error.strerror or error}.") from error


def _timeline(path: Path, digest: str, recording: Recording, identifier: Identifier, spec: EncoderSpec,
              people: People) -> NewTimeline:
    assigned, turns = who_spoke(recording, identifier, limits_of(spec).same, people)
    tracks = []
    strangers = 0
    for number, one in enumerate(assigned.tracks):
        mine = assigned.label == number
        spans = tuple(span for track, span in turns if track == number)
        if not spans:
            continue
        level = 10 * float(np.log10(max(1e-9, float(recording.power[mine].mean()))))
        if one.voice_id is None:
            strangers += 1
        tracks.append(NewTrack(
            one.voice_id, strangers if one.voice_id is None else None, one.status, one.similarity, level,
            int(recording.clipped[mine].sum()), spans,
            _samples(recording, assigned.label, number) if one.voice_id is None else ()))
    return NewTimeline(path, digest, recording.duration_s, recording.noise_dbfs, datetime.now(UTC), spec, tuple(tracks))


def _samples(recording: Recording, label: IntArray, number: int) -> tuple[tuple[Embedding, float], ...]:
    """Embeddings of about 3 s each of one track, spread over the whole recording; at most MOST_SAMPLES."""
    heard = recording.heard
    parts: list[list[int]] = []
    reached_s = -1.0  # samples share no sound
    for at in np.flatnonzero(label == number).tolist():
        last = parts[-1] if parts else []
        if last and len(last) < SAMPLE_PIECES and last[-1] == at - 1 and heard.run[at] == heard.run[at - 1]:
            last.append(at)
        elif heard.start_s[at] >= reached_s:
            parts.append([at])
        else:
            continue
        reached_s = float(heard.end_s[at])
    long = [part for part in parts if speech_s(heard, _mask(len(heard), part)) >= 1.0] or parts
    if len(long) > MOST_SAMPLES:
        long = [long[at] for at in np.linspace(0, len(long) - 1, MOST_SAMPLES).round().astype(int)]
    found = []
    for part in long:
        rows = _mask(len(heard), part)
        found.append((Embedding(unit_mean(heard.vectors[rows]), float(heard.norms[rows].mean())), speech_s(heard, rows)))
    return tuple(found)


def _mask(n: int, rows: builtins.list[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    mask = np.zeros(n, bool)
    mask[rows] = True
    return mask


def _together(stranger: Stranger) -> Embedding:
    return Embedding(unit_mean(np.array([e.vector for e, _ in stranger.samples])),
                     float(np.mean([e.norm for e, _ in stranger.samples])))


def _take(stranger: Stranger, spec: EncoderSpec) -> NewTake:
    """The take that a stranger becomes; its source is the file."""
    content = hashlib.sha256(f"{stranger.sha256} stranger {stranger.number}".encode()).hexdigest()
    return NewTake(stranger.path.name, content, stranger.made_at, stranger.duration_s,
                   sum(length for _, length in stranger.samples), stranger.level_dbfs,
                   stranger.level_dbfs - max(SILENT_DBFS, stranger.noise_dbfs), stranger.clipped, None, None, spec,
                   stranger.samples)


def _live_take(heard: HeardStranger) -> NewTake:
    """The take that a stranger of a live session becomes. Its content is its embeddings: there is no sound."""
    content = hashlib.sha256(b"".join(np.ascontiguousarray(e.vector, np.float32).tobytes() for e, _ in heard.samples))
    return NewTake("microphone", content.hexdigest(), datetime.now(UTC), heard.speech_s,
                   sum(length for _, length in heard.samples), heard.level_dbfs, heard.snr_db, heard.clipped, None, None,
                   heard.spec, heard.samples)


def _shown(made: NewTimeline, voices: builtins.list[Voice]) -> Timeline:
    """A timeline that is not kept."""
    by_id = {voice.id: voice for voice in voices}
    tracks = []
    for one in made.tracks:
        voice = by_id.get(one.voice_id) if one.voice_id is not None else None
        tracks.append(TimelineTrack(0, one.voice_id, voice.name if voice else None, one.stranger,
                                    voice.colour if voice else None, one.status, one.similarity,
                                    sum(span.duration_s for span in one.turns), 0))
    stretches = sorted(((span.start_s, at, span) for at, one in enumerate(made.tracks) for span in one.turns),
                       key=lambda found: found[:2])
    return Timeline(None, made.path, made.sha256, made.duration_s, made.made_at, tuple(tracks),
                    tuple(TimelineTurn(at, span) for _, at, span in stretches))


def _time_of(path: Path) -> datetime:
    """When a file was last changed; the nearest year that there is, where a clock was wrong. Raises OSError."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC) if path.stat().st_mtime > 0 else datetime.min.replace(tzinfo=UTC)
