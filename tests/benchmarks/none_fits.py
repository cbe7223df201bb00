"""None of the labels fits: ESC-10 with one class after the other left out of the labels, for each encoder of the program.

A rule sees the similarities of a sound to the nine labels that are left, and says whether any of them fits. AUC: between
sounds whose label is there and sounds whose label was left out. Found: of those left out, at the threshold that calls
1 in 20 and 1 in 10 of the others nameless. Shipped: the rule with its constant as it stands, and its two rates.
The second table is the temperature of the probabilities: negative log-likelihood, mean confidence beside top-1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from measuring import SHARED, table

from engine.describing import zero_shot
from engine.describing.captions import default_captions
from engine.encoders.models import JOINT, Models
from engine.evaluation import data
from engine.evaluation.hearing import hear
from engine.tasks import Ticket
from engine.weights import Weights

Array = np.ndarray[Any, Any]


def rules(to_labels: Array, backgrounds: dict[str, Array]) -> dict[str, Array]:
    """Each rule's number for each sound, higher where a label fits better. to_labels (sounds, labels)."""
    ordered = np.sort(to_labels, axis=1)
    best = ordered[:, -1]
    found = {"similarity": best, "margin over the next label": best - ordered[:, -2]}
    for name, to_background in backgrounds.items():
        found |= {f"{name}: minus the nearest": best - to_background.max(axis=1),
                  f"{name}: deviations above the mean": (best - to_background.mean(axis=1)) / to_background.std(axis=1),
                  f"{name}: share that is nearer": -(to_background > best[:, None]).mean(axis=1)}
    return found


def main() -> None:
    from sklearn.metrics import roc_auc_score

    models = Models(Weights(), "cpu")
    items = data.sounds(SHARED / "sounds" / "esc10")
    classes = sorted({i.label for i in items})
    true = np.array([classes.index(i.label) for i in items])
    rows, heat = [], []
    for encoder_name in JOINT:
        encoder = models.joint_named(encoder_name)
        heard, _ = hear([i.path for i in items], encoder, Ticket())
        vectors = [heard[i.path].vectors for i in items]

        def to(texts: Any, encoder: Any = encoder, vectors: Any = vectors) -> Array:
            against = encoder.embed_texts(list(texts)).T
            return np.array([(spans @ against).max(axis=0) for spans in vectors])

        labels = to(classes)
        backgrounds = {"AudioSet's names": to(models.sound().classes), "captions": to(default_captions())}
        there: dict[str, list[Array]] = {}
        gone: dict[str, list[Array]] = {}
        for left in range(len(classes)):
            for rule, values in rules(np.delete(labels, left, axis=1), backgrounds).items():
                there.setdefault(rule, []).append(values[true != left])
                gone.setdefault(rule, []).append(values[true == left])
        for rule in there:
            known, unknown = np.concatenate(there[rule]), np.concatenate(gone[rule])
            auc = roc_auc_score(np.r_[np.ones(len(known)), np.zeros(len(unknown))], np.r_[known, unknown])
            found = [f"{(unknown < np.quantile(known, rate)).mean():.3f}" for rate in (0.05, 0.1)]
            shipped = ""
            if rule == "captions: share that is nearer":
                shipped = f"{(unknown < -zero_shot.SHARE).mean():.3f} found, {(known < -zero_shot.SHARE).mean():.3f} wrongly"
            rows.append([encoder_name, rule, f"{auc:.3f}", *found, shipped])
        for temperature in (0.01, 0.02, 0.03, 0.05, 0.1):
            odds = np.exp((labels - labels.max(axis=1, keepdims=True)) / temperature)
            odds /= odds.sum(axis=1, keepdims=True)
            loss = -np.log(odds[np.arange(len(true)), true]).mean()
            heat.append([encoder_name, f"{temperature}", f"{loss:.3f}", f"{odds.max(axis=1).mean():.3f}",
                         f"{(labels.argmax(axis=1) == true).mean():.3f}",
                         "shipped" if temperature == getattr(encoder, "temperature", zero_shot.TEMPERATURE) else ""])
    print(table(["encoder", "rule", "AUC", "found at 5 %", "found at 10 %", "shipped"], rows))
    print("\n" + table(["encoder", "temperature", "−log-likelihood", "confidence", "top-1", ""], heat))


if __name__ == "__main__":
    main()
