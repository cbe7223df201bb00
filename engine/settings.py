"""Typed settings of a workspace, kept as TOML (`settings.toml`), versioned.

An upgrade from version n to n + 1 is one small function in UPGRADES. Unknown keys are kept in the file.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from engine.errors import StoreError, UsageError

VERSION = 2
DEFAULT_JOINT = "compact"
"""The joint space of new workspaces; older ones change over to it with their next scan."""


def _remember_encoder(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew the tag bridge alone, and what is indexed is indexed with it."""
    return {**raw, "joint": "bridge", "joint_next": "" if DEFAULT_JOINT == "bridge" else DEFAULT_JOINT}


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _remember_encoder}

CHOICES: dict[str, tuple[str, ...]] = {
    "measure": ("cosine", "dot"),
    "device": ("auto", "cpu", "cuda", "mps"),
    "theme": ("system", "dark", "light"),
}


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults.

    threshold, margin: similarity (0–1) a match needs, and its lead over the runner-up; `tests/benchmarks/thresholds.py`
    prints the measurement behind the defaults. measure: how voices are compared. input_device, output_device: names,
    empty = the system's default. keep_takes: the last answer to the consent tick of an enrollment. joint: name of the joint
    space that the library is searched in; joint_next: the one it is being indexed for, or empty.
    """

    threshold: float = 0.75
    margin: float = 0.05
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


class SettingsFile:
    """Reads and writes the settings of one workspace; `value` is the current, immutable Settings."""

    def __init__(self, path: Path, first_version: bool = False) -> None:
        """first_version: without a file the settings are those of version 1, which wrote none before a change."""
        self.path = path
        self._without = self._read_from({"version": 1}) if first_version else Settings()
        self.value = self._read()

    def change(self, **changes: Any) -> Settings:
        """Set some fields and write the file at once.

        Raises UsageError for a value that makes no sense, StoreError when the file cannot be written; then nothing is
        changed.
        """
        changed = _checked(replace(self.value, **changes))
        self._write(changed)
        self.value = changed
        return changed

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
    if not math.isfinite(settings.volume_db):
        raise UsageError("The volume is a number of decibels.")
    if not settings.joint:
        raise UsageError("The library needs an encoder.")
    if settings.seed < 0:
        raise UsageError("The seed is a whole number from 0 up.")
    return settings
