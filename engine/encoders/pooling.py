"""Sounds of any length through YAMNet in full batches, and what it gives of each patch pooled by span.

A patch belongs to the spans that hold its centre. Pooling goes by stretches of HOP_S, of which a span is SPAN_S / HOP_S
in a row, so that a sound of any length is pooled as it comes, in memory of a few numbers a span.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.encoders import sound
from engine.encoders.protocols import HOP_S, SPAN_S
from engine.errors import EarmarkError, ShapeError
from engine.records import FloatArray, Span

if TYPE_CHECKING:
    from torch import Tensor

EMBEDDINGS = "embeddings"  # (n, 1024)
PROBABILITIES = "probabilities"  # (n, 521)
_PER_SPAN = round(SPAN_S / HOP_S)


class PatchEncoder(Protocol):
    """What is asked of the net; `sound.YAMNetEncoder` is one."""

    batch: int

    @property
    def parallel(self) -> int: ...

    def patches(self) -> sound.PatchStream: ...

    def run(self, patches: Tensor) -> tuple[FloatArray, FloatArray]: ...


@dataclass(frozen=True)
class Pooled:
    """One sound, pooled by span. mean, max: name of the feature → float32 (len(spans), dim)."""

    spans: tuple[Span, ...]
    mean: Mapping[str, FloatArray]
    max: Mapping[str, FloatArray]
    duration_s: float


def pooled(encoder: PatchEncoder, sounds: Sequence[Iterator[FloatArray]],
           names: Sequence[str] = (PROBABILITIES,)) -> list[Pooled | Exception]:
    """Run sounds, given as consecutive mono float32 blocks at 16 kHz, through the net in shared batches.

    names: which of EMBEDDINGS and PROBABILITIES are pooled. An EarmarkError of one sound stands in its place in the
    list. Memory does not grow with the length of a sound, except by its pooled spans.
    """
    results: list[SpanPool | Exception] = []
    with ThreadPoolExecutor(encoder.parallel, thread_name_prefix="net") as threads:
        batches = _Batches(encoder, names, threads)
        for blocks in sounds:
            pool = SpanPool()
            stream = encoder.patches()
            try:
                for block in blocks:
                    for patches in stream.push(block):
                        batches.add(pool, patches)
                for patches in stream.finish():
                    batches.add(pool, patches)
            except EarmarkError as error:
                results.append(error)
            else:
                results.append(pool)
            pool.samples = stream.samples
        batches.finish()
    return [result.result() if isinstance(result, SpanPool) else result for result in results]


def spans_of(duration_s: float) -> tuple[Span, ...]:
    """10 s long, one every 5 s, the last one ending with the sound; a shorter sound is one span."""
    count = max(1, int(np.ceil((duration_s - SPAN_S) / HOP_S - 1e-9)) + 1)
    return tuple(Span(k * HOP_S, min(k * HOP_S + SPAN_S, duration_s)) for k in range(count))


class SpanPool:
    """Mean and maximum of named features by span, filled as patches come, in order."""

    def __init__(self) -> None:
        self.samples = 0
        """Length of the sound; set when it is known, before `result`."""
        self._patches = 0
        self._counts: list[int] = []  # patches a stretch
        self._sums: dict[str, list[NDArray[np.float64]]] = {}
        self._maxima: dict[str, list[FloatArray]] = {}

    def add(self, features: Mapping[str, FloatArray]) -> None:
        """features: name → float32 (n, dim) of the next n patches, the same names every time."""
        count = len(next(iter(features.values())))
        centres_s = ((self._patches + np.arange(count)) * sound.STEP + sound.PATCH / 2) / sound.RATE_HZ
        stretches = (centres_s // HOP_S).astype(int)
        self._patches += count
        starts = np.flatnonzero(np.diff(stretches, prepend=-1))
        for start, end in zip(starts, [*starts[1:], count], strict=True):
            stretch = int(stretches[start])  # a patch is shorter than HOP_S: none is skipped
            if stretch == len(self._counts):
                self._counts.append(0)
            self._counts[stretch] += int(end - start)
            for name, rows in features.items():
                total, most = rows[start:end].sum(axis=0, dtype=np.float64), rows[start:end].max(axis=0)
                sums, maxima = self._sums.setdefault(name, []), self._maxima.setdefault(name, [])
                if stretch == len(sums):
                    sums.append(total)
                    maxima.append(most)
                else:
                    sums[stretch] += total
                    maxima[stretch] = np.maximum(maxima[stretch], most)

    def result(self) -> Pooled:
        """Raises ShapeError where no patch came. A span in which no patch has its centre takes the one before it."""
        if not self._counts:
            raise ShapeError("There is no sound in it.")
        duration_s = self.samples / sound.RATE_HZ
        spans = spans_of(duration_s)
        firsts = np.minimum(np.arange(len(spans)), len(self._counts) - 1)  # a span begins with its stretch
        counts = [sum(self._counts[first:first + _PER_SPAN]) for first in firsts]
        mean = {name: np.stack([np.sum(rows[first:first + _PER_SPAN], axis=0) / count
                                for first, count in zip(firsts, counts, strict=True)]).astype(np.float32)
                for name, rows in self._sums.items()}
        most = {name: np.stack([np.max(rows[first:first + _PER_SPAN], axis=0) for first in firsts])
                for name, rows in self._maxima.items()}
        return Pooled(spans, mean, most, duration_s)


class _Batches:
    """Collects patches of several sounds and lets the net run whenever a batch is full, a few batches at once."""

    def __init__(self, encoder: PatchEncoder, names: Sequence[str], threads: ThreadPoolExecutor) -> None:
        self._encoder = encoder
        self._names = names
        self._threads = threads
        self._ahead = 2 * encoder.parallel  # batches that wait or run
        self._running: deque[tuple[Future[tuple[FloatArray, FloatArray]], list[tuple[SpanPool, int]]]] = deque()
        self._begin()

    def add(self, owner: SpanPool, patches: Tensor) -> None:
        """patches: float32 (n, 96, 64)."""
        while len(patches):
            part = patches[:len(self._patches) - self._filled]
            self._patches[self._filled:self._filled + len(part)] = part
            self._filled += len(part)
            self._owners.append((owner, len(part)))
            patches = patches[len(part):]
            if self._filled == len(self._patches):
                self._run()

    def finish(self) -> None:
        """Run the rest and wait for all."""
        if self._filled:
            self._run()
        while self._running:
            self._collect()

    def _begin(self) -> None:
        import torch

        self._patches = torch.empty(self._encoder.batch, sound.PATCH_FRAMES, sound.BANDS)
        self._filled = 0
        self._owners: list[tuple[SpanPool, int]] = []

    def _run(self) -> None:
        self._running.append((self._threads.submit(self._encoder.run, self._patches[:self._filled]), self._owners))
        self._begin()
        if len(self._running) >= self._ahead:
            self._collect()

    def _collect(self) -> None:
        """Hand the results of the oldest batch to their sounds; so they come in order."""
        future, owners = self._running.popleft()
        embeddings, probabilities = future.result()
        start = 0
        for owner, count in owners:
            every = {EMBEDDINGS: embeddings[start:start + count], PROBABILITIES: probabilities[start:start + count]}
            owner.add({name: every[name] for name in self._names})
            start += count
