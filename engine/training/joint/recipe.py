"""How the heads of `compact` are made, in three steps.

1. Background: what tag probabilities are on average over a library; each class is divided by a root of that, and the mean
   sound is subtracted. No text is needed. (Like whitening, but by one factor a class.)
2. Texts: a matrix that brings texts of one sound together (symmetric InfoNCE over titles, descriptions, captions) and captions
   to the classes of their labels (cross-entropy). Only texts are needed.
3. Pairs: symmetric InfoNCE between sounds and their captions, with targets softened by the likeness of the captions, held
   near what step 2 gave. Of the change that this brings only a share is kept (Wortsman et al. 2022, arXiv 2109.01903, WiSE-FT):
   the whole of it learns the names of the training sets and forgets others.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.evaluation.captions import key
from engine.nets.joint_heads import CLASSES, DIM, FLOOR, JointHeads
from engine.tasks import Ticket
from engine.training.batches import DistinctGroups, Indices, Shuffled
from engine.training.joint.material import Material, Pair
from engine.training.joint.texts import LabelledCaption
from engine.training.loop import Options, Record, Trainer, adamw
from engine.training.losses.contrastive import Contrastive
from engine.training.losses.infonce import SymmetricInfoNCE
from engine.training.losses.triplet import Triplet
from engine.training.schedules import linear

LABELLED_BATCH = 128
PAIRS_BATCH = 192


@dataclass(frozen=True)
class Recipe:
    """All that can be chosen. What an ablation changes is one field."""

    seed: int = 7
    temperature: float = 0.04  # of texts over classes
    background: float = 0.5  # power of a class's background that is divided out (0: none); it acts on probabilities
    centred: bool = True
    text_sources: tuple[str, ...] = ("wavtext5k",)
    text_steps: int = 600  # 0: no step 2
    text_decay: float = 3e-3
    labelled: float = 0.1  # weight of captions with labels
    pair_steps: int = 200  # 0: no step 3
    pair_loss: Literal["infonce", "contrastive", "triplet"] = "infonce"
    soft_temperature: float = 0.07  # of the captions' likeness, as targets
    hold: float = 2.0  # how strongly sounds are held where step 2 had them
    share: float = 0.3  # of the change of step 3 that is kept
    embeddings: bool = True  # sounds may be moved by their embeddings; otherwise only texts are tuned
    dropout: float = 0.3
    descriptions: float = 0.0  # weight of the ontology's description of a class beside its name
    mixed: float = 0.0  # share of the pairs of a batch that are heard together with another pair, and captioned by both

    def facts(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Progress:
    """One step of one stage."""

    stage: Literal["texts", "pairs"]
    record: Record


def train(recipe: Recipe, material: Material, groups: Sequence[tuple[str, ...]], labelled: Sequence[LabelledCaption],
          pairs: Sequence[Pair], folder: Path | None = None, resume: bool = False,
          ticket: Ticket | None = None) -> Generator[Progress, None, JointHeads]:
    """All three steps; the heads are what the generator returns. folder: where checkpoints are kept.

    pairs: those that may be seen (folds leave some out). Raises Cancelled, TrainingError.
    """
    heads = yield from grounded(recipe, material, groups, labelled, folder, resume, ticket)
    return (yield from tuned(heads, recipe, material, pairs, folder, resume, ticket))


def grounded(recipe: Recipe, material: Material, groups: Sequence[tuple[str, ...]], labelled: Sequence[LabelledCaption],
             folder: Path | None = None, resume: bool = False,
             ticket: Ticket | None = None) -> Generator[Progress, None, JointHeads]:
    """Steps 1 and 2: heads that have seen no pair."""
    heads = JointHeads(recipe.temperature, recipe.dropout).requires_grad_(False)
    calibrate(heads, recipe, material)
    names = class_texts(recipe, material)
    heads.text.classes.copy_(names)
    if recipe.text_steps and (groups or labelled):
        stage = _texts(recipe, material, groups, labelled)
        yield from _run(stage, "texts", folder, resume, ticket or Ticket())
        heads.text.adapt.copy_(stage.weights()["text.adapt"])
        heads.text.classes.copy_(heads.text.adapted(names))
    return heads.eval()


def tuned(heads: JointHeads, recipe: Recipe, material: Material, pairs: Sequence[Pair], folder: Path | None = None,
          resume: bool = False, ticket: Ticket | None = None) -> Generator[Progress, None, JointHeads]:
    """Step 3 on a copy of `heads`."""
    heads = copy.deepcopy(heads)
    if recipe.pair_steps and len({key(pair.caption) for pair in pairs}) > 1:
        stage = _pairs(heads, recipe, material, pairs)
        yield from _run(stage, "pairs", folder, resume, ticket or Ticket())
        heads.requires_grad_(False)
        heads.load_state_dict({name.removeprefix("heads."): tensor for name, tensor in stage.weights().items()
                               if name.startswith("heads.")})
        for changed in (heads.audio.shift.weight, heads.text.tune):
            changed.mul_(recipe.share)
    return heads.requires_grad_(False).eval()


def class_texts(recipe: Recipe, material: Material) -> Tensor:
    """What texts are compared with, (521, 384) unit rows: the names of the classes, and what describes them."""
    names = material.texts(material.names)
    if not recipe.descriptions:
        return names
    return F.normalize(names + recipe.descriptions * material.texts(material.descriptions), dim=1)


def calibrate(heads: JointHeads, recipe: Recipe, material: Material) -> None:
    """Step 1: statistics of the background, and the 512 directions that sounds and texts use most."""
    rows = material.background
    probabilities = material.sounds.probabilities[rows].clamp_min(FLOOR)
    audio = heads.audio
    with torch.no_grad():
        typical = probabilities.log().mean(0).exp()  # geometric mean, (521,)
        audio.scale.copy_(typical ** (-recipe.background / 2))
        audio.scale.div_(audio.scale.mean())
        plain = F.normalize(probabilities.sqrt() * audio.scale, dim=1)
        if recipe.centred:
            audio.centre.copy_(plain.mean(0))
        raw = torch.log1p(torch.cat([material.sounds.mean[rows], material.sounds.most[rows]], 1).clamp_min(0))
        audio.feature_mean.copy_(raw.mean(0))
        audio.feature_std.copy_(raw.std(0) + 1e-3)
        tags = audio.tags(probabilities)
        spread = tags.T @ tags / len(tags) + torch.eye(CLASSES) / CLASSES  # sounds; texts may lie anywhere
        _, directions = torch.linalg.eigh(spread)
        for head in (heads.audio, heads.text):
            head.basis.copy_(directions[:, -DIM:])


class _Texts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.adapt = nn.Parameter(torch.zeros(384, 384))

    def forward(self, texts: Tensor) -> Tensor:
        return F.normalize(texts + texts @ self.adapt, dim=1)


def _texts(recipe: Recipe, material: Material, groups: Sequence[tuple[str, ...]],
           labelled: Sequence[LabelledCaption]) -> Trainer:
    """Step 2: only `text.adapt` is learned."""
    vectors = [material.texts(group) for group in groups]
    names = class_texts(recipe, material)
    captions = material.texts([one.text for one in labelled]) if labelled else torch.zeros(0, 384)
    classes = torch.zeros(len(labelled), CLASSES)
    for row, one in enumerate(labelled):
        classes[row, list(one.classes)] = 1 / len(one.classes)
    model = nn.ModuleDict({"text": _Texts()})
    bring = SymmetricInfoNCE(0.05, learn=False)

    def loss(indices: Indices, rng: np.random.Generator) -> Tensor:
        text = model["text"]
        assert isinstance(text, _Texts)
        total = recipe.text_decay * text.adapt.pow(2).sum()
        if len(vectors):
            two = [vectors[n][rng.permutation(len(vectors[n]))[:2]] for n in indices]  # (2, 384) each
            total = total + bring(text(torch.stack([one[0] for one in two])), text(torch.stack([one[1] for one in two])))
        if recipe.labelled and len(captions):
            some = rng.permutation(len(captions))[:LABELLED_BATCH]
            logits = text(captions[some]) @ text(names).T / 0.05
            total = total + recipe.labelled * F.cross_entropy(logits, classes[some])
        return total

    batches = Shuffled(max(len(vectors), 1), min(200, max(len(vectors), 1)), recipe.seed)
    return Trainer(model, loss, batches, Options(recipe.text_steps, recipe.seed, clip=None), optimiser=adamw(2e-3, 0.0),
                   schedule=linear(recipe.text_steps), recipe={**recipe.facts(), "stage": "texts", "groups": len(vectors),
                                                               "labelled": len(captions)})


@dataclass(frozen=True)
class _Batch:
    """Spans of sounds and their captions, row by row."""

    probabilities: Tensor
    mean: Tensor
    most: Tensor
    texts: Tensor
    adapted: Tensor

    def mixed(self, share: float, rng: np.random.Generator) -> _Batch:
        """That share of the rows together with another row: each tag is in one or the other, and a caption says both.

        What YAMNet would say of the sum of both waves is approximated from what it says of each.
        """
        count = len(self.texts)
        chosen = torch.from_numpy(rng.random(count) < share)[:, None]
        other = torch.from_numpy(rng.permutation(count))

        def together(rows: Tensor, both: Tensor) -> Tensor:
            return torch.where(chosen, both, rows)

        p, mean, most, texts, adapted = self.probabilities, self.mean, self.most, self.texts, self.adapted
        return _Batch(together(p, 1 - (1 - p) * (1 - p[other])), together(mean, (mean + mean[other]) / 2),
                      together(most, torch.maximum(most, most[other])), together(texts, F.normalize(texts + texts[other], dim=1)),
                      together(adapted, F.normalize(adapted + adapted[other], dim=1)))


def _pairs(heads: JointHeads, recipe: Recipe, material: Material, pairs: Sequence[Pair]) -> Trainer:
    """Step 3: `audio.shift` and `text.tune` are learned."""
    sounds = material.sounds
    texts = material.texts([pair.caption for pair in pairs])
    captions: dict[str, int] = {}
    groups = np.array([captions.setdefault(key(pair.caption), len(captions)) for pair in pairs])
    rows = [sounds.rows(pair.number) for pair in pairs]
    for name, parameter in heads.named_parameters():
        parameter.requires_grad_(name == "text.tune" or (name == "audio.shift.weight" and recipe.embeddings))
    model = nn.ModuleDict({"heads": heads, "loss": SymmetricInfoNCE(0.1)})
    with torch.no_grad():
        adapted = heads.text.adapted(texts)
    contrastive, triplet = Contrastive(margin=1.0), Triplet(margin=0.2)

    def loss(indices: Indices, rng: np.random.Generator) -> Tensor:
        one = np.array([rng.choice(rows[n]) for n in indices])  # a span each
        heard = _Batch(sounds.probabilities[one], sounds.mean[one], sounds.most[one], texts[indices], adapted[indices])
        if recipe.mixed:
            heard = heard.mixed(recipe.mixed, rng)
        audio = heads.audio(heard.probabilities, heard.mean, heard.most)
        text = heads.text(heard.texts)
        if recipe.pair_loss == "infonce":
            likeness = ((heard.adapted @ heard.adapted.T - 1) / recipe.soft_temperature).exp()  # at most 1
            total = model["loss"](audio, text, soft=likeness, soft_share=1.0)
        else:
            labels = torch.from_numpy(groups[indices])
            chosen = contrastive if recipe.pair_loss == "contrastive" else triplet
            total = chosen(torch.cat([audio, text]), torch.cat([labels, labels]))
        before = F.normalize(heads.audio.tags(heard.probabilities) @ heads.audio.basis, dim=1)
        held = recipe.hold * (1 - (audio * before).sum(1)).mean()
        return total + held + 0.01 * heads.audio.shift.weight.pow(2).sum() + 0.03 * heads.text.tune.pow(2).sum()

    facts = {**recipe.facts(), "stage": "pairs", "pairs": len(pairs)}
    return Trainer(model, loss, DistinctGroups(groups, min(PAIRS_BATCH, len(pairs)), recipe.seed),
                   Options(recipe.pair_steps, recipe.seed, clip=None), optimiser=adamw(1e-3, 0.0),
                   schedule=linear(recipe.pair_steps), recipe=facts)


def _run(trainer: Trainer, stage: Literal["texts", "pairs"], folder: Path | None, resume: bool,
         ticket: Ticket) -> Iterator[Progress]:
    from engine.training import checkpoints

    kept = folder / f"checkpoint-{stage}" if folder is not None else None
    if kept is not None and resume and checkpoints.exists(kept):
        trainer.resume(kept)
    for record in trainer.run(ticket, kept):
        yield Progress(stage, record)
