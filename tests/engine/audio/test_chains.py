"""Recordings put one behind the other in one file, pages of Ogg, channels that cancel: what must not get lost."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.errors import DecodeError
from engine.records import FloatArray
from tests.made_sounds import encode, speech_like

RATE_HZ = 16000
OGG = {"ogg": {}, "oga": {"format": "OGG", "subtype": "VORBIS"}, "opus": {"format": "OGG", "subtype": "OPUS"}}


def put(path: Path, sound: FloatArray, rate_hz: int = RATE_HZ) -> bytes:
    soundfile.write(path, sound, rate_hz, **OGG.get(path.suffix[1:], {}))
    return path.read_bytes()


def pages(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        count = data[at + 26]
        end = at + 27 + count + sum(data[at + 27 : at + 27 + count])
        found.append(data[at:end])
        at = end
    return found


# --- chains -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ogg", "opus", "flac", "mp3"])
@pytest.mark.parametrize("lengths", [(2.0, 2.0), (3.1, 1.2), (0.9, 2.5, 1.7)])
def test_chained_recordings_are_all_read(tmp_path: Path, kind: str, lengths: tuple[float, ...]) -> None:
    path = tmp_path / f"a.{kind}"
    parts = []
    for number, seconds in enumerate(lengths):
        one = tmp_path / f"{number}.{kind}"
        parts.append((put(one, speech_like(seconds, RATE_HZ, number)), files.read(one).samples))
    path.write_bytes(b"".join(data for data, _ in parts))
    ideal = np.concatenate([samples for _, samples in parts])
    found = files.read(path)
    assert np.allclose(found.samples, ideal, atol=2e-3) and len(found.samples) == len(ideal)
    assert files.info(path).duration_s == pytest.approx(len(ideal) / RATE_HZ, abs=0.001)
    assert np.array_equal(np.concatenate(list(files.stream(path, block_s=0.3))), found.samples)
    start_s = lengths[0] - 0.2  # over the seam
    stretch = files.read(path, start_s=start_s, duration_s=0.5)
    first = round(start_s * RATE_HZ)
    assert np.allclose(stretch.samples, found.samples[first : first + RATE_HZ // 2], atol=1e-5)
    late = files.read(path, start_s=sum(lengths) - 0.25)
    assert np.allclose(late.samples, found.samples[round((sum(lengths) - 0.25) * RATE_HZ) :], atol=1e-5)


@pytest.mark.parametrize("kind", ["ogg", "flac"])
def test_the_same_recording_twice(tmp_path: Path, kind: str) -> None:
    data = put(tmp_path / f"a.{kind}", speech_like(2))
    (tmp_path / f"a.{kind}").write_bytes(data + data)
    assert files.read(tmp_path / f"a.{kind}").duration_s == files.info(tmp_path / f"a.{kind}").duration_s == 4


@pytest.mark.parametrize("kind", ["ogg", "flac"])
def test_recordings_of_different_rates_and_channels_in_a_chain(tmp_path: Path, kind: str) -> None:
    first = put(tmp_path / f"1.{kind}", speech_like(2, 16000))
    second = put(tmp_path / f"2.{kind}", np.stack([speech_like(3, 44100)] * 2, axis=1), 44100)
    (tmp_path / f"a.{kind}").write_bytes(first + second)
    found = files.read(tmp_path / f"a.{kind}")
    assert found.rate_hz == 16000 and found.duration_s == pytest.approx(5, abs=0.001)
    alone = files.read(tmp_path / f"2.{kind}", 16000).samples
    assert np.allclose(found.samples[32000:], alone, atol=1e-5)
    assert np.allclose(files.read(tmp_path / f"a.{kind}", start_s=3, duration_s=1).samples, found.samples[48000:64000], atol=1e-5)


def test_a_chain_of_which_a_part_is_damaged_is_refused(tmp_path: Path) -> None:
    one, two = put(tmp_path / "1.ogg", speech_like(2)), put(tmp_path / "2.ogg", speech_like(2, seed=1))
    (tmp_path / "a.ogg").write_bytes(one + two[:-500])
    with pytest.raises(DecodeError, match="cut off"):
        files.read(tmp_path / "a.ogg")
    assert files.read(tmp_path / "a.ogg", duration_s=2).duration_s == 2
    (tmp_path / "b.ogg").write_bytes(b"".join(pages(one)[:-2] + pages(one)[-1:]) + two)
    with pytest.raises(DecodeError, match="damaged at"):
        files.read(tmp_path / "b.ogg")


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ogg", "opus"])
@pytest.mark.parametrize("what", ["lost", "twice", "exchanged", "turned", "zeros"])
@pytest.mark.parametrize("where", [0.3, 0.7])
def test_a_page_that_is_wrong_is_noticed(tmp_path: Path, kind: str, what: str, where: float) -> None:
    path = tmp_path / f"a.{kind}"
    found = pages(put(path, speech_like(20)))
    at = max(3, int(len(found) * where))
    if what == "lost":
        del found[at]
    elif what == "twice":
        found.insert(at, found[at])
    elif what == "exchanged":
        found[at], found[at + 1] = found[at + 1], found[at]
    elif what == "turned":
        found[at] = found[at][:200] + bytes([found[at][200] ^ 4]) + found[at][201:]
    else:
        found[at] = found[at][:100] + b"\0" * (len(found[at]) - 100)
    path.write_bytes(b"".join(found))
    with pytest.raises(DecodeError, match=r"the file is damaged at [0-9.]+ s"):
        files.read(path)
    with pytest.raises(DecodeError, match=r"the file is damaged at [0-9.]+ s"):
        list(files.stream(path, 16000))
    assert files.read(path, duration_s=1).duration_s == 1  # in front of it


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_recording_without_its_end_mark_is_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    found = pages(put(path, speech_like(20)))
    path.write_bytes(b"".join(found[:-1]))
    granule = struct.unpack("<q", found[-2][6:14])[0]
    samples = granule if kind == "ogg" else (granule - int.from_bytes(found[0][38:40], "little")) / 3
    assert files.read(path).duration_s * RATE_HZ == pytest.approx(samples, abs=1)


@pytest.mark.parametrize("kind", ["ogg", "opus"])
@pytest.mark.parametrize("behind", [b"", b"TAG" + b"title".ljust(125, b"\0"), b"\0" * 700])
def test_the_last_page_cannot_get_lost(tmp_path: Path, kind: str, behind: bytes) -> None:
    """Its beginning is damaged, and no page follows that would miss it; tags and zeros there are no page."""
    path = tmp_path / f"a.{kind}"
    data = put(path, speech_like(6))
    whole = files.read(path).samples
    path.write_bytes(data + behind)
    assert np.array_equal(files.read(path).samples, whole)
    path.write_bytes(b"".join(pages(data)[:-1]) + behind)
    assert 3 < files.read(path).duration_s < 6
    last = len(data) - len(pages(data)[-1])
    path.write_bytes(data[: last + 1] + b"\0" + data[last + 2 :] + behind)
    with pytest.raises(DecodeError, match=r"the file is damaged at [0-9.]+ s"):
        files.read(path)


# --- channels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.m4a"])
@pytest.mark.parametrize("gain", [-1.0, -0.8])
@pytest.mark.parametrize("silence_s", [0.0, 13.0])
def test_channels_that_cancel_are_heard_by_one_of_them(tmp_path: Path, name: str, gain: float, silence_s: float) -> None:
    sound = np.concatenate([np.zeros(round(silence_s * RATE_HZ), np.float32), speech_like(9)])
    sound = np.convolve(sound, np.ones(16, np.float32) / 8, "same")  # Vorbis mixes the treble of both channels
    both = np.stack([sound, np.float32(gain) * sound], axis=1)
    if name == "a.m4a":
        encode(tmp_path / name, "ipod", "aac", both, RATE_HZ)
    else:
        soundfile.write(tmp_path / name, both, RATE_HZ)
    found = files.read(tmp_path / name)
    level = np.sqrt(np.mean(found.samples**2)) / np.sqrt(np.mean(sound**2))
    assert 0.9 < level < 1.1
    assert np.array_equal(np.concatenate(list(files.stream(tmp_path / name, block_s=0.37))), found.samples)
    start = round((silence_s + 4.3) * RATE_HZ)
    stretch = files.read(tmp_path / name, start_s=silence_s + 4.3, duration_s=1)
    assert np.allclose(stretch.samples, found.samples[start : start + RATE_HZ], atol=1e-6)


def test_channels_that_only_differ_stay_their_mean(tmp_path: Path) -> None:
    """Two microphones in a room, one of them off, one turned down, one later: the mean, as before."""
    one, two = speech_like(9), speech_like(9, seed=1)
    pairs = [(one, two), (one, 0 * one), (one, 0.1 * two), (one, np.roll(one, 40)), (one, -0.2 * one),
             (-0.1 * one, one)]
    for number, pair in enumerate(pairs):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.stack(pair, axis=1), RATE_HZ, subtype="FLOAT")
        assert np.allclose(files.read(path).samples, np.mean(pair, axis=0), atol=1e-6), number


def test_from_memory_as_from_a_file(tmp_path: Path) -> None:
    sound = speech_like(9)
    soundfile.write(tmp_path / "a.wav", np.stack([sound, -sound], axis=1), RATE_HZ)
    found = files.from_bytes((tmp_path / "a.wav").read_bytes(), tmp_path / "a.wav")
    assert np.array_equal(found.samples, files.read(tmp_path / "a.wav").samples)


def test_a_chained_flac_needs_no_ffmpeg(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    data = put(tmp_path / "a.flac", speech_like(2)) + put(tmp_path / "a.flac", speech_like(1))
    (tmp_path / "a.flac").write_bytes(data)
    assert files.read(tmp_path / "a.flac").duration_s == 3
