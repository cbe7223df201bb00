"""Fill the disk of a workspace until a few kilobytes are left, and let the program work on it.

    python -m tests.faults.full_disk [--rounds 5] [--seed 0]

The workspace lies on a small disk of its own (a tmpfs, which takes root). What was said must be true: an error is one document
with a sentence, nothing that was stored is lost, and when there is room again the same command does the rest.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.driving import FIRST_SOUNDS, MORE_SOUNDS, Broken, Material, make, must, run, sound

LEFT_KB = (8, 80, 120, 160, 200, 240)


class NoDisk(Exception):
    """A disk cannot be mounted here."""


@contextmanager
def disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A small disk. Raises NoDisk."""
    place.mkdir(parents=True, exist_ok=True)
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        raise NoDisk("only root can mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "earmark-faults", str(place)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoDisk(done.stderr.strip() or "a small disk cannot be mounted")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def fill(place: Path, left_kb: int) -> Path:
    """A file that leaves so much."""
    filling = place / "filling"
    free = os.statvfs(place)
    size = max(0, free.f_bavail * free.f_frsize - left_kb * 1024)
    with filling.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return filling


def work_on_a_full_disk(material: Material, name: str, command: tuple[object, ...], left_kb: int) -> str:
    """One run. Returns what the command came to: “went through”, or “refused”."""
    with disk(material.folder / "disk", 24) as place:
        workspace = place / "workspace"
        shutil.copytree(material.workspace, workspace)
        filling = fill(place, left_kb)
        ran = run(workspace, *command, passphrase=material.passphrase)
        run(workspace, "voices", "list", passphrase=material.passphrase)  # may fail in words: even reading a database writes
        filling.unlink()
        before = indexed(workspace)
        if ran.code:
            error = ran.document.get("error")
            must(error is not None, "no error is told:", ran)
            must("Nothing was changed" not in error["message"] or before == FIRST_SOUNDS or name != "scan",
                 f"{before} sounds are in, and it says that nothing was changed:", ran)
        sound(workspace)
        voices = run(workspace, "voices", "list", passphrase=material.passphrase)
        must({"Annabella", "Bertram"} <= {one["name"] for one in voices.document}, "a voice is lost:", voices)
        again = run(workspace, *command, passphrase=material.passphrase)
        must(again.code == 0, "does not go on when there is room:", again)
        sound(workspace)
        must(name != "scan" or indexed(workspace) == FIRST_SOUNDS + MORE_SOUNDS, "sounds are missing")
        return "refused" if ran.code else "went through"


def indexed(workspace: Path) -> int:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(workspace / "earmark.db")) as connection:
        return int(connection.execute("SELECT count(DISTINCT sound_id) FROM span").fetchone()[0])


def rounds(material: Material, count: int, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Counts by (work, what it came to), and what was broken. Raises NoDisk."""
    rng, counts, broken = random.Random(seed), Counter[tuple[str, str]](), []
    kinds: list[tuple[str, tuple[object, ...]]] = [
        ("scan", ("library", "scan")),
        ("enroll", ("voices", "enroll", "Carla", *material.takes(3), "--keep-recordings")),
        ("privacy on", ("privacy", "on", "--passphrase-file", material.passphrase)),
    ]
    for number in range(count):
        for name, command in kinds:
            left_kb = LEFT_KB[number] if number < len(LEFT_KB) else rng.randrange(4, 400)
            try:
                counts[name, work_on_a_full_disk(material, name, command, left_kb)] += 1
            except Broken as error:
                counts[name, "BROKEN"] += 1
                broken.append(f"{name}, {left_kb} kB left: {error}")
    return counts, broken


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Let the program work on a full disk.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            counts, broken = rounds(make(Path(folder)), asked.rounds, asked.seed)
        except NoDisk as reason:
            print(f"not run: {reason}")
            return 0
    for (name, what), count in sorted(counts.items()):
        print(f"{name:20}{what:16}{count:6}")
    for words in broken:
        print(words)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
