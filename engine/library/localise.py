"""Where in a long sound a query is heard.

Windows of 2 s, one every second, go to the encoder as sounds of their own; the sound flows through in blocks, so that an
hour needs no more memory than a minute. What a similarity is worth differs from query to query and from encoder to
encoder, so it is measured in z, against what is general (`library.general`): for a text, mean and standard deviation of
the windows' similarities to the general texts; for a sound, those to the general sounds, of the windows or of the query
itself, whichever are greater. A window matches where z reaches

    min(CERTAIN, max(FLOOR, median + 0.4 · (maximum − median)))

and only if the maximum reaches FLOOR and stands out from the median by STANDS_OUT, or reaches CERTAIN. So a sound in
which the query is not heard has no span, and one that is full of it has one span from end to end.
tests/benchmarks/localise.py prints what window, share and floors were chosen by.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import ShapeError
from engine.index import BoolArray
from engine.library import general
from engine.library.analysis import analyse_waves
from engine.library.terms import SMALLEST_DEVIATION, WideArray, combined, joined
from engine.records import FloatArray, FoundSpan

WINDOW_S, HOP_S = 2.0, 1.0
BATCH = 32
"""Windows handed to the encoder together."""
FLOOR, CERTAIN, STANDS_OUT = 1.5, 3.0, 2.5
"""In z."""
TRIM_S = 0.25
"""What a run of windows is shortened by at either end: the query need not fill the first and the last of them."""
SHARE = 0.4
"""How far between median and maximum a window has to be."""


@dataclass(frozen=True)
class Curve:
    """A query along one sound: one entry a window, in order; spans: what matches, in order. threshold: in cosines."""

    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    similarities: FloatArray
    spans: tuple[FoundSpan, ...]
    threshold: float
    duration_s: float


def localise(encoder: TextAudioEncoder, blocks: Iterator[FloatArray], vectors: FloatArray, weights: Sequence[float],
             texts: Sequence[bool], rate_hz: int, each: Callable[[float, float], None] = lambda done_s, rate: None,
             sounds: FloatArray | None = None, window_s: float = WINDOW_S, hop_s: float = HOP_S) -> Curve:
    """Follow a query along a sound of any length.

    blocks: mono float32 at rate_hz, the encoder's. vectors: float32 (t, dim), unit rows, the terms; weights: (t,), negative
    for what is to be left out; texts: which of them are texts. each: told the seconds done and how many × real time; may
    raise to stop. sounds: float32 (n, dim), the general sounds (default: made and embedded here, where a term is a sound).
    Raises what reading the blocks raises, ShapeError, EncoderError.
    """
    began = time.perf_counter()
    if sounds is None and not all(texts):
        sounds = general.sounds(encoder)
    words = _Usual(encoder.embed_texts(general.GENERAL_TEXTS))
    noises = None if sounds is None else _Usual(sounds)
    starts: list[float] = []
    ends: list[float] = []
    parts: list[FloatArray] = []
    for batch in _batches(windows(blocks, round(window_s * rate_hz), round(hop_s * rate_hz))):
        heard = analyse_waves(encoder, [wave for _, wave in batch])
        rows = np.zeros((len(batch), vectors.shape[1]), np.float32)
        for place, one in enumerate(heard):
            if isinstance(one, ShapeError):  # nothing in this window that could be placed: it is like nothing
                continue
            if isinstance(one, Exception):
                raise one
            rows[place] = one.vectors[0]
        words.add(rows)
        if noises is not None:
            noises.add(rows)
        parts.append(rows @ vectors.T)
        starts += [start / rate_hz for start, _ in batch]
        ends += [(start + len(wave)) / rate_hz for start, wave in batch]
        each(ends[-1], ends[-1] / max(time.perf_counter() - began, 1e-6))
    if not parts:
        raise ShapeError("There is no sound in it.")
    usual_of = np.array([words.of_windows if text or noises is None else noises.of_either(vector)
                         for text, vector in zip(texts, vectors, strict=True)], np.float64)  # (t, 2)
    return _curve(np.concatenate(parts).T, np.asarray(weights, np.float64), usual_of, starts, ends)


class _Usual:
    """Mean and standard deviation of the similarities of all windows to a background (n, dim), added up batch by batch."""

    def __init__(self, background: FloatArray) -> None:
        self._background = background
        self._count, self._total, self._squares = 0, 0.0, 0.0

    def add(self, rows: FloatArray) -> None:
        near = (rows @ self._background.T).astype(np.float64)
        self._count, self._total = self._count + near.size, self._total + float(near.sum())
        self._squares += float((near**2).sum())

    @property
    def of_windows(self) -> tuple[float, float]:
        mean = self._total / self._count
        return mean, max(SMALLEST_DEVIATION, (max(0.0, self._squares / self._count - mean**2)) ** 0.5)

    def of_either(self, vector: FloatArray) -> tuple[float, float]:
        """The greater ones: of the windows, or of this query's own similarities."""
        mean, deviation = self.of_windows
        near = (self._background @ vector).astype(np.float64)
        return max(mean, float(near.mean())), max(deviation, float(near.std()))


