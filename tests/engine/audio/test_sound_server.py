"""What “default” stands for: told by the sound server, and never guessed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.audio import devices, sound_server
from engine.audio.devices import Device
from tests.virtual_microphone import VirtualMicrophone

PACTL = """#!/bin/sh
case "$*" in
  get-default-source) echo usb.mic ;;
  "list sources") cat <<'END'
Source #0
\tState: SUSPENDED
\tName: built-in.monitor
\tDescription: Monitor of Built-in Audio
Source #1
\tName: usb.mic
\tDescription: Scarlett 2i2 USB: Analogue 1 + 2 – Übung
\tProperties:
\t\tdevice.description = "Scarlett"
END
  ;;
  *) exit 1 ;;
esac
"""


def listed(*names: str) -> list[Device]:
    return [Device(name, at, 48_000, 2, at == 0, "ALSA") for at, name in enumerate(names)]


@pytest.fixture
def pactl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "pactl"
    program.write_text(PACTL.replace("\\t", "\t"), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    return program


@pytest.mark.skipif(os.name == "nt", reason="no such servers there")
def test_the_sound_server_says_what_its_default_is(pactl: Path) -> None:
    assert sound_server.default_title("input") == "Scarlett 2i2 USB: Analogue 1 + 2 – Übung"
    assert sound_server.default_title("output") == ""


@pytest.mark.skipif(os.name == "nt", reason="no such servers there")
@pytest.mark.parametrize("body", ["#!/bin/sh\nsleep 5\n", "#!/bin/sh\nexit 1\n", "not a program"])
def test_a_server_that_does_not_answer_leaves_the_name_open(pactl: Path, body: str) -> None:
    pactl.write_text(body)
    assert sound_server.default_title("input") == ""


def test_stand_ins_have_titles_and_devices_their_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "default_title", lambda direction: "Built-in Microphone")
    found = devices._with_titles(listed("default", "pulse", "sysdefault", "HDA Intel PCH: ALC257 Analog (hw:0,0)"), "input")
    assert [device.title for device in found] == ["Default – Built-in Microphone", "PulseAudio – Built-in Microphone",
                                                  "System default", "HDA Intel PCH: ALC257 Analog (hw:0,0)"]
    assert [device.name for device in found][:2] == ["default", "pulse"]


def test_without_a_server_nothing_is_asked_and_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "default_title", lambda direction: pytest.fail("asked"))
    found = devices._with_titles(listed("default", "HDA Intel PCH: ALC257 Analog (hw:0,0)"), "input")
    assert found[0].title == "System default"
    assert Device("pulse", 0, 48_000, 2, True, "ALSA").title == "PulseAudio"


@pytest.mark.virtual_mic
def test_the_virtual_microphone_has_its_name(virtual_mic: VirtualMicrophone) -> None:
    """Whatever PulseAudio calls it; “default” alone is what nobody wants to read."""
    first = devices.inputs(rescan=True)[0]
    assert first.name in ("default", "pulse")
    assert first.title == f"{devices.STAND_INS[first.name]} – {sound_server.default_title('input')}"
    assert sound_server.default_title("input")
