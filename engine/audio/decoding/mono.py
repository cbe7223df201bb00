"""From the channels of a recording to the one sound that is heard.

That is the mean of the channels; where they cancel each other, as behind a plug of the wrong polarity, it is one of them. A
look at each tenth of a second decides, by the frames of its own piece alone: what is heard does not depend on where reading
begins. From one to the other it is faded, so no border is heard, and the channel that is taken has the polarity of the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.audio.decoding.sndfile import READ_FRAMES
from engine.errors import DecodeError
from engine.records import FloatArray

_CANCELLED = 0.3  # of the energy that unrelated channels would leave in their mean: below that they cancel each other
_AS_GOOD = 0.25  # of the energy of the loudest: the first channel of that is taken, so that the choice does not waver
_QUIET = 0.01  # of the loudest energy of a piece: pauses follow what is decided for the sound before them
_GRAIN_S = 0.1
_FADES = 8  # a fade takes this part of a grain


def heard(pieces: Iterator[FloatArray], rate_hz: int) -> Iterator[FloatArray]:
    """Mono float32 (n,) of each piece.

    pieces: float32 (n, channels) that follow each other, of any length. What is decided is the same for every reading that
    begins at a multiple of READ_FRAMES, but for the fade at its very beginning.
    """
    grain = min(READ_FRAMES, max(64, 1 << int(rate_hz * _GRAIN_S).bit_length() >> 1))
    before: FloatArray | None = None  # the weights of the channels at the end of the last piece
    for frames in _grouped(pieces):
        channels = frames.shape[1]
        if channels == 1:
            before = None
            yield frames[:, 0]
            continue
        mean = np.full(channels, 1 / channels, np.float32)
        if before is None or len(before) != channels:
            before = None
        each = [np.ascontiguousarray(frames[:, one]) for one in range(channels)]
        mono = each[0].copy()
        for one in each[1:]:
            mono += one
        mono *= mean[0]
        weights = _weights(each, mono, grain)
        if weights is not None or (before is not None and before[0] != mean[0]):
            if weights is None:
                weights = np.tile(mean, (-(-len(mono) // grain), 1))
            mono = _mixed(each, weights, weights[0] if before is None else before, grain)
        before = mean if weights is None else weights[-1]
        yield mono


def _weights(each: list[FloatArray], mono: FloatArray, grain: int) -> FloatArray | None:
    """How much of each channel is heard: float32 (grains, channels); None where it is the mean all along."""
    energies = np.stack([_energies(one, one, grain) for one in each], axis=1)  # (grains, channels)
    total = energies.sum(axis=1)
    loud = (total > 0) & (total >= _QUIET * total.max())
    cancelled = loud & (_energies(mono, mono, grain) < _CANCELLED / len(each) ** 2 * total)
    if not cancelled.any():
        return None
    place = np.maximum.accumulate(np.where(loud, np.arange(len(loud)), -1))
    place[place < 0] = int(np.argmax(loud))
    levels = energies[cancelled].sum(axis=0)
    good = int(np.argmax(levels >= _AS_GOOD * levels.max()))
    turned = _energies(each[0], each[good], grain)[cancelled].sum() < 0
    one = np.zeros(len(each), np.float32)
    one[good] = -1 if turned else 1
    mean = np.full(len(each), 1 / len(each), np.float32)
    return np.asarray(np.where(cancelled[place][:, None], one, mean), np.float32)


def _mixed(each: list[FloatArray], weights: FloatArray, before: FloatArray, grain: int) -> FloatArray:
    """The channels by their weights, (grains, channels), faded from those of the grain before."""
    count = len(each[0])
    mixed = np.empty(count, np.float32)
    rise = np.minimum(1, np.arange(1, grain + 1, dtype=np.float32) / (grain // _FADES))
    for number, after in enumerate(weights):
        start, end = number * grain, min(count, (number + 1) * grain)
        parts = np.zeros(end - start, np.float32)
        for channel, one in enumerate(each):
            step = after[channel] - before[channel]
            parts += one[start:end] * (before[channel] + step * rise[: end - start] if step else after[channel])
        mixed[start:end] = parts
        before = after
    return mixed


def _energies(one: FloatArray, other: FloatArray, grain: int) -> NDArray[np.float64]:
    """Their product, summed over each grain. (Not a matrix product: BLAS would spread it over cores that may be busy.)"""
    whole = len(one) // grain * grain
    found = np.einsum("gf,gf->g", one[:whole].reshape(-1, grain), other[:whole].reshape(-1, grain)).astype(np.float64)
    if whole == len(one):
        return found
    return np.append(found, float(np.einsum("f,f->", one[whole:], other[whole:])))


def _grouped(pieces: Iterator[FloatArray]) -> Iterator[FloatArray]:
    """The same frames, (READ_FRAMES, channels) at a time, the last ones fewer; also where the number of channels changes, and
    where an error follows."""
    held: list[FloatArray] = []
    count = 0
    try:
        for piece in pieces:
            if not held and len(piece) == READ_FRAMES:
                yield piece
                continue
            if held and piece.shape[1] != held[0].shape[1]:
                yield np.concatenate(held)
                held, count = [], 0
            held.append(piece)
            count += len(piece)
            if count < READ_FRAMES:
                continue
            whole = np.concatenate(held)
            for start in range(0, count - READ_FRAMES + 1, READ_FRAMES):
                yield whole[start : start + READ_FRAMES]
            rest = count % READ_FRAMES
            held, count = ([whole[-rest:]] if rest else []), rest
    except DecodeError:  # what came before it can be heard
        if count:
            yield np.concatenate(held)
        raise
    if count:
        yield np.concatenate(held)
