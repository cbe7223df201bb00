"""Damaged sound files: what becomes of them. None may crash the program, hang it, or come out shorter without a word.

    python -m tests.benchmarks.mutated_files [--files 300] [--seed 0]

Sounds of eight formats are damaged in five ways each (bits turned over, the end or the beginning cut off, bytes put in, stretches
exchanged) and read, each by a process that may take ten seconds. Counted as silent: what comes out is shorter than the sound
was, and nothing was said; where a format has frames that nothing in it counts, by more than one of them. Counted as printed: a
decoder wrote to the terminal. A table is printed, one row a format.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.made_sounds import make, speech_like

PATIENCE_S = 10.0
FORMATS = ("wav", "aiff", "flac", "ogg", "opus", "mp3", "m4a", "webm")
FRAME = {"mp3": 1152, "m4a": 1024, "webm": 960}
"""Samples of a frame, where formats do not count their samples to the last one."""
OUTCOMES = ("whole", "refused", "silent", "printed", "crashed", "hung")


# --- damage -----------------------------------------------------------------------------------------------------------


def turned(data: bytes, rng: np.random.Generator) -> bytes:
    """1 to 20 bits turned over."""
    found = bytearray(data)
    for at in rng.integers(0, len(found), int(rng.integers(1, 21))):
        found[at] ^= 1 << int(rng.integers(8))
    return bytes(found)


def turned_at_the_start(data: bytes, rng: np.random.Generator) -> bytes:
    """The same, within the first 200 bytes: headers."""
    return turned(data[:200], rng) + data[200:]


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(len(data) * rng.uniform(0.02, 0.98))]


def put_in(data: bytes, rng: np.random.Generator) -> bytes:
    at, count = int(rng.integers(len(data))), int(rng.integers(1, 5000))
    return data[:at] + rng.integers(0, 256, count, dtype=np.uint8).tobytes() + data[at:]


def exchanged(data: bytes, rng: np.random.Generator) -> bytes:
    """Two stretches change places."""
    size = int(rng.integers(500, max(501, len(data) // 4)))
    first, second = sorted(int(one) for one in rng.integers(0, len(data) - size, 2))
    second = min(max(second, first + size), len(data) - size)
    if second < first + size:
        return put_in(data, rng)
    return (data[:first] + data[second : second + size] + data[first + size : second] + data[first : first + size]
            + data[second + size :])


DAMAGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (turned, turned_at_the_start, cut, put_in, exchanged)


# --- reading ----------------------------------------------------------------------------------------------------------


def _reads(pipe: Any) -> None:
    """A process that reads the files it is told, and answers with the samples or the reason, and with what was printed."""
    from engine.audio import files
    from engine.errors import DecodeError

    with tempfile.TemporaryFile() as terminal:
        os.dup2(terminal.fileno(), 2)
        while True:
            path, samples, reason = pipe.recv(), None, ""
            try:
                files.info(path)
                samples = sum(len(block) for block in files.stream(path, block_s=1))
            except DecodeError as error:
                reason = error.reason
            terminal.seek(0)
            printed = terminal.read().decode(errors="replace")
            terminal.seek(0)
            terminal.truncate()
            pipe.send((samples, reason, printed))


class Readers:
    """One process that reads, replaced by another when it dies or does not answer."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_reads, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, path: Path) -> tuple[str, int | None, str]:
        """(“read”, “refused”, “printed”, “crashed” or “hung”, samples, what was said)."""
        self._pipe.send(path)
        try:
            if not self._pipe.poll(PATIENCE_S):
                self.close()
                self._start()
                return "hung", None, ""
            samples, reason, printed = self._pipe.recv()
        except (EOFError, ConnectionError):
            self.close()
            self._start()
            return "crashed", None, ""
        if printed:
            return "printed", None, printed.strip()
        return ("read" if samples is not None else "refused"), samples, reason

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def mutated(folder: Path, count: int, seed: int, formats: tuple[str, ...] = FORMATS) -> Iterator[tuple[str, str, Path, int]]:
    """(format, kind of damage, file, samples that the sound had) for each damaged file; the file is removed afterwards."""
    from engine.audio import files

    rng = np.random.default_rng(seed)
    whole = {}
    for kind in formats:
        path = folder / f"whole.{kind}"
        make(path, speech_like())
        whole[kind] = path.read_bytes(), len(files.read(path).samples)
    for number in range(count):
        kind = formats[number % len(formats)]
        damage = DAMAGES[number // len(formats) % len(DAMAGES)]
        data, samples = whole[kind]
        path = folder / f"{number}.{kind}"
        path.write_bytes(damage(data, rng))
        yield kind, damage.__name__, path, samples
        path.unlink()


def measured(folder: Path, count: int, seed: int = 0, formats: tuple[str, ...] = FORMATS,
             keep: Path | None = None) -> list[tuple[str, str, str, str]]:
    """(format, damage, outcome, what was said) of each file. keep: a folder for those that went wrong."""
    found, readers = [], Readers()
    try:
        for kind, damage, path, samples in mutated(folder, count, seed, formats):
            outcome, came, said = readers.read(path)
            if came is not None:
                outcome = "whole" if came >= samples - FRAME.get(kind, 0) else "silent"
                said = f"{came} of {samples} samples"
            if keep is not None and outcome not in ("whole", "refused"):
                (keep / path.name).write_bytes(path.read_bytes())
            found.append((kind, damage, outcome, f"{path.name}: {said}"))
    finally:
        readers.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the files that went wrong")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), asked.files, asked.seed, keep=asked.keep)
    print(f"{'format':8}" + "".join(f"{one:>9}" for one in OUTCOMES))
    for kind in FORMATS:
        counts = Counter(outcome for one, _, outcome, _ in found if one == kind)
        print(f"{kind:8}" + "".join(f"{counts[one]:9}" for one in OUTCOMES))
    bad = [one for one in found if one[2] not in ("whole", "refused")]
    for one in bad:
        print(" ".join(one))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
