"""Query arithmetic: several weighted terms, texts and sounds, put together into one similarity a sound.

How likely a text or a sound is to be near to anything differs from term to term, so each term is first measured in its
own standard deviations over the library, z. Then, with plus weights w₊ and minus weights w₋ in units of the greatest plus
weight:

    score = −½ · ln Σ ŵ₊ · exp(−2 · z₊)  −  Σ w₋ · max(0, z₋ − ½)        ŵ₊ = w₊ / Σ w₊

The first part is a soft least: what is asked for twice must be there twice, which a sum of vectors does not see to. The
second counts a minus term only where it is heard more than usual. The score is handed back in the unit of cosines, so
that one plus term alone gives its cosine. Chosen against sums, standardised sums and hard minima:
tests/benchmarks/arithmetic.py prints the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import ShapeError, UsageError
from engine.index import unit_mean
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
GREATEST_WEIGHT = 10.0


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
            raise UsageError(f"“{said(term)}” is both looked for and left out. Drop one of the two.")
    return tuple(found)


def said(term: Term) -> str:
    """A term in a few words, without its sign: the text, or the name of the file."""
    return term.text or (term.like.name if isinstance(term.like, Path) else f"sound {term.like}")


def written(terms: Sequence[Term]) -> str:
    """A whole question in a line: `rain + 2 × in a cave − speech`."""
    line = ""
    for term in terms:
        sign = " − " if term.weight < 0 else " + "
        factor = "" if abs(term.weight) == 1 or len(terms) == 1 else f"{abs(term.weight):g} × "
        line += (sign if line or term.weight < 0 else "") + factor + said(term)
    return line.strip()


def vector(term: Term, encoder: TextAudioEncoder, files: AudioFiles) -> FloatArray:
    """The unit vector of a text or a file: float32 (dim,). Raises DecodeError, EncoderError."""
    if term.text:
        found: FloatArray = encoder.embed_texts([term.text])[0]
        return found
    assert isinstance(term.like, Path)
    rate_hz = encoder.spec.rate_hz
    return unit_mean(encoder.analyse(files.stream(term.like, rate_hz=rate_hz, block_s=BLOCK_S)).vectors)


def combined(similarities: FloatArray, weights: Sequence[float] | NDArray[np.float64], mean: WideArray | None = None,
             deviation: WideArray | None = None) -> FloatArray:
    """One similarity for each of n spans, from its similarities to t terms.

    similarities: float32 (t, n), cosines, over the whole library. weights: (t,), at least one positive. mean, deviation:
    float64 (t,), what is usual for each term (default: over the n). Returns float32 (n,) in the unit of cosines; much minus
    may take it below -1. Raises ShapeError.
    """
    wide, factors = np.asarray(similarities, np.float64), np.asarray(weights, np.float64)
    if wide.ndim != 2 or factors.shape != (len(wide),) or not (factors > 0).any():
        raise ShapeError(f"Similarities of the shape {wide.shape} do not fit {factors.shape} weights, one of them positive.")
    if len(factors) == 1 or not wide.shape[1]:
        return np.asarray(similarities[0], np.float32)
    usual, unit = usual_of(wide) if mean is None or deviation is None else (mean, deviation)
    score = joined((wide - usual[:, None]) / unit[:, None], factors)
    plus = factors > 0
    shares = factors[plus] / factors[plus].sum()
    result: FloatArray = (shares @ usual[plus] + (shares @ unit[plus]) * score).astype(np.float32)
    return result


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
    text = cleaned(term.text)
    if term.text.strip() and not text:
        raise UsageError("There is no readable letter in the description.")
    if bool(text) == (term.like is not None):
        raise UsageError("A term of a search is either a description or a sound.")
    if not math.isfinite(term.weight) or not 0 < abs(term.weight) <= GREATEST_WEIGHT:
        raise UsageError(f"The weight of a term lies between 0 and {GREATEST_WEIGHT:g}, but “{said(term)}” has {term.weight:g}.")
    return Term(text, term.like, float(term.weight))


def cleaned(text: str) -> str:
    """A text an encoder can read: control characters and halves of characters (lone surrogates) become spaces."""
    return " ".join("".join(" " if category(c) in ("Cc", "Cs") else c for c in text).split())
