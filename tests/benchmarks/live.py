"""What one step of live listening costs: speech detection, embedding, identification, tags, placing the ×.

    python tests/benchmarks/live.py [--encoder NAME]
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from measuring import SHARED, median, percentile, table, timed, word

from engine.app import Earmark
from engine.audio import files
from engine.audio.microphone import FileSource
from engine.records import Audio, Embedding, Sample, Voice
from engine.settings import Settings
from engine.voices.choice import choose
from engine.voices.cohort import shipped
from engine.voices.identification import Identifier
from engine.voices.listening import HEARD_S, RATE_HZ, WINDOW_S

VOICES, SAMPLES = 1000, 10


def main() -> None:
    speakers = sorted(p for p in (SHARED / "speech" / "librispeech-10x10").iterdir() if p.is_dir())
    with tempfile.TemporaryDirectory() as scratch, Earmark(Path(scratch)) as app:
        app.settings.change(voice=word("--encoder", app.settings.value.voice))
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
        many = _many(app, [app.voices.embed_file(path) for path in queries])
    print(table(["part", "median ms", "p95 ms", "measured"], [
        [name, f"{median(v):.2f}", f"{percentile(v, 0.95):.2f}", str(len(v))] for name, v in (
            ("a live update while somebody speaks, from its sound to its name", whole),
            ("of it: speech detection, 0.25 s of sound", chunk), (f"of it: embedding {WINDOW_S:g} s", embed),
            (f"between two updates: tags of {HEARD_S:g} s", heard),
            (f"of it: naming among {VOICES} voices × {SAMPLES} samples", many), ("placing the × on the PCA", place))]))


def _many(app: Earmark, queries: list[Embedding]) -> list[float]:
    """Naming one query, by the default back-end, where 1,000 drawn voices are enrolled."""
    cohort = shipped(app.models.spec("voice"))
    assert cohort is not None
    rng = np.random.default_rng(0)
    background = cohort.background
    centres = background.mean + rng.normal(size=(VOICES, 1, len(background.mean))) @ np.linalg.cholesky(background.between).T
    drawn = centres + rng.normal(size=(VOICES, SAMPLES, len(background.mean))) @ np.linalg.cholesky(background.within).T
    drawn = (drawn / np.linalg.norm(drawn, axis=2, keepdims=True)).astype(np.float32)
    now = datetime.now(UTC)
    settings = Settings()
    identifier = Identifier([Voice(n, f"voice {n}", 0, "enrolled", now, 1, SAMPLES, 30.0) for n in range(VOICES)],
                            [Sample(n * SAMPLES + i, n, n, Embedding(drawn[n, i]), 3.0, 1.0)
                             for n in range(VOICES) for i in range(SAMPLES)],
                            settings.threshold, settings.margin, settings.measure, choose(settings.backend, cohort))
    return [timed(partial(identifier.identify, query, WINDOW_S)) * 1000 for query in queries for _ in range(5)]


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
