"""Retrieval: captions find sounds, and sounds find captions.

Every different caption is one text and every file one sound; all pairs that the data names are relevant, so a text may have
several sounds and a sound several texts. The similarity of a text and a sound is that of the sound's best span. Texts
and sounds stand in the order of the paths, which is what breaks ties. Intervals draw queries again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import ShapeError
from engine.evaluation.captions import Captioned, Source, key, load
from engine.evaluation.hearing import hear
from engine.metrics import intervals, retrieval
from engine.records import FloatArray
from engine.tasks import Ticket

DIRECTIONS = ("text_to_audio", "audio_to_text")
KS = (1, 5, 10)

__all__ = ["DIRECTIONS", "KS", "by_query", "compare", "evaluate", "load", "measures", "pairs", "similarity"]


def evaluate(folder: Path, encoder: TextAudioEncoder, seed: int = 7, source: Source = "auto",
             ticket: Ticket | None = None) -> dict[str, Any]:
    """Measure an encoder on a folder of captioned sounds. Returns the document of `evaluate retrieval --json`.

    Files that cannot be read are named under `failed` and left out, with the captions that only they have.
    Raises UsageError when there is nothing to measure.
    """
    captions = load(folder, source)
    heard, failed = hear(sorted({c.path for c in captions}), encoder, ticket or Ticket())
    kept = [c for c in captions if c.path in heard]
    paths, texts, relevant = pairs(kept)
    found = measures([heard[p].vectors for p in paths], encoder.embed_texts(texts), relevant, seed)
    return {"pool": {"sounds": len(paths), "captions": len(texts), "pairs": int(relevant.sum())}, **found,
            "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
            "seed": seed, "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed]}


def pairs(captions: Sequence[Captioned]) -> tuple[list[Path], list[str], NDArray[np.bool_]]:
    """Return the different files, the different captions, and which belong together: bool (captions, files)."""
    paths = list(dict.fromkeys(c.path for c in captions))
    texts: dict[str, str] = {}
    for c in captions:
        texts.setdefault(key(c.caption), c.caption)
    column, row = {p: n for n, p in enumerate(paths)}, {t: n for n, t in enumerate(texts)}
    relevant = np.zeros((len(texts), len(paths)), bool)
    for c in captions:
        relevant[row[key(c.caption)], column[c.path]] = True
    return paths, list(texts.values()), relevant


def similarity(audio_vectors: Sequence[FloatArray], text_vectors: FloatArray) -> FloatArray:
    """Return float32 (texts, sounds): each text against the best span of each sound.

    audio_vectors: one (spans, dim) a sound; text_vectors: (texts, dim); all of unit norm.
    """
    if not len(audio_vectors) or not all(v.ndim == 2 and len(v) for v in audio_vectors):
        raise ShapeError("Every sound needs an array of (spans, dim).")
    starts = np.cumsum([0, *(len(v) for v in audio_vectors[:-1])])
    every = np.concatenate(list(audio_vectors)) @ text_vectors.T  # (all spans, texts)
    best: FloatArray = np.maximum.reduceat(every, starts, axis=0).T
    return best


def by_query(audio_vectors: Sequence[FloatArray], text_vectors: FloatArray,
             relevant: NDArray[np.bool_]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Every measure of every query, by direction: what `compare` pairs. relevant: bool (texts, sounds)."""
    values = similarity(audio_vectors, text_vectors)
    return {"text_to_audio": retrieval.by_query(values, relevant, KS),
            "audio_to_text": retrieval.by_query(values.T, relevant.T, KS)}


def measures(audio_vectors: Sequence[FloatArray], text_vectors: FloatArray, relevant: NDArray[np.bool_], seed: int,
             text_groups: Sequence[Hashable] | None = None,
             audio_groups: Sequence[Hashable] | None = None) -> dict[str, dict[str, Any]]:
    """Both directions, each with its means, median_rank and ci95 over queries.

    audio_vectors: one (spans, dim) a sound; text_vectors: (texts, dim); relevant: bool (texts, sounds). text_groups,
    audio_groups: where queries belong together (one source), they are drawn as groups. Queries without anything relevant
    are left out. Raises ShapeError, UsageError.
    """
    found = by_query(audio_vectors, text_vectors, relevant)
    groups = {"text_to_audio": _used(text_groups, relevant), "audio_to_text": _used(audio_groups, relevant.T)}
    pools = {"text_to_audio": relevant.shape[1], "audio_to_text": relevant.shape[0]}
    return {way: {"n_queries": len(found[way]["mrr"]), "pool": pools[way], **summary(found[way], seed, groups[way])}
            for way in DIRECTIONS}


def summary(queries: dict[str, NDArray[np.float64]], seed: int, groups: Sequence[Hashable] | None = None) -> dict[str, Any]:
    """Means over queries, the median rank, and `ci95` of each."""
    means = {name: float(values.mean()) for name, values in queries.items() if name != "rank"}
    ci = {name: list(intervals.bootstrap_ci95(queries[name], seed=seed, groups=groups)) for name in means}
    ranks = queries["rank"]
    ci["median_rank"] = list(intervals.bootstrap_statistic(lambda rows: float(np.median(ranks[rows])), len(ranks), seed=seed,
                                                           groups=groups))
    return {**means, "median_rank": float(np.median(ranks)), "ci95": ci}


def compare(a: dict[str, NDArray[np.float64]], b: dict[str, NDArray[np.float64]], seed: int,
            groups: Sequence[Hashable] | None = None) -> dict[str, dict[str, Any]]:
    """a minus b by measure, for one direction of `by_query` on the same queries: {"difference", "ci95"} (paired bootstrap)."""
    return {name: {"difference": float((a[name] - b[name]).mean()),
                   "ci95": list(intervals.paired_bootstrap_ci95(a[name], b[name], seed=seed, groups=groups))} for name in a}


def _used(groups: Sequence[Hashable] | None, relevant: NDArray[np.bool_]) -> list[Hashable] | None:
    """The groups of the queries that have something relevant."""
    return None if groups is None else [group for group, marks in zip(groups, relevant, strict=True) if marks.any()]
