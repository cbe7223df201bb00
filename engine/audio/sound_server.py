"""What the user's sound server calls its devices: PulseAudio, or PipeWire in its place.

PortAudio reaches them through ALSA, which knows one device called “default” and another called “pulse”, whatever they are.
`pactl`, which comes with both servers, knows what stands behind them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Literal

ANSWER_S = 1.0  # how long the server may take; it answers in some milliseconds


def default_title(direction: Literal["input", "output"]) -> str:
    """What the sound server calls its default microphone or loudspeaker; "" where there is none or it says nothing."""
    kind = "source" if direction == "input" else "sink"
    name = _ask(f"get-default-{kind}").strip()
    return _description(_ask("list", f"{kind}s"), name) if name else ""


def _description(listed: str, name: str) -> str:
    """Of the device of this name, in what `pactl list` prints."""
    mine = False
    for line in listed.splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "Name":
            mine = value == name
        elif key == "Description" and mine:
            return value.strip()
    return ""


def _ask(*words: str) -> str:
    pactl = shutil.which("pactl")
    if pactl is None:
        return ""
    try:
        found = subprocess.run([pactl, *words], capture_output=True, timeout=ANSWER_S, check=True,  # noqa: S603  (fixed words)
                               stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        return found.stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""
