"""Typed settings of a workspace, kept as TOML (`settings.toml`), versioned.

An upgrade from version n to n + 1 is one small function in UPGRADES. Unknown keys are kept in the file. A file that cannot be
read, or a known key whose value makes no sense, is an error that names the line (SettingsBroken): it is never put in order by
itself, because what is stored in a workspace hangs on what was chosen.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

from engine.errors import ListBroken, SettingsBroken, StoreError, UsageError
from engine.files import PRIVATE, flush_folder, open_regular, write_whole
from engine.records import MarginUnit

VERSION = 5
DEFAULT_JOINT = "compact"
"""The joint space of new workspaces; older ones change over to it with their next scan."""
DEFAULT_VOICE = "campplus"
COSINE, COSINE_OF = 0.75, {"campplus": 0.45}
"""The threshold of cosine to the centroid, by voice encoder where it is another one (tests/benchmarks/thresholds.py)."""
MOST_NATS = 50.0
"""No margin above this: e⁵⁰ times as likely is more than anybody can tell from speech."""
LARGEST = 1 << 20  # bytes of a file that can be settings
WAIT_S = 10.0  # the longest that a change waits for another program's, where nobody is kept waiting by that
MAX_WHOLE = 2 ** 53  # whole numbers up to here are fractions, too, without loss
MAX_SEED = 2 ** 32 - 1  # what the generators of scikit-learn take
LOUDEST_DB, QUIETEST_DB = 40.0, -200.0


def _remember_encoder(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew the tag bridge alone, and what is indexed is indexed with it."""
    return {**raw, "joint": "bridge", "joint_next": "compact"}


def _keep_own_threshold(raw: dict[str, Any]) -> dict[str, Any]:
    """Until version 2 voices were compared by cosine, 0.75 and 0.05. Who had set something else keeps it, in its units."""
    usual = {"threshold": 0.75, "margin": 0.05, "measure": "cosine", "backend": "cosine", "voice": "ge2e",
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
    return {**raw, "margin": 0.05, "margin_nats": min(50.0, margin / 0.02 * math.log(5))}


def _keep_ge2e(raw: dict[str, Any]) -> dict[str, Any]:
    """Until version 4 GE2E was the encoder of voices where nothing else was said, and what is enrolled is enrolled with it."""
    return {"voice": "ge2e", **raw}


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _remember_encoder, 2: _keep_own_threshold, 3: _margin_in_nats, 4: _keep_ge2e}

