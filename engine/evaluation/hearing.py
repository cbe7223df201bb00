"""Files → vectors of an encoder, for every protocol that measures a text–audio space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.audio import files
from engine.encoders.protocols import SoundAnalysis, TextAudioEncoder
from engine.errors import UsageError
from engine.records import Failure
from engine.tasks import Ticket

BATCH = 16  # sounds decoded before the net runs


def hear(paths: Sequence[Path], encoder: TextAudioEncoder, ticket: Ticket) -> tuple[dict[Path, SoundAnalysis], list[Failure]]:
    """Return what the encoder hears in each file that can be read, in their order, and the failures.

    Raises UsageError where none can be read, Cancelled.
    """
    heard: dict[Path, SoundAnalysis] = {}
    failed: list[Failure] = []
    rate_hz = encoder.spec.rate_hz
    assert rate_hz is not None
    for start in range(0, len(paths), BATCH):
        part = paths[start:start + BATCH]
        ticket.report(start, len(paths), part[0].name, "sounds")
        for path, result in zip(part, encoder.analyse_many([files.stream(p, rate_hz) for p in part]), strict=True):
            if isinstance(result, Exception):
                failed.append(Failure(path, getattr(result, "reason", str(result))))
            else:
                heard[path] = result
    ticket.report(len(paths), len(paths), "", "sounds")
    if not heard:
        raise UsageError(f"None of the {len(paths)} files can be read.")
    return heard, failed
