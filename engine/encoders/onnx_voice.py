"""A voice encoder from an ONNX file: WeSpeaker, 3D-Speaker, ReDimNet and what is like them, through onnxruntime.

The graph takes one float input and gives one vector each, (batch, dim):
  (batch, frames, bands) or (batch, bands, frames)    Kaldi's mel bands (`fbank.py`), 80 as a rule
  (batch, samples) or (batch, 1, samples)             the wave itself in [-1, 1] (ReDimNet)
Which of them, how many bands, which sizes are fixed: the graph is asked and tried with noise. What it cannot say is read
from its metadata, and from NAME.earmark.json beside NAME.onnx, which wins:
  family    wespeaker (Hamming window, waves of 16-bit size; the default) or 3d-speaker (Kaldi's own window, waves in [-1, 1])
  rate_hz (16000), bands (80), layout (frames-bands or bands-frames), window, scale, cmn (true), window_s (10), license
Sources: wenet-e2e/wespeaker `infer_onnx.py`; modelscope/3D-Speaker `FBank`; ReDimNet, arXiv 2407.18223.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from engine.encoders import device as devices
from engine.encoders.clap import digest_of
from engine.encoders.fbank import WINDOWS, FrontEnd
from engine.encoders.onnx_graph import GraphFile, fixed, is_out_of_memory, look_into, session, short
from engine.encoders.stretches import embedded, filled, windows
from engine.encoders.voice import QUIET_DBFS, prepared
from engine.errors import EncoderError
from engine.records import Audio, Embedding, EncoderSpec, FloatArray

VERSION = "1"
SUFFIX = ".onnx"
BATCH = 16
MOST_DIM = 8192  # numbers of a vector; encoders of voices give 192 to 512
SHORTEST_S = 1.0  # a shorter stretch is repeated until it is as long
FAMILIES: dict[str, dict[str, Any]] = {"wespeaker": {"window": "hamming", "scale": 32_768.0},
                                       "3d-speaker": {"window": "povey", "scale": 1.0}}
DEFAULTS: dict[str, Any] = {"family": "wespeaker", "rate_hz": 16_000, "bands": 80, "layout": "", "window": "", "scale": 0.0,
                            "cmn": True, "window_s": 10.0, "license": ""}
LAYOUTS = ("frames-bands", "bands-frames")
Layout = Literal["frames-bands", "bands-frames", "wave", "channel-wave"]
_BANDS = range(16, 257)  # what a fixed size may be to count as a number of bands


@dataclass(frozen=True)
class Form:
    """How the graph wants its input. size: fixed number of frames or samples; batch: fixed number of rows; None: free."""

    layout: Layout
    bands: int
    size: int | None
    batch: int | None


class OnnxVoiceEncoder:
    """VoiceEncoder over one graph. Thread-safe. On the CPU a session works on one core, so the numbers do not depend on how
    many there are."""

    def __init__(self, path: Path, device: str = "auto") -> None:
        """path: the file, or a folder with one ONNX file. Raises EncoderError with what does not fit."""
        self._file = file_in(path)
        graph = look_into(self._file)
        facts = facts_of(graph)
        self.files, self.licence = graph.files, str(facts["license"])
        self._session = session(self._file, device, threads=1)
        self._input = _one_input(self._session, self._file.name)
        self.front_end = FrontEnd(facts["rate_hz"], facts["bands"], facts["window"], facts["scale"], facts["cmn"])
        self._batch = BATCH
        self._output = ""
        self.form, dim = self._tried(_forms(self._input.shape, facts, self._file.name))
        self._window = round(facts["window_s"] * facts["rate_hz"])
        if self.form.size:
            self._window = self.form.size if self._is_wave else self.front_end.samples(self.form.size)
        shaping = (self.form.layout, self.form.size, self._window, SHORTEST_S, QUIET_DBFS, self._output)
        digest = digest_of(graph.files, VERSION, shaping if self._is_wave else (*shaping, self.front_end), facts["rate_hz"])
        self.spec = EncoderSpec(f"ONNX voice {self._file.stem}", VERSION, digest, "voice", dim, facts["rate_hz"])

    @property
    def title(self) -> str:
        """The probed input in words."""
        size = "" if self.form.size is None else f", {self.form.size} at once"
        if self._is_wave:
            return f"ONNX voice encoder, takes waves{size}"
        return f"ONNX voice encoder, {self.form.bands} bands, {self.front_end.window} window, {self.form.layout}{size}"

    def embed(self, audio: Audio) -> Embedding:
        """See VoiceEncoder."""
        return self.embed_many([audio])[0]

    def embed_many(self, audios: Sequence[Audio]) -> list[Embedding]:
        """See VoiceEncoder. A stretch longer than a window is cut into overlapping ones; the vector is the mean of theirs."""
        least = self._window if self.form.size else min(self._window, round(SHORTEST_S * self.front_end.rate_hz))
        cut = [windows(filled(prepared(audio, self.front_end.rate_hz), least), self._window) for audio in audios]
        return embedded(cut, lambda equal: self._run_all(np.stack([self._fed(window) for window in equal])))

    @property
    def _is_wave(self) -> bool:
        return self.form.layout in ("wave", "channel-wave")

    def _fed(self, wave: FloatArray) -> FloatArray:
        """One window as the graph wants it, without the batch."""
        if self.form.layout == "wave":
            return wave
        if self.form.layout == "channel-wave":
            return wave[None]
        bands = self.front_end.of(wave)
        return bands if self.form.layout == "frames-bands" else np.ascontiguousarray(bands.T)

    def _run_all(self, given: FloatArray) -> FloatArray:
        return devices.in_batches(lambda size: self._run_by(given, size), self._batch, self._to_cpu)

    def _run_by(self, given: FloatArray, size: int) -> FloatArray:
        size = self.form.batch or size
        return np.concatenate([self._run(given[start:start + size]) for start in range(0, len(given), size)])

    def _run(self, given: FloatArray) -> FloatArray:
        """given: at most one batch. Returns float32 (len(given), dim). Raises MemoryError, EncoderError."""
        return self._asked(self._full(given), [self._output])[0][:len(given)].astype(np.float32)

    def _asked(self, fed: FloatArray, outputs: list[str] | None) -> list[FloatArray]:
        try:
            return [np.asarray(one) for one in self._session.run(outputs, {self._input.name: fed})]
        except Exception as error:  # onnxruntime's errors share no root
            if is_out_of_memory(error):
                raise MemoryError(str(error)) from error
            raise EncoderError(f"“{self._file.name}” fails on what it is given: {short(error)}") from error

    def _to_cpu(self) -> None:
        self._session = session(self._file, "cpu", threads=1)

    # --- finding out ------------------------------------------------------------------------------------------------------

    def _tried(self, forms: list[Form]) -> tuple[Form, int]:
        """The first form that works on noise, and the size of its vectors. Raises EncoderError of the first that does not."""
        failed: EncoderError | None = None
        for form in forms:
            self.form, self.front_end = form, replace(self.front_end, bands=form.bands or self.front_end.bands)
            try:
                return form, self._checked_dim()
            except EncoderError as error:
                failed = failed or error
            except MemoryError as error:
                raise EncoderError(f"“{self._file.name}” needs more memory than there is.") from error
        assert failed is not None
        raise failed

    def _checked_dim(self) -> int:
        """What a graph says of its shapes need not be true: it is asked. Finds the output and the batch that work."""
        name = self._file.name
        noise = self._noise(4)
        alone = self._asked(self._full(noise[:1]), None)
        names = [one.name for one in self._session.get_outputs()]
        fitting = [(own, rows) for own, rows in zip(names, alone, strict=True)
                   if rows.ndim == 2 and len(rows) == (self.form.batch or 1) and np.issubdtype(rows.dtype, np.floating)]
        if not fitting:
            found = ", ".join(f"{own} {list(rows.shape)}" for own, rows in zip(names, alone, strict=True))
            raise EncoderError(f"“{name}” has to give one vector each, of the shape (batch, dim); it gives {found}.")
        self._output, first = next((one for one in fitting if "emb" in one[0].lower()), fitting[0])
        first = first[:1]
        if first.shape[1] > MOST_DIM:
            raise EncoderError(f"“{name}” gives vectors of {first.shape[1]} numbers; {MOST_DIM} can be kept at the most.")
        if not np.isfinite(first).all() or not float(np.linalg.norm(first)) > 1e-6:
            raise EncoderError(f"“{name}” gives no usable vector for a second of noise: it is zero, or holds NaN or infinity.")
        if not np.allclose(self._run(noise[:1]), first, rtol=1e-3, atol=1e-5):
            raise EncoderError(f"“{name}” gives other numbers each time for the same sound. Export it in evaluation mode.")
        if self.form.size is None:
            longer = self._run(self._noise(1, 1.7))
            if longer.shape != first.shape:
                raise EncoderError(f"“{name}” gives {first.shape[1]} numbers for a second and {longer.shape[1]} for a longer "
                                   "stretch; a vector has one size.")
        if self.form.batch is None and not self._takes_batches(noise, first):
            self._batch = 1
        return int(first.shape[1])

    def _takes_batches(self, noise: FloatArray, first: FloatArray) -> bool:
        """Whether a row is the same in a batch as alone; a graph that was traced with one row may have that built in."""
        try:
            together = self._run(noise)
        except EncoderError:
            return False
        return together.shape == (len(noise), first.shape[1]) and np.allclose(together[:1], first, rtol=1e-3, atol=1e-5)

    def _full(self, given: FloatArray) -> FloatArray:
        """Rows repeated to a graph's fixed batch."""
        return given if self.form.batch is None else np.resize(given, (self.form.batch, *given.shape[1:]))

    def _noise(self, rows: int, seconds: float = 1.0) -> FloatArray:
        """Stretches of noise in the form that is tried."""
        samples = round(seconds * self.front_end.rate_hz)
        if self.form.size:
            samples = self.form.size if self._is_wave else self.front_end.samples(self.form.size)
        waves = np.random.default_rng(0).normal(0, 0.1, (rows, samples)).astype(np.float32)
        return np.stack([self._fed(wave) for wave in waves])


