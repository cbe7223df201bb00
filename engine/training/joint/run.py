"""`train joint`: data → heads → measurements → files. Written for the command line; one record for each step."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.encoders import compact
from engine.encoders.sound import YAMNetEncoder
from engine.encoders.text import MiniLMEncoder
from engine.errors import UsageError
from engine.evaluation import retrieval
from engine.files import write_whole
from engine.tasks import Ticket
from engine.training.joint import ablation, card, measures, recipe, texts
from engine.training.joint.material import Material, Pair, Texts, gather
from engine.training.joint.recipe import Recipe

VERSION = "1"
KEPT = "kept"  # folder below `out` for features, text vectors and checkpoints


def train(data: Path, out: Path, sounds: YAMNetEncoder, minilm: MiniLMEncoder, base: Recipe, resume: bool = False,
          with_ablation: bool = False, ticket: Ticket | None = None) -> Iterator[dict[str, Any]]:
    """Train, measure, write compact.safetensors, compact.json and compact.md into `out`. Yields a record a step.

    The last record has {"stage": "done", "files", "measures"}. With `resume`, a training that was stopped goes on where it
    was. Raises UsageError (data), TrainingError, Cancelled.
    """
    ticket = ticket or Ticket()
    began = time.monotonic()
    keep = out / KEPT
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from error
    if not resume:
        for old in keep.glob("checkpoint-*"):
            shutil.rmtree(old)
    base = replace(base, text_sources=texts.there(data, base.text_sources))
    vectors = Texts(minilm, keep / "texts")
    material = gather(data, keep, sounds, vectors, ticket)
    groups, labelled = texts.groups(data, base.text_sources), texts.labelled(data, material.names)
    distractors = texts.category_labels(data)
    if not (groups or labelled or material.pairs):
        raise UsageError(f"{data} holds nothing to train on: it needs captions of its sounds (captions.json, captions.csv or "
                         "names of files), or texts in captions/.")
    if with_ablation and (len(ablation.sources(material)) < len(ablation.SOURCES) or not material.development or not distractors):
        raise UsageError(f"An ablation needs the sets {', '.join(ablation.SOURCES)} and esc10, and the texts in captions/. "
                         "Train without it.")
    wanted = [text for group in groups for text in group]
    if with_ablation:
        wanted += [text for group in texts.groups(data, tuple(texts.READERS)) for text in group]
    vectors.prepare([*wanted, *(one.text for one in labelled), *(p.caption for p in material.pairs), *distractors,
                     *material.names, *material.descriptions], ticket)
    yield {"stage": "data", "sounds": len(material.sounds.paths), "pairs": len(material.pairs), "groups": len(groups),
           "labelled": len(labelled), "seconds": time.monotonic() - began}

    steps = recipe.train(base, material, groups, labelled, material.pairs, keep, resume, ticket)
    while True:
        try:
            one = next(steps)
        except StopIteration as end:
            heads = end.value
            break
        record = one.record
        yield {"stage": one.stage, "step": record.step, "steps": record.steps, "loss": record.loss, "rate": record.rate,
               "seconds": record.seconds}
    found = measured(base, material, groups, labelled, distractors, ticket)
    found["shipped"] = _development(measures.trained(heads, material), material, distractors)
    about: dict[str, Any] = {"name": compact.NAME, "version": VERSION, "dim": compact.DIM, "recipe": base.facts()}
    rows = []
    if with_ablation:
        for row in ablation.rows(base, material, data, labelled, distractors, ticket=ticket):
            rows.append(row)
            yield {"stage": "ablation", **row.document()}
    compact.save(heads, out, about)
    write_whole(out / f"{compact.NAME}.md", card.written(base, material, groups, labelled, found, rows).encode("utf-8"))
    write_whole(keep / "measures.json", json.dumps(found, indent=1).encode("utf-8"))
    yield {"stage": "done", "files": [str((out / f"{compact.NAME}.{kind}").absolute()) for kind in ("safetensors", "json", "md")],
           "measures": found, "seconds": time.monotonic() - began}


def measured(base: Recipe, material: Material, groups: Sequence[tuple[str, ...]], labelled: Sequence[texts.LabelledCaption],
             distractors: Sequence[str], ticket: Ticket) -> dict[str, Any]:
    """Bridge and trained on the development set, and on every set by held-out folds, with paired intervals of the difference."""
    grounded = ablation.last(recipe.grounded(base, material, groups, labelled, ticket=ticket))
    bridge = measures.bridge(material)

    def fitted(pairs: Sequence[Pair]) -> measures.System:
        return measures.trained(ablation.last(recipe.tuned(grounded, base, material, pairs, ticket=ticket)), material)

    new, old = ablation.queries_by_fold(fitted, material), ablation.queries_by_fold(lambda _: bridge, material)
    tables = {}
    for source in ablation.sources(material):
        tables[source] = {way: {
            "bridge": retrieval.summary(old[source][way], base.seed), "trained": retrieval.summary(new[source][way], base.seed),
            "difference": retrieval.compare(new[source][way], old[source][way], base.seed)} for way in retrieval.DIRECTIONS}
    return {"bridge": _development(bridge, material, distractors), "retrieval": tables}


def _development(system: measures.System, material: Material, distractors: Sequence[str]) -> dict[str, Any] | None:
    """None where the data has no development set."""
    return measures.development(system, material, distractors, ablation.FOLD_SEED) if material.development else None


def with_seed(seed: int) -> Recipe:
    return replace(Recipe(), seed=seed)
