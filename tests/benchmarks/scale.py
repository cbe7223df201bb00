"""What a library costs as it grows: workspaces of random unit vectors, written by the store's own writers.

    python tests/benchmarks/scale.py [--sounds N[,N…]]

Every size in a process of its own, for its peak of memory. By default 10,000 and 100,000 sounds of three spans in 512 dimensions;
a million needs 8 GB on the disk.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import in_child, machine, median, table, word

from engine.describing.lists import TagList
from engine.index import unit
from engine.library import Library
from engine.records import EncoderSpec, FloatArray, Span
from engine.store import FileKey, NewSound, Store

DIM, SPANS, AT_ONCE = 512, 3, 500
SPEC = EncoderSpec("made", "1", "5c" * 32, "joint", DIM, 16_000)
LABELS = tuple(f"label {number}" for number in range(50))
SIZES = "10000,100000"
REPEAT = 15


class Made:
    """An encoder whose texts are directions drawn by their letters. It hears nothing."""

    spec = SPEC

    def embed_texts(self, texts: list[str]) -> FloatArray:
        return unit(np.array([np.random.default_rng(list(text.encode())).normal(size=DIM) for text in texts], np.float32))


def sound(number: int, rng: np.random.Generator, sound_id: int | None = None) -> NewSound:
    spans = tuple(Span(5.0 * n, 5.0 * n + 10) for n in range(SPANS))
    vectors = unit(rng.normal(size=(SPANS, DIM)).astype(np.float32))
    return NewSound(Path(f"/sounds/{number % 100:02}/{number}.wav"), 1, FileKey(100_000, int(rng.integers(1 << 60))),
                    f"{int(rng.integers(1 << 62)):064}", sound_id, duration_s=20.0, rate_hz=44_100, channels=2, format="wav",
                    peaks=np.zeros(160, np.uint8), spans=spans, vectors=vectors)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(count: int, folder: Path) -> dict[str, float]:
    """Seconds of everything, by name."""
    rng = np.random.default_rng(7)
    found: dict[str, float] = {}
    with Store(folder) as store, Store(folder) as other:
        store.sounds.add_folder(Path("/sounds"))

        def make() -> None:
            for first in range(0, count, AT_ONCE):
                store.sounds.put(SPEC, [sound(number, rng) for number in range(first, min(count, first + AT_ONCE))])

        found["written, 1,000 sounds"] = seconds(make) * 1000 / count
        found["index, read from nothing"] = seconds(lambda: store.sounds.index(SPEC))
        found["the same, in another program"] = seconds(lambda: other.sounds.index(SPEC))
        library = Library(store, Made, lambda: SPEC)  # type: ignore[arg-type]
        names = iter(range(count, 1 << 40))

        def index_after(change: Callable[[], object], who: Store = store) -> float:
            took = []
            for _ in range(REPEAT):
                change()
                took.append(seconds(lambda: who.sounds.index(SPEC)))
            return median(took)

        def add() -> None:
            store.sounds.put(SPEC, [sound(next(names), rng)])

        def alter() -> None:
            one = int(rng.integers(count // 2)) + 1
            store.sounds.put(SPEC, [sound(one - 1, rng, one)])

        gone = iter(range(count, 0, -1))
        found["index, one sound more"] = index_after(add)
        found["index, one sound more, in another program"] = index_after(add, other)
        found["index, one sound changed"] = index_after(alter)
        found["index, one sound gone"] = index_after(lambda: store.sounds.remove([next(gone)]))
        found["tags of a list of 50, made"] = seconds(lambda: library.tagging.tag(TagList("made", LABELS, LABELS), least=0.5))
        add()
        found["tags, one sound more"] = seconds(library.tagging.refresh)
        queries = Made().embed_texts([f"question {number}" for number in range(REPEAT)])[:, None]
        index = store.sounds.index(SPEC)
        found["numpy, the matrix once"] = median([seconds(lambda one=one: np.asarray(index.matrix) @ one[0]) for one in queries])
        found["search of the index, 20 sounds"] = median([seconds(lambda one=one: index.search(one, 20)) for one in queries])
        found["its next page"] = median([seconds(lambda: index.search(queries[-1], 20, offset=20)) for _ in range(REPEAT)])
        found["search by a text, whole"] = median([seconds(lambda n=n: library.search(f"text {n}", k=20)) for n in range(REPEAT)])
        found["the same below a folder"] = median([
            seconds(lambda n=n: library.search(f"text {n} there", k=20, under=Path("/sounds/07"))) for n in range(REPEAT)])
        found["folders with what they hold"] = median([seconds(library.folders) for _ in range(REPEAT)])
        found["sounds counted in all places"] = seconds(lambda: library.places(Path("/sounds")))
        found["what a scan has to know"] = seconds(lambda: store.sounds.known(SPEC))
    return found | {"peak of memory, GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def shown(name: str, value: float) -> str:
    if name.endswith("GB"):
        return f"{value:.2f}"
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps(measured(int(sys.argv[2]), Path(place) / "workspace")))
        sys.exit()
    sizes = [int(one) for one in word("--sounds", SIZES).split(",")]
    results = [json.loads(in_child("scale.py", "--one", str(one)).splitlines()[-1]) for one in sizes]
    print(machine() + "\n")
    print(table(["", *(f"{one:,} sounds" for one in sizes)],
                [[name, *(shown(name, result[name]) for result in results)] for name in results[0]]))
