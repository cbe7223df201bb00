"""Query arithmetic: several weighted terms, texts and sounds, put together into one similarity a sound.

How likely a text or a sound is to be near to anything differs from term to term, so each term is first measured in its
own standard deviations over the library, z. Then, with plus weights w₊ and minus weights w₋ in units of the greatest plus
weight:

    score = −½ · ln Σ ŵ₊ · exp(−2 · z₊)  −  Σ w₋ · max(0, z₋ − ½)        ŵ₊ = w₊ / Σ w₊

The first part is a soft least: what is asked for twice must be there twice, which a sum of vectors does not see to. The
second counts a minus term only where it is heard more than usual, and by the span of a sound that is nearest to it: a
sound that holds what is to be left out is left out with all its spans. The score is handed back in the unit of cosines, so
that one plus term alone gives its cosine. Chosen against sums, standardised sums and hard minima:
tests/benchmarks/arithmetic.py prints the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from engine.describing.lists import folded
from engine.encoders.protocols import TextAudioEncoder, TextReader
from engine.errors import ShapeError, UsageError
from engine.index import Combine, IntArray, unit_mean
from engine.library.files import AudioFiles
from engine.library.reading import BLOCK_S
from engine.records import FloatArray, Term

WideArray = NDArray[np.float64]

SHARPNESS = 2.0
"""Of the soft least: 0 is the mean of the plus terms, infinity the least of them."""
UNUSUAL = 0.5
"""Standard deviations above the mean from which on a minus term counts."""
SMALLEST_DEVIATION = 0.02
"""In cosines: the least that one standard deviation is taken for, where a library is small or all alike."""
LEAST_WEIGHT, GREATEST_WEIGHT = 0.001, 10.0
"""Of a term, without its sign."""


def asked(text: str = "", like: Path | int | None = None, terms: Sequence[Term] = ()) -> tuple[Term, ...]:
    """All terms of a question, checked and cleaned. Raises UsageError for what makes no sense."""
    found = [Term(text=text)] if text.strip() else []
    if like is not None:
        found.append(Term(like=like))
    found = [_checked(term) for term in (*found, *terms)]
    if not found:
        raise UsageError("Say what to look for: a description, or a sound to find others like it.")
    if not any(term.weight > 0 for term in found):
        raise UsageError("A search needs something to look for, not only what to leave out: add a description or a sound.")
    signs: dict[str | Path | int | None, float] = {}
    for term in found:
        what = term.text.casefold() or term.like
        if signs.setdefault(what, term.weight) * term.weight < 0:
            raise UsageError(f"“{shortened(said(term))}” is both looked for and left out. Drop one of the two.")
    return tuple(found)


def said(term: Term) -> str:
    """A term in a few words, without its sign: the text, or the name of the file."""
    return term.text or (term.like.name if isinstance(term.like, Path) else f"sound {term.like}")


def shortened(text: str, most: int = 60) -> str:
    """A text for a sentence: not more than its first `most` characters."""
    return text if len(text) <= most else text[:most - 1].rstrip() + "…"


def written(terms: Sequence[Term]) -> str:
    """A whole question in a line: `rain + 2 × in a cave − speech`."""
    line = ""
    for term in terms:
        sign = " − " if term.weight < 0 else " + "
        factor = "" if abs(term.weight) == 1 or len(terms) == 1 else f"{abs(term.weight):g} × "
        line += (sign if line or term.weight < 0 else "") + factor + said(term)
    return line.strip()


def vector(term: Term, encoder: TextAudioEncoder, files: AudioFiles) -> FloatArray:
    """The unit vector of a text or a file: float32 (dim,).

    Raises UsageError (a text of which the encoder knows no sign), DecodeError, EncoderError.
    """
    if term.text:
        if isinstance(encoder, TextReader) and not encoder.reads(term.text):
            raise UsageError(f"{encoder.spec.name} cannot read “{shortened(term.text)}”. Describe the sound in English words.")
        found: FloatArray = encoder.embed_texts([term.text])[0]
        return found
    assert isinstance(term.like, Path)
    rate_hz = encoder.spec.rate_hz
    return unit_mean(encoder.analyse(files.stream(term.like, rate_hz=rate_hz, block_s=BLOCK_S)).vectors)


def combined(similarities: FloatArray, weights: Sequence[float] | NDArray[np.float64], mean: WideArray | None = None,
             deviation: WideArray | None = None, starts: IntArray | None = None) -> FloatArray:
    """One similarity for each of n spans, from its similarities to t terms.

    similarities: float32 (t, n), cosines, over the whole library. weights: (t,), at least one positive. mean, deviation:
    float64 (t,), what is usual for each term (default: over the n). starts: int64 (g,), where the spans of each sound begin;
    with them a minus term counts in all spans of a sound by the one that is nearest to it (none of the sounds is empty).
    Returns float32 (n,) in the unit of cosines; much minus may take it below -1. Raises ShapeError.
    """
    wide, factors = np.asarray(similarities, np.float64), np.asarray(weights, np.float64)
    if wide.ndim != 2 or factors.shape != (len(wide),) or not (factors > 0).any():
        raise ShapeError(f"Similarities of the shape {wide.shape} do not fit {factors.shape} weights, one of them positive.")
    if len(factors) == 1 or not wide.shape[1]:
        return np.asarray(similarities[0], np.float32)
    plus = factors > 0
    usual, unit = usual_of(wide) if mean is None or deviation is None else (mean, deviation)
    if starts is not None and not plus.all():
        nearest = np.maximum.reduceat(wide[~plus], starts, axis=1)  # (t₋, g)
        wide = np.array(wide)
        wide[~plus] = np.repeat(nearest, np.diff(starts, append=wide.shape[1]), axis=1)
    score = joined((wide - usual[:, None]) / unit[:, None], factors)
    shares = factors[plus] / factors[plus].sum()
    result: FloatArray = (shares @ usual[plus] + (shares @ unit[plus]) * score).astype(np.float32)
    return result


def combination(weights: Sequence[float]) -> Combine | None:
    """`combined` as an index wants it; None for one term, whose similarities are taken as they are."""
    if len(weights) == 1:
        return None

    def combine(similarities: FloatArray, starts: IntArray, moments: tuple[WideArray, WideArray]) -> FloatArray:
        mean, deviation = moments
        return combined(similarities, weights, mean, np.maximum(deviation, SMALLEST_DEVIATION), starts)

    return combine


def usual_of(similarities: WideArray) -> tuple[WideArray, WideArray]:
    """Mean and standard deviation of each row: (t, n) → (t,), (t,)."""
    return similarities.mean(axis=1), np.maximum(similarities.std(axis=1), SMALLEST_DEVIATION)


def joined(z: WideArray, weights: WideArray) -> WideArray:
    """The score of the formula above: z float64 (t, n), weights (t,) → (n,)."""
    plus, minus = weights > 0, weights < 0
    shares = weights[plus] / weights[plus].sum()
    least = z[plus].min(axis=0)  # kept out of the exponential, which would overflow
    score: WideArray = least - np.log(shares @ np.exp(-SHARPNESS * (z[plus] - least))) / SHARPNESS
    return score - (-weights[minus] / weights.max()) @ np.maximum(0.0, z[minus] - UNUSUAL)


def _checked(term: Term) -> Term:
    text = folded(term.text)
    if term.text.strip() and not _says_something(text):
        raise UsageError("There is no readable letter in the description.")
    if bool(text) == (term.like is not None):
        raise UsageError("A term of a search is either a description or a sound.")
    if not LEAST_WEIGHT <= abs(term.weight) <= GREATEST_WEIGHT:  # NaN too
        raise UsageError(f"The weight of a term lies between {LEAST_WEIGHT:g} and {GREATEST_WEIGHT:g}, with a minus sign for "
                         f"what is to be left out; “{shortened(said(term))}” has {term.weight:g}.")
    return Term(text, term.like, float(term.weight))


def _says_something(text: str) -> bool:
    """Whether there is a letter, a number or a pictogram in it, not only marks and what has no width."""
    return any(category(c)[0] in "LN" or category(c) == "So" for c in text)
