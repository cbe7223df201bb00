"""Cosines that stand for one person or for two. They lie elsewhere for every voice encoder, and are measured for each."""

from __future__ import annotations

from dataclasses import dataclass

from engine.records import EncoderSpec


@dataclass(frozen=True)
class Limits:
    """apart: below it, two groups of windows of a take are two people, and a sample is odd among others of its voice; None:
    nobody measured it (tests/benchmarks/takes.py). same: mean cosine of two groups of windows from which on they are one person
    (timeline.py). like: mean cosine to all that a stranger said live from which on a stretch is hers; as `same`, for longer
    windows (live_strangers.py). alike: cosines of two takes, of 2 s and of 3.5 s of speech, below which they are two people;
    None: nobody measured it. nearer: by so much a take of another voice is more like that one than its own (takes.py). gap: so
    much less alike than the others a sample has to be, at the least, to be odd (takes.py). context_s: so much on each side of
    speech is embedded with it (`evaluate speakers`).
    """

    apart: float | None = None
    same: float = 0.62
    like: float = 0.68
    alike: tuple[float, float] | None = None
    nearer: float = 0.2
    gap: float = 0.15
    context_s: float = 0.0


# By the name of the spec. Those of CAM++ lie midway, but same and like (see above): groups of windows of one reader are alike
# by 0.65 and more, of one actor of emotions by 0.55, of two readers by less than 0.25; mean cosines of all windows are 0.50 and
# more in one, below 0.21 in two.
_MEASURED = {"GE2E d-vector": Limits(0.72, 0.62, 0.68, (0.54, 0.72), 0.15, 0.15),
             "CAM++": Limits(0.42, 0.34, 0.45, (0.29, 0.48), 0.2, 0.25, 0.3)}


def limits_of(spec: EncoderSpec) -> Limits:
    """Those of an encoder of the program; for one that was added, no `apart`, and GE2E's for the rest."""
    return _MEASURED.get(spec.name, Limits())
