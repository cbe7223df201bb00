"""Warm text search over a library of 10,000 sounds in a true workspace.

The 10,000 rows are real sounds' vectors, repeated under other names with a little noise, so that nothing but the decoding
is left out.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import median, percentile, table

from engine.app import Earmark
from engine.records import Span, Tag
from engine.store.records import FileKey, NewSound

QUERIES = ["a dog barking", "rain on a tin roof", "heavy wooden door slams in a large hall", "distant thunder", "synth bass",
           "children laughing", "engine idling", "glass breaking", "birds at dawn", "footsteps on gravel", "church bell",
           "wind in the trees", "a crowd cheering", "typing on a keyboard", "water dripping", "electric guitar riff"]


def fill(app: Earmark, folder: Path, count: int) -> None:
    """Write `count` sounds of two spans each straight into the store."""
    rng = np.random.default_rng(0)
    texts = app.models.joint().embed_texts(QUERIES)
    folder.mkdir(parents=True, exist_ok=True)
    folder_id = app.store.sounds.add_folder(folder)
    spec = app.models.spec("joint")
    new = []
    for n in range(count):
        vectors = np.abs(texts[rng.integers(len(texts), size=2)] + 0.05 * rng.standard_normal((2, spec.dim)))
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        name = f"sound {n:05d}.wav"
        new.append(NewSound(path=folder / name, folder_id=folder_id, key=FileKey(n, n), sha256=hashlib.sha256(
            name.encode()).hexdigest(), duration_s=15.0, rate_hz=44_100, channels=2, format="wav",
            peaks=rng.integers(0, 255, 160).astype(np.uint8), tags=(Tag("Speech", 0.9), Tag("Music", 0.2)),
            spans=(Span(0.0, 10.0), Span(5.0, 15.0)), vectors=vectors))
    for start in range(0, count, 500):
        app.store.sounds.put(spec, new[start:start + 500])


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as scratch, Earmark(Path(scratch) / "ws") as app:
        fill(app, Path(scratch) / "sounds", count)
        for query in QUERIES:
            app.library.search(text=query, k=50)
        whole, text = [], []
        for n in range(200):
            query = f"{QUERIES[n % len(QUERIES)]} {n}"  # never the same twice
            began = time.perf_counter()
            app.models.joint().embed_texts([query])
            text.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            found = app.library.search(text=query, k=50)
            whole.append((time.perf_counter() - began) * 1000)
            assert found.sounds == count and len(found.matches) == 50
    print(table(["part", "median ms", "p95 ms"], [
        [name, f"{median(v):.1f}", f"{percentile(v, 0.95):.1f}"]
        for name, v in (("text alone", text), (f"whole search, {count:,} sounds, 2 spans each, 50 results", whole))]))


if __name__ == "__main__":
    main()
