"""What the pages and commands ask about a sound: what do these labels say, which captions are near, what is heard."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.audio import files
from engine.describing.captions import CaptionBank, CaptionMatch, default_captions, load_captions
from engine.describing.lists import TagList, tag_list
from engine.describing.zero_shot import TEMPLATE, LabelMatcher, Ranking, check_readable, checked_template
from engine.encoders.protocols import SoundAnalysis, TextAudioEncoder
from engine.errors import EncoderError
from engine.records import FloatArray, Span, Tag
from engine.weights import Weights

BANKS = 3
"""Banks of captions that stay in memory, the last ones that were made."""


@dataclass(frozen=True)
class Classification:
    """What the labels say about one file. spans: those of the file; `Ranked.span` counts in them."""

    path: Path
    ranking: Ranking
    spans: tuple[Span, ...]
    duration_s: float


@dataclass(frozen=True)
class Description:
    """The nearest captions of one file and what is heard in it. spans: those of the file; `CaptionMatch.span` counts in them."""

    path: Path
    captions: tuple[CaptionMatch, ...]
    tags: tuple[Tag, ...]
    spans: tuple[Span, ...]
    duration_s: float


class Describing:
    """Classifies and describes files, or vectors that are stored already. Thread-safe; models load when first needed."""

    def __init__(self, encoder: Callable[[], TextAudioEncoder], weights: Weights, cache: Path | None = None) -> None:
        """encoder: gives the text–audio encoder in use. cache: a folder for vectors of captions."""
        self._encoder, self._weights, self.cache = encoder, weights, cache
        self._guard = threading.Lock()
        self._banks: dict[tuple[str, tuple[str, ...]], CaptionBank] = {}
        self._matcher: tuple[tuple[str, TagList, str], LabelMatcher] | None = None

    def labels(self, name: str | Path) -> TagList:
        """See `lists.tag_list`: “audioset”, “ucs” or a file."""
        return tag_list(name, self._weights)

    def classify(self, path: Path, labels: TagList, template: str = TEMPLATE, k: int = 3) -> Classification:
        """The k nearest labels of a file. Raises DecodeError, EncoderError, UsageError."""
        matcher = self.matcher(labels, template)  # first: its errors are about the request, not the file
        heard = self.listen(path)
        return Classification(path, matcher.rank(heard.vectors, k), heard.spans, heard.duration_s)

    def describe(self, path: Path, k: int = 5, captions: Path | None = None) -> Description:
        """The k nearest captions of a file, of the bank in `captions` or of ours. Raises like `classify`."""
        bank = self.bank(captions)
        heard = self.listen(path)
        return Description(path, bank.nearest(heard.vectors, k), heard.tags, heard.spans, heard.duration_s)

    def rank(self, vectors: FloatArray, labels: TagList, template: str = TEMPLATE, k: int = 3) -> Ranking:
        """`classify` for a sound whose span vectors (spans, dim) are at hand."""
        return self.matcher(labels, template).rank(vectors, k)

    def captions(self, vectors: FloatArray, k: int = 5, captions: Path | None = None) -> tuple[CaptionMatch, ...]:
        """`describe` for a sound whose span vectors (spans, dim) are at hand."""
        return self.bank(captions).nearest(vectors, k)

    def listen(self, path: Path) -> SoundAnalysis:
        """One file through the encoder in use. Raises DecodeError, EncoderError."""
        encoder = self._encoder()
        if encoder.spec.rate_hz is None:
            raise EncoderError(f"{encoder.spec.name} takes no sound.")
        return encoder.analyse(files.stream(path, encoder.spec.rate_hz))

    def matcher(self, labels: TagList, template: str = TEMPLATE) -> LabelMatcher:
        """Labels in the space of the encoder in use; the last ones are kept. Raises UsageError."""
        template = checked_template(template)
        encoder = self._encoder()
        check_readable(encoder, labels.labels, labels.texts)
        asked = (encoder.spec.key, labels, template)
        background = self.bank().vectors
        with self._guard:
            if self._matcher is None or self._matcher[0] != asked:
                self._matcher = asked, LabelMatcher(encoder, labels.labels, labels.texts, template, background)
            return self._matcher[1]

    def bank(self, path: Path | None = None) -> CaptionBank:
        """A bank of captions in the space of the encoder in use (default: ours). Raises UsageError."""
        captions = load_captions(path) if path else default_captions()
        encoder = self._encoder()
        asked = (encoder.spec.key, captions)
        with self._guard:
            if asked not in self._banks:
                same = [(key, bank) for key, bank in self._banks.items() if key[0] == asked[0]]
                self._banks = dict(same[-(BANKS - 1):])
                self._banks[asked] = CaptionBank(encoder, captions, self.cache)
            return self._banks[asked]

    def forget(self) -> None:
        """Drop what is kept of captions and labels, in memory and on disk."""
        with self._guard:
            self._banks.clear()
            self._matcher = None
            if self.cache:
                shutil.rmtree(self.cache, ignore_errors=True)
