"""Models that the user added to a workspace: `models.toml` in it says what they are and where they lie.

A model is loaded once when it is added, and asked for one sound and one text; what was learned then (dimensions, rate, sha256)
is kept, so that its spec is known without loading it. Its files stay where they are. A hub name is fetched when it is
added, and never again: from then on only the copy on this machine is used.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tomlkit

from engine.encoders import clap, onnx_joint, onnx_voice, sound
from engine.encoders.added_entry import HUB_NAME, LONGEST_NAME, AddedModel, checked_name, entry_of
from engine.encoders.protocols import TextAudioEncoder, VoiceEncoder
from engine.errors import EncoderError, FetchError, ListBroken, StoreError, UsageError, WeightsCorrupt, WeightsMissing
from engine.files import PRIVATE, write_whole
from engine.records import EncoderSpec
from engine.settings import DEFAULT_JOINT, DEFAULT_VOICE, parsed, read_text, set_aside
from engine.tasks import Ticket
from engine.weights import Weights

log = logging.getLogger(__name__)

HUB_FILES = ("*.json", "*.txt", "*.md", "model*.safetensors")
HUB_PICKLES = ("pytorch_model*.bin*",)
HUB_VOICE = ("*.onnx", "*.onnx.data", "*.onnx_data", "*.earmark.json", "*.md")
FETCHING, TRYING = "fetching", "trying"
"""What the note of an adding's progress says."""
_HEAD = re.compile(r"\s*\[\[\s*[\"']?model[\"']?\s*\]\]")
_LICENCE = re.compile(r"^license:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclass(frozen=True)
class Probed:
    """What a prober found out about the files it was given. licence: empty = what the folder says."""

    form: str
    folder: Path
    files: list[Path]
    spec: EncoderSpec
    title: str
    licence: str = ""


Prober = Callable[[Path, str], Probed]
"""Gets the file or folder and a device. Raises EncoderError."""


class AddedModels:
    """Reads and writes the list of one workspace. Thread-safe; the caller holds the workspace's lock when it writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.RLock()

    def list(self) -> list[AddedModel]:
        """In the order they were added. Raises ListBroken where the file, or one entry in it, is not as `add` writes them."""
        with self._guard:
            text = read_text(self._path, self._broken)
            raw = parsed(text, self._broken).get("model", [])
            begins = [number for number, line in enumerate(text.splitlines(), 1) if _HEAD.match(line)]
            if not isinstance(raw, builtins.list) or not all(isinstance(one, dict) for one in raw):
                raise self._broken(None, "“model” is not a list of tables.")
            found: dict[str, AddedModel] = {}
            for number, one in enumerate(raw):
                line = begins[number] if len(begins) == len(raw) else None
                try:
                    entry = entry_of(one, FORMS)
                except ValueError as error:
                    raise self._broken(line, f"{error}.") from error
                if entry.name.casefold() in found:
                    raise self._broken(line, f"two models are called “{entry.name}”.")
                found[entry.name.casefold()] = entry
            return [*found.values()]

    def _broken(self, line: int | None, what: str) -> ListBroken:
        return ListBroken(self._path, line, what, ("Correct what begins there" if line else "Put that right") +
                          ", or move the file away and add your models again")

    def find(self, name: str) -> AddedModel | None:
        return next((one for one in self.list() if one.name.casefold() == name.casefold()), None)

    def add(self, source: str, kind: str, name: str, device: str, taken: Collection[str],
            ticket: Ticket | None = None) -> AddedModel:
        """Load a model, ask it for one sound and one text, and write it down.

        source: a file or folder of this machine, or a hub name, which is fetched. name: empty = made from the source. taken:
        names of the program's own models. Raises UsageError, EncoderError, FetchError, StoreError, Cancelled; then nothing is
        changed.
        """
        ticket = ticket or Ticket()
        prober = PROBERS.get(kind)
        if prober is None:
            raise UsageError(f"Models of the kind “{kind}” cannot be added yet; it can be {', '.join(PROBERS)}.")
        path, hub = _found(source)
        named = path.absolute().parent if kind == "joint" and path.is_file() else path.absolute()
        name = checked_name(name or _name_of(hub or named.name), [*taken, *(one.name for one in self.list())])
        if not path.exists():
            path = _fetched(hub, kind, ticket)
        ticket.report(0, None, TRYING)
        probed = prober(path.absolute(), device)
        ticket.check()
        with self._guard:
            there = self.list()
            name = checked_name(name, [*taken, *(one.name for one in there)])  # loading takes long: another may have been added
            twin = next((one for one in there if one.spec == probed.spec), None)
            if twin is not None:
                raise UsageError(f"This model is there already, as “{twin.name}”.")
            made = AddedModel(
                name, kind, probed.form, str(probed.folder), hub, datetime.now(UTC).isoformat(timespec="seconds"),
                probed.title, probed.spec.name, probed.spec.version, probed.spec.dim, probed.spec.rate_hz or 0,
                probed.spec.sha256, sum(file.stat().st_size for file in probed.files),
                probed.licence or _licence(probed.folder))
            self._write([*there, made])
        return made

    def remove(self, name: str) -> AddedModel:
        """Take a model off the list; its files stay. Raises UsageError, StoreError."""
        with self._guard:
            gone = self.find(name)
            if gone is None:
                raise UsageError(f"No model that you added is called “{name}”.")
            self._write([one for one in self.list() if one.name != gone.name])
            shutil.rmtree(self.kept(gone), ignore_errors=True)
            return gone

    def begin_anew(self) -> Path | None:
        """Put a list that cannot be used aside, beside it, so that the next one begins empty. Only where the user has said so.

        Returns where it is kept; None where the list can be used after all. Raises StoreError.
        """
        with self._guard:
            try:
                self.list()
            except ListBroken:
                return set_aside(self._path)
            return None

    def kept(self, model: AddedModel) -> Path:
        """The folder where an encoder may keep what takes long to make; it goes with the entry."""
        return self._path.parent / "models" / model.sha256[:16]

    def _write(self, models: builtins.list[AddedModel]) -> None:
        document = tomlkit.document()
        document.add(tomlkit.comment("Models added with `models add`; see there."))
        tables = tomlkit.aot()
        for model in models:
            table = tomlkit.table()
            table.update(asdict(model))
            tables.append(table)
        document["model"] = tables
        try:
            write_whole(self._path, tomlkit.dumps(document).encode(), PRIVATE)
        except (OSError, UnicodeEncodeError) as error:
            raise StoreError(f"The list of added models cannot be written: {error}.") from error


def load_joint(model: AddedModel, weights: Weights, device: str, kept_in: Path | None = None) -> TextAudioEncoder:
    """The encoder of an entry. kept_in: where it may keep what takes long to make.

    Raises EncoderError when its files are gone or other ones than those that were added.
    """
    if not model.present:
        raise EncoderError(f"The files of “{model.name}” are not in “{model.folder}” any more. Put them back, or use "
                           f"another encoder: python main.py models use {DEFAULT_JOINT}")
    made = JOINT_FORMS[model.form](Path(model.folder), device, _tag_names(weights), kept_in)
    if made.spec != model.spec:
        raise EncoderError(f"The files of “{model.name}” have changed since it was added. Remove it, and add it again: "
                           f"python main.py models remove {model.name}")
    return made


def load_voice(model: AddedModel, device: str) -> VoiceEncoder:
    """The voice encoder of an entry. Raises EncoderError when its file is gone or another one than was added."""
    if not model.present:
        raise EncoderError(f"The file of “{model.name}” is not at “{model.folder}” any more. Put it back, or use another "
                           f"encoder: python main.py models use {DEFAULT_VOICE}")
    made = VOICE_FORMS[model.form](Path(model.folder), device)
    if made.spec != model.spec:
        raise EncoderError(f"The file of “{model.name}” has changed since it was added. Use another encoder, remove it, and "
                           f"add it again: python main.py models remove {model.name}")
    return made


# --- what can be added ------------------------------------------------------------------------------------------------


class JointForm(Protocol):
    """A class of encoders that can be loaded from a folder; see ClapEncoder."""

    def __call__(self, folder: Path, device: str, tag_names: Sequence[str] = (),
                 kept_in: Path | None = None) -> TextAudioEncoder: ...


JOINT_FORMS: dict[str, JointForm] = {"clap": clap.ClapEncoder, "onnx-pair": onnx_joint.OnnxPairEncoder}


def probe_joint(path: Path, device: str) -> Probed:
    """A folder (or a file in it) with a ClapModel or a pair of ONNX files."""
    folder = path if path.is_dir() else path.parent
    if onnx_joint.is_pair(folder):
        form, files, title = "onnx-pair", onnx_joint.files_of(folder), f"ONNX pair {folder.name}"
    elif clap.is_clap(folder):
        form, files, title = "clap", clap.files_of(folder), f"CLAP {folder.name}"
    else:
        if path.is_file():
            raise EncoderError(f"“{path.name}” is no model for sounds and text: one is a folder with a CLAP model, or with a "
                               f"pair of ONNX files ({onnx_joint.AUDIO}, {onnx_joint.TEXT}, {onnx_joint.TOKENIZER}). If it is a "
                               "voice encoder, choose that kind.")
        raise EncoderError(f"“{folder.name}” holds neither a CLAP model (config.json of model_type “clap” with its weights) nor "
                           f"a pair of ONNX files ({onnx_joint.AUDIO}, {onnx_joint.TEXT}, {onnx_joint.TOKENIZER}).")
    encoder = JOINT_FORMS[form](folder, device)
    noise = np.random.default_rng(0).normal(0, 0.1, encoder.spec.rate_hz or 48_000).astype(np.float32)
    for what, rows in (("a second of noise", encoder.analyse(iter([noise])).vectors),
                       ("a text", encoder.embed_texts(["a dog barking"]))):
        if rows.shape != (1, encoder.spec.dim):
            raise EncoderError(f"For {what} the model gives the shape {rows.shape}; one vector of {encoder.spec.dim} is needed.")
        norm = float(np.linalg.norm(rows.astype(np.float64)))
        if not abs(norm - 1) < 1e-3:  # NaN too
            raise EncoderError(f"For {what} the model gives no usable vector (its length is {norm:g}).")
    return Probed(form, folder, files, encoder.spec, title)


VOICE_FORMS: dict[str, Callable[[Path, str], VoiceEncoder]] = {"onnx-voice": onnx_voice.OnnxVoiceEncoder}


def probe_voice(path: Path, device: str) -> Probed:
    """An ONNX file, or a folder with one; the encoder itself tries it with noise."""
    file = onnx_voice.file_in(path)
    pair = (onnx_joint.AUDIO, onnx_joint.TEXT, onnx_joint.TOKENIZER)
    if file.name in pair and all((file.parent / name).is_file() for name in pair):
        raise EncoderError(f"“{file.name}” is one half of a text–audio pair, not a voice encoder. Add its folder with --kind "
                           "joint.")
    encoder = onnx_voice.OnnxVoiceEncoder(file, device)
    return Probed("onnx-voice", file, encoder.files, encoder.spec, encoder.title, encoder.licence)


FORMS: dict[str, Collection[str]] = {"joint": JOINT_FORMS, "voice": VOICE_FORMS}
"""By kind: what an entry can be loaded as."""
PROBERS: dict[str, Prober] = {"joint": probe_joint, "voice": probe_voice}
"""By kind. A new kind of model is one line here."""


def _tag_names(weights: Weights) -> tuple[str, ...]:
    """AudioSet's class names, where they are on this machine."""
    try:
        return sound.class_names(weights)
    except (WeightsMissing, WeightsCorrupt):
        return ()


# --- names and places ----------------------------------------------------------------------------------------------


def _found(source: str) -> tuple[Path, str]:
    """Where it lies and its hub name, if it is one."""
    path = Path(source).expanduser()
    if os.path.exists(path):  # noqa: PTH110 - Path.exists raises for names that no system takes
        return path, ""
    if HUB_NAME.fullmatch(source) and not source.startswith("."):
        return path, source
    raise UsageError(f"There is no file or folder “{source}”, and it is no name of the Hugging Face hub (such as "
                     "laion/clap-htsat-unfused).")


def _fetched(name: str, kind: str, ticket: Ticket) -> Path:
    """The folder of a hub model, after fetching it. Pickled weights are fetched only where there are no others.

    Raises FetchError, Cancelled; what was fetched by then stays in the hub's own cache, and is not fetched again.
    """
    from huggingface_hub import snapshot_download

    ticket.report(0, None, FETCHING)
    bars = _bars(ticket)
    try:
        wanted = [*(HUB_VOICE if kind == "voice" else HUB_FILES)]
        folder = Path(snapshot_download(name, allow_patterns=wanted, tqdm_class=bars))
        if kind != "voice" and not any(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(name, allow_patterns=[*HUB_FILES, *HUB_PICKLES], tqdm_class=bars))
    except Exception as error:  # whatever the network and the hub's client raise
        ticket.check()
        said = " ".join(str(error).split())[:160]
        raise FetchError(f"“{name}” could not be fetched from the Hugging Face hub. Check the name and the network, or download "
                         f"it elsewhere and add its folder. The hub's client said: {said}") from error
    return folder


def _bars(ticket: Ticket) -> type[Any]:
    """A class of the hub client's progress bars that draws nothing: it tells the ticket the bytes, and stops when that is
    cancelled."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Told(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self._in_bytes, self._done = kwargs.get("unit") == "B", float(kwargs.get("initial", 0) or 0)

        def update(self, n: float | None = 1) -> bool | None:
            if self._in_bytes:
                self._done += n or 0
                ticket.report(self._done, self.total or None, FETCHING, "B")
            ticket.check()
            return None

    return Told


def _name_of(source: str) -> str:
    made = re.sub(r"[^\w.-]+", "-", source.rpartition("/")[2].casefold()).strip("-.")
    return made.removesuffix(".onnx")[:LONGEST_NAME] or "model"


def _licence(folder: Path) -> str:
    """What the folder says about it: the head of its README, or its configuration. Empty where it says nothing."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        found = _LICENCE.search((folder / "README.md").read_text("utf-8")[:4_000])
        if found:
            return found[1]
    for name in ("config.json", onnx_joint.FACTS):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            said: Any = json.loads((folder / name).read_text("utf-8")).get("license", "")
            if isinstance(said, str) and said:
                return said
    return ""
