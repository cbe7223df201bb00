"""Indexing a folder from flac and from ogg: a true workspace, true decoding, everything stored. And reading alone.

    python tests/benchmarks/indexing.py [--reading]      --reading: only what reading costs beside libsndfile itself
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from measuring import SHARED, table, timed

from engine.app import Earmark
from engine.audio import files
from engine.records import FloatArray

TIMES = 5  # the fastest counts: other programs only make it slower
MINUTES = 10


def main() -> None:
    if "--reading" not in sys.argv:
        indexing()
    reading()


def reading() -> None:
    """Ten minutes in one file: libsndfile alone, the length, the sound, and both as a scan asks for them."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("flac", "mp3", "ogg"):
            path = Path(scratch) / f"long.{kind}"
            _noise(path)
            alone, told, read, both = _fastest(path, [
                lambda path: sum(len(block) for block in _blocks(path)), lambda path: files.info(path),
                lambda path: sum(len(block) for block in files.stream(path)),
                lambda path: (files.info(path), sum(len(block) for block in files.stream(path)))])
            rows.append([kind, f"{alone:.0f}", f"{told:.1f}", f"{read:.0f}", f"{both:.0f}", f"{100 * (both / alone - 1):+.0f} %"])
    print(table(["10 min, mono, 44.1 kHz", "libsndfile alone, processor ms", "info", "stream", "info and stream",
                 "more than libsndfile"], rows))


def _noise(path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 44_100 * 60)
    sound = np.convolve(sound, np.ones(6) / 6, "same") * (0.55 + 0.45 * np.sin(np.arange(len(sound)) / 4_000))
    with soundfile.SoundFile(path, "w", 44_100, 1) as out:
        for _ in range(MINUTES):
            for start in range(0, len(sound), 44_100):
                out.write(sound[start:start + 44_100])


def _fastest(path: Path, works: Sequence[Callable[[Path], object]]) -> list[float]:
    """Milliseconds of the processor for each, in turn. Each time the file has another time of change: nothing is known of it."""
    taken: list[list[float]] = [[] for _ in works]
    for number in range(TIMES * len(works)):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        began = time.process_time()
        works[number % len(works)](path)
        taken[number % len(works)].append(1000 * (time.process_time() - began))
    return [min(some) for some in taken]


def _blocks(path: Path) -> Iterator[FloatArray]:
    with soundfile.SoundFile(path) as file:
        while len(block := file.read(1 << 16, dtype="float32", always_2d=True)):
            yield block


def indexing() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        sets = {
            "ogg, 400 × 5 s, 44.1 kHz (esc10)": SHARED / "sounds" / "esc10",
            "flac, 100 utterances, 16 kHz (librispeech-10x10)": SHARED / "speech" / "librispeech-10x10",
            "flac, 20 × 60 s, 44.1 kHz (esc10 put together)": _long(Path(scratch) / "long"),
            "ogg, one of 30 minutes, 44.1 kHz (the same)": _hour(Path(scratch) / "hour", Path(scratch) / "long"),
        }
        for name, folder in sets.items():
            with Earmark(Path(scratch) / f"ws-{len(rows)}") as app:
                app.models.joint().embed_texts(["warm"])
                app.library.add(folder)
                report = app.library.scan()
                again = timed(app.library.scan)
            rows.append([name, str(report.added), f"{report.audio_s:.0f}", f"{report.wall_s:.1f}",
                         f"{report.audio_s / report.wall_s:.0f}", f"{again * 1000:.0f}"])
        print(table(["what", "files", "seconds of sound", "wall s", "× real time", "second scan, ms"], rows))
        print(f"\nPeak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB.")


def _long(folder: Path) -> Path:
    folder.mkdir()
    sounds = [files.read(p, 44_100).samples for p in sorted((SHARED / "sounds" / "esc10").glob("*/*.ogg"))[:240]]
    for n in range(20):
        soundfile.write(folder / f"{n:02d}.flac", np.concatenate(sounds[n * 12:(n + 1) * 12]), 44_100)
    return folder


def _hour(folder: Path, parts: Path) -> Path:
    folder.mkdir()
    with soundfile.SoundFile(folder / "long.ogg", "w", 44_100, 1, format="OGG", subtype="VORBIS") as out:
        for _ in range(2):
            for part in sorted(parts.glob("*.flac"))[:15]:
                samples = files.read(part).samples
                for start in range(0, len(samples), 44_100):
                    out.write(samples[start:start + 44_100])
    return folder


if __name__ == "__main__":
    main()
