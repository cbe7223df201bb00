"""Typed settings of a workspace, kept as TOML (`settings.toml`), versioned.

An upgrade from version n to n + 1 is one small function in UPGRADES. Unknown keys are kept in the file.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from engine.errors import StoreError, UsageError
from engine.records import MarginUnit

VERSION = 4
DEFAULT_JOINT = "compact"
"""The joint space of new workspaces; older ones change over to it with their next scan."""
DEFAULT_VOICE = "ge2e"
MOST_NATS = 50.0
"""No margin above this: e⁵⁰ times as likely is more than anybody can tell from speech."""


def _remember_encoder(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew the tag bridge alone, and what is indexed is indexed with it."""
    return {**raw, "joint": "bridge", "joint_next": "" if DEFAULT_JOINT == "bridge" else DEFAULT_JOINT}


def _keep_own_threshold(raw: dict[str, Any]) -> dict[str, Any]:
    """Until version 2 voices were compared by cosine, 0.75 and 0.05. Who had set something else keeps it, in its units."""
    usual = {"threshold": 0.75, "margin": 0.05, "measure": "cosine", "backend": "cosine", "voice": DEFAULT_VOICE,
             "thresholds": {}}
    if any(raw.get(key, value) != value for key, value in usual.items()):
        return {"backend": "cosine", "threshold": 0.75, "margin": 0.05, **raw}
    return {**raw, "backend": "two-covariance", "threshold": 0.5, "margin": 0.02}


def _margin_in_nats(raw: dict[str, Any]) -> dict[str, Any]:
    """Until version 3 the margin of every back-end was a difference on the scale 0 to 1. For those that give log-likelihoods
    0.02 of it was a likelihood of five to one at the threshold, the default of today; another margin keeps its ratio to it."""
    margin = raw.get("margin", 0.02)
    if raw.get("measure", "cosine") != "cosine" or raw.get("backend", "two-covariance") not in ("two-covariance", "lda") \
            or isinstance(margin, bool) or not isinstance(margin, int | float):
        return raw
    return {**raw, "margin": 0.05, "margin_nats": margin / 0.02 * math.log(5)}


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _remember_encoder, 2: _keep_own_threshold, 3: _margin_in_nats}

