"""What Earmark knows of people in general: statistics of a cohort, from which nobody's voiceprint can be read.

A mean and two covariances of low rank (axes, their variance, and one variance for everything else) are all that is kept of
the recordings. Strangers for score normalisation are drawn from them with a fixed seed: people who do not exist. They
belong to one encoder spec; `train voice` makes them, and resources/cohort holds those that come with Earmark.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import EncoderError
from engine.files import write_whole
from engine.records import EncoderSpec
from engine.voices.backends.protocol import SHRINKAGE, WEIGHT, Background, Doubles
from engine.voices.backends.scale import Scale
from engine.voices.probability import Calibration

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

STRANGERS = 250
SEED = 7


@dataclass(frozen=True)
class LowRank:
    """A covariance (dim, dim): variance along some axes, and `rest` along all others.

    axes: float64 (k, dim), orthonormal rows. variance: float64 (k,), at least `rest`.
    """

    axes: Doubles
    variance: Doubles
    rest: float

    def matrix(self) -> Doubles:
        return (self.axes.T * (self.variance - self.rest)) @ self.axes + self.rest * np.eye(self.axes.shape[1])


def low_rank(covariance: Doubles, rank: int) -> LowRank:
    """Keep the strongest axes; the rest becomes a sphere of the same trace."""
    values, axes = np.linalg.eigh(covariance)
    values, axes = values[::-1], axes.T[::-1]
    rest = float(max(values[rank:].mean(), 1e-9)) if rank < len(values) else float(max(values[-1], 1e-9))
    return LowRank(axes[:rank], np.maximum(values[:rank], rest), rest)


@dataclass(frozen=True)
class Statistics:
    """mean (dim,), the scatter of one person's samples and of people, the axes along which channels move vectors (k, dim), and
    what a telephone's band adds to one (dim,)."""

    mean: Doubles
    within: LowRank
    between: LowRank
    weight: float = WEIGHT  # see Background
    shrinkage: float = SHRINKAGE
    channel: Doubles | None = None
    z_norm: bool = False  # see Background
    telephone: Doubles | None = None

    def background(self, strangers: int = STRANGERS, seed: int = SEED) -> Background:
        """As the back-ends want it, with strangers drawn from it: the same ones for the same seed."""
        within, between = self.within.matrix(), self.between.matrix()
        drawn = np.random.default_rng(seed).normal(size=(strangers, len(self.mean)))
        vectors = self.mean + drawn @ np.linalg.cholesky(within + between).T
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Background(self.mean, within, between, vectors.astype(np.float32), self.weight, self.shrinkage, self.channel,
                          self.z_norm, self.telephone)


@dataclass(frozen=True)
class Cohort:
    """Statistics of one encoder spec with what was measured on them.

    encoder: sha256 of the spec. scales, calibrations: by the name of the back-end; the middle of a scale is its threshold.
    files: first 16 hex digits of the SHA-256 of each file that the statistics are made of, so that a measurement can leave
    them out. card: whatever else the training wrote down.
    """

    encoder: str
    statistics: Statistics
    background: Background
    scales: dict[str, Scale]
    calibrations: dict[str, Calibration]
    files: frozenset[str]
    card: dict[str, Any]


def digest(path: Path) -> str:
    """What stands for a file in `Cohort.files`."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def save(folder: Path, name: str, spec: EncoderSpec, statistics: Statistics, scales: dict[str, Scale],
         calibrations: dict[str, Calibration], files: list[str], card: dict[str, Any]) -> list[Path]:
    """Write `name`.safetensors and `name`.json; returns their paths."""
    from safetensors.numpy import save as bytes_of

    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"mean": statistics.mean}
    for part, covariance in (("within", statistics.within), ("between", statistics.between)):
        arrays |= {f"{part}.axes": covariance.axes, f"{part}.variance": covariance.variance,
                   f"{part}.rest": np.array([covariance.rest])}
    arrays |= {key: value for key, value in (("channel", statistics.channel), ("telephone", statistics.telephone))
               if value is not None}
    weights, text = folder / f"{name}.safetensors", folder / f"{name}.json"
    write_whole(weights, bytes_of({key: np.ascontiguousarray(value, np.float32) for key, value in arrays.items()}))
    write_whole(text, (json.dumps({
        "encoder": {"name": spec.name, "version": spec.version, "sha256": spec.sha256}, **card,
        "weight": statistics.weight, "shrinkage": statistics.shrinkage, "z_norm": statistics.z_norm,
        "backends": {key: {"scale": asdict(scale), "calibration": asdict(calibrations[key])} for key, scale in scales.items()},
        "files": sorted(files)}, indent=1) + "\n").encode("utf-8"))
    return [weights, text]


def read(folder: Path | Traversable, name: str) -> Cohort:
    """Read what `save` wrote. Raises EncoderError when it cannot be used."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = {key: value.astype(np.float64) for key, value in load(
            folder.joinpath(f"{name}.safetensors").read_bytes()).items()}
        card = json.loads(folder.joinpath(f"{name}.json").read_text("utf-8"))
        within, between = (LowRank(arrays[f"{part}.axes"], arrays[f"{part}.variance"], float(arrays[f"{part}.rest"][0]))
                           for part in ("within", "between"))
        statistics = Statistics(arrays["mean"], within, between, float(card.get("weight", WEIGHT)),
                                float(card.get("shrinkage", SHRINKAGE)), arrays.get("channel"), card.get("z_norm") is True,
                                arrays.get("telephone"))
        backends = card["backends"]
        return Cohort(card["encoder"]["sha256"], statistics, statistics.background(),
                      {key: Scale(**value["scale"]) for key, value in backends.items()},
                      {key: Calibration(**value["calibration"]) for key, value in backends.items()},
                      frozenset(card["files"]), {k: v for k, v in card.items() if k not in ("backends", "files")})
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EncoderError(f"The cohort statistics “{name}” cannot be read. Install Earmark again.") from error


def shipped(spec: EncoderSpec) -> Cohort | None:
    """The statistics that come with Earmark for this encoder, or None."""
    folder = resources.files("resources").joinpath("cohort")
    for entry in sorted(folder.iterdir(), key=lambda e: e.name) if folder.is_dir() else []:
        if entry.name.endswith(".json"):
            found = _read_once(entry.name.removesuffix(".json"))
            if found.encoder == spec.sha256:
                return found
    return None


@cache
def _read_once(name: str) -> Cohort:
    return read(resources.files("resources").joinpath("cohort"), name)
