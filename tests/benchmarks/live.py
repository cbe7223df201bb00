"""What one step of live listening costs: speech detection, embedding, identification, tags, placing the ×."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path

from measuring import SHARED, median, percentile, table, timed

from engine.app import Earmark
from engine.audio import files
from engine.audio.microphone import FileSource
from engine.records import Audio
from engine.voices.listening import HEARD_S, RATE_HZ, WINDOW_S


def main() -> None:
    speakers = sorted(p for p in (SHARED / "speech" / "librispeech-10x10").iterdir() if p.is_dir())
    with tempfile.TemporaryDirectory() as scratch, Earmark(Path(scratch)) as app:
        for folder in speakers[:5]:
            app.voices.enroll_files(folder.name, sorted(folder.glob("*.flac"))[:3])
        shown = app.maps.project("voices", "pca")
        queries = [p for folder in speakers for p in sorted(folder.glob("*.flac"))[3:5]]
        whole: list[float] = []
        embed: list[float] = []
        heard: list[float] = []
        place: list[float] = []
        tagger, encoder = app.models.sound(), app.models.voice()
        for path in queries:
            listener = app.voices.listener(FileSource(path, pace=0))
            listener.start()
            listener.wait(60)
            listener.stop()
            for update in listener.updates(0)[1]:
                if update.embedding is not None:
                    whole.append(update.compute_ms)
                    place.append(timed(partial(shown.place, update.embedding.vector)) * 1000)
            audio = files.read(path, RATE_HZ)
            for start in range(0, len(audio.samples) - int(WINDOW_S * RATE_HZ), RATE_HZ):
                window = Audio(audio.samples[start:start + int(WINDOW_S * RATE_HZ)], RATE_HZ)
                embed.append(timed(partial(encoder.embed, window)) * 1000)
                last = Audio(window.samples[:int(HEARD_S * RATE_HZ)], RATE_HZ)
                heard.append(timed(partial(tagger.heard, last)) * 1000)
        chunk = _speech(app, files.read(queries[0], RATE_HZ))
    print(table(["part", "median ms", "p95 ms", "measured"], [
        [name, f"{median(v):.2f}", f"{percentile(v, 0.95):.2f}", str(len(v))] for name, v in (
            ("a live update while somebody speaks, from its sound to its name", whole),
            ("of it: speech detection, 0.25 s of sound", chunk), (f"of it: embedding {WINDOW_S:g} s", embed),
            (f"between two updates: tags of {HEARD_S:g} s", heard),
            ("placing the × on the PCA", place))]))


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
