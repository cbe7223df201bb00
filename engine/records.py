"""The records that travel through Earmark: frozen, plain, without behaviour beyond arithmetic on themselves.

Times are seconds (float), rates hertz (int), levels dBFS, similarities cosine unless said otherwise.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

EncoderKind = Literal["voice", "sound", "text", "joint", "speech", "turns"]
IdentificationStatus = Literal["match", "tentative", "unknown", "too-short"]
VoiceState = Literal["enrolling", "enrolled"]
EncryptionWay = Literal["off", "keyring", "passphrase"]
LockedWhy = Literal["passphrase", "keyring", "key"]
ChangeKind = Literal["begin", "finish", "rename", "remove", "add-take", "remove-take", "remove-sample", "move-sample", "enroll"]
PointKind = Literal["sample", "centroid", "query", "sound"]
Space = Literal["voices", "sounds"]


@dataclass(frozen=True)
class Audio:
    """Mono sound. samples: float32 (n,), nominally in [-1, 1]."""

    samples: FloatArray
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True)
class FileInfo:
    """What a sound file is, found without decoding it."""

    path: Path
    duration_s: float
    rate_hz: int
    channels: int
    format: str  # lower case: wav, flac, ogg, opus, mp3, aiff, aac …


@dataclass(frozen=True)
class Span:
    """One stretch of a sound."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


KEYED = ("name", "version", "sha256", "kind", "dim", "rate_hz")
"""Fields of a spec that every key is made of, default or not. Stored vectors hang on it: nothing is added here."""