def file_in(path: Path) -> Path:
    """The file itself, or the one ONNX file of a folder. Raises EncoderError."""
    if not path.is_dir():
        if path.suffix.lower() != SUFFIX:
            raise EncoderError(f"A voice encoder is an ONNX file; “{path.name}” does not end in {SUFFIX}.")
        return path
    found = sorted(one for one in path.iterdir() if one.suffix.lower() == SUFFIX)
    if len(found) != 1:
        there = ", ".join(one.name for one in found[:5]) or "none"
        raise EncoderError(f"“{path.name}” has to hold one ONNX file, or name the file itself. There: {there}.")
    return found[0]


def facts_of(graph: GraphFile) -> dict[str, Any]:
    """The defaults, what the metadata says, what the file beside the graph says; checked. Raises EncoderError."""
    name = graph.path.name
    said: dict[str, Any] = {key: graph.metadata[key] for key in DEFAULTS if key in graph.metadata}
    if graph.metadata.get("framework", "").lower() in FAMILIES:  # as sherpa-onnx writes it
        said["family"] = graph.metadata["framework"].lower()
    if "sample_rate" in graph.metadata:
        said["rate_hz"] = graph.metadata["sample_rate"]
    beside = graph.path.with_suffix(".earmark.json")
    if beside.is_file():
        try:
            read = json.loads(beside.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise EncoderError(f"“{beside.name}” cannot be read as JSON.") from error
        if not isinstance(read, dict):
            raise EncoderError(f"“{beside.name}” has to hold an object, such as {{\"family\": \"3d-speaker\"}}.")
        said |= {key: value for key, value in read.items() if key in DEFAULTS}
    family = said.get("family", DEFAULTS["family"])
    if not isinstance(family, str) or family not in FAMILIES:
        raise EncoderError(f"The family of “{name}” is “{family}”; it can be {', '.join(FAMILIES)}.")
    facts = {**DEFAULTS, **FAMILIES[family], **said}
    for key, allowed in (("window", WINDOWS), ("layout", ("", *LAYOUTS)), ("cmn", (True, False, "true", "false"))):
        if facts[key] not in allowed:
            words = ", ".join(str(one) for one in allowed if one != "")
            raise EncoderError(f"{key} of “{name}” is {facts[key]!r}; it can be {words}.")
    facts["cmn"] = facts["cmn"] in (True, "true")
    limits = {"rate_hz": (4_000, 96_000, int), "bands": (_BANDS[0], _BANDS[-1], int), "scale": (1e-6, 1e9, float),
              "window_s": (SHORTEST_S, 120.0, float)}
    for key, (low, high, kind) in limits.items():
        try:
            facts[key] = kind(facts[key])
            fits = math.isfinite(facts[key]) and low <= facts[key] <= high
        except (TypeError, ValueError, OverflowError):
            fits = False
        if not fits:
            raise EncoderError(f"{key} of “{name}” is {facts[key]!r}; it has to lie between {low:g} and {high:g}.")
    facts["bands_said"] = "bands" in said
    return facts


def _one_input(opened: Any, name: str) -> Any:
    inputs = opened.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape or ()) not in (2, 3):
        found = ", ".join(f"{one.name} {one.type} {list(one.shape or ())}" for one in inputs)
        raise EncoderError(f"“{name}” has to take one float input: bands of the shape (batch, frames, 80) or (batch, 80, "
                           f"frames), or a wave (batch, samples). It takes {found}.")
    return inputs[0]


