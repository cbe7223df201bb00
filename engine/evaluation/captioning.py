"""Captioning by retrieval, measured: how near a retrieved caption comes to what people wrote about the sound.

The bank of a sound is every caption that others of the folder have and it has not. Nearness is the cosine of a text
encoder between a caption and the best of the sound's own captions. `retrieved` is that of the nearest caption, `best_of_5` the
best among the five nearest, `chance` the mean over the bank (what a caption drawn by lot would get) and `best_possible`
the best caption that the bank has: what a perfect choice would get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import UsageError
from engine.evaluation.captions import Source, load
from engine.evaluation.hearing import hear
from engine.evaluation.retrieval import pairs, similarity
from engine.metrics import intervals
from engine.metrics.retrieval import rank_order
from engine.records import FloatArray
from engine.tasks import Ticket

BEST_OF = 5


def evaluate(folder: Path, encoder: TextAudioEncoder, judge: Callable[[Sequence[str]], FloatArray], seed: int = 7,
             source: Source = "auto", ticket: Ticket | None = None) -> dict[str, Any]:
    """Returns the document of `evaluate captions --json`. judge: texts → unit vectors (texts, dim), of a text encoder.

    Files that cannot be read are named under `failed`. Raises UsageError when there is nothing to measure.
    """
    captions = load(folder, source)
    heard, failed = hear(sorted({c.path for c in captions}), encoder, ticket or Ticket())
    paths, texts, own = pairs([c for c in captions if c.path in heard])
    if len(texts) < 2:
        raise UsageError(f"{folder} holds too few captions of sounds that can be read: at least two different ones are needed.")
    found = measures(similarity([heard[p].vectors for p in paths], encoder.embed_texts(texts)).T, judge(texts), own.T, seed)
    return {"n": len(paths), "captions": len(texts), **found,
            "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
            "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed]}


def measures(similarities: FloatArray, text_vectors: FloatArray, own: NDArray[np.bool_], seed: int) -> dict[str, Any]:
    """Means over sounds with their intervals. similarities (sounds, texts); text_vectors (texts, dim) of the judge; own: bool
    (sounds, texts), which captions are the sound's own. `gain` is retrieved − chance, sound by sound."""
    near = np.clip(text_vectors @ text_vectors.T, -1, 1)
    rows: dict[str, list[float]] = {"retrieved": [], "best_of_5": [], "chance": [], "best_possible": []}
    for values, mine in zip(similarities, own, strict=True):
        bank = np.flatnonzero(~mine)
        if not len(bank):
            continue
        nearness = near[np.ix_(bank, np.flatnonzero(mine))].max(axis=1)
        chosen = nearness[rank_order(values[bank])[:BEST_OF]]
        for name, value in zip(rows, (chosen[0], chosen.max(), nearness.mean(), nearness.max()), strict=True):
            rows[name].append(float(value))
    if not rows["retrieved"]:
        raise UsageError("Every sound has every caption, so there is nothing to retrieve.")
    columns = {name: np.array(values) for name, values in rows.items()}
    columns["gain"] = columns["retrieved"] - columns["chance"]
    return {**{name: float(values.mean()) for name, values in columns.items()},
            "ci95": {name: list(intervals.bootstrap_ci95(values, seed=seed)) for name, values in columns.items()}}