CHOICES: dict[str, tuple[str, ...]] = {
    "backend": ("two-covariance", "lda", "s-norm", "cosine", "best", "top"),
    "measure": ("cosine", "dot"),
    "device": ("auto", "cpu", "cuda", "mps"),
    "theme": ("system", "dark", "light"),
}


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults.

    backend: how a query is compared with the voices, see `engine.voices.backends`.
    threshold: similarity (0–1) a match needs, in units of the back-end. margin_nats, margin: its lead over the runner-up, as
    the natural logarithm of how many times as likely it is (five times by default) where the back-end gives that, else as a
    difference of similarities. `tests/benchmarks/backends.py` prints what the defaults do. measure: "dot" counts lengths too,
    whatever the back-end. input_device, output_device: names,
    empty = the system's default. keep_takes: the last answer to the consent tick of an enrollment. joint: name of the joint
    space that the library is searched in; joint_next: the one it is being indexed for, or empty. voice: name of the voice
    encoder. thresholds: the ones of voice encoders that were set or calibrated, by the sha256 of
    their specs; `threshold` is the one in effect.
    """

    backend: str = "two-covariance"
    threshold: float = 0.5
    margin: float = 0.05
    margin_nats: float = math.log(5)
    measure: str = "cosine"
    device: str = "auto"
    theme: str = "system"
    reduced_motion: bool = False
    input_device: str = ""
    output_device: str = ""
    volume_db: float = -6.0
    keep_takes: bool = False
    hear_on_hover: bool = True
    loop_span: bool = False
    map_space: str = "voices"
    map_method: str = "pca"
    seed: int = 7
    joint: str = DEFAULT_JOINT
    joint_next: str = ""
    voice: str = DEFAULT_VOICE
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def margin_in(self, unit: MarginUnit) -> float:
        """The margin that counts where leads are measured in this unit."""
        return self.margin_nats if unit == "nats" else self.margin


def default_threshold(settings: Settings) -> float:
    """The threshold that was measured for the back-end in use: 0.75 where similarities are cosines (or dot products in their
    place), one half of the scale everywhere else."""
    return 0.75 if settings.measure == "dot" or settings.backend in ("cosine", "best", "top") else 0.5


class SettingsFile:
    """Reads and writes the settings of one workspace; `value` is the current, immutable Settings."""

    def __init__(self, path: Path, first_version: bool = False) -> None:
        """first_version: without a file the settings are those of version 1, which wrote none before a change."""
        self.path = path
        self._without = self._read_from({"version": 1}) if first_version else Settings()
        self.value = self._read()

    def change(self, **changes: Any) -> Settings:
        """Set some fields and write the file at once.

        In other units (another back-end) the threshold is the default again, unless it is given too.
        Raises UsageError for a value that makes no sense, StoreError when the file cannot be written; then nothing is
        changed.
        """
        changed = _checked(replace(self.value, **changes))
        if (usual := default_threshold(changed)) != default_threshold(self.value):
            changed = replace(changed, **{"threshold": usual, "thresholds": {}, **changes})
        self._write(changed)
        self.value = changed
        return changed

    def follow(self) -> bool:
        """Take over which joint space the library is searched in, if another program changed that. Raises StoreError."""
        there, before = self._read(), self.value
        self.value = replace(before, joint=there.joint, joint_next=there.joint_next)
        return there.joint != before.joint

    def _read(self) -> Settings:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return self._without
        except OSError as error:
            raise StoreError(f"The settings cannot be read: {error.strerror}.") from error
        try:
            raw: dict[str, Any] = tomlkit.parse(data.decode()).unwrap()
        except (TOMLKitError, UnicodeDecodeError):
            kept = self.path.with_suffix(".toml.broken")
            self.path.replace(kept)
            return self._without
        return self._read_from(raw)

    def _read_from(self, raw: dict[str, Any]) -> Settings:
        version = raw.get("version", VERSION)
        if not isinstance(version, int) or version < 1:
            version = VERSION
        if version > VERSION:
            raise StoreError("The settings of this workspace were written by a newer Earmark. Update Earmark, "
                             "or choose another workspace.")
        for step in range(version, VERSION):
            raw = UPGRADES[step](raw)
        settings = Settings()
        for key, default in asdict(settings).items():
            value = raw.get(key, default)
            if _same_type(value, default):
                with contextlib.suppress(UsageError):  # one value that makes no sense leaves the others alone
                    settings = _checked(replace(settings, **{key: type(default)(value)}))
        return settings

    def _write(self, settings: Settings) -> None:
        try:
            document = tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except (OSError, TOMLKitError, UnicodeDecodeError):
            document = tomlkit.document()
        document["version"] = VERSION
        for key, value in asdict(settings).items():
            document[key] = value
        temporary = self.path.with_suffix(".toml.tmp")
        try:
            temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
            temporary.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StoreError(f"The settings cannot be written: {error.strerror}.") from error


def _same_type(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    return isinstance(value, type(default))


def _checked(settings: Settings) -> Settings:
    for key, allowed in CHOICES.items():
        value = getattr(settings, key)
        if value not in allowed:
            raise UsageError(f"{key} is “{value}”; it can be {', '.join(allowed)}.")
    if not -1.0 <= settings.threshold <= 1.0:
        raise UsageError("The threshold is a similarity between −1 and 1.")
    if not 0.0 <= settings.margin <= 2.0:
        raise UsageError("The margin lies between 0 and 2.")
    if not 0.0 <= settings.margin_nats <= MOST_NATS:
        raise UsageError(f"The margin lies between 0 and {MOST_NATS:.0f} nats.")
    if not math.isfinite(settings.volume_db):
        raise UsageError("The volume is a number of decibels.")
    if not settings.joint:
        raise UsageError("The library needs an encoder.")
    if not settings.voice:
        raise UsageError("The voices need an encoder.")
    if not all(isinstance(value, int | float) and -1.0 <= value <= 1.0 for value in settings.thresholds.values()):
        raise UsageError("The threshold of an encoder is a similarity between −1 and 1.")
    if settings.seed < 0:
        raise UsageError("The seed is a whole number from 0 up.")
    return settings
