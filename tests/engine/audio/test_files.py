"""Every format comes in as mono float32; every bad file is a sentence."""

from __future__ import annotations

import math
import os
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.audio.resample import resample
from engine.errors import AudioError, DecodeError
from engine.records import Audio, FloatArray

RATE_HZ = 44100


def wave(seconds: float = 1.0, rate_hz: int = RATE_HZ) -> FloatArray:
    """A chord that moves."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    chord = np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 1000 * t + 3 * np.sin(2 * np.pi * t))
    return (0.3 * chord).astype(np.float32)


def snr_db(found: FloatArray, ideal: FloatArray) -> float:
    return float(10 * np.log10(np.sum(ideal**2) / max(1e-30, float(np.sum((found - ideal) ** 2)))))


def reason(path: Path) -> str:
    """Why it cannot be read: the same with read and stream."""
    with pytest.raises(DecodeError) as from_read:
        files.read(path, 16000)
    with pytest.raises(DecodeError) as from_stream:
        list(files.stream(path, 16000))
    assert from_read.value.reason == from_stream.value.reason
    assert from_read.value.path == path and path.name in str(from_read.value)
    assert from_read.value.reason[0].islower() and from_read.value.reason.endswith(".")
    return from_read.value.reason


@pytest.mark.parametrize(("name", "subtype", "quality_db"), [
    ("a.wav", "PCM_16", 80), ("a.wav", "PCM_24", 120), ("a.wav", "PCM_32", 130), ("a.wav", "FLOAT", 130),
    ("a.wav", "DOUBLE", 130), ("a.wav", "PCM_U8", 35), ("a.wav", "ULAW", 30), ("a.flac", "PCM_16", 80),
    ("a.flac", "PCM_24", 120), ("a.aiff", "PCM_16", 80), ("a.ogg", "VORBIS", 20), ("a.mp3", "MPEG_LAYER_III", 20)])
def test_formats(tmp_path: Path, name: str, subtype: str, quality_db: float) -> None:
    path, x = tmp_path / name, wave()
    soundfile.write(path, np.stack([x, x], axis=1), RATE_HZ, subtype=subtype)
    audio, header = files.read(path), files.info(path)
    assert audio.samples.dtype == np.float32 and audio.samples.ndim == 1 and audio.rate_hz == RATE_HZ
    assert snr_db(audio.samples[: len(x)], x) > quality_db
    assert (header.format, header.channels, header.rate_hz) == (path.suffix[1:], 2, RATE_HZ)
    assert header.duration_s == pytest.approx(1, abs=0.001) and path.suffix in files.SUFFIXES


def test_opus(tmp_path: Path) -> None:
    x = wave(rate_hz=48000)
    soundfile.write(tmp_path / "a.opus", x, 48000, format="OGG", subtype="OPUS")
    assert files.info(tmp_path / "a.opus").format == "opus"
    assert snr_db(files.read(tmp_path / "a.opus").samples[: len(x)], x) > 15


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_averaged(tmp_path: Path, channels: int) -> None:
    x = np.random.default_rng(0).uniform(-0.9, 0.9, (1000, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", x, 16000, subtype="FLOAT")
    assert np.allclose(files.read(tmp_path / "a.wav").samples, x.mean(axis=1), atol=1e-6)
    assert files.info(tmp_path / "a.wav").channels == channels


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 48000, 96000, 192000, 44101])
def test_rates(tmp_path: Path, rate_hz: int) -> None:
    soundfile.write(tmp_path / "a.wav", wave(rate_hz=rate_hz), rate_hz, subtype="FLOAT")
    assert files.read(tmp_path / "a.wav").rate_hz == rate_hz
    audio = files.read(tmp_path / "a.wav", 16000)
    assert audio.rate_hz == 16000 and len(audio.samples) == 16000
    assert snr_db(audio.samples[200:-200], wave(rate_hz=16000)[200:-200]) > 45


def test_a_stretch_of_a_file(tmp_path: Path) -> None:
    x = wave(3)
    soundfile.write(tmp_path / "a.flac", x, RATE_HZ, subtype="PCM_24")
    found = files.read(tmp_path / "a.flac", start_s=1, duration_s=0.5)
    assert np.allclose(found.samples, x[44100:66150], atol=1e-6)
    assert files.read(tmp_path / "a.flac", start_s=2.5, duration_s=9).duration_s == pytest.approx(0.5)
    with pytest.raises(DecodeError, match=r"only 3\.00 s long; there is nothing at 5\.00 s"):
        files.read(tmp_path / "a.flac", start_s=5)


@pytest.mark.parametrize(("rate_hz", "block_s"), [(16000, 0.7), (44100, 1), (16000, 30), (48000, 0.01)])
def test_a_stream_is_the_whole_in_blocks(tmp_path: Path, rate_hz: int, block_s: float) -> None:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, RATE_HZ * 4 + 321).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", x, RATE_HZ, subtype="FLOAT")
    blocks = list(files.stream(tmp_path / "a.wav", rate_hz, block_s))
    assert all(len(block) == round(block_s * rate_hz) for block in blocks[:-1])
    together = np.concatenate(blocks)
    assert np.abs(together - files.read(tmp_path / "a.wav", rate_hz).samples).max() < 1e-5
    assert np.abs(together - resample(x, RATE_HZ, rate_hz)).max() < 1e-5


# --- bad input --------------------------------------------------------------------------------------------------------


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert reason(tmp_path / "a.wav") == "the file is empty."


@pytest.mark.parametrize("start", [b"\xff", b"\xff\xfb", b"\xff\xf1\x50", b"\x0b\x77", b"ID3", b"R", b"RIFF", b"FORM\x00",
                                   b"fLaC", b"OggS", b"#!AMR\n", b"\x1aE\xdf\xa3", b"0&\xb2u", b"\x00\x00\x00\x20ftyp"])
def test_a_file_that_ends_within_its_first_bytes(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(start)
    with pytest.raises(DecodeError) as caught:
        files.info(tmp_path / "a.wav")
    assert not caught.value.passing and "Earmark" not in caught.value.reason


@pytest.mark.parametrize("suffix", sorted(files.SUFFIXES))
def test_text_renamed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("This is a letter, not a sound.\n" * 500)
    assert reason(path) == "this is not a sound file that can be read, or its start is damaged."


@pytest.mark.parametrize("kept", [0.6, 0.003])
@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.opus", "a.wav", "a.aiff"])
def test_truncated(tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / name
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 48000 * 4).astype(np.float32)
    opus = {"format": "OGG", "subtype": "OPUS"} if name.endswith("opus") else {}
    soundfile.write(path, x, 48000, **opus)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    said = reason(path)
    if kept == 0.003 and name in ("a.mp3", "a.ogg", "a.opus"):
        assert "its start is damaged" in said
    elif name in ("a.ogg", "a.opus"):
        assert "the file is cut off: only " in said and " s can be read." in said
    else:
        assert "cut off or damaged" in said and "of 4.00 seconds could be read." in said
        read_s = float(said.split(": ")[1].split(" of ")[0])
        assert read_s == pytest.approx(4 * kept, abs=1.4)


def test_the_good_part_of_a_truncated_file_can_still_be_played(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 48000 * 4).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", x, 48000)
    whole = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(whole[: len(whole) // 2])
    assert np.allclose(files.read(tmp_path / "a.flac", duration_s=1).samples, x[:48000], atol=1e-4)


def test_a_header_without_a_length_is_not_a_truncated_file(tmp_path: Path) -> None:
    """Programs that write wav into a pipe leave the greatest size in the header."""
    soundfile.write(tmp_path / "a.wav", wave(), RATE_HZ)
    raw = bytearray((tmp_path / "a.wav").read_bytes())
    raw[4:8] = raw[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(raw)
    assert files.read(tmp_path / "a.wav").duration_s == pytest.approx(1)


def test_an_mp3_without_a_length_tag_is_not_a_truncated_file(tmp_path: Path) -> None:
    path, x = tmp_path / "a.mp3", wave(3)
    x[: RATE_HZ] = 0  # a first frame of few bits: libsndfile guesses a length that is far too long
    soundfile.write(path, x, RATE_HZ, bitrate_mode="VARIABLE", compression_level=0.5)
    raw = path.read_bytes()
    tagless = raw[raw.index(b"\xff\xfb", 200):]
    assert b"Xing" not in tagless
    path.write_bytes(tagless)
    assert files.read(path).duration_s > 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinite_samples(tmp_path: Path, value: float) -> None:
    x = np.stack([wave(), wave()], axis=1)
    x[22050, 1] = value
    soundfile.write(tmp_path / "a.wav", x, RATE_HZ, subtype="FLOAT")
    assert reason(tmp_path / "a.wav") == "it holds samples that are no numbers (NaN or infinity), first at 0.50 s."


def test_zero_frames(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, dtype=np.float32), 16000)
    assert reason(tmp_path / "a.wav") == "there is no sound in it (0 samples)."
    with pytest.raises(DecodeError):
        files.info(tmp_path / "a.wav")


@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_one_sample(tmp_path: Path, rate_hz: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.ones(1) * 0.5, rate_hz)
    assert len(files.read(tmp_path / "a.wav", 16000).samples) == 1
    assert [len(block) for block in files.stream(tmp_path / "a.wav", 16000)] == [1]


def test_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", np.zeros(16000), 16000)
    assert np.abs(files.read(tmp_path / "a.ogg").samples).max() == 0


def test_eight_channels_at_192_khz(tmp_path: Path) -> None:
    x = np.repeat(wave(0.5, 192000)[:, None], 8, axis=1) * np.linspace(0.5, 1.5, 8, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", x, 192000, subtype="PCM_24")
    audio = files.read(tmp_path / "a.wav", 16000)
    assert snr_db(audio.samples[200:-200], wave(0.5, 16000)[200:-200]) > 45


def test_missing_file(tmp_path: Path) -> None:
    assert reason(tmp_path / "a.wav") == "there is no such file."


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    assert reason(tmp_path / "a.wav") == "this is a folder, not a sound file."


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    assert reason(tmp_path / "a.wav") == "this is a named pipe, not a sound file."


def test_what_is_put_in_the_place_of_a_file_that_was_just_looked_at_is_not_waited_for(tmp_path: Path, monkeypatch) -> None:
    """Between a look and the opening somebody may swap it: what was opened is what counts."""
    os.mkfifo(tmp_path / "pipe")
    soundfile.write(tmp_path / "a.wav", wave(), RATE_HZ)
    opening = os.open

    def swap(path, *rest, **options):
        if Path(os.fsdecode(path)).name == "a.wav":
            os.rename(tmp_path / "pipe", tmp_path / "a.wav")  # noqa: PTH104
        return opening(path, *rest, **options)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(DecodeError, match="named pipe"):
        files.info(tmp_path / "a.wav")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random", "/dev/null"])
def test_a_link_to_a_device_is_not_read(tmp_path: Path, device: str) -> None:
    (tmp_path / "a.wav").symlink_to(device)
    assert reason(tmp_path / "a.wav") == "this is a device, not a sound file."


def test_a_socket_is_not_a_sound_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind("a.wav")
        assert reason(tmp_path / "a.wav") == "this is a socket, not a sound file."


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to(tmp_path / "a.wav")
    assert "cannot be opened" in reason(tmp_path / "a.wav")


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may read everything, so the test gives that up for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_one_may_not_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", wave(), RATE_HZ)
    (tmp_path / "a.wav").chmod(0)
    with _as_nobody():
        assert reason(tmp_path / "a.wav") == "you are not allowed to read this file."


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9 \xff\xfe.wav")
    files.write(path, Audio(wave(), RATE_HZ))
    assert os.fsencode(next(tmp_path.iterdir())).endswith(b"\xff\xfe.wav")
    assert files.info(path).path == path
    assert snr_db(files.read(path).samples, wave()) > 80
    path.write_bytes(b"nothing")
    assert "not a sound file" in reason(path)


def test_a_two_hour_file_in_bounded_memory(tmp_path: Path) -> None:
    path, size = tmp_path / "long.wav", 7200 * 22050 * 2
    with path.open("wb") as file:  # a hole in the file system holds two hours of silence
        file.write(struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVEfmt ", 16, 1, 1, 22050, 44100, 2, 16,
                               b"data", size))
        file.truncate(44 + size)
    code = ("import resource, sys; from engine.audio import files;"
            "blocks = files.stream(sys.argv[1], 16000); n = len(next(blocks));"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; n += sum(len(block) for block in blocks);"
            "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[3])
    samples, grown_kb = map(int, done.stdout.split())
    assert samples == 7200 * 16000
    assert grown_kb < 20_000  # the whole would be 460 MB


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.wav", "a.FLAC"])
def test_what_is_written_is_what_is_read(tmp_path: Path, name: str) -> None:
    x = np.round(wave() * 32768).astype(np.float32) / 32768
    files.write(tmp_path / name, Audio(x, 22050))
    audio = files.read(tmp_path / name)
    assert audio.rate_hz == 22050 and np.array_equal(audio.samples, x)
    assert soundfile.info(tmp_path / name).subtype == "PCM_16"


def test_too_loud_is_cut_and_not_wrapped_around(tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", Audio(np.array([1.5, -1.5, 1], dtype=np.float32), 16000))
    assert files.read(tmp_path / "a.wav").samples.tolist() == pytest.approx([1, -1, 1], abs=1e-4)


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", Audio(wave(), 16000))
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(AudioError, match="NaN"):
        files.write(tmp_path / "a.wav", Audio(np.array([np.nan], dtype=np.float32), 16000))
    with pytest.raises(AudioError, match=r"as \.wav or \.flac"):
        files.write(tmp_path / "a.mp3", Audio(wave(), 16000))
    with pytest.raises(AudioError, match="cannot be written"):
        files.write(tmp_path / "nowhere" / "a.wav", Audio(wave(), 16000))
    assert (tmp_path / "a.wav").read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["a.wav"]


def test_a_disk_that_fills_up_leaves_what_was_there(tmp_path: Path) -> None:
    files.write(tmp_path / "a.wav", Audio(wave(), 16000))
    before = (tmp_path / "a.wav").read_bytes()
    code = ("import resource, signal, sys, numpy as np; from engine.audio import files;"
            "from engine.records import Audio;"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000));"
            "files.write(sys.argv[1], Audio(np.ones(1 << 20, dtype=np.float32), 16000))")
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.wav"], capture_output=True, text=True,
                          check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert (tmp_path / "a.wav").read_bytes() == before and [found.name for found in tmp_path.iterdir()] == ["a.wav"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


# --- real files -------------------------------------------------------------------------------------------------------


@pytest.mark.shared_data
def test_real_files_of_every_folder_are_whole(shared_data: Path) -> None:
    """No false alarms: a few files of each kind of source, headers and samples in agreement."""
    found = [path for path in sorted(shared_data.rglob("*")) if path.suffix.lower() in files.SUFFIXES]
    assert len(found) > 1000
    for path in found[::40]:
        samples = sum(len(block) for block in files.stream(path, 16000))
        assert samples / 16000 == pytest.approx(files.info(path).duration_s, abs=0.001), path
