"""Makes a workspace as the Earmark of this checkout leaves it, for the versions after it to open.

    python tests/engine/workspaces/make.py NAME

writes tests/engine/workspaces/NAME.zip: `plain` and `sealed` (the same, encrypted behind PASSPHRASE), and `answers.json`, what
the commands of this version said. Run it in a checkout of the version that is to be kept; the folder needs nothing else of it.
The sounds lie in a folder that is gone afterwards: a search needs none of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PASSPHRASE = "an old umbrella, forgotten"
VOICES = {"Anna": 1, "Bert": 2, "Carla ü": 5}
ASKED = (1, 2, 5, 4)  # made voices that ask; 4 is nobody's
SOUNDS = ("rain", "church bell", "car horn", "thunder", "clock ticking", "flute melody", "rain with thunder", "sonar ping")
SEARCHES = (["rain falling"], ["a church bell"], ["thunder", "--minus", "rain"], ["--saved", "bells"], ["music", "-k", "3"])


def asking(folder: Path) -> list[Path]:
    """A take that was not enrolled of each voice that asks, as files."""
    from engine.audio import files
    from engine.synthesis import voices

    paths = [folder / f"voice {voice} asks.wav" for voice in ASKED]
    for path, voice in zip(paths, ASKED, strict=True):
        files.write(path, voices.speak(voices.VOICES[voice], 7, 4.0))
    return paths


def command(workspace: Path, *words: str, **environment: str) -> Any:
    """What a command prints with --json."""
    ran = subprocess.run([sys.executable, "main.py", "--workspace", str(workspace), "--device", "cpu", "--json", *words],
                         cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True, env={**os.environ, **environment})
    return json.loads(ran.stdout)


def make(out: Path) -> None:
    from engine.audio import files
    from engine.synthesis import sounds, voices

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        plain, sealed = folder / "plain", folder / "sealed"
        library = folder / "sounds"
        library.mkdir()
        for sound in sounds.make_sounds(names=SOUNDS):
            files.write(library / f"{sound.name}.wav", sound.audio)
        for name, voice in VOICES.items():
            takes = []
            for take in range(2):
                takes.append(folder / f"{name} {take}.wav")
                files.write(takes[-1], voices.speak(voices.VOICES[voice], take, 4.0))
            command(plain, "voices", "enroll", name, *map(str, takes))
        queries = asking(folder)
        command(plain, "library", "add", str(library))
        command(plain, "library", "scan")
        command(plain, "search", "a church bell", "--save", "bells")
        command(plain, "voices", "timeline", str(queries[-1]))
        answers = {
            "voices": [v["name"] for v in command(plain, "voices", "list")],
            "identified": [{key: one[key] for key in ("voice", "status", "nearest", "similarity", "candidates")}
                           for one in command(plain, "voices", "identify", *map(str, queries))],
            "searches": [[{"name": Path(r["path"]).name, "similarity": r["similarity"], "start_s": r["start_s"]}
                          for r in command(plain, "search", *words)["results"]] for words in SEARCHES],
            "timeline": command(plain, "voices", "timelines")["timelines"][0]["turns"]}
        shutil.copytree(plain, sealed)
        secret = folder / "secret"
        secret.write_text(PASSPHRASE)
        command(sealed, "privacy", "on", "--passphrase", EARMARK_PASSPHRASE_FILE=str(secret))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr("answers.json", json.dumps(answers, indent=1))
            for path in sorted((*plain.rglob("*"), *sealed.rglob("*"))):
                if path.is_file() and "logs" not in path.parts and path.suffix not in (".pid", ".lock"):
                    archive.write(path, path.relative_to(folder))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    make(Path(__file__).parent / f"{sys.argv[1]}.zip")