def _forms(shape: Sequence[object], facts: dict[str, Any], name: str) -> list[Form]:
    """The forms that an input of this shape may have, the likeliest first. Raises EncoderError where none can be told."""
    sizes = [fixed(one) for one in shape]
    batch, last = sizes[0], sizes[-1]
    if len(sizes) == 2:
        return [Form("wave", 0, last, batch)]
    middle = sizes[1]
    if middle == 1 and not facts["layout"]:
        return [Form("channel-wave", 0, last, batch)]
    wanted = facts["bands"]

    forms = []
    for layout, bands, size, other in (("frames-bands", last, middle, facts["layout"] == "bands-frames"),
                                       ("bands-frames", middle, last, facts["layout"] == "frames-bands")):
        known = bands == wanted or (bands is None and size != wanted)  # a size that is that of the bands is no number of frames
        perhaps = size is None and bands in _BANDS and not facts["bands_said"]
        if not other and (known or perhaps):
            forms.append(Form(cast(Layout, layout), bands or wanted, size, batch))
    if last is None and middle is not None:  # a size that is fixed is rather that of the bands
        forms.reverse()
    if not forms:
        raise EncoderError(f"“{name}” takes {list(shape)}, of which neither size is {wanted} bands. Say bands and layout in "
                           f"“{Path(name).stem}.earmark.json” beside it.")
    return forms
