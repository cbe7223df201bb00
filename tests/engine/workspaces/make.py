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
SOUNDS = ("rain", "church bell", "car horn", "thunder", "clock ticking", "flute melody", "rain with thunder", "sonar ping")
SEARCHES = (["rain falling"], ["a church bell"], ["thunder", "--minus", "rain"], ["--saved", "bells"], ["music", "-k", "3"])


def speakers() -> tuple[Any, ...]:
    """Three made voices that were enrolled, and a stranger. They stay as they are, whatever voices the program makes."""
    from engine.synthesis.voices import MadeVoice

    return (
        MadeVoice("Anna", 275, 1.22, (1.17, 1.08, 1.07, 1.13, 0.94), melody=3.6, bandwidth=0.98,
                  open_quotient=0.4, tilt_db=8.5, breath=0.0, jitter=0.03, shimmer=0.08,
                  nasality=0.0, pace=1.25, accent=0.095, accent_seed=119),
        MadeVoice("Bert", 89, 0.88, (0.95, 0.99, 0.89, 1.23, 1.06), melody=7.3, bandwidth=0.81,
                  open_quotient=0.84, tilt_db=13.1, breath=0.61, jitter=0.01, shimmer=0.18,
                  nasality=0.44, pace=0.92, accent=0.035, accent_seed=129),
        MadeVoice("Carla ü", 82, 0.85, (0.89, 1.03, 1.08, 0.82, 0.86), melody=7.1, bandwidth=1.23,
                  open_quotient=0.38, tilt_db=16.9, breath=0.0, jitter=0.005, shimmer=0.03,
                  nasality=0.0, pace=0.99, accent=0.058, accent_seed=149),
        MadeVoice("a stranger", 278, 1.16, (0.91, 0.8, 0.98, 1.03, 0.87), melody=3.0, bandwidth=1.85,
                  open_quotient=0.73, tilt_db=11.7, breath=1.29, jitter=0.03, shimmer=0.08,
                  nasality=1.39, pace=0.85, accent=0.082, accent_seed=68),
    )


def asking(folder: Path) -> list[Path]:
    """A take that was not enrolled of each voice that asks, as files."""
    from engine.audio import files
    from engine.synthesis import voices

    paths = [folder / f"{speaker.name} asks.wav" for speaker in speakers()]
    for path, speaker in zip(paths, speakers(), strict=True):
        files.write(path, voices.speak(speaker, 7, 4.0))
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
        for speaker in speakers()[:-1]:
            takes = []
            for take in range(2):
                takes.append(folder / f"{speaker.name} {take}.wav")
                files.write(takes[-1], voices.speak(speaker, take, 4.0))
            command(plain, "voices", "enroll", speaker.name, *map(str, takes))
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