@dataclass(frozen=True)
class EncoderSpec:
    """What makes two vectors comparable: they meet only if their specs are equal."""

    name: str
    version: str
    sha256: str
    kind: EncoderKind
    dim: int
    rate_hz: int | None = None

    @property
    def key(self) -> str:
        """A name for the space that is the same everywhere: sha256, hex.

        Over KEYED in this order, and behind them whatever field a spec was given later, where it is not at its default. So a spec
        that says nothing in a new field keeps its key, and with it the vectors that are stored under it.
        """
        said: list[object] = [getattr(self, name) for name in KEYED]
        more = {one.name: value for one in fields(self) if one.name not in KEYED
                and (value := getattr(self, one.name)) != one.default}
        return hashlib.sha256(json.dumps([*said, more] if more else said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Embedding:
    """vector: float32 (dim,) of unit L2 norm; norm: its length before normalisation."""

    vector: FloatArray
    norm: float = 1.0

    @property
    def raw(self) -> FloatArray:
        """The vector as the net gave it, float32 (dim,)."""
        return self.vector * np.float32(self.norm)


# --- voices -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Voice:
    """One enrolled person. colour: index into the category palette (0 to 11). samples: of the voice encoder in use."""

    id: int
    name: str
    colour: int
    state: VoiceState
    created_at: datetime
    takes: int
    samples: int
    speech_s: float

    @property
    def needs_enrollment(self) -> bool:
        """It is enrolled, but has no sample of the voice encoder in use, so nobody is recognised as it."""
        return self.state == "enrolled" and not self.samples


@dataclass(frozen=True)
class Encryption:
    """How the voices of a workspace are kept on the disk.

    way: where the key is. since: None where it is off. locked: None, or why the key is not at hand: a passphrase is needed,
    the keyring is missing or locked, the key is not in it any more. unclean: what was there before the last change may
    still stand in the files, because another program was reading.
    """

    way: EncryptionWay
    since: datetime | None
    locked: LockedWhy | None
    unclean: bool


@dataclass(frozen=True)
class Take:
    """One recording that was enrolled. recording is None unless the person agreed to keep it (consent_at).

    band: told when it is enrolled, and not kept.
    """

    id: int
    voice_id: int
    source: str  # "microphone" or the file's name
    recorded_at: datetime
    duration_s: float
    speech_s: float
    level_dbfs: float
    snr_db: float
    clipped: int
    samples: int
    recording: Path | None
    consent_at: datetime | None
    band: Band | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Sample:
    """One embedding of one stretch of speech of a voice; similarity is to the voice's own centroid.

    span: the stretch of the take, None where it was enrolled before that was kept.
    """

    id: int
    take_id: int
    voice_id: int
    embedding: Embedding
    speech_s: float
    similarity: float
    span: Span | None = None


@dataclass(frozen=True)
class SampleCheck:
    """A sample with what is odd about it.

    likeness: similarity to the centroid of the voice's other samples, None where it is the only one. nearer_to: another voice
    whose centroid is nearer. flags: far (from the others), nearer (to another voice), short, noisy.
    """

    sample: Sample
    take: Take
    likeness: float | None
    nearer_to: str | None
    flags: tuple[Literal["far", "nearer", "short", "noisy"], ...]


@dataclass(frozen=True)
class ClosePair:
    """Two enrolled voices whose centroids are so near that they may be taken for one another."""

    first: str
    second: str
    similarity: float


@dataclass(frozen=True)
class VoiceChange:
    """A change to voices that can be undone. voice: the name it is about, as it was before."""

    kind: ChangeKind
    voice: str
    at: datetime


@dataclass(frozen=True)
class Candidate:
    """One voice with its similarity to a query."""

    voice_id: int
    voice: str
    colour: int
    similarity: float


MarginUnit = Literal["nats", "similarity"]
"""What a lead over the runner-up is measured in: the natural logarithm of how many times as likely it is, or a difference of
similarities."""
Band = Literal["full", "narrow"]
"""narrow: a telephone's, 300 to 3400 Hz, or anything that ends below 4 kHz."""


@dataclass(frozen=True)
class Identification:
    """Who a stretch of speech is. candidates: nearest first; margin: over the runner-up in margin_unit, None with one voice.

    probability: that the nearest voice speaks rather than a stranger, at even odds; None where nothing was calibrated. band: of
    the recording; None where it was not looked at. voices_heard: how many people speak in the file; None where nobody counted, or
    could.
    """

    status: IdentificationStatus
    voice: str | None
    nearest: str | None
    similarity: float | None
    margin: float | None
    speech_s: float
    candidates: tuple[Candidate, ...] = ()
    probability: float | None = None
    margin_unit: MarginUnit = "similarity"
    band: Band | None = field(default=None, compare=False)
    voices_heard: int | None = None


@dataclass(frozen=True)
class Tag:
    """A sound class with its probability 0–1."""

    name: str
    probability: float


@dataclass(frozen=True)
class LiveUpdate:
    """One step of live listening.

    time_s: since listening began. run_s: how long this voice has been speaking. used_s: net speech in the window that
    was embedded. embedding: the query, None while listening or silent. compute_ms: from taking up the last sound to
    this update: speech detection, embedding, identification. stranger: number of the unknown one who speaks, from 1; None
    where a voice speaks or it is not known yet which stranger does.
    """

    time_s: float
    speaking: bool
    identification: Identification | None
    embedding: Embedding | None
    run_s: float
    used_s: float
    heard: tuple[Tag, ...]
    compute_ms: float
    stranger: int | None = None


@dataclass(frozen=True)
class Turn:
    """A stretch of the live timeline given to one voice, or to a stranger (voice None).

    stranger: its number from 1, None where it is not known which one it is. A stranger that was named keeps its number.
    """

    voice: str | None
    status: IdentificationStatus
    span: Span
    stranger: int | None = None


@dataclass(frozen=True)
class TimelineTrack:
    """One who speaks in a recording: a voice, or a stranger with a number from 1. With neither it is what is left of a live
    session: speech too short to be given to anybody.

    A stranger that was named keeps its number. status, similarity: of all its speech taken together. samples: how many
    embeddings of it are kept; a stranger without any cannot be named. id is 0 where the timeline was not kept.
    """

    id: int
    voice_id: int | None
    voice: str | None
    stranger: int | None
    colour: int | None
    status: IdentificationStatus
    similarity: float | None
    speech_s: float
    samples: int

    @property
    def label(self) -> str:
        """What it is called: the voice's name, or “Stranger 2”; “Unknown” for what nobody could be made of."""
        return self.voice if self.voice is not None else "Unknown" if self.stranger is None else f"Stranger {self.stranger}"


@dataclass(frozen=True)
class TimelineTurn:
    """A stretch of a recording in which one track speaks. track: position in `Timeline.tracks`."""

    track: int
    span: Span


@dataclass(frozen=True)
class Timeline:
    """Who spoke when in a recording. id is None where it was not kept. tracks: in the order of their first turn. not_kept: why
    it could not be kept, a sentence."""

    id: int | None
    path: Path
    sha256: str
    duration_s: float
    made_at: datetime
    tracks: tuple[TimelineTrack, ...]
    turns: tuple[TimelineTurn, ...]
    not_kept: str = ""

    @property
    def speech_s(self) -> float:
        """Seconds in which somebody speaks; where two do at once, they count once."""
        total = reached_s = 0.0
        for span in sorted((turn.span for turn in self.turns), key=lambda span: span.start_s):
            total += max(0.0, span.end_s - max(span.start_s, reached_s))
            reached_s = max(reached_s, span.end_s)
        return total


# --- library ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """A folder of the library. online is False while it cannot be reached."""

    id: int
    path: Path
    sounds: int
    audio_s: float
    online: bool


@dataclass(frozen=True)
class Sound:
    """One audio file of the library. peaks: uint8 (bins,), the waveform's envelope, 255 = full scale."""

    id: int
    folder_id: int
    path: Path
    duration_s: float
    rate_hz: int
    channels: int
    format: str
    sha256: str
    tags: tuple[Tag, ...]
    peaks: NDArray[np.uint8] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Term:
    """One part of a search: a text, or a sound (a file, or the id of one of the library). weight below 0: leave it out."""

    text: str = ""
    like: Path | int | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class SavedQuery:
    """A search that was given a name. Sounds in it are files. under: only sounds below this folder."""

    name: str
    terms: tuple[Term, ...]
    tags: tuple[str, ...]
    under: Path | None
    created_at: datetime


@dataclass(frozen=True)
class TagCount:
    """A label of a list with the number of sounds that have it."""

    label: str
    sounds: int


@dataclass(frozen=True)
class TagListInfo:
    """A list of labels that the library is tagged with.

    least: the least probability of a tag, None where the rule of "none fits" decides. top: at most so many a sound.
    sounds: how many have at least one tag. counts: labels that any sound has, most frequent first.
    """

    name: str
    labels: int
    least: float | None
    top: int
    sounds: int
    counts: tuple[TagCount, ...]
    created_at: datetime


@dataclass(frozen=True)
class Label:
    """A label of a list that a sound has."""

    list_name: str
    name: str
    similarity: float
    probability: float


@dataclass(frozen=True)
class FoundSpan:
    """A stretch of a sound that matches a query, and how well its best place does."""

    start_s: float
    end_s: float
    similarity: float


@dataclass(frozen=True)
class Localisation:
    """A query followed along one sound.

    starts_s, ends_s, similarities: one entry a window, in order. spans: stretches that match, in order; none where the
    query is not heard. threshold: the similarity from which on a window matches.
    """

    path: Path
    query: str
    duration_s: float
    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    similarities: tuple[float, ...]
    spans: tuple[FoundSpan, ...]
    threshold: float
    took_ms: float


@dataclass(frozen=True)
class Match:
    """A sound found by a search, with the span of it that is nearest to the query. labels: of all lists it is tagged with."""

    sound: Sound
    similarity: float
    span: Span
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class SearchResult:
    """matches: most similar first. sounds: how many were compared. damaged: how many could not be, because their vectors are
    lost or damaged; the next scan makes them again.
    """

    query: str
    matches: tuple[Match, ...]
    sounds: int
    took_ms: float
    damaged: int = 0


@dataclass(frozen=True)
class Failure:
    """A file that could not be taken, and why, as a sentence. anyway: it can be enrolled all the same."""

    path: Path
    reason: str
    anyway: bool = False


@dataclass(frozen=True)
class PassedOver:
    """Files of the library's folders that are no sounds by their names. kind: how their names end, in lower case; empty for
    names without an ending. files: how many; examples: the first of them."""

    kind: str
    files: int
    examples: tuple[Path, ...]


@dataclass(frozen=True)
class ScanReport:
    """What a scan did. audio_s: seconds of sound that were embedded; wall_s: time it took.

    encoder: name of the joint space it indexed for. changed_over: the library is searched in this space from now on.
    waiting: sounds that keep the library from changing over to it, because they could not be reached; 0 otherwise.
    passed_over: files of other kinds, the most frequent first.
    """

    added: int
    updated: int
    moved: int
    unchanged: int
    removed: int
    failed: tuple[Failure, ...]
    audio_s: float
    wall_s: float
    encoder: str = ""
    changed_over: bool = False
    waiting: int = 0
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True)
class UnfinishedScan:
    """A scan that did not come to its end: it was stopped, its program ended, or it failed.

    done of total files were taken; total: of those that had to be read, None where it did not get as far as knowing.
    """

    done: int
    total: int | None


@dataclass(frozen=True)
class JointState:
    """Which joint space the library is searched in, and which one it is being indexed for ("" = none).

    indexed of sounds have vectors in the pending one, or, where none is pending, in the one in use. lost: why the one
    that is meant cannot be used any more (its files or its entry are gone), or empty; indexed is 0 then.
    in_use_lost: the same of the one in use.
    """

    in_use: str
    pending: str
    indexed: int
    sounds: int
    lost: str = ""
    in_use_lost: str = ""


@dataclass(frozen=True)
class VoiceEncoderState:
    """Which voice encoder is in use and what it knows of the voices.

    embedded of takes have samples of it; recorded of the others have a recording, so they can get some. to_enroll: names of
    voices without any. threshold: in effect; calibrated: it was measured, or set by hand, for this encoder. failed: recordings
    that could not be used the last time, filled by a change alone.
    """

    in_use: str
    takes: int
    embedded: int
    recorded: int
    to_enroll: tuple[str, ...]
    threshold: float
    calibrated: bool
    failed: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class LibraryStats:
    folders: int
    sounds: int
    spans: int
    audio_s: float
    vectors_bytes: int
    database_bytes: int


# --- projection -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MapPoint:
    """A point of a projection. ref: database id of the sample, voice or sound; group: what it is coloured by."""

    id: str
    label: str
    kind: PointKind
    x: float
    y: float
    ref: int | None = None
    group: str = ""
    colour: int = 0


@dataclass(frozen=True)
class MapQuality:
    """How far a map can be trusted, all 0–1 (Venna & Kaski 2001). None where there are too few points to tell."""

    trustworthiness: float | None
    continuity: float | None
    neighbours_kept: float | None
    k: int


# --- weights ----------------------------------------------------------------------------------------------------------

ModelState = Literal["present", "missing", "damaged", "package"]


@dataclass(frozen=True)
class ModelInfo:
    """One entry of resources/models.toml with its state on this machine."""

    name: str
    title: str
    kind: EncoderKind
    version: str
    dim: int | None
    rate_hz: int | None
    size_bytes: int
    licence: str
    source: str
    citation: str
    sha256: str
    state: ModelState
    path: Path | None


@dataclass(frozen=True)
class EncoderChoice:
    """A joint space that the library can be searched in: one of the program's, or one that the user added.

    info.state is "missing" where something it needs is not on this machine. parts: the weights it stands on, by name. lost:
    why an added one cannot be used any more, or empty. added_at: ISO 8601, empty for the program's own.
    """

    info: ModelInfo
    added: bool
    parts: tuple[str, ...]
    in_use: bool
    pending: bool
    lost: str
    added_at: str = ""
