"""What goes into a map and what comes out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.projection.methods import Method
from engine.projection.placement import Placer, vector_of
from engine.records import FloatArray, MapPoint, MapQuality, PointKind, Sample, Sound, Space, Voice

COLOURS = 12  # of the category palette; the last is for all the rest
OTHER = COLOURS - 1


@dataclass(frozen=True)
class MapSource:
    """One thing to be drawn: a MapPoint that has no place yet, and its vector float32 (dim,)."""

    id: str
    label: str
    kind: PointKind
    vector: FloatArray = field(repr=False, compare=False)
    ref: int | None = None
    group: str = ""
    colour: int = 0

    def at(self, x: float, y: float) -> MapPoint:
        return MapPoint(self.id, self.label, self.kind, x, y, self.ref, self.group, self.colour)


@dataclass(frozen=True)
class ProjectedMap:
    """A drawn map.

    params: as used, defaults filled in and capped to the number of points. variance: shares held by the principal
    components, None for other methods. seed: None where chance plays no part. fitted: how many points the layout was
    fitted to (of a voice map its samples; centroids and the query are placed afterwards). asked: the parameters before they
    were capped. revision: a hash of what it was fitted to.
    """

    space: Space
    method: Method
    params: Mapping[str, Any]
    points: tuple[MapPoint, ...]
    variance: tuple[float, ...] | None
    quality: MapQuality
    took_s: float
    seed: int | None
    fitted: int
    dim: int
    placer: Placer = field(repr=False, compare=False)
    asked: Mapping[str, Any] = field(default_factory=dict)
    revision: str = ""

    def place(self, vector: ArrayLike) -> tuple[float, float]:
        """Where a vector (dim,) of this space belongs: exactly for PCA, by its nearest neighbours otherwise."""
        return self.placer(vector_of(vector, self.dim))


def voice_sources(voices: Iterable[Voice], samples: Iterable[Sample]) -> list[MapSource]:
    """Samples △ and centroids ▲ (unit mean of a voice's samples), coloured by voice. Other samples are left out."""
    named = {voice.id: voice for voice in voices}
    mine = [sample for sample in samples if sample.voice_id in named]
    found = [MapSource(f"sample-{s.id}", voice.name, "sample", s.embedding.vector, s.id, voice.name, voice.colour)
             for s in mine for voice in (named[s.voice_id],)]
    for voice in named.values():
        own = [s.embedding.vector for s in mine if s.voice_id == voice.id]
        if own:
            found.append(MapSource(f"centroid-{voice.id}", voice.name, "centroid", _unit_mean(own), voice.id,
                                   voice.name, voice.colour))
    return found


def sound_sources(sounds: Iterable[tuple[Sound, FloatArray]], *, by_folder: bool = False) -> list[MapSource]:
    """One point a sound: the unit mean of its span vectors (spans, dim); grouped by its first tag, or by its folder.

    The eleven most frequent groups have a colour of their own, all others share the twelfth.
    """
    rows = [(sound, vectors) for sound, vectors in sounds if len(vectors)]
    groups = [sound.path.parent.name if by_folder else (sound.tags[0].name if sound.tags else "") for sound, _ in rows]
    counted = Counter(group for group in groups if group)
    frequent = sorted(counted, key=lambda group: (-counted[group], group))[:OTHER]
    colours = {group: colour for colour, group in enumerate(frequent)}
    return [MapSource(f"sound-{sound.id}", sound.path.name, "sound", _unit_mean(vectors), sound.id, group,
                      colours.get(group, OTHER)) for (sound, vectors), group in zip(rows, groups, strict=True)]


def _unit_mean(vectors: Sequence[FloatArray] | FloatArray) -> FloatArray:
    mean = np.mean(np.asarray(vectors, dtype=np.float64), axis=0)
    return np.asarray(mean / max(1e-12, float(np.linalg.norm(mean))), dtype=np.float32)
