"""Commands run in this process with the true encoders, loaded once; each call opens and closes its own workspace."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import cli
from engine.audio import files
from engine.records import Audio
from tests.true_models import chord, share_models, silence, write_takes


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one document on standard output; fails when there is anything else."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, f"more than one line on standard output: {self.out!r}"
        return json.loads(self.out, parse_constant=pytest.fail)


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    share_models(monkeypatch)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run one command line in a workspace of the test's own (or `workspace=`)."""

    def call(*arguments: object, workspace: Path | None = None) -> Ran:
        capsys.readouterr()
        where = ["--workspace", str(workspace or tmp_path / "workspace")]
        code = cli.main([*map(str, arguments), *where])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


def make_sounds(folder: Path) -> Path:
    """Three small sounds and a file that is none."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 16_000 * 12)
    files.write(folder / "noise.wav", Audio(noise.astype(np.float32), 16_000))
    files.write(folder / "chord.flac", chord())
    clicks = np.zeros(22_050, np.float32)
    clicks[::4_000] = 0.9
    files.write(folder / "clicks.wav", Audio(clicks, 22_050))
    (folder / "text.wav").write_text("no sound")
    return folder


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace in which two voices are enrolled and a folder of sounds is indexed; read it only."""
    folder = tmp_path_factory.mktemp("furnished")
    for name, voice in (("Anna", 1), ("Bert", 2)):
        paths = write_takes(folder / name, voice, 2)
        assert cli.main(["--workspace", str(folder / "workspace"), "voices", "enroll", name, *map(str, paths)]) == 0
    write_takes(folder / "new", 1, 1, first=7)
    write_takes(folder / "new", 4, 1, first=7)
    files.write(folder / "new" / "silence.wav", silence())
    make_sounds(folder / "sounds")
    assert cli.main(["--workspace", str(folder / "workspace"), "library", "add", str(folder / "sounds")]) == 0
    assert cli.main(["--workspace", str(folder / "workspace"), "library", "scan"]) == 1  # text.wav
    return folder
