"""What each choice is worth: the recipe with one thing changed, several seeds, the same measurements for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.evaluation.captions import key
from engine.tasks import Ticket
from engine.training.joint import measures, recipe, texts
from engine.training.joint.material import Material, Pair
from engine.training.joint.recipe import Progress, Recipe

SEEDS = (7, 8)
FOLD_SEED = 7
SOURCES = ("tuxpaint", "sonic-pi", "gm-instruments")
"""Sets with captions or names that say what is heard; they are scored by folds, where the data has them."""

ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("shipped", {}),
    ("step 1 only: background", {"text_steps": 0, "pair_steps": 0}),
    ("step 1 without dividing", {"text_steps": 0, "pair_steps": 0, "background": 0.0}),
    ("step 1 without centring", {"text_steps": 0, "pair_steps": 0, "centred": False}),
    ("steps 1 and 2: no pairs", {"pair_steps": 0}),
    ("no labelled captions", {"labelled": 0.0}),
    ("labelled captions × 3", {"labelled": 0.3}),
    ("no texts of one sound", {"text_sources": ()}),
    ("texts: also AudioCaps", {"text_sources": ("wavtext5k", "audiocaps")}),
    ("texts: also ontology, UCS", {"text_sources": ("wavtext5k", "ontology", "ucs")}),
    ("share of pairs 0.15", {"share": 0.15}),
    ("share of pairs 0.5", {"share": 0.5}),
    ("share of pairs 1 (no WiSE-FT)", {"share": 1.0}),
    ("not held near step 2", {"hold": 0.0}),
    ("hard targets", {"soft_temperature": 0.001}),
    ("softer targets", {"soft_temperature": 0.2}),
    ("half of the pairs mixed with another", {"mixed": 0.5}),
    ("class texts: also descriptions, half weight", {"descriptions": 0.5}),
    ("pairs by contrastive loss", {"pair_loss": "contrastive"}),
    ("pairs by triplets", {"pair_loss": "triplet"}),
    ("tags only, no embeddings", {"embeddings": False}),
    ("temperature 0.03", {"temperature": 0.03}),
    ("temperature 0.05", {"temperature": 0.05}),
)


@dataclass(frozen=True)
class Row:
    """Means over seeds, and the spread (standard deviation) where there are several.

    top1, map: development set. top1_among: with labels of other things to choose from. captions: mAP of tag classes over
    captions that were not trained on. folds: mAP text → audio by set, over held-out folds; unseen: the same where nothing
    of the whole set was seen.
    """

    name: str
    seeds: tuple[int, ...]
    top1: float
    map: float
    top1_among: float
    captions: float
    folds: dict[str, float]
    unseen: dict[str, float]
    spread: dict[str, float]

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "seeds": list(self.seeds)}


def bridge_row(material: Material, labelled: Sequence[texts.LabelledCaption], distractors: Sequence[str]) -> Row:
    """The floor: nothing is trained."""
    system = measures.bridge(material)
    names = material.texts(material.names)
    found = {**_development(system, material, distractors),
             "captions": measures.caption_classes(lambda x: x, names, material, labelled[1::2])}
    folds, unseen = held_out_maps(lambda seen: system, material)
    return Row("tag bridge (floor)", (), **found, folds=folds, unseen=unseen, spread={})


def rows(base: Recipe, material: Material, data: Path, labelled: Sequence[texts.LabelledCaption], distractors: Sequence[str],
         seeds: Sequence[int] = SEEDS, ticket: Ticket | None = None) -> Iterator[Row]:
    """One row for each of ROWS, the bridge first. Raises Cancelled, TrainingError."""
    ticket = ticket or Ticket()
    yield bridge_row(material, labelled, distractors)
    for number, (name, changes) in enumerate(ROWS):
        found = []
        changed = replace(base, **changes)
        mine = tuple(seeds) if changed.text_steps or changed.pair_steps else tuple(seeds)[:1]
        groups = texts.groups(data, changed.text_sources)
        for seed in mine:
            ticket.report(number, len(ROWS), f"{name}, seed {seed}", "recipes")
            found.append(_measured(replace(changed, seed=seed), material, groups, labelled, distractors, ticket))
        yield _row(name, mine, found)


def _measured(one: Recipe, material: Material, groups: Sequence[tuple[str, ...]], labelled: Sequence[texts.LabelledCaption],
              distractors: Sequence[str], ticket: Ticket) -> dict[str, float]:
    """One training with one seed (half of the labelled captions are kept for measuring), and one for each fold."""
    heads = last(recipe.grounded(one, material, groups, labelled[::2], ticket=ticket))

    def fitted(pairs: Sequence[Pair]) -> measures.System:
        return measures.trained(last(recipe.tuned(heads, one, material, pairs, ticket=ticket)), material)

    with torch.inference_mode():
        captions = measures.caption_classes(heads.text.adapted, heads.text.classes, material, labelled[1::2])
    found = {**_development(fitted(material.pairs), material, distractors), "captions": captions}
    folds, unseen = held_out_maps(fitted, material)
    return {**found, **{f"folds {s}": value for s, value in folds.items()}, **{f"unseen {s}": v for s, v in unseen.items()}}


def held_out_maps(fitted: Callable[[Sequence[Pair]], measures.System],
                  material: Material) -> tuple[dict[str, float], dict[str, float]]:
    """mAP text → audio by set: over held-out folds, and where nothing of the set was seen. fitted: trains on pairs."""
    by_fold = queries_by_fold(fitted, material)
    folds = {source: float(found["text_to_audio"]["map"].mean()) for source, found in by_fold.items()}
    unseen = {}
    for source in SOURCES:
        system = fitted([pair for pair in material.pairs if pair.source != source])
        mine = measures.queries(system, material, [pair for pair in material.pairs if pair.source == source])
        unseen[source] = float(mine["text_to_audio"]["map"].mean())
    return folds, unseen


def sources(material: Material) -> tuple[str, ...]:
    """Those of SOURCES that have captions enough to hold some out."""
    captions = {source: {key(pair.caption) for pair in material.pairs if pair.source == source} for source in SOURCES}
    return tuple(source for source in SOURCES if len(captions[source]) >= 2 * measures.FOLDS)


def queries_by_fold(fitted: Callable[[Sequence[Pair]], measures.System],
                    material: Material) -> dict[str, dict[str, dict[str, measures.Numbers]]]:
    """By set: every measure of every query of its held-out folds."""
    parts: dict[str, list[dict[str, dict[str, measures.Numbers]]]] = {source: [] for source in sources(material)}
    if not parts:
        return {}
    for seen, out in measures.held_out(material.pairs, tuple(parts), FOLD_SEED):
        system = fitted(seen)
        for source, mine in out.items():
            parts[source].append(measures.queries(system, material, mine))
    return {source: measures.joined(found) for source, found in parts.items()}


def _development(system: measures.System, material: Material, distractors: Sequence[str]) -> dict[str, float]:
    found = measures.development(system, material, distractors, FOLD_SEED)
    return {name: found[name] for name in ("top1", "map", "top1_among")}


def _row(name: str, seeds: tuple[int, ...], found: Sequence[dict[str, float]]) -> Row:
    mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    spread = {key: float(np.std([one[key] for one in found])) for key in found[0]} if len(found) > 1 else {}
    by = {kind: {source: mean[f"{kind} {source}"] for source in SOURCES} for kind in ("folds", "unseen")}
    return Row(name, seeds, mean["top1"], mean["map"], mean["top1_among"], mean["captions"], by["folds"], by["unseen"], spread)


def last(steps: Iterator[Progress]) -> Any:
    """Run a training to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
