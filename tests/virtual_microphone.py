"""A virtual microphone: a PulseAudio server of our own whose null sink is heard by its default source.

What is played into the sink arrives at the microphone. `norewinds=1` on the sink: without it the first block comes two
seconds late. The server lives in a temporary folder, takes no part in the user's session and ends with the tests.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SINK, SOURCE = "earmark_speaker", "earmark_microphone"
_ATTACHED = ("PULSE_SERVER", "PULSE_COOKIE", "PULSE_RUNTIME_PATH")


def missing_parts() -> list[str]:
    """What this machine lacks for a virtual microphone; [] where it can be made."""
    missing = [program for program in ("pulseaudio", "pactl", "paplay") if shutil.which(program) is None]
    if ctypes.util.find_library("portaudio") is None:
        missing.append("libportaudio2")
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        missing.append("libasound2-plugins")
    return missing


class VirtualMicrophone:
    """Start it, attach PortAudio to it, play into it, take it away."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="earmark-mic-"))  # short: socket paths end at 108 bytes
        (self._folder / "run").mkdir(mode=0o700)
        self._server: subprocess.Popen[bytes] | None = None
        self._playing: list[subprocess.Popen[bytes]] = []
        self._before: dict[str, str | None] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The environment for a program that is to hear this microphone."""
        return {**os.environ, **self._variables}

    @property
    def _variables(self) -> dict[str, str]:
        return {"PULSE_SERVER": f"unix:{self._folder / 'pulse.sock'}", "PULSE_COOKIE": str(self._folder / "cookie"),
                "PULSE_RUNTIME_PATH": str(self._folder / "run")}

    def start_server(self) -> None:
        """Plug it in; nothing happens if it is."""
        if self._server is not None and self._server.poll() is None:
            return
        (self._folder / "pulse.sock").unlink(missing_ok=True)
        environment = {**self.environment, "XDG_RUNTIME_DIR": str(self._folder / "run"),
                       "PULSE_STATE_PATH": str(self._folder / "state"), "HOME": str(self._folder)}
        environment.pop("PULSE_SERVER")  # else it connects to itself
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disallow-exit",
                 "--realtime=no", "--high-priority=no",
                 "-L", f"module-native-protocol-unix socket={self._folder / 'pulse.sock'} auth-anonymous=1",
                 "-L", f"module-null-sink sink_name={SINK} norewinds=1 rate=48000 channels=2",
                 "-L", f"module-remap-source source_name={SOURCE} master={SINK}.monitor channels=1"],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._pactl_until("info")
        self._pactl_until("set-default-sink", SINK)
        self._pactl_until("set-default-source", SOURCE)

    def stop_server(self) -> None:
        """Pull the plug, as a cable does: at once."""
        self.stop_playing()
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def play(self, path: Path | str, wait: bool = False) -> subprocess.Popen[bytes]:
        """Play a file (wav, flac, ogg) into the microphone; wait: until it is over."""
        player = subprocess.Popen(["paplay", f"--device={SINK}", os.fspath(path)], env=self.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._playing.append(player)
        if wait:
            player.wait()
        return player

    def stop_playing(self) -> None:
        for player in self._playing:
            if player.poll() is None:
                player.terminate()
            player.wait()
        self._playing.clear()

    def attach(self) -> None:
        """Point this process's PortAudio at the server."""
        self._before = {name: os.environ.get(name) for name in _ATTACHED}
        os.environ.update(self._variables)
        _look_again()

    def detach(self) -> None:
        """Give the environment back as it was."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _look_again()

    def close(self) -> None:
        self.stop_server()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pactl_until(self, *command: str) -> None:
        """Run pactl until it works, for ten seconds."""
        for _ in range(100):
            done = subprocess.run(["pactl", *command], env=self.environment, capture_output=True, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError(f"PulseAudio did not start: {(self._folder / 'log').read_text(errors='replace')[-2000:]}")


def _look_again() -> None:
    import sounddevice

    sounddevice._terminate()
    sounddevice._initialize()
