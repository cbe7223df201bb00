"""The true encoders, loaded once a run and shared by the tests that need them, and made voices to feed them.

They need the weights (`python main.py models fetch`), as the program does; `make test` fetches them first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as main.py does, before torch is loaded

import numpy as np
import pytest

from engine.audio import files
from engine.encoders.models import JOINT, VOICE, Models
from engine.records import Audio
from engine.synthesis import voices
from engine.weights import Weights


@cache
def models() -> Models:
    """All encoders on the CPU. Each is loaded when it is first asked for."""
    return Models(Weights(), "cpu")


def share_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands in this process use `models()`: encoders of the ordinary models folder. The rest stays as it is."""
    shared, own = models(), Models._once

    def once(self: Models, kind: str, make: Callable[[], Any]) -> Any:
        same = self is not shared and self.weights.folder == shared.weights.folder and self.device in ("auto", "cpu")
        what, _, name = kind.partition(" ")
        if not same or (name and name not in JOINT and name not in VOICE):
            return own(self, kind, make)
        return getattr(shared, f"{what}_named")(name) if name else getattr(shared, kind)()

    monkeypatch.setattr(Models, "_once", once)


@cache
def spoken(voice: int, take: int = 0, seconds: float = 4.0) -> Audio:
    """A take of one of the made voices; the same samples every time."""
    return voices.speak(voices.VOICES[voice], take, seconds)


def write_takes(folder: Path, voice: int, takes: int, seconds: float = 4.0, first: int = 0) -> list[Path]:
    """Takes of a made voice as wav files named by voice and take."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"voice {voice} take {number}.wav" for number in range(first, first + takes)]
    for number, path in enumerate(paths, first):
        files.write(path, spoken(voice, number, seconds))
    return paths


def silence(seconds: float = 2.0) -> Audio:
    return Audio(np.zeros(int(seconds * 16_000), np.float32), 16_000)


def chord(seconds: float = 4.0) -> Audio:
    """Something that is music and nobody's speech: a struck chord of sines with octaves."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    notes = [220.0, 277.18, 329.63, 440.0]
    wave = sum(np.sin(2 * np.pi * f * time_s) + 0.3 * np.sin(4 * np.pi * f * time_s) for f in notes)
    return Audio((0.05 * wave * np.exp(-time_s)).astype(np.float32), 16_000)
