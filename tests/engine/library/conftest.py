"""A small library on disk: real sound files, a fake encoder that hears how high a sound is."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files as audio_files
from engine.encoders.protocols import SoundAnalysis
from engine.errors import DecodeError, ShapeError
from engine.index import unit
from engine.library import Library
from engine.records import EncoderSpec, FileInfo, FloatArray, Span, Tag
from engine.store import Store

RATE_HZ = 8000


class PitchEncoder:
    """Unit vectors (low, high, bright): share of zero crossings. One span a second. Silence has no direction."""

    def __init__(self, version: str = "1", wait_s: float = 0.0) -> None:
        self.spec = EncoderSpec("pitch", version, "ab" * 32, "joint", 2, RATE_HZ)
        self.wait_s = wait_s
        self.analysed = 0
        self.tag = "tone"

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        return np.array([[1, 0] if text == "low" else [0, 1] for text in texts], np.float32)

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        samples = np.concatenate(list(blocks))
        self.analysed += 1
        time.sleep(self.wait_s)
        if not samples.any():
            raise ShapeError("The sound is silent.")
        stretches = np.array_split(samples, max(1, len(samples) // RATE_HZ))
        crossings = [np.mean(np.abs(np.diff(np.signbit(part).astype(np.float32)))) * 2 for part in stretches]
        vectors = unit(np.array([[1 - min(one, 0.999), one] for one in crossings], np.float32))
        seconds = [len(part) / RATE_HZ for part in stretches]
        ends = np.cumsum(seconds)
        spans = tuple(Span(float(end - long), float(end)) for end, long in zip(ends, seconds, strict=True))
        return SoundAnalysis(spans, vectors, (Tag(self.tag, 0.9),), len(samples) / RATE_HZ)


class BatchEncoder(PitchEncoder):
    """The same, taking several sounds at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        self.batches.append(len(sounds))
        results: list[SoundAnalysis | Exception] = []
        for blocks in sounds:
            try:
                results.append(self.analyse(blocks))
            except (ShapeError, DecodeError) as error:
                results.append(error)
        return results


class WatchedFiles:
    """The real decoder, which notes what it decodes. `refuse`: names it cannot read."""

    SUFFIXES = audio_files.SUFFIXES

    def __init__(self) -> None:
        self.decoded: list[str] = []
        self.refuse: set[str] = set()

    def info(self, path: Path | str) -> FileInfo:
        if Path(path).name in self.refuse:
            raise DecodeError(path, "permission denied.")
        return audio_files.info(path)

    def stream(self, path: Path | str, rate_hz: int | None = None, block_s: float = 30) -> Iterator[FloatArray]:
        self.decoded.append(Path(path).name)
        return audio_files.stream(path, rate_hz, block_s)


class World:
    """A workspace, a folder of sounds, and what was done to them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "sounds"
        self.folder.mkdir()
        self.encoder = PitchEncoder()
        self.files = WatchedFiles()
        self.open()

    def open(self) -> None:
        self.store = Store(self.root / "workspace")
        self.library = Library(self.store, lambda: self.encoder, lambda: self.encoder.spec, self.files)

    def reopen(self) -> None:
        self.store.close()
        self.open()

    def tone(self, name: str, hz: float = 200.0, seconds: float = 0.5, level: float = 0.5) -> Path:
        """A sine in a wav file below the folder of sounds."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        wave = level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ + 0.1)
        with path.open("wb") as file:
            soundfile.write(file, wave.astype(np.float32), RATE_HZ, format="WAV", subtype="PCM_16")
        return path

    def scan(self, **expected: int) -> None:
        """Scan and hold the report against what is expected; what is not named is 0."""
        report = self.library.scan()
        names = ("added", "updated", "moved", "unchanged", "removed")
        got = {name: getattr(report, name) for name in names} | {"failed": len(report.failed)}
        assert got == {name: expected.get(name, 0) for name in (*names, "failed")}, report.failed
        self.report = report

    def names(self) -> list[str]:
        return [str(sound.path.relative_to(self.folder)) for sound in self.library.sounds()]

    def top(self, text: str = "", **options: object) -> list[str]:
        return [match.sound.path.name for match in self.library.search(text, **options).matches]  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.library.add(made.folder)
    yield made
    made.store.close()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def batch_encoder() -> BatchEncoder:
    return BatchEncoder()


@pytest.fixture
def other_encoder() -> PitchEncoder:
    return PitchEncoder(version="2")
