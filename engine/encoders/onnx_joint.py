"""A joint space from a pair of ONNX files, through onnxruntime.

A folder holds `audio.onnx`, `text.onnx` and `tokenizer.json` (of the `tokenizers` library).
  audio.onnx   float32 (batch, samples), a raw mono wave → float32 (batch, dim)
  text.onnx    input_ids, attention_mask (and token_type_ids, if it asks for them), int64 (batch, tokens) → (batch, dim)
What a graph cannot say is read from `earmark.json` beside them, or from the metadata of audio.onnx: rate_hz (48000),
window_s (10), filling (repeatpad, repeat, pad), logit_scale (1 / 0.07), max_tokens (what the graph takes, or 512).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.encoders.clap import TEXT_BATCH, TEXT_CHARACTERS, digest_of
from engine.encoders.onnx_graph import fixed, session, short
from engine.encoders.protocols import SoundAnalysis
from engine.encoders.text import cleaned
from engine.encoders.windows import FILLINGS, Cut, ZeroShotTags, analyse_many, unit_rows
from engine.errors import EncoderError
from engine.records import EncoderSpec, FloatArray

VERSION = "1"
AUDIO, TEXT, TOKENIZER, FACTS = "audio.onnx", "text.onnx", "tokenizer.json", "earmark.json"
BATCH = 8
DEFAULTS: dict[str, Any] = {"rate_hz": 48_000, "window_s": 10.0, "filling": "repeatpad", "logit_scale": 1 / 0.07,
                            "max_tokens": 512}
TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def is_pair(folder: Path) -> bool:
    """Whether a folder holds at least one half of a pair."""
    return (folder / AUDIO).is_file() or (folder / TEXT).is_file()


def files_of(folder: Path) -> list[Path]:
    """The files that make the vectors what they are; weights kept beside a graph are among them. Raises EncoderError."""
    missing = [name for name in (AUDIO, TEXT, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise EncoderError(f"“{folder.name}” lacks {' and '.join(missing)}. A pair needs {AUDIO}, {TEXT} and {TOKENIZER}.")
    beside = [path for path in folder.iterdir() if path.suffix in (".data", ".onnx_data", ".weight", ".bin")]
    return sorted({folder / AUDIO, folder / TEXT, folder / TOKENIZER, *beside,
                   *(path for path in [folder / FACTS] if path.is_file())})


class OnnxPairEncoder:
    """TextAudioEncoder over two graphs. Thread-safe."""

    def __init__(self, folder: Path, device: str = "auto", tag_names: Sequence[str] = (), kept_in: Path | None = None) -> None:
        """device: cpu keeps to the CPU; otherwise CUDA is used where onnxruntime has it. tag_names, kept_in: see ZeroShotTags.

        Raises EncoderError with what does not fit.
        """
        from tokenizers import Tokenizer

        files = files_of(folder)
        self._audio, self._text = session(folder / AUDIO, device), session(folder / TEXT, device)
        facts = _facts(folder, self._audio)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # the library raises plain Exception
            raise EncoderError(f"{TOKENIZER} of “{folder.name}” cannot be read: {str(error)[:200]}") from error
        self._audio_batch, samples = _audio_input(self._audio)
        window_s = facts["window_s"]
        if samples is not None:
            window_s = samples / facts["rate_hz"]
        self._cut = Cut(facts["rate_hz"], window_s, facts["filling"])
        self._text_types, self._text_batch, tokens = _text_inputs(self._text)
        self._tokenizer = _prepared(tokenizer, tokens, min(tokens or facts["max_tokens"], facts["max_tokens"]))
        self._outputs = (_output(self._audio, AUDIO), _output(self._text, TEXT))
        dim = self._common_dim()
        digest = digest_of(files, VERSION, self._cut, facts["max_tokens"])
        self.spec = EncoderSpec("ONNX pair", VERSION, digest, "joint", dim, self._cut.rate_hz)
        self._tags = ZeroShotTags(tag_names, self.embed_texts, facts["logit_scale"], kept_in, digest)

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """See TextAudioEncoder. Texts longer than the model takes are cut at their end."""
        if not texts:
            return np.zeros((0, self.spec.dim), np.float32)
        ready = [cleaned(text[:TEXT_CHARACTERS]) for text in texts]
        size = min(TEXT_BATCH, self._text_batch or TEXT_BATCH)
        return unit_rows(np.concatenate([self._texts(ready[start:start + size]) for start in range(0, len(ready), size)]))

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        """See TextAudioEncoder. Raises what reading the blocks raises, and ShapeError."""
        found = self.analyse_many([blocks])[0]
        if isinstance(found, Exception):
            raise found
        return found

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        """See TextAudioEncoder."""
        return analyse_many(sounds, self._cut, BATCH, lambda windows: unit_rows(self._sounds(windows)), self._tags.of)

    def _sounds(self, windows: FloatArray) -> FloatArray:
        name = self._audio.get_inputs()[0].name
        size = self._audio_batch or len(windows)
        return np.concatenate([
            _run(self._audio, self._outputs[0], {name: _padded(part, self._audio_batch)}, AUDIO)[:len(part)]
            for part in (windows[start:start + size] for start in range(0, len(windows), size))])

    def _texts(self, texts: list[str]) -> FloatArray:
        encodings = self._tokenizer.encode_batch(texts)
        columns = {"input_ids": [one.ids for one in encodings], "attention_mask": [one.attention_mask for one in encodings],
                   "token_type_ids": [one.type_ids for one in encodings]}
        given = {name: _padded(np.asarray(columns[name], kind), self._text_batch) for name, kind in self._text_types.items()}
        return _run(self._text, self._outputs[1], given, TEXT)[:len(texts)]

    def _common_dim(self) -> int:
        """Both halves are asked once: what a graph says of its shapes need not be true."""
        noise = np.random.default_rng(0).normal(0, 0.1, self._cut.span).astype(np.float32)
        sound, text = self._sounds(self._cut.filled(noise)[None]), self._texts(["a sound"])
        if sound.shape[1] != text.shape[1]:
            raise EncoderError(f"The two halves do not share a space: {AUDIO} gives {sound.shape[1]} numbers, {TEXT} "
                               f"{text.shape[1]}.")
        return int(sound.shape[1])


def _facts(folder: Path, audio: Any) -> dict[str, Any]:
    """The defaults, what the graph's metadata says, what earmark.json says; checked. Raises EncoderError."""
    said: dict[str, Any] = {k: v for k, v in audio.get_modelmeta().custom_metadata_map.items() if k in DEFAULTS}
    if (folder / FACTS).is_file():
        try:
            read = json.loads((folder / FACTS).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise EncoderError(f"{FACTS} of “{folder.name}” cannot be read as JSON.") from error
        if not isinstance(read, dict):
            raise EncoderError(f"{FACTS} of “{folder.name}” has to hold an object, such as {{\"rate_hz\": 48000}}.")
        said |= {k: v for k, v in read.items() if k in DEFAULTS}
    facts = {**DEFAULTS, **said}
    if not isinstance(facts["filling"], str) or facts["filling"] not in FILLINGS:
        raise EncoderError(f"The filling of “{folder.name}” is “{facts['filling']}”; it can be {', '.join(FILLINGS)}.")
    limits = {"rate_hz": (4_000, 192_000, int), "window_s": (0.1, 120.0, float), "logit_scale": (0.0, 1_000.0, float),
              "max_tokens": (1, 8_192, int)}
    for key, (low, high, kind) in limits.items():
        try:
            facts[key] = kind(facts[key])
            fits = math.isfinite(facts[key]) and low <= facts[key] <= high
        except (TypeError, ValueError, OverflowError):
            fits = False
        if not fits:
            raise EncoderError(f"{key} of “{folder.name}” is {facts[key]!r}; it has to lie between {low:g} and {high:g}.")
    return facts


def _audio_input(session: Any) -> tuple[int | None, int | None]:
    """Fixed batch and samples, None where they are free. Raises EncoderError."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
        found = ", ".join(f"{one.name} {one.type} {list(one.shape)}" for one in inputs)
        raise EncoderError(f"{AUDIO} has to take one float input of the shape (batch, samples), a raw wave; it takes {found}.")
    return fixed(inputs[0].shape[0]), fixed(inputs[0].shape[1])


def _text_inputs(session: Any) -> tuple[dict[str, type], int | None, int | None]:
    """Types by input, fixed batch and tokens. Raises EncoderError."""
    kinds: dict[str, type] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
    inputs = {one.name: one for one in session.get_inputs()}
    fits = set(TEXT_INPUTS[:2]) <= set(inputs) <= set(TEXT_INPUTS) and all(
        one.type in kinds and len(one.shape) == 2 for one in inputs.values())
    if not fits:
        found = ", ".join(f"{one.name} {one.type} {list(one.shape)}" for one in inputs.values())
        raise EncoderError(f"{TEXT} has to take input_ids and attention_mask, whole numbers of the shape (batch, tokens); it "
                           f"takes {found}.")
    shape = inputs["input_ids"].shape
    return {name: kinds[one.type] for name, one in inputs.items()}, fixed(shape[0]), fixed(shape[1])


def _output(session: Any, file: str) -> str:
    """The name of the output with one vector each. Raises EncoderError."""
    outputs = session.get_outputs()
    fitting = [one for one in outputs if len(one.shape or ()) == 2]
    if not fitting:
        found = ", ".join(f"{one.name} {list(one.shape or ())}" for one in outputs)
        raise EncoderError(f"{file} has to give one vector each, of the shape (batch, dim); it gives {found}.")
    named = [one for one in fitting if "embed" in one.name.lower()]
    return str((named or fitting)[0].name)


def _prepared(tokenizer: Any, fixed: int | None, longest: int) -> Any:
    padding = tokenizer.padding or {}
    names = [name for name in ("<pad>", "[PAD]") if tokenizer.token_to_id(name) is not None]
    name = padding.get("pad_token") or (names[0] if names else "[PAD]")
    number = padding.get("pad_id", tokenizer.token_to_id(name) or 0)
    tokenizer.enable_truncation(longest)
    tokenizer.enable_padding(pad_id=number, pad_token=name, length=fixed)
    return tokenizer


def _run(session: Any, output: str, given: dict[str, Any], file: str) -> FloatArray:
    try:
        found = np.asarray(session.run([output], given)[0])
    except Exception as error:  # onnxruntime's errors share no root
        raise EncoderError(f"{file} fails on what it is given: {short(error)}") from error
    rows = len(next(iter(given.values())))
    if found.ndim != 2 or len(found) != rows or not np.issubdtype(found.dtype, np.floating):
        raise EncoderError(f"{file} gives the shape {found.shape} for {rows} of its inputs; one vector each is needed.")
    return found.astype(np.float32)


def _padded(rows: Any, size: int | None) -> Any:
    """Rows repeated to a graph's fixed batch."""
    return rows if size is None or len(rows) == size else np.resize(rows, (size, *rows.shape[1:]))
