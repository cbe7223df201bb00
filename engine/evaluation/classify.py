"""Zero-shot classification with any labels and template, measured on a folder of labelled sounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.describing.lists import TagList
from engine.describing.zero_shot import TEMPLATE, LabelMatcher
from engine.encoders.protocols import TextAudioEncoder
from engine.errors import UsageError
from engine.evaluation import data
from engine.evaluation.hearing import hear
from engine.metrics import classification, intervals
from engine.records import FloatArray
from engine.tasks import Ticket

DRAWS = 500  # of the macro means, which cost a confusion matrix each


def evaluate(folder: Path, encoder: TextAudioEncoder, labels: TagList | None = None, template: str = TEMPLATE, seed: int = 7,
             background: FloatArray | None = None, ticket: Ticket | None = None) -> dict[str, Any]:
    """Returns the document of `evaluate classify --json`.

    labels: what to choose from (default: the classes of the folder); every class of the folder must be among them, whatever
    its case. background: vectors of general captions, for the share of sounds of which none is said to fit.
    Files that cannot be read are named under `failed`. Raises UsageError when there is nothing to measure.
    """
    items = data.sounds(folder)
    chosen = labels or TagList.of(sorted({item.label for item in items}), "the folder's classes")
    named = {label.casefold(): label for label in chosen.labels}
    if strange := sorted({item.label for item in items} - set(named)):
        raise UsageError(f"These classes of {folder} are not among the labels of {chosen.name}: {', '.join(strange[:5])}"
                         f"{' …' if len(strange) > 5 else ''}. Without --label and --labels the classes themselves are it.")
    matcher = LabelMatcher(encoder, chosen.labels, chosen.texts, template, background)
    heard, failed = hear([item.path for item in items], encoder, ticket or Ticket())
    kept = [item for item in items if item.path in heard]
    rankings = [matcher.rank(heard[item.path].vectors, 1) for item in kept]
    found = measures([named[item.label] for item in kept], [r.best[0].label for r in rankings], chosen.labels, seed)
    return {
        "n": len(kept), "labels": len(chosen.labels), **found,
        "none_fits": None if background is None else float(np.mean([not r.fits for r in rankings])),
        "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
        "template": template, "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed]}


def measures(true: Sequence[str], predicted: Sequence[str], labels: Sequence[str], seed: int) -> dict[str, Any]:
    """All figures. `classes` are the labels that are true of something or were predicted, in the order of labels; macro means are
    over those that are true of something."""
    occurring = set(true) | set(predicted)
    classes = [label for label in labels if label in occurring]
    found = classification.by_class(true, predicted, classes)
    right = sum(t == p for t, p in zip(true, predicted, strict=True))

    def macro(name: str) -> list[float]:
        def drawn(rows: NDArray[np.int64]) -> float:
            again = classification.by_class([true[i] for i in rows], [predicted[i] for i in rows], classes)
            return float(getattr(again, name))

        return list(intervals.bootstrap_statistic(drawn, len(true), seed=seed, draws=DRAWS))

    names = ("precision_macro", "recall_macro", "f1_macro")
    return {
        "accuracy": right / len(true), **{name: float(getattr(found, name)) for name in names}, "classes": classes,
        "by_class": [{"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "n": int(n)}
                     for label, p, r, f, n in zip(classes, found.precision, found.recall, found.f1, found.support, strict=True)],
        "confusion": classification.confusion(true, predicted, classes).tolist(),
        "ci95": {"accuracy": list(intervals.wilson_ci95(right, len(true))), **{name: macro(name) for name in names}}}
