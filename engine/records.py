"""The records that travel through Earmark: frozen, plain, without behaviour beyond arithmetic on themselves.

Times are seconds (float), rates hertz (int), levels dBFS, similarities cosine unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

EncoderKind = Literal["voice", "sound", "text", "joint", "speech"]
IdentificationStatus = Literal["match", "tentative", "unknown", "too-short"]
VoiceState = Literal["enrolling", "enrolled"]
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
    """What the header of a sound file says."""

    path: Path
    duration_s: float
    rate_hz: int
    channels: int
    format: str  # lower case: wav, flac, ogg, opus, mp3, aiff


@dataclass(frozen=True)
class Span:
    """One stretch of a sound."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class EncoderSpec:
    """What makes two vectors comparable: they meet only if their specs are equal."""

    name: str
    version: str
    sha256: str
    kind: EncoderKind
    dim: int
    rate_hz: int | None = None


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
    """One enrolled person. colour is an index into the category palette (0 to 11)."""

    id: int
    name: str
    colour: int
    state: VoiceState
    created_at: datetime
    takes: int
    samples: int
    speech_s: float


@dataclass(frozen=True)
class Take:
    """One recording that was enrolled. recording is None unless the person agreed to keep it (consent_at)."""

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


@dataclass(frozen=True)
class Sample:
    """One embedding of one stretch of speech of a voice; similarity is to the voice's own centroid."""

    id: int
    take_id: int
    voice_id: int
    embedding: Embedding
    speech_s: float
    similarity: float


@dataclass(frozen=True)
class Candidate:
    """One voice with its similarity to a query."""

    voice_id: int
    voice: str
    colour: int
    similarity: float


@dataclass(frozen=True)
class Identification:
    """Who a stretch of speech is. candidates: nearest first; margin: over the runner-up, None with one voice."""

    status: IdentificationStatus
    voice: str | None
    nearest: str | None
    similarity: float | None
    margin: float | None
    speech_s: float
    candidates: tuple[Candidate, ...] = ()


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
    this update: speech detection, embedding, identification.
    """

    time_s: float
    speaking: bool
    identification: Identification | None
    embedding: Embedding | None
    run_s: float
    used_s: float
    heard: tuple[Tag, ...]
    compute_ms: float


@dataclass(frozen=True)
class Turn:
    """A stretch of the live timeline given to one voice (voice None: unknown)."""

    voice: str | None
    status: IdentificationStatus
    span: Span


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
    """matches: most similar first. sounds: how many were compared."""

    query: str
    matches: tuple[Match, ...]
    sounds: int
    took_ms: float


@dataclass(frozen=True)
class Failure:
    """A file that could not be taken, and why, as a sentence."""

    path: Path
    reason: str


@dataclass(frozen=True)
class ScanReport:
    """What a scan did. audio_s: seconds of sound that were embedded; wall_s: time it took.

    encoder: name of the joint space it indexed for. changed_over: the library is searched in this space from now on.
    waiting: sounds that keep the library from changing over to it, because they could not be reached; 0 otherwise.
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


@dataclass(frozen=True)
class JointState:
    """Which joint space the library is searched in, and which one it is being indexed for ("" = none).

    indexed of sounds have vectors in the pending one, or, where none is pending, in the one in use.
    """

    in_use: str
    pending: str
    indexed: int
    sounds: int


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
