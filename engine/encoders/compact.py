"""`compact`: the text–audio space that Earmark ships. Trained heads over YAMNet (sounds) and MiniLM (texts), 512-d.

The heads lie in resources/heads (compact.safetensors; compact.json says how they were made; compact.md is their model card).
They are made by `python main.py train joint`. A file shorter than a patch is repeated (see sound.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.encoders import pooling, sound, text
from engine.encoders.protocols import HOP_S, SPAN_S, SoundAnalysis
from engine.errors import EncoderError
from engine.files import write_whole
from engine.records import Audio, EncoderSpec, FloatArray, Tag
from engine.weights import Weights

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from engine.nets.joint_heads import JointHeads

DIM = 512
TAGS = 5
NAME = "compact"
FEATURES = (pooling.PROBABILITIES, pooling.EMBEDDINGS)


def shipped() -> Traversable:
    """The folder of the heads that come with the program."""
    return resources.files("resources").joinpath("heads")


def described(folder: Traversable | Path | None = None) -> dict[str, Any]:
    """What compact.json says of the heads: version, sha256, temperature, seed … Raises EncoderError."""
    try:
        found: dict[str, Any] = json.loads((folder or shipped()).joinpath(f"{NAME}.json").read_text("utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise EncoderError("The heads of the compact encoder are not where they belong. Install Earmark again.") from error


def spec(weights: Weights, folder: Traversable | Path | None = None) -> EncoderSpec:
    """The spec of this encoder, without loading it. Its hash covers both encoders, the heads and the spans."""
    about = described(folder)
    parts = (weights.sha256("yamnet"), weights.sha256("minilm"), about["sha256"], SPAN_S, HOP_S, sound.PATCH_HOP)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return EncoderSpec(NAME, str(about["version"]), digest, "joint", DIM, sound.RATE_HZ)


class CompactEncoder:
    """TextAudioEncoder over YAMNet and MiniLM with trained heads. Thread-safe."""

    def __init__(self, weights: Weights, sounds: sound.YAMNetEncoder, texts: text.MiniLMEncoder,
                 folder: Traversable | Path | None = None) -> None:
        """folder: of the heads (default: those of the program). Raises EncoderError for heads that are not what they were."""
        self.spec = spec(weights, folder)
        self._sounds, self._texts = sounds, texts
        self._heads = load(folder)

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """See TextAudioEncoder."""
        import torch

        with torch.inference_mode():
            found: FloatArray = self._heads.text(torch.from_numpy(self._texts.embed(texts))).numpy()
            return found

    def reads(self, text: str) -> bool:
        """See TextReader."""
        return self._texts.reads(text)

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        """See TextAudioEncoder. Raises what reading the blocks raises, and ShapeError."""
        found = self.analyse_many([blocks])[0]
        if isinstance(found, Exception):
            raise found
        return found

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        """See TextAudioEncoder."""
        return [found if isinstance(found, Exception) else self._analysis(found)
                for found in pooling.pooled(self._sounds, sounds, FEATURES)]

    def heard(self, audio: Audio, count: int = 3) -> tuple[Tag, ...]:
        """See TagListener."""
        return self._sounds.heard(audio, count)

    def _analysis(self, found: pooling.Pooled) -> SoundAnalysis:
        import torch

        probabilities = found.mean[pooling.PROBABILITIES]  # (spans, 521)
        with torch.inference_mode():
            vectors = self._heads.audio(*(torch.from_numpy(rows) for rows in (
                probabilities, found.mean[pooling.EMBEDDINGS], found.max[pooling.EMBEDDINGS])))
        return SoundAnalysis(found.spans, vectors.numpy(), self._sounds.tags(probabilities.max(axis=0), TAGS), found.duration_s)


def load(folder: Traversable | Path | None = None) -> JointHeads:
    """The heads, checked against their hash. Raises EncoderError."""
    from safetensors.torch import load as tensors_of

    from engine.nets.joint_heads import JointHeads

    about = described(folder)
    try:
        data = (folder or shipped()).joinpath(f"{NAME}.safetensors").read_bytes()
    except OSError as error:
        raise EncoderError("The heads of the compact encoder are missing. Install Earmark again.") from error
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise EncoderError("The heads of the compact encoder are damaged: their checksum is wrong. Install Earmark again.")
    heads = JointHeads(float(about["temperature"]))
    heads.load_state_dict({name: tensor.float() for name, tensor in tensors_of(data).items()}, strict=True)
    return heads.eval()


def save(heads: JointHeads, folder: Path, about: dict[str, Any]) -> str:
    """Write heads as `load` reads them, half precision on the disk. Returns the sha256 of the weights."""
    import torch
    from safetensors.torch import save as bytes_of

    tensors = {name: tensor.detach().to(torch.float16 if tensor.ndim == 2 else torch.float32).contiguous()
               for name, tensor in heads.state_dict().items()}
    data: bytes = bytes_of(tensors)
    digest = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{NAME}.safetensors", data)
    document = {**about, "sha256": digest, "temperature": heads.text.temperature}
    write_whole(folder / f"{NAME}.json", (json.dumps(document, indent=2) + "\n").encode())
    return digest
