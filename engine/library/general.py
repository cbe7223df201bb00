"""What a question is held against: texts and sounds of all kinds, so that “near” means the same in every space.

Cosines of a space lie wherever its training left them. A question is therefore measured in standard deviations of what is
usual: texts by how near GENERAL_TEXTS are, sounds by how near the made sounds of GENERAL_SOUNDS are. Both are the same for
every encoder and need no recording.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from engine import synthesis
from engine.audio.resample import resample
from engine.describing import kept
from engine.encoders.protocols import TextAudioEncoder
from engine.errors import EncoderError
from engine.library.analysis import analyse_waves
from engine.records import FloatArray

GENERAL_TEXTS = (
    "speech", "singing", "laughter", "footsteps", "applause", "crowd", "music", "guitar", "piano", "drum", "violin",
    "synthesizer", "bell", "alarm", "telephone", "engine", "car", "train", "aircraft", "machine", "tool", "hammering", "door",
    "glass", "metal", "wood", "paper", "water", "wind", "fire", "thunder", "explosion", "gunshot", "animal", "bird", "insect",
    "cat", "horse", "silence", "noise", "click", "whoosh", "hum", "electronic tone")
GENERAL_SOUNDS = (
    "beeps", "telephone bell ringing", "car horn", "foghorn", "doorbell", "radio static", "rain", "howling wind", "dripping tap",
    "thunder", "cricket", "bird chirping", "dog-like barking", "engine idling", "clock ticking", "steam hiss", "mains hum",
    "knocking on a door", "glass ping", "explosion", "whoosh", "bass drum", "drum beat", "acoustic guitar chords", "organ chord",
    "bass synthesizer", "synthesizer pad", "flute melody", "violin melody", "church bell", "marimba")
"""Of `synthesis.sounds`."""
LENGTH_S = 2.0
"""Of each general sound, from its beginning."""


def sounds(encoder: TextAudioEncoder, folder: Path | None = None) -> FloatArray:
    """Vectors of GENERAL_SOUNDS: float32 (sounds, dim), unit rows. folder: where they are kept, by encoder.

    Raises EncoderError.
    """
    shape = (len(GENERAL_SOUNDS), encoder.spec.dim)
    file = kept.file_in(folder, encoder.spec, (*GENERAL_SOUNDS, str(LENGTH_S), recipe())) if folder else None
    found = kept.read(file, shape) if file else None
    if found is None:
        found = _embedded(encoder)
        if file:
            kept.write(file, found)
    return found


def recipe() -> str:
    """What the general sounds are made by, in hex: another one where `synthesis` was changed, so that what is kept is not taken
    for the vectors of sounds that are made no longer. (To make them takes seconds, to read how they are made none.)
    """
    digest = hashlib.sha256()
    for source in sorted(Path(synthesis.__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


def _embedded(encoder: TextAudioEncoder) -> FloatArray:
    from engine.synthesis.sounds import make_sounds

    rate_hz = encoder.spec.rate_hz
    if rate_hz is None:
        raise EncoderError(f"{encoder.spec.name} takes no sound.")
    waves = [resample(one.audio.samples[:round(LENGTH_S * one.audio.rate_hz)], one.audio.rate_hz, rate_hz)
             for one in make_sounds(names=GENERAL_SOUNDS)]
    rows = []
    for one in analyse_waves(encoder, waves):
        if isinstance(one, Exception):
            raise one
        rows.append(one.vectors[0])
    return np.stack(rows).astype(np.float32)
