"""Cutting a sound into overlapping windows for encoders that take a whole window at once (CLAP, ONNX pairs).

Every window is cut here, at fixed places over the whole sound, and filled here: no library's random crop is ever reached.
Windows of several sounds share batches; memory holds one batch and the rest of one window.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.encoders.protocols import HOP_S, SPAN_S, SoundAnalysis
from engine.errors import EarmarkError, ShapeError
from engine.files import PRIVATE, own_folder, whole
from engine.records import FloatArray, Span, Tag

FILLINGS = ("repeatpad", "repeat", "pad")
TAGS = 5


@dataclass(frozen=True)
class Cut:
    """How sounds are cut. window_s: what the net takes at once; filling: how a shorter stretch comes to that length.

    repeatpad: repeated as often as it fits whole, then silence (what CLAP was trained with); repeat: repeated and cut;
    pad: silence. A net that takes more than 10 s gets spans of 10 s all the same, filled.
    """

    rate_hz: int
    window_s: float = SPAN_S
    filling: str = "repeatpad"

    @property
    def window(self) -> int:
        """Samples the net takes."""
        return round(self.window_s * self.rate_hz)

    @property
    def span(self) -> int:
        """Samples of a span: 10 s, or the window where that is shorter."""
        return min(round(SPAN_S * self.rate_hz), self.window)

    @property
    def hop(self) -> int:
        """Samples between spans: 5 s of 10 s, in the same proportion where spans are shorter."""
        return max(1, round(self.span * HOP_S / SPAN_S))

    def filled(self, wave: FloatArray) -> FloatArray:
        """wave: float32 (n,), 1 ≤ n ≤ span. Returns float32 (window,)."""
        if len(wave) == self.window:
            return wave
        if self.filling == "repeat":
            return np.resize(wave, self.window)
        if self.filling == "repeatpad":
            wave = np.tile(wave, self.window // len(wave))
        return np.pad(wave, (0, self.window - len(wave)))

    def spans(self, samples: int) -> tuple[Span, ...]:
        """The spans of a sound of this length: one every hop, the last one ending with the sound."""
        count = max(1, -(-(samples - self.span) // self.hop) + 1)
        return tuple(Span(k * self.hop / self.rate_hz, min(k * self.hop + self.span, samples) / self.rate_hz)
                     for k in range(count))


class WindowStream:
    """Cuts consecutive blocks of one sound into windows, the same ones whatever the blocks' sizes."""

    def __init__(self, cut: Cut) -> None:
        self.samples = 0
        self._cut = cut
        self._kept = np.zeros(0, np.float32)  # from the beginning of the next span on
        self._begun = 0  # windows given out

    def push(self, block: FloatArray) -> Iterator[FloatArray]:
        """block: float32 (n,). Yields float32 (window,). Raises ShapeError for NaN and infinity."""
        block = np.asarray(block, np.float32)
        if not np.isfinite(block).all():
            raise ShapeError("The sound holds values that are no numbers (NaN or infinity).")
        self.samples += len(block)
        self._kept = np.concatenate([self._kept, block])
        while len(self._kept) >= self._cut.span:
            yield self._cut.filled(self._kept[:self._cut.span])
            self._begun += 1
            self._kept = self._kept[self._cut.hop:]

    def finish(self) -> Iterator[FloatArray]:
        """Yields the last window, if one is due. Raises ShapeError when the sound was empty."""
        if not self.samples:
            raise ShapeError("There is no sound in it.")
        if self._begun < len(self._cut.spans(self.samples)):
            yield self._cut.filled(self._kept)


