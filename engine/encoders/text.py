"""The default text encoder: all-MiniLM-L6-v2 (384-d) through sentence-transformers."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence

import numpy as np

from engine.encoders import device as devices
from engine.records import EncoderSpec, FloatArray
from engine.weights import Weights

DIM = 384


def spec(weights: Weights) -> EncoderSpec:
    """The spec of this encoder, without loading it."""
    info = weights.info("minilm")
    return EncoderSpec(info.title, info.version, weights.sha256("minilm"), "text", DIM)


class MiniLMEncoder:
    """Text → unit vectors. Texts beyond 256 word pieces are cut there, as the model was trained."""

    def __init__(self, weights: Weights, device: str = "auto") -> None:
        """Raises WeightsMissing, WeightsCorrupt, UsageError (device)."""
        folder = weights.folder_of("minilm")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as hub_logging

        hub_logging.disable_progress_bar()
        self.spec = spec(weights)
        self._model = SentenceTransformer(str(folder), device=str(devices.resolve(device)), local_files_only=True)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Returns float32 (len(texts), 384), rows of unit L2 norm."""
        if not texts:
            return np.zeros((0, DIM), np.float32)
        vectors = self._model.encode([cleaned(t) for t in texts], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)

    def reads(self, text: str) -> bool:
        """Whether it knows any sign of a text. Of one that it does not know, as of most Chinese ones, it sees only that it is
        there, so that all such texts are alike."""
        if any(c.isascii() and c.isalnum() for c in text):
            return True
        tokenizer = self._model.tokenizer
        return any(token != tokenizer.unk_token for token in tokenizer.tokenize(cleaned(text)))


def cleaned(text: str) -> str:
    """Control characters and halves of characters (lone surrogates) become spaces, white space is folded.

    A pictogram is read by its Unicode name (🐕 is “dog”), without what only changes how it is drawn.
    """
    return " ".join("".join(_read(c) for c in text).split())


def _read(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cs"):
        return " "
    if kind == "So" and character >= "\u2600":
        return f" {unicodedata.name(character, '').lower()} "
    drawing = character in "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}"
    return "" if drawing or "\U0001f3fb" <= character <= "\U0001f3ff" else character  # the last: tones of skin
