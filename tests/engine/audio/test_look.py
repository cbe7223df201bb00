"""What is in a file is looked at once for asking and reading, and anew as soon as the file may be another."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.audio.decoding import flac, links
from engine.errors import DecodeError
from tests.made_sounds import make, speech_like

OLD_S = 1_700_000_000


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The file of each look."""
    seen: list[str] = []
    inner = links.links_of

    def look(path, file, size):
        seen.append(path.name)
        return inner(path, file, size)

    monkeypatch.setattr(links, "links_of", look)
    return seen


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus", "m4a"])
def test_asking_and_reading_share_one_look(tmp_path: Path, kind: str, looks: list[str]) -> None:
    path = tmp_path / f"a.{kind}"
    make(path, speech_like(2))
    os.utime(path, (OLD_S, OLD_S))
    told = files.info(path).duration_s
    samples = files.read(path)
    list(files.stream(path))
    assert files.info(path).duration_s == told == pytest.approx(samples.duration_s, abs=0.1)
    assert looks == [path.name]


@pytest.mark.parametrize("how", ["in place", "another file", "the old time"])
def test_a_file_that_changed_is_looked_at_anew(tmp_path: Path, how: str, looks: list[str]) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, speech_like(2), 16000)
    os.utime(path, (OLD_S, OLD_S))
    assert files.info(path).rate_hz == 16000 and files.read(path).duration_s == 2
    data = path.read_bytes().replace((16000).to_bytes(4, "little"), (16001).to_bytes(4, "little"))
    if how == "another file":
        (tmp_path / "b.wav").write_bytes(data)
        os.utime(tmp_path / "b.wav", (OLD_S, OLD_S))
        (tmp_path / "b.wav").replace(path)
    else:
        path.write_bytes(data)
    if how == "the old time":
        os.utime(path, (OLD_S, OLD_S))
    with pytest.raises(DecodeError, match="it speaks of 16,001"):
        files.read(path)
    assert len(looks) == 2


def test_what_changed_a_moment_ago_is_never_remembered(tmp_path: Path, looks: list[str]) -> None:
    """Clocks of disks are coarse: it may change again without its time changing."""
    path = tmp_path / "a.wav"
    soundfile.write(path, speech_like(1), 16000)
    files.info(path)
    files.info(path)
    assert len(looks) == 2


@pytest.mark.parametrize("block", [64, 101, 1000, 1 << 17])
def test_heads_of_flac_are_found_wherever_they_stand(tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flac, "_BLOCK", block)
    rng = np.random.default_rng(block)
    data = bytearray(rng.integers(0, 256, 5000, dtype=np.uint8).tobytes())
    places = [0, 9, 61, 97, 130, 997, 1500, 1511, 4992]
    for place in places:
        data[place : place + 8] = b"fLaC\0\0\0\x22" if place % 2 else b"fLaC\x80\0\0\x22"
    data[2000:2006] = b"fLaC\0\1"
    (tmp_path / "a").write_bytes(data)
    with (tmp_path / "a").open("rb") as file:
        assert flac._beginnings(file, len(data)) == places
