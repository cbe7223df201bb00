"""CLAP by choice: any `transformers` ClapModel (HTS-AT + RoBERTa) from a local folder.

Sounds are cut into windows of at most 10 s here (`windows.py`), so that the library's own truncation, which crops at random,
is never reached; fused checkpoints see the same windows, all marked as not longer than one. The front end is the one
of ClapFeatureExtractor (Hann, power mel, dB), in torch, a batch at a time; tests hold it against the library's.

Elizalde et al. 2023, arXiv 2206.04769; Wu et al. 2023, arXiv 2211.06687.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.encoders import device as devices
from engine.encoders.protocols import SoundAnalysis
from engine.encoders.text import cleaned
from engine.encoders.windows import FILLINGS, Cut, ZeroShotTags, analyse_many, unit_rows
from engine.errors import EncoderError
from engine.records import EncoderSpec, FloatArray
from engine.weights import sha256_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

VERSION = "1"
"""Of what this file does around the net; a change of vectors needs a new one."""
CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
BATCH = 8  # windows of 10 s on the CPU
BATCH_GPU = 32
TEXT_BATCH = 32
TEXT_CHARACTERS = 20_000
"""Texts are cut here before they are split into word pieces, of which a model takes a few hundred."""
_FLOOR = 1e-10  # of power_to_db in transformers.audio_utils


def is_clap(folder: Path) -> bool:
    """Whether a folder holds a ClapModel."""
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "clap"


def files_of(folder: Path) -> list[Path]:
    """The files that make the vectors what they are: weights of one kind, configuration, tokenizer. Raises EncoderError."""
    chosen = next((name for name in WEIGHTS if (folder / name).is_file()), None)
    if chosen is None:
        raise EncoderError(f"“{folder.name}” holds no weights: model.safetensors or pytorch_model.bin is needed.")
    names = {chosen, CONFIG, "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
             "merges.txt", "special_tokens_map.json"}
    if chosen.endswith(".index.json"):
        try:
            names |= {Path(name).name for name in json.loads((folder / chosen).read_text("utf-8"))["weight_map"].values()}
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise EncoderError(f"“{chosen}” of “{folder.name}” cannot be read.") from error
    return sorted(folder / name for name in names if (folder / name).is_file())


def digest_of(paths: Sequence[Path], *constants: object) -> str:
    """sha256 over names and contents of files and over constants, hex. Raises EncoderError."""
    try:
        parts = [(path.name, sha256_of(path)) for path in paths]
    except OSError as error:
        raise EncoderError(f"“{Path(error.filename or '').name}” of the model cannot be read: {error.strerror}.") from error
    return hashlib.sha256(repr((*parts, *constants)).encode()).hexdigest()


class ClapEncoder:
    """TextAudioEncoder over a ClapModel. Thread-safe; float16 on CUDA, float32 elsewhere."""

    def __init__(self, folder: Path, device: str = "auto", tag_names: Sequence[str] = (), kept_in: Path | None = None,
                 batch: int | None = None) -> None:
        """folder: as `save_pretrained` or the hub makes it. Nothing is fetched and no code of the folder is run.

        tag_names, kept_in: see ZeroShotTags.

        Raises EncoderError (files missing, of another kind, or not fitting each other), UsageError (device).
        """
        if not is_clap(folder):
            raise EncoderError(f"“{folder.name}” holds no CLAP model: its config.json does not say model_type “clap”.")
        self.device = devices.resolve(device)
        self._net, self._tokenizer, front = _loaded(folder, files_of(folder))
        self._front = _FrontEnd(front)
        self._fused = bool(self._net.config.audio_config.enable_fusion)
        self._cut = Cut(int(front.sampling_rate), float(front.max_length_s), front.padding)
        text = self._net.config.text_config
        positions = int(text.max_position_embeddings) - int(text.pad_token_id or 0) - 1  # RoBERTa counts from pad + 1 on
        self._max_tokens = min(positions, int(self._tokenizer.model_max_length))
        self.batch = batch or (BATCH if self.device.type == "cpu" else BATCH_GPU)
        scale = min(float(self._net.logit_scale_a.detach().exp()), 100.0)
        digest = digest_of(files_of(folder), VERSION, self._cut)
        self.spec = EncoderSpec("CLAP", VERSION, digest, "joint", int(self._net.config.projection_dim), self._cut.rate_hz)
        self._tags = ZeroShotTags(tag_names, self.embed_texts, scale, kept_in, digest)
        self._move(self.device)
        self._guard = threading.Lock()  # tokenizers keep padding and truncation as state

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """See TextAudioEncoder. Texts longer than the model takes are cut at their end."""
        import torch

        if not texts:
            return np.zeros((0, self.spec.dim), np.float32)
        ready = [cleaned(text[:TEXT_CHARACTERS]) for text in texts]

        def run(size: int) -> FloatArray:
            parts = [self._texts(ready[start:start + size]) for start in range(0, len(ready), size)]
            return np.concatenate(parts)

        with torch.inference_mode():
            return unit_rows(devices.in_batches(run, TEXT_BATCH, self._to_cpu))

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        """See TextAudioEncoder. Raises what reading the blocks raises, and ShapeError."""
        found = self.analyse_many([blocks])[0]
        if isinstance(found, Exception):
            raise found
        return found

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        """See TextAudioEncoder."""
        return analyse_many(sounds, self._cut, self.batch, self.embed_windows, self._tags.of)

    def embed_windows(self, windows: FloatArray) -> FloatArray:
        """windows: float32 (n, window) at spec.rate_hz. Returns float32 (n, dim), rows of unit L2 norm."""
        import torch

        def run(size: int) -> FloatArray:
            return np.concatenate([self._sounds(part) for part in torch.split(torch.from_numpy(windows), size)])

        with torch.inference_mode():
            return unit_rows(devices.in_batches(run, self.batch, self._to_cpu))

    def _sounds(self, windows: Tensor) -> FloatArray:
        import torch

        features = self._front.log_mel(windows)[:, None]  # (n, 1, frames, bands)
        longer = torch.zeros((len(features), 1), dtype=torch.bool)
        if self._fused:
            features = features.expand(-1, 4, -1, -1)
        given = features.to(self.device, self._net.dtype)
        return _rows(self._net.get_audio_features(input_features=given, is_longer=longer.to(self.device)))

    def _texts(self, texts: list[str]) -> FloatArray:
        with self._guard:
            tokens = self._tokenizer(texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt")
        return _rows(self._net.get_text_features(input_ids=tokens["input_ids"].to(self.device),
                                                 attention_mask=tokens["attention_mask"].to(self.device)))

    def _to_cpu(self) -> None:
        import torch

        self._move(torch.device("cpu"))

    def _move(self, device: torch.device) -> None:
        import torch

        self.device = device
        self._net = self._net.to(device, torch.float16 if device.type == "cuda" else torch.float32).eval()


class _FrontEnd:
    """ClapFeatureExtractor's spectrogram: the same constants, whole batches; float64 like it, because dB of almost nothing
    would differ otherwise."""

    def __init__(self, extractor: Any) -> None:
        import torch

        bank = extractor.mel_filters if extractor.truncation == "fusion" else extractor.mel_filters_slaney
        self._bank = torch.from_numpy(np.asarray(bank, np.float64))  # (bins, bands)
        self._n_fft, self._hop = int(extractor.fft_window_size), int(extractor.hop_length)
        self._window = torch.hann_window(self._n_fft, periodic=True, dtype=torch.float64)

    def log_mel(self, waves: Tensor) -> Tensor:
        """waves: float32 (n, samples). Returns float32 (n, frames, bands): 10·log10 of mel power, at least −100 dB."""
        import torch

        spectrum = torch.stft(waves.double(), self._n_fft, self._hop, window=self._window, center=True, pad_mode="reflect",
                              return_complex=True)  # (n, bins, frames)
        power = (spectrum.real.square() + spectrum.imag.square()).transpose(1, 2) @ self._bank
        return (10.0 * torch.log10(power.clamp(min=_FLOOR))).float()


def _loaded(folder: Path, files: Sequence[Path]) -> tuple[Any, Any, Any]:
    """Model, tokenizer, feature extractor. Raises EncoderError."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel
    from transformers.utils import logging as hub_logging

    hub_logging.disable_progress_bar()
    safe = any(path.suffix == ".safetensors" for path in files)
    try:
        net, told = ClapModel.from_pretrained(folder, local_files_only=True, use_safetensors=safe, weights_only=True,
                                              output_loading_info=True)
        front = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library's readers raise anything for files that are not theirs
        said = " ".join(str(error).split())[:200]
        raise EncoderError(f"“{folder.name}” cannot be loaded as a CLAP model: {said}") from error
    missing = sorted(told["missing_keys"]) + sorted(str(one) for one in told.get("mismatched_keys", ()))
    if missing:
        raise EncoderError(f"The weights of “{folder.name}” are not whole: {len(missing)} of the net's parameters are missing "
                           f"or of another shape, “{missing[0]}” among them.")
    if front.padding not in FILLINGS or not front.max_length_s > 0 or not math.isfinite(front.max_length_s):
        raise EncoderError(f"The front end of “{folder.name}” asks for what Earmark does not know: padding "
                           f"“{front.padding}”, {front.max_length_s} s.")
    return net, tokenizer, front


def _rows(output: Any) -> FloatArray:
    """What the library gives for features: a tensor before its version 5, a record with it in `pooler_output` since."""
    rows = output if hasattr(output, "float") else output.pooler_output
    return np.asarray(rows.float().cpu().numpy(), np.float32)
