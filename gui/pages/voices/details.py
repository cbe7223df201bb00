"""What is asked of the engine about one voice, in one go, off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.records import Candidate, Embedding, Sample, Take, Voice

if TYPE_CHECKING:
    from engine.app import Earmark


@dataclass(frozen=True)
class Details:
    """A voice with its takes and samples, and the nearest other enrolled voice."""

    voice: Voice
    takes: tuple[Take, ...]
    samples: tuple[Sample, ...]
    nearest: Candidate | None


def details(app: Earmark, voice_id: int) -> Details | None:
    """None when the voice is gone."""
    voice = next((v for v in app.voices.list() if v.id == voice_id), None)
    if voice is None:
        return None
    samples: tuple[Sample, ...] = tuple(app.voices.samples(voice_id))
    return Details(voice, tuple(app.voices.takes(voice_id)), samples, _nearest(app, voice_id, samples))


def _nearest(app: Earmark, voice_id: int, samples: tuple[Sample, ...]) -> Candidate | None:
    if not samples:
        return None
    from engine.voices.identification import centroid

    middle = centroid(np.array([sample.embedding.vector for sample in samples], dtype=np.float32))
    found = app.voices.identifier().identify(Embedding(middle), sum(sample.speech_s for sample in samples))
    return next((other for other in found.candidates if other.voice_id != voice_id), None)
