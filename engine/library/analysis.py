"""Handing sounds to the encoder: several short ones together, a long one block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.encoders.protocols import SoundAnalysis, TextAudioEncoder
from engine.errors import DecodeError, EarmarkError
from engine.library.reading import Decoded, Prepared, Reader
from engine.records import FloatArray
from engine.tasks import Ticket

Outcome = tuple[Decoded | None, SoundAnalysis | Exception]
"""What is known of a sound (None where it could not be read) and what the encoder heard, or why it could not."""


def analyse(encoder: TextAudioEncoder, sounds: Sequence[Prepared]) -> list[Outcome]:
    """Analyse short sounds that are decoded, in one call."""
    decoded = [sound.decoded for sound in sounds]
    results = _many(encoder, [iter(one.blocks) if one is not None else iter(()) for one in decoded])
    return list(zip(decoded, results, strict=True))


def analyse_long(encoder: TextAudioEncoder, reader: Reader, path: Path, ticket: Ticket,
                 each: Callable[[float], None]) -> Outcome:
    """Analyse a sound of any length in bounded memory.

    each: told after each block how much of the sound is done, 0–1; what it raises stops the work. Raises Cancelled.
    """
    try:
        sound = reader.long(path, ticket)
    except DecodeError as error:
        return None, error
    total_s = max(sound.info.duration_s, 1e-3)
    result = _many(encoder, [sound.blocks(lambda done_s: each(min(1.0, done_s / total_s)))])[0]
    return sound.decoded(), result


def analyse_waves(encoder: TextAudioEncoder, waves: Sequence[FloatArray]) -> list[SoundAnalysis | Exception]:
    """Analyse stretches that are in memory, each as a sound of its own."""
    return _many(encoder, [iter([wave]) for wave in waves])


def seconds(sound: Prepared) -> float:
    """Length of what is decoded."""
    return 0.0 if sound.decoded is None else sound.decoded.duration_s


def _many(encoder: TextAudioEncoder, sounds: list[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
    many = getattr(encoder, "analyse_many", None)  # an encoder may do without
    if many is not None:
        results: list[SoundAnalysis | Exception] = many(sounds)
        return results
    results = []
    for blocks in sounds:
        try:
            results.append(encoder.analyse(blocks))
        except EarmarkError as error:
            results.append(error)
    return results
