"""Zero-shot classification: the label whose text is nearest to the sound.

top1, f1_macro, mrr, median_rank: each sound ranks the labels. map, precision_at_10, recall_at_10: each label ranks all
sounds, mean over labels. A sound's similarity to a label is that of its best span.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.encoders.protocols import TextAudioEncoder
from engine.evaluation import data
from engine.evaluation.hearing import hear
from engine.metrics import classification, intervals, retrieval
from engine.tasks import Ticket

TEMPLATE = "{label}"
"""The one prompt for all data; tests/benchmarks/bridge.py prints how others do."""
K = 10


def evaluate(folder: Path, encoder: TextAudioEncoder, seed: int = 7, ticket: Ticket | None = None) -> dict[str, Any]:
    """Measure an encoder on a folder of labelled sounds. Returns the document of `evaluate zero-shot --json`.

    Files that cannot be read are named under `failed` and left out. Raises UsageError when there is nothing to measure.
    """
    items = data.sounds(folder)
    heard, failed = hear([item.path for item in items], encoder, ticket or Ticket())
    kept = [item for item in items if item.path in heard]
    classes = sorted({item.label for item in items})
    texts = encoder.embed_texts([TEMPLATE.format(label=name) for name in classes])
    similarity = np.array([(heard[item.path].vectors @ texts.T).max(axis=0) for item in kept])  # (sounds, classes)
    return {
        "n": len(kept), "classes": classes, **measures(similarity, [item.label for item in kept], classes, seed),
        "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
        "template": TEMPLATE, "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed],
    }


def measures(similarity: np.ndarray[Any, Any], true: Sequence[str], classes: Sequence[str],
             seed: int) -> dict[str, Any]:
    """All figures from a matrix of similarities, float (sounds, classes)."""
    relevant = np.array([[label == name for name in classes] for label in true])
    by_sound = retrieval.evaluate(similarity, relevant, k=K)
    by_label = retrieval.evaluate(similarity.T, relevant.T, k=K)
    predicted = [classes[i] for i in np.argmax(similarity, axis=1)]
    hits = np.array([t == p for t, p in zip(true, predicted, strict=True)], float)
    ci = {
        "top1": intervals.wilson_ci95(int(hits.sum()), len(hits)),
        "mrr": intervals.bootstrap_ci95(by_sound.reciprocal_rank, seed=seed),
        "map": intervals.bootstrap_ci95(by_label.average_precision, seed=seed),
        "precision_at_10": intervals.bootstrap_ci95(by_label.precision, seed=seed),
        "recall_at_10": intervals.bootstrap_ci95(by_label.recall, seed=seed),
        "f1_macro": intervals.bootstrap_statistic(
            lambda rows: classification.by_class([true[i] for i in rows], [predicted[i] for i in rows], list(classes)).f1_macro,
            len(hits), seed=seed),
    }
    return {
        "top1": float(hits.mean()), "f1_macro": classification.by_class(true, predicted, list(classes)).f1_macro,
        "map": by_label.mean_average_precision, "mrr": by_sound.mrr, "precision_at_10": by_label.mean_precision,
        "recall_at_10": by_label.mean_recall, "median_rank": by_sound.median_rank,
        "confusion": classification.confusion(true, predicted, list(classes)).tolist(),
        "ci95": {name: list(pair) for name, pair in ci.items()},
    }
