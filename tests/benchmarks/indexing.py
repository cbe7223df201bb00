"""Indexing a folder from flac and from ogg: a true workspace, true decoding, everything stored."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from measuring import SHARED, table, timed

from engine.app import Earmark
from engine.audio import files


def main() -> None:
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
