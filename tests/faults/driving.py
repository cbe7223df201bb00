"""What the fault runs share: made voices and sounds, a workspace with all of it, the real program, and what must always hold."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio import files
from engine.records import Audio
from engine.store.vectors import VectorFile, whole_rows
from tests.true_models import spoken, write_takes

ROOT = Path(__file__).parents[2]
PASSPHRASE = "seven plain words to keep"
FIRST_SOUNDS, MORE_SOUNDS = 6, 30
LONGEST_S = 120.0
"""No command of these runs takes that long, on the slowest machine."""


@dataclass(frozen=True)
class Ran:
    """What a command did. wall_s: until it ended, or was killed."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str
    wall_s: float

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"{' '.join(self.arguments)} → {self.code}\n{self.out[:600]}\n{self.err[:1500]}"


class Broken(AssertionError):
    """Something that must always hold does not."""


def must(holds: bool, *words: object) -> None:
    if not holds:
        raise Broken(" ".join(map(str, words)))


@dataclass(frozen=True)
class Material:
    """Made files below one folder, and `workspace`: two voices with kept recordings, a kept timeline with a stranger, a folder
    of sounds that is indexed, another that is not. Copy it, do not change it."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def passphrase(self) -> Path:
        return self.folder / "passphrase.txt"

    @property
    def exported(self) -> Path:
        return self.folder / "voices.earmark"

    def takes(self, voice: int) -> list[Path]:
        return sorted((self.folder / "takes").glob(f"voice {voice} *.wav"))

    @property
    def talk(self) -> Path:
        return self.folder / "talk.wav"

    def copy(self, name: str) -> Path:
        """A workspace of its own."""
        target = self.folder / "runs" / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.workspace, target)
        return target


def make(folder: Path) -> Material:
    """Make everything, with the true encoders in this process."""
    from engine.app import Earmark

    made = Material(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for voice, takes in ((1, 2), (2, 2), (3, 4)):
        write_takes(folder / "takes", voice, takes, seconds=3.0)
    files.write(made.talk, Audio(np.concatenate([spoken(one, 7, 4.0).samples for one in (1, 4, 1, 4)]), spoken(1, 7).rate_hz))
    made.passphrase.write_text(PASSPHRASE + "\n")
    for name, count, low in (("first", FIRST_SOUNDS, 200), ("more", MORE_SOUNDS, 900)):
        (folder / name).mkdir(exist_ok=True)
        for number in range(count):
            t = np.arange(16000) / 16000
            wave = 0.4 * np.sin(2 * np.pi * (low + 37 * number) * t) * np.exp(-t * (1 + number % 5))
            files.write(folder / name / f"{name}-{number:02}.wav", Audio(wave.astype(np.float32), 16000))
    with Earmark(made.workspace, "cpu") as app:
        for name, voice in (("Annabella", 1), ("Bertram", 2)):
            app.voices.enroll_files(name, made.takes(voice), keep=True)
        app.library.add(folder / "first")
        app.library.scan()
        app.library.add(folder / "more")
        app.privacy.export(made.exported, PASSPHRASE)
        app.voices.remove("Bertram")  # so that there is something to import; it comes back by it
        app.privacy.import_(made.exported, PASSPHRASE, "merge")
    ran = run(made.workspace, "voices", "timeline", made.talk)
    must(ran.code == 0, "no timeline could be made:", ran)
    return made


def command(workspace: Path, *arguments: object) -> list[str]:
    return [sys.executable, "main.py", *map(str, arguments), "--json", "--device", "cpu", "--workspace", str(workspace)]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "QT_QPA_PLATFORM": "offscreen", "PYTHON_KEYRING_BACKEND":
            "keyring.backends.null.Keyring"}


def start(workspace: Path, *arguments: object, passphrase: Path | None = None) -> subprocess.Popen[str]:
    more = {} if passphrase is None else {"EARMARK_PASSPHRASE_FILE": str(passphrase)}
    return subprocess.Popen(command(workspace, *arguments), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**environment(), **more})


def finish(child: subprocess.Popen[str], arguments: Sequence[object], began: float, longest_s: float = LONGEST_S) -> Ran:
    """Wait for a command. Broken where it does not end."""
    try:
        out, err = child.communicate(timeout=longest_s)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise Broken(f"{' '.join(map(str, arguments))} did not end within {longest_s:.0f} s: {err[-500:]}") from None
    return Ran(tuple(map(str, arguments)), child.returncode, out, err, time.monotonic() - began)


def run(workspace: Path, *arguments: object, passphrase: Path | None = None, longest_s: float = LONGEST_S) -> Ran:
    """Run one command to its end and see that it keeps the contract: an exit code, one document, no traceback."""
    began = time.monotonic()
    ran = finish(start(workspace, *arguments, passphrase=passphrase), arguments, began, longest_s)
    must(ran.code in (0, 1, 2), "strange exit code:", ran)
    must("Traceback" not in ran.err, "a traceback:", ran)
    must(ran.out.count("\n") == 1, "not one document:", ran)
    try:
        json.loads(ran.out)
    except ValueError:
        raise Broken(f"no JSON: {ran}") from None
    must("Something unexpected went wrong" not in ran.out, "unexpected:", ran)
    return ran


def sound(workspace: Path) -> None:
    """What holds after a kill at any moment, before anybody puts anything right: database, vectors, recordings."""
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection:
        must(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "the database is not whole")
        must(connection.execute("PRAGMA foreign_key_check").fetchone() is None, "rows without their parents")
        for spec_id, key, dim in connection.execute("SELECT id, key, dim FROM encoder_spec WHERE kind = 'joint'").fetchall():
            rows = [row for row, in connection.execute("SELECT DISTINCT row FROM span WHERE spec_id = ?", (spec_id,))]
            if rows:
                matrix = VectorFile(workspace / "vectors" / f"{key[:16]}.f32", dim).open()
                whole = whole_rows(matrix, np.arange(len(matrix)))
                must(max(rows) < len(whole) and bool(whole[rows].all()), "a span names a row that is not there")
        for kept, in connection.execute("SELECT recording FROM take WHERE recording IS NOT NULL"):
            must((workspace / "recordings" / os.fsdecode(kept)).is_file(), "a kept recording is gone:", kept)


def plaintext(workspace: Path, words: Sequence[bytes]) -> list[str]:
    """Files below the workspace in which one of these can be read."""
    return [str(file.relative_to(workspace)) for file in workspace.rglob("*") if file.is_file()
            and any(word in data for data in [file.read_bytes()] for word in words)]


def secrets(workspace: Path) -> list[bytes]:
    """What must not be readable where voices are encrypted: names, voiceprints, sound."""
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection:
        found = [vector for vector, in connection.execute("SELECT vector FROM sample")]
        found += [name.encode() for name, in connection.execute("SELECT name FROM voice")]
    return found + [file.read_bytes()[200:400] for file in (workspace / "recordings").rglob("*.wav")]


def stored(workspace: Path) -> dict[str, str]:
    """Hashes of all that is kept; not of logs, locks and the write-ahead log."""
    return {str(file.relative_to(workspace)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(workspace.rglob("*")) if file.is_file() and file.parent.name not in ("logs", "captions")
            and not file.name.endswith(("-wal", "-shm", ".lock", ".pid"))}
