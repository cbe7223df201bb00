"""What goes into the store and what comes out of it beside the records of `engine.records`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.records import Embedding, EncoderSpec, FloatArray, IdentificationStatus, Span, Tag

IntArray = NDArray[np.int64]

LONGEST_NAME = 200  # characters of the name of a list or a saved query
TAKES = "takes"
"""Folder of the takes' recordings, below the workspace's recordings."""


@dataclass(frozen=True)
class NewTake:
    """One recording to be enrolled.

    source: "microphone" or the file's name. sha256: of the content, hex. recorded_at: naive times are local.
    recording: a file inside the workspace's recordings folder, only with consent_at. samples: (embedding, seconds of
    speech) each, embeddings of `spec`. spans: where in the take each sample comes from, None where nobody knows
    (empty: of none).
    """

    source: str
    sha256: str
    recorded_at: datetime
    duration_s: float
    speech_s: float
    level_dbfs: float
    snr_db: float
    clipped: int
    recording: Path | None
    consent_at: datetime | None
    spec: EncoderSpec
    samples: tuple[tuple[Embedding, float], ...] | list[tuple[Embedding, float]]
    spans: Sequence[Span | None] = ()


@dataclass(frozen=True)
class NewTrack:
    """One who speaks in a new timeline: a voice (voice_id), or a stranger (its number, with samples to name it by).

    level_dbfs: of its speech. clipped: places where the wave is cut off. samples: (embedding, seconds of speech) each.
    """

    voice_id: int | None
    stranger: int | None
    status: IdentificationStatus
    similarity: float | None
    level_dbfs: float
    clipped: int
    turns: tuple[Span, ...]
    samples: tuple[tuple[Embedding, float], ...] = ()


@dataclass(frozen=True)
class NewTimeline:
    """A recording that was heard. sha256: of the file, hex. noise_dbfs: its noise floor. Samples are of `spec`."""

    path: Path
    sha256: str
    duration_s: float
    noise_dbfs: float
    made_at: datetime
    spec: EncoderSpec
    tracks: tuple[NewTrack, ...]


@dataclass(frozen=True)
class Stranger:
    """A stranger of a kept timeline, with what it can be known again by. samples as in NewTrack."""

    track_id: int
    timeline_id: int
    number: int
    path: Path
    sha256: str
    made_at: datetime
    speech_s: float
    duration_s: float
    level_dbfs: float
    noise_dbfs: float
    clipped: int
    samples: tuple[tuple[Embedding, float], ...]


@dataclass(frozen=True)
class Naming:
    """A stranger that was given a name. tracks: how many strangers of all timelines became the voice by it."""

    id: int
    voice: str
    take_id: int
    made_voice: bool
    made_at: datetime
    tracks: int


@dataclass(frozen=True)
class FileKey:
    """What tells that a file has not changed."""

    size: int
    mtime_ns: int


@dataclass(frozen=True)
class KnownSound:
    """A sound as a scan sees it. indexed: it has vectors of the spec that was asked for."""

    id: int
    folder_id: int
    path: Path
    key: FileKey
    sha256: str
    indexed: bool


@dataclass(frozen=True)
class RememberedFailure:
    """A file that could not be taken, as long as its key stays the same."""

    path: Path
    key: FileKey
    reason: str


@dataclass(frozen=True)
class SameAs:
    """Take over description and vectors from a sound of equal content."""

    sound_id: int


@dataclass(frozen=True)
class NewSound:
    """A sound to be written. id: the row to replace, None for a new one.

    peaks: uint8 (bins,). spans and vectors belong together: float32 (len(spans), dim), unit rows.
    same_as: instead of everything from duration_s on.
    """

    path: Path
    folder_id: int
    key: FileKey
    sha256: str
    id: int | None = None
    same_as: SameAs | None = None
    duration_s: float = 0.0
    rate_hz: int = 0
    channels: int = 0
    format: str = ""
    peaks: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8), repr=False, compare=False)
    tags: tuple[Tag, ...] = ()
    spans: tuple[Span, ...] = ()
    vectors: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False, compare=False)


@dataclass(frozen=True)
class StoredList:
    """A list as tagging needs it. shows: the version of the library that its tags show in the space asked about, None where they
    were made with another space, or never."""

    id: int
    name: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    least: float | None
    top: int
    shows: int | None


@dataclass(frozen=True)
class Tagged:
    """Tags found: one entry a tag. sound_ids, labels: int64 (n,). similarities, probabilities: float32 (n,)."""

    sound_ids: IntArray
    labels: IntArray
    similarities: FloatArray
    probabilities: FloatArray
