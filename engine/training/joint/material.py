"""Everything that training and its measurements read, made once and kept: sounds as features, texts as MiniLM vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio import files
from engine.describing.names import caption_of
from engine.encoders import pooling, sound
from engine.encoders.text import MiniLMEncoder
from engine.errors import TrainingError, UsageError
from engine.evaluation import captions, data
from engine.tasks import Ticket
from engine.training import checkpoints
from engine.training.joint.texts import descriptions

DEVELOPMENT = "esc10"
"""The set on which choices are made; never trained on."""
BATCH = 16  # sounds decoded before the net runs
NAMED = 20  # files that a set needs for their names to be its captions: fewer are not told apart by them
SPEECH = 0.5  # mean probability
"""A file named after what is said in it (most of it speech) is not described by its name."""


@dataclass(frozen=True)
class Sounds:
    """Features of many sounds by span: probabilities (rows, 521), mean and most (rows, 1024). starts: (sounds,) first rows."""

    paths: tuple[Path, ...]
    starts: NDArray[np.int64]
    probabilities: Tensor
    mean: Tensor
    most: Tensor

    def rows(self, number: int) -> NDArray[np.int64]:
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.probabilities)
        return np.arange(self.starts[number], end)


@dataclass(frozen=True)
class Pair:
    """Sound `number` of the material and a caption of it; source: the set it is from."""

    number: int
    caption: str
    source: str


@dataclass(frozen=True)
class Material:
    """sets: source → numbers of its sounds. development: (number, label) of the development set. names: the 521 tag classes;
    descriptions: of each, its name where there is none."""

    sounds: Sounds
    sets: dict[str, tuple[int, ...]]
    pairs: tuple[Pair, ...]
    development: tuple[tuple[int, str], ...]
    names: tuple[str, ...]
    texts: Texts
    descriptions: tuple[str, ...] = ()

    @property
    def background(self) -> NDArray[np.int64]:
        """Rows of all sounds that may be trained on."""
        return np.concatenate([self.sounds.rows(n) for numbers in self.sets.values() for n in numbers])


class Texts:
    """MiniLM vectors of texts, each made once and kept in a file."""

    def __init__(self, encoder: MiniLMEncoder, folder: Path) -> None:
        """folder: of the file, which holds vectors and texts together, so that a kill leaves the one before."""
        self._encoder, self._folder = encoder, folder
        self._known: dict[str, int] = {}
        self._vectors = torch.zeros(0, 384)
        kept = _kept(folder, encoder.spec.sha256)
        if kept is not None:
            tensors, facts = kept
            self._known = {text: n for n, text in enumerate(facts["texts"])}
            self._vectors = tensors["vectors"]

    def prepare(self, texts: Sequence[str], ticket: Ticket) -> None:
        """Embed what is not known yet and keep it. Raises Cancelled."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if not new:
            return
        parts = [self._vectors]
        for start in range(0, len(new), 256):
            ticket.report(start, len(new), "", "texts")
            parts.append(torch.from_numpy(self._encoder.embed(new[start:start + 256])))
        self._vectors = torch.cat(parts)
        self._known |= {text: len(self._known) + n for n, text in enumerate(new)}
        checkpoints.write(self._folder, {"vectors": self._vectors},
                          {"key": self._encoder.spec.sha256, "texts": list(self._known)})

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Returns (n, 384) unit rows."""
        self.prepare(texts, Ticket())
        return self._vectors[[self._known[text] for text in texts]]


def gather(folder: Path, keep: Path, encoder: sound.YAMNetEncoder, texts: Texts, ticket: Ticket) -> Material:
    """Read `<folder>/sounds`: every sub-folder is a set, captioned by its captions file or by the names of its files.

    The set DEVELOPMENT, where there is one, has a folder for each class. keep: where features are kept between runs. Raises
    UsageError, Cancelled.
    """
    root = folder / "sounds"
    if not root.is_dir():
        raise UsageError(f"There is no folder {root}. The data needs sounds/ with a folder for each set of sounds.")
    sources = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name != DEVELOPMENT)
    labels = data.sounds(root / DEVELOPMENT) if (root / DEVELOPMENT).is_dir() else []
    by_source = {s: sorted(p for p in (root / s).rglob("*") if p.suffix.lower() in files.SUFFIXES) for s in sources}
    by_source = {source: paths for source, paths in by_source.items() if paths}
    if not by_source:
        raise UsageError(f"{root} holds no sounds to train on. It needs a folder for each set of them.")
    every = [*(p for paths in by_source.values() for p in paths), *(one.path for one in labels)]
    sounds = _features(every, keep, encoder, ticket)
    place = {path: n for n, path in enumerate(sounds.paths)}
    speech = _means(sounds)[:, encoder.classes.index("Speech")]
    pairs = []
    for source, paths in by_source.items():
        named = not any((root / source / f"captions.{kind}").is_file() for kind in ("json", "csv"))
        if named and (len(paths) < NAMED or not _told_apart(root / source, paths)):
            continue  # background only
        pairs += [Pair(place[c.path], c.caption, source) for c in captions.load(root / source)
                  if c.path in place and not (named and speech[place[c.path]] > SPEECH)]
    return Material(sounds, {s: tuple(place[p] for p in paths if p in place) for s, paths in by_source.items()}, tuple(pairs),
                    tuple((place[one.path], one.label) for one in labels if one.path in place), encoder.classes, texts,
                    descriptions(folder, encoder.classes))


def _told_apart(folder: Path, paths: Sequence[Path]) -> bool:
    return len({caption_of(path.relative_to(folder)) for path in paths} - {None}) > 1


def _means(sounds: Sounds) -> NDArray[np.float32]:
    counts = np.diff([*sounds.starts, len(sounds.probabilities)])[:, None]
    return np.asarray(np.add.reduceat(sounds.probabilities.numpy(), sounds.starts, axis=0) / counts, np.float32)


def _features(paths: Sequence[Path], keep: Path, encoder: sound.YAMNetEncoder, ticket: Ticket) -> Sounds:
    """All features, from `keep` where these very files were read before. Files that cannot be read are left out."""
    facts = [(str(p), p.stat().st_size) for p in paths]
    key = hashlib.sha256(json.dumps([facts, encoder.spec.sha256, sound.PATCH_HOP]).encode()).hexdigest()
    kept = _kept(keep / "features", key)
    if kept is not None:
        found, about = kept
        return Sounds(tuple(Path(p) for p in about["paths"]), found["starts"].numpy(), found["probabilities"], found["mean"],
                      found["most"])
    read, parts = [], []
    for start in range(0, len(paths), BATCH):
        ticket.report(start, len(paths), paths[start].name, "sounds")
        part = paths[start:start + BATCH]
        streams = [files.stream(path, sound.RATE_HZ) for path in part]
        for path, one in zip(part, pooling.pooled(encoder, streams, (pooling.PROBABILITIES, pooling.EMBEDDINGS)), strict=True):
            if not isinstance(one, Exception):
                read.append(path)
                parts.append(one)
    if not read:
        raise UsageError("None of the sounds can be read.")
    starts = np.cumsum([0, *(len(one.spans) for one in parts[:-1])]).astype(np.int64)
    tensors = {"probabilities": np.concatenate([one.mean[pooling.PROBABILITIES] for one in parts]),
               "mean": np.concatenate([one.mean[pooling.EMBEDDINGS] for one in parts]),
               "most": np.concatenate([one.max[pooling.EMBEDDINGS] for one in parts]), "starts": starts}
    checkpoints.write(keep / "features", {name: torch.from_numpy(rows) for name, rows in tensors.items()},
                      {"key": key, "paths": [str(p) for p in read]})
    return Sounds(tuple(read), starts, *(torch.from_numpy(tensors[name]) for name in ("probabilities", "mean", "most")))


def _kept(folder: Path, key: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and facts that were kept under this very key; None where there are none, or they are damaged."""
    if not checkpoints.exists(folder):
        return None
    try:
        tensors, facts = checkpoints.read(folder)
    except TrainingError:
        return None
    return (tensors, facts) if facts.get("key") == key else None
