"""What the rest of the program asks of an encoder. A fake in a test is ten lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from engine.records import Audio, Embedding, EncoderSpec, FloatArray, Span, Tag

SPAN_S = 10.0
"""Length of a span of a long sound; a sound that is shorter has one span."""
HOP_S = 5.0


@dataclass(frozen=True)
class SoundAnalysis:
    """What an encoder hears in one sound.

    spans and vectors belong together: vectors is float32 (len(spans), dim) with rows of unit L2 norm. tags: the most
    probable sound classes over the whole sound, most probable first. duration_s: length of what was read.
    """

    spans: tuple[Span, ...]
    vectors: FloatArray
    tags: tuple[Tag, ...]
    duration_s: float


class VoiceEncoder(Protocol):
    """Turns speech into embeddings of who speaks."""

    @property
    def spec(self) -> EncoderSpec: ...

    def embed(self, audio: Audio) -> Embedding:
        """Embed one stretch of speech of any rate. Raises ShapeError for empty, silent or non-finite sound."""
        ...

    def embed_many(self, audios: Sequence[Audio]) -> list[Embedding]:
        """Embed several stretches in one batch; the same vectors as `embed` to 1e-5."""
        ...


class TextAudioEncoder(Protocol):
    """Puts texts and sounds into one space, where likeness is a dot product of unit vectors."""

    @property
    def spec(self) -> EncoderSpec: ...

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts. Returns float32 (len(texts), dim), rows of unit L2 norm."""
        ...

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        """Embed one sound given as consecutive mono float32 blocks at spec.rate_hz. Bounded memory."""
        ...

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        """Embed several sounds in shared batches. An error of one sound stands in its place in the list."""
        ...


@runtime_checkable
class TextReader(Protocol):
    """A text–audio encoder that can tell whether it knows any sign of a text. One that cannot is taken to know them all."""

    def reads(self, text: str) -> bool: ...


class TagListener(Protocol):
    """Names what is heard in a short stretch of sound, for the live page."""

    def heard(self, audio: Audio, count: int = 3) -> tuple[Tag, ...]: ...
