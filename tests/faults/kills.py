"""Kill the program at a random moment of its work, again and again, and look at what is left.

    python -m tests.faults.kills [--rounds 20] [--seed 0] [--work scan,enroll,…]

A round is one kill of every kind of work. The command runs once to its end first, so that it is known when it begins to write
and how long it takes; the kills fall evenly into that time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.driving import (
    FIRST_SOUNDS,
    MORE_SOUNDS,
    Broken,
    Material,
    Ran,
    finish,
    make,
    must,
    plaintext,
    run,
    secrets,
    sound,
    start,
)

Command = tuple[object, ...]


@dataclass(frozen=True)
class Work:
    """A kind of work. before: commands that prepare the workspace. again: what is run after the kill, and must succeed.

    also: error kinds with which `again` may end, because the work was done already. after: more that must hold then.
    """

    name: str
    command: Command
    before: tuple[Command, ...] = ()
    again: Command = ()
    also: tuple[str, ...] = ()
    after: Callable[[Material, Path, Ran], None] = field(default=lambda material, workspace, ran: None)


def works(material: Material) -> list[Work]:
    on: Command = ("privacy", "on", "--passphrase-file", material.passphrase)
    return [
        Work("scan", ("library", "scan"), after=_all_sounds),
        Work("enroll", ("voices", "enroll", "Carla", *material.takes(3), "--keep-recordings"), after=_enrolled),
        Work("remove", ("voices", "remove", "Annabella"), also=("voice-unknown",), after=_removed),
        Work("privacy on", on, after=_sealed),
        Work("privacy off", ("privacy", "off"), before=(on,), also=("usage-error",), after=_plain),
        Work("change over", ("library", "scan"), before=(("library", "scan"), ("models", "use", "bridge")), after=_all_sounds),
        Work("name a stranger", ("voices", "name-stranger", 1, 1, "Dora"), also=("voice-exists", "stranger-unknown"),
             after=_named),
        Work("import", ("voices", "import", material.exported, "--passphrase-file", material.passphrase, "--clash", "merge"),
             before=(("voices", "remove", "Bertram"),), after=_imported),
        Work("undo", ("voices", "undo"), before=(("voices", "rename", "Bertram", "Bert"),), again=("voices", "list"),
             after=_undone),
    ]


def kill(material: Material, work: Work, before_s: float, writes_s: float, rng: random.Random) -> bool:
    """One kill and all that must hold after it. Returns whether the command was still running when it was killed.

    before_s: from the start to the first write, where none is seen; writes_s: how long it writes.
    """
    workspace = material.copy(f"{work.name}-{rng.randrange(10**6)}")
    for command in work.before:
        must(run(workspace, *command, passphrase=material.passphrase).code == 0, "could not prepare", command)
    known = secrets(material.workspace)
    began = time.monotonic()
    child = start(workspace, *work.command, passphrase=material.passphrase)
    while child.poll() is None and not (workspace / "earmark.pid").exists() and time.monotonic() - began < 4 * before_s + 5:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, writes_s))
    running = child.poll() is None
    child.kill()
    finish(child, work.command, began)
    sound(workspace)
    again = run(workspace, *(work.again or work.command), passphrase=material.passphrase)
    must(again.code == 0 or again.document.get("error", {}).get("kind") in work.also, "does not go on:", again)
    sound(workspace)
    work.after(material, workspace, again)
    if work.name == "privacy on":
        must(not plaintext(workspace, known), "still readable:", plaintext(workspace, known))
    shutil.rmtree(workspace)
    return running


def measured(material: Material, work: Work) -> tuple[float, float]:
    """Seconds from the start to the first write, and from there to the end."""
    workspace = material.copy(f"{work.name}-whole")
    for command in work.before:
        must(run(workspace, *command, passphrase=material.passphrase).code == 0, "could not prepare", command)
    began = time.monotonic()
    child = start(workspace, *work.command, passphrase=material.passphrase)
    first = 0.0
    while child.poll() is None:
        if not first and (workspace / "earmark.pid").exists():
            first = time.monotonic() - began
        time.sleep(0.002)
    whole_s = time.monotonic() - began
    ran = finish(child, work.command, began)
    must(ran.code == 0, "does not even work undisturbed:", ran)
    shutil.rmtree(workspace)
    return first, whole_s - first


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill the program at random moments.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", default="")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        counts, broken = rounds(make(Path(folder)), asked.rounds, asked.seed, [one for one in asked.work.split(",") if one])
    print(table(counts))
    for words in broken:
        print(words)
    return 1 if broken else 0


def rounds(material: Material, count: int, seed: int, names: list[str]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Counts by (work, what happened), and what was broken."""
    rng, counts, broken = random.Random(seed), Counter[tuple[str, str]](), []
    for work in works(material):
        if names and work.name not in names:
            continue
        try:
            before_s, writes_s = measured(material, work)
        except Broken as error:
            counts[work.name, "BROKEN"] += 1
            broken.append(f"{work.name}: {error}")
            continue
        for number in range(count):
            try:
                killed = kill(material, work, before_s, writes_s, rng)
                counts[work.name, "killed at work" if killed else "done before"] += 1
            except Broken as error:
                counts[work.name, "BROKEN"] += 1
                broken.append(f"{work.name}, seed {seed}, round {number}: {error}")
    return counts, broken