CHOICES: dict[str, tuple[str, ...]] = {
    "backend": ("two-covariance", "lda", "s-norm", "cosine", "best", "top"),
    "measure": ("cosine", "dot"),
    "device": ("auto", "cpu", "cuda", "mps"),
    "theme": ("system", "dark", "light"),
    "map_space": ("voices", "sounds"),
    "map_method": ("pca", "tsne", "umap"),
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
    """The threshold that was measured for the back-end and the encoder in use: a cosine where similarities are cosines (or dot
    products in their place), one half of the scale everywhere else."""
    plain = settings.measure == "dot" or settings.backend in ("cosine", "best", "top")
    return COSINE_OF.get(settings.voice, COSINE) if plain else 0.5


class SettingsFile:
    """Reads and writes the settings of one workspace; `value` is the current, immutable Settings. Thread-safe.

    wait_s: the longest that a change waits for another program's; whoever cannot wait so long sets it lower.

    Any number of threads and programs may change settings at once: a change reads the file anew and writes it under a lock of
    its own (`settings.toml.lock`), so none is lost. A file that cannot be used is an error, and is never written over.
    """

    def __init__(self, path: Path) -> None:
        """Raises SettingsBroken, StoreError (written by a newer Earmark)."""
        self.path = path
        self.wait_s = WAIT_S
        self._guard = threading.Lock()
        self._supposed: dict[str, Any] = {}
        self._said: frozenset[str] = frozenset()
        self.value = self._read()

    def unsaid(self, *keys: str) -> bool:
        """Whether the file leaves out one of these settings."""
        return not self._said.issuperset(keys)

    def suppose(self, **values: Any) -> None:
        """What the settings are that the file does not say, instead of the defaults. Raises SettingsBroken, StoreError."""
        self._supposed = values
        self.value = self._read()

    def change(self, **changes: Any) -> Settings:
        """Set some fields and write the file at once; what others changed in it meanwhile is kept.

        In other units (another back-end) the threshold is the default again, unless it is given too.
        Raises UsageError for a value that makes no sense, StoreError when the file cannot be read or written; then nothing is
        changed.
        """
        with self._guard, self._alone():
            there = self._read()
            changed = _checked(replace(there, **changes))
            if (usual := default_threshold(changed)) != default_threshold(there):
                changed = replace(changed, **{"threshold": usual, "thresholds": {}, **changes})
            self._write(changed)
            # which space the library is searched in is taken over by `follow` alone: somebody has to look again then
            held = {key: changes.get(key, getattr(self.value, key)) for key in ("joint", "joint_next")}
            self.value = replace(changed, **held)
            return self.value

    def follow(self) -> bool:
        """Take over which joint space the library is searched in, if another program changed that. Raises StoreError."""
        with self._guard:
            there, before = self._read(), self.value
            self.value = replace(before, joint=there.joint, joint_next=there.joint_next)
        return there.joint != before.joint

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other program changes the settings meanwhile. Raises StoreError."""
        from filelock import FileLock, Timeout

        if not self.path.parent.is_dir():  # the lock would make it
            raise StoreError(f"The settings cannot be written: there is no folder {self.path.parent} any more.")
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=self.wait_s, poll_interval=0.01, mode=PRIVATE,
                        thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise StoreError("The settings cannot be written: another program has been writing them for "
                             f"{self.wait_s:g} s. Nothing was changed.") from None
        except OSError as error:
            raise StoreError(f"The settings cannot be written: {error.strerror or error}.") from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> Settings:
        """What the file says. Raises SettingsBroken, StoreError."""
        text = read_text(self.path, self._broken)
        raw = parsed(text, self._broken)
        version = raw.get("version", VERSION)
        if type(version) is not int or version < 1:
            raise self._wrong(text, "version", version, "is not the number of a version.")
        if version > VERSION:
            raise StoreError("The settings of this workspace were written by a newer Earmark. Update Earmark, "
                             "or choose another workspace.")
        self._check(text, raw)
        told = raw
        for step in range(version, VERSION):
            raw = UPGRADES[step](raw)
        # an encoder of voices that an upgrade wrote in, because there was no other then, gives way to what is stored
        self._said = frozenset(raw) if "voice" in told else frozenset(raw) - {"voice"}
        said = {**raw, **{key: value for key, value in self._supposed.items() if key not in self._said}}
        return Settings(**{key: _as(default, said.get(key, default)) for key, default in asdict(Settings()).items()})

    def _broken(self, line: int | None, what: str) -> SettingsBroken:
        return SettingsBroken(self.path, line, what)

    def _check(self, text: str, raw: dict[str, Any]) -> None:
        """Every value by itself: of the right type, and one that makes sense. Raises SettingsBroken."""
        for key, default in asdict(Settings()).items():
            if key not in raw:
                continue
            value = raw[key]
            if not _same_type(value, default):
                raise self._wrong(text, key, value, f"is not {_KINDS[type(default)]}.")
            try:
                _checked(replace(Settings(), **{key: _as(default, value)}))
            except UsageError as error:
                raise self._wrong(text, key, value, f"does not do. {error}") from error

    def _wrong(self, text: str, key: str, value: object, why: str) -> SettingsBroken:
        line = re.search(rf"""^[ \t]*(\[[ \t]*)?["']?{key}["']?[ \t]*[=.\]]""", text, re.MULTILINE)
        at = text.count("\n", 0, line.start()) + 1 if line else None
        shown = f" ({value})" if isinstance(value, str | int | float) and len(_in_words(value)) <= 40 else ""
        return SettingsBroken(self.path, at, f"the value of {key}{shown} {why}")

    def _write(self, settings: Settings) -> None:
        document = tomlkit.parse(read_text(self.path, self._broken))  # just read by `change`: it can be
        for key, value in {"version": VERSION, **asdict(settings)}.items():
            if key not in document or document[key] != value:  # what stands there keeps how it was written
                document[key] = value
        try:
            write_whole(self.path, tomlkit.dumps(document).encode(), PRIVATE)
        except (OSError, UnicodeEncodeError) as error:
            raise StoreError(f"The settings cannot be written: {getattr(error, 'strerror', None) or error}.") from error


def read_text(path: Path, broken: Callable[[int | None, str], ListBroken]) -> str:
    """The text of a file that people may edit; empty where there is none. broken: makes the error of a line and what is wrong.

    Raises that.
    """
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):  # where the workspace is a file, whoever opens it says so
        return ""
    except OSError as error:
        raise broken(None, f"it cannot be read ({error.strerror or error}).") from error
    if len(data) > LARGEST:
        raise broken(None, f"it is too large: more than {LARGEST >> 20} MiB.")
    try:
        return data.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise broken(data[:error.start].count(b"\n") + 1, "this is not text in UTF-8.") from error


def parsed(text: str, broken: Callable[[int | None, str], ListBroken]) -> dict[str, Any]:
    """What a text in TOML says, as plain values. Raises what `broken` makes, as `read_text`."""
    try:
        return dict(tomlkit.parse(text).unwrap())
    except ParseError as error:
        said = str(error).partition(" at line ")[0].rstrip(".")[:120]
        raise broken(error.line, f"it cannot be read as TOML ({said}).") from error
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise broken(None, f"it cannot be read as TOML ({' '.join(str(error).split())[:120]}).") from error


def free_name(path: Path) -> Path:
    """The name that `set_aside` would give a file."""
    names = (path.with_name(f"{path.name}.broken" + (f"-{number}" if number > 1 else "")) for number in count(1))
    return next(name for name in names if not os.path.lexists(name))


def set_aside(path: Path) -> Path:
    """Give a file that cannot be used another name, beside it, so that it is kept and out of the way. Raises StoreError.

    Returns that name. One that was put aside before is never written over. Only where the user has said so.
    """
    kept = free_name(path)
    try:
        path.rename(kept)
    except OSError as error:
        raise StoreError(f"“{path.name}” cannot be put aside: {error.strerror or error}.") from error
    flush_folder(path.parent)
    return kept


_KINDS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes",
                           dict: "a table"}


def _in_words(value: object) -> str:
    """A value in words; of a number with too many digits, that it is one."""
    try:
        return str(value)
    except ValueError:
        return "a number with too many digits"


def _same_type(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, float) or (isinstance(value, int) and abs(value) <= MAX_WHOLE)
    return isinstance(value, type(default))


def _as(default: object, value: Any) -> Any:
    """A whole number where a fraction is meant becomes one; everything else stays."""
    return float(value) if isinstance(default, float) else value


def _checked(settings: Settings) -> Settings:
    for key, allowed in CHOICES.items():
        value = getattr(settings, key)
        if value not in allowed:
            raise UsageError(f"{key} can be {', '.join(allowed)}; “{value}” it cannot be.")
    if not -1.0 <= settings.threshold <= 1.0:
        raise UsageError("The threshold is a similarity between −1 and 1.")
    if not 0.0 <= settings.margin <= 2.0:
        raise UsageError("The margin lies between 0 and 2.")
    if not 0.0 <= settings.margin_nats <= MOST_NATS:
        raise UsageError(f"The margin lies between 0 and {MOST_NATS:.0f} nats.")
    if not QUIETEST_DB <= settings.volume_db <= LOUDEST_DB:
        raise UsageError(f"The volume is a number of decibels from {QUIETEST_DB:.0f} to {LOUDEST_DB:.0f}.")
    if not settings.joint:
        raise UsageError("The library needs an encoder.")
    if not settings.voice:
        raise UsageError("The voices need an encoder.")
    if not all(_same_type(value, 0.0) and -1.0 <= value <= 1.0 for value in settings.thresholds.values()):
        raise UsageError("The threshold of an encoder is a similarity between −1 and 1.")
    if not 0 <= settings.seed <= MAX_SEED:
        raise UsageError(f"The seed is a whole number from 0 to {MAX_SEED}.")
    return settings
