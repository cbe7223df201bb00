"""Two programs at once on one workspace.

    python -m tests.faults.two_programs [--rounds 50]

A scan in one while another searches again and again; two that write settings; two that enroll.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.driving import (
    FIRST_SOUNDS,
    MORE_SOUNDS,
    ROOT,
    Broken,
    Material,
    environment,
    finish,
    make,
    must,
    run,
    sound,
    start,
)

WRITER = """
import sys
from pathlib import Path
from engine.settings import SettingsFile
file = SettingsFile(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    file.change(**{sys.argv[2]: 0.2 + number / 1000})
"""


def search_while_another_scans(material: Material, searches: int) -> str:
    """Every answer is whole: finite similarities, no sound twice, never fewer sounds than were there before."""
    from engine.app import Earmark

    workspace = material.copy("searching")
    with Earmark(workspace, "cpu") as app:
        app.library.search("a beep")  # the encoder is loaded
        began = time.monotonic()
        child = start(workspace, "library", "scan")
        during = 0
        for _ in range(searches):
            during += child.poll() is None
            found = app.library.search("a beep", k=1000)
            must(found.damaged == 0, "vectors are missed that are being written")
            must(FIRST_SOUNDS <= len(found.matches) <= FIRST_SOUNDS + MORE_SOUNDS, "sounds are missing:", len(found.matches))
            must(len({match.sound.id for match in found.matches}) == len(found.matches), "a sound twice")
            must(all(-1 <= match.similarity <= 1 for match in found.matches), "a similarity that is none")
            time.sleep(0.1)
        ran = finish(child, ("library", "scan"), began)
        must(ran.code == 0 and ran.document["added"] == MORE_SOUNDS, "the scan was disturbed:", ran)
        must(len(app.library.search("a beep", k=1000).matches) == FIRST_SOUNDS + MORE_SOUNDS, "what was added is not found")
    sound(workspace)
    return f"{searches} searches, {during} of them during the scan"


def two_settings_writers(material: Material, changes: int) -> str:
    """Both get their last word; the file is whole whenever it is read."""
    from engine.settings import SettingsFile

    workspace = material.copy("settings")
    file = workspace / "settings.toml"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), name, str(changes)], cwd=ROOT, env=environment(),
                                stderr=subprocess.PIPE, text=True) for name in ("threshold", "margin")]
    reads = 0
    while any(one.poll() is None for one in writers):
        SettingsFile(file)
        reads += 1
        time.sleep(0.01)
    for one in writers:
        must(one.wait() == 0, "a writer failed:", one.communicate()[1])
    last, value = 0.2 + (changes - 1) / 1000, SettingsFile(file).value
    must(value.threshold == last and value.margin == last, "a change is lost:", value.threshold, value.margin)
    return f"{changes} changes each, read {reads} times meanwhile"


def two_enrollments(material: Material) -> str:
    """The second is told who writes, and changes nothing; the first goes on."""
    workspace = material.copy("enrolling")
    first_words = ("voices", "enroll", "Carla", *material.takes(3))
    began = time.monotonic()
    first = start(workspace, *first_words)
    while not (workspace / "earmark.pid").exists():
        must(first.poll() is None, "the first ended before it wrote")
        time.sleep(0.01)
    second = run(workspace, "voices", "rename", "Bertram", "Bert")
    busy = first.poll() is None
    done = finish(first, first_words, began)
    must(done.code == 0 and len(done.document["takes"]) == len(material.takes(3)), "the first was disturbed:", done)
    must(not busy or second.document.get("error", {}).get("kind") == "busy", "the second was not told:", second)
    sound(workspace)
    names = {one["name"] for one in run(workspace, "voices", "list").document}
    must(names == {"Annabella", "Bertram" if busy else "Bert", "Carla"}, "strange voices:", names)
    return "the second was told" if busy else "the first was done before"


def rounds(material: Material, count: int) -> tuple[Counter[str], list[str]]:
    """What came out of each, and what was broken."""
    counts, broken = Counter[str](), []
    for run_one in (lambda: search_while_another_scans(material, count), lambda: two_settings_writers(material, count),
                    lambda: two_enrollments(material)):
        try:
            counts[run_one()] += 1
        except Broken as error:
            broken.append(str(error))
    return counts, broken


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Two programs at once.")
    parser.add_argument("--rounds", type=int, default=50)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        counts, broken = rounds(make(Path(folder)), asked.rounds)
    for words in [*counts, *broken]:
        print(words)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
