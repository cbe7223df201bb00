"""What one step of live listening costs: speech detection, embedding, identification, tags, placing the ×."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from measuring import SHARED, median, percentile, table

from engine.app import Earmark
from engine.audio import files
from engine.audio.microphone import FileSource
from engine.records import Audio


def main() -> None:
    speakers = sorted(p for p in (SHARED / "speech" / "librispeech-10x10").iterdir() if p.is_dir())
    with tempfile.TemporaryDirectory() as scratch, Earmark(Path(scratch)) as app:
        for folder in speakers[:5]:
            app.voices.enroll_files(folder.name, sorted(folder.glob("*.flac"))[:3])
        shown = app.maps.project("voices", "pca")
        queries = [p for folder in speakers for p in sorted(folder.glob("*.flac"))[3:5]]
        embed: list[float] = []
        heard: list[float] = []
        place: list[float] = []
        tagger = app.models.sound()
        for path in queries:
            listener = app.voices.listener(FileSource(path, pace=0))
            listener.start()
            listener.wait(60)
            listener.stop()
            for update in listener.updates(0)[1]:
                if update.embedding is not None:
                    embed.append(update.compute_ms)
                    began = time.perf_counter()
                    shown.place(update.embedding.vector)
                    place.append((time.perf_counter() - began) * 1000)
            audio = files.read(path, 16_000)
            for start in range(0, len(audio.samples) - 32_000, 8_000):
                began = time.perf_counter()
                tagger.heard(Audio(audio.samples[start:start + 32_000], 16_000))
                heard.append((time.perf_counter() - began) * 1000)
        chunk = _speech(app, files.read(queries[0], 16_000))
    both = [e + h for e, h in zip(sorted(embed), sorted(heard)[: len(embed)], strict=False)]
    print(table(["part of a step", "median ms", "p95 ms", "steps"], [
        [name, f"{median(v):.2f}", f"{percentile(v, 0.95):.2f}", str(len(v))] for name, v in (
            ("speech detection, 0.25 s of sound", chunk), ("embed and identify (2.4 s window)", embed),
            ("tags of the last 2 s (every second step)", heard), ("place the ×", place))]))
    worst = percentile(chunk, 0.95) + percentile(embed, 0.95) + percentile(heard, 0.95) + percentile(place, 0.95)
    print(f"\nAll parts at their p95 together: {worst:.1f} ms of the 250 ms between two steps "
          f"(median of embedding and tags together {median(both):.1f} ms).")


def _speech(app: Earmark, audio: Audio) -> list[float]:
    stream = app.models.speech().stream()
    times = []
    for start in range(0, len(audio.samples) - 4_000, 4_000):
        began = time.perf_counter()
        stream.push(audio.samples[start:start + 4_000])
        times.append((time.perf_counter() - began) * 1000)
    return times


if __name__ == "__main__":
    main()