def analyse_many(sounds: Sequence[Iterator[FloatArray]], cut: Cut, batch: int, embed: Callable[[FloatArray], FloatArray],
                 tags_of: Callable[[FloatArray], tuple[Tag, ...]]) -> list[SoundAnalysis | Exception]:
    """Cut and embed several sounds in shared batches.

    embed: float32 (n ≤ batch, window) → float32 (n, dim) of unit norm. tags_of: float32 (spans, dim) → what is heard. An
    error of one sound stands in its place in the list.
    """
    failed: dict[int, Exception] = {}
    vectors: list[list[FloatArray]] = [[] for _ in sounds]
    waiting: list[tuple[int, FloatArray]] = []
    lengths = []

    def flush() -> None:
        if waiting:
            for (owner, _), row in zip(waiting, embed(np.stack([window for _, window in waiting])), strict=True):
                vectors[owner].append(row)
            waiting.clear()

    for place, blocks in enumerate(sounds):
        stream = WindowStream(cut)
        try:
            for window in _windows(stream, blocks):
                waiting.append((place, window))
                if len(waiting) >= batch:
                    flush()
        except EarmarkError as error:
            failed[place] = error
        lengths.append(stream.samples)
    flush()
    results: list[SoundAnalysis | Exception] = []
    for place, samples in enumerate(lengths):
        if place in failed:
            results.append(failed[place])
            continue
        rows = np.stack(vectors[place])
        if not np.isfinite(rows).all():
            results.append(ShapeError("The encoder gave no finite vector for this sound."))
        else:
            results.append(SoundAnalysis(cut.spans(samples), rows, tags_of(rows), samples / cut.rate_hz))
    return results


def _windows(stream: WindowStream, blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
    for block in blocks:
        yield from stream.push(block)
    yield from stream.finish()


class ZeroShotTags:
    """Names what is heard: a softmax of a sound's similarities to the names of sound classes, at the model's own scale.

    names: may be empty, then there are no tags. embed_texts: called when tags are first asked for. scale: what similarities
    are multiplied with before the softmax (1 / temperature). kept_in, space: a folder where the vectors of the names are kept
    from one start to the next (a large text encoder takes many seconds for hundreds of names), and what tells them apart.
    """

    def __init__(self, names: Sequence[str], embed_texts: Callable[[Sequence[str]], FloatArray], scale: float,
                 kept_in: Path | None = None, space: str = "") -> None:
        self._names = tuple(names)
        self._embed_texts = embed_texts
        self._scale = scale
        digest = hashlib.sha256(repr((space, self._names)).encode()).hexdigest()
        self._file = kept_in / f"tags-{digest[:32]}.npy" if kept_in else None
        self._guard = threading.Lock()
        self._vectors: FloatArray | None = None

    def of(self, rows: FloatArray) -> tuple[Tag, ...]:
        """rows: float32 (spans, dim). The most probable classes of the whole sound, each as in its best span."""
        if not self._names:
            return ()
        with self._guard:
            if self._vectors is None:
                self._vectors = self._read(rows.shape[1])
        logits = self._scale * (rows @ self._vectors.T).astype(np.float64)  # (spans, classes)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = (weights / weights.sum(axis=1, keepdims=True)).max(axis=0)
        order = np.argsort(-probabilities, kind="stable")[:TAGS]
        return tuple(Tag(self._names[i], float(probabilities[i])) for i in order)

    def _read(self, dim: int) -> FloatArray:
        """The vectors of the names: as they were kept, or made now and kept. float32 (names, dim)."""
        if self._file is not None:
            with contextlib.suppress(OSError, ValueError, EOFError):  # not there, or torn
                found = np.load(self._file, allow_pickle=False)
                if found.shape == (len(self._names), dim) and found.dtype == np.float32 and np.isfinite(found).all():
                    return np.asarray(found)
        made = self._embed_texts(self._names)
        if self._file is not None:
            with contextlib.suppress(OSError):  # it is made again the next time
                own_folder(self._file.parent, narrow=True)
                with whole(self._file, PRIVATE) as out:
                    np.save(out, made)
        return made


def unit_rows(rows: FloatArray) -> FloatArray:
    """float32 rows of unit L2 norm; a zero row stays zero, and its sound is refused where vectors are checked."""
    norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)
