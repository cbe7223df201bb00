"""What is asked of the engine about voices, in one go, off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication

from engine.errors import EarmarkError
from engine.records import Candidate, ClosePair, Embedding, Sample, SampleCheck, Take, Voice
from engine.texts import is_label
from gui import words

if TYPE_CHECKING:
    from engine.app import Earmark

OUTLYING = ("far", "nearer")
"""Flags of a sample that may not belong to its voice; the others say how good it is."""


@dataclass(frozen=True)
class Details:
    """A voice with its takes and samples, the nearest other enrolled voice, and what is odd about it.

    checks: of its samples. close: voices that it may be taken for. shared: names of voices that have a take of it too.
    """

    voice: Voice
    takes: tuple[Take, ...]
    samples: tuple[Sample, ...]
    nearest: Candidate | None
    checks: tuple[SampleCheck, ...] = ()
    close: tuple[ClosePair, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A warning at the row of a voice: a word or two, and a sentence."""

    words: str
    sentence: str


def first_details(app: Earmark, voice_id: int) -> Details | None:
    """What is read at once, without what is computed. None when the voice is gone."""
    voice = next((v for v in app.voices.list() if v.id == voice_id), None)
    if voice is None:
        return None
    return Details(voice, tuple(app.voices.takes(voice_id)), tuple(app.voices.samples(voice_id)), None)


def details(app: Earmark, voice_id: int) -> Details | None:
    """None when the voice is gone."""
    found = first_details(app, voice_id)
    if found is None:
        return None
    name = found.voice.name
    close = tuple(pair for pair in app.voices.close_pairs() if name in (pair.first, pair.second))
    return replace(found, nearest=_nearest(app, voice_id, found.samples), checks=tuple(app.voices.checked_samples(voice_id)),
                   close=close, shared=tuple(app.voices.also_in(voice_id)))


def other(pair: ClosePair, name: str) -> str:
    """The other voice of a pair."""
    return pair.second if pair.first == name else pair.first


def marks(app: Earmark) -> dict[int, Mark]:
    """What the list warns of, by voice: one mark a voice, the gravest. None at all where samples cannot be read."""
    try:
        voices, pairs, checks = app.voices.list(), app.voices.close_pairs(), app.voices.checked_samples()
    except EarmarkError:
        return {}
    odd: dict[int, int] = {}
    for check in checks:
        if any(flag in OUTLYING for flag in check.flags):
            odd[check.sample.voice_id] = odd.get(check.sample.voice_id, 0) + 1
    found = {}
    for voice in voices:
        pair = next((pair for pair in pairs if voice.name in (pair.first, pair.second)), None)
        if is_label(voice.name):
            found[voice.id] = Mark(_tr("rename it"), _tr("Its name is what Earmark itself says where it is not sure who speaks."))
        if voice.needs_enrollment:
            found[voice.id] = Mark(_tr("enroll again"), _tr("It has no sample of the voice encoder in use."))
        elif pair is not None:
            name = other(pair, voice.name)
            found[voice.id] = Mark(_tr("near {}").format(short_name(name)), _tr(
                "{name} is so near ({similarity}) that one may be taken for the other.").format(
                    name=name, similarity=words.similarity(pair.similarity)))
        elif number := odd.get(voice.id, 0):
            found[voice.id] = Mark(_tr("1 outlier") if number == 1 else _tr("{} outliers").format(number),
                                   _tr("Samples that may not be of this voice: look at them, and remove or move them."))
    return found


def short_name(name: str) -> str:
    """"Ben Lindqvist" → "Ben L."."""
    parts = name.split()
    return name if len(parts) < 2 else f"{parts[0]} {parts[-1][0]}."


def _nearest(app: Earmark, voice_id: int, samples: tuple[Sample, ...]) -> Candidate | None:
    if not samples:
        return None
    from engine.voices.identification import centroid

    middle = centroid(np.array([sample.embedding.vector for sample in samples], dtype=np.float32))
    found = app.voices.identifier().identify(Embedding(middle), sum(sample.speech_s for sample in samples))
    return next((other for other in found.candidates if other.voice_id != voice_id), None)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Details", text)
