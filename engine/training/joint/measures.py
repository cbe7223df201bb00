"""How good heads are: on the development set, on captions with labels, and on held-out files of the training sets.

The bridge is measured beside them on the same features, so that every difference is a paired one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.encoders import joint
from engine.evaluation import retrieval, zero_shot
from engine.evaluation.captions import key
from engine.metrics import retrieval as ranks
from engine.nets.joint_heads import JointHeads
from engine.training.joint.material import Material, Pair
from engine.training.joint.texts import LabelledCaption

DISTRACTORS = 40
FAR = 0.35  # cosine below which a label is no other word for a true one
FOLDS = 3

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """Something that puts sounds and texts into one space. sounds: row numbers → unit rows; texts: (n, 384) → unit rows."""

    sounds: Callable[[NDArray[np.int64]], Tensor]
    texts: Callable[[Tensor], Tensor]


def bridge(material: Material) -> System:
    """The tag bridge of encoders/joint.py on the same features."""
    names = material.texts(material.names)

    def sounds(rows: NDArray[np.int64]) -> Tensor:
        return F.normalize(material.sounds.probabilities[rows] ** joint.POWER, dim=1)

    return System(sounds, lambda texts: F.normalize(torch.softmax(texts @ names.T / joint.TEMPERATURE, 1), dim=1))


def trained(heads: JointHeads, material: Material) -> System:
    def sounds(rows: NDArray[np.int64]) -> Tensor:
        s = material.sounds
        return heads.audio(s.probabilities[rows], s.mean[rows], s.most[rows])

    return System(sounds, heads.text)


def development(system: System, material: Material, distractors: Sequence[str], seed: int) -> dict[str, Any]:
    """Zero-shot on the development set: its labels alone, and among labels of other things (top1_among, mrr_among).

    distractors: other labels; those near to a true one are left out, then DISTRACTORS of them are drawn by the seed.
    """
    labels = sorted({label for _, label in material.development})
    true = material.texts(labels)
    far = [text for text, near in zip(distractors, (material.texts(distractors) @ true.T).amax(1).tolist(), strict=True)
           if near < FAR]
    drawn = [far[n] for n in np.random.default_rng(seed).permutation(len(far))[:DISTRACTORS]]
    vectors = [system.sounds(material.sounds.rows(n)).numpy() for n, _ in material.development]
    answers = [label for _, label in material.development]
    texts = system.texts(torch.cat([true, material.texts(drawn)])).numpy()
    every = retrieval.similarity(vectors, texts).T  # (sounds, labels)
    found = zero_shot.measures(every[:, :len(labels)], answers, labels, seed)
    relevant = np.array([[label == name for name in (*labels, *drawn)] for label in answers])
    among = ranks.by_query(every, relevant, (1,))
    return {"top1": found["top1"], "map": found["map"], "ci95": {"top1": found["ci95"]["top1"], "map": found["ci95"]["map"]},
            "top1_among": float(among["precision_at_1"].mean()), "mrr_among": float(among["mrr"].mean())}


def caption_classes(texts: Callable[[Tensor], Tensor], classes: Tensor, material: Material,
                    labelled: Sequence[LabelledCaption]) -> float:
    """mAP of the tag classes that captions rank, by cosine of `texts(caption)` to classes (521, 384)."""
    values = (texts(material.texts([one.text for one in labelled])) @ classes.T).numpy()
    relevant = np.zeros(values.shape, bool)
    for row, one in enumerate(labelled):
        relevant[row, list(one.classes)] = True
    return float(ranks.by_query(values, relevant, (1,))["map"].mean())


def folds(pairs: Sequence[Pair], seed: int) -> list[set[str]]:
    """Captions in FOLDS portions: files with one caption (takes of one source) are never apart."""
    captions = sorted({key(pair.caption) for pair in pairs})
    order = np.random.default_rng(seed).permutation(len(captions))
    return [{captions[n] for n in order[fold::FOLDS]} for fold in range(FOLDS)]


def held_out(pairs: Sequence[Pair], sources: Sequence[str],
             seed: int) -> Iterator[tuple[list[Pair], dict[str, list[Pair]]]]:
    """(seen, held out by set) for each fold: a portion of every one of these sets is held out at once.

    No caption of a set, and no file, stands on both sides.
    """
    portions = {source: folds([pair for pair in pairs if pair.source == source], seed) for source in sources}
    for fold in range(FOLDS):
        out = {source: [p for p in pairs if p.source == source and key(p.caption) in portions[source][fold]]
               for source in sources}
        files = {pair.number for mine in out.values() for pair in mine}
        yield [p for p in pairs if p.number not in files
               and not (p.source in out and key(p.caption) in portions[p.source][fold])], out


def queries(system: System, material: Material, pairs: Sequence[Pair]) -> dict[str, dict[str, Numbers]]:
    """Every measure of every query in both directions, over these sounds and captions alone."""
    numbers = sorted({pair.number for pair in pairs})
    captions: dict[str, str] = {}
    for pair in pairs:
        captions.setdefault(key(pair.caption), pair.caption)
    row = {name: n for n, name in enumerate(captions)}
    relevant = np.zeros((len(captions), len(numbers)), bool)
    for pair in pairs:
        relevant[row[key(pair.caption)], numbers.index(pair.number)] = True
    texts = system.texts(material.texts(list(captions.values()))).numpy()
    return retrieval.by_query([system.sounds(material.sounds.rows(n)).numpy() for n in numbers], texts, relevant)


def joined(parts: Sequence[Mapping[str, Mapping[str, Numbers]]]) -> dict[str, dict[str, Numbers]]:
    """The queries of several folds together."""
    return {way: {name: np.concatenate([part[way][name] for part in parts]) for name in parts[0][way]} for way in parts[0]}
