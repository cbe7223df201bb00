"""The scores of who spoke when, against a reference: errors in seconds, and their rates over many recordings.

Errors are those of pyannote.metrics (Bredin 2017, Interspeech), which is imported here alone: missed speech, false alarm and
confusion, as parts of the speech in the reference. A collar is told as the time on each side of a boundary that is left out:
0.25 s means ±0.25 s, which pyannote.metrics, where it is the whole width, calls 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from engine.errors import UsageError
from engine.metrics import intervals
from engine.records import Span

COLLAR_S = 0.25
SCORED = ((COLLAR_S, True), (0.0, False))  # (seconds left out on each side of a boundary, overlap skipped)
PARTS = ("missed", "false_alarm", "confusion")


def scored(reference: Sequence[tuple[str, Span]], found: Sequence[tuple[str, Span]], duration_s: float, collar_s: float,
           skip: bool, named: bool) -> dict[str, float]:
    """Seconds of each kind of error, and of speech (`total`), in one recording.

    collar_s: left out on each side of a boundary. skip: leave out where several speak at once. named: also the seconds of
    errors where names have to be right, too (`named`). Raises UsageError without pyannote.metrics.
    """
    _, segment, timeline, diarization, identification = pyannote()
    truth, hypothesis = _annotation(reference), _annotation(found)
    whole = timeline([segment(0, duration_s)])
    parts = diarization(collar=2 * collar_s, skip_overlap=skip)(truth, hypothesis, uem=whole, detailed=True)
    rows = {"missed": parts["missed detection"], "false_alarm": parts["false alarm"], "confusion": parts["confusion"],
            "total": parts["total"]}
    if named:
        strict = identification(collar=2 * collar_s, skip_overlap=skip)(truth, hypothesis, uem=whole, detailed=True)
        rows["named"] = strict["missed detection"] + strict["false alarm"] + strict["confusion"]
    return rows


def rates(rows: Sequence[Mapping[str, float]], seed: int) -> tuple[dict[str, float], dict[str, list[float]]]:
    """(rates over all recordings, their 95 % intervals by drawing recordings again): der, PARTS, and named_error where it
    was asked for.

    rows: what `scored` gave. Where the reference holds no speech at all, a rate is 0, or 1 where something was found.
    """
    total = np.array([row["total"] for row in rows])
    seconds = {name: np.array([row[name] for row in rows]) for name in PARTS}
    seconds["der"] = np.sum([seconds[name] for name in PARTS], axis=0)
    if "named" in rows[0]:
        seconds["named_error"] = np.array([row["named"] for row in rows])

    def rate(name: str, at: Any = slice(None)) -> float:
        errors, speech = float(seconds[name][at].sum()), float(total[at].sum())
        return errors / speech if speech else float(errors > 0)

    found = {name: rate(name) for name in seconds}
    within = {name: list(intervals.bootstrap_statistic(partial(rate, name), len(rows), seed=seed)) for name in seconds}
    return found, within


def pyannote() -> tuple[Any, Any, Any, Any, Any]:
    """What is used of pyannote.metrics and pyannote.core. Raises UsageError where they are not installed."""
    try:
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate
        from pyannote.metrics.identification import IdentificationErrorRate
    except ImportError as error:
        raise UsageError("Diarization is measured with pyannote.metrics, which is not installed. "
                         "Get it with: pip install pyannote.metrics") from error
    return Annotation, Segment, Timeline, DiarizationErrorRate, IdentificationErrorRate


def _annotation(stretches: Sequence[tuple[str, Span]]) -> Any:
    annotation, segment = pyannote()[:2]
    made = annotation()
    for number, (name, span) in enumerate(stretches):
        made[segment(span.start_s, span.end_s), number] = name
    return made.support()
