"""The microphones of this machine, asked for when they are wanted: PortAudio is loaded late."""

from __future__ import annotations

from typing import Any


def microphone(name: str) -> Any:
    from engine.audio.microphone import Microphone

    return Microphone(name)


def inputs(rescan: bool) -> list[Any]:
    from engine.audio import devices

    return devices.inputs(rescan)


def why_no_input() -> str:
    """The sound system's own words."""
    from engine.audio.devices import portaudio

    return portaudio().why_none("input")
