"""Bits turned over inside the frames of an mp3: damage, said by the program alone; the decoders print nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.audio.decoding.frames import mp3_frame
from engine.errors import DecodeError
from tests.made_sounds import encode, speech_like

KINDS = [("a.mp3", 44100, 1), ("a.mp3", 44100, 2), ("a.mp3", 16000, 1), ("a.mp3", 22050, 2), ("a.mp3", 8000, 1)]


def made(path: Path, rate_hz: int, channels: int, tag: bool = True, how: str = "CONSTANT") -> list[int]:
    """Write an mp3; where its frames of sound begin."""
    sound = np.stack([speech_like(6, rate_hz, seed) for seed in range(channels)], axis=1)
    soundfile.write(path, sound, rate_hz, bitrate_mode=how)
    data = path.read_bytes()
    at, starts = 0, []
    while (frame := mp3_frame(data, at)) is not None and at + frame.size <= len(data):
        starts.append(at)
        at += frame.size
    if not tag:
        path.write_bytes(data[starts[1] :])
        return [start - starts[1] for start in starts[1:]]
    return starts[1:]


def side_at(data: bytes | bytearray, start: int) -> int:
    return start + 4 + (0 if data[start + 1] & 1 else 2)


def put(data: bytearray, start: int, bit: int, width: int, value: int) -> None:
    """Write a number into the side information of the frame that begins at start."""
    at = side_at(data, start)
    whole = int.from_bytes(data[at : at + 40], "big")
    shift = 320 - bit - width
    whole = whole & ~(((1 << width) - 1) << shift) | value << shift
    data[at : at + 40] = whole.to_bytes(40, "big")


def first_part(rate_hz: int, channels: int) -> int:
    """The bit of the side information where the first granule begins."""
    if rate_hz >= 32000:
        return 9 + (5 if channels == 1 else 3) + 4 * channels
    return 8 + channels


@pytest.mark.parametrize(("name", "rate_hz", "channels"), KINDS)
@pytest.mark.parametrize("how", ["CONSTANT", "VARIABLE"])
def test_whole_files_are_whole(tmp_path: Path, name: str, rate_hz: int, channels: int, how: str, capfd) -> None:
    for tag in (True, False):
        made(tmp_path / name, rate_hz, channels, tag, how)
        assert files.read(tmp_path / name).duration_s == pytest.approx(6, abs=0.2)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("name", "rate_hz", "channels"), KINDS)
@pytest.mark.parametrize("what", ["length", "pairs", "window"])
@pytest.mark.parametrize("tag", [True, False])
def test_a_frame_that_contradicts_itself_is_damage(tmp_path: Path, name: str, rate_hz: int, channels: int, what: str, tag: bool,
                                                   capfd) -> None:
    path = tmp_path / name
    starts = made(path, rate_hz, channels, tag)
    data = bytearray(path.read_bytes())
    at = starts[len(starts) // 2]
    part = first_part(rate_hz, channels)
    if what == "length":
        put(data, at, 0, 9 if rate_hz >= 32000 else 8, 0)  # nothing from frames before
        put(data, at, part, 12, 4095)
        if rate_hz >= 32000:  # a frame may be as long as that
            for more in range(1, 2 * channels):
                put(data, at, part + 59 * more, 12, 4095)
    elif what == "pairs":
        put(data, at, part + 12, 9, 289)
    else:
        put(data, at, part + (33 if rate_hz >= 32000 else 38), 3, 0b100)
    path.write_bytes(data)
    with pytest.raises(DecodeError, match=r"the file is damaged at [0-9.]+ s") as error:
        files.read(path)
    samples = 1152 if rate_hz >= 32000 else 576
    said = float(error.value.reason.split(" at ")[1].split(" s")[0])
    assert said == pytest.approx(len(starts) // 2 * samples / rate_hz, abs=5 * samples / rate_hz)
    assert files.read(path, duration_s=said - 0.1).duration_s == pytest.approx(said - 0.1, abs=1 / rate_hz)
    assert files.info(path).duration_s == pytest.approx(6, abs=0.3)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("name", "rate_hz", "channels"), KINDS[:3])
@pytest.mark.parametrize("tag", [True, False])
def test_bits_turned_over_anywhere_print_nothing(tmp_path: Path, name: str, rate_hz: int, channels: int, tag: bool,
                                                 capfd) -> None:
    path = tmp_path / name
    starts = made(path, rate_hz, channels, tag)
    whole = path.read_bytes()
    rng = np.random.default_rng(rate_hz + channels + tag)
    refused = 0
    for number in range(24):
        data = bytearray(whole)
        for _ in range(24):
            start = int(rng.choice(starts[3:-3]))
            place = start + int(rng.integers(4, 40 if number % 2 else 100))
            data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            files.info(path)
            assert files.read(path).duration_s == pytest.approx(6, abs=0.2)
        except DecodeError:
            refused += 1
    assert capfd.readouterr().err == ""
    assert refused > 0


def test_frames_cut_out_of_a_file_are_no_damage(tmp_path: Path, capfd) -> None:
    """What a player's scissors do: the first frames lean on sound that is gone."""
    starts = made(tmp_path / "a.mp3", 44100, 1, tag=False)
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(data[starts[50] : starts[150]])
    assert files.read(tmp_path / "a.mp3").duration_s == pytest.approx(100 * 1152 / 44100, abs=0.06)
    assert capfd.readouterr().err == ""


def test_layer_2_has_no_such_frames(tmp_path: Path, capfd) -> None:
    encode(tmp_path / "a.mp2", "mp2", "mp2", speech_like(4, 44100), 44100)
    assert files.read(tmp_path / "a.mp2").duration_s == pytest.approx(4, abs=0.1)
    assert capfd.readouterr().err == ""


def test_without_ffmpeg_it_is_refused_all_the_same(tmp_path: Path, monkeypatch, capfd) -> None:
    starts = made(tmp_path / "a.mp3", 44100, 1)
    data = bytearray((tmp_path / "a.mp3").read_bytes())
    put(data, starts[60], first_part(44100, 1) + 12, 9, 300)
    (tmp_path / "a.mp3").write_bytes(data)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DecodeError):
        files.read(tmp_path / "a.mp3")
    assert capfd.readouterr().err == ""