def table(counts: Counter[tuple[str, str]]) -> str:
    kinds = ("killed at work", "done before", "BROKEN")
    names = list(dict.fromkeys(name for name, _ in counts))
    return "\n".join([f"{'':20}" + "".join(f"{kind:>16}" for kind in kinds),
                      *(f"{name:20}" + "".join(f"{counts[name, kind]:16}" for kind in kinds) for name in names)])


# --- what must hold when the work is done -----------------------------------------------------------------------------


def _voices(material: Material, workspace: Path) -> dict[str, dict[str, object]]:
    ran = run(workspace, "voices", "list", passphrase=material.passphrase)
    must(ran.code == 0, "voices cannot be listed:", ran)
    return {one["name"]: one for one in ran.document}


def _all_sounds(material: Material, workspace: Path, ran: Ran) -> None:
    found = run(workspace, "search", "a beep", "-k", FIRST_SOUNDS + MORE_SOUNDS)
    must(found.code == 0 and found.document["damaged"] == 0, "search does not work:", found)
    must(len(found.document["results"]) == FIRST_SOUNDS + MORE_SOUNDS, "sounds are missing:", found)


def _enrolled(material: Material, workspace: Path, ran: Ran) -> None:
    must(_voices(material, workspace)["Carla"]["takes"] == len(material.takes(3)), "takes are missing")


def _removed(material: Material, workspace: Path, ran: Ran) -> None:
    must("Annabella" not in _voices(material, workspace), "the voice is still there")
    words = [b"Annabella", *secrets_of(material, "Annabella")]
    must(not plaintext(workspace, words), "still readable:", plaintext(workspace, words))


def secrets_of(material: Material, name: str) -> list[bytes]:
    """Voiceprints of one voice."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(material.workspace / "earmark.db")) as connection:
        return [vector for vector, in connection.execute(
            "SELECT vector FROM sample JOIN take ON take.id = take_id JOIN voice ON voice.id = voice_id WHERE name = ?", (name,))]


def _sealed(material: Material, workspace: Path, ran: Ran) -> None:
    must(ran.document["encryption"] == "passphrase" and ran.document["wiped"], "not sealed, or not wiped:", ran)
    must(set(_voices(material, workspace)) == {"Annabella", "Bertram"}, "a voice is lost")


def _plain(material: Material, workspace: Path, ran: Ran) -> None:
    status = run(workspace, "privacy", "status")
    must(status.document["encryption"] == "off", "still sealed:", ran, status)
    must(set(_voices(material, workspace)) == {"Annabella", "Bertram"}, "a voice is lost")
    for file in (workspace / "recordings").rglob("*.wav"):
        must(file.read_bytes()[:4] == b"RIFF", "a recording was left sealed:", file.name)


def _named(material: Material, workspace: Path, ran: Ran) -> None:
    must("Dora" in _voices(material, workspace), "the stranger has no voice")


def _undone(material: Material, workspace: Path, ran: Ran) -> None:
    """Done again it would take back the change before, so it is only looked at: as it was, or undone, and nothing between."""
    must({one["name"] for one in ran.document} in ({"Annabella", "Bertram"}, {"Annabella", "Bert"}), "half undone:", ran)


def _imported(material: Material, workspace: Path, ran: Ran) -> None:
    must(_voices(material, workspace)["Bertram"]["takes"] == len(material.takes(2)), "the voice did not come back whole")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
