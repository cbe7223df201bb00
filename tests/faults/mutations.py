"""Damage what the program reads, byte by byte at random, and let it read.

    python -m tests.faults.mutations [--rounds 20] [--seed 0] [--what settings,database,…]

A command must end in time with 0, 1 or 2, one document and no traceback, and a command that only reads must leave everything as
it is. (That it starts at all with a damaged file is the business of other tests: here it may refuse, if it says so.)
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.driving import Broken, Material, make, must, run, stored


@dataclass(frozen=True)
class Target:
    """What is damaged, in a workspace of its own, and what then reads it. reads: nothing that is stored may change.

    file: finds it in a copy of the workspace, or makes a copy of another beside it. command: gets the workspace and the file.
    """

    name: str
    file: Callable[[Material, Path], Path]
    command: Callable[[Material, Path, Path], tuple[object, ...]]
    reads: bool = True


MODELS = f"""[[model]]
name = "mine"
kind = "voice"
form = "onnx-voice"
folder = "/models/mine.onnx"
hub = ""
added_at = "2026-05-04T12:30:00+00:00"
title = "Mine"
spec_name = "mine"
version = "1"
dim = 192
rate_hz = 16000
sha256 = "{'ab' * 32}"
size_bytes = 1000
licence = "MIT"
"""
LABELS = "rain\nwind\na dog barking\nglass\n"


def targets() -> list[Target]:
    return [
        Target("settings", lambda m, w: w / "settings.toml", lambda m, w, f: ("library", "stats")),
        Target("models", lambda m, w: _text(w / "models.toml", MODELS), lambda m, w, f: ("models", "list")),
        Target("database", lambda m, w: w / "earmark.db", lambda m, w, f: ("voices", "list")),
        Target("database, writing", lambda m, w: w / "earmark.db", lambda m, w, f: ("voices", "rename", "Bertram", "Bert"),
               reads=False),
        Target("vectors", lambda m, w: next((w / "vectors").glob("*.f32")), lambda m, w, f: ("search", "a beep")),
        Target("vectors, scan", lambda m, w: next((w / "vectors").glob("*.f32")), lambda m, w, f: ("library", "scan"), False),
        Target("recordings", lambda m, w: next((w / "recordings").rglob("*.wav")), lambda m, w, f: (
            "voices", "export", m.folder / "out.earmark", "--overwrite", "--passphrase-file", m.passphrase)),
        Target("exported voices", lambda m, w: _copy(m.exported, w), lambda m, w, f: (
            "voices", "import", f, "--passphrase-file", m.passphrase)),
        Target("labels", lambda m, w: _text(w.with_name(w.name + "-labels.txt"), LABELS), lambda m, w, f: (
            "classify", m.takes(1)[0], "--labels", f)),
        Target("sound", lambda m, w: _copy(m.takes(1)[0], w), lambda m, w, f: ("voices", "identify", f)),
    ]


def _text(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def _copy(file: Path, workspace: Path) -> Path:
    return Path(shutil.copy(file, workspace.with_name(f"{workspace.name}-{file.name}")))


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, cut out, put in, or the end cut off; half of the time near the beginning, where formats say most."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(min(len(changed), 200) if rng.random() < 0.5 else len(changed)) if changed else 0
        many = rng.choice([1, 1, 4, 64])
        way = rng.choice(["change", "change", "cut out", "put in", "cut off", "zero"])
        if way == "change":
            changed[at:at + many] = rng.randbytes(len(changed[at:at + many]))
        elif way == "cut out":
            del changed[at:at + many]
        elif way == "put in":
            changed[at:at] = rng.randbytes(many)
        elif way == "cut off":
            del changed[at:]
        else:
            changed[at:at + many] = bytes(len(changed[at:at + many]))
    return bytes(changed)


def damage(material: Material, target: Target, seed: int) -> str:
    """One run. Returns what the command came to: its exit code, in words."""
    rng = random.Random(f"{target.name} {seed}")
    workspace = material.copy(f"damage-{seed}")
    file = target.file(material, workspace)
    file.write_bytes(damaged(file.read_bytes(), rng))
    before = stored(workspace)
    ran = run(workspace, *target.command(material, workspace, file), longest_s=60)
    if target.reads:
        now = stored(workspace)
        changed = [name for name in {*before, *now} if before.get(name) != now.get(name)]
        must(not changed or (ran.code == 0 and target.name == "exported voices"), "changed by what only reads:", changed, ran)
    shutil.rmtree(workspace)
    return {0: "went through", 1: "refused", 2: "refused"}[ran.code]


def rounds(material: Material, count: int, seed: int, names: list[str]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Counts by (target, what it came to), and what was broken."""
    counts, broken = Counter[tuple[str, str]](), []
    for target in targets():
        for number in range(seed, seed + count) if not names or target.name in names else ():
            try:
                counts[target.name, damage(material, target, number)] += 1
            except Broken as error:
                counts[target.name, "BROKEN"] += 1
                broken.append(f"{target.name}, seed {number}: {error}")
    return counts, broken


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Damage what the program reads.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--what", default="")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        counts, broken = rounds(make(Path(folder)), asked.rounds, asked.seed, [one for one in asked.what.split(",") if one])
    for (name, what), number in counts.items():
        print(f"{name:20}{what:16}{number:6}")
    for words in broken:
        print(words)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
