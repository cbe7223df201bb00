"""Finding sounds by words, by an example, or by both."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import LibraryError, UsageError
from engine.index import nearest_groups, unit, unit_mean
from engine.library.files import AudioFiles
from engine.library.reading import BLOCK_S
from engine.records import EncoderSpec, FloatArray, Match, SearchResult
from engine.store import Snapshot
from engine.store.sounds import SoundStore


class Search:
    """One question to the library. `text` and `like` together look for what is near to both."""

    def __init__(self, sounds: SoundStore, files: AudioFiles, text: str, like: Path | int | None) -> None:
        """Raises UsageError when nothing is asked."""
        if not text.strip() and like is None:
            raise UsageError("Say what to look for: a description, or a sound to find others like it.")
        self._sounds = sounds
        self._files = files
        self._text = text.strip()
        self._like = like

    def result(self, spec: EncoderSpec, encoder: TextAudioEncoder | None, k: int, folder_id: int | None,
               offset: int, under: Path | None = None) -> SearchResult:
        """The k nearest sounds after the first `offset`. A sound that is its own example is kept out.

        encoder: may be None where the library is empty. Raises LibraryError, DecodeError, EncoderError.
        """
        began = time.perf_counter()
        snapshot = self._sounds.snapshot(spec)
        if not len(snapshot) or encoder is None:
            return SearchResult(self._said(), (), 0, 1000 * (time.perf_counter() - began))
        mask = np.ones(len(snapshot), bool) if folder_id is None else snapshot.folder_ids == folder_id
        if under is not None:
            mask &= np.isin(snapshot.sound_ids, self._sounds.ids(under), assume_unique=True)
        if isinstance(self._like, int):
            mask &= snapshot.sound_ids != self._like
        hits = nearest_groups(snapshot.matrix, self._query(snapshot, encoder), k, rows=snapshot.rows,
                              starts=snapshot.starts, ids=snapshot.sound_ids, mask=mask, offset=offset)
        ids = [int(one) for one in snapshot.sound_ids[hits.index]]
        sounds = self._sounds.many(ids)
        matches = tuple(Match(sounds[one], float(similarity), snapshot.span(row))
                        for one, row, similarity in zip(ids, hits.row, hits.similarity, strict=True) if one in sounds)
        return SearchResult(self._said(), matches, hits.compared, 1000 * (time.perf_counter() - began))

    def _query(self, snapshot: Snapshot, encoder: TextAudioEncoder) -> FloatArray:
        """Unit float32 (dim,)."""
        parts = []
        if self._text:
            parts.append(encoder.embed_texts([self._text])[0])
        if isinstance(self._like, int):
            vectors = snapshot.vectors(self._like)
            if not len(vectors):
                self._sounds.sound(self._like)
                raise LibraryError("This sound is not indexed yet. Look through the folders again.")
            parts.append(unit_mean(vectors))
        elif self._like is not None:
            rate_hz = encoder.spec.rate_hz
            parts.append(unit_mean(encoder.analyse(
                self._files.stream(self._like, rate_hz=rate_hz, block_s=BLOCK_S)).vectors))
        return unit(np.sum(parts, axis=0))

    def _said(self) -> str:
        if self._text or self._like is None:
            return self._text
        return self._like.name if isinstance(self._like, Path) else self._sounds.sound(self._like).path.name