def windows(blocks: Iterator[FloatArray], size: int, hop: int) -> Iterator[tuple[int, FloatArray]]:
    """Cut consecutive blocks into windows of `size` samples every `hop`, each with its first sample.

    The last one ends with the sound; a sound shorter than a window is one window.
    """
    kept = np.zeros(0, np.float32)
    first = start = covered = 0  # samples: where `kept` begins, where the next window does, where the last one ended
    for block in blocks:
        kept = np.concatenate([kept, np.asarray(block, np.float32)])
        while start + size <= first + len(kept):
            yield start, kept[start - first:start - first + size]
            covered = start + size
            start += hop
        cut = max(0, min(start - first, len(kept) - size))  # enough is kept for a window that ends with the sound
        kept, first = kept[cut:], first + cut
    if first + len(kept) > covered:
        rest = kept[-size:]
        yield first + len(kept) - len(rest), rest


def _batches(cut: Iterator[tuple[int, FloatArray]]) -> Iterator[list[tuple[int, FloatArray]]]:
    while batch := [*islice(cut, BATCH)]:
        yield batch


def _curve(similarities: FloatArray, weights: WideArray, usual: WideArray, starts: list[float], ends: list[float]) -> Curve:
    """similarities: float32 (t, n). usual: float64 (t, 2), mean and standard deviation of each term."""
    mean, deviation = usual[:, 0], usual[:, 1]
    z = joined((similarities - mean[:, None]) / deviation[:, None], weights)  # (n,)
    shown = combined(similarities, weights, mean, deviation)
    best, middle = float(z.max()), float(np.median(z))
    heard = best >= CERTAIN or (best >= FLOOR and best - middle >= STANDS_OUT)
    least = min(CERTAIN, max(FLOOR, middle + SHARE * (best - middle)))
    plus = weights > 0
    shares = weights[plus] / weights[plus].sum()
    threshold = float(shares @ mean[plus] + (shares @ deviation[plus]) * least)
    spans = _spans(z >= least, shown, starts, ends) if heard else ()
    return Curve(tuple(starts), tuple(ends), np.clip(shown, -1, 1), spans, threshold, ends[-1])


def _spans(match: BoolArray, similarities: FloatArray, starts: list[float], ends: list[float]) -> tuple[FoundSpan, ...]:
    """Runs of windows that match, each from a little inside its first window to a little inside its last."""
    edges = np.flatnonzero(np.diff(match.astype(np.int8), prepend=0, append=0))
    found = []
    for begin, behind in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start = starts[begin] + (TRIM_S if begin else 0.0)
        end = ends[behind - 1] - (TRIM_S if behind < len(match) else 0.0)
        found.append(FoundSpan(start, max(end, start), min(1.0, float(similarities[begin:behind].max()))))
    return tuple(found)
