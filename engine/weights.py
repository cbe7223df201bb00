"""Model weights: the manifest, fetching, checking, converting. Knows no encoder.

Every model lives in one folder of the user's cache, `<models>/<name>-<version>/`, that appears whole or not at all:
work is done in a temporary folder beside it which is renamed at the end. `receipt.json` in it holds the SHA-256 of each
file as it was written, and files are checked against it before they are used.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import hashlib
import json
import logging
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterable
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import platformdirs

from engine.errors import FetchError, UsageError, WeightsCorrupt, WeightsMissing
from engine.records import ModelInfo, ModelState
from engine.tasks import Ticket

log = logging.getLogger(__name__)

RECEIPT = "receipt.json"
_SPACE_FACTOR = 4  # archive, extracted, converted and the temporary copy of pip
_STALE_S = 86_400.0  # a scratch folder older than this is of a fetch that was killed
_UNUSABLE = (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, LookupError, ValueError, TypeError,
             AttributeError, EOFError, StopIteration)
"""What torch, zipfile and onnx raise for files that are not what they should be."""


class Weights:
    """The models of resources/models.toml and their state on this machine."""

    def __init__(self, folder: Path | None = None, manifest: Path | None = None) -> None:
        """folder: where models are kept (default: the user's cache, or $EARMARK_MODELS)."""
        chosen = folder or os.environ.get("EARMARK_MODELS")
        self.folder = Path(chosen) if chosen else platformdirs.user_cache_path("earmark") / "models"
        text = manifest.read_text("utf-8") if manifest else resources.files("resources").joinpath(
            "models.toml").read_text("utf-8")
        self._entries: dict[str, dict[str, Any]] = {m["name"]: m for m in tomllib.loads(text)["model"]}

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    def list(self, check: bool = False) -> list[ModelInfo]:
        """All models in the order of the manifest. check: hash every file instead of trusting sizes."""
        return [self.info(name, check) for name in self._entries]

    def info(self, name: str, check: bool = False) -> ModelInfo:
        """One model. Raises UsageError for a name that is not in the manifest."""
        entry = self._entry(name)
        source = entry["source"]
        packaged = source["type"] == "package"
        folder = self._folder(entry)
        return ModelInfo(
            name=name, title=entry["title"], kind=entry["kind"], version=self._version(entry), dim=entry.get("dim"),
            rate_hz=entry.get("rate_hz"), size_bytes=source["size"], licence=entry["licence"],
            source=f"package {source['package']} {self._version(entry)}", citation=entry["citation"],
            sha256=source.get("sha256", ""), state=self._state(entry, check),
            path=None if packaged or not folder.is_dir() else folder)

    def sha256(self, name: str) -> str:
        """The hash that names a model's weights in an encoder spec: that of the source file they come from."""
        entry = self._entry(name)
        chosen = entry.get("convert", {}).get("from", entry.get("weights"))
        return next(str(f["sha256"]) for f in entry["files"] if f["name"] == chosen)

    def path(self, name: str, file: str = "") -> Path:
        """A checked file of a model (default: its weights).

        Raises WeightsMissing when the model was not fetched, WeightsCorrupt when the file is not what was written.
        """
        entry = self._entry(name)
        file = file or entry["weights"]
        receipt = self._receipt(entry)
        found = self._folder(entry) / file
        if receipt is None or file not in receipt or not found.is_file():
            raise WeightsMissing(name)
        digest = sha256_of(found)
        if digest != receipt[file]["sha256"]:
            raise WeightsCorrupt(name, receipt[file]["sha256"], digest)
        return found

    def folder_of(self, name: str) -> Path:
        """The folder of a model with every file in it checked. Raises like `path`."""
        entry = self._entry(name)
        for file in {entry["weights"]: None, **(self._receipt(entry) or {})}:
            self.path(name, file)
        return self._folder(entry)

    def fetch(self, names: Iterable[str] = (), ticket: Ticket | None = None) -> builtins.list[str]:
        """Fetch what is missing or damaged of the named models (default: all); returns the names that were fetched.

        Progress is in bytes over all models. What is finished stays when a later model fails. Raises FetchError,
        UsageError, Cancelled.
        """
        ticket = ticket or Ticket()
        wanted = [self._entry(name) for name in (list(names) or self.names)]
        todo = [e for e in wanted if e["source"]["type"] == "wheel" and self._state(e, check=True) != "present"]
        missing = [e["name"] for e in wanted if e["source"]["type"] == "package" and self._state(e, False) == "missing"]
        if missing:
            raise FetchError(f"{', '.join(missing)} comes with a Python package that is not installed: "
                             "run the set-up again.")
        shared: dict[tuple[str, str], list[dict[str, Any]]] = {}  # several models may lie in one wheel, which is fetched once
        for entry in todo:
            shared.setdefault((entry["source"]["package"], entry["source"]["sha256"]), []).append(entry)
        total = sum(entries[0]["source"]["size"] for entries in shared.values())
        before = 0
        for entries in shared.values():
            self._fetch_wheel(entries, ticket, before, total)
            before += entries[0]["source"]["size"]
        return [e["name"] for e in todo]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _entry(self, name: str) -> dict[str, Any]:
        if name not in self._entries:
            raise UsageError(f"No model is called “{name}”. There are: {', '.join(self._entries)}.")
        return self._entries[name]

    def _folder(self, entry: dict[str, Any]) -> Path:
        return self.folder / f"{entry['name']}-{entry['version']}"

    def _version(self, entry: dict[str, Any]) -> str:
        if entry["source"]["type"] != "package":
            return str(entry["version"])
        try:
            return metadata.version(entry["source"]["package"])
        except metadata.PackageNotFoundError:
            return str(entry["version"])

    def _receipt(self, entry: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
        try:
            found = json.loads((self._folder(entry) / RECEIPT).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        whole = isinstance(found, dict) and all(
            isinstance(facts, dict) and {"sha256", "size"} <= set(facts) for facts in found.values())
        return found if whole else None

    def _state(self, entry: dict[str, Any], check: bool) -> ModelState:
        if entry["source"]["type"] == "package":
            try:
                metadata.version(entry["source"]["package"])
            except metadata.PackageNotFoundError:
                return "missing"
            return "package"
        folder = self._folder(entry)
        if not folder.is_dir():
            return "missing"
        receipt = self._receipt(entry)
        if not receipt or entry["weights"] not in receipt:
            return "damaged"
        for file, facts in receipt.items():
            path = folder / file
            if not path.is_file() or path.stat().st_size != facts["size"]:
                return "damaged"
            if check and sha256_of(path) != facts["sha256"]:
                return "damaged"
        return "present"

    def _fetch_wheel(self, entries: builtins.list[dict[str, Any]], ticket: Ticket, before: int, total: int) -> None:
        """Fetch one wheel and put the models that lie in it in their places, one after the other."""
        title, source = " + ".join(entry["title"] for entry in entries), entries[0]["source"]
        ticket.report(before, total, title, "B")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for entry in entries:
                _sweep(self.folder, entry["name"])
            free, needed = shutil.disk_usage(self.folder).free, source["size"] * _SPACE_FACTOR
            if free < needed:
                raise FetchError(f"There is too little room for {title}: {needed // 10**6} MB are needed for "
                                 f"a moment, {free // 10**6} MB are free. Nothing was changed.")
            with tempfile.TemporaryDirectory(prefix=f".{entries[0]['name']}-", dir=self.folder) as scratch:
                archive = _download(source, Path(scratch), ticket, before, total, title)
                _require(archive, source["sha256"], title)
                for entry in entries:
                    self._put(entry, archive, Path(scratch) / entry["name"])
        except OSError as error:
            raise FetchError(f"{title} could not be stored: {error.strerror or error}. "
                             "Nothing half-written was left behind.") from error
        ticket.report(before + source["size"], total, title, "B")

    def _put(self, entry: dict[str, Any], archive: Path, work: Path) -> None:
        """One model out of its wheel. work: a folder for it on the disk of the models."""
        ready = work / "ready"
        _extract(archive, entry, ready)
        _convert(entry, ready)
        receipt = {str(p.relative_to(ready)): {"sha256": sha256_of(p), "size": p.stat().st_size}
                   for p in sorted(ready.rglob("*")) if p.is_file()}
        (ready / RECEIPT).write_text(json.dumps(receipt, indent=1), "utf-8")
        final = self._folder(entry)
        if final.exists():
            final.rename(work / "old")
        ready.rename(final)
        log.info("fetched %s %s", entry["name"], entry["version"])


def _sweep(folder: Path, name: str) -> None:
    """Remove what killed fetches of a model left behind. What is young may belong to a fetch that runs now."""
    for left in folder.glob(f".{name}-*"):
        if time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require(path: Path, expected: str, title: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise FetchError(f"What was fetched for {title} does not match its checksum (expected {expected[:12]}…, found "
                         f"{found[:12]}…), so it was thrown away. Try again; if it stays so, the source has changed.")


def _download(source: dict[str, Any], work: Path, ticket: Ticket, before: int, total: int, title: str) -> Path:
    """Let pip fetch one wheel, so that the user's own index and proxy settings hold. Progress by the size on disk.

    Raises FetchError, which says what to do where there is no pip.
    """
    if getattr(sys, "frozen", False):  # then sys.executable is this program, which would start itself
        raise FetchError(f"{title} is fetched with pip, which cannot be part of a program in one piece. Install Earmark with pip "
                         "or pipx too and run `earmark models fetch` there once: both look for weights in the same folder.")
    target, scratch = work / "wheel", work / "pip"
    target.mkdir()
    scratch.mkdir()
    # a wheel made for one system alone is asked for by its tags, whatever this one is: no code of it is run
    tags = [part for key, value in source.get("tags", {}).items() for part in (f"--{key}", str(value))]
    # -P: a pip.py in the folder where Earmark was started is not taken for pip
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--no-input", "--disable-pip-version-check", *tags, "--dest", str(target),
               f"{source['package']}=={source['version']}"]
    words = work / "pip.log"
    with words.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,  # noqa: S603
                                   env={**os.environ, "TMPDIR": str(scratch)})
        try:
            while process.poll() is None:
                done = _size_of(scratch) + _size_of(target)
                ticket.report(before + min(done, source["size"]), total, title, "B")
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    found = list(target.glob("*.whl"))
    if process.returncode != 0 or not found:
        said = words.read_text("utf-8", "replace").strip().splitlines()
        errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR")] or said[-1:]
        log.warning("pip download failed: %s", " | ".join(said[-5:]))
        if any("No module named pip" in line for line in said):
            raise FetchError(f"{title} is fetched with pip, which is missing in the Python that Earmark runs in. Put it there "
                             f"with: {sys.executable} -m ensurepip (or with uv: uv pip install --python {sys.executable} pip). "
                             "Then try again.")
        if any(f"[Errno {errno.ENOSPC}]" in line for line in said):
            raise FetchError(f"{title} could not be stored: the disk is full. Nothing half-written was left behind.")
        raise FetchError(f"{title} could not be fetched from the Python package index. Check the network and pip's "
                         f"settings, then try again. pip said: {errors[-1] if errors else 'nothing'}")
    return found[0]


def _size_of(folder: Path) -> int:
    """Bytes below a folder that is being written to; files that vanish meanwhile count nothing."""
    total = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(parent) / file).stat().st_size
    return total


def _extract(archive: Path, entry: dict[str, Any], ready: Path) -> None:
    """Take the files of a model out of its wheel, and nothing else. Raises FetchError."""
    room = archive.stat().st_size * _SPACE_FACTOR  # what was looked for on the disk
    with zipfile.ZipFile(archive) as wheel:
        for file in entry["files"]:
            target = ready / file["name"]
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                room -= wheel.getinfo(file["inside"]).file_size  # zipfile unpacks no more than that
                if room < 0:
                    raise FetchError(f"The package of {entry['title']} would unpack to more than its size allows, so it was "
                                     "thrown away.")
                with wheel.open(file["inside"]) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
            except KeyError as error:
                raise FetchError(f"The package of {entry['title']} does not hold {file['inside']}.") from error
            _require(target, file["sha256"], entry["title"])


def _convert(entry: dict[str, Any], ready: Path) -> None:
    plan = entry.get("convert")
    if plan is None:
        return
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    source = ready / plan["from"]
    try:
        arrays = _from_pickle(source, plan) if plan["how"] == "pickle" else _from_onnx_zip(source)
    except _UNUSABLE as error:
        log.warning("%s cannot be converted: %s", entry["name"], error)
        raise FetchError(f"What was fetched for {entry['title']} holds no weights that can be opened safely, so it "
                         "cannot be used and was thrown away.") from error
    try:
        # one key: with two their order, and so the file's bytes, would change from run to run
        save_file(arrays, ready / entry["weights"],
                  metadata={"from": f"{entry['source']['package']} {entry['source']['version']}"})
    except SafetensorError as error:  # its own word for what the disk said
        raise FetchError(f"{entry['title']} could not be stored: {error}. Nothing half-written was left "
                         "behind.") from error
    source.unlink()


def _from_pickle(path: Path, plan: dict[str, Any]) -> dict[str, Any]:
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    if "key" in plan:  # of the weights, where the file holds more than them
        state = state[plan["key"]]
    return {k: v.contiguous().numpy() for k, v in state.items() if k not in plan.get("drop", ())}


def _from_onnx_zip(path: Path) -> dict[str, Any]:
    """The float parameters of every Conv and Gemm, named by the path of their node: `layer3.pointwise_conv.weight`."""
    import numpy as np
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import numpy_helper

    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(scratch)
        try:
            model = onnx.load(str(next(Path(scratch).rglob("*.onnx"))))
        except DecodeError as error:
            raise ValueError("this is no ONNX file") from error
    constants = {t.name: t for t in model.graph.initializer}
    through = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")}

    def origin(name: str) -> str:
        while name in through:
            name = through[name]
        return name

    arrays = {}
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm"):
            continue
        steps = [s for s in node.output[0].split("/")[:-1] if s not in ("", "model", "conv", "fused")]
        stem = ".".join(steps) or "classifier"
        for role, name in zip(("weight", "bias"), node.input[1:], strict=True):
            arrays[f"{stem}.{role}"] = np.ascontiguousarray(numpy_helper.to_array(constants[origin(name)]), np.float32)
    return arrays
